import Basics
import Foundation
import Harness
import Metrics
import Sample

/// A split with hidden labels, what an attacker knows of it beforehand, and a board that answers
/// through our own reader, scorer and rule.
struct HiddenBoard {
  /// The values that a label takes: means of six items from 1 to 7.
  static let levels = (0...36).map { 1 + Double($0) / 6 }

  let gold: [Double]
  /// How often each level occurs in train, (37,), none 0.
  let marginal: [Double]
  /// A system of the attacker's own whose PCC is .6.
  let honest: [Double]
  let grid: ReleaseGrid
  let submissions: Int
  private let guarded: ReleaseGuard
  private let ids: [String]
  private(set) var bests: [Double?]
  private(set) var used: [Int]

  init(seed: UInt64, floor: Double, submissions: Int, teams: Int) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "probing-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = folder.appending(path: "files")
    _ = try SampleGenerator(seed: seed).write(to: files)
    let definition = try BenchmarkRegistry.find("sample24")
    let home = DataHome(folder.appending(path: "home"))
    _ = try DatasetImporter.run(definition, from: files, into: home)
    let test = try home.load(definition, split: "test")
    gold = test.gold("empathy").compactMap { $0 }
    var counts = [Double](repeating: 0.5, count: Self.levels.count)
    for label in try home.load(definition, split: "train").gold("empathy").compactMap({ $0 }) {
      counts[Int(((label - 1) * 6).rounded())] += 1
    }
    marginal = counts.map { $0 / counts.reduce(0, +) }
    var generator = SplitMix64(seed: seed, stream: .simulation)
    honest = Self.correlated(gold, 0.6, &generator)
    let step = ReleaseGrid.step(.pcc, rows: gold.count)
    grid = ReleaseGrid(definition.primary, step: step, floor: floor)
    let options = ScoringOptions(
      inference: InferenceOptions(replicates: 100, threads: 1), attributes: [], ranks: false)
    guarded = ReleaseGuard(
      try Scorer(definition, dataset: test, options: options),
      rule: .hidden(grid, key: Data("key of the bench".utf8)))
    ids = test.rows.map(\.id)
    self.submissions = submissions
    bests = [Double?](repeating: nil, count: teams)
    used = [Int](repeating: 0, count: teams)
  }

  /// Values whose PCC with `gold` is exactly `r`.
  private static func correlated(
    _ gold: [Double], _ r: Double, _ generator: inout SplitMix64
  ) -> [Double] {
    let z = unit(gold)
    let noise = unit(gold.map { _ in generator.normal() })
    let shared = zip(z, noise).reduce(0) { $0 + $1.0 * $1.1 }
    let rest = unit(zip(z, noise).map { $1 - shared * $0 })
    return zip(z, rest).map { r * $0 + (1 - r * r).squareRoot() * $1 }
  }

  /// Centred, of length 1.
  static func unit(_ x: [Double]) -> [Double] {
    let mean = x.reduce(0, +) / Double(x.count)
    let length = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot()
    return x.map { length > 0 ? ($0 - mean) / length : 0 }
  }

  func hasQuery(_ team: Int) -> Bool { used[team] < submissions }

  /// Sends `direction` as predictions in [1, 7]; what the answer says of its PCC: at least the first
  /// number, less than the second.
  mutating func submit(_ direction: [Double], by team: Int) throws -> (Double, Double) {
    let x = Self.unit(direction)
    let most = x.map(\.magnitude).max() ?? 1
    let file = zip(ids, x).map { "\($0)\t\(4 + 3 * $1 / most)\n" }.joined()
    let predictions = try guarded.reader.read(
      Data("id\tempathy\n\(file)".utf8), name: "probe.tsv")
    used[team] += 1
    let release = try guarded.release(predictions, over: bests[team])
    if let value = release.report?.targets["empathy"]?[.pcc]?.value {
      bests[team] = value
      return (value, value + grid.step)
    }
    return (-1, bests[team].map { $0 + grid.step } ?? grid.floor)
  }

  /// The best that a label's window of ± 1/2 could be centred on is counted as found.
  func found(_ estimates: [Double]) -> Int {
    zip(estimates, gold).count { abs($0 - $1) <= 0.5 + 1e-9 }
  }
}
