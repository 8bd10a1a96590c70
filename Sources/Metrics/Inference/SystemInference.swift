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
    return Dictionary(uniqueKeysWithValues: zip(metrics, made))
  }

  private func interval(
    _ metric: Metric, _ method: IntervalMethod, _ bootstrap: Bootstrap?, _ without: [SIMD4<Double>]
  ) -> Outcome<Interval> {
    // Asked before the figure, which at that size takes a while itself.
    if metric.isOfRanks, sample.clusterCount * sample.count > Self.rankWorkLimit {
      return .undefined(.tooManyRows)
    }
    return figure(metric).flatMap { point in
      if let reason = sample.obstacle { return .undefined(reason) }
      switch (method, metric.lane) {
      case (.jackknife, let lane?):
        let variance = Self.jackknifeVariance(without.map { metric.stabilised($0[lane]) })
        return variance.flatMap { studentInterval(metric, point, $0, sample) }
      case (.jackknife, nil):
        return jackknifeVariance(metric).flatMap { studentInterval(metric, point, $0, sample) }
      case (.fisherRows, 0): return Self.fisherRows(r: point, n: sample.count, level: options.level)
      case (_, let lane?):
        guard let bootstrap else { return .undefined(.methodDoesNotApply) }
        switch method {
        case .percentile: return percentile(bootstrap.metrics[lane])
        case .bca: return bca(bootstrap.metrics[lane], metric, point)
        default: return studentised(bootstrap.studentised[lane], metric, point)
        }
      default: return .undefined(.methodDoesNotApply)
      }
    }
  }

  /// Metrics without each cluster in turn, (G,); undefined where one of them is.
  func leaveOneOut(_ metric: Metric) -> Outcome<[Double]> {
    guard let lane = metric.lane else {
      guard metric.isOfRanks else { return .undefined(.methodDoesNotApply) }
      guard sample.clusterCount * sample.count <= Self.rankWorkLimit else {
        return .undefined(.tooManyRows)
      }
      return Self.numbers(withoutEach(metric))
    }
    return Self.numbers(sums.rows.map { .finite(sums.metrics(sums.total - $0)[lane]) })
  }

  /// A rank correlation without each cluster in turn, (G,).
  private func withoutEach(_ metric: Metric) -> [Figure] {
    if sample.count <= PairwiseRanks.limit {
      return pairwiseRanks().withoutEach.map { $0.figure(metric) }
    }
    let clusters = sample.clusterOfRow
    return Parallel.map(sample.clusterCount, threads: options.threads) { cluster in
      let rows = clusters.indices.filter { clusters[$0] != cluster }
      return RankCorrelation(
        predictions: rows.map { predictions[$0] }, gold: rows.map { sample.gold[$0] }
      ).figure(metric)
    }
  }

  private func pairwiseRanks() -> PairwiseRanks {
    PairwiseRanks(
      predictions: predictions, gold: sample.gold, clusters: sample.clusterOfRow,
      count: sample.clusterCount)
  }

  /// The rank correlations with their jackknife intervals, which share their work.
  public func rankCorrelations() -> [Metric: (figure: Figure, interval: Outcome<Interval>)] {
    let pairwise = sample.count <= PairwiseRanks.limit ? pairwiseRanks() : nil
    let ranks =
      pairwise?.all
      ?? RankCorrelation(predictions: predictions, gold: sample.gold, threads: options.threads)
    return .each(of: Metric.all.filter(\.isOfRanks)) { metric in
      let figure = ranks.figure(metric)
      let interval = figure.flatMap { point in
        if let reason = sample.obstacle { return Outcome<Interval>.undefined(reason) }
        let leftOut =
          pairwise.map { Self.numbers($0.withoutEach.map { $0.figure(metric) }) }
          ?? leaveOneOut(metric)
        return leftOut.flatMap { Self.jackknifeVariance($0.map(metric.stabilised)) }
          .flatMap { studentInterval(metric, point, $0, sample) }
      }
      return (figure, interval)
    }
  }

  private static func numbers(_ figures: [Figure]) -> Outcome<[Double]> {
    let values = figures.compactMap(\.value).filter(\.isFinite)
    return values.count == figures.count ? .value(values) : .undefined(.undefinedWithoutCluster)
  }

  /// (G - 1)/G Σ (φ₋g - φ̄)² on the stabilised scale.
  private func jackknifeVariance(_ metric: Metric) -> Outcome<Double> {
    leaveOneOut(metric).flatMap { Self.jackknifeVariance($0.map(metric.stabilised)) }
  }

  /// The same of metrics that are stabilised already; undefined where one of them is not finite.
  private static func jackknifeVariance(_ stabilised: [Double]) -> Outcome<Double> {
    guard stabilised.allSatisfy(\.isFinite) else { return .undefined(.undefinedWithoutCluster) }
    let variance = SampleMoments(stabilised).jackknifeVariance
    return variance.isFinite ? .value(variance) : .undefined(.degenerate)
  }

  /// Point ± t·error on the stabilised scale; undefined where the variance is 0, since an interval of
  /// no width is no statement about chance.
  private func studentInterval(
    _ metric: Metric, _ point: Double, _ variance: Double, _ clusters: ClusteredSample,
    method: IntervalMethod = .jackknife
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
    return .value(clusters.interval(bounds.0, bounds.1, options.level, method))
  }

  /// The weighted average of a metric over targets, and its interval by the jackknife of that average.
  /// - Parameter parts: a system's figures on each target with positive weights. The interval is
  ///   undefined where their rows do not lie in the same clusters.
  public static func average(
    _ metric: Metric, of parts: [(system: SystemInference, weight: Double)]
  ) -> (figure: Figure, interval: Outcome<Interval>) {
    let whole = parts.reduce(0) { $0 + $1.weight }
    guard let first = parts.first?.system, whole > 0 else {
      return (.undefined(.noRows), .undefined(.noRows))
    }
    var (sum, without) = (0.0, [Double](repeating: 0, count: first.sample.clusterCount))
    var obstacle = first.sample.obstacle
    for (system, weight) in parts {
      guard let value = system.figure(metric).value else {
        return (system.figure(metric), .undefined(.degenerate))
      }
      sum += weight / whole * value
      let leftOut = system.leaveOneOut(metric)
      let isAlike = system.sample.clusterOfRow == first.sample.clusterOfRow
      guard isAlike, let values = leftOut.value else {
        obstacle = obstacle ?? leftOut.reason ?? .methodDoesNotApply
        continue
      }
      for cluster in values.indices { without[cluster] += weight / whole * values[cluster] }
    }
    if let obstacle { return (.value(sum), .undefined(obstacle)) }
    let interval = jackknifeVariance(without.map(metric.stabilised)).flatMap {
      first.studentInterval(metric, sum, $0, first.sample)
    }
    return (.value(sum), interval)
  }

  /// The interval with a second clustering crossed with the sample's own, as person × article; see
  /// ``ClusteredSample/crossedVariance(_:_:)``.
  /// - Parameter other: names of the second clustering, (n,).
  public func twoWayInterval<Name: Hashable>(
    _ metric: Metric, crossedWith other: [Name]
  ) -> Outcome<Interval> {
    figure(metric).flatMap { point in
      sample.crossedVariance(other) {
        SystemInference($0, predictions: predictions, options: options).jackknifeVariance(metric)
      }.flatMap { studentInterval(metric, point, $0.variance, $0.fewer, method: .twoWayJackknife) }
    }
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
