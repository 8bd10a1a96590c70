/// Krippendorff's alpha: agreement of any number of raters, missing values allowed.
public enum KrippendorffAlpha {
  /// Interval alpha (Krippendorff 2011, "Computing Krippendorff's alpha-reliability"), in O(values).
  ///
  /// With squared differences both disagreements reduce to sums of squares:
  /// alpha = 1 - (v - 1)/v · Σ_u m_u/(m_u - 1)·SS_u / SS, where unit u has m_u >= 2 values with sum
  /// of squares SS_u about its mean, and v pairable values have SS about the grand mean.
  /// - Parameter ratings: raters × units; nil is missing. Rows must be equally long.
  /// - Returns: at most 1; undefined where no unit has two values or all values are equal.
  public static func interval(_ ratings: [[Double?]]) -> Figure {
    guard let units = ratings.first?.count, units > 0 else { return .undefined(.noRows) }
    precondition(ratings.allSatisfy { $0.count == units }, "raters with different unit counts")
    var within = 0.0
    var total = Spread()
    for unit in 0..<units {
      var spread = Spread()
      for rater in ratings { if let value = rater[unit] { spread.add(value) } }
      guard spread.count >= 2 else { continue }
      within += spread.count / (spread.count - 1) * spread.sumSquares
      total.merge(spread)
    }
    guard total.count >= 2 else { return .undefined(.tooFewRows) }
    guard total.sumSquares.isFinite, within.isFinite else { return .undefined(.notFinite) }
    guard total.sumSquares > 0 else { return .undefined(.bothConstant) }
    return .finite(1 - (total.count - 1) / total.count * (within / total.sumSquares))
  }

  /// Interval alpha of two raters without missing values; fit for 1,000,000 units and more.
  public static func interval(_ x: [Double], _ y: [Double], threads: Int = 1) -> Figure {
    PairedMoments(predictions: x, gold: y, threads: threads).alpha()
  }

  /// Running mean and sum of squares (Welford), merged with Chan's update.
  private struct Spread {
    var count = 0.0, mean = 0.0, sumSquares = 0.0

    mutating func add(_ value: Double) {
      count += 1
      let delta = value - mean
      mean += delta / count
      sumSquares += delta * (value - mean)
    }

    mutating func merge(_ other: Spread) {
      guard other.count > 0 else { return }
      let delta = other.mean - mean
      let all = count + other.count
      sumSquares += other.sumSquares + delta * delta * (count * other.count / all)
      mean += delta * (other.count / all)
      count = all
    }
  }
}
