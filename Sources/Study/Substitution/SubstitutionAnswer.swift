import Basics
import Harness
import Metrics
import Reference

/// Whether a model's labels may replace people's for some purpose, in words that need no statistics.
public struct SubstitutionAnswer: Encodable, Sendable, Equatable {
  public let verdict: Verdict
  /// What was found, and what to do.
  public let sentence: String

  public enum Verdict: String, Encodable, Sendable {
    case yes
    /// Not instead of people's labels, but beside some of them.
    case partly
    case no
    /// Only two ends are known.
    case range
    case unanswerable = "cannot be answered from these data"
  }

  init(_ verdict: Verdict, _ sentence: String) {
    (self.verdict, self.sentence) = (verdict, sentence)
  }

  static func unanswerable(_ why: String) -> SubstitutionAnswer {
    SubstitutionAnswer(.unanswerable, why)
  }
}

/// A figure with the ends of its interval, as they may be shown.
public struct BoundedFigure: Encodable, Sendable, Equatable {
  public let value, low, high: Double?

  init(_ value: Double?, _ low: Double?, _ high: Double?) {
    self.value = Rounding.published(value)
    (self.low, self.high) = (Rounding.published(low), Rounding.published(high))
  }

  /// A mean with its normal interval.
  init(_ mean: Double, error: Double, level: Double) {
    let ends = PredictionPoweredMean.interval(mean, error: error, level: level)
    self.init(mean, ends.low, ends.high)
  }

  init(_ figure: Figure, _ interval: Outcome<Interval>) {
    self.init(figure.value, interval.value?.low, interval.value?.high)
  }

  init(_ ceiling: LabelCeiling) { self.init(ceiling.value, ceiling.low, ceiling.high) }
}

/// Whose labels are asked about, and what counts as independent.
public struct SubstitutionSubject: Sendable {
  let rated: RatedSplit
  /// The model whose labels are to stand in.
  let model: String
  let level: Double
  let seed: UInt64

  public init(_ rated: RatedSplit, model: String, level: Double, seed: UInt64) {
    (self.rated, self.model, self.level, self.seed) = (rated, model, level, seed)
  }

  /// What rows are clustered by, such as a person; the row itself where the benchmark has no clusters.
  var unit: String { rated.definition.clusters.first ?? rated.definition.rowNoun }

  /// The person of each row, (n,); a row without one is a person of its own.
  var persons: [String] { rated.essays.map { $0.person ?? "\u{0}\($0.id)" } }

  var crowd: [Double?] { rated.essays.map(\.crowd) }
  var labels: [Double?] { rated.essays.map { $0.labels[model] } }

  /// `95%`.
  var percent: String { "\(Rounding.text(level * 100, decimals: 0))%" }

  /// Fewer labelled persons than this make a normal interval too narrow.
  static let minLabelled = 20

  /// How many persons to take as labelled where all are, and nobody said how many.
  static func usualRehearsal(of persons: Int) -> Int { min(60, persons / 2) }
}
