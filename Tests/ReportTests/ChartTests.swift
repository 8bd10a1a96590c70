import Foundation
import Harness
import Report
import Study
import Testing

@Suite("Colours and drawings")
struct ChartTests {
  /// Custom properties of one block of the stylesheet that hold a six-digit colour.
  private func colours(after mark: String) throws -> [String: UInt32] {
    let file = SampleInput.source.appending(path: "assets/site.css")
    let text = try String(contentsOf: file, encoding: .utf8)
    let start = try #require(text.firstRange(of: mark)).upperBound
    let end = try #require(text[start...].firstIndex(of: "}"))
    var colours: [String: UInt32] = [:]
    for match in text[start..<end].matches(of: /--([a-z0-9-]+):\s*#([0-9a-f]{6})/) {
      colours[String(match.1)] = UInt32(match.2, radix: 16)
    }
    return colours
  }

  /// WCAG 2.2, relative luminance and contrast.
  private func contrast(_ a: UInt32, _ b: UInt32) -> Double {
    func luminance(_ colour: UInt32) -> Double {
      func part(_ shift: UInt32) -> Double {
        let share = Double((colour >> shift) & 255) / 255
        return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
      }
      return 0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
    }
    let (x, y) = (luminance(a), luminance(b))
    return (max(x, y) + 0.05) / (min(x, y) + 0.05)
  }

  static let themes = [
    ":root {", ":root:not([data-theme=\"light\"]) {", ":root[data-theme=\"dark\"] {",
  ]

  @Test("what is drawn stands out from both backgrounds by 3 to 1", arguments: themes)
  func drawingsStandOut(theme: String) throws {
    let colours = try colours(after: theme)
    let drawn = ["accent", "strong-rule", "series-1", "series-2", "series-3", "series-4"]
    for name in drawn {
      let colour = try #require(colours[name])
      let paper = try #require(colours["paper"])
      #expect(contrast(colour, paper) >= 3, "\(name)")
    }
  }

