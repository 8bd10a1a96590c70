import Harness
import Basics
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

  /// - Parameters:
  ///   - features: what the regression read, in words.
  ///   - reference: the name of the way that the differences are to.
  public init(_ trial: CorrectionTrial, set: String, features: String, reference: String) {
    (self.set, self.features, self.reference) = (set, features, reference)
    (folds, seed) = (trial.folds, trial.seed)
    rows = trial.crowd.count
    let sample = ClusteredSample(gold: trial.crowd, clusters: trial.persons)
    persons = sample.clusterCount
    let options = InferenceOptions(seed: trial.seed)
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

extension CorrectionReport {
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
    self.init(
      trial, set: rated.set, features: features.description,
      reference: LabelCorrection.threshold(llm: llm, alpha: against).name)
  }
}
