import Basics
public import Metrics

/// What is published of one scored submission: aggregates, how they were made, and digests; no
/// label, essay or figure of a row. An undefined figure has no `value` and a reason in `undefined`.
/// Outside this module a report comes from ``ReleaseRule/release(_:)-(PrivateReport)`` or is
/// decoded from one that did: what was not released cannot be shown.
public struct ScoreReport: Codable, Sendable, Equatable {
  /// Version of this document's form; a reader refuses a greater one.
  public internal(set) var schema: Int = 1
  public internal(set) var benchmark: String
  public internal(set) var split: String
  /// Rows that were scored.
  public internal(set) var n: Int
  /// Clusters (of the clustering that the signature names) that the scored rows belong to.
  public internal(set) var clusters: Int
  /// The number of clusters of equal size that say as much, to one decimal; see
  /// ``ClusteredSample/effectiveClusters``.
  public internal(set) var effectiveClusters: Double?
  /// Nominal coverage of the intervals, for example 0.95.
  public internal(set) var level: Double
  /// Rows of the split without a prediction that `--drop-missing` left out; nil when none.
  public internal(set) var dropped: Int?
  public internal(set) var targets: TargetTable<TargetScores>
  public internal(set) var groups: [GroupScores]
  public internal(set) var disparities: [Disparity]?
  /// The same figures with intervals by both clusterings of the benchmark, crossed.
  public internal(set) var crossed: Sensitivity?
  /// The same intervals under another clustering, to show how much the choice matters.
  public internal(set) var sensitivity: [Sensitivity]?
  public internal(set) var detectable: DetectableDifference?
  /// Where labels are open.
  public internal(set) var calibration: TargetTable<BinnedCalibration>?
  public internal(set) var wassa: WASSAScores
  public internal(set) var digests: Digests
  public internal(set) var signature: String
  public internal(set) var version: String
  /// ``Scorer/version``; reports from before it was named lack it.
  public internal(set) var scorer: Int?
  /// What a reader has to know beside the figures, in words.
  public internal(set) var notes: [String]?
}

extension ScoreReport {
  /// The program's version, which reports and signatures carry.
  public static let toolVersion = "0.2.0"
}

/// What scoring found out about one submission. It can be neither encoded nor read outside this
/// module; ``ReleaseRule/release(_:)-(PrivateReport)`` is its only way to be published, and ``local``
/// shows it to whoever holds the data.
public struct PrivateReport: Sendable {
  let whole: ScoreReport

  package init(
    benchmark: String, split: String, n: Int, clusters: Int, effectiveClusters: Double? = nil,
    level: Double, dropped: Int? = nil, targets: TargetTable<TargetScores>,
    groups: [GroupScores] = [], disparities: [Disparity]? = nil, crossed: Sensitivity? = nil,
    sensitivity: [Sensitivity]? = nil,
    detectable: DetectableDifference? = nil, calibration: TargetTable<BinnedCalibration>? = nil,
    wassa: WASSAScores, digests: Digests, signature: String,
    version: String = ScoreReport.toolVersion,
    scorer: Int = Scorer.version, notes: [String] = []
  ) {
    whole = ScoreReport(
      benchmark: benchmark, split: split, n: n, clusters: clusters,
      effectiveClusters: Rounding.rounded(effectiveClusters, decimals: 1), level: level,
      dropped: dropped, targets: targets, groups: groups, disparities: disparities,
      crossed: crossed, sensitivity: sensitivity, detectable: detectable,
      calibration: calibration, wassa: wassa,
      digests: digests, signature: signature, version: version, scorer: scorer,
      notes: notes.isEmpty ? nil : notes)
  }
}

/// A report with every group that was scored, for the machine that holds the data. It is no
/// ``ScoreReport`` and its document cannot be read as one, so no board takes it.
public struct LocalReport: Encodable, Sendable {
  /// Always false.
  public let publishable = false
  /// Groups that a release would withhold have their figures beside the reason.
  package let report: ScoreReport
}

