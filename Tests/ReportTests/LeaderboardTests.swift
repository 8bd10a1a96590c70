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
      one.contains(">0.60<") && !one.contains(">0.600<") && !one.contains("do not differ"))
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
    // The distance to a claim says nothing about errors without an interval of its own.
    #expect(!page.contains("at this size"))
  }

  @Test("draws the ceiling of PCC where the definition has one, and says where it comes from")
  func ceiling() throws {
    let entries = [SampleInput.entry("a", pcc: 0.3)]
    let ceiling = Target.Ceiling(low: 0.5, high: 0.72, source: "A <study>")
    let without = try BuiltSite(SampleInput.input(entries)).text(board)
    #expect(!without.contains(#"class="band""#) && !without.contains("shaded band"))
    let page = try BuiltSite(SampleInput.input(entries, ceiling: ceiling)).text(board)
    // The axis, from 0.1 to 0.8, has 88% of the width between margins of 6%.
    #expect(page.contains(#"<rect class="band" x="56.3%" width="27.7%" height="100%"/>"#))
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
    // Of three ranks the second system's are the last two.
    #expect(
      page.contains(
        #"<b>2–3</b><svg class="rk" width="100%" height="6" aria-hidden="true">"#
          + #"<rect class="track" width="100%" height="6" rx="3"/>"#
          + #"<rect class="span" x="33.3%" width="66.7%" height="6" rx="3"/></svg>"#))
    #expect(
      page.contains("Holm over 1 pair") && page.contains("System a is the best system with 95%"))
    // Two groups of one join nothing.
    #expect(!page.contains(#"class="tr""#))
  }

  @Test("joins the systems of a tie group by a rule beside their rows, and names it for a reader")
  func tieRules() throws {
    let groups = ["a": ["A"], "b": ["A", "B"], "c": ["B"]]
    var comparison = SampleInput.comparison("a", "b")
    comparison.standings = ["a", "b", "c"].map { slug in
      .init(slug: slug, lowRank: 1, highRank: 3, tieGroups: groups[slug] ?? [])
    }
    let entries = [("a", 0.5), ("b", 0.4), ("c", 0.3)].map { SampleInput.entry($0, pcc: $1) }
    let page = try BuiltSite(SampleInput.input(entries, comparison: comparison)).text(board)
    let rules = page.matches(of: /<line class="tr" x1="(\d+)" x2="\d+" y1="(\S+)" y2="(\S+)"\/>/)
      .map { "\($0.1) \($0.2) \($0.3)" }
    // The key has one too.
    #expect(rules == ["6 0 16", "3 20% 100%", "3 0 80%", "8 20% 100%", "8 0 80%"])
    #expect(page.contains(#"<span class="sr">tie group </span>A B</span>"#))
    #expect(page.contains("3 of 3 systems may be the best"))
  }

  @Test("draws published figures apart on the same axis, with a reference width and without a rank")
  func publishedApart() throws {
    let input = try SampleInput.input([
      SampleInput.entry("a", pcc: 0.5), SampleInput.published("paper", pcc: 0.6),
    ])
    let page = try BuiltSite(input).text(board)
    #expect(order(page) == ["a"])
    let published = try #require(page.firstRange(of: "id=\"published\""))
    let rest = page[published.upperBound...]
    #expect(rest.contains("0.600") && rest.contains(#"<svg class="fp claim""#))
    // Fisher's z of 0.6 with 12 persons: tanh(0.6931 ± 1.96 / 3) is 0.040 to 0.873, half of it 0.42.
    #expect(rest.contains("±0.42 at this size") && !rest.contains("0.040, 0.873"))
    #expect(
      page.contains("95% interval that a PCC of this value would have on 20 essays by 12 persons"))
  }

  @Test("shows the claims of a board on which nothing was scored, by the rows of its split")
  func claimsAlone() throws {
    let page = try BuiltSite(SampleInput.input([SampleInput.published("paper", pcc: 0.6)])).text(
      board)
    #expect(
      page.contains("No system has been scored on this split yet; the figures below are claims"))
    // 20 rows: tanh(0.6931 ± 1.96 / √17) is 0.214 to 0.823.
    #expect(page.contains("±0.30 at this size") && page.contains("would have on 20 essays<"))
    #expect(!page.contains("data-filters"))
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

  @Test("offers the models, years and kinds of its systems as filters, and links in the row")
  func facetsAndLinks() throws {
    var one = SampleInput.entry("a", pcc: 0.5)
    one.metadata.baseModels = [.init(name: "FacebookAI/roberta-base")]
    one.metadata.codeURL = "https://example.org/code"
    one.metadata.paperURL = "javascript:alert(1)"
    one.metadata.modelURL = "https://example.org/model"
    one.metadata.llmLabels = .init(model: "An LLM")
    let page = try BuiltSite(SampleInput.input([one, SampleInput.entry("b", pcc: 0.4)])).text(board)
    #expect(
      page.contains(#"<option value="facebookai-roberta-base">FacebookAI/roberta-base</option>"#))
    #expect(
      page.contains(#"data-base="facebookai-roberta-base" data-llm="an-llm" data-year="2025""#))
    #expect(page.contains(#"<option value="an-llm">An LLM</option>"#))
    #expect(page.contains(#"<a class="res" href="https://example.org/model""#))
    #expect(page.contains(#"<option value="2025">2025</option>"#))
    #expect(page.contains(#"<a class="res" href="https://example.org/code""#))
    #expect(!page.contains("javascript:"))
  }

  /// Systems `a`, `b` … of these sizes, each worse than the one before.
  private func sized(_ parameters: [Double?]) -> [Board.Entry] {
    zip("abcdefgh", parameters).enumerated().map { place, system in
      var entry = SampleInput.entry("\(system.0)", pcc: 0.6 - 0.1 * Double(place))
      entry.metadata.parameters = system.1
      return entry
    }
  }

  @Test("draws the primary metric against a cost that three systems give, with a table of it")
  func costChart() throws {
    let entries = sized([7_000_000_000, 125_000_000, 355_000_000, nil])
    let page = try BuiltSite(SampleInput.input(entries)).text(board)
    let chart = try #require(page.firstMatch(of: /(?s)<figure class="panel">.*?<\/figure>/)).output
    // From 100M to 10B over 90% of the width: 7B at log10(70)/2 of it.
    #expect(chart.matches(of: /<circle class="pt" cx=/).count == 3)
    #expect(chart.contains(#"<circle class="pt" cx="91%""#))
    #expect(chart.matches(of: /<line class="iv"/).count == 3)
    let rows = chart.matches(
      of: /<th scope="row">([^<]+)<\/th><td class="num">([^<]+)<\/td><td class="num">([^<]+)</)
    #expect(rows.map { String($0.2) } == ["125M", "355M", "7B"])
    #expect(rows.map { String($0.1) } == ["System b", "System c", "System a"])
    #expect(rows.first.map { String($0.3) } == "0.500 [0.400, 0.600]")
    // The best at each size or below: 355M is worse than 125M, and 7B is the last step.
    #expect(chart.matches(of: /<line class="best"/).count == 4)
    #expect(!page.contains("cost-labels"))
  }

  @Test(
    "draws no cost that fewer than three systems give, or that is the same for all",
    arguments: [[1_000, 2_000, nil, nil], [1_000, 1_000, 1_000, nil]])
  func noCostChart(parameters: [Double?]) throws {
    let page = try BuiltSite(SampleInput.input(sized(parameters))).text(board)
    #expect(!page.contains(#"id="costs""#))
  }

  @Test("draws released values alone where labels are hidden, and claims hollow and below no line")
  func guardedCosts() throws {
    var entries = sized([1_000, 2_000, 3_000])
    var paper = SampleInput.published("paper", pcc: 0.9)
    paper.metadata.parameters = 1_000
    entries.append(paper)
    for place in entries.indices { entries[place].metadata.labelCostUSD = Double(place) }
    let page = try BuiltSite(SampleInput.input(entries, isGuarded: true)).text(board)
    #expect(page.matches(of: /<circle class="pt hollow"/).count >= 2)
    // The best of 1,000 parameters is best overall: one level line, claims apart.
    let chart = try #require(
      page.firstMatch(of: /(?s)<svg class="progress" width="100%".*?<\/svg>/))
    #expect(chart.output.matches(of: /<line class="best"/).count == 1)
    // 0 stands at the left end of a logarithmic axis.
    #expect(page.contains(#"x="8%" y="256" text-anchor="middle">$0<"#))
  }

  @Test("leads to its page for submitting on a server that takes submissions to it, and only there")
  func submitLink() throws {
    let link = #"<a href="../../submit/toy/test">Submit to this board</a>"#
    var input = try SampleInput.input([SampleInput.entry("a", pcc: 0.5)])
    input.boards[0].takesSubmissions = true
    #expect(try !BuiltSite(input).text(board).contains(link))
    input.isServed = true
    let site = try BuiltSite(input)
    #expect(try site.text(board).contains(link))
    #expect(try SiteChecker().check(site.url) == [])
    input.boards[0].takesSubmissions = false
    #expect(try !BuiltSite(input).text(board).contains(link))
  }
}
