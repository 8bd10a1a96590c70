import Foundation
import Harness
import Metrics
import Testing

@Suite("What is released of a submission")
struct ReleaseGuardTests {
  private let dataset = Synthetic.dataset(rows: 80, persons: 30) { person in
    ["gender": person % 2 == 0 ? "1" : "2"]
  }
  private static let key = Data("sixteen bytes ok".utf8)

  private func grid(
    _ metric: Metric = .pcc, step: Double = 0.1, floor: Double = 0.3
  ) -> ReleaseGrid {
    ReleaseGrid(.init(target: "empathy", metric: metric), step: step, floor: floor)
  }

  private func guarded(_ rule: ReleaseRule, metric: Metric = .pcc) throws -> ReleaseGuard {
    var definition = try Workbench().definition
    definition.primary.metric = metric
    return ReleaseGuard(
      try Scorer(definition, dataset: dataset, options: Synthetic.quick), rule: rule)
  }

  private func hidden(_ metric: Metric = .pcc, floor: Double = 0.3) throws -> ReleaseGuard {
    try guarded(.hidden(grid(metric, floor: floor), key: Self.key), metric: metric)
  }

  private func system(_ noise: Double, _ seed: UInt64 = 3) -> Predictions {
    Synthetic.predictions(of: dataset, noise: noise, seed: seed)
  }

  private func value(_ release: ReleaseGuard.Release) -> Double? {
    release.report?.targets["empathy"]?[.pcc]?.value
  }

  @Test(
    "ten submissions to six values tell at most 13 bits, and no team has more answers than that")
  func bound() throws {
    let six = grid(floor: 0.5)
    #expect(six.levels == 6)
    #expect(abs(six.bits(submissions: 10) - log2(8008)) < 1e-9)
    // Whatever is sent, and however the labels lie: a team's answers never fall.
    let guarded = try hidden(floor: 0.6)
    var seen: Set<[Double]> = []
    for seed in 0..<150 as Range<UInt64> {
      var (best, answers): (Double?, [Double]) = (nil, [])
      for step in 0..<2 as Range<UInt64> {
        let candidate = system(0.1 * Double((seed * 7 + step * 5) % 40), seed * 3 + step)
        let release = try guarded.release(candidate, over: best)
        best = value(release) ?? best
        answers.append(best ?? 0)
      }
      #expect(answers == answers.sorted())
      seen.insert(answers)
    }
    // 5 values and nothing: 21 sequences of two answers. Exact figures would give 150.
    let most = exp2(grid(floor: 0.6).bits(submissions: 2)).rounded()
    #expect(most == 21 && seen.count > 5 && Double(seen.count) <= most)
  }

  @Test("the bound of several systems holds whichever of them a team sends next")
  func severalSystems() {
    /// The most sequences of answers, where each system has so many values above its best.
    func most(_ q: Int, _ above: [Int]) -> Int {
      guard q > 0 else { return 1 }
      let next = above.indices.map { place in
        (0...above[place]).reduce(0) { sum, step in
          var above = above
          above[place] -= step
          return sum + most(q - 1, above)
        }
      }
      return next.max() ?? 1
    }
    // An even split, three answers of one and two of the other, would give 6.
    #expect(most(3, [1, 1]) == 7)
    for floor in [1.0, 0.9, 0.8] {
      let grid = grid(floor: floor)
      for q in 0...4 {
        for systems in 1...3 {
          let bits = grid.bits(submissions: q, systems: systems)
          let sequences = most(q, Array(repeating: grid.levels, count: systems))
          #expect(log2(Double(sequences)) <= bits + 1e-9)
          if systems == 1 || q < 2 { #expect(abs(log2(Double(sequences)) - bits) < 1e-9) }
        }
      }
    }
  }

  @Test("a new best reaches a higher value; of anything else nothing but that is released")
  func verdicts() throws {
    let guarded = try hidden()
    let poor = try guarded.release(system(50, 4), over: nil)
    #expect(poor == .init(verdict: .notBetter, report: nil), "below the floor")
    let first = try guarded.release(system(2), over: nil)
    let shown = try #require(value(first))
    #expect(first.verdict == .first)
    for candidate in [system(2), system(2.001), system(6, 4)] {
      #expect(
        try guarded.release(candidate, over: shown) == .init(verdict: .notBetter, report: nil))
    }
    let better = try guarded.release(system(0.05), over: shown)
    #expect(try better.verdict == .better && #require(value(better)) > shown)
  }