extension PrivateReport {
  public var local: LocalReport { LocalReport(report: whole) }
}

/// A figure with its interval, each rounded to 4 decimals.
public struct ScoredFigure: Codable, Sendable, Equatable {
  public var value, low, high: Double?
  /// Why there is no value.
  public var undefined: String?
  /// Why there is a value and no interval.
  public var intervalUndefined: String?
  /// Bootstrap replicates in which the metric is undefined and that were left out; nil for none.
  public var undefinedReplicates: Int?

  public init(
    value: Double? = nil, low: Double? = nil, high: Double? = nil, undefined: String? = nil
  ) {
    (self.value, self.low, self.high, self.undefined) = (value, low, high, undefined)
  }

  /// Upper bound less lower bound.
  package var width: Double? { low.flatMap { low in high.map { $0 - low } } }
}

/// The figures of one target: of a whole split, or of one group.
public struct TargetScores: Codable, Sendable, Equatable {
  private var figures: [Metric: ScoredFigure] = [:]
  /// Fisher's interval of PCC that takes rows as independent; for comparison only.
  public var rowwise: ScoredFigure?
  /// PCC within clusters (``WithinClusters``), for whoever holds the labels: no board has it.
  public var pccWithin: ScoredFigure?
  /// SD (n-1) of a group's gold labels: a narrow range lowers CCC and PCC by itself.
  public var goldSD: Double?
  /// Mean of prediction minus label.
  public var bias: Double?

  public init() {}

  public subscript(metric: Metric) -> ScoredFigure? {
    get { figures[metric] }
    set { figures[metric] = newValue }
  }

  /// The metrics that have a figure, in the order of tables.
  public var metrics: [Metric] { Metric.all.filter { figures[$0] != nil } }

  /// Puts every figure through `change`.
  mutating func changeFigures(_ change: (ScoredFigure) -> ScoredFigure) {
    figures = figures.mapValues(change)
    (rowwise, pccWithin) = (rowwise.map(change), pccWithin.map(change))
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: NameKey.self)
    for metric in Metric.all {
      figures[metric] = try container.decodeIfPresent(ScoredFigure.self, forKey: NameKey(metric.id))
    }
    rowwise = try container.decodeIfPresent(ScoredFigure.self, forKey: "rowwise")
    pccWithin = try container.decodeIfPresent(ScoredFigure.self, forKey: "pccWithin")
    goldSD = try container.decodeIfPresent(Double.self, forKey: "goldSD")
    bias = try container.decodeIfPresent(Double.self, forKey: "bias")
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: NameKey.self)
    for metric in metrics { try container.encode(figures[metric], forKey: NameKey(metric.id)) }
    try container.encodeIfPresent(rowwise, forKey: "rowwise")
    try container.encodeIfPresent(pccWithin, forKey: "pccWithin")
    try container.encodeIfPresent(goldSD, forKey: "goldSD")
    try container.encodeIfPresent(bias, forKey: "bias")
  }
}

/// The figures of one group, or the reason why they are not shown.
///
/// In JSON each target's scores stand under the target's name beside the other keys.
public struct GroupScores: Codable, Sendable, Equatable {
  public var attribute, group: String
  public var n, clusters: Int?
  /// True where the group's clusters count as fewer than 20: its intervals are unreliable.
  public var fewClusters: Bool?
  /// Set, with no figure beside it, where the group is withheld: why.
  public var suppressed: String?
  public var targets: TargetTable<TargetScores> = [:]

  public init(attribute: String, group: String) {
    self.attribute = attribute
    self.group = group
  }

  /// Leaves the names and the reason alone.
  mutating func withhold() { (n, clusters, fewClusters, targets) = (nil, nil, nil, [:]) }

