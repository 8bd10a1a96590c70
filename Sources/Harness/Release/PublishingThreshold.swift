public import Basics
public import Metrics

extension PublishingThreshold {
  /// The threshold of everything that this program shows: 10 rows of 5 main clusters (persons, as a
  /// rule).
  public static let standard = PublishingThreshold(minRows: 10, minClusters: 5)
}

extension Rounding {
  /// `value` as it may be shown: with 4 decimals; nil stays nil.
  ///
  /// Exact figures let a team reconstruct gold labels from a series of submissions.
  public static func published(_ value: Double?) -> Double? { rounded(value, decimals: 4) }
}
