/// What is published of one scored submission: aggregates, how they were made, and digests.
///
/// It is one JSON document. It holds no label, no essay and no figure of a single row, and every
/// figure is rounded (see ``Rounding``). An undefined figure has no `value` and a reason in
/// `undefined`. Outside this module a report comes from ``ReleaseRule/release(_:)-(PrivateReport)``
/// or is decoded from one that did: what was not released cannot be shown.
public struct ScoreReport: Codable, Sendable, Equatable {
  /// Version of this document's form; a reader refuses a greater one.
  public internal(set) var schema: Int = 1
  public internal(set) var benchmark: String
  public internal(set) var split: String
  /// Rows that were scored.
  public internal(set) var n: Int
  /// Clusters (persons, unless the signature says otherwise) that the scored rows belong to.
  public internal(set) var clusters: Int
  /// Nominal coverage of the intervals, for example 0.95.
  public internal(set) var level: Double
  /// Rows of the split without a prediction that `--drop-missing` left out; nil when none.
  public internal(set) var dropped: Int?
  public internal(set) var targets: TargetTable<TargetScores>
  public internal(set) var groups: [GroupScores]
  public internal(set) var disparities: [Disparity]?
  /// The same intervals under another clustering, to show how much the choice matters.
  public internal(set) var sensitivity: [Sensitivity]?
  public internal(set) var detectable: DetectableDifference?
  public internal(set) var wassa: WASSAScores
  public internal(set) var digests: Digests
  public internal(set) var signature: String
  public internal(set) var version: String
  /// What a reader has to know beside the figures, in words.
  public internal(set) var notes: [String]?
}

/// What scoring found out about one submission, before anything of it is released.
///
/// It can be neither encoded nor read outside this module; ``ReleaseRule/release(_:)-(PrivateReport)``
/// is its only way out.
public struct PrivateReport: Sendable {
  let whole: ScoreReport

  package init(
    benchmark: String, split: String, n: Int, clusters: Int, level: Double, dropped: Int? = nil,
    targets: TargetTable<TargetScores>, groups: [GroupScores] = [],
    disparities: [Disparity]? = nil, sensitivity: [Sensitivity]? = nil,
    detectable: DetectableDifference? = nil, wassa: WASSAScores, digests: Digests,
    signature: String, version: String = ScoreReport.toolVersion, notes: [String] = []
  ) {
    whole = ScoreReport(
      benchmark: benchmark, split: split, n: n, clusters: clusters, level: level,
      dropped: dropped, targets: targets, groups: groups, disparities: disparities,
      sensitivity: sensitivity, detectable: detectable, wassa: wassa, digests: digests,
      signature: signature, version: version, notes: notes.isEmpty ? nil : notes)
  }
}

/// What is predicted for an essay.
public enum Target: String, Codable, Sendable, CaseIterable, CodingKeyRepresentable {
  case empathy
  case distress
}

/// One value a target; a target that was not attempted has none.
public typealias TargetTable<Value> = [Target: Value]

/// A figure with its interval, each rounded to 4 decimals.
public struct ScoredFigure: Codable, Sendable, Equatable {
  public var value: Double?
  public var low: Double?
  public var high: Double?
  /// Why there is no value.
  public var undefined: String?
  /// Bootstrap replicates in which the metric is undefined and that were left out; nil for none.
  public var undefinedReplicates: Int?

  public init(
    value: Double? = nil, low: Double? = nil, high: Double? = nil, undefined: String? = nil
  ) {
    self.value = value
    self.low = low
    self.high = high
    self.undefined = undefined
  }
}

/// The figures of one target.
public struct TargetScores: Codable, Sendable, Equatable {
  public var pcc: ScoredFigure?
  public var ccc: ScoredFigure?
  public var rmse: ScoredFigure?
  public var mae: ScoredFigure?
  public var spearman: ScoredFigure?
  public var kendall: ScoredFigure?
  /// Krippendorff's interval alpha between prediction and label, taken as two raters.
  public var alpha: ScoredFigure?
  /// Fisher's interval of PCC that takes rows as independent; for comparison only.
  public var rowwise: ScoredFigure?
  /// Mean of prediction minus label.
  public var bias: Double?

  public init() {}

  /// Every figure by its name: what is rounded before it is released, and what tables list.
  public static var figures: [(name: String, path: WritableKeyPath<TargetScores, ScoredFigure?>)] {
    metrics + [("alpha", \.alpha), ("rowwise", \.rowwise)]
  }

