import Basics

/// What `invitro data stats` shows of an imported benchmark: aggregates only.
public struct DatasetStatistics: Codable, Sendable, Equatable {
  public var benchmark: String
  public var splits: [SplitStatistics]
  public var overlaps: [Overlap]

  public struct SplitStatistics: Codable, Sendable, Equatable {
    public var name: String
    public var rows: Int
    /// Number of clusters by clustering.
    public var clusters: [String: Int]
    public var labels: TargetTable<LabelStatistics>
    public var groups: [Group]

    public init(
      name: String, rows: Int, clusters: [String: Int],
      labels: TargetTable<LabelStatistics> = [:], groups: [Group] = []
    ) {
      (self.name, self.rows, self.clusters) = (name, rows, clusters)
      (self.labels, self.groups) = (labels, groups)
    }
  }

  public struct LabelStatistics: Codable, Sendable, Equatable {
    public var n: Int
    public var mean: Double
    /// With n - 1; nil for fewer than two labels.
    public var sd: Double?
    /// Counts in equal bins (``bins`` of them) over the target's range, the last bin closed; nil
    /// where it is held back.
    public var histogram: [Int]?

    public init(n: Int, mean: Double, sd: Double?, histogram: [Int]?) {
      (self.n, self.mean, self.sd, self.histogram) = (n, mean, sd, histogram)
    }
  }

  /// A demographic group's size; a withheld group has the reason instead.
  public struct Group: Codable, Sendable, Equatable {
    public var attribute, group: String
    public var n: Int?
    /// Main clusters.
    public var clusters: Int?
    public var suppressed: String?

    public init(attribute: String, group: String, n: Int? = nil, clusters: Int? = nil) {
      (self.attribute, self.group, self.n, self.clusters) = (attribute, group, n, clusters)
    }
  }

  /// Texts of one split that also stand in another split or benchmark (normalised text).
  public struct Overlap: Codable, Sendable, Equatable {
    public var split: String
    /// `benchmark/split`.
    public var other: String
    /// Rows of `split` whose text stands in `other`.
    public var rows: Int
  }

  /// Number of histogram bins.
  public static let bins = 12

  /// Statistics of `datasets`, which are splits of `definition`; `others` are imported splits of
  /// other benchmarks to look for the same essays in.
  public init(_ datasets: [Dataset], definition: BenchmarkDefinition, others: [Dataset] = []) {
    benchmark = definition.id
    splits = datasets.map { Self.statistics($0, definition) }
    let texts = (datasets + others).map { dataset in
      (dataset.benchmark, dataset.split, Self.texts(dataset).map(Set.init) ?? [])
    }
    overlaps = []
    for dataset in datasets {
      guard let own = Self.texts(dataset) else { continue }
      for (benchmark, split, known) in texts
      where (benchmark, split) != (dataset.benchmark, dataset.split)
        && !definition.contains(split, and: dataset.split, in: benchmark)
      {
        let rows = own.count { known.contains($0) }
        if rows > 0 {
          overlaps.append(Overlap(split: dataset.split, other: "\(benchmark)/\(split)", rows: rows))
        }
      }
    }
  }

  /// The texts to look for; nil where rows have none.
  private static func texts(_ dataset: Dataset) -> [String]? {
    dataset.rows.contains { !$0.text.isEmpty } ? dataset.rows.map(\.normalisedText) : nil
  }

  private static func statistics(
    _ dataset: Dataset, _ definition: BenchmarkDefinition
  ) -> SplitStatistics {
    var labels: TargetTable<LabelStatistics> = [:]
    for target in definition.targets {
      let values = dataset.gold(target.name).compactMap { $0 }
      guard !values.isEmpty else { continue }
      let mean = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      var histogram = [Int](repeating: 0, count: bins)
      for value in values {
        let bin = Int((value - target.low) / (target.high - target.low) * Double(bins))
        histogram[max(0, min(bin, bins - 1))] += 1
      }
      labels[target.name] = LabelStatistics(
        n: values.count, mean: mean,
        sd: values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil,
        histogram: histogram)
    }
    return SplitStatistics(
      name: dataset.split, rows: dataset.rows.count, clusters: dataset.clusterCounts,
      labels: labels, groups: groups(dataset, definition))
  }

  private static func groups(_ dataset: Dataset, _ definition: BenchmarkDefinition) -> [Group] {
    let groups = DemographicGroups.all(of: dataset, definition: definition)
    return zip(groups, DemographicGroups.reasons(toWithhold: groups, of: dataset)).map {
      var out = Group(attribute: $0.attribute, group: $0.name)
      out.suppressed = $1
      if $1 == nil { (out.n, out.clusters) = ($0.rows.count, $0.clusters) }
      return out
    }
  }
}

extension DatasetStatistics.SplitStatistics {
  /// Labels that a histogram needs at least: one of fewer could point at single rows.
  static let histogramMinimum = 200

  /// What of it may be shown to anybody: figures rounded, labels of fewer than two rows left out,
  /// no histogram of a small split.
  public func published() -> Self {
    var shown = self
    shown.labels = [:]
    for (target, labels) in labels {
      guard let sd = labels.sd else { continue }
      var labels = labels
      labels.mean = Rounding.published(labels.mean) ?? labels.mean
      labels.sd = Rounding.published(sd) ?? sd
      if labels.n < Self.histogramMinimum { labels.histogram = nil }
      shown.labels[target] = labels
    }
    return shown
  }
}

extension BenchmarkDefinition {
  /// Whether one of two splits is made from the other, so that finding its texts there says
  /// nothing.
  fileprivate func contains(_ one: String, and other: String, in benchmark: String) -> Bool {
    guard let derived, benchmark == id else { return false }
    return one == derived.from || other == derived.from
  }
}
