import Basics
import Glibc

/// Figures and intervals of one system on one target.
///
/// The work grows with n + B·G: rows are read once into sums per cluster, everything else is done
/// on those. (Rank correlations without each cluster take O(n²) up to 2,048 rows, else
/// O(G·n log n).)
public struct SystemInference: Sendable {
  public let sample: ClusteredSample
  public let predictions: [Double]
  public let options: InferenceOptions
  /// Of all rows.
  public let moments: PairedMoments
  let sums: ClusterSums

  /// The interval a report shows where nothing else is asked for: the simulation in
  /// docs/explanation/inference.md finds that it covers best at 57 clusters.
  public static let defaultMethod = IntervalMethod.jackknife

  /// Work of the delete-one rank correlations is refused beyond this many cluster × row visits.
  static let rankWorkLimit = 200_000_000

  /// - Parameter predictions: (n,), finite, in the order of the sample.
  public init(
    _ sample: ClusteredSample, predictions: [Double], options: InferenceOptions = .init()
  ) {
    precondition(predictions.count == sample.count, "one prediction a row")
    (self.sample, self.predictions, self.options) = (sample, predictions, options)
    moments = PairedMoments(predictions: predictions, gold: sample.gold, threads: options.threads)
    sums = ClusterSums(sample, predictions, form: options.form)
  }

  /// The metric on all rows.
  public func figure(_ metric: Metric) -> Figure {
    metric.isOfRanks
      ? PointMetrics.figure(metric, predictions, sample.gold, form: options.form)
      : moments.figure(metric, form: options.form)
  }

  /// The interval of one metric.
  public func interval(_ metric: Metric, method: IntervalMethod = defaultMethod) -> Outcome<
    Interval
  > { intervals([metric], method: method)[metric] ?? .undefined(.degenerate) }

  /// Intervals of several metrics, which share one set of bootstrap replicates.
  ///
  /// Rank correlations have a jackknife interval only; others say `methodDoesNotApply`.
  public func intervals(
    _ metrics: [Metric] = Metric.ranking, method: IntervalMethod = defaultMethod
  ) -> [Metric: Outcome<Interval>] {
    var result: [Metric: Outcome<Interval>] = [:]
    let bootstrap: Bootstrap? =
      switch method {
      case .percentile, .bca: Bootstrap(sums, options: options)
      case .studentised: Bootstrap(sums, options: options, studentise: true)
      default: nil
      }
    // All four moment metrics without each cluster in turn come from one pass.
    let without = method == .jackknife ? sums.rows.map { sums.metrics(sums.total - $0) } : []
    let made = Parallel.map(metrics.count, threads: bootstrap == nil ? 1 : options.threads) {
      interval(metrics[$0], method, bootstrap, without)
    }
    for (metric, interval) in zip(metrics, made) { result[metric] = interval }
    return result
  }

  private func interval(
    _ metric: Metric, _ method: IntervalMethod, _ bootstrap: Bootstrap?, _ without: [SIMD4<Double>]
  ) -> Outcome<Interval> {
    // Asked before the figure, which at that size takes a while itself.
    if metric.isOfRanks, sample.clusterCount * sample.count > Self.rankWorkLimit {
      return .undefined(.tooManyRows)
    }
    let point: Double
    switch figure(metric) {
    case .value(let value): point = value
    case .undefined(let reason): return .undefined(reason)
    }
    if let reason = sample.obstacle { return .undefined(reason) }
    switch method {
    case .jackknife:
      guard metric.lane != nil || metric.isOfRanks else { return .undefined(.methodDoesNotApply) }
      let variance = metric.lane.map { lane in
        Self.jackknifeVariance(without.map { metric.stabilised($0[lane]) })
      }
      return jackknife(metric, point, variance ?? jackknifeVariance(metric))
    case .twoWayJackknife: return .undefined(.methodDoesNotApply)
    case .fisherRows:
      guard metric == .pcc else { return .undefined(.methodDoesNotApply) }
      return Self.fisherRows(r: point, n: sample.count, level: options.level)
    case .percentile, .bca, .studentised:
      guard let lane = metric.lane, let bootstrap else { return .undefined(.methodDoesNotApply) }
      switch method {
      case .percentile: return percentile(bootstrap.metrics[lane])
      case .bca: return bca(bootstrap.metrics[lane], metric, lane, point)
      default: return studentised(bootstrap.studentised[lane], metric, point)
      }
    }
  }

