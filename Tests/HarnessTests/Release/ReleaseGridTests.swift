import Foundation
import Harness
import Metrics
import Testing

@Suite("The grid of a board with hidden labels")
struct ReleaseGridTests {
  private func grid(
    _ metric: Metric = .pcc, step: Double = 0.1, floor: Double = 0.3
  ) -> ReleaseGrid {
    ReleaseGrid(.init(target: "empathy", metric: metric), step: step, floor: floor)
  }

  /// A benchmark that ranks by `metric`, of empathy or of an average, with labels times `unit`.
  private func proposed(
    _ metric: Metric, weights: [String: Double]? = nil, unit: Double = 1, floor: Double? = nil,
    change: (inout Dataset) -> Void = { _ in }
  ) throws -> ReleaseGrid {
    var definition = try Workbench().definition
    definition.primary = .init(
      target: weights == nil ? "empathy" : "both", metric: metric, weights: weights)
    for place in definition.targets.indices {
      definition.targets[place].low *= unit
      definition.targets[place].high *= unit
    }
    var dataset = Synthetic.dataset(rows: 83, persons: 30)
    for row in dataset.rows.indices {
      dataset.rows[row].labels = dataset.rows[row].labels.mapValues { $0 * unit }
    }
    change(&dataset)
    return try ReleaseGrid.proposed(
      definition, dataset, floor: floor ?? (metric.higherIsBetter ? 0.3 : unit))
  }

  @Test("the step is about the standard error of the figure, at least .01")
  func steps() {
    #expect(ReleaseGrid.step(.pcc, [.init(rows: 83)]) == 0.1)
    #expect(ReleaseGrid.step(.ccc, [.init(rows: 500)]) == 0.05)
    #expect(ReleaseGrid.step(.pcc, [.init(rows: 1_000_000)]) == 0.01)
    #expect(ReleaseGrid.step(.rmse, [.init(rows: 83, unit: 1.86)]) == 0.19)
    #expect(ReleaseGrid.step(.rmse, [.init(rows: 83, unit: 186)]) == 19)
    #expect(ReleaseGrid.step(.mae, [.init(rows: 83, unit: 0.02)]) == 0.01)
    // Of an average the step is no finer than that of its parts on average.
    let parts = [ReleaseGrid.Part(rows: 83, weight: 1), .init(rows: 983, weight: 3)]
    #expect(ReleaseGrid.step(.pcc, parts) == 0.05)
  }

  @Test("every correlation has a step of its own standard error, whatever it is made of")
  func correlations() throws {
    for metric in [Metric.pcc, .ccc, .spearman, .alpha] {
      #expect(try proposed(metric).step == 0.1)
    }
    #expect(try proposed(.kendall).step == 0.07)
    #expect(try proposed(.pcc, weights: ["empathy": 1, "distress": 2]).step == 0.1)
  }

