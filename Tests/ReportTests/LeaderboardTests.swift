import Foundation
import Harness
import Report
import Testing

@Suite("A leaderboard's page")
struct LeaderboardTests {
  private let board = "toy/test/index.html"

  /// Slugs in the order of the rows.
  private func order(_ page: String) -> [String] {
    page.matches(of: /<tr id="([^"]+)"/).map { String($0.1) }
  }

  @Test("orders systems by the primary metric, best first")
  func ordersBestFirst() throws {
    let site = try BuiltSite(
      SampleInput.input([
        SampleInput.entry("low", pcc: 0.1), SampleInput.entry("high", pcc: 0.6),
        SampleInput.entry("middle", pcc: 0.3),
      ]))
    #expect(order(try site.text(board)) == ["high", "middle", "low"])
  }

  @Test("says why it shows one figure where labels are hidden, with two decimals and no test")
  func hiddenLabels() throws {
    let entries = [SampleInput.entry("a", pcc: 0.6), SampleInput.entry("b", pcc: 0.5)]
    let comparison = SampleInput.comparison("a", "b")
    let (guarded, open) = (
      try BuiltSite(SampleInput.input(entries, comparison: comparison, isGuarded: true)),
      try BuiltSite(SampleInput.input(entries, comparison: comparison))
    )
    let (one, other) = (try guarded.text(board), try open.text(board))
    #expect(one.contains("The labels of this split are hidden"))
    #expect(
      one.contains(">0.60<") && !one.contains(">0.600<") && !one.contains("share a tie letter"))
    #expect(!other.contains("The labels of this split are hidden") && other.contains(">0.600<"))
  }

  @Test("puts the smallest value first where lower is better")
  func ordersErrorsAscending() throws {
    let site = try BuiltSite(
      SampleInput.input(
        [SampleInput.entry("worse", pcc: 0.1), SampleInput.entry("better", pcc: 0.6)],
        metric: "rmse"))
    let page = try site.text(board)
    #expect(order(page) == ["better", "worse"])
    #expect(page.contains(#"data-key="empathy-rmse" data-first="ascending" aria-sort="ascending""#))
  }

  @Test("draws the ceiling of PCC where the definition has one, and says where it comes from")
  func ceiling() throws {
    let entries = [SampleInput.entry("a", pcc: 0.3)]
    let ceiling = Target.Ceiling(low: 0.5, high: 0.72, source: "A <study>")
    let without = try BuiltSite(SampleInput.input(entries)).text(board)
    #expect(!without.contains(#"class="band""#) && !without.contains("shaded band"))
    let page = try BuiltSite(SampleInput.input(entries, ceiling: ceiling)).text(board)
    // The axis, from 0.1 to 0.8, has 110 units between margins of 5.
    #expect(page.contains(#"<rect class="band" x="67.9" y="0" width="34.6" height="16"/>"#))
    #expect(page.contains("0.50 to 0.72") && page.contains("A &lt;study&gt;"))
    // A ceiling of PCC says nothing about errors.
    let errors = try BuiltSite(
      SampleInput.input(entries, metric: "rmse", ceiling: ceiling)
    ).text(board)
    #expect(!errors.contains(#"class="band""#))
  }

  @Test("puts an undefined figure last and says why, without a number")
  func undefinedIsLast() throws {
    let site = try BuiltSite(
      SampleInput.input([
        SampleInput.entry("constant", pcc: nil), SampleInput.entry("negative", pcc: -0.4),
      ]))
    let page = try site.text(board)
    #expect(order(page) == ["negative", "constant"])
    #expect(page.contains("undefined<span class=\"sr\">: the predictions are constant"))
  }

  @Test("orders equal figures by slug, whatever order they came in")
  func tiesBySlug() throws {
    let entries = ["c", "a", "b"].map { SampleInput.entry($0, pcc: 0.5) }
    let site = try BuiltSite(SampleInput.input(entries))
    #expect(order(try site.text(board)) == ["a", "b", "c"])
  }

  @Test("shows no rank where no comparison was made, and says so")
  func noRankWithoutComparison() throws {
    let site = try BuiltSite(SampleInput.input([SampleInput.entry("a", pcc: 0.5)]))
    let page = try site.text(board)
    #expect(!page.contains(#"data-key="rank""#))
    #expect(page.contains("No ranks are given"))
    #expect(!site.exists("toy/test/compare.html"))
  }

  @Test("shows rank intervals and tie letters from a comparison")
  func ranksFromComparison() throws {
    let site = try BuiltSite(
      SampleInput.input(
        [SampleInput.entry("a", pcc: 0.5), SampleInput.entry("b", pcc: 0.3)],
        comparison: SampleInput.comparison("a", "b")))
    let page = try site.text(board)
    #expect(page.contains("2–3 <span class=\"ties\"><span class=\"sr\">tie group </span>B</span>"))
    #expect(page.contains("Holm over 1 pair"))
  }

  @Test("keeps published figures in a table of their own, without interval or rank")
  func publishedApart() throws {
    let site = try BuiltSite(
      SampleInput.input([
        SampleInput.entry("a", pcc: 0.5), SampleInput.published("paper", pcc: 0.629),
      ]))
    let page = try site.text(board)
    #expect(order(page) == ["a"])
    let published = try #require(page.firstRange(of: "id=\"published\""))
    let rest = page[published.upperBound...]
    #expect(rest.contains("0.629"))
    #expect(!rest.contains("class=\"wk\""))
  }

  @Test("says of an entry without a report why it has none")
  func unscoredSaysWhy() throws {
    var entry = SampleInput.entry("a", pcc: 0.5)
    entry.report = nil
    entry.unscored = "the gold labels are elsewhere"
    let site = try BuiltSite(SampleInput.input([entry]))
    #expect(try site.text(board).contains("the gold labels are elsewhere"))
    #expect(try site.text("toy/test/systems/a.html").contains("the gold labels are elsewhere"))
  }

  @Test("takes a withdrawn entry out of the order and keeps its page, until it is restored")
  func withdrawnApart() throws {
    var gone = SampleInput.entry("gone", pcc: 0.9)
    gone.metadata.history = [.init(day: "2026-02-03", kind: .withdrawn, text: "Leaked essays.")]
    let other = SampleInput.entry("a", pcc: 0.5)
    let site = try BuiltSite(SampleInput.input([other, gone]))
    let page = try site.text(board)
    #expect(order(page) == ["a"])
    #expect(page.contains("withdrawn: Leaked essays."))
    let tombstone = try site.text("toy/test/systems/gone.html")
    #expect(tombstone.contains("Withdrawn on <time datetime=\"2026-02-03\">"))
    gone.metadata.history?.append(.init(day: "2026-03-04", kind: .restored, text: "All clear."))
    let again = try BuiltSite(SampleInput.input([other, gone]))
    #expect(order(try again.text(board)) == ["gone", "a"])
  }

  @Test("says each metric's direction in words")
  func directionsInWords() throws {
    let site = try BuiltSite(SampleInput.input([SampleInput.entry("a", pcc: 0.5)]))
    let page = try site.text(board)
    #expect(page.contains("higher is better"))
    #expect(page.contains("lower is better"))
  }
}
