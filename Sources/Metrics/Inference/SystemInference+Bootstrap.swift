/// Intervals from bootstrap replicates.
extension SystemInference {
  /// Fewer defined replicates than this share leave the tails to chance.
  private static let leastDefinedShare = 0.5

  private func made(
    _ values: [Double], _ levels: [Double], _ method: IntervalMethod
  ) -> Outcome<Interval> {
    guard let (quantiles, undefined) = Quantiles.linear(values, levels),
      Double(values.count - undefined) >= Self.leastDefinedShare * Double(values.count)
    else { return .undefined(.tooFewReplicates) }
    return .value(
      Interval(
        low: quantiles[0], high: quantiles[1], level: options.level, method: method,
        replicates: values.count, undefinedReplicates: undefined,
        clusters: sample.clusterCount, effectiveClusters: sample.effectiveClusters))
  }

  private var tail: Double { (1 - options.level) / 2 }

  func percentile(_ values: [Double]) -> Outcome<Interval> {
    made(values, [tail, 1 - tail], .percentile)
  }

  /// Efron's BCa; ties with the point count half.
  func bca(
    _ values: [Double], _ metric: Metric, _ lane: Int, _ point: Double
  ) -> Outcome<Interval> {
    var below = 0.0, defined = 0.0
    for value in values where !value.isNaN {
      defined += 1
      below += value < point ? 1 : value == point ? 0.5 : 0
    }
    guard defined > 0 else { return .undefined(.tooFewReplicates) }
    let share = below / defined
    guard share > 0, share < 1, case .value(let leftOut) = leaveOneOut(metric) else {
      return .undefined(.degenerate)
    }
    let moments = SampleMoments(leftOut)
    guard moments.sumSquares > 0 else { return .undefined(.degenerate) }
    let cubes = leftOut.reduce(0.0) {
      let d = moments.mean - $1
      return $0 + d * d * d
    }
    let acceleration = cubes / (6 * moments.sumSquares * moments.sumSquares.squareRoot())
    let bias = Distributions.normalQuantile(share)
    let levels = [tail, 1 - tail].map { level in
      let shifted = bias + Distributions.normalQuantile(level)
      return Distributions.normalCDF(bias + shifted / (1 - acceleration * shifted))
    }
    return made(values, levels, .bca)
  }

  /// Bootstrap t: the point less the quantiles of the studentised deviations times its error.
  func studentised(
    _ values: [Double], _ metric: Metric, _ point: Double
  ) -> Outcome<Interval> {
    guard case .value(var interval) = made(values, [1 - tail, tail], .studentised) else {
      return .undefined(.tooFewReplicates)
    }
    let error = infinitesimalErrors()[metric.lane ?? 0]
    let centre = metric.stabilised(point)
    guard error.isFinite, centre.isFinite else { return .undefined(.degenerate) }
    interval.low = metric.original(centre - interval.low * error)
    interval.high = metric.original(centre - interval.high * error)
    return .value(interval)
  }

  /// Infinitesimal-jackknife errors of the four stabilised metrics.
  private func infinitesimalErrors() -> SIMD4<Double> {
    let gradients = sums.gradients(sums.total)
    var squares = SIMD4<Double>.zero
    for row in sums.rows {
      let influence = SIMD4(
        (gradients.pcc * row).sum(), (gradients.ccc * row).sum(), (gradients.rmse * row).sum(),
        (gradients.mae * row).sum())
      squares += influence * influence
    }
    let g = Double(sums.rows.count)
    return (squares * (g / (g - 1))).squareRoot()
  }
}
