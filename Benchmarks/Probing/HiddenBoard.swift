import Basics
import Foundation
import Harness
import Metrics
import Sample

/// A split with hidden labels, what an attacker knows of it beforehand, and a board that answers
/// through our own reader, scorer and release rule.
struct HiddenBoard {
  /// What a board of this bench is set to.
  struct Setting {
    var floor = 0.4
    /// The grid's step; nil for the rule's own.
    var step: Double?
  }

  /// A target's hidden labels and how often each level occurs in train, (37,), none 0.
  struct Target {
    let gold, marginal: [Double]

    /// How many estimates lie within 0.5 of the label.
    func found(_ estimates: [Double]) -> Int {
      zip(estimates, gold).count { abs($0 - $1) <= 0.5 + 1e-9 }
    }

    /// The levels in units of the marginal's standard deviation from its mean.
    var standardised: [Double] {
      let pairs = zip(HiddenBoard.levels, marginal)
      let mean = pairs.reduce(0) { $0 + $1.0 * $1.1 }
      let variance = pairs.reduce(0) { $0 + $1.1 * ($1.0 - mean) * ($1.0 - mean) }
      return HiddenBoard.levels.map { ($0 - mean) / variance.squareRoot() }
    }
  }

  /// The values that a label takes: means of six items from 1 to 7.
  static let levels = (0...36).map { 1 + Double($0) / 6 }

  let target: Target
  /// The benchmark's other target, and its correlation with the first in train.
  let second: Target
  let correlation: Double
  /// A system of the attacker's own, centred and of length 1, whose PCC is .6.
  let honest: [Double]
  let grid: ReleaseGrid
  let submissions = 10
  /// The grid value that each team's best has reached, and how many submissions it has sent.
  private(set) var bests: [Double?]
  private(set) var used: [Int]
  private let open, closed: ReleaseGuard
  private let ids: [String]

  init(_ setting: Setting, seed: UInt64, teams: Int) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "probing-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = folder.appending(path: "files")
    _ = try SampleGenerator(seed: seed).write(to: files)
    let definition = try BenchmarkRegistry(folder: nil).find("sample24")
    let home = DataHome(folder.appending(path: "home"))
    _ = try DatasetImporter.run(definition, from: files, into: home)
    let test = try home.load(definition, split: "test")
    let train = try home.load(definition, split: "train").rows
    func labelled(_ name: String) -> Target {
      var counts = [Double](repeating: 0.5, count: Self.levels.count)
      for label in train.compactMap({ $0.labels[name] }) {
        counts[Int(((label - 1) * 6).rounded())] += 1
      }
      let all = counts.reduce(0, +)
      return Target(gold: test.gold(name).compactMap { $0 }, marginal: counts.map { $0 / all })
    }
    (target, second) = (labelled("empathy"), labelled("distress"))
    let both = train.filter { $0.labels["empathy"] != nil && $0.labels["distress"] != nil }
    correlation = Self.dot(
      Self.unit(both.compactMap { $0.labels["empathy"] }),
      Self.unit(both.compactMap { $0.labels["distress"] }))
    var generator = SplitMix64(seed: seed, stream: .simulation)
    honest = Self.mixed(target.gold, 0.6, &generator)
    let rows = target.gold.count
    let step = setting.step ?? ReleaseGrid.step(.pcc, [.init(rows: rows)])
    grid = ReleaseGrid(definition.primary, step: step, floor: setting.floor)
    let options = ScoringOptions(
      inference: InferenceOptions(replicates: 100, threads: 1), attributes: [], ranks: false)
    let scorer = try Scorer(definition, dataset: test, options: options)
    let key = Data("key of the bench".utf8)
    open = ReleaseGuard(scorer, rule: .hidden(grid, key: key))
    // At the close a figure is shown in two decimals whatever it is.
    let fine = ReleaseGrid(definition.primary, step: 0.01, floor: -1)
    closed = ReleaseGuard(scorer, rule: .hidden(fine, key: key))
    ids = test.rows.map(\.id)
    bests = [Double?](repeating: nil, count: teams)
    used = [Int](repeating: 0, count: teams)
  }

  /// Centred, of length 1 and with PCC `r` to `x`; the rest is noise that is uncorrelated with it.
  static func mixed(
    _ x: [Double], _ r: Double, _ generator: inout SplitMix64
  ) -> [Double] {
    let z = unit(x)
    let noise = unit(x.map { _ in generator.normal() })
    let shared = dot(z, noise)
    let rest = unit(zip(z, noise).map { $1 - shared * $0 })
    return zip(z, rest).map { r * $0 + (1 - r * r).squareRoot() * $1 }
  }

  /// Centred, of length 1; zeros of a constant.
  static func unit(_ x: [Double]) -> [Double] {
    let mean = x.reduce(0, +) / Double(x.count)
    let length = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot()
    return x.map { length > 1e-12 ? ($0 - mean) / length : 0 }
  }

  static func dot(_ x: [Double], _ y: [Double]) -> Double {
    zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The first value that the next submission of `team` could reach.
  func next(_ team: Int) -> Double { bests[team].map { $0 + grid.step } ?? grid.floor }

  /// Sends `direction` while the phase is open.
  mutating func submit(_ direction: [Double], by team: Int) throws -> LabelSampler.Answer {
    let release = try open.release(read(direction), over: bests[team])
    used[team] += 1
    if let value = release.report?.targets[grid.target]?[.pcc]?.value {
      bests[team] = value
      return .init(direction, value, value + grid.step)
    }
    return .init(direction, -1, next(team))
  }

  /// What the close tells of a submission: two decimals of its PCC, rounded towards worse.
  func close(_ direction: [Double]) throws -> LabelSampler.Answer {
    let report = try closed.release(read(direction), over: nil).report
    guard let value = report?.targets[grid.target]?[.pcc]?.value else {
      throw HarnessError.usage("A constant query has no PCC at the close.")
    }
    return .init(direction, value, value + 0.01)
  }

  /// Whether the answer to a submission is the same whatever it predicts of the second target.
  func hidesSecond(_ direction: [Double], _ probe: [Double], by team: Int) throws -> Bool {
    let plain = try open.release(read(direction), over: bests[team])
    let probing = try open.release(read(direction, probe), over: bests[team])
    return plain.verdict == probing.verdict && plain.report?.targets == probing.report?.targets
      && (probing.report?.targets.keys.allSatisfy { $0 == grid.target } ?? true)
  }

  /// A file of predictions in [1, 7] that have the direction's PCC, as the board reads it.
  private func read(_ direction: [Double], _ second: [Double]? = nil) throws -> Predictions {
    let columns = [direction, second].compactMap { $0 }.map { column in
      let x = Self.unit(column)
      let most = x.map(\.magnitude).max() ?? 1
      return x.map { "\t\(4 + 3 * $0 / most)" }
    }
    var text = "id\tempathy\(second == nil ? "" : "\tdistress")\n"
    for (row, id) in ids.enumerated() { text += id + columns.map { $0[row] }.joined() + "\n" }
    return try open.reader.read(Data(text.utf8), name: "probe.tsv")
  }
}
