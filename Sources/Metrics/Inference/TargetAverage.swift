/// The labels of several targets whose figures are averaged, with clusters that are numbered once for
/// all of them: a row may have a label of one target and none of another.
public struct TargetAverage: Sendable {
  /// One target: labels (n,), the row of each in 0 ..< rows, and a positive weight.
  public struct Part: Sendable {
    public var gold: [Double]
    public var rows: [Int]
    public var weight: Double

    public init(gold: [Double], rows: [Int], weight: Double) {
      precondition(gold.count == rows.count && weight > 0, "one row a label, a positive weight")
      (self.gold, self.rows, self.weight) = (gold, rows, weight)
    }
  }

  /// Every row with a label of some target; its labels are of no consequence.
  public let sample: ClusteredSample
  let parts: [Part]
  /// Of each part, with sum 1.
  let weights: [Double]
  /// Each part's labels; a cluster without one is empty.
  let samples: [ClusteredSample]

  /// - Parameter clusters: of each row, any names; every row has a label of some target.
  public init<Name: Hashable>(_ parts: [Part], clusters: [Name]) {
    self.init(parts, ClusteredSample(gold: clusters.map { _ in 0 }, clusters: clusters))
  }

  private init(_ parts: [Part], _ sample: ClusteredSample) {
    (self.parts, self.sample) = (parts, sample)
    let whole = parts.reduce(0) { $0 + $1.weight }
    weights = parts.map { $0.weight / whole }
    samples = parts.map { part in
      ClusteredSample(
        gold: part.gold, clusterOfRow: part.rows.map { sample.clusterOfRow[$0] },
        clusterCount: sample.clusterCount)
    }
  }

  /// The same labels in other clusters of the same rows.
  func clustered(by sample: ClusteredSample) -> TargetAverage { TargetAverage(parts, sample) }

  /// The weighted mean of one figure a target; undefined where one of them is.
  func mean(_ figures: [Figure]) -> Figure {
    if let reason = figures.lazy.compactMap(\.reason).first { return .undefined(reason) }
    let sum = zip(weights, figures.compactMap(\.value)).reduce(0) { $0 + $1.0 * $1.1 }
    return weights.isEmpty ? .undefined(.noRows) : .value(sum)
  }

  /// The same of several figures a target, (targets, count) to (count,).
  func mean(_ columns: [[Double]]) -> [Double] {
    (columns.first ?? []).indices.map { place in
      zip(weights, columns).reduce(0) { $0 + $1.0 * $1.1[place] }
    }
  }
}

/// One system on several targets: the weighted average of a metric, which has one interval and one test
/// of its own, with all rows of a cluster taken together whatever their targets.
public struct AveragedSystem: Sendable {
  public let average: TargetAverage
  /// One a target.
  let systems: [SystemInference]
  let options: InferenceOptions

  /// - Parameter predictions: (targets, n of each), finite, in the order of the parts' labels.
  public init(
    _ average: TargetAverage, predictions: [[Double]], options: InferenceOptions = .init()
  ) {
    (self.average, self.options) = (average, options)
    systems = zip(average.samples, predictions).map {
      SystemInference($0, predictions: $1, options: options)
    }
  }

  public func figure(_ metric: Metric) -> Figure { average.mean(systems.map { $0.figure(metric) }) }

  func jackknifed(_ metric: Metric) -> JackknifedFigure {
    let each = systems.map { $0.leaveOneOut(metric) }
    let without: Outcome<[Double]> =
      each.lazy.compactMap(\.reason).first.map { .undefined($0) }
      ?? .value(average.mean(each.compactMap(\.value)))
    return JackknifedFigure(figure: figure(metric), withoutEach: without)
  }

  /// The average in each bootstrap replicate, in which all targets draw the same clusters; NaN where
  /// undefined. nil for a metric of ranks.
  private func replicates(_ metric: Metric) -> [Double]? {
    guard let lane = metric.lane else { return nil }
    return average.mean(systems.map { Bootstrap($0.sums, options: options).metrics[lane] })
  }

  /// By the jackknife, percentile or BCa; of ranks by the jackknife alone.
  public func interval(
    _ metric: Metric, method: IntervalMethod = SystemInference.defaultMethod
  ) -> Outcome<Interval> {
    let (sample, level) = (average.sample, options.level)
    return figure(metric).flatMap { point in
      if let reason = sample.obstacle { return .undefined(reason) }
      let jackknifed = jackknifed(metric)
      if method == .jackknife {
        return jackknifed.variance(metric).flatMap {
          sample.studentInterval(metric, point, $0, level)
        }
      }
      guard let values = replicates(metric) else { return .undefined(.methodDoesNotApply) }
      switch method {
      case .percentile: return sample.percentile(values, level)
      case .bca: return sample.bca(values, point, jackknifed.withoutEach, level)
      default: return .undefined(.methodDoesNotApply)
      }
    }
  }

  private func clustered(by sample: ClusteredSample) -> AveragedSystem {
    AveragedSystem(
      average.clustered(by: sample), predictions: systems.map(\.predictions), options: options)
  }

  /// With a second clustering crossed with the first; see ``ClusteredSample/crossedVariance(_:_:)``.
  /// - Parameter other: names of the second clustering, of each row of ``average``.
  public func twoWayInterval<Name: Hashable>(
    _ metric: Metric, crossedWith other: [Name]
  ) -> Outcome<Interval> {
    figure(metric).flatMap { point in
      average.sample.crossedVariance(other) {
        clustered(by: $0).jackknifed(metric).variance(metric)
      }.flatMap {
        $0.fewer.studentInterval(metric, point, $0.variance, options.level, .twoWayJackknife)
      }
    }
  }

  /// This average less that of `other`, a system on the same targets: the figure, its paired interval
  /// by the jackknife or percentiles, and the swap test's p.
  public func difference(
    _ metric: Metric, from other: AveragedSystem,
    method: IntervalMethod = PairComparison.defaultMethod
  ) -> (figure: Figure, interval: Outcome<Interval>, test: SwapTest) {
    let point = figure(metric).minus(other.figure(metric))
    let sample = average.sample
    var interval = PairComparison.jackknife(
      point, (jackknifed(metric).withoutEach, other.jackknifed(metric).withoutEach), metric, sample,
      options.level)
    if method == .percentile {
      if let mine = replicates(metric), let others = other.replicates(metric) {
        interval = point.flatMap { _ in
          sample.obstacle.map { .undefined($0) }
            ?? sample.percentile(zip(mine, others).map { $0 - $1 }, options.level)
        }
      } else {
        interval = .undefined(.methodDoesNotApply)
      }
    }
    return (point, interval, SwapTest([self, other], metric: metric, options: options))
  }

  /// The difference's interval with a second clustering crossed with the first.
  public func twoWayDifference<Name: Hashable>(
    _ metric: Metric, from other: AveragedSystem, crossedWith names: [Name]
  ) -> Outcome<Interval> {
    figure(metric).minus(other.figure(metric)).flatMap { point in
      average.sample.crossedVariance(names) { clustering in
        PairComparison.standardError(
          (
            self.clustered(by: clustering).jackknifed(metric).withoutEach,
            other.clustered(by: clustering).jackknifed(metric).withoutEach
          )
        ).map { $0 * $0 }
      }.flatMap { PairComparison.twoWay(point, $0.variance, $0.fewer, options.level) }
    }
  }
}
