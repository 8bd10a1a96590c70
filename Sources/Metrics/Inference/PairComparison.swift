/// Two systems on the same rows: tests and intervals of their differences, first minus second.
public struct PairComparison: Sendable {
  public let sample: ClusteredSample
  public let options: InferenceOptions
  let first: SystemInference
  let second: SystemInference

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

  /// Paired interval of the difference: `.jackknife` (own scale, t on G - 1 degrees of freedom) or
  /// `.percentile` (both systems in the same replicates). A system against itself gives [0, 0].
  public func interval(
    _ metric: Metric, method: IntervalMethod = defaultMethod
  ) -> Outcome<Interval> {
    intervals([metric], method: method)[metric] ?? .undefined(.degenerate)
  }

  public func intervals(
    _ metrics: [Metric] = Metric.ranking, method: IntervalMethod = defaultMethod
  ) -> [Metric: Outcome<Interval>] {
    let bootstrap =
      method == .percentile
      ? Bootstrap(first.sums, minus: second.sums, options: options) : nil
    return Dictionary(
      uniqueKeysWithValues: metrics.map { ($0, interval($0, method, bootstrap)) })
  }

  private func interval(
    _ metric: Metric, _ method: IntervalMethod, _ bootstrap: Bootstrap?
  ) -> Outcome<Interval> {
    let point: Double
    switch difference(metric) {
    case .value(let value): point = value
    case .undefined(let reason): return .undefined(reason)
    }
    guard sample.clusterCount > 2 else { return .undefined(.tooFewClusters) }
    switch method {
    case .jackknife: return jackknife(metric, point)
    case .percentile:
      guard let bootstrap, let lane = metric.lane else { return .undefined(.methodDoesNotApply) }
      return first.percentile(bootstrap.metrics[lane])
    default: return .undefined(.methodDoesNotApply)
    }
  }

  private func jackknife(_ metric: Metric, _ point: Double) -> Outcome<Interval> {
    switch standardError(metric) {
    case .undefined(let reason): return .undefined(reason)
    case .value(let error):
      let half =
        Distributions.studentQuantile(
          (1 + options.level) / 2, df: Double(sample.clusterCount - 1)) * error
      return .value(
        Interval(
          low: point - half, high: point + half, level: options.level, method: .jackknife,
          clusters: sample.clusterCount))
    }
  }

  /// Standard error of the difference: the cluster jackknife's √((G - 1)/G Σ (d₋g - d̄)²), on the
  /// metric's own scale.
  ///
  /// A system against itself gives 0. Undefined for fewer than 3 clusters and where a metric is
  /// undefined without one of them.
  public func standardError(_ metric: Metric) -> Figure {
    guard sample.clusterCount > 2 else { return .undefined(.tooFewClusters) }
    switch (first.leaveOneOut(metric), second.leaveOneOut(metric)) {
    case (.undefined(let reason), _), (_, .undefined(let reason)): return .undefined(reason)
    case (.value(let a), .value(let b)):
      let moments = SampleMoments(zip(a, b).map { $0 - $1 })
      return .value(
        (moments.sumSquares * (moments.count - 1) / moments.count).squareRoot())
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

  /// Clustered swap permutation test; see `SwapTest`.
  public func permutation() -> SwapTest {
    SwapTest(sample, first.predictions, second.predictions, options: options)
  }
}