  /// Metrics without each cluster in turn, (G,); nil for one that is undefined without a cluster.
  func leaveOneOut(_ metric: Metric) -> Outcome<[Double]> {
    guard let lane = metric.lane else {
      guard metric.isOfRanks else { return .undefined(.methodDoesNotApply) }
      return Self.numbers(ranksWithoutEach, metric)
    }
    let values = sums.rows.map { sums.metrics(sums.total - $0)[lane] }
    return values.allSatisfy(\.isFinite) ? .value(values) : .undefined(.undefinedWithoutCluster)
  }

  /// The rank correlations without each cluster in turn, (G,); undefined where that takes too long.
  private var ranksWithoutEach: Outcome<[RankCorrelation]> {
    let clusters = sample.clusterOfRow
    guard sample.clusterCount * sample.count <= Self.rankWorkLimit else {
      return .undefined(.tooManyRows)
    }
    return .value(
      Parallel.map(sample.clusterCount, threads: options.threads) { cluster in
        let rows = clusters.indices.filter { clusters[$0] != cluster }
        return RankCorrelation(
          predictions: rows.map { predictions[$0] }, gold: rows.map { sample.gold[$0] })
      })
  }

  /// The rank correlations with their jackknife intervals, which share their work.
  public func rankCorrelations() -> [Metric: (figure: Figure, interval: Outcome<Interval>)] {
    let ranks = RankCorrelation(
      predictions: predictions, gold: sample.gold, threads: options.threads)
    let leftOut = sample.obstacle.map { .undefined($0) } ?? ranksWithoutEach
    var made: [Metric: (figure: Figure, interval: Outcome<Interval>)] = [:]
    for metric in Metric.all where metric.isOfRanks {
      let figure = ranks.figure(metric)
      let interval: Outcome<Interval> =
        if let point = figure.value {
          jackknife(metric, point, jackknifeVariance(metric, Self.numbers(leftOut, metric)))
        } else {
          .undefined(figure.reason ?? .degenerate)
        }
      made[metric] = (figure, interval)
    }
    return made
  }

  private static func numbers(
    _ ranks: Outcome<[RankCorrelation]>, _ metric: Metric
  ) -> Outcome<[Double]> {
    guard case .value(let ranks) = ranks else { return .undefined(ranks.reason ?? .degenerate) }
    let values = ranks.compactMap { $0.figure(metric).value }
    return values.count == ranks.count ? .value(values) : .undefined(.undefinedWithoutCluster)
  }

  /// (G - 1)/G Σ (φ₋g - φ̄)² on the stabilised scale.
  func jackknifeVariance(_ metric: Metric) -> Outcome<Double> {
    jackknifeVariance(metric, leaveOneOut(metric))
  }

  private func jackknifeVariance(
    _ metric: Metric, _ leftOut: Outcome<[Double]>
  ) -> Outcome<Double> {
    switch leftOut {
    case .undefined(let reason): return .undefined(reason)
    case .value(let values): return Self.jackknifeVariance(values.map(metric.stabilised))
    }
  }

  /// The same of metrics that are stabilised already; undefined where one of them is not finite.
  private static func jackknifeVariance(_ stabilised: [Double]) -> Outcome<Double> {
    guard stabilised.allSatisfy(\.isFinite) else { return .undefined(.undefinedWithoutCluster) }
    let moments = SampleMoments(stabilised)
    let variance = moments.sumSquares * (moments.count - 1) / moments.count
    return variance.isFinite ? .value(variance) : .undefined(.degenerate)
  }

  private func jackknife(
    _ metric: Metric, _ point: Double, _ variance: Outcome<Double>
  ) -> Outcome<Interval> {
    switch variance {
    case .undefined(let reason): .undefined(reason)
    case .value(let variance): studentInterval(metric, point, variance, sample, method: .jackknife)
    }
  }

