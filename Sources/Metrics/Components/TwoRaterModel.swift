/// Two raters of the same rows, each with effects of the person who wrote the row.
///
/// Row j of person i has a label y and a rating l, and
///
///     z_ij = (y_ij, l_ij) = μ + u_i + w_ij,   u_i ~ N(0, B),   w_ij ~ N(0, W),
///
/// a multivariate mixed model of one random effect (Searle, Casella and McCulloch 1992, *Variance
/// Components*, chapter 11). It is fitted by EM (Dempster, Laird and Rubin 1977), for REML in the
/// form of Laird and Ware (1982, Biometrics 38:963). With Q_i = (B + W/n_i)⁻¹, C = (ΣQ_i)⁻¹,
/// μ = CΣQ_i z̄_i, D_i = BQ_i, û_i = D_i(z̄_i - μ), V_i = B - D_iB, E_i = I - D_i,
/// r_ij = z_ij - μ - û_i and K persons with N rows:
///
///     B ← 1/K Σ_i [û_iû_iᵀ + V_i + D_iCD_iᵀ]
///     W ← 1/N [Σ_ij r_ijr_ijᵀ + Σ_i n_i(V_i + E_iCE_iᵀ)]
///
/// where C is 0 in both lines for ML. Persons with equally many rows share Q, so that a step takes
/// as long as there are different numbers of rows. The last steps are quasi-Newton, since EM creeps
/// where a variance is nearly 0.
public struct TwoRaterModel: Sendable, Hashable {
  /// How variances are estimated.
  public enum Method: String, Sendable, Codable, CaseIterable {
    /// Restricted maximum likelihood: allows for the estimation of μ.
    case reml
    /// Maximum likelihood.
    case ml
  }

  public let method: Method
  /// μ.
  public let mean: LabelPair
  /// B, the covariance between persons, and W, the covariance of the rows of a person.
  public let between, within: PairCovariance
  /// The logarithm of the (restricted) likelihood, with all constants.
  public let logLikelihood: Double
  /// Steps that were taken.
  public let iterations: Int
  /// False where the steps ran out first.
  public let converged: Bool

  /// Most steps of a fit.
  public static let maxIterations = 500

  /// Fits the model.
  /// - Parameter start: a fit of similar data, from which fewer steps are needed.
  /// - Returns: undefined with no rows, fewer than 3 persons, fewer than 3 rows more than persons,
  ///   or where labels or ratings do not vary, or vary as one, within the persons.
  public static func fit(
    _ sample: TwoRaterSample, method: Method = .reml, start: TwoRaterModel? = nil
  ) -> Outcome<TwoRaterModel> {
    fit(TwoRaterStatistics(sample), centre: sample.centre, method: method, start: start)
  }

  private static func fit(
    _ statistics: TwoRaterStatistics, centre: LabelPair, method: Method, start: TwoRaterModel?
  ) -> Outcome<TwoRaterModel> {
    if let reason = statistics.obstacle { return .undefined(reason) }
    let search = TwoRaterSearch(
      statistics, isRestricted: method == .reml, maxSteps: maxIterations,
      start: start.map { ($0.between, $0.within) })
    let (best, found) = (search.best, search.best.mean)
    return .value(
      TwoRaterModel(
        method: method,
        mean: LabelPair(label: centre.label + found.label, rating: centre.rating + found.rating),
        between: best.between, within: best.within, logLikelihood: best.value,
        iterations: search.steps, converged: search.converged))
  }

  /// The model without each person of `sample` in turn, (K,), each started from this fit.
  public func withoutEachPerson(of sample: TwoRaterSample) -> [Outcome<TwoRaterModel>] {
    let all = TwoRaterStatistics(sample)
    var fits: [Outcome<TwoRaterModel>] = []
    fits.reserveCapacity(sample.personCount)
    for person in 0..<sample.personCount {
      fits.append(
        Self.fit(
          all.without(person, of: sample), centre: sample.centre, method: method, start: self))
    }
    return fits
  }

  // MARK: Correlations

  /// Correlation of label and rating within persons, W_yl / √(W_yy W_ll).
  public var withinCorrelation: Double { within.correlation }

  /// The share of the variance that must lie between persons for a latent correlation.
  public static let leastShare = 1e-3

  /// Correlation of the persons' true means, which no number of rows would change,
  /// B_yl / √(B_yy B_ll).
  ///
  /// Undefined where less than a thousandth of the variance of labels or ratings lies between
  /// persons.
  public var latentCorrelation: Figure {
    let hasLabels = between.yy >= Self.leastShare * (between.yy + within.yy)
    let hasRatings = between.ll >= Self.leastShare * (between.ll + within.ll)
    return hasLabels && hasRatings ? .value(between.correlation) : .undefined(.noVarianceBetween)
  }

  // MARK: Predictions

  /// Best linear predictions û_i of the persons' effects, (K,), in the numbering of `sample`.
  public func personEffects(of sample: TwoRaterSample) -> [LabelPair] {
    var effects: [LabelPair] = []
    effects.reserveCapacity(sample.personCount)
    for person in 0..<sample.personCount {
      let d = precision(sample.sizes[person]).times(deviation(person, sample))
      effects.append(between.times(d))
    }
    return effects
  }

  /// The estimate of the true score behind each row's label, (N,), on the scale of the labels.
  ///
  /// The true score is t_ij = μ_y + a_i + b_ij with variances τ² between and σ² within persons, and
  /// both raters see it, the label as it is and the rating times λ, with errors of their own. Then
  /// W_yl = λσ² and B_yl = λτ², and the best linear prediction is
  ///
  ///     t̂_ij = μ_y + (τ² + σ²/n_i) cᵀQ_i(z̄_i - μ) + σ² cᵀW⁻¹(z_ij - z̄_i),   c = (1, λ).
  ///
  /// Two raters do not tell λ. A negative covariance counts as 0: the raters share nothing there.
  /// Nothing holds the estimates within the labels' range.
  /// - Parameter ratingScale: λ, above 0.
  public func trueScores(of sample: TwoRaterSample, ratingScale: Double = 1) -> [Double] {
    precondition(ratingScale > 0, "a scale above 0")
    let c = LabelPair(label: 1, rating: ratingScale)
    let sigma = max(0, within.yl) / ratingScale
    let tau = max(0, between.yl) / ratingScale
    let rows = within.inverse.times(c)
    var levels: [Double] = []
    levels.reserveCapacity(sample.personCount)
    for person in 0..<sample.personCount {
      let size = sample.sizes[person]
      let d = precision(size).times(deviation(person, sample))
      let own = (tau + sigma / Double(size)) * (c.label * d.label + c.rating * d.rating)
      levels.append(mean.label + own)
    }
    var scores: [Double] = []
    scores.reserveCapacity(sample.count)
    for row in 0..<sample.count {
      let person = sample.personOfRow[row]
      let y = sample.labels[row] - sample.centre.label - sample.means[person].label
      let l = sample.ratings[row] - sample.centre.rating - sample.means[person].rating
      scores.append(levels[person] + sigma * (rows.label * y + rows.rating * l))
    }
    return scores
  }

  /// Q of a person with `size` rows.
  private func precision(_ size: Int) -> PairCovariance {
    between.precision(within, size: Double(size))
  }

  /// z̄_i - μ.
  private func deviation(_ person: Int, _ sample: TwoRaterSample) -> LabelPair {
    LabelPair(
      label: sample.means[person].label + (sample.centre.label - mean.label),
      rating: sample.means[person].rating + (sample.centre.rating - mean.rating))
  }
}