  /// Those of ``Metrics/Metric``, in the order of tables.
  public static var metrics: [(name: String, path: WritableKeyPath<TargetScores, ScoredFigure?>)] {
    [
      ("pcc", \.pcc), ("ccc", \.ccc), ("rmse", \.rmse), ("mae", \.mae),
      ("spearman", \.spearman), ("kendall", \.kendall),
    ]
  }
}

/// The figures of one demographic group, or the reason why they are not shown.
public struct GroupScores: Codable, Sendable, Equatable {
  public var attribute: String
  public var group: String
  public var n: Int?
  public var clusters: Int?
  /// Set, with no figure beside it, where the group is below the publishing threshold.
  public var suppressed: String?
  public var empathy: GroupTargetScores?
  public var distress: GroupTargetScores?

  public init(attribute: String, group: String) {
    self.attribute = attribute
    self.group = group
  }

  /// Leaves the names and the reason alone.
  mutating func withhold() {
    (n, clusters) = (nil, nil)
    (empathy, distress) = (nil, nil)
  }
}

/// One target's figures within a group.
public struct GroupTargetScores: Codable, Sendable, Equatable {
  public var pcc: ScoredFigure
  public var ccc: ScoredFigure
  public var rmse: ScoredFigure
  /// SD (n-1) of the gold labels: a narrow range lowers CCC and PCC by itself.
  public var goldSD: Double?
  /// Mean of prediction minus label.
  public var bias: Double?

  public init(
    pcc: ScoredFigure, ccc: ScoredFigure, rmse: ScoredFigure, goldSD: Double?, bias: Double?
  ) {
    self.pcc = pcc
    self.ccc = ccc
    self.rmse = rmse
    self.goldSD = goldSD
    self.bias = bias
  }
}

/// How far apart a demographic attribute's groups are, against chance.
public struct Disparity: Codable, Sendable, Equatable {
  public var attribute: String
  public var target: Target
  /// Largest CCC of a group minus the smallest, over publishable groups.
  public var gap: Double?
  public var lowest: String?
  public var highest: String?
  /// Share of permutations of the persons' group labels with at least this gap.
  public var p: Double?
  /// `p` after Holm's adjustment over attributes.
  public var adjusted: Double?
  public var undefined: String?

  public init(attribute: String, target: Target) {
    self.attribute = attribute
    self.target = target
  }
}

/// The main figures' intervals under another clustering.
public struct Sensitivity: Codable, Sendable, Equatable {
  /// `article`, `person+article` or `row`.
  public var cluster: String
  public var clusters: Int
  /// Fewer than 20 clusters: the interval is not to be relied on.
  public var fewClusters: Bool
  public var targets: TargetTable<TargetScores>

  public init(
    cluster: String, clusters: Int, fewClusters: Bool, targets: TargetTable<TargetScores>
  ) {
    self.cluster = cluster
    self.clusters = clusters
    self.fewClusters = fewClusters
    self.targets = targets
  }
}

/// The smallest true difference in the primary metric that a comparison on this split would find.
public struct DetectableDifference: Codable, Sendable, Equatable {
  public var metric: String
  public var target: Target
  public var difference: Double?
  public var power: Double
  public var level: Double
  /// Correlation between the two systems' predictions that was assumed.
  public var correlation: Double
  public var simulations: Int
  public var seed: UInt64
  public var undefined: String?

  public init(
    metric: String, target: Target, difference: Double?, power: Double, level: Double,
    correlation: Double, simulations: Int, seed: UInt64, undefined: String? = nil
  ) {
    self.metric = metric
    self.target = target
    self.difference = difference
    self.power = power
    self.level = level
    self.correlation = correlation
    self.simulations = simulations
    self.seed = seed
    self.undefined = undefined
  }
}

/// The figures as the WASSA organisers' script makes them: each PCC rounded to 4 decimals before
/// averaging; a constant column counts 0; a target that was not attempted is null. The average is
/// rounded to 4 decimals too, like every published figure; theirs may have a fifth.
public struct WASSAScores: Codable, Sendable, Equatable {
  public var averaged: Double?
  public var empathy: Double?
  public var distress: Double?

  public init(averaged: Double?, empathy: Double?, distress: Double?) {
    self.averaged = averaged
    self.empathy = empathy
    self.distress = distress
  }

  private enum CodingKeys: String, CodingKey { case averaged, empathy, distress }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    // Null is part of this form: it says "not attempted", which 0 would hide.
    try container.encode(averaged, forKey: .averaged)
    try container.encode(empathy, forKey: .empathy)
    try container.encode(distress, forKey: .distress)
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
    self.gold = gold
    self.order = order
    self.predictions = predictions
  }
}
