import Basics
public import Foundation
import Harness
import Metrics
public import Reference

/// How ways to correct labels compare on persons whom none of them has seen: what `invitro curate
/// compare` says.
public struct CorrectionReport: Encodable, Sendable {
  public var schema = 1
  public let set: String
  public let features: String
  public let rows: Int
  public let persons: Int
  public let folds: Int
  public let seed: UInt64
  /// The way that the differences are to.
  public let reference: String
  public let ways: [Way]

  public struct Way: Encodable, Sendable, Equatable {
    public let labels: String
    /// Labels replaced, on average over the folds.
    public let changed: Double
    public let ccc: Value
    public let pcc: Value
    public let rmse: Value
    /// CCC less that of the reference; absent for itself.
    public let difference: Value?
    /// Swap test of that difference over persons, unadjusted.
    public let p: Double?
    /// How many folds used which labels, where the way chooses.
    public let used: [String: Int]?
  }

  public struct Value: Encodable, Sendable, Equatable {
    public let value: Double?
    public let low: Double?
    public let high: Double?

    init(_ figure: Figure, _ interval: Outcome<Interval>) {
      value = Rounding.published(figure.value)
      if case .value(let interval) = interval {
        (low, high) = (Rounding.published(interval.low), Rounding.published(interval.high))
      } else {
        (low, high) = (nil, nil)
      }
    }
  }

  /// Compares the crowd's labels, fixed thresholds, the chosen one, the blend and the model's labels
  /// alone.
  ///
  /// - Parameters:
  ///   - llm: whose labels correct.
  ///   - against: the threshold that the others are compared with; it joins `thresholds`.
  public init(
    _ rated: RatedSplit, llm: String, thresholds: [Double], against: Double,
    features: EssayFeatures, folds: Int, seed: UInt64,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws {
    let fixed = Set(thresholds + [against]).sorted()
      .map { CorrectionTrial.Way.fixed(.threshold(llm: llm, alpha: $0)) }
    let trial = try CorrectionTrial(
      rated.essays, features: try features.load(for: rated),
      ways: [.fixed(.none)] + fixed
        + [.chosenAlpha(llm: llm), .soft(llm: llm), .fixed(.replace(llm: llm))],
      folds: folds, seed: seed, progress: progress)
    (set, self.features) = (rated.set, features.description)
    let reference = LabelCorrection.threshold(llm: llm, alpha: against).name
    self.reference = reference
    (self.folds, self.seed) = (folds, seed)
    rows = trial.crowd.count
    let sample = ClusteredSample(gold: trial.crowd, clusters: trial.persons)
    persons = sample.clusterCount
    let options = InferenceOptions(seed: seed)
    let base = trial.results.first { $0.way.name == reference }
    ways = trial.results.map { result in
      let system = SystemInference(sample, predictions: result.predictions, options: options)
      let intervals = system.intervals([.ccc, .pcc, .rmse])
      func value(_ metric: Metric) -> Value {
        Value(system.figure(metric), intervals[metric] ?? .undefined(.degenerate))
      }
      let pair = base.flatMap { base in
        base.way == result.way
          ? nil
          : PairComparison(sample, result.predictions, base.predictions, options: options)
      }
      let counts = Dictionary(grouping: result.used, by: \.self).mapValues(\.count)
      return Way(
        labels: result.way.name, changed: (result.changed * 10).rounded() / 10,
        ccc: value(.ccc), pcc: value(.pcc), rmse: value(.rmse),
        difference: pair.map { Value($0.difference(.ccc), $0.interval(.ccc)) },
        p: pair.flatMap { Rounding.p($0.permutation([.ccc]).p(.ccc).value) },
        used: counts.count > 1 || counts.keys.first != result.way.name ? counts : nil)
    }
  }
}

/// What the regression behind a choice of labels reads: word counts, or an encoder's states.
public struct EssayFeatures: Sendable, CustomStringConvertible {
  private let states: URL?

  /// - Parameter states: a folder that `invitro embed` wrote; nil for word counts.
  public init(states: URL?) { self.states = states }

  public var description: String { states == nil ? "word counts" : "first-token states" }

  /// (n, D), a row for each essay of the split.
  ///
  /// - Throws: `HarnessError` where a row of the split has no state.
  public func load(for rated: RatedSplit) throws -> [[Double]] {
    guard let states else { return WordFeatures.extract(rated.essays.map(\.text)) }
    let found = try NumPyArray.read(states.appending(path: "states.npy"))
    let file = states.appending(path: "rows.tsv")
    let table = try LabelTable.read(file)
    guard table.header == ["set", "id"], table.rows.count == found.count else {
      throw HarnessError.invalid([
        Diagnostic(
          .rowCount, file: file.relativePath, found: "\(table.rows.count) rows",
          expected: "columns set and id, and \(found.count) rows as in states.npy")
      ])
    }
    let places = Dictionary(
      table.rows.enumerated().map { ("\($1[0]) \($1[1])", $0) }, uniquingKeysWith: { a, _ in a })
    let rows = rated.essays.map { places["\(rated.set) \($0.id)"] }
    let missing = rows.count { $0 == nil }
    guard missing == 0 else {
      throw HarnessError.invalid([
        Diagnostic(
          .missingID, file: file.relativePath, found: "no state for \(missing) rows",
          expected: "all rows of \(rated.set): run `invitro embed` on that split")
      ])
    }
    return rows.compactMap { $0.map { found[$0] } }
  }
}
