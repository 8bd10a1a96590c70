import Basics

/// The smallest true difference that a comparison on these rows would find often enough.
public struct PowerAnalysis: Sendable, Hashable {
  public let metric: Metric
  /// The difference in the metric, positive.
  public let difference: Double
  /// Share of simulations in which that difference was found.
  public let power: Double
  /// Correlation of the two systems' predictions that was assumed.
  public let correlation: Double
  public let simulations: Int

  /// Pairs of rows beyond which the difference of two rank correlations is not simulated.
  private static let rankWorkLimit = 40_000

  /// Simulates a weaker competitor of an observed system.
  ///
  /// The system is u = r·g + √(1 - r²)·e with the standardised gold label g and residual e. The
  /// competitor v = (r - δ)·g + b·e + c·w, with u's mean and spread, correlates with u as
  /// `correlation` says through b; its noise w is normal and as alike within a cluster as e. Clusters
  /// are drawn with replacement, and a difference is found where its jackknife interval leaves out
  /// 0. δ is sought by bisection with the same draws.
  /// - Parameter power: share of simulations that must find it;
  ///   `correlation`: of the two systems' predictions, in (-1, 1).
  /// - Returns: undefined where the metric is, where |r| = 1, or where even a competitor without
  ///   any relation to the gold labels would not be found (`notDetectable`).
  public static func find(
    _ sample: ClusteredSample, _ predictions: [Double], metric: Metric = .pcc, power: Double = 0.8,
    correlation: Double = 0.9, simulations: Int = 1000, options: InferenceOptions = .init()
  ) -> Outcome<PowerAnalysis> {
    precondition(abs(correlation) < 1 && power > 0 && power < 1)
    guard sample.clusterCount > 2 else { return .undefined(.tooFewClusters) }
    // Ranks without each cluster take all pairs of rows, in every simulation.
    if metric.isOfRanks, sample.count * sample.count > rankWorkLimit {
      return .undefined(.tooManyRows)
    }
    let moments = PairedMoments(predictions: predictions, gold: sample.gold)
    return moments.pcc().flatMap { r in
      guard abs(r) < 1 - 1e-9 else { return .undefined(.degenerate) }
      let model = CompetitorModel(sample, predictions, r: r, correlation: correlation)
      // The observed system is the same in every trial of a draw.
      var observed = [JackknifedFigure?](repeating: nil, count: simulations)
      func trial(_ delta: Double) -> (power: Double, difference: Double) {
        model.trial(delta, metric, &observed, options)
      }
      var low = 0.0, high = max(r, 0) + 0.5
      var best = trial(high)
      guard best.power >= power else { return .undefined(.notDetectable) }
      for _ in 0..<9 {
        let middle = (low + high) / 2
        let found = trial(middle)
        if found.power >= power { (high, best) = (middle, found) } else { low = middle }
      }
      // Clusters drawn with replacement vary by (G - 1)/G of what new ones do.
      let g = sample.effectiveClusters
      return .value(
        PowerAnalysis(
          metric: metric, difference: best.difference * (g / (g - 1)).squareRoot(),
          power: best.power, correlation: correlation, simulations: simulations))
    }
  }
}

/// The observed system split into gold and residual, and competitors built from it.
private struct CompetitorModel {
  let sample: ClusteredSample
  let rowsOfCluster: [[Int]]
  let g, e: [Double]
  let r, correlation: Double
  /// Correlation of e within a cluster.
  let likeness: Double
  let mean, deviation: Double

  init(_ sample: ClusteredSample, _ predictions: [Double], r: Double, correlation: Double) {
    let x = SampleMoments(predictions), y = SampleMoments(sample.gold)
    let (sx, sy) = ((x.sumSquares / x.count).squareRoot(), (y.sumSquares / y.count).squareRoot())
    self.sample = sample
    rowsOfCluster = sample.rowsOfCluster
    (self.r, self.correlation) = (r, correlation)
    (mean, deviation) = (x.mean, sx)
    let g = sample.gold.map { ($0 - y.mean) / sy }
    let rest = (1 - r * r).squareRoot()
    e = predictions.indices.map { ((predictions[$0] - x.mean) / sx - r * g[$0]) / rest }
    self.g = g
    likeness = Self.likeness(e, rowsOfCluster)
  }

