import Basics
public import Foundation
import Harness
import Metrics
import Reference

/// How ways to correct labels compare on persons whom none of them has seen: what `invitro curate
/// compare` says.
public struct CorrectionReport: Encodable, Sendable {
  public var schema = 1
  public let set, features: String
  public let rows, persons, folds: Int
  public let seed: UInt64
  /// The way that the differences are to.
  public let reference: String
  public let ways: [Way]

  public struct Way: Encodable, Sendable, Equatable {
    public let labels: String
    /// Labels replaced, on average over the folds.
    public let changed: Double
    public let ccc, pcc, rmse: Value
    /// CCC less that of the reference; absent for itself.
    public let difference: Value?
    /// Swap test of that difference over persons, unadjusted.
    public let p: Double?
    /// How many folds used which labels, where the way chooses.
    public let used: [String: Int]?
  }

  public struct Value: Encodable, Sendable, Equatable {
    public let value, low, high: Double?

    init(_ figure: Figure, _ interval: Outcome<Interval>) {
      value = Rounding.published(figure.value)
      low = Rounding.published(interval.value?.low)
      high = Rounding.published(interval.value?.high)
    }
  }

  /// Compares the crowd's labels, those corrected by `llm` at `thresholds`, the chosen one, the blend
  /// and the model's labels alone, all with those at `against`.
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
    (self.folds, self.seed, rows) = (folds, seed, trial.crowd.count)
    reference = LabelCorrection.threshold(llm: llm, alpha: against).name
    let sample = ClusteredSample(gold: trial.crowd, clusters: trial.persons)
    persons = sample.clusterCount
    let options = InferenceOptions(seed: seed)
    let base = trial.results.first { [reference] in $0.way.name == reference }
    ways = trial.results.map { result in
      let system = SystemInference(sample, predictions: result.predictions, options: options)
      let intervals = system.intervals([.ccc, .pcc, .rmse])
      func value(_ metric: Metric) -> Value {
        Value(system.figure(metric), intervals[metric] ?? .undefined(.degenerate))
      }
      let other = base.flatMap { $0.way == result.way ? nil : $0.predictions }
      let pair = other.map { PairComparison(sample, result.predictions, $0, options: options) }
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

  /// (n, D), a row for each essay of the split. Throws `HarnessError` where one has no state.
  public func load(for rated: RatedSplit) throws -> [[Double]] {
    guard let states else { return WordFeatures.extract(rated.essays.map(\.text)) }
    let found = try NumPyArray.read(states.appending(path: "states.npy"))
    let file = states.appending(path: "rows.tsv")
    let table = try LabelTable.read(file)
    func invalid(_ code: Diagnostic.Code, _ found: String, _ expected: String) -> HarnessError {
      .invalid([Diagnostic(code, file: file.relativePath, found: found, expected: expected)])
    }
    guard table.header == ["set", "id"], table.rows.count == found.count else {
      throw invalid(
        .rowCount, "\(table.rows.count) rows",
        "columns set and id, and \(found.count) rows as in states.npy")
    }
    let known = Dictionary(zip(table.rows, found)) { first, _ in first }
    let rows = rated.essays.compactMap { known[[rated.set, $0.id]] }
    guard rows.count == rated.essays.count else {
      throw invalid(
        .missingID, "no state for \(rated.essays.count - rows.count) rows",
        "all rows of \(rated.set): run `invitro embed` on that split")
    }
    return rows
  }
}
