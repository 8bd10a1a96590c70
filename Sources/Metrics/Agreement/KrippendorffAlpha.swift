/// Krippendorff's alpha: agreement of any number of raters, missing values allowed.
public enum KrippendorffAlpha {
  /// Interval alpha (Krippendorff 2011, "Computing Krippendorff's alpha-reliability"), in O(values):
  /// alpha = 1 - (v - 1)/v · Σ_u m_u/(m_u - 1)·SS_u / SS, where unit u has m_u >= 2 values with sum
  /// of squares SS_u about its mean, and v pairable values have SS about the grand mean.
  /// - Parameter ratings: raters × units; nil is missing. Rows must be equally long.
  /// - Returns: at most 1; undefined where no unit has two values or all values are equal.
  public static func interval(_ ratings: [[Double?]]) -> Figure {
    guard let units = ratings.first?.count, units > 0 else { return .undefined(.noRows) }
    precondition(ratings.allSatisfy { $0.count == units }, "raters with different unit counts")
    var within = 0.0
    var pairable: [Double] = []
    for unit in 0..<units {
      let values = ratings.compactMap { $0[unit] }
      guard values.count >= 2 else { continue }
      let moments = SampleMoments(values)
      within += moments.count * moments.variance
      pairable += values
    }
    guard !pairable.isEmpty else { return .undefined(.tooFewRows) }
    let total = SampleMoments(pairable)
    guard pairable.allSatisfy(\.isFinite), total.sumSquares.isFinite, within.isFinite else {
      return .undefined(.notFinite)
    }
    guard total.sumSquares > 0 else { return .undefined(.bothConstant) }
    return .finite(1 - (total.count - 1) / total.count * (within / total.sumSquares))
  }

  /// Interval alpha of two raters without missing values; fit for 1,000,000 units and more.
  public static func interval(_ x: [Double], _ y: [Double]) -> Figure {
    PairedMoments(predictions: x, gold: y).alpha()
  }
}