  @Test("the standard error of Kendall's tau-b of unrelated columns is two thirds of PCC's")
  func kendallsError() {
    var random = SystemRandomNumberGenerator()
    let (n, draws) = (40, 4000)
    func column() -> [Double] { (0..<n).map { _ in Double.random(in: 0..<1, using: &random) } }
    func deviation(_ metric: Metric) -> Double {
      let values = (0..<draws).compactMap { _ in
        PointMetrics.figure(metric, column(), column()).value
      }
      return (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    }
    // 4000 draws estimate a standard deviation within 1.1%, so that 6% is beyond four of them.
    #expect(abs(deviation(.kendall) / deviation(.pcc) / (2.0 / 3) - 1) < 0.09)
    #expect(abs(deviation(.spearman) * Double(n - 1).squareRoot() - 1) < 0.06)
  }

  @Test("the step of an error follows its unit", arguments: [Metric.rmse, .mae])
  func errors(metric: Metric) throws {
    let one = try proposed(metric)
    #expect((0.1...0.3).contains(one.step))
    for unit in [0.1, 10, 1000] {
      let scaled = try proposed(metric, unit: unit)
      #expect(abs(scaled.step / unit / one.step - 1) < 0.11, "\(unit): \(scaled.step)")
      #expect(abs(scaled.levels - one.levels) <= 1)
      // A close tells about ten values a step, whatever the unit.
      let bits = scaled.bitsAtClose(ofBest: true)
      #expect((2.0...3.5).contains(bits), "\(unit): \(bits)")
    }
    let both = try proposed(metric, weights: ["empathy": 1, "distress": 1])
    #expect(abs(both.step / one.step - 1) < 0.3)
  }

  @Test("what no grid can be made of is refused, with a reason")
  func refused() throws {
    func refuses(_ says: String, _ make: () throws -> ReleaseGrid) {
      let error = #expect(throws: HarnessError.self) { try make() }
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }
    refuses("differ too little for MAE") { try proposed(.mae, unit: 0.005) }
    refuses("all of them equal") {
      try proposed(.pcc) { dataset in
        for row in dataset.rows.indices { dataset.rows[row].labels["empathy"] = 4 }
      }
    }
    refuses("0 labels of distress") {
      try proposed(.alpha, weights: ["empathy": 1, "distress": 1]) { dataset in
        for row in dataset.rows.indices { dataset.rows[row].labels["distress"] = nil }
      }
    }
    refuses("no value of Kendall") { try proposed(.kendall, floor: 1.2) }
    refuses("no value of MAE") { try proposed(.mae, floor: -0.1) }
    refuses("No submission can have RMSE 9") { try proposed(.rmse, floor: 9) }
    #expect(throws: HarnessError.self) { try proposed(.pcc, floor: .nan) }
  }

  @Test("values are rounded towards worse, and nothing is shown beyond the floor")
  func levels() {
    let pcc = grid(floor: 0.47)
    #expect(pcc.floor == 0.4 && pcc.levels == 7)
    #expect([0.3999, 0.4, 0.4999, 0.7, 1].map(pcc.level) == [nil, 0.4, 0.4, 0.7, 1])
    let rmse = grid(.rmse, step: 0.2, floor: 1.5)
    #expect(rmse.floor == 1.6 && rmse.levels == 9)
    #expect([1.61, 1.6, 1.41, 1.4, 0].map(rmse.level) == [nil, 1.6, 1.6, 1.4, 0])
  }

  @Test("at the close a correlation has two decimals, an error about a tenth of its step")
  func closing() {
    #expect(grid(.alpha).atClose.step == 0.01 && grid(.alpha, step: 0.03).atClose.step == 0.01)
    let steps = [0.19: 0.02, 1.9: 0.2, 26: 3, 0.01: 0.001, 0.5: 0.05]
    for (step, closing) in steps {
      let grid = grid(.mae, step: step, floor: 10 * step)
      #expect(abs(grid.atClose.step - closing) < 1e-12, "\(step): \(grid.atClose.step)")
      #expect(grid.bitsAtClose(ofBest: true) <= log2(10) + 1e-9)
      // What was shown before the close stays true after it.
      #expect(grid.level(7.3 * step).map { $0 >= 7.3 * step } == true)
      let closed = grid.atClose.level(7.3 * step) ?? .infinity
      #expect(closed >= 7.3 * step - 1e-9 && closed <= 8 * step + closing)
    }
  }

  @Test("an interval is shown of PCC alone, and holds what the grid hides")
  func intervals() throws {
    let dataset = Synthetic.dataset(rows: 80, persons: 40)
    let system = Synthetic.predictions(of: dataset, noise: 2)
    for metric in Metric.all {
      var definition = try Workbench().definition
      definition.primary.metric = metric
      let scorer = try Scorer(definition, dataset: dataset, options: Synthetic.quick)
      let floor = metric.higherIsBetter ? 0.1 : 2.5
      let rule = ReleaseRule.hidden(grid(metric, floor: floor), key: Data("key".utf8))
      let figure = try #require(
        try rule.release(scorer.score(system)).targets["empathy"]?[metric], "\(metric)")
      #expect(figure.value != nil)
      #expect((figure.low != nil) == (metric == .pcc) && (figure.high != nil) == (metric == .pcc))
      #expect((figure.intervalUndefined != nil) == (metric != .pcc))
    }
  }

  @Test("the interval of an average of PCCs is no narrower than the one with its rows at hand")
  func average() throws {
    let dataset = Synthetic.dataset(rows: 400, persons: 200)
    var definition = try Workbench().definition
    definition.primary = .init(
      target: "both", metric: .pcc, weights: ["empathy": 1, "distress": 2])
    let scorer = try Scorer(definition, dataset: dataset, options: Synthetic.quick)
    let grid = ReleaseGrid(definition.primary, step: 0.05, floor: 0.1)
    for noise in [1.0, 3, 6] {
      let score = try scorer.score(Synthetic.predictions(of: dataset, noise: noise))
      let open = try #require(ReleaseRule.open.release(score).targets["both"]?[.pcc])
      let rule = ReleaseRule.hidden(grid, key: Data("key".utf8))
      let shown = try #require(rule.release(score).targets["both"]?[.pcc])
      let (low, high) = (try #require(open.low), try #require(open.high))
      #expect(try #require(shown.low) <= low + 0.006 && #require(shown.high) >= high - 0.006)
      #expect(try #require(open.value) < #require(shown.high))
    }
  }
}
