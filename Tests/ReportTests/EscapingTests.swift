import Report
import Testing

@Suite struct EscapingTests {
  @Test("Every character that means something to markup becomes a reference")
  func references() {
    let escaped = "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"
    #expect(Escaping.markup(#"<a href="x">'&'</a>"#) == escaped)
  }
}
