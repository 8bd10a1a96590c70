/// Two systems on the same rows: tests and intervals of their differences, first minus second.
public struct PairComparison: Sendable {
  public let sample: ClusteredSample
  public let options: InferenceOptions
  let first, second: SystemInference

  /// The interval a report shows unless another is asked for; see docs/explanation/inference.md.
  public static let defaultMethod = IntervalMethod.jackknife

  /// - Parameters: both (n,), finite, in the order of the sample.
  public init(
    _ sample: ClusteredSample, _ a: [Double], _ b: [Double], options: InferenceOptions = .init()
  ) {
    (self.sample, self.options) = (sample, options)
    first = SystemInference(sample, predictions: a, options: options)
    second = SystemInference(sample, predictions: b, options: options)
  }

  /// The metric of both.
  public func figures(_ metric: Metric) -> (Figure, Figure) {
    (first.figure(metric), second.figure(metric))
  }

  /// The metric of the first less that of the second.
  public func difference(_ metric: Metric) -> Figure {
    first.figure(metric).minus(second.figure(metric))
  }

  /// Correlation of the two systems' predictions.
  public var correlation: Figure { PointMetrics.pcc(first.predictions, second.predictions) }

  /// Paired interval of the difference: `.jackknife` (own scale, t on G_eff - 1 degrees of freedom) or
  /// `.percentile` (both systems in the same replicates; not for ranks). A system against itself gives [0, 0].
  public func interval(_ metric: Metric, method: IntervalMethod = defaultMethod) -> Outcome<
    Interval
  > { intervals([metric], method: method)[metric] ?? .undefined(.degenerate) }

  public func intervals(
    _ metrics: [Metric] = Metric.all, method: IntervalMethod = defaultMethod
  ) -> [Metric: Outcome<Interval>] {
    // Together, since rank correlations share their work.
    let jackknifed =
      method == .jackknife ? (first.jackknifed(metrics), second.jackknifed(metrics)) : nil
    let bootstrap =
      method == .percentile ? Bootstrap(first.sums, minus: second.sums, options: options) : nil
    return .each(of: metrics) { metric in
      if let reason = difference(metric).reason ?? sample.obstacle { return .undefined(reason) }
      if let one = jackknifed?.0[metric], let other = jackknifed?.1[metric] {
        return Self.jackknife(
          one.figure.minus(other.figure), (one.withoutEach, other.withoutEach), metric, sample,
          options.level)
      }
      guard let bootstrap, let lane = metric.lane else { return .undefined(.methodDoesNotApply) }
      return sample.percentile(bootstrap.metrics[lane], options.level)
    }
  }

  /// The jackknife interval of a difference, point ± t·error on its own scale.
  /// - Parameter withoutEach: both metrics without each cluster in turn, (G,).
  static func jackknife(
    _ difference: Figure, _ withoutEach: (Outcome<[Double]>, Outcome<[Double]>),
    _ metric: Metric, _ sample: ClusteredSample, _ level: Double
  ) -> Outcome<Interval> {
    difference.flatMap { point in
      if let reason = sample.obstacle { return .undefined(reason) }
      return standardError(withoutEach).flatMap { error in
        // Equal everywhere is 0 for sure; another difference without variance is not.
        guard error > 0 || point == 0 else { return .undefined(.degenerate) }
        let half = sample.quantile(level) * error
        // Two correlations differ by 2 at most.
        let most = metric.higherIsBetter ? 2.0 : .infinity
        return .value(
          sample.interval(max(-most, point - half), min(most, point + half), level, .jackknife))
      }
    }
  }

  /// The interval with a second clustering crossed with the sample's own, on the difference's own
  /// scale; see ``ClusteredSample/crossedVariance(_:_:)``.
  public func twoWayInterval<Name: Hashable>(
    _ metric: Metric, crossedWith other: [Name]
  ) -> Outcome<Interval> {
    difference(metric).flatMap { point in
      sample.crossedVariance(other) { clustering in
        PairComparison(clustering, first.predictions, second.predictions, options: options)
          .standardError(metric).map { $0 * $0 }
      }.flatMap { Self.twoWay(point, $0.variance, $0.fewer, options.level) }
    }
  }

  /// Point ± t·error by the clustering with fewer effective clusters.
  static func twoWay(
    _ point: Double, _ variance: Double, _ fewer: ClusteredSample, _ level: Double
  ) -> Outcome<Interval> {
    guard variance > 0 || point == 0 else { return .undefined(.degenerate) }
    let half = fewer.quantile(level) * variance.squareRoot()
    return .value(fewer.interval(point - half, point + half, level, .twoWayJackknife))
  }

  /// Standard error of the difference: the cluster jackknife's √((G - 1)/G Σ (d₋g - d̄)²), on the
  /// metric's own scale.
  ///
  /// A system against itself gives 0. Undefined for fewer than 3 clusters and where a metric is
  /// undefined without one of them.
  public func standardError(_ metric: Metric) -> Figure {
    guard sample.clusterCount > 2 else { return .undefined(.tooFewClusters) }
    return Self.standardError((first.leaveOneOut(metric), second.leaveOneOut(metric)))
  }

  static func standardError(
    _ withoutEach: (Outcome<[Double]>, Outcome<[Double]>)
  ) -> Figure {
    withoutEach.0.flatMap { a in
      withoutEach.1.map { b in
        SampleMoments(zip(a, b).map { $0 - $1 }).jackknifeVariance.squareRoot()
      }
    }
  }

  /// Williams' t and Steiger's Z on PCC; both take rows as independent.
  public var rowwiseTests: (williams: Outcome<TestStatistic>, steiger: Outcome<TestStatistic>) {
    guard let r12 = first.figure(.pcc).value, let r13 = second.figure(.pcc).value,
      let r23 = correlation.value
    else {
      let reason = difference(.pcc).reason ?? .degenerate
      return (.undefined(reason), .undefined(reason))
    }
    return (
      StandardTests.williams(r12: r12, r13: r13, r23: r23, n: sample.count),
      StandardTests.steiger(r12: r12, r13: r13, r23: r23, n: sample.count)
    )
  }

  /// Studentised clustered swap test; see ``SwapTest``.
  public func permutation(_ metrics: [Metric] = Metric.all) -> SwapTest {
    SwapTest(
      sample, systems: [first.predictions, second.predictions], metrics: metrics, options: options)
  }
}