  private static let keys: Set<String> = [
    "attribute", "group", "n", "clusters", "fewClusters", "suppressed",
  ]

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: NameKey.self)
    attribute = try container.decode(String.self, forKey: "attribute")
    group = try container.decode(String.self, forKey: "group")
    n = try container.decodeIfPresent(Int.self, forKey: "n")
    clusters = try container.decodeIfPresent(Int.self, forKey: "clusters")
    fewClusters = try container.decodeIfPresent(Bool.self, forKey: "fewClusters")
    suppressed = try container.decodeIfPresent(String.self, forKey: "suppressed")
    for key in container.allKeys where !Self.keys.contains(key.stringValue) {
      targets[key.stringValue] = try container.decode(TargetScores.self, forKey: key)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: NameKey.self)
    try container.encode(attribute, forKey: "attribute")
    try container.encode(group, forKey: "group")
    try container.encodeIfPresent(n, forKey: "n")
    try container.encodeIfPresent(clusters, forKey: "clusters")
    try container.encodeIfPresent(fewClusters, forKey: "fewClusters")
    try container.encodeIfPresent(suppressed, forKey: "suppressed")
    for (target, scores) in targets { try container.encode(scores, forKey: NameKey(target)) }
  }
}

/// A key of a JSON object that data names.
struct NameKey: CodingKey, ExpressibleByStringLiteral {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init(stringLiteral name: String) { stringValue = name }
  init?(stringValue name: String) { stringValue = name }
  init?(intValue: Int) { nil }
}

/// How far apart an attribute's groups are, against chance.
public struct Disparity: Codable, Sendable, Equatable {
  public var attribute, target: String
  /// Largest CCC of a group minus the smallest, over the groups that are shown.
  public var gap: Double?
  public var lowest, highest: String?
  /// Share of permutations of the clusters' group labels with at least this gap.
  public var p: Double?
  /// `p` after Holm's adjustment over attributes.
  public var adjusted: Double?
  /// The largest studentised difference of two groups, which is what p speaks of.
  public var statistic: Double?
  public var undefined: String?

  public init(attribute: String, target: String) {
    self.attribute = attribute
    self.target = target
  }
}

/// The main figures' intervals under another clustering.
public struct Sensitivity: Codable, Sendable, Equatable {
  /// A clustering's name, two joined by `+`, or `row`.
  public var cluster: String
  public var clusters: Int
  /// Fewer than 20 clusters: the interval is not to be relied on.
  public var fewClusters: Bool
  public var targets: TargetTable<TargetScores>

  public init(
    cluster: String, clusters: Int, fewClusters: Bool, targets: TargetTable<TargetScores>
  ) {
    (self.cluster, self.clusters) = (cluster, clusters)
    (self.fewClusters, self.targets) = (fewClusters, targets)
  }
}

/// The smallest true difference in the primary metric that a comparison on this split would find.
public struct DetectableDifference: Codable, Sendable, Equatable {
  public var metric: Metric
  public var target: String
  public var difference: Double?
  public var power, level: Double
  /// Correlation between the two systems' predictions that was assumed.
  public var correlation: Double
  public var simulations: Int
  public var seed: UInt64
  public var undefined: String?

  public init(
    metric: Metric, target: String, difference: Double?, power: Double, level: Double,
    correlation: Double, simulations: Int, seed: UInt64, undefined: String? = nil
  ) {
    (self.metric, self.target, self.difference, self.power) = (metric, target, difference, power)
    (self.level, self.correlation, self.simulations) = (level, correlation, simulations)
    (self.seed, self.undefined) = (seed, undefined)
  }
}

/// SHA-256 digests (64 hexadecimal digits) that tie a report to what it was made from.
public struct Digests: Codable, Sendable, Equatable {
  /// Of the split's gold labels in row order.
  public var gold: String
  /// Of the split's row ids in order.
  public var order: String
  /// Of the predictions in row order, whatever form of file they came in.
  public var predictions: String

  public init(gold: String, order: String, predictions: String) {
    (self.gold, self.order, self.predictions) = (gold, order, predictions)
  }
}