  @Test("where less is better, the lower RMSE is the new best")
  func lowerIsBetter() throws {
    let guarded = try hidden(.rmse, floor: 3)
    #expect(try guarded.release(system(0.05), over: 1).verdict == .better)
    #expect(try guarded.release(system(0.05), over: 0).verdict == .notBetter)
  }

  @Test("rows left out, a target left out or a constant column make no best, alone or after one")
  func neverBest() throws {
    let guarded = try hidden()
    var partial = system(0.1)
    partial.present.removeFirst()
    var constant = system(0.1)
    constant.columns["empathy"] = PredictionColumn(values: Array(repeating: 4, count: 80))
    let distress = Synthetic.predictions(of: dataset, noise: 1, targets: ["distress"])
    for best in [nil, 0.4] {
      for (candidate, verdict) in [
        (partial, ReleaseGuard.Verdict.incomplete), (constant, .undefined), (distress, .incomplete),
      ] {
        #expect(
          try guarded.release(candidate, over: best) == .init(verdict: verdict, report: nil))
      }
    }
  }

  @Test("a grid scores whatever the verdict, so that what cannot be scored always fails")
  func alwaysScored() throws {
    let guarded = try hidden()
    var empty = system(0.1)
    empty.columns = [:]
    #expect(throws: HarnessError.self) { try guarded.release(empty, over: nil) }
  }

  @Test("a grid releases one figure, an interval that follows from it, and keyed digests")
  func oneFigure() throws {
    let guarded = try hidden()
    let report = try #require(try guarded.release(system(2), over: nil).report)
    let open = ReleaseRule.open.release(try guarded.scorer.score(system(2)))
    #expect(report.targets.keys.sorted() == ["empathy"])
    let scores = try #require(report.targets["empathy"])
    #expect(scores.metrics == [.pcc] && scores.rowwise == nil && scores.bias == nil)
    let figure = try #require(scores[.pcc])
    let (value, low, high) = try (
      #require(figure.value), #require(figure.low), #require(figure.high)
    )
    #expect(abs((value * 10).rounded() / 10 - value) < 1e-12)
    // The same released value has the same interval whatever else the predictions are.
    let half = 1.959963984540054 / (try #require(report.effectiveClusters) - 3).squareRoot()
    // The figure lies between the value and the next one of the grid.
    #expect(abs(low - tanh(atanh(value) - half)) < 0.006)
    #expect(abs(high - tanh(atanh(value + 0.1) + half)) < 0.006)
    #expect(report.groups.isEmpty && report.disparities == nil && report.crossed == nil)
    #expect(report.sensitivity == nil && report.detectable == nil && report.notes == nil)
    #expect(report.wassa.averaged == nil && report.wassa["empathy"] == nil)
    let plain = open.digests.gold
    #expect(report.digests.gold != plain && report.digests.gold.count == 64)
    #expect(open.signature.contains(plain.prefix(12)))
    #expect(!report.signature.contains(plain.prefix(12)))
    #expect(report.signature.contains("gold:\(report.digests.gold.prefix(12))"))
  }

  @Test("every released number is rounded to the rule's decimals", arguments: [1, 2, 3])
  func rounded(decimals: Int) throws {
    let guarded = try guarded(.rounded(decimals: decimals))
    let report = try #require(try guarded.release(system(2), over: nil).report)
    let scale = (0..<decimals).reduce(1.0) { product, _ in product * 10 }
    let numbers = try report.numbers
    #expect(numbers.count > 40)
    for number in numbers {
      #expect(abs((number * scale).rounded() / scale - number) < 1e-12, "\(number)")
    }
    #expect(report.groups.isEmpty && report.disparities == nil)
  }

  @Test("an open rule releases every report, and a tie is not better")
  func open() throws {
    let guarded = try guarded(.open)
    let whole = ReleaseRule.open.release(try guarded.scorer.score(system(2)))
    let release = try guarded.release(system(2), over: nil)
    #expect(release.report == whole && release.verdict == .first)
    #expect(!whole.groups.isEmpty && whole.targets["empathy"]?.bias != nil)
    let tie = try guarded.release(system(2), over: value(release))
    #expect(tie.verdict == .notBetter && tie.report == whole)
    #expect(try guarded.release(system(0.3), over: value(release)).verdict == .better)
  }

  @Test(
    "numbers far outside the range are refused, each by its line; a little outside is a warning")
  func margin() throws {
    let reader = try hidden().reader
    var values = system(0).columns["empathy"]?.values ?? []
    values[2] = 1e6
    values[5] = -0.5
    values[7] = 7.9
    func file() -> Data { Data(values.map { "\($0)\n" }.joined().utf8) }
    let faults = refusal { try reader.read(file(), name: "p.tsv") }.of(.range)
    #expect(faults.filter { $0.severity == .error }.map(\.line) == [3, 6])
    (values[2], values[5]) = (1, 0.5)
    let read = try reader.read(file(), name: "p.tsv")
    #expect(read.warnings.filter { $0.code == .range }.map(\.line) == [6, 8])
  }

  /// A benchmark whose board orders by twice empathy and once distress.
  private func averaged() throws -> BenchmarkDefinition {
    var definition = try Workbench().definition
    definition.primary = .init(
      target: "both", metric: .pcc, weights: ["empathy": 2, "distress": 1])
    return definition
  }

  @Test("a board may order by a weighted average: it is scored, guarded and released like a target")
  func average() throws {
    let definition = try averaged()
    let scorer = try Scorer(definition, dataset: dataset, options: Synthetic.quick)
    let open = ReleaseRule.open.release(try scorer.score(system(1)))
    func pcc(_ target: String) throws -> Double { try #require(open.targets[target]?[.pcc]?.value) }
    let expected = try (2 * pcc("empathy") + pcc("distress")) / 3
    #expect(try abs(pcc("both") - expected) < 1e-4)
    let figure = try #require(open.targets["both"]?[.pcc])
    let (low, high) = (try #require(figure.low), try #require(figure.high))
    #expect(low < expected && expected < high && high - low < 1)

    let grid = ReleaseGrid(definition.primary, step: 0.1, floor: 0.1)
    let judge = ReleaseGuard(scorer, rule: .hidden(grid, key: Self.key))
    let first = try judge.release(system(1), over: nil)
    #expect(first.verdict == .first)
    #expect(first.report?.targets.map(\.key) == ["both"])
    #expect(first.report?.targets["both"]?[.pcc]?.value == grid.level(expected))
    var part = system(1)
    part.columns["distress"] = nil
    #expect(try judge.release(part, over: nil).verdict == .incomplete)
  }

  @Test("the interval of an average of one target twice is that of the target")
  func averageOfOne() throws {
    let rows = try #require(
      Scorer(Workbench().definition, dataset: dataset, options: Synthetic.quick)
        .rows("empathy", of: system(1)))
    let one = SystemInference(rows.sample, predictions: rows.predictions)
    let count = rows.sample.count
    let average = TargetAverage(
      [1, 3].map { .init(gold: rows.sample.gold, rows: Array(0..<count), weight: $0) },
      clusters: rows.sample.clusterOfRow)
    let both = AveragedSystem(average, predictions: [rows.predictions, rows.predictions])
    let (a, b) = (try #require(both.interval(.ccc).value), try #require(one.interval(.ccc).value))
    #expect(abs(a.low - b.low) < 1e-12 && abs(a.high - b.high) < 1e-12)
  }

  @Test("a revealed entry has all figures in two decimals, no interval, and the grid's primary one")
  func summary() throws {
    let scorer = try Scorer(
      Workbench().definition, dataset: dataset, options: Synthetic.quick)
    let score = try scorer.score(system(1))
    let (open, shown) = (
      ReleaseRule.open.release(score),
      ReleaseRule.summary(grid(step: 0.01), key: Self.key).release(score)
    )
    #expect(shown.groups.isEmpty && shown.disparities == nil && shown.notes == nil)
    #expect(shown.digests.gold != open.digests.gold && shown.wassa.averaged == nil)
    for (target, scores) in shown.targets {
      #expect(scores.bias == nil && scores.rowwise == nil)
      for metric in scores.metrics where (target, metric) != ("empathy", .pcc) {
        let (exact, figure) = (open.targets[target]?[metric]?.value, scores[metric])
        #expect(abs(try #require(exact) - #require(figure?.value)) <= 0.00501)
        #expect(figure?.low == nil && figure?.high == nil)
      }
    }
    let exact = try #require(open.targets["empathy"]?[.pcc]?.value)
    #expect(shown.targets["empathy"]?[.pcc]?.value == grid(step: 0.01).level(exact))
  }

  @Test("labels hold rows times the entropy of a known label")
  func entropy() {
    let target = Target(name: "empathy", low: 1, high: 7, items: 6)
    let even = ReleaseGrid.entropy(of: target, rows: 83, known: [])
    #expect(abs(even - 83 * log2(37)) < 1e-9)
    #expect(ReleaseGrid.entropy(of: target, rows: 10, known: [1, 1, 2, 2]) == 10)
    #expect(ReleaseGrid.entropy(of: target, rows: 10, known: [3]) == 10 * log2(37))
  }
}
