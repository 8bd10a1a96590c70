public import Metrics

extension PublishingThreshold {
  /// The threshold of everything that this program shows: 10 rows of 5 main clusters (persons, as a
  /// rule).
  public static let standard = PublishingThreshold(minRows: 10, minClusters: 5)
}
