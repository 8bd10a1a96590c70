import Foundation
import Report
import TestSupport
import Testing

@Suite("Checking a built site")
struct CheckerTests {
  private func kinds(
    _ pages: [String: String], secrets: SiteChecker.Secrets = .init()
  ) throws -> [SiteChecker.Kind] {
    let folder = try TemporaryFolder()
    for (path, text) in pages { try folder.write(text, to: path) }
    return try SiteChecker(secrets: secrets).check(folder.url).map(\.kind)
  }

  private func page(_ body: String) -> String {
    "<!DOCTYPE html>\n<html><body>\(body)</body></html>"
  }

  @Test("finds markup that is not well formed")
  func notWellFormed() throws {
    #expect(try kinds(["a.html": "<html><p>open</html>"]) == [.notWellFormed])
  }

  @Test("finds an id that stands twice")
  func repeatedID() throws {
    #expect(try kinds(["a.html": page("<p id=\"x\"/><p id=\"x\"/>")]) == [.repeatedID])
  }

  @Test("finds a link to a page that is not there")
  func brokenLink() throws {
    #expect(try kinds(["a.html": page("<a href=\"b.html\">b</a>")]) == [.brokenLink])
  }

  @Test("finds an anchor that its page does not have")
  func brokenAnchor() throws {
    let pages = [
      "a.html": page("<a href=\"b/c.html#no\">c</a>"), "b/c.html": page("<p id=\"yes\"/>"),
    ]
    #expect(try kinds(pages) == [.brokenAnchor])
  }

  @Test("finds a label that names no element")
  func brokenLabel() throws {
    #expect(try kinds(["a.html": page("<p aria-labelledby=\"no\"/>")]) == [.brokenAnchor])
  }

  @Test("finds a script, stylesheet or picture from elsewhere")
  func outsideRequest() throws {
    let body =
      "<img src=\"https://example.org/x.png\" alt=\"\"/><script src=\"//cdn.example\"></script>"
    #expect(try kinds(["a.html": page(body)]) == [.outsideRequest, .outsideRequest])
  }

  @Test("finds a link that runs a script")
  func scriptLink() throws {
    #expect(try kinds(["a.html": page("<a href=\"javascript:x\">x</a>")]) == [.unsafeLink])
  }

  @Test("finds a link out of the site's folder")
  func linkOutside() throws {
    #expect(try kinds(["a.html": page("<a href=\"../a.html\">x</a>")]) == [.brokenLink])
  }

  @Test("takes links between existing pages and to the web")
  func goodLinks() throws {
    let body =
      "<a href=\"b/\">b</a> <a href=\"b/index.html#x\">x</a> <a href=\"https://e.org\">e</a>"
    #expect(try kinds(["a.html": page(body), "b/index.html": page("<p id=\"x\"/>")]) == [])
  }

  private static let essay = """
    I read about the flood and could not stop thinking of the "small" children who had
    lost everything they owned, and how nobody came to help for days.
    """

  @Test(
    "finds a passage of an essay whatever its case, spacing, punctuation and escapes",
    arguments: [
      "could not stop thinking of the &quot;small&quot; children who had lost everything",
      "COULD NOT STOP THINKING OF THE SMALL CHILDREN WHO HAD LOST EVERYTHING",
      "could not stop <em>thinking</em> of the small\nchildren who-had-lost everything they",
    ])
  func passage(text: String) throws {
    let secrets = SiteChecker.Secrets(essays: ["another one of no matter", Self.essay])
    #expect(try kinds(["a.html": page("<p>\(text)</p>")], secrets: secrets) == [.secret])
  }

  @Test("finds a passage in an attribute and in a JSON document")
  func passageElsewhere() throws {
    let text = "could not stop thinking of the small children who had lost everything"
    let secrets = SiteChecker.Secrets(essays: [Self.essay])
    #expect(
      try kinds(["a.html": page("<p title=\"\(text)\">x</p>")], secrets: secrets) == [.secret])
    #expect(try kinds(["a.json": "{\"x\": \"\(text)\"}"], secrets: secrets) == [.secret])
  }

  @Test("finds every window of an essay, wherever the passage begins")
  func everyOffset() throws {
    let letters = Self.essay.lowercased().filter { $0.isLetter || $0.isNumber }
    let secrets = SiteChecker.Secrets(essays: [Self.essay])
    for start in stride(from: 0, through: letters.count - 47, by: 5) {
      let passage = letters.dropFirst(start).prefix(47)
      #expect(try kinds(["a.txt": "xx \(passage) yy"], secrets: secrets) == [.secret])
    }
  }

  @Test("leaves other text alone")
  func otherText() throws {
    let secrets = SiteChecker.Secrets(essays: [Self.essay], strings: ["gold-7.25"])
    #expect(try kinds(["a.html": page("<p>I read about the flood.</p>")], secrets: secrets) == [])
  }

  @Test("finds a planted string in any file")
  func plantedString() throws {
    let secrets = SiteChecker.Secrets(strings: ["gold-7.25"])
    #expect(try kinds(["a.csv": "x,gold-7.25\n"], secrets: secrets) == [.secret])
  }
}
