import Basics
import Harness
import Metrics

/// Where the variance of a split's labels lies and what raters agree on, person by person: a part of
/// what `invitro agreement` says. Formulas and sources: docs/explanation/label-structure.md.
///
/// Every figure, and every mark of a picture, is of 10 rows and 5 persons at least.
public struct LabelStructure: Encodable, Sendable {
  /// What the benchmark calls persons, and what it crosses with them, such as articles.
  public let cluster: String
  public let crossed: String?
  /// Of the intervals.
  public let level: Double
  /// Of the random rows.
  public let seed: UInt64
  public let components: [Components]
  public let correlations: [Correlations]
  public let byPerson: [ByPerson]
  public let replaced: [Replaced]
  public let rowsByPerson: RowsByPerson?
  public let pictures: [Picture]

  /// A figure with its interval, rounded to 4 decimals; absent with the reason.
  public struct Value: Encodable, Sendable, Equatable {
    public let value, low, high: Double?
    /// Why the value or, where there is one, the interval is absent.
    public let undefined: String?
  }

  /// Shares of the variance of one rater's labels, by the clusters' names and `rest`.
  public struct Components: Encodable, Sendable, Equatable {
    public let rater: String
    public let rows: Int
    /// Levels of each clustering.
    public let clusters: [String: Int]
    public let shares: [String: Value]
    public let variance: Double?
    public let undefined: String?
  }

  /// Correlations of two raters, see ``Metrics/PersonCorrelations``.
  public struct Correlations: Encodable, Sendable, Equatable {
    public let first, second: String
    public let rows, persons: Int
    public let within, means, weightedMeans, latent: Value
  }

  /// How a figure of two raters' agreement varies over persons with enough rows.
  public struct ByPerson: Encodable, Sendable, Equatable {
    public let first, second: String
    /// `pcc` or `mae`, within each person.
    public let figure: String
    /// Persons with at least 5 rows in which the figure is defined.
    public let persons: Int
    /// By level; each is the mean of five persons around it.
    public let quantiles: [String: Double]?
    public let undefined: String?
  }

  /// The labels that differ from a model's by more than alpha, and who wrote their rows.
  public struct Replaced: Encodable, Sendable, Equatable {
    public let model: String
    public let alpha: Double
    public let rows: Int
    /// Persons of these rows.
    public let persons: Int?
    /// The share held by the five persons with most of them, and Gini's coefficient over persons.
    public let topShare, gini: Compared?
    public let undefined: String?
  }

  /// A figure beside its value for as many random rows.
  public struct Compared: Encodable, Sendable, Equatable {
    public let value, random, low, high, p: Double?

    init(_ value: Double, _ reference: Concentration.Reference) {
      self.value = Rounding.published(value)
      random = Rounding.published(reference.mean)
      (low, high) = (Rounding.published(reference.low), Rounding.published(reference.high))
      p = Rounding.published(reference.p)
    }
  }

  /// How many rows persons have.
  public struct RowsByPerson: Encodable, Sendable, Equatable {
    public let rows, persons, least, most: Int
    public let median: Double
    /// Persons of equal size that would say as much.
    public let effective: Double?
    /// The share of the five persons with most rows, and Gini's coefficient.
    public let topShare, gini: Double?
  }

  /// Groups of rows and of persons, as a picture draws them.
  public struct Picture: Encodable, Sendable, Equatable {
    public let first, second: String
    /// Deviations from the person's means: the second rater's as x, the first one's as y.
    public let within: [Mark]
    /// Means of persons, and for the same persons what the model predicts of their true means.
    public let means, predicted: [Mark]
  }

  public struct Mark: Encodable, Sendable, Equatable {
    public let x, y, low, high: Double
    public let rows, persons: Int
  }
}

extension LabelStructure.Value {
  init(_ figure: Figure, low: Double?, high: Double?, reason: UndefinedReason? = nil) {
    value = Rounding.published(figure.value)
    (self.low, self.high) = (Rounding.published(low), Rounding.published(high))
    undefined = (figure.reason ?? reason)?.rawValue
  }

  init(_ estimate: PersonCorrelations.Estimate) {
    let interval = estimate.interval
    self.init(
      estimate.figure, low: interval.value?.low, high: interval.value?.high,
      reason: interval.reason)
  }

  init(_ share: CrossedComponents.Share) {
    self.init(.value(share.value), low: share.low, high: share.high)
  }
}

extension LabelStructure.Mark {
  init(_ mean: GroupedMean) {
    func rounded(_ value: Double) -> Double { Rounding.published(value) ?? value }
    (x, y) = (rounded(mean.x), rounded(mean.y))
    (low, high) = (rounded(mean.low), rounded(mean.high))
    (rows, persons) = (mean.rows, mean.persons)
  }
}
