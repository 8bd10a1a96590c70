import Foundation
import Harness
import Metrics
import Testing

@Suite("What is released of a submission")
struct ReleaseGuardTests {
  private let dataset = Synthetic.dataset(rows: 80, persons: 30) { person in
    ["gender": person % 2 == 0 ? "1" : "2"]
  }

  private func guarded(_ rule: ReleaseRule = .hidden, metric: Metric = .pcc) throws -> ReleaseGuard
  {
    var definition = try Workbench().definition
    definition.primary.metric = metric
    return ReleaseGuard(
      try Scorer(definition, dataset: dataset, options: Synthetic.quick), rule: rule)
  }

  private func system(_ noise: Double, _ seed: UInt64 = 3) -> Predictions {
    Synthetic.predictions(of: dataset, noise: noise, seed: seed)
  }

  private func release(
    _ guarded: ReleaseGuard, _ candidate: Predictions, over best: Predictions?
  ) throws -> ReleaseGuard.Release {
    try guarded.release(candidate, over: best)
  }

  /// The difference in PCC (second less first) over its cluster jackknife error, by deleting rows.
  private func studentised(_ first: Predictions, _ second: Predictions) throws -> Double {
    let gold = dataset.gold("empathy").compactMap { $0 }
    let a = try #require(first.values("empathy")), b = try #require(second.values("empathy"))
    func difference(_ kept: [Int]) throws -> Double {
      let y = kept.map { gold[$0] }
      return try #require(PointMetrics.pcc(kept.map { b[$0] }, y).value)
        - #require(PointMetrics.pcc(kept.map { a[$0] }, y).value)
    }
    let names = dataset.mainClusters
    let persons = names.compactMap { names.firstIndex(of: $0) }
    let count = Set(persons).count
    let without = try Set(persons).sorted().map { person in
      try difference(persons.indices.filter { persons[$0] != person })
    }
    let mean = without.reduce(0, +) / Double(count)
    let squares = without.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let error = (squares * Double(count - 1) / Double(count)).squareRoot()
    return try difference(Array(gold.indices)) / error
  }

  @Test("a new best beats the old by more than the paired error over persons, deleted one by one")
  func ladder() throws {
    var seen: Set<ReleaseGuard.Verdict> = []
    let best = system(6)
    for step in 0..<24 {
      let candidate = system(6.5 - 0.15 * Double(step), UInt64(10 + step))
      let ratio = try studentised(best, candidate)
      for errors in [0, 1, 2] as [Double] {
        let verdict = try guarded(ReleaseRule(decimals: 2, ladder: errors, margin: nil))
          .verdict(on: candidate, over: best)
        #expect(verdict == (ratio > errors ? .better : .notBetter), "\(ratio) and \(errors)")
        seen.insert(verdict)
      }
    }
    #expect(seen == [.better, .notBetter], "both occur")
  }

  @Test("the first submission is a best; the same again is not, and nothing is released of it")
  func firstAndAgain() throws {
    let guarded = try guarded()
    let one = system(2)
    let first = try release(guarded, one, over: nil)
    #expect(first.verdict == .first && first.report != nil)
    #expect(try release(guarded, one, over: one) == .init(verdict: .notBetter, report: nil))
  }

  @Test("of a submission that is worse or barely better nothing but that is released")
  func nothingReleased() throws {
    let guarded = try guarded()
    let best = system(2)
    var barely = best
    barely.columns["empathy"]?.values[0] += 1e-9 * ((dataset.rows[0].empathy ?? 4) - 4)
    for candidate in [system(50, 4), system(2.01, 3), barely] {
      #expect(
        try release(guarded, candidate, over: best) == .init(verdict: .notBetter, report: nil))
    }
  }

  @Test("where less is better, the lower RMSE is the new best")
  func lowerIsBetter() throws {
    let guarded = try guarded(metric: .rmse)
    #expect(guarded.verdict(on: system(0.5), over: system(5)) == .better)
    #expect(guarded.verdict(on: system(5), over: system(0.5)) == .notBetter)
  }

  @Test("rows left out, a target left out or a constant column make no best, alone or after one")
  func neverBest() throws {
    let guarded = try guarded()
    var partial = system(0.1)
    partial.present.removeFirst()
    var constant = system(0.1)
    constant.columns["empathy"] = PredictionColumn(values: Array(repeating: 4, count: 80))
    let distress = Synthetic.predictions(of: dataset, noise: 1, targets: ["distress"])
    for best in [nil, system(5)] {
      for (candidate, verdict) in [
        (partial, ReleaseGuard.Verdict.incomplete), (constant, .undefined), (distress, .incomplete),
      ] {
        #expect(
          try release(guarded, candidate, over: best) == .init(verdict: verdict, report: nil))
      }
    }
  }

  @Test("every released number is rounded to the rule's decimals", arguments: [1, 2, 3])
  func rounded(decimals: Int) throws {
    for ladder in [nil, 1.0] {
      let guarded = try guarded(ReleaseRule(decimals: decimals, ladder: ladder, margin: 1))
      let report = try #require(try release(guarded, system(2), over: nil).report)
      let scale = (0..<decimals).reduce(1.0) { product, _ in product * 10 }
      let numbers = try report.numbers
      #expect(numbers.count > 40)
      for number in numbers {
        #expect(abs((number * scale).rounded() / scale - number) < 1e-12, "\(number)")
      }
    }
  }

  @Test("with hidden labels no group, disparity or bias is released; with open ones all are")
  func onlyWhatABoardNeeds() throws {
    let hidden = try #require(try release(guarded(), system(2), over: nil).report)
    #expect(hidden.groups.isEmpty && hidden.disparities == nil)
    #expect(hidden.targets.values.allSatisfy { $0.bias == nil && $0[.pcc]?.low != nil })
    let whole = ReleaseRule.open.release(try guarded().scorer.score(system(2)))
    #expect(try release(guarded(.open), system(2), over: nil).report == whole)
    #expect(!whole.groups.isEmpty && whole.targets["empathy"]?.bias != nil)
  }

  @Test("without a Ladder every report is released, and a tie of rounded figures is not better")
  func withoutLadder() throws {
    let guarded = try guarded(ReleaseRule(decimals: 1, ladder: nil, margin: nil))
    let (bad, good) = (system(6), system(0.3))
    let better = try release(guarded, good, over: bad)
    #expect(better.verdict == .better && better.report != nil)
    let tie = try release(guarded, system(0.29), over: good)
    #expect(tie.verdict == .notBetter && tie.report != nil)
  }

  @Test(
    "numbers far outside the range are refused, each by its line; a little outside is a warning")
  func margin() throws {
    let reader = try guarded().reader
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
}
