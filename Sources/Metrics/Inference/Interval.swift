/// A confidence interval and all that went into it.
public struct Interval: Sendable, Hashable, Codable {
  public var low: Double
  public var high: Double
  /// Nominal coverage, in (0, 1).
  public var level: Double
  public var method: IntervalMethod
  /// Bootstrap replicates drawn; 0 where none are.
  public var replicates: Int
  /// Replicates in which the metric is undefined, left out.
  public var undefinedReplicates: Int
  /// Clusters resampled or left out in turn; the smaller number of two crossed clusterings.
  public var clusters: Int

  /// True under 20 clusters: the interval then covers less often than it says.
  public var fewClusters: Bool { clusters < ClusteredSample.fewClusters }

  public init(
    low: Double, high: Double, level: Double, method: IntervalMethod, replicates: Int = 0,
    undefinedReplicates: Int = 0, clusters: Int
  ) {
    (self.low, self.high, self.level, self.method) = (low, high, level, method)
    (self.replicates, self.undefinedReplicates) = (replicates, undefinedReplicates)
    self.clusters = clusters
  }
}
