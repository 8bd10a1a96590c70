import Basics
import Foundation
import Metrics

/// What an attacker believes of the standardised labels z, (n,): a normal distribution, N(0, 1) a
/// row to begin with, sharpened by every answer.
struct LabelPosterior {
  private(set) var mean: [Double]
  /// (n, n), row-major, symmetric.
  private var covariance: [Double]
  private let n: Int

  init(rows: Int) {
    n = rows
    mean = [Double](repeating: 0, count: rows)
    covariance = [Double](repeating: 0, count: rows * rows)
    for row in 0..<rows { covariance[row * rows + row] = 1 }
  }

  func variance(_ row: Int) -> Double { covariance[row * n + row] }

  func expectation(_ direction: [Double]) -> Double {
    zip(direction, mean).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Takes in that direction·z is `value`, but for an error of variance `noise`.
  mutating func observe(_ direction: [Double], equals value: Double, noise: Double) {
    let (gain, spread) = gain(direction)
    guard spread + noise > 0 else { return }
    let innovation = (value - expectation(direction)) / (spread + noise)
    update(gain, shift: innovation, shrink: 1 / (spread + noise))
  }

  /// Takes in whether direction·z exceeds `threshold`, which is known but for an error of variance
  /// `noise`: the moments of the truncated normal distribution replace those of the whole one.
  mutating func observe(
    _ direction: [Double], exceeds threshold: Double, is exceeded: Bool, noise: Double
  ) {
    let (gain, spread) = gain(direction)
    let scale = (spread + noise).squareRoot()
    guard scale > 0 else { return }
    let sign = exceeded ? 1.0 : -1.0
    let edge = sign * (threshold - expectation(direction)) / scale
    let tail = Distributions.normalCDF(-edge)
    guard tail > 1e-9 else { return }
    let ratio = exp(-edge * edge / 2) / (2 * Double.pi).squareRoot() / tail
    update(gain, shift: sign * ratio / scale, shrink: ratio * (ratio - edge) / (scale * scale))
  }

  /// Σ·direction, and the variance of direction·z.
  private func gain(_ direction: [Double]) -> ([Double], Double) {
    var gain = [Double](repeating: 0, count: n)
    for row in 0..<n where direction[row] != 0 {
      for column in 0..<n { gain[column] += direction[row] * covariance[row * n + column] }
    }
    return (gain, max(0, zip(direction, gain).reduce(0) { $0 + $1.0 * $1.1 }))
  }

  private mutating func update(_ gain: [Double], shift: Double, shrink: Double) {
    for row in 0..<n {
      mean[row] += gain[row] * shift
      let factor = gain[row] * shrink
      for column in 0..<n { covariance[row * n + column] -= factor * gain[column] }
    }
  }

  /// A draw of z, by Cholesky's factor of the covariance; what rounding made negative counts as 0.
  func draw(_ random: inout SplitMix64) -> [Double] {
    var factor = covariance
    var draw = mean
    let noise = (0..<n).map { _ in random.normal() }
    for j in 0..<n {
      var pivot = factor[j * n + j]
      for k in 0..<j { pivot -= factor[j * n + k] * factor[j * n + k] }
      let root = max(0, pivot).squareRoot()
      factor[j * n + j] = root
      for i in (j + 1)..<max(j + 1, n) {
        var sum = factor[i * n + j]
        for k in 0..<j { sum -= factor[i * n + k] * factor[j * n + k] }
        factor[i * n + j] = root > 1e-9 ? sum / root : 0
      }
      for k in 0...j { draw[j] += factor[j * n + k] * noise[k] }
    }
    return draw
  }
}

/// Mean and SD (over n) of the hidden labels, from released pairs of PCC and RMSE:
/// RMSE² = (mean x - mean y)² + var x + var y - 2·PCC·sd x·sd y.
struct LabelScale {
  var mean: Double
  var deviation: Double

  /// Least squares by Gauss and Newton, drawn towards what train says.
  static func fit(
    _ answers: [(submitted: [Double], pcc: Double, rmse: Double)], prior: ProbingPrior,
    roundingError: Double
  ) -> LabelScale {
    var scale = LabelScale(mean: prior.mean, deviation: prior.deviation)
    for _ in 0..<20 {
      var a = 1 / 0.09, b = 0.0, c = 1 / 0.04
      var u = (prior.mean - scale.mean) / 0.09, v = (prior.deviation - scale.deviation) / 0.04
      for answer in answers {
        let x = Standardised(answer.submitted)
        let distance = x.mean - scale.mean
        let expected =
          distance * distance + x.deviation * x.deviation + scale.deviation * scale.deviation
          - 2 * answer.pcc * x.deviation * scale.deviation
        let byMean = -2 * distance
        let byDeviation = 2 * scale.deviation - 2 * answer.pcc * x.deviation
        let error =
          max(1e-6, roundingError) * (2 * answer.rmse + 2 * x.deviation * scale.deviation)
        let weight = 1 / (error * error)
        let residual = answer.rmse * answer.rmse - expected
        a += weight * byMean * byMean
        b += weight * byMean * byDeviation
        c += weight * byDeviation * byDeviation
        u += weight * byMean * residual
        v += weight * byDeviation * residual
      }
      let determinant = a * c - b * b
      guard determinant > 0 else { break }
      scale.mean += (c * u - b * v) / determinant
      scale.deviation = max(0.1, scale.deviation + (a * v - b * u) / determinant)
    }
    return scale
  }
}

/// A submission as PCC sees it.
struct Standardised {
  let mean: Double
  /// Over n.
  let deviation: Double
  /// (x - mean)/(deviation·√n): PCC·√n is its product with the standardised labels.
  let unit: [Double]

  init(_ x: [Double]) {
    let n = Double(x.count)
    let mean = x.reduce(0, +) / n
    let deviation = (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot()
    self.mean = mean
    self.deviation = deviation
    unit = x.map { deviation > 0 ? ($0 - mean) / (deviation * n.squareRoot()) : 0 }
  }
}
