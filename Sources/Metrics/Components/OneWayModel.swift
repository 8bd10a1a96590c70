import Glibc

/// Labels of one rater with effects of the person who wrote the row:
///
///     y_ij = μ + u_i + w_ij,   u_i ~ N(0, B),   w_ij ~ N(0, W),
///
/// the one-way random-effects model, fitted by REML (Patterson and Thompson 1971, Biometrika 58:545;
/// Searle, Casella and McCulloch 1992, *Variance Components*, chapter 3). With the ratio λ = B/W,
/// v_i = n_i/(1 + n_iλ) and μ = Σ v_i ȳ_i / Σ v_i the restricted likelihood is, but for a constant,
///
///     -2 ln L(λ) = (N - 1) ln W + Σ_i ln(1 + n_iλ) + ln Σ_i v_i,
///     W(λ) = [Σ_ij (y_ij - ȳ_i)² + Σ_i v_i (ȳ_i - μ)²] / (N - 1),
///
/// which is searched for its maximum over λ/(1 + λ), the share of the variance between persons:
/// first on a grid, then by golden sections about the best place, 0 among them.
public struct OneWayModel: Sendable, Hashable {
  /// μ.
  public let mean: Double
  /// B, between persons, and W, of the rows of a person.
  public let between, within: Double

  /// Fits the model to the labels of `sample`, whose clusters are the persons.
  ///
  /// Undefined for fewer than 3 persons, where no person has two rows, and where labels do not vary
  /// within persons.
  public static func fit(_ sample: ClusteredSample) -> Outcome<OneWayModel> {
    guard sample.count > 0 else { return .undefined(.noRows) }
    guard sample.clusterCount > 2 else { return .undefined(.tooFewClusters) }
    guard sample.count > sample.clusterCount else { return .undefined(.tooFewRepeats) }
    let sums = OneWaySums(sample)
    guard sums.scatter > 0 else { return .undefined(.noVarianceWithin) }
    let steps = 64
    var best = 0, least = Double.infinity
    for step in 0..<steps {
      let deviance = sums.deviance(share: Double(step) / Double(steps))
      if deviance < least { (best, least) = (step, deviance) }
    }
    var low = Double(max(0, best - 1)) / Double(steps)
    var high = min(1 - 1e-9, Double(best + 1) / Double(steps))
    let section = (5.0.squareRoot() - 1) / 2
    // 80 sections narrow 1/32 to the last bit of a Double.
    for _ in 0..<80 where high - low > 1e-14 {
      let (a, b) = (high - section * (high - low), low + section * (high - low))
      if sums.deviance(share: a) <= sums.deviance(share: b) { high = b } else { low = a }
    }
    // Where the maximum is at 0, sections only come near it.
    let share =
      sums.deviance(share: 0) <= sums.deviance(share: (low + high) / 2) ? 0 : (low + high) / 2
    let (mean, within) = sums.estimates(ratio: share / (1 - share))
    return .value(
      OneWayModel(
        mean: sums.centre + mean, between: within * share / (1 - share), within: within))
  }

  /// Best linear predictions û_i = B/(B + W/n_i) (ȳ_i - μ) of the persons' effects, a number a cluster
  /// of `sample`, with μ, B and W as fitted.
  public func personEffects(of sample: ClusteredSample) -> [Double] {
    let sums = OneWaySums(sample)
    return sums.sizes.indices.map { person in
      let size = sums.sizes[person]
      guard size > 0 else { return 0 }
      return between / (between + within / size) * (sums.centre + sums.means[person] - mean)
    }
  }
}

/// Sizes and means of persons, the latter less `centre`, and the scatter of rows about them.
private struct OneWaySums {
  let centre: Double
  private(set) var sizes, means: [Double]
  private(set) var scatter = 0.0

  init(_ sample: ClusteredSample) {
    centre = sample.centre
    sizes = [Double](repeating: 0, count: sample.clusterCount)
    means = sizes
    for row in 0..<sample.count {
      sizes[sample.clusterOfRow[row]] += 1
      means[sample.clusterOfRow[row]] += sample.gold[row] - centre
    }
    for person in sizes.indices where sizes[person] > 0 { means[person] /= sizes[person] }
    for row in 0..<sample.count {
      let d = sample.gold[row] - centre - means[sample.clusterOfRow[row]]
      scatter += d * d
    }
  }

  private var rows: Double { sizes.reduce(0, +) }

  /// μ less `centre`, and W, at λ = `ratio`.
  func estimates(ratio: Double) -> (mean: Double, within: Double) {
    var (weights, weighted) = (0.0, 0.0)
    for person in sizes.indices {
      let weight = sizes[person] / (1 + sizes[person] * ratio)
      weights += weight
      weighted += weight * means[person]
    }
    let mean = weighted / weights
    var squares = scatter
    for person in sizes.indices {
      let d = means[person] - mean
      squares += sizes[person] / (1 + sizes[person] * ratio) * d * d
    }
    return (mean, squares / (rows - 1))
  }

  /// -2 ln L where `share` of the variance, in [0, 1), lies between persons.
  func deviance(share: Double) -> Double {
    let ratio = share / (1 - share)
    var (logs, weights) = (0.0, 0.0)
    for person in sizes.indices {
      logs += log1p(sizes[person] * ratio)
      weights += sizes[person] / (1 + sizes[person] * ratio)
    }
    return (rows - 1) * log(estimates(ratio: ratio).within) + logs + log(weights)
  }
}
