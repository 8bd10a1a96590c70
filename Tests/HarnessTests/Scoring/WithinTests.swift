import Basics
import Foundation
import Harness
import Metrics
import Testing

@Suite("PCC within persons in reports")
struct WithinTests {
  private let dataset = Synthetic.dataset(rows: 80, persons: 30)
  private let predictions: Predictions
  private let wanted: ScoringOptions

  init() {
    predictions = Synthetic.predictions(of: dataset, noise: 2)
    var options = Synthetic.quick
    options.within = true
    wanted = options
  }

  private func score(_ options: ScoringOptions, _ rule: ReleaseRule = .open) throws -> ScoreReport {
    try rule.release(
      Scorer(Workbench().definition, dataset: dataset, options: options).score(predictions))
  }

  private func labels(_ rows: [Int]) -> [Double] {
    rows.compactMap { dataset.gold("empathy")[$0] }
  }

  @Test("it is the correlation of labels and predictions less their persons' means")
  func value() throws {
    let report = try score(wanted)
    let figure = try #require(report.targets["empathy"]?.pccWithin)
    let column = try #require(predictions.columns["empathy"]?.values)
    let gold = labels(Array(dataset.rows.indices))
    func centred(_ values: [Double]) -> [Double] {
      values.indices.map { row in
        let own = values.indices.filter { $0 % 30 == row % 30 }.map { values[$0] }
        return values[row] - own.reduce(0, +) / Double(own.count)
      }
    }
    let expected = try #require(PointMetrics.pcc(centred(column), centred(gold)).value)
    #expect(figure.value == Rounding.published(expected))
    let (low, high) = (try #require(figure.low), try #require(figure.high))
    #expect(low < expected && expected < high)
    let read = try JSONDecoder().decode(ScoreReport.self, from: CanonicalJSON.document(report))
    #expect(read == report)
  }

  @Test("a report that does not ask for it, as a board's, has none, nor has one by rows")
  func unasked() throws {
    #expect(try score(Synthetic.quick).targets["empathy"]?.pccWithin == nil)
    var byRows = wanted
    byRows.cluster = BenchmarkDefinition.rows
    #expect(try score(byRows).targets["empathy"]?.pccWithin == nil)
  }

  @Test("no rule that holds something back releases it, even where it was asked for")
  func withheld() throws {
    let grid = ReleaseGrid(.init(target: "empathy", metric: .pcc), step: 0.1, floor: 0.1)
    let rules: [ReleaseRule] = [
      .rounded(decimals: 2), .hidden(grid, key: Data("key".utf8)),
      .summary(grid, key: Data("key".utf8)),
    ]
    for rule in rules {
      let document = try CanonicalJSON.document(score(wanted, rule))
      #expect(!String(decoding: document, as: UTF8.self).contains("pccWithin"), "\(rule)")
    }
  }

  @Test("a comparison has its difference, interval and test")
  func comparison() throws {
    let scorer = try Scorer(Workbench().definition, dataset: dataset, options: Synthetic.quick)
    let worse = Synthetic.predictions(of: dataset, noise: 9, seed: 7)
    let report = try scorer.compare(predictions, named: "a", worse, named: "b")
    let within = try #require(report.targets["empathy"]?.pccWithin)
    let (low, high) = (try #require(within.low), try #require(within.high))
    // All three are rounded.
    let gap = (try #require(within.first)) - (try #require(within.second))
    #expect(abs((try #require(within.difference)) - gap) < 2e-4)
    #expect(low > 0 && high > low)
    #expect(try #require(within.p) < 0.05)
    let same = try scorer.compare(predictions, named: "a", predictions, named: "b")
    #expect(same.targets["empathy"]?.pccWithin?.difference == 0)
  }
}
