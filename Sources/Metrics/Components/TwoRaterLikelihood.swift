import Glibc

/// The (restricted) likelihood of a ``TwoRaterModel``, whose symbols it uses, at one B and W, with
/// its slopes.
struct TwoRaterLikelihood {
  let between, within: PairCovariance
  /// μ, about the sample's centre.
  let mean: LabelPair
  /// ln L, with all constants.
  let value: Double
  /// G with d ln L = tr(G dB), and the same for W:
  ///
  ///     G_B = -½ Σ_i [Q_i - Q_i(z̄_i - μ)(z̄_i - μ)ᵀQ_i - Q_iCQ_i],
  ///     G_W = -½ ((N - K)W⁻¹ - W⁻¹SW⁻¹ + Σ_i 1/n_i [the same]),   S the scatter within persons.
  let slopeBetween, slopeWithin: PairCovariance

  init(
    _ statistics: TwoRaterStatistics, between: PairCovariance, within: PairCovariance,
    isRestricted: Bool
  ) {
    let degrees = statistics.degrees, scatter = statistics.scatter
    var information = PairCovariance.zero
    var weighted = LabelPair(label: 0, rating: 0)
    for group in statistics.groups where group.persons > 0.5 {
      let q = between.precision(within, size: group.size)
      information.add(q, weight: group.persons)
      let d = q.times(group.sum)
      weighted.label += d.label
      weighted.rating += d.rating
    }
    let c = information.inverse
    let mean = c.times(weighted)
    let inverse = within.inverse
    var deviance =
      degrees * log(within.determinant)
      + inverse.yy * scatter.yy + 2 * inverse.yl * scatter.yl + inverse.ll * scatter.ll
      + 2 * (statistics.rows - (isRestricted ? 1 : 0)) * log(2 * Double.pi)
    if isRestricted { deviance += log(information.determinant) }
    var slopeBetween = PairCovariance.zero
    var slopeWithin = PairCovariance.zero
    slopeWithin.add(inverse, weight: -degrees / 2)
    slopeWithin.add(inverse.around(scatter), weight: 0.5)
    for group in statistics.groups where group.persons > 0.5 {
      let k = group.persons
      let q = between.precision(within, size: group.size)
      var spread = group.spread(about: mean)
      deviance += k * (2 * log(group.size) - log(q.determinant))
      deviance += q.yy * spread.yy + 2 * q.yl * spread.yl + q.ll * spread.ll
      if isRestricted { spread.add(c, weight: k) }
      var slope = PairCovariance.zero
      slope.add(q, weight: -k / 2)
      slope.add(q.around(spread), weight: 0.5)
      slopeBetween.add(slope)
      slopeWithin.add(slope, weight: 1 / group.size)
    }
    (self.between, self.within, self.mean) = (between, within, mean)
    value = -deviance / 2
    (self.slopeBetween, self.slopeWithin) = (slopeBetween, slopeWithin)
  }

  /// Where a step of EM leads. The M step is B ← B + 2/K B G_B B and W ← W + 2/N W G_W W (Fisher's
  /// identity), which is the sum that ``TwoRaterModel`` states.
  func step(_ statistics: TwoRaterStatistics) -> (between: PairCovariance, within: PairCovariance) {
    var (b, w) = (between, within)
    b.add(between.around(slopeBetween), weight: 2 / statistics.persons)
    w.add(within.around(slopeWithin), weight: 2 / statistics.rows)
    return (b, w)
  }
}

extension PairCovariance {
  func times(_ x: LabelPair) -> LabelPair {
    LabelPair(label: yy * x.label + yl * x.rating, rating: yl * x.label + ll * x.rating)
  }

  /// M p M, with M this matrix.
  func around(_ p: PairCovariance) -> PairCovariance {
    let (a, b) = (yy * p.yy + yl * p.yl, yy * p.yl + yl * p.ll)
    let (c, d) = (yl * p.yy + ll * p.yl, yl * p.yl + ll * p.ll)
    return PairCovariance(yy: a * yy + b * yl, yl: a * yl + b * ll, ll: c * yl + d * ll)
  }

  /// Q = (B + W/n)⁻¹, with B this matrix.
  func precision(_ within: PairCovariance, size: Double) -> PairCovariance {
    var covariance = self
    covariance.add(within, weight: 1 / size)
    return covariance.inverse
  }
}

extension TwoRaterStatistics {
  /// B and W from mean squares (Searle, Casella and McCulloch 1992, section 11.7), which for equally
  /// many rows a person are the REML estimates; half of W where that B is not positive definite.
  var momentEstimates: (between: PairCovariance, within: PairCovariance) {
    var within = PairCovariance.zero
    within.add(scatter, weight: 1 / degrees)
    var total = LabelPair(label: 0, rating: 0)
    var squares = 0.0
    var products = PairCovariance.zero
    for group in groups {
      total.label += group.size * group.sum.label
      total.rating += group.size * group.sum.rating
      squares += group.persons * group.size * group.size
      products.add(group.products, weight: group.size)
    }
    products.add(total, weight: -1 / rows)
    let size = (rows - squares / rows) / (persons - 1)
    var between = PairCovariance.zero
    between.add(products, weight: 1 / (size * (persons - 1)))
    between.add(within, weight: -1 / size)
    let isPositive =
      between.yy > 0.01 * within.yy && between.ll > 0.01 * within.ll
      && between.determinant > 0.01 * between.yy * between.ll
    if isPositive { return (between, within) }
    between = .zero
    between.add(within, weight: 0.5)
    return (between, within)
  }
}
