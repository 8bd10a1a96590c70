public import Basics
import Glibc
import Synchronization

/// The distribution functions that the tests need, to about 1e-12.
public enum Distributions {
  /// Standard normal P(Z <= z).
  public static func normalCDF(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

  /// Two-sided normal p-value P(|Z| >= |z|).
  static func normalTwoSided(_ z: Double) -> Double { erfc(abs(z) / 2.0.squareRoot()) }

  /// The z with P(Z <= z) = p; infinite at 0 and 1.
  ///
  /// Acklam's rational approximation (relative error 1.2e-9) and two steps of Halley's method.
  public static func normalQuantile(_ p: Double) -> Double {
    precondition((0...1).contains(p), "a probability lies in [0, 1]")
    return p > 0.5 ? -lowerNormalQuantile(1 - p) : lowerNormalQuantile(p)
  }

  private static func lowerNormalQuantile(_ p: Double) -> Double {
    guard p > 0 else { return -.infinity }
    var z: Double
    if p < 0.02425 {
      let q = (-2 * log(p)).squareRoot()
      z =
        (((((-7.784894002430293e-3 * q - 3.223964580411365e-1) * q - 2.400758277161838) * q
          - 2.549732539343734) * q + 4.374664141464968) * q + 2.938163982698783)
        / ((((7.784695709041462e-3 * q + 3.224671290700398e-1) * q + 2.445134137142996) * q
          + 3.754408661907416) * q + 1)
    } else {
      let q = p - 0.5, r = q * q
      z =
        (((((-3.969683028665376e1 * r + 2.209460984245205e2) * r - 2.759285104469687e2) * r
          + 1.383577518672690e2) * r - 3.066479806614716e1) * r + 2.506628277459239) * q
        / (((((-5.447609879822406e1 * r + 1.615858368580409e2) * r - 1.556989798598866e2) * r
          + 6.680131188771972e1) * r - 1.328068155288572e1) * r + 1)
    }
    for _ in 0..<2 {
      let error = normalCDF(z) - p
      let step = error * (2 * Double.pi).squareRoot() * exp(z * z / 2)
      z -= step / (1 + z * step / 2)
    }
    return z
  }

  /// Two-sided p-value P(|T| >= |t|) of Student's t; `df` > 0, fractions allowed.
  public static func studentTwoSided(_ t: Double, df: Double) -> Double {
    guard !t.isNaN else { return .nan }
    guard t.isFinite else { return 0 }
    let square = t * t
    return incompleteBeta(df / 2, 0.5, x: df / (df + square), complement: square / (df + square))
  }

  /// The t with P(T <= t) = p, by safeguarded Newton steps.
  public static func studentQuantile(_ p: Double, df: Double) -> Double {
    precondition(p > 0 && p < 1 && df > 0, "p in (0, 1), df > 0")
    if p == 0.5 { return 0 }
    if let known = knownQuantiles.withLock({ $0[[p, df]] }) { return known }
    let quantile = solvedStudentQuantile(p, df)
    knownQuantiles.withLock { known in
      if known.count >= 256 { known = [:] }
      known[[p, df]] = quantile
    }
    return quantile
  }

  /// Solving takes 20 µs, and every interval of a split asks for the same quantile.
  private static let knownQuantiles = Mutex<[[Double]: Double]>([:])

  private static func solvedStudentQuantile(_ p: Double, _ df: Double) -> Double {
    let tail = min(p, 1 - p)
    // Bracket the positive quantile: P(T > t) falls from 1/2 to 0.
    var low = 0.0, high = 1.0
    while studentTwoSided(high, df: df) / 2 > tail, high < 1e300 { (low, high) = (high, high * 4) }
    var t = min(high, max(low, -normalQuantile(tail)))
    let logScale = logGamma((df + 1) / 2) - logGamma(df / 2) - 0.5 * log(df * .pi)
    for _ in 0..<200 {
      let excess = studentTwoSided(t, df: df) / 2 - tail
      if excess > 0 { low = t } else { high = t }
      let density = exp(logScale - (df + 1) / 2 * log1p(t * t / df))
      var next = t + excess / density
      if !(next > low && next < high) { next = (low + high) / 2 }
      if abs(next - t) <= 4 * t.ulp { break }
      t = next
    }
    return p < 0.5 ? -t : t
  }

  /// P(F >= f) of Fisher's F with (d1, d2) degrees of freedom.
  public static func fisherUpper(_ f: Double, _ d1: Double, _ d2: Double) -> Double {
    guard f > 0 else { return 1 }
    guard f.isFinite else { return 0 }
    let scale = d2 + d1 * f
    return incompleteBeta(d2 / 2, d1 / 2, x: d2 / scale, complement: d1 * f / scale)
  }

  /// Regularised incomplete beta I_x(a, b) by Lentz's continued fraction (DLMF 8.17.22).
  /// - Parameter complement: 1 - x, passed in so that neither end loses digits.
  private static func incompleteBeta(
    _ a: Double, _ b: Double, x: Double, complement: Double
  ) -> Double {
    guard x > 0 else { return 0 }
    guard complement > 0 else { return 1 }
    let front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log(complement))
    if x < (a + 1) / (a + b + 2) { return front * betaFraction(a, b, x) / a }
    return 1 - front * betaFraction(b, a, complement) / b
  }

  private static func betaFraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
    let tiny = 1e-300
    var c = 1.0
    var d = 1 - (a + b) * x / (a + 1)
    d = 1 / (abs(d) < tiny ? tiny : d)
    var result = d
    for m in 1...10_000 {
      let k = Double(m)
      for term in [
        k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)),
        -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1)),
      ] {
        d = 1 + term * d
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = 1 + term / c
        if abs(c) < tiny { c = tiny }
        result *= c * d
      }
      if abs(c * d - 1) < 1e-16 { break }
    }
    return result
  }

  /// ln Γ(x) for x > 0.
  static func logGamma(_ x: Double) -> Double {
    var sign: Int32 = 0
    return lgamma_r(x, &sign)
  }
}

/// What a stream of random numbers is for; two purposes never share draws.
public enum RandomStream: UInt64, Sendable {
  case bootstrap = 1, swap, groups, power, simulation, substitution, rows
}

/// A replicate owns a fixed range of a stream's draws and depends on nothing beside it.
extension SplitMix64 {
  public init(seed: UInt64, stream: RandomStream) {
    let key = Self.mix(seed &+ Self.gamma) ^ (stream.rawValue &* 0xD1B5_4A32_D192_ED03)
    self.init(seed: Self.mix(key))
  }

  /// The next standard normal number, by inversion.
  public mutating func normal() -> Double { Distributions.normalQuantile(uniformInside()) }
}
