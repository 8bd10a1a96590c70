/// The maximum of a ``TwoRaterLikelihood``: steps of EM, then quasi-Newton steps.
///
/// EM alone creeps where a variance is nearly 0 or two effects are nearly one. BFGS (Nocedal and
/// Wright 2006, *Numerical Optimization*, algorithm 6.1) on the Cholesky factors of B and W, in units
/// of the rows' standard deviations, does not: the likelihood is even and smooth where a factor's
/// diagonal is 0, so that a variance of 0 is a maximum like another.
struct TwoRaterSearch {
  let statistics: TwoRaterStatistics
  let isRestricted: Bool
  private let scales: LabelPair
  private(set) var best: TwoRaterLikelihood
  private(set) var steps = 0
  private(set) var converged = false

  /// Steps of EM before the others begin.
  private static let emSteps = 10
  /// The search ends where a Newton step would raise ln L by less.
  private static let tolerance = 1e-11

  /// - Parameter start: a B and W near the maximum; without, EM begins at the moment estimates.
  init(
    _ statistics: TwoRaterStatistics, isRestricted: Bool, maxSteps: Int,
    start: (between: PairCovariance, within: PairCovariance)?
  ) {
    let (between, within) = start ?? statistics.momentEstimates
    (self.statistics, self.isRestricted) = (statistics, isRestricted)
    scales = LabelPair(
      label: (statistics.scatter.yy / statistics.degrees).squareRoot(),
      rating: (statistics.scatter.ll / statistics.degrees).squareRoot())
    best = TwoRaterLikelihood(
      statistics, between: between, within: within, isRestricted: isRestricted)
    // From a factor of exactly 0 no slope leads away.
    let factors = Factors(best, scales).awayFromZero
    best = likelihood(factors.parts)
    if start == nil {
      for _ in 0..<Self.emSteps {
        let next = best.step(statistics)
        best = TwoRaterLikelihood(
          statistics, between: next.between, within: next.within, isRestricted: isRestricted)
        steps += 1
      }
    }
    climb(maxSteps)
  }

  private func likelihood(_ parts: [Double]) -> TwoRaterLikelihood {
    let factors = Factors(parts)
    return TwoRaterLikelihood(
      statistics, between: factors.covariance(0, scales), within: factors.covariance(3, scales),
      isRestricted: isRestricted)
  }

  private mutating func climb(_ maxSteps: Int) {
    var place = Factors(best, scales).parts
    var slope = Factors(place).slope(best, scales)
    var inverse = startingInverse
    while steps < maxSteps {
      var direction = Self.product(inverse, slope)
      var gain = Self.dot(direction, slope)
      if !(gain > 0) {
        inverse = startingInverse
        direction = Self.product(inverse, slope)
        gain = Self.dot(direction, slope)
      }
      if gain < 2 * Self.tolerance {
        converged = true
        return
      }
      var length = 1.0
      var next = place
      var reached = best
      // Armijo's rule; a step into an indefinite W has no likelihood and is halved too.
      repeat {
        for k in 0..<6 { next[k] = place[k] + length * direction[k] }
        reached = likelihood(next)
        steps += 1
        if reached.value >= best.value + 1e-4 * length * gain { break }
        length /= 2
      } while length > 1e-10
      guard reached.value > best.value else {
        // Rounding hides what is left to gain.
        converged = gain < 1e-6
        return
      }
      let nextSlope = Factors(next).slope(reached, scales)
      update(&inverse, from: place, to: next, slope, nextSlope)
      (place, slope, best) = (next, nextSlope, reached)
    }
  }

  /// About the inverse of the information on each factor.
  private var startingInverse: [Double] {
    var matrix = [Double](repeating: 0, count: 36)
    for k in 0..<6 { matrix[7 * k] = 0.5 / (k < 3 ? statistics.persons : statistics.rows) }
    return matrix
  }

  /// BFGS's update of the inverse of minus the Hessian.
  private func update(
    _ inverse: inout [Double], from a: [Double], to b: [Double], _ slopeA: [Double],
    _ slopeB: [Double]
  ) {
    var s = a, y = a
    for k in 0..<6 {
      s[k] = b[k] - a[k]
      y[k] = slopeA[k] - slopeB[k]
    }
    let curvature = Self.dot(s, y)
    guard curvature > 0 else { return }
    let hy = Self.product(inverse, y)
    let factor = (1 + Self.dot(y, hy) / curvature) / curvature
    for i in 0..<6 {
      for j in 0..<6 {
        inverse[6 * i + j] += factor * s[i] * s[j] - (hy[i] * s[j] + s[i] * hy[j]) / curvature
      }
    }
  }

  private static func product(_ matrix: [Double], _ x: [Double]) -> [Double] {
    var out = x
    for i in 0..<6 {
      var sum = 0.0
      for j in 0..<6 { sum += matrix[6 * i + j] * x[j] }
      out[i] = sum
    }
    return out
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for k in 0..<6 { sum += a[k] * b[k] }
    return sum
  }
}

/// The lower Cholesky factors of B and of W: (x, below, z) each, in units of the rows' standard
/// deviations.
private struct Factors {
  var parts: [Double]

  init(_ parts: [Double]) { self.parts = parts }

  init(_ likelihood: TwoRaterLikelihood, _ scales: LabelPair) {
    parts = []
    for s in [likelihood.between, likelihood.within] {
      let x = max(0, s.yy).squareRoot() / scales.label
      let below = x > 0 ? s.yl / (x * scales.label * scales.rating) : 0
      let rest = s.ll / (scales.rating * scales.rating) - below * below
      parts += [x, below, max(0, rest).squareRoot()]
    }
  }

  /// The same with the diagonal of B's factor a twentieth of a standard deviation at least.
  var awayFromZero: Factors {
    var others = self
    others.parts[0] = max(0.05, parts[0])
    others.parts[2] = max(0.05, parts[2])
    return others
  }

  /// B for `first` 0, W for 3.
  func covariance(_ first: Int, _ scales: LabelPair) -> PairCovariance {
    let (x, below, z) = (parts[first], parts[first + 1], parts[first + 2])
    return PairCovariance(
      yy: x * x * scales.label * scales.label, yl: x * below * scales.label * scales.rating,
      ll: (below * below + z * z) * scales.rating * scales.rating)
  }

  /// Slopes of ln L along the parts: with S = LLᵀ, d tr(G S) = 2 Σ (GL)_kl dL_kl.
  func slope(_ likelihood: TwoRaterLikelihood, _ scales: LabelPair) -> [Double] {
    var out = parts
    for (first, g) in [(0, likelihood.slopeBetween), (3, likelihood.slopeWithin)] {
      let (x, below, z) = (parts[first], parts[first + 1], parts[first + 2])
      let yy = g.yy * scales.label * scales.label
      let yl = g.yl * scales.label * scales.rating
      let ll = g.ll * scales.rating * scales.rating
      out[first] = 2 * (yy * x + yl * below)
      out[first + 1] = 2 * (yl * x + ll * below)
      out[first + 2] = 2 * ll * z
    }
    return out
  }
}
