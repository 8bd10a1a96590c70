import Glibc

/// A measure of agreement between predictions and gold labels: its names, its direction and how it
/// is computed.
///
/// To add one, add it here and to ``all``, give it a golden in the tests, and name it in
/// docs/reference/metrics.md.
public struct Metric: Sendable {
  /// The stable name in JSON, on the command line and in definitions: `pcc`.
  public let id: String
  /// As the head of a column has it: `PCC`.
  public let title: String
  /// In full: `Pearson correlation`.
  public let longTitle: String
  public let higherIsBetter: Bool
  /// Decimals that a table shows.
  public let decimals: Int
  /// What the figure is measured in; nil for a number without a unit.
  public let unit: String?
  let computation: Computation

  /// How a figure is made from a pair of columns.
  enum Computation: Sendable {
    /// From the moments of both columns; `lane` is the place in ``ClusterSums/metrics(_:)``.
    case moments(lane: Int, @Sendable (PairedMoments, ConcordanceForm) -> Figure)
    /// From the ranks of both columns.
    case ranks(@Sendable (RankCorrelation) -> Figure)
  }

  init(
    _ id: String, title: String, longTitle: String, higherIsBetter: Bool = true, decimals: Int = 3,
    unit: String? = nil, computation: Computation
  ) {
    (self.id, self.title, self.longTitle) = (id, title, longTitle)
    (self.higherIsBetter, self.decimals, self.unit) = (higherIsBetter, decimals, unit)
    self.computation = computation
  }

  /// Pearson's correlation, in [-1, 1].
  public static let pcc = Metric(
    "pcc", title: "PCC", longTitle: "Pearson correlation",
    computation: .moments(lane: 0) { sums, _ in sums.pcc() })
  /// Lin's concordance correlation, in [-1, 1].
  public static let ccc = Metric(
    "ccc", title: "CCC", longTitle: "Concordance correlation (Lin)",
    computation: .moments(lane: 1) { $0.ccc($1) })
  /// Root mean squared error, in label units.
  public static let rmse = Metric(
    "rmse", title: "RMSE", longTitle: "Root mean squared error", higherIsBetter: false,
    unit: "label units", computation: .moments(lane: 2) { sums, _ in sums.rmse() })
  /// Mean absolute error, in label units.
  public static let mae = Metric(
    "mae", title: "MAE", longTitle: "Mean absolute error", higherIsBetter: false,
    unit: "label units", computation: .moments(lane: 3) { sums, _ in sums.mae() })
  /// Spearman's rank correlation with average ranks, in [-1, 1].
  public static let spearman = Metric(
    "spearman", title: "Spearman", longTitle: "Spearman rank correlation",
    computation: .ranks(\.spearman))
  /// Kendall's tau-b, in [-1, 1].
  public static let kendall = Metric(
    "kendall", title: "Kendall tau-b", longTitle: "Kendall rank correlation",
    computation: .ranks(\.kendallTauB))
  /// Krippendorff's interval alpha of predictions and labels as two raters, in [-1 + 1/n, 1]. It is
  /// an intraclass correlation but for its small-sample factor, so that Fisher's z is its scale too.
  public static let alpha = Metric(
    "alpha", title: "Krippendorff alpha", longTitle: "Krippendorff's interval alpha",
    computation: .moments(lane: 4) { sums, _ in sums.alpha() })

  /// Every metric, in the order of tables.
  public static let all: [Metric] = [.pcc, .ccc, .rmse, .mae, .spearman, .kendall, .alpha]

  /// Those that are functions of sums over rows, with intervals by every method.
  public static let ofMoments: [Metric] = all.filter { !$0.isOfRanks }

  /// The metric with the id `id`.
  public init?(named id: String) {
    guard let known = Self.all.first(where: { $0.id == id }) else { return nil }
    self = known
  }

  /// The ids of all metrics as a list in words.
  public static var knownNames: String { all.map(\.id).joined(separator: ", ") }

  /// The lane of ``ClusterSums/metrics(_:)``; nil for a correlation of ranks.
  var lane: Int? { if case .moments(let lane, _) = computation { lane } else { nil } }

  /// Whether it is a correlation of ranks, which has to sort.
  public var isOfRanks: Bool { if case .ranks = computation { true } else { false } }

  /// The direction in words.
  public var direction: String { higherIsBetter ? "higher is better" : "lower is better" }

  /// The direction by shape.
  public var arrow: String { higherIsBetter ? "↑" : "↓" }

  /// The variance-stabilising scale: Fisher's z of a correlation, the logarithm of an error.
  func stabilised(_ value: Double) -> Double { higherIsBetter ? atanh(value) : log(value) }

  /// Back from the stabilised scale.
  func original(_ value: Double) -> Double { higherIsBetter ? tanh(value) : exp(value) }
}

extension Metric: Hashable, CustomStringConvertible {
  public static func == (a: Metric, b: Metric) -> Bool { a.id == b.id }
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
  public var description: String { id }
}

/// A metric is coded as its id, as a value and as a key.
extension Metric: Codable, CodingKeyRepresentable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  public var codingKey: any CodingKey { Key(stringValue: id) }

  public init?(codingKey: some CodingKey) { self.init(named: codingKey.stringValue) }

  public init(from decoder: any Decoder) throws {
    let id = try String(from: decoder)
    guard let known = Metric(named: id) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath, debugDescription: "no metric is named '\(id)'",
          underlyingError: UnknownMetric(name: id)))
    }
    self = known
  }

  public func encode(to encoder: any Encoder) throws { try id.encode(to: encoder) }
}

/// A name that no metric has.
public struct UnknownMetric: Error, Equatable, Sendable, CustomStringConvertible {
  public let name: String

  public init(name: String) { self.name = name }

  public var description: String {
    "There is no metric named '\(name)'. Known: \(Metric.knownNames)."
  }
}

extension Dictionary {
  /// The value that `make` gives each of `keys`, which differ.
  static func each(of keys: [Key], _ make: (Key) -> Value) -> Self {
    Dictionary(uniqueKeysWithValues: keys.map { ($0, make($0)) })
  }
}
