import Foundation
import Harness
import Metrics
import Testing

@Suite("Comparisons")
struct ComparisonTests {
  private let dataset = Synthetic.dataset(rows: 80, persons: 30)

  private func scorer(_ dataset: Dataset? = nil) throws -> Scorer {
    try Scorer(Workbench().definition, dataset: dataset ?? self.dataset, options: Synthetic.quick)
  }

  private func system(_ noise: Double, _ seed: UInt64, _ dataset: Dataset? = nil) -> Predictions {
    Synthetic.predictions(of: dataset ?? self.dataset, noise: noise, seed: seed)
  }

  @Test("a system against itself has p = 1 and the interval [0, 0]")
  func itself() throws {
    let one = system(2, 5)
    let report = try scorer().compare(one, named: "a", one, named: "b")
    for target in dataset.targets {
      let metrics = try #require(report.targets[target]?.metrics)
      for metric in Metric.all {
        let one = try #require(metrics[metric])
        #expect(one.difference == 0 && one.low == 0 && one.high == 0, "\(metric)")
        if metric != .mae { #expect(one.p == 1, "\(metric)") }
      }
    }
    #expect(
      report.conclusion.hasPrefix("The two systems do not differ significantly on these 80 rows"))
  }

  @Test("the better system is named, whichever comes first")
  func better() throws {
    let (good, bad) = (system(0.5, 5), system(8, 6))
    let forth = try scorer().compare(good, named: "good", bad, named: "bad")
    let back = try scorer().compare(bad, named: "bad", good, named: "good")
    #expect(forth.conclusion.hasPrefix("good is better than bad on these 80 rows"))
    #expect(back.conclusion.hasPrefix("good is better than bad on these 80 rows"))
    let (one, other) = try (
      #require(forth.targets["empathy"]?.metrics[.pcc]),
      #require(back.targets["empathy"]?.metrics[.pcc])
    )
    #expect(one.difference == other.difference.map { -$0 })
    #expect(one.p == other.p)
  }

  @Test("under 20 clusters neither figure is relied on")
  func fewClusters() throws {
    let few = Synthetic.dataset(rows: 60, persons: 12)
    let report = try scorer(few).compare(
      system(0.5, 5, few), named: "a", system(8, 6, few), named: "b")
    #expect(report.conclusion.hasSuffix("with only 12 clusters, interval and p are unreliable."))
  }

  @Test("nothing is concluded from an undefined figure")
  func undefined() throws {
    var constant = system(1, 5)
    constant.columns["empathy"] = PredictionColumn(values: Array(repeating: 4, count: 80))
    let report = try scorer().compare(constant, named: "a", system(1, 6), named: "b")
    #expect(report.conclusion.hasPrefix("The two systems cannot be compared by PCC"))
    #expect(report.targets["empathy"]?.metrics[.pcc]?.undefined == "the predictions are constant")
  }

  @Test("two systems are compared on the rows that both predict")
  func commonRows() throws {
    var (a, b) = (system(1, 5), system(1, 6))
    a.present.removeAll { $0 < 3 }
    b.present.removeAll { $0 >= 78 }
    let report = try scorer().compare(a, named: "a", b, named: "b")
    #expect(report.n == 75)
  }

  @Test("systems that share no target are not compared")
  func noCommonTarget() throws {
    let a = Synthetic.predictions(of: dataset, noise: 1, targets: ["empathy"])
    let b = Synthetic.predictions(of: dataset, noise: 1, targets: ["distress"])
    #expect(throws: HarnessError.self) { try scorer().compare(a, named: "a", b, named: "b") }
  }