  /// Point ± t·error on the stabilised scale; undefined where the variance is 0, since an interval of
  /// no width is no statement about chance.
  private func studentInterval(
    _ metric: Metric, _ point: Double, _ variance: Double, _ clusters: ClusteredSample,
    method: IntervalMethod
  ) -> Outcome<Interval> {
    let centre = metric.stabilised(point)
    // The spread that rounding leaves of leave-one-out values that are equal.
    let isPerfect = metric.higherIsBetter && abs(point) > 1 - 1e-12
    guard centre.isFinite, !isPerfect, variance > 1e-26 * max(1, centre * centre) else {
      return .undefined(.degenerate)
    }
    let half = clusters.quantile(options.level) * variance.squareRoot()
    let bounds = (metric.original(centre - half), metric.original(centre + half))
    guard bounds.0 < bounds.1, bounds.1.isFinite else { return .undefined(.degenerate) }
    return .value(
      Interval(
        low: bounds.0, high: bounds.1, level: options.level, method: method,
        clusters: clusters.clusterCount, effectiveClusters: clusters.effectiveClusters))
  }

  /// The interval with a second clustering crossed with the sample's own, as person × article.
  ///
  /// The variance is V₁ + V₂ - V₁₂, or the larger of V₁ and V₂ where that is more: the difference
  /// can fall below either and even below zero, and the larger one errs on the wide side.
  /// - Parameter other: names of the second clustering, (n,).
  public func twoWayInterval<Name: Hashable>(
    _ metric: Metric, crossedWith other: [Name]
  ) -> Outcome<Interval> {
    let point: Double
    switch figure(metric) {
    case .value(let value): point = value
    case .undefined(let reason): return .undefined(reason)
    }
    let second = ClusteredSample(gold: sample.gold, clusters: other)
    let both = sample.crossed(with: second.clusterOfRow)
    if let reason = sample.obstacle ?? second.obstacle { return .undefined(reason) }
    var variances: [Double] = []
    for clustering in [sample, second, both] {
      let system = SystemInference(clustering, predictions: predictions, options: options)
      switch system.jackknifeVariance(metric) {
      case .undefined(let reason): return .undefined(reason)
      case .value(let variance): variances.append(variance)
      }
    }
    let combined = max(variances[0] + variances[1] - variances[2], max(variances[0], variances[1]))
    let fewer = sample.effectiveClusters < second.effectiveClusters ? sample : second
    return studentInterval(metric, point, combined, fewer, method: .twoWayJackknife)
  }

  /// Fisher's z interval of PCC with n independent rows, standard error 1/√(n - 3).
  public static func fisherRows(r: Double, n: Int, level: Double) -> Outcome<Interval> {
    guard n > 3 else { return .undefined(.tooFewRows) }
    guard abs(r) < 1 else { return .undefined(.degenerate) }
    let half = Distributions.normalQuantile((1 + level) / 2) / Double(n - 3).squareRoot()
    return .value(
      Interval(
        low: tanh(atanh(r) - half), high: tanh(atanh(r) + half), level: level,
        method: .fisherRows, clusters: n, effectiveClusters: Double(n)))
  }
}

/// A confidence interval and all that went into it.
public struct Interval: Sendable, Hashable, Codable {
  public var low, high: Double
  /// Nominal coverage, in (0, 1).
  public var level: Double
  public var method: IntervalMethod
  /// Bootstrap replicates drawn; 0 where none are.
  public var replicates: Int
  /// Replicates in which the metric is undefined, left out.
  public var undefinedReplicates: Int
  /// Clusters resampled or left out in turn; the smaller number of two crossed clusterings.
  public var clusters: Int
  /// The number of clusters of equal size that say as much, G_eff; see
  /// ``ClusteredSample/effectiveClusters``. The smaller one of two crossed clusterings.
  public var effectiveClusters: Double

  /// True under 20 effective clusters: the interval then covers less often than it says.
  public var fewClusters: Bool { effectiveClusters < Double(ClusteredSample.fewClusters) }

  public init(
    low: Double, high: Double, level: Double, method: IntervalMethod, replicates: Int = 0,
    undefinedReplicates: Int = 0, clusters: Int, effectiveClusters: Double
  ) {
    (self.low, self.high, self.level, self.method) = (low, high, level, method)
    (self.replicates, self.undefinedReplicates) = (replicates, undefinedReplicates)
    (self.clusters, self.effectiveClusters) = (clusters, effectiveClusters)
  }
}