  @Test("text stands out from every ground it is written on by 4.5 to 1", arguments: themes)
  func textStandsOut(theme: String) throws {
    let colours = try colours(after: theme)
    let pairs = [
      ("ink", "paper"), ("ink", "sheet"), ("soft", "paper"), ("soft", "sheet"), ("link", "paper"),
      ("link", "sheet"), ("good", "good-sheet"), ("data", "data-sheet"), ("bad", "bad-sheet"),
      ("ink", "kind-sheet"), ("ink", "heat-1"), ("heat-2-ink", "heat-2"), ("heat-3-ink", "heat-3"),
    ]
    for (text, ground) in pairs {
      let (a, b) = (try #require(colours[text]), try #require(colours[ground]))
      #expect(contrast(a, b) >= 4.5, "\(text) on \(ground)")
    }
  }

  @Test("the shades of the matrix differ in grey too", arguments: themes)
  func shadesDifferInGrey(theme: String) throws {
    let colours = try colours(after: theme)
    let shades = try ["heat-1", "heat-2", "heat-3"].map { try #require(colours[$0]) }
    #expect(contrast(shades[0], shades[1]) > 1.5)
    #expect(contrast(shades[1], shades[2]) > 1.5)
  }

  @Test("both dark themes hold the same colours")
  func darkIsDark() throws {
    #expect(try colours(after: Self.themes[1]) == colours(after: Self.themes[2]))
  }

  @Test("a whisker lies where its figures lie on the axis of the board")
  func whiskerPlaces() throws {
    // Intervals from 0.1 to 0.7 give the axis 0.1...0.7 over 110 units from 5 on.
    let site = try BuiltSite(
      SampleInput.input([SampleInput.entry("a", pcc: 0.6), SampleInput.entry("b", pcc: 0.2)]))
    let page = try site.text("toy/test/index.html")
    #expect(page.contains(#"d="M78.3 8H115M78.3 5v6M115 5v6"/><circle class="pt" cx="96.7""#))
    #expect(page.contains(#"d="M5 8H41.7M5 5v6M41.7 5v6"/><circle class="pt" cx="23.3""#))
  }

  @Test("a histogram and a plot carry a title and a table of their figures")
  func chartsHaveTables() throws {
    let labels = DatasetStatistics.SplitStatistics(
      name: "test", rows: 20, clusters: ["person": 12, "article": 3],
      labels: ["empathy": .init(n: 20, mean: 4, sd: 1.5, histogram: [7, 6, 7])])
    var input = try SampleInput.input([SampleInput.entry("a", pcc: 0.5)], labels: labels)
    input.replication = Replication(
      paper: "A paper", setting: "here",
      sweeps: [
        .init(
          title: "Over alpha", variable: "alpha", metric: "PCC",
          series: [.init(name: "ours", points: [.init(x: 3, y: 0.512), .init(x: 4, y: 0.6)])])
      ])
    let site = try BuiltSite(input)
    let about = try site.text("toy/index.html")
    #expect(about.contains("<title id=\"h-test-empathy\">Empathy labels, test: 20 in 3 bins"))
    #expect(about.contains("<th scope=\"row\">1.0 to 3.0</th><td class=\"num\">7</td>"))
    let replication = try site.text("replication.html")
    #expect(replication.contains("aria-labelledby=\"plot-1\""))
    #expect(replication.contains("<td class=\"num\">0.512</td>"))
    #expect(try SiteChecker().check(site.url) == [])
  }

  @Test("the matrix shows a pair from both sides with turned signs")
  func matrixIsAntisymmetric() throws {
    let site = try BuiltSite(
      SampleInput.input(
        [SampleInput.entry("a", pcc: 0.5), SampleInput.entry("b", pcc: 0.3)],
        comparison: SampleInput.comparison("a", "b")))
    let page = try site.text("toy/test/compare.html")
    #expect(page.contains("better: difference 0.200 [0.100, 0.300], adjusted p 0.0100"))
    #expect(page.contains("worse: difference −0.200 [−0.300, −0.100], adjusted p 0.0100"))
  }

  @Test("a badge says its figure and benchmark in words too")
  func badgeWords() throws {
    let site = try BuiltSite(SampleInput.input([SampleInput.entry("a", pcc: 0.5)]))
    let badge = try site.text("toy/test/badges/a.svg")
    #expect(badge.contains("<title>PCC 0.50 [0.40, 0.60] on Toy</title>"))
  }
}

@Suite("Feed and sitemap")
struct FeedTests {
  private func site(address: String?) throws -> BuiltSite {
    var late = SampleInput.entry("late", pcc: 0.2)
    late.metadata.submitted = "2025-06-01"
    var undated = SampleInput.entry("undated", pcc: 0.3)
    undated.metadata.submitted = nil
    var input = try SampleInput.input([SampleInput.entry("early", pcc: 0.5), late, undated])
    input.address = address.flatMap { URL(string: $0) }
    return try BuiltSite(input)
  }

  @Test("the feed names dated entries only, the latest first, and no clock")
  func feedOrder() throws {
    let feed = try site(address: "https://example.org/board/").text("feed.xml")
    let ids = feed.matches(of: /<id>([^<]+)<\/id>/).map { String($0.1) }
    #expect(
      ids == [
        "https://example.org/board/feed",
        "https://example.org/board/toy/test/systems/late.html",
        "https://example.org/board/toy/test/systems/early.html",
      ])
    #expect(feed.contains("<updated>2025-06-01T00:00:00Z</updated>"))
  }

  @Test("there is a sitemap where the site's address is known, and none elsewhere")
  func sitemap() throws {
    let map = try site(address: "https://example.org/").text("sitemap.xml")
    #expect(map.contains("<loc>https://example.org/toy/test/index.html</loc>"))
    #expect(try !site(address: nil).exists("sitemap.xml"))
  }
}