  @Test("a board has every pair once, adjusted p-values, and ranks that overlap where they must")
  func board() throws {
    let systems: [BoardComparer.System] = [
      .init(slug: "good", predictions: system(0.5, 5)),
      .init(slug: "middle", predictions: system(4, 6)),
      .init(slug: "bad", predictions: system(40, 7)),
    ]
    let outcome = try #require(try BoardComparer(scorer()).compare(systems))
    let comparison = outcome.comparison
    #expect(
      comparison.pairs.map { [$0.first, $0.second] } == [
        ["good", "middle"], ["good", "bad"], ["middle", "bad"],
      ])
    for pair in comparison.pairs {
      let (p, adjusted) = try (#require(pair.p), #require(pair.adjusted))
      #expect(adjusted >= p && adjusted <= 1)
    }
    #expect(comparison.standings.map(\.slug) == ["good", "middle", "bad"])
    for standing in comparison.standings {
      #expect(1 <= standing.lowRank && standing.lowRank <= standing.highRank)
      #expect(standing.highRank <= 3 && !standing.tieGroups.isEmpty)
    }
    let (good, bad) = (comparison.standings[0], comparison.standings[2])
    #expect(good.highRank < bad.lowRank)
    #expect(Set(good.tieGroups).isDisjoint(with: bad.tieGroups))
    #expect(comparison.signature?.contains("|perm:swap-t|") == true)
    #expect(comparison.signature?.contains("|adj:max-t|") == true)
  }

  @Test("a system without a defined score has no rank")
  func unranked() throws {
    var constant = system(1, 5)
    constant.columns["empathy"] = PredictionColumn(values: Array(repeating: 4, count: 80))
    let outcome = try #require(
      try BoardComparer(scorer()).compare([
        .init(slug: "constant", predictions: constant), .init(slug: "a", predictions: system(1, 6)),
        .init(slug: "b", predictions: system(2, 7)),
      ]))
    #expect(outcome.comparison.standings.map(\.slug).sorted() == ["a", "b"])
  }

  @Test("one system, or systems that leave rows out, make no board")
  func tooFew() throws {
    var partial = system(1, 5)
    partial.present.removeLast()
    let comparer = try BoardComparer(scorer())
    #expect(comparer.compare([.init(slug: "a", predictions: system(1, 6))]) == nil)
    #expect(
      comparer.compare([
        .init(slug: "a", predictions: system(1, 6)), .init(slug: "b", predictions: partial),
      ]) == nil)
  }

  @Test("an affine copy, reversed rows and near-perfect agreement with gold are flagged")
  func lookAlikes() throws {
    let one = system(2, 5)
    func changed(_ change: ([Double]) -> [Double]) -> Predictions {
      var copy = one
      for (target, column) in one.columns {
        copy.columns[target] = PredictionColumn(values: change(column.values))
      }
      return copy
    }
    let outcome = try #require(
      try BoardComparer(scorer()).compare([
        .init(slug: "one", predictions: one),
        .init(slug: "copy", predictions: changed { $0.map { 0.5 * $0 + 1 } }),
        .init(slug: "reversed", predictions: changed { $0.reversed() }),
        .init(slug: "oracle", predictions: system(0.001, 8)),
      ]))
    let kinds = outcome.lookAlikes.map { "\($0.first) \($0.second ?? "gold") \($0.kind)" }
    #expect(kinds.contains("oracle gold nearly the gold labels"))
    #expect(kinds.contains("one copy affine copy"))
    #expect(kinds.contains("one reversed rows in reverse order"))
    #expect(!kinds.contains { $0.hasPrefix("one gold") })
  }

  @Test("the peak over seeds is the best seed: the greatest PCC, the least RMSE")
  func seeds() throws {
    let runs = [1.0, 2, 3].map { system($0, 9) }
    let report = RunsReport(
      try scorer(), runs, named: "a", [4.0, 5, 6].map { system($0, 10) }, named: "b")
    let (pcc, rmse) = try (#require(report.metrics[.pcc]), #require(report.metrics[.rmse]))
    let single = try runs.map { run in
      try #require(try ReleaseRule.open.release(scorer().score(run)).targets["empathy"])
    }
    #expect(pcc.first?.seeds == 3)
    #expect(pcc.first?.peak == single.compactMap { $0[.pcc]?.value }.max())
    #expect(rmse.first?.peak == single.compactMap { $0[.rmse]?.value }.min())
    #expect(RunsReport.warning.contains("not of the test set"))
  }
}
