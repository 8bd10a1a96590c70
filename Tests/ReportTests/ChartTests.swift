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
      ("ink", "kind-sheet"), ("equal-ink", "equal"), ("up-1-ink", "up-1"), ("up-2-ink", "up-2"),
      ("down-1-ink", "down-1"), ("down-2-ink", "down-2"), ("paper", "link"),
    ]
    for (text, ground) in pairs {
      let (a, b) = (try #require(colours[text]), try #require(colours[ground]))
      #expect(contrast(a, b) >= 4.5, "\(text) on \(ground)")
    }
  }

  @Test("the shades of the matrix differ in grey too", arguments: themes)
  func shadesDifferInGrey(theme: String) throws {
    let colours = try colours(after: theme)
    for side in ["up", "down"] {
      let shades = try ["equal", "\(side)-1", "\(side)-2"].map { try #require(colours[$0]) }
      #expect(contrast(shades[0], shades[1]) > 1.5, "\(side)")
      #expect(contrast(shades[1], shades[2]) > 1.5, "\(side)")
    }
  }

  @Test("both dark themes hold the same colours")
  func darkIsDark() throws {
    #expect(try colours(after: Self.themes[1]) == colours(after: Self.themes[2]))
  }

  @Test("a whisker lies where its figures lie on the axis of the board")
  func whiskerPlaces() throws {
    // Intervals from 0.1 to 0.7 give the axis 0.1...0.7 over 88% of the width from 6% on.
    let site = try BuiltSite(
      SampleInput.input([SampleInput.entry("a", pcc: 0.6), SampleInput.entry("b", pcc: 0.2)]))
    let page = try site.text("toy/test/index.html")
    for (low, high, middle) in [("64.7", "94", "79.3"), ("6", "35.3", "20.7")] {
      #expect(
        page.contains(
          #"<line class="iv" x1="\#(low)%" x2="\#(high)%" y1="50%" y2="50%"/>"#
            + #"<circle class="pt" cx="\#(middle)%""#))
    }
    // Round values of the axis, in the same shares.
    #expect(page.contains(#"<text class="tick" x="20.7%" y="14" text-anchor="middle">0.2</text>"#))
  }

  @Test("the first page opens with the first board: its claims, its systems and its progress")
  func firstPage() throws {
    var paper = SampleInput.published("paper", pcc: 0.4)
    paper.metadata.submitted = "2024-08-15"
    let page = try BuiltSite(SampleInput.input([paper, SampleInput.entry("a", pcc: 0.5)]))
      .text("index.html")
    let rows = page.matches(of: /<tr( class="claim")?><th scope="row"><a href="([^"]+)"/)
    #expect(rows.map { String($0.2.split(separator: "/").last ?? "") } == ["a.html", "paper.html"])
    #expect(rows.map { $0.1 != nil } == [false, true])
    #expect(page.contains("The gain from 2024 to 2025, 0.10 in PCC, lies within the interval"))
    // Both were the best when they came.
    #expect(
      page.matches(of: /<td>(claimed|scored here)<\/td>/).map { $0.1 } == [
        "claimed", "scored here",
      ])
    // Without days there is no progress to draw.
    paper.metadata.submitted = nil
    let undated = try BuiltSite(SampleInput.input([paper])).text("index.html")
    #expect(!undated.contains(#"id="progress""#) && undated.contains(#"class="claim""#))
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
    #expect(page.contains(#"<td class="up1""#) && page.contains(#"<td class="down1""#))
    #expect(page.contains("worse: difference −0.200 [−0.300, −0.100], adjusted p 0.0100"))
  }

  @Test("a verdict over all pairs and the interval of one pair do not seem to disagree")
  func verdictBesideInterval() throws {
    var comparison = SampleInput.comparison("a", "b")
    comparison.pairs[0].adjusted = 0.2
    let page = try BuiltSite(
      SampleInput.input(
        [SampleInput.entry("a", pcc: 0.5), SampleInput.entry("b", pcc: 0.3)],
        comparison: comparison)
    ).text("toy/test/compare.html")
    #expect(
      page.contains(
        "no significant difference among all pairs, though this pair’s own interval excludes 0: "
          + "difference 0.200 [0.100, 0.300]"))
    (comparison.pairs[0].adjusted, comparison.pairs[0].low) = (0.01, -0.01)
    let turned = try BuiltSite(
      SampleInput.input(
        [SampleInput.entry("a", pcc: 0.5), SampleInput.entry("b", pcc: 0.3)],
        comparison: comparison))
    #expect(
      try turned.text("toy/test/compare.html").contains(
        "better by the test, though this pair’s own interval includes 0: "
          + "difference 0.200 [−0.010, 0.300]"))
    #expect(
      try turned.text("toy/test/systems/b.html").contains(
        "worse by the test, though this pair’s own interval includes 0"))
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
