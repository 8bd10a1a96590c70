import Basics
import Glibc

/// How well normal distributions that were predicted for rows fit the rows' labels.
///
/// With means μ, SDs σ and labels y of n rows:
///
/// - negative log likelihood: the mean of ½·(ln 2πσ² + (y - μ)²/σ²);
/// - calibration error: the mean over p = .05, .10, …, .95 of |share of the labels inside the central
///   interval of probability p - p|, where the interval is μ ± z·σ with z the normal quantile of
///   (1 + p)/2. The levels are those of the calibration plots of Kuleshov, Fenner and Ermon 2018
///   (arXiv 1807.00263), for central intervals and with absolute in place of squared differences;
/// - coverage: the share of the labels inside the central interval of probability .95.
///
/// A calibrated forecast has a calibration error near 0 and a coverage near .95, and says nothing about
/// how sharp it is: the SD of all labels around their mean is calibrated too. The likelihood rewards
/// both.
public struct Calibration: Hashable, Sendable, Codable {
  public var negativeLogLikelihood, calibrationError, coverage: Double
  /// The mean of the predicted SDs.
  public var meanSD: Double
  /// Rows.
  public var n: Int

  /// The probabilities of the intervals of the calibration error.
  public static let levels = (1...19).map { Double($0) / 20 }
  /// That of the interval of the coverage.
  public static let level = 0.95

  /// Of numbers of one length, in any order of rows. Nil without rows, where an SD is not above 0, and
  /// where a number is not finite.
  public init?(means: [Double], sds: [Double], labels: [Double]) {
    precondition(means.count == sds.count && means.count == labels.count, "three numbers a row")
    guard !means.isEmpty, sds.allSatisfy({ $0 > 0 }) else { return nil }
    n = means.count
    var (likelihood, sum) = (0.0, 0.0)
    var distances: [Double] = []
    distances.reserveCapacity(n)
    for row in 0..<n {
      let z = (labels[row] - means[row]) / sds[row]
      likelihood += 0.5 * (log(2 * Double.pi) + z * z) + log(sds[row])
      sum += sds[row]
      distances.append(abs(z))
    }
    guard likelihood.isFinite, sum.isFinite else { return nil }
    distances.sort()
    let rows = Double(n)
    /// The share of the labels inside the central interval of probability `p`.
    func inside(_ p: Double) -> Double {
      let width = Distributions.normalQuantile((1 + p) / 2)
      return Double(distances.prefix { $0 <= width }.count) / rows
    }
    (negativeLogLikelihood, meanSD) = (likelihood / rows, sum / rows)
    coverage = inside(Self.level)
    calibrationError =
      Self.levels.reduce(0) { $0 + abs(inside($1) - $1) } / Double(Self.levels.count)
  }
}

extension Calibration: CustomStringConvertible {
  /// Every figure.
  public static var figures: [WritableKeyPath<Calibration, Double>] {
    [\.negativeLogLikelihood, \.calibrationError, \.coverage, \.meanSD]
  }

  /// The mean of each figure over `all`, at least one, such as those of several seeds.
  public static func mean(of all: [Calibration]) -> Calibration {
    precondition(!all.isEmpty, "a calibration")
    var mean = all[0]
    for figure in figures {
      mean[keyPath: figure] = all.reduce(0) { $0 + $1[keyPath: figure] } / Double(all.count)
    }
    return mean
  }

  /// Every figure in words, for a line of text.
  public var description: String {
    let (percent, error) = (
      Rounding.text(100 * coverage, decimals: 1), Rounding.text(calibrationError, decimals: 3)
    )
    return "95% intervals cover \(percent)%, calibration error \(error), negative log likelihood "
      + "\(Rounding.text(negativeLogLikelihood, decimals: 3)), mean SD "
      + Rounding.text(meanSD, decimals: 3)
  }
}
