import Foundation
import FoundationXML
import Harness
import Report
import Testing

/// The names of a page's attributes, and how many scripts it has.
private final class Elements: NSObject, XMLParserDelegate {
  private(set) var attributes: Set<String> = []
  private(set) var scripts = 0

  init(_ page: URL) throws {
    super.init()
    let parser = XMLParser(data: try Data(contentsOf: page))
    parser.delegate = self
    #expect(parser.parse())
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes values: [String: String]
  ) {
    attributes.formUnion(values.keys)
    if name == "script" { scripts += 1 }
  }
}

@Suite("Text that others wrote")
struct HostileTextTests {
  /// A site whose single entry has `text` wherever a team can write.
  private func site(_ text: String) throws -> BuiltSite {
    var entry = SampleInput.entry("a", pcc: 0.5, signature: text, notes: [text])
    entry.metadata.system = text
    entry.metadata.team = text
    entry.metadata.description = text
    entry.metadata.selection = text
    entry.metadata.bibtex = text
    entry.metadata.baseModels = [.init(name: text, revision: text)]
    entry.metadata.trainingData = [text]
    entry.metadata.claimed = ["empathy": [text: 0.5]]
    var paper = SampleInput.published("paper", pcc: 0.6)
    paper.metadata.system = text
    paper.metadata.claimed = ["empathy": [text: 0.5]]
    entry.metadata.history = [.init(day: text, kind: .reproduced, text: text)]
    return try BuiltSite(
      SampleInput.input(
        [entry, paper, SampleInput.entry("b", pcc: 0.2)],
        comparison: SampleInput.comparison("a", "b")))
  }

  @Test(
    "never becomes markup or leaves its attribute, and every page still parses",
    arguments: [
      #"<script>alert(1)</script>"#, #"" onmouseover="alert(1)"#, #"' onfocus='x"#,
      #"</title><b>"#, "{{system}}{{{title}}}", "a & b &amp; c", "]]>", "<!--",
      // Marks that join the quote or bracket before them into one grapheme cluster.
      "\"\u{301} onmouseover=\"\u{301}alert(1)", "<\u{20E3}script>", "\u{600}<b>\u{600}\"x",
      "null\u{0}byte\u{8}\u{1B}[31m", "\u{FFFE}\u{FFFF}",
    ])
  func staysText(text: String) throws {
    let site = try site(text)
    let faults = try SiteChecker().check(site.url)
    #expect(faults == [])
    for path in ["toy/test/index.html", "toy/test/systems/a.html", "index.html"] {
      let names = try Elements(site.url.appending(path: path))
      #expect(names.attributes.allSatisfy { !$0.hasPrefix("on") })
      #expect(names.scripts == (path == "toy/test/index.html" ? 4 : 3))
    }
  }

  @Test("keeps no mark that turns the direction of the text after it")
  func bidiIsRemoved() throws {
    let site = try site("abc\u{202E}def\u{2066}ghi\u{200F}")
    for path in ["toy/test/index.html", "toy/test/systems/a.html", "feed.xml"] {
      let page = try site.text(path)
      let turns = page.unicodeScalars.contains { (0x202A...0x202E).contains($0.value) }
      let isolates = page.unicodeScalars.contains { (0x2066...0x2069).contains($0.value) }
      #expect(!turns && !isolates)
    }
  }

  @Test("of ten thousand letters is cut on the board")
  func longNamesAreCut() throws {
    let site = try site(String(repeating: "W", count: 10_000))
    let page = try site.text("toy/test/index.html")
    #expect(!page.contains(String(repeating: "W", count: 301)))
    #expect(page.contains("…"))
  }

  @Test(
    "becomes a link only as an absolute http or https address",
    arguments: [
      ("https://example.org/x", true), ("http://example.org", true), ("HTTPS://example.org/", true),
      ("javascript:alert(1)", false), ("data:text/html,x", false), ("//example.org", false),
      ("github.com/x/y", false), ("https://user:pass@example.org/", false), ("https:///x", false),
      ("https://example.org/\" onclick=\"x", false), ("java\nscript:alert(1)", false), ("", false),
    ])
  func onlyWebLinks(address: String, isLink: Bool) throws {
    var entry = SampleInput.entry("a", pcc: 0.5)
    entry.metadata.codeURL = address
    entry.metadata.paperURL = address
    let site = try BuiltSite(SampleInput.input([entry]))
    let page = try site.text("toy/test/systems/a.html")
    #expect(page.contains("rel=\"noopener nofollow\"") == isLink)
  }

  @Test(
    "cannot name a page outside its folder",
    arguments: ["../x", "a/b", "", ".hidden", "UPPER", "a b", "x\u{0}"])
  func unsafeSlugsAreRefused(slug: String) throws {
    let input = try SampleInput.input([SampleInput.entry(slug, pcc: 0.5)])
    #expect(throws: ReportError.unsafeName(what: "the slug", name: slug)) {
      try BuiltSite(input)
    }
  }
}
