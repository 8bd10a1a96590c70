import Basics
public import Foundation
import Harness
import Metrics
public import Reference

/// How ways to correct labels compare on rows that none of them has seen: what `invitro curate
/// compare` says.
public struct CorrectionReport: Encodable, Sendable {
  public var schema = 1
  public let set, features: String
  public let heldOut: CorrectionTrial.HeldOut
  /// Compared rows, their persons, and the rows that a block of held-out ones trains on.
  public let rows, persons: Int
  public let trainingRows: Double?
  public let folds: Int
  public let seed: UInt64
  /// The crowd's labels first, then the ways, then the controls.
  public let ways: [Way]
  /// Declared before the comparison, on PCC within persons.
  public let contrasts: [Contrast]

  public struct Way: Encodable, Sendable, Equatable {
    public let labels: String
    /// The way's name; nil for the crowd's labels.
    public let way: CorrectionWay?
    public let isControl: Bool
    /// Labels chosen anew, on average over the blocks.
    public let changed: Double
    /// Estimand B: how well a person's own essays are ranked.
    public let pccWithin: Value
    /// Estimand A: how well new persons' reports are predicted.
    public let pcc, ccc: Value
    /// CCC of predictions on the line through the other persons' rows.
    public let cccCalibrated: Value
    /// Lin's C_b: CCC is PCC times it.
    public let biasFactor: Double?
    public let rmse: Value
    /// Less the crowd's labels; nil for these.
    public let lessCrowd: Gaps?
    /// How many blocks used which labels, where the way refused some.
    public let used: [String: Int]?
  }

  /// Differences of two ways, each with its swap test over persons, unadjusted.
  public struct Gaps: Encodable, Sendable, Equatable {
    public let pccWithin, pcc: Gap
  }

  public struct Contrast: Encodable, Sendable, Equatable {
    /// First less second.
    public let first, second: String
    public let gaps: Gaps
  }

  public struct Gap: Encodable, Sendable, Equatable {
    public let value, low, high, p: Double?

    init(_ pair: PairComparison?) {
      let interval = pair?.interval(.pcc).value
      value = Rounding.published(pair?.difference(.pcc).value)
      low = Rounding.published(interval?.low)
      high = Rounding.published(interval?.high)
      p = Rounding.p(pair?.permutation([.pcc]).p(.pcc).value)
    }
  }

  public struct Value: Encodable, Sendable, Equatable {
    public let value, low, high: Double?

    init(_ system: SystemInference?, _ metric: Metric) {
      let interval = system?.interval(metric).value
      value = Rounding.published(system?.figure(metric).value)
      low = Rounding.published(interval?.low)
      high = Rounding.published(interval?.high)
    }
  }

  /// The contrasts that are declared, first less second; nil is the crowd's labels.
  static let declared: [(CorrectionWay, CorrectionWay?)] = [
    (.threshold, .flaggedMean), (.em, .blup), (.em, nil),
  ]

  /// Compares the crowd's labels with every way to correct them by `llm` and every control.
  /// - Parameter alphas: thresholds; the ways and controls that take one have the first, the others
  ///   add a row of `threshold` each.
  public init(
    _ rated: RatedSplit, llm: String, alphas: [Double], features: EssayFeatures,
    heldOut: CorrectionTrial.HeldOut, folds: Int, seed: UInt64,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws {
    let text = LabelledEssay.textRater(beside: llm)
    let known = CorrectionWay.allCases
    let tried: [(way: CorrectionWay?, alpha: Double)] =
      [(nil, 0)] + alphas.unique.map { (.threshold, $0) }
      + known.filter { $0 != .threshold }.map { ($0, alphas[0]) }
    let trial = try CorrectionTrial(
      rated.essays, features: try features.load(for: rated),
      corrections: tried.map {
        $0.way?.correction(llm: llm, alpha: $0.alpha, seed: seed, text: text)
          ?? LabelCorrection.none
      }, text: text, heldOut: heldOut, folds: folds, seed: seed, progress: progress)
    (set, self.features, self.heldOut) = (rated.set, features.description, heldOut)
    (self.folds, self.seed, rows) = (folds, seed, trial.crowd.count)
    trainingRows = Rounding.rounded(trial.trainingRows, decimals: 1)
    let yardsticks = Yardsticks(trial, options: InferenceOptions(seed: seed))
    persons = yardsticks.sample.clusterCount
    ways = zip(tried, trial.results).map { tried, result in
      yardsticks.way(result, tried.way, less: trial.results[0])
    }
    contrasts = Self.declared.compactMap { first, second -> Contrast? in
      let results = [first, second].map { way in
        zip(tried, trial.results).first { $0.0.way == way }?.1
      }
      guard let one = results[0], let other = results[1] else { return nil }
      return Contrast(
        first: one.correction.name, second: other.correction.name,
        gaps: yardsticks.gaps(one.predictions, other.predictions))
    }
  }
}

/// What predictions of held-out rows are held against: the crowd's labels, by person.
private struct Yardsticks {
  let sample: ClusteredSample
  let within: WithinClusters?
  let options: InferenceOptions

  init(_ trial: CorrectionTrial, options: InferenceOptions) {
    sample = ClusteredSample(gold: trial.crowd, clusters: trial.persons)
    (within, self.options) = (WithinClusters(sample), options)
  }

  func way(
    _ result: CorrectionTrial.Result, _ way: CorrectionWay?, less crowd: CorrectionTrial.Result
  ) -> CorrectionReport.Way {
    typealias Value = CorrectionReport.Value
    let system = SystemInference(sample, predictions: result.predictions, options: options)
    let calibrated = sample.calibrated(result.predictions).map {
      SystemInference(sample, predictions: $0, options: options)
    }
    let counts = Dictionary(grouping: result.used, by: \.self).mapValues(\.count)
    return CorrectionReport.Way(
      labels: result.correction.name, way: way, isControl: way?.isControl ?? false,
      changed: Rounding.rounded(result.changed, decimals: 1) ?? 0,
      pccWithin: Value(within?.system(result.predictions, options: options), .pcc),
      pcc: Value(system, .pcc), ccc: Value(system, .ccc), cccCalibrated: Value(calibrated, .ccc),
      biasFactor: Rounding.published(system.moments.biasFactor.value), rmse: Value(system, .rmse),
      lessCrowd: way.map { _ in gaps(result.predictions, crowd.predictions) },
      used: counts[CorrectionTrial.refused] == nil ? nil : counts)
  }

  func gaps(_ first: [Double], _ second: [Double]) -> CorrectionReport.Gaps {
    CorrectionReport.Gaps(
      pccWithin: .init(within?.comparison(first, second, options: options)),
      pcc: .init(PairComparison(sample, first, second, options: options)))
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
