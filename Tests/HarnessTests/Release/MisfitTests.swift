import Basics
import Foundation
import Harness
import Testing

@Suite("Predictions that fit the labels otherwise")
struct MisfitTests {
  private let bench: PredictionBench
  private let scorer: Scorer
  private let empathy, distress: [Double]

  /// 60 rows whose targets and texts do not depend on each other, and a system with some noise.
  init() throws {
    var generator = SplitMix64(seed: 7)
    func uniform() -> Double { Double.random(in: 1...7, using: &generator) }
    var bench = try PredictionBench(rows: 60)
    var (empathy, distress) = ([Double](), [Double]())
    var rows = bench.dataset.rows
    for row in rows.indices {
      let (a, b) = (uniform(), uniform())
      rows[row].labels = ["empathy": a, "distress": b]
      rows[row].text = String(repeating: "x", count: Int.random(in: 1...900, using: &generator))
      empathy.append(0.7 * a + 0.3 * uniform())
      distress.append(0.7 * b + 0.3 * uniform())
    }
    let dataset = Dataset(bench.definition, split: "train", rows: rows, hasGold: true)
    bench = PredictionBench(bench.definition, dataset)
    (self.bench, self.empathy, self.distress) = (bench, empathy, distress)
    scorer = try Scorer(bench.definition, dataset: dataset)
  }

  private func warning(_ first: [Double], _ second: [Double]) throws -> Diagnostic? {
    let text = zip(first, second).map { "\($0)\t\($1)\n" }.joined()
    let check = try #require(MisfitCheck(scorer, under: .open))
    return check.warning(on: try bench.read(text), file: "p.tsv")
  }

  @Test("nothing is said of a system in order")
  func inOrder() throws { #expect(try warning(empathy, distress) == nil) }

  @Test("swapped columns are told, with the figures of both")
  func swapped() throws {
    let found = try #require(try warning(distress, empathy))
    #expect(found.code == .order)
    #expect(found.field == "empathy, distress")
    #expect(found.expected.contains("your empathy column fits distress better"))
  }

  @Test("rows in reverse order are told")
  func reversed() throws {
    let found = try #require(try warning(empathy.reversed(), distress.reversed()))
    #expect(found.expected.contains("in reverse order"))
  }

  @Test("rows that are off by one are told, with the direction")
  func shifted() throws {
    func up(_ values: [Double]) -> [Double] { Array(values.dropFirst()) + values.prefix(1) }
    let found = try #require(try warning(up(empathy), up(distress)))
    #expect(found.expected.contains("one row further down"))
  }

  @Test("rows in the order of the texts' length are told")
  func byLength() throws {
    let order = bench.dataset.rows.indices.sorted {
      let (a, b) = (bench.dataset.rows[$0].text.count, bench.dataset.rows[$1].text.count)
      return (a, $0) < (b, $1)
    }
    let found = try #require(try warning(order.map { empathy[$0] }, order.map { distress[$0] }))
    #expect(found.expected.contains("in the order of the texts' length"))
  }

  @Test("rows in a random order are told to be no better than chance")
  func shuffled() throws {
    var generator = SplitMix64(seed: 11)
    let order = bench.dataset.rows.indices.shuffled(using: &generator)
    let found = try #require(try warning(order.map { empathy[$0] }, order.map { distress[$0] }))
    #expect(found.expected.contains("shuffled"))
  }

  @Test("a rule that holds anything back has no such check")
  func guarded() {
    let grid = ReleaseGrid(scorer.definition.primary, step: 0.01, floor: 0.1)
    for rule in [
      ReleaseRule.hidden(grid, key: Data([1])), .summary(grid, key: Data([1])),
      .rounded(decimals: 2), .rounded(decimals: 4),
    ] { #expect(MisfitCheck(scorer, under: rule) == nil) }
  }

  @Test("predictions that leave rows out are not looked at")
  func partial() throws {
    let ids = bench.dataset.rows.map(\.id)
    let lines = ids.indices.dropFirst().map { "\(ids[$0])\t\(distress[$0])\t\(empathy[$0])\n" }
    let read = try bench.read(
      "row\tempathy\tdistress\n" + lines.joined(), dropMissing: true)
    #expect(MisfitCheck(scorer, under: .open)?.warning(on: read, file: "p") == nil)
  }
}
