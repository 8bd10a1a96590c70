/// How labels and ratings of the same rows correlate within and between the persons who wrote them,
/// with intervals by the jackknife over persons.
public struct PersonCorrelations: Sendable, Hashable {
  /// A correlation and its interval: Fisher's z, t on G_eff - 1 degrees of freedom.
  public struct Estimate: Sendable, Hashable {
    public let figure: Figure
    public let interval: Outcome<Interval>
  }

  /// Of the rows about their persons' means, pooled: Σ(y - ȳ_i)(l - l̄_i) / √(Σ(y - ȳ_i)² Σ(l - l̄_i)²).
  public let within: Estimate
  /// Of the persons' means, each counted once.
  public let means: Estimate
  /// Of the persons' means, weighted by their rows.
  public let weightedMeans: Estimate
  /// Of the persons' true means: ``TwoRaterModel/latentCorrelation``, corrected for what means of
  /// few rows do not tell. A correlation of 1 or -1 lies at the end of what the data allow and has
  /// no interval.
  public let latent: Estimate

  /// - Parameter level: nominal coverage of the intervals, in (0, 1).
  public init(_ sample: TwoRaterSample, level: Double = 0.95) {
    let clusters = ClusteredSample(gold: sample.labels, clusters: sample.personOfRow)
    let all = TwoRaterStatistics(sample)
    let model = TwoRaterModel.fit(sample).flatMap { fit in
      fit.converged ? .value(fit) : Outcome<TwoRaterModel>.undefined(.notConverged)
    }
    let fits = model.value?.withoutEachPerson(of: sample) ?? []
    let others = (0..<sample.personCount).map { all.without($0, of: sample) }
    func estimate(_ figure: Figure, _ without: [Figure]) -> Estimate {
      Estimate(
        figure: figure,
        interval: figure.flatMap { clusters.jackknifeInterval($0, without, level: level) })
    }
    within = estimate(all.withinCorrelation, others.map(\.withinCorrelation))
    means = estimate(
      all.meansCorrelation(weighted: false), others.map { $0.meansCorrelation(weighted: false) })
    weightedMeans = estimate(
      all.meansCorrelation(weighted: true), others.map { $0.meansCorrelation(weighted: true) })
    latent = estimate(
      model.flatMap(\.latentCorrelation), fits.map { $0.flatMap(\.latentCorrelation) })
  }
}

extension ClusteredSample {
  /// The interval of a correlation from its values without each cluster in turn.
  func jackknifeInterval(
    _ point: Double, _ without: [Figure], level: Double
  ) -> Outcome<Interval> {
    if let obstacle { return .undefined(obstacle) }
    // At the end of the range a jackknife measures how the maximum was approached.
    let isAtEnd = { (value: Double) in abs(value) > 1 - 1e-6 }
    if isAtEnd(point) { return .undefined(.atLimit) }
    let values = without.compactMap(\.value)
    guard values.count == without.count, !values.contains(where: isAtEnd) else {
      return .undefined(.undefinedWithoutCluster)
    }
    let variance = SampleMoments(values.map(Metric.pcc.stabilised)).jackknifeVariance
    return studentInterval(.pcc, point, variance, level)
  }
}

extension TwoRaterStatistics {
  fileprivate var withinCorrelation: Figure {
    if rows < 2 { return .undefined(rows < 1 ? .noRows : .tooFewRows) }
    return Self.correlation(scatter)
  }

  /// Of the persons' means, weighted by their rows where `weighted`.
  fileprivate func meansCorrelation(weighted: Bool) -> Figure {
    if persons < 3 { return .undefined(.tooFewClusters) }
    var total = 0.0
    var sum = LabelPair(label: 0, rating: 0)
    var products = PairCovariance.zero
    for group in groups {
      let weight = weighted ? group.size : 1
      total += weight * group.persons
      sum.label += weight * group.sum.label
      sum.rating += weight * group.sum.rating
      products.add(group.products, weight: weight)
    }
    products.add(sum, weight: -1 / total)
    return Self.correlation(products)
  }

  private static func correlation(_ products: PairCovariance) -> Figure {
    guard products.yy.isFinite, products.ll.isFinite else { return .undefined(.notFinite) }
    guard products.yy > 0, products.ll > 0 else { return .undefined(.spreadTooSmall) }
    return .value(products.correlation)
  }
}
