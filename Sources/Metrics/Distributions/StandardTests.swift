import Glibc

/// A test statistic with its two-sided p-value.
public struct TestStatistic: Sendable, Hashable {
  public let statistic: Double
  /// Degrees of freedom; infinite for a normal statistic.
  public let degreesOfFreedom: Double
  /// Two-sided p-value, in [0, 1].
  public let p: Double

}

/// Textbook tests, two-sided, which take rows (or seeds) as independent: those of correlations
/// therefore say too much where persons wrote several essays.
public enum StandardTests {
  /// Student's t of two independent samples with a common variance; at least 2 values in all
  /// beyond one a sample, degrees of freedom n₁ + n₂ - 2.
  public static func student(_ a: [Double], _ b: [Double]) -> Outcome<TestStatistic> {
    let (x, y) = (SampleMoments(a), SampleMoments(b))
    guard x.count > 0, y.count > 0, x.count + y.count > 2 else { return .undefined(.tooFewRows) }
    let df = x.count + y.count - 2
    let pooled = (x.sumSquares + y.sumSquares) / df
    guard pooled > 0 else { return .undefined(.degenerate) }
    return .student((x.mean - y.mean) / (pooled * (1 / x.count + 1 / y.count)).squareRoot(), df)
  }

  /// Welch's t of two independent samples with their own variances; 2 values each at least,
  /// degrees of freedom after Welch and Satterthwaite.
  public static func welch(_ a: [Double], _ b: [Double]) -> Outcome<TestStatistic> {
    let (x, y) = (SampleMoments(a), SampleMoments(b))
    guard x.count > 1, y.count > 1 else { return .undefined(.tooFewRows) }
    let (u, v) = (x.variance / x.count, y.variance / y.count)
    guard u + v > 0 else { return .undefined(.degenerate) }
    // In shares of the variance, so that neither square overflows or underflows.
    let share = u / (u + v)
    let df = 1 / (share * share / (x.count - 1) + (1 - share) * (1 - share) / (y.count - 1))
    return .student((x.mean - y.mean) / (u + v).squareRoot(), df)
  }

  /// Paired t of two equally long samples; at least 2 pairs, degrees of freedom n - 1.
  public static func paired(_ a: [Double], _ b: [Double]) -> Outcome<TestStatistic> {
    precondition(a.count == b.count, "paired samples of different length")
    let d = SampleMoments(zip(a, b).map { $0 - $1 })
    guard d.count > 1 else { return .undefined(.tooFewRows) }
    guard d.sumSquares > 0 else { return .undefined(.degenerate) }
    return .student(d.mean / (d.variance / d.count).squareRoot(), d.count - 1)
  }

  /// Williams' t for two correlations that share the gold labels (Williams 1959, as in Steiger
  /// 1980, Psychol. Bull. 87:245, eq. 7), n - 3 degrees of freedom.
  /// - Parameter r12: gold with the first system, `r13`: gold with the second, `r23`: both systems;
  ///   `n`: rows, more than 3.
  public static func williams(
    r12: Double, r13: Double, r23: Double, n: Int
  ) -> Outcome<TestStatistic> {
    guard n > 3 else { return .undefined(.tooFewRows) }
    let count = Double(n)
    let determinant = 1 - r12 * r12 - r13 * r13 - r23 * r23 + 2 * r12 * r13 * r23
    let mean = (r12 + r13) / 2
    let below = 2 * ((count - 1) / (count - 3)) * determinant + mean * mean * pow(1 - r23, 3)
    let square = (count - 1) * (1 + r23) / below
    guard below > 0, square > 0, square.isFinite else { return .undefined(.degenerate) }
    return .student((r12 - r13) * square.squareRoot(), count - 3)
  }

  /// Steiger's Z for the same question: Fisher z of both correlations with the covariance at
  /// their mean (Steiger 1980, eq. 14); normal.
  public static func steiger(
    r12: Double, r13: Double, r23: Double, n: Int
  ) -> Outcome<TestStatistic> {
    guard n > 3 else { return .undefined(.tooFewRows) }
    let mean = (r12 + r13) / 2
    let free = 1 - mean * mean
    let psi = r23 * (1 - 2 * mean * mean) - 0.5 * mean * mean * (1 - 2 * mean * mean - r23 * r23)
    let variance = 2 - 2 * psi / (free * free)
    let z = (atanh(r12) - atanh(r13)) * (Double(n - 3) / variance).squareRoot()
    guard free > 0, variance > 0, z.isFinite else { return .undefined(.degenerate) }
    let p = Distributions.normalTwoSided(z)
    return .value(TestStatistic(statistic: z, degreesOfFreedom: .infinity, p: p))
  }

  /// Hedges' g: the difference of means in pooled standard deviations with the exact small-sample
  /// factor Γ(m/2) / (√(m/2) Γ((m - 1)/2)), m = n₁ + n₂ - 2 (Hedges 1981).
  public static func hedgesG(_ a: [Double], _ b: [Double]) -> Figure {
    let (x, y) = (SampleMoments(a), SampleMoments(b))
    guard x.count > 0, y.count > 0, x.count + y.count > 3 else { return .undefined(.tooFewRows) }
    let m = x.count + y.count - 2
    let pooled = (x.sumSquares + y.sumSquares) / m
    guard pooled > 0 else { return .undefined(.degenerate) }
    let factor = exp(
      Distributions.logGamma(m / 2) - Distributions.logGamma((m - 1) / 2) - 0.5 * log(m / 2))
    return .finite(factor * (x.mean - y.mean) / pooled.squareRoot())
  }
}

extension Outcome where Value == TestStatistic {
  fileprivate static func student(_ t: Double, _ df: Double) -> Self {
    guard t.isFinite, df > 0 else { return .undefined(.degenerate) }
    let p = Distributions.studentTwoSided(t, df: df)
    return .value(TestStatistic(statistic: t, degreesOfFreedom: df, p: p))
  }
}

/// Adjusting p-values of one declared family.
public enum Adjustment: String, Sendable, Codable, CaseIterable, Hashable {
  /// Holm (1979): controls the chance of any false rejection, without assumptions.
  case holm
  /// Benjamini and Hochberg (1995): controls the expected share of false rejections.
  case benjaminiHochberg = "bh"

  /// Adjusted p-values in the order given, each in [0, 1]; an empty family stays empty.
  public func adjust(_ p: [Double]) -> [Double] {
    let m = p.count
    let order = p.indices.sorted { (p[$0], $0) < (p[$1], $1) }
    var adjusted = [Double](repeating: 0, count: m)
    switch self {
    case .holm:
      var floor = 0.0
      for (place, index) in order.enumerated() {
        floor = max(floor, min(1, Double(m - place) * p[index]))
        adjusted[index] = floor
      }
    case .benjaminiHochberg:
      var ceiling = 1.0
      for (place, index) in order.enumerated().reversed() {
        ceiling = min(ceiling, Double(m) / Double(place + 1) * p[index])
        adjusted[index] = ceiling
      }
    }
    return adjusted
  }
}
