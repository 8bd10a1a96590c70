public import Basics

extension Rounding {
  /// `value` as it may be shown: with 4 decimals; nil stays nil.
  ///
  /// Exact figures let a team reconstruct gold labels from a series of submissions.
  public static func published(_ value: Double?) -> Double? { rounded(value, decimals: 4) }
}