  /// The intraclass correlation by analysis of variance, in [0, 1); 0 without a cluster of two rows.
  private static func likeness(_ e: [Double], _ clusters: [[Int]]) -> Double {
    let (n, g) = (Double(e.count), Double(clusters.count))
    guard n > g, g > 1 else { return 0 }
    let mean = e.reduce(0, +) / n
    var (between, within, squares) = (0.0, 0.0, 0.0)
    for rows in clusters {
      let own = SampleMoments(rows.map { e[$0] })
      between += own.count * (own.mean - mean) * (own.mean - mean)
      within += own.sumSquares
      squares += own.count * own.count
    }
    (between, within) = (between / (g - 1), within / (n - g))
    let size = (n - squares / n) / (g - 1)
    let all = between + (size - 1) * within
    return all > 0 ? max(0, min(0.99, (between - within) / all)) : 0
  }

  private struct Simulation: Sendable {
    var observed: JackknifedFigure
    /// Nil where a figure or the interval is undefined.
    var difference: Double?
    var found = false
  }

  /// Power and mean difference (in size) against the competitor `delta` below in correlation.
  /// - Parameter observed: the observed system's figures, (simulations,), as far as they are known.
  func trial(
    _ delta: Double, _ metric: Metric, _ observed: inout [JackknifedFigure?],
    _ options: InferenceOptions
  ) -> (power: Double, difference: Double) {
    let known = observed
    let results = Parallel.map(known.count, threads: options.threads) {
      simulate($0, delta, metric, known[$0], options)
    }
    observed = results.map(\.observed)
    let defined = results.compactMap(\.difference)
    let sign = metric.higherIsBetter ? 1.0 : -1.0
    let mean = defined.reduce(0, +) / Double(max(1, defined.count))
    return (Double(results.count(where: \.found)) / Double(known.count), sign * mean)
  }

  private func simulate(
    _ number: Int, _ delta: Double, _ metric: Metric, _ known: JackknifedFigure?,
    _ options: InferenceOptions
  ) -> Simulation {
    var generator = SplitMix64(seed: options.seed &+ UInt64(number) &* 0x9E37_79B9, stream: .power)
    var gold: [Double] = [], clusters: [Int] = [], u: [Double] = [], v: [Double] = []
    let weaker = r - delta
    let rest = (1 - r * r).squareRoot()
    // b shares the residual as far as the correlation asks; c fills up to variance 1.
    let limit = max(0, 1 - weaker * weaker).squareRoot()
    let b = max(-limit, min(limit, (correlation - r * weaker) / rest))
    let c = max(0, 1 - weaker * weaker - b * b).squareRoot()
    for draw in rowsOfCluster.indices {
      let cluster = Int.random(in: rowsOfCluster.indices, using: &generator)
      let common = likeness.squareRoot() * generator.normal()
      for row in rowsOfCluster[cluster] {
        let w = common + (1 - likeness).squareRoot() * generator.normal()
        gold.append(sample.gold[row])
        clusters.append(draw)
        u.append(mean + deviation * (r * g[row] + rest * e[row]))
        v.append(mean + deviation * (weaker * g[row] + b * e[row] + c * w))
      }
    }
    var single = options
    single.threads = 1
    let drawn = ClusteredSample(gold: gold, clusters: clusters)
    func jackknifed(_ predictions: [Double]) -> JackknifedFigure {
      SystemInference(drawn, predictions: predictions, options: single).jackknifed([metric])[metric]
        ?? JackknifedFigure(figure: .undefined(.degenerate), withoutEach: .undefined(.degenerate))
    }
    var result = Simulation(observed: known ?? jackknifed(u))
    let competitor = jackknifed(v)
    let difference = result.observed.figure.minus(competitor.figure)
    let interval = PairComparison.jackknife(
      difference, (result.observed.withoutEach, competitor.withoutEach), metric, drawn,
      options.level)
    guard let value = difference.value, let interval = interval.value else { return result }
    result.difference = value
    result.found = metric.higherIsBetter ? interval.low > 0 : interval.high < 0
    return result
  }
}
