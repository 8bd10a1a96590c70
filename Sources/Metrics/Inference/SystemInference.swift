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
    _ metrics: [Metric] = Metric.ofMoments, method: IntervalMethod = defaultMethod
  ) -> [Metric: Outcome<Interval>] {
    let bootstrap: Bootstrap? =
      switch method {
      case .percentile, .bca: Bootstrap(sums, options: options)
      case .studentised: Bootstrap(sums, options: options, studentise: true)
      default: nil
      }
    // All moment metrics without each cluster in turn come from one pass.
    let without = method == .jackknife ? sums.rows.map { sums.metrics(sums.total - $0) } : []
    let made = Parallel.map(metrics.count, threads: bootstrap == nil ? 1 : options.threads) {
      interval(metrics[$0], method, bootstrap, without)
    }
    return Dictionary(uniqueKeysWithValues: zip(metrics, made))
  }

  private func interval(
    _ metric: Metric, _ method: IntervalMethod, _ bootstrap: Bootstrap?,
    _ without: [ClusterSums.Figures]
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
        return variance.flatMap { sample.studentInterval(metric, point, $0, options.level) }
      case (.jackknife, nil):
        return jackknifeVariance(metric).flatMap {
          sample.studentInterval(metric, point, $0, options.level)
        }
      case (.fisherRows, 0): return Self.fisherRows(r: point, n: sample.count, level: options.level)
      case (_, let lane?):
        guard let bootstrap else { return .undefined(.methodDoesNotApply) }
        switch method {
        case .percentile: return sample.percentile(bootstrap.metrics[lane], options.level)
        case .bca:
          return sample.bca(bootstrap.metrics[lane], point, leaveOneOut(metric), options.level)
        default: return studentised(bootstrap.studentised[lane], metric, point)
        }
      default: return .undefined(.methodDoesNotApply)
      }
    }
  }

  /// The metric without each cluster in turn, (G,); undefined where one of them is.
  func leaveOneOut(_ metric: Metric) -> Outcome<[Double]> {
    guard let lane = metric.lane else {
      return jackknifed([metric])[metric]?.withoutEach ?? .undefined(.methodDoesNotApply)
    }
    return Self.numbers(sums.rows.map { .finite(sums.metrics(sums.total - $0)[lane]) })
  }

  /// Several metrics with those without each cluster in turn; rank correlations share their work.
  func jackknifed(_ metrics: [Metric]) -> [Metric: JackknifedFigure] {
    let hasRanks = metrics.contains(where: \.isOfRanks)
    let isTooLarge = sample.clusterCount * sample.count > Self.rankWorkLimit
    let pairwise = hasRanks && sample.count <= PairwiseRanks.limit ? pairwiseRanks() : nil
    let ranks =
      !hasRanks
      ? nil
      : pairwise?.all
        ?? RankCorrelation(predictions: predictions, gold: sample.gold, threads: options.threads)
    let without = hasRanks && !isTooLarge ? pairwise?.withoutEach ?? withoutEach() : []
    return .each(of: metrics) { metric in
      guard let ranks, metric.isOfRanks else {
        return JackknifedFigure(figure: figure(metric), withoutEach: leaveOneOut(metric))
      }
      return JackknifedFigure(
        figure: ranks.figure(metric),
        withoutEach: isTooLarge
          ? .undefined(.tooManyRows) : Self.numbers(without.map { $0.figure(metric) }))
    }
  }

  /// The rank correlations without each cluster in turn, (G,), sorted anew each time.
  private func withoutEach() -> [RankCorrelation] {
    let clusters = sample.clusterOfRow
    return Parallel.map(sample.clusterCount, threads: options.threads) { cluster in
      let rows = clusters.indices.filter { clusters[$0] != cluster }
      return RankCorrelation(
        predictions: rows.map { predictions[$0] }, gold: rows.map { sample.gold[$0] })
    }
  }

  private func pairwiseRanks() -> PairwiseRanks {
    PairwiseRanks(
      predictions: predictions, gold: sample.gold, clusters: sample.clusterOfRow,
      count: sample.clusterCount)
  }

  /// The rank correlations with their jackknife intervals, which share their work.
  public func rankCorrelations(
    _ metrics: [Metric] = Metric.all.filter(\.isOfRanks)
  ) -> [Metric: (figure: Figure, interval: Outcome<Interval>)] {
    let jackknifed = jackknifed(metrics)
    return .each(of: metrics) { metric in
      guard let one = jackknifed[metric] else {
        return (.undefined(.methodDoesNotApply), .undefined(.methodDoesNotApply))
      }
      let interval = one.figure.flatMap { point in
        if let reason = sample.obstacle { return Outcome<Interval>.undefined(reason) }
        return one.variance(metric).flatMap {
          sample.studentInterval(metric, point, $0, options.level)
        }
      }
      return (one.figure, interval)
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

  /// The interval with a second clustering crossed with the sample's own, as person × article; see
  /// ``ClusteredSample/crossedVariance(_:_:)``.
  /// - Parameter other: names of the second clustering, (n,).
  public func twoWayInterval<Name: Hashable>(
    _ metric: Metric, crossedWith other: [Name]
  ) -> Outcome<Interval> {
    figure(metric).flatMap { point in
      sample.crossedVariance(other) {
        SystemInference($0, predictions: predictions, options: options).jackknifeVariance(metric)
      }.flatMap {
        $0.fewer.studentInterval(metric, point, $0.variance, options.level, .twoWayJackknife)
      }
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

extension ClusteredSample {
  /// Point ± t·error on the stabilised scale; undefined where the variance is 0, since an interval of
  /// no width is no statement about chance.
  func studentInterval(
    _ metric: Metric, _ point: Double, _ variance: Double, _ level: Double,
    _ method: IntervalMethod = .jackknife
  ) -> Outcome<Interval> {
    let centre = metric.stabilised(point)
    // The spread that rounding leaves of leave-one-out values that are equal.
    let isPerfect = metric.higherIsBetter && abs(point) > 1 - 1e-12
    guard centre.isFinite, !isPerfect, variance > 1e-26 * max(1, centre * centre) else {
      return .undefined(.degenerate)
    }
    let half = quantile(level) * variance.squareRoot()
    let bounds = (metric.original(centre - half), metric.original(centre + half))
    guard bounds.0 < bounds.1, bounds.1.isFinite else { return .undefined(.degenerate) }
    return .value(interval(bounds.0, bounds.1, level, method))
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
