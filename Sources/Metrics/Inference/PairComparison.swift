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
    self.sample = sample
    self.options = options
    first = SystemInference(sample, predictions: a, options: options)
    second = SystemInference(sample, predictions: b, options: options)
  }

  /// The metric of the first less that of the second.
  public func difference(_ metric: Metric) -> Figure {
    switch (first.figure(metric), second.figure(metric)) {
    case (.value(let a), .value(let b)): .value(a - b)
    case (.undefined(let reason), _), (_, .undefined(let reason)): .undefined(reason)
    }
  }

  /// Correlation of the two systems' predictions.
  public var correlation: Figure { PointMetrics.pcc(first.predictions, second.predictions) }

  /// Paired interval of the difference: `.jackknife` (own scale, t on G_eff - 1 degrees of freedom) or
  /// `.percentile` (both systems in the same replicates). A system against itself gives [0, 0].
  public func interval(_ metric: Metric, method: IntervalMethod = defaultMethod) -> Outcome<
    Interval
  > { intervals([metric], method: method)[metric] ?? .undefined(.degenerate) }

  public func intervals(
    _ metrics: [Metric] = Metric.ranking, method: IntervalMethod = defaultMethod
  ) -> [Metric: Outcome<Interval>] {
    let bootstrap =
      method == .percentile ? Bootstrap(first.sums, minus: second.sums, options: options) : nil
    return Dictionary(uniqueKeysWithValues: metrics.map { ($0, interval($0, method, bootstrap)) })
  }

  private func interval(
    _ metric: Metric, _ method: IntervalMethod, _ bootstrap: Bootstrap?
  ) -> Outcome<Interval> {
    if let reason = difference(metric).reason ?? sample.obstacle { return .undefined(reason) }
    switch method {
    case .jackknife: return jackknife(metric)
    case .percentile:
      guard let bootstrap, let lane = metric.lane else { return .undefined(.methodDoesNotApply) }
      return first.percentile(bootstrap.metrics[lane])
    default: return .undefined(.methodDoesNotApply)
    }
  }

  private func jackknife(_ metric: Metric) -> Outcome<Interval> {
    Self.difference(
      (first.figure(metric), second.figure(metric)),
      (first.leaveOneOut(metric), second.leaveOneOut(metric)), metric, sample, options.level
    ).interval
  }

  /// The difference of two figures and its jackknife interval, point ± t·error on its own scale.
  /// - Parameter withoutEach: both metrics without each cluster in turn, (G,).
  static func difference(
    _ figures: (Figure, Figure), _ withoutEach: (Outcome<[Double]>, Outcome<[Double]>),
    _ metric: Metric, _ sample: ClusteredSample, _ level: Double
  ) -> (figure: Figure, interval: Outcome<Interval>) {
    let point: Double
    switch figures {
    case (.value(let a), .value(let b)): point = a - b
    case (.undefined(let reason), _), (_, .undefined(let reason)):
      return (.undefined(reason), .undefined(reason))
    }
    func interval() -> Outcome<Interval> {
      if let reason = sample.obstacle { return .undefined(reason) }
      switch standardError(withoutEach) {
      case .undefined(let reason): return .undefined(reason)
      case .value(let error):
        // Equal everywhere is 0 for sure; another difference without variance is not.
        guard error > 0 || point == 0 else { return .undefined(.degenerate) }
        let half = sample.quantile(level) * error
        // Two correlations differ by 2 at most.
        let most = metric.higherIsBetter ? 2.0 : .infinity
        return .value(
          Interval(
            low: max(-most, point - half), high: min(most, point + half), level: level,
            method: .jackknife,
            clusters: sample.clusterCount, effectiveClusters: sample.effectiveClusters))
      }
    }
    return (.value(point), interval())
  }

  /// The interval with a second clustering crossed with the sample's own; see
  /// ``SystemInference/twoWayInterval(_:crossedWith:)``. On the difference's own scale.
  public func twoWayInterval<Name: Hashable>(
    _ metric: Metric, crossedWith other: [Name]
  ) -> Outcome<Interval> {
    guard case .value(let point) = difference(metric) else {
      return .undefined(difference(metric).reason ?? .degenerate)
    }
    let second = ClusteredSample(gold: sample.gold, clusters: other)
    if let reason = sample.obstacle ?? second.obstacle { return .undefined(reason) }
    var variances: [Double] = []
    for clustering in [sample, second, sample.crossed(with: second.clusterOfRow)] {
      let pair = PairComparison(
        clustering, first.predictions, self.second.predictions, options: options)
      switch pair.standardError(metric) {
      case .undefined(let reason): return .undefined(reason)
      case .value(let error): variances.append(error * error)
      }
    }
    let variance = max(variances[0] + variances[1] - variances[2], max(variances[0], variances[1]))
    guard variance > 0 || point == 0 else { return .undefined(.degenerate) }
    let fewer = sample.effectiveClusters < second.effectiveClusters ? sample : second
    let half = fewer.quantile(options.level) * variance.squareRoot()
    return .value(
      Interval(
        low: point - half, high: point + half, level: options.level, method: .twoWayJackknife,
        clusters: fewer.clusterCount, effectiveClusters: fewer.effectiveClusters))
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

  private static func standardError(
    _ withoutEach: (Outcome<[Double]>, Outcome<[Double]>)
  ) -> Figure {
    switch withoutEach {
    case (.undefined(let reason), _), (_, .undefined(let reason)): return .undefined(reason)
    case (.value(let a), .value(let b)):
      let moments = SampleMoments(zip(a, b).map { $0 - $1 })
      return .value((moments.sumSquares * (moments.count - 1) / moments.count).squareRoot())
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
  public func permutation(_ metrics: [Metric] = Metric.ranking) -> SwapTest {
    SwapTest(
      sample, systems: [first.predictions, second.predictions], metrics: metrics, options: options)
  }
}
