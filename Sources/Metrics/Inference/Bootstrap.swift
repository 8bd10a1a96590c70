import Basics
import Glibc

/// Cluster bootstrap of one system or of a pair: metrics of every replicate.
///
/// A replicate draws G clusters with replacement and adds up their rows.
struct Bootstrap: Sendable {
  /// Replicates of each metric by its lane, (5, B); NaN where undefined.
  let metrics: [[Double]]
  /// Studentised deviations on the stabilised scale, (5, B), where asked for; else (5, 0).
  let studentised: [[Double]]

  /// Replicates of a task; fixed.
  private static let taskReplicates = 256

  /// - Parameter other: with a second system the replicates are of its difference, first - second.
  init(
    _ sums: ClusterSums, minus other: ClusterSums? = nil, options: InferenceOptions,
    studentise: Bool = false
  ) {
    let draws = Draws(clusters: sums.rows.count, options: options)
    let total = options.replicates
    let tasks = (total + Self.taskReplicates - 1) / Self.taskReplicates
    let stabilised = Self.stabilise(sums.metrics(sums.total))
    let blocks = Parallel.map(tasks, threads: options.threads) { task in
      let start = task * Self.taskReplicates
      let range = start..<min(total, start + Self.taskReplicates)
      var block: [ClusterSums.Figures] = []
      var deviations: [ClusterSums.Figures] = []
      block.reserveCapacity(range.count)
      sums.rows.withUnsafeBufferPointer { rows in
        for b in range {
          let row = draws.sum(b, rows)
          var value = sums.metrics(row)
          if let other {
            value -= other.rows.withUnsafeBufferPointer { other.metrics(draws.sum(b, $0)) }
          }
          block.append(value)
          if studentise {
            let error = draws.standardError(b, rows, sums.gradients(row))
            // Without an error, or on an infinite scale, there is no deviation to speak of.
            let t = (Self.stabilise(value) - stabilised) / error
            deviations.append(t.replacing(with: .nan, where: .!((t - t) .== 0)))
          }
        }
      }
      return (block, deviations)
    }
    metrics = Self.columns(blocks.map(\.0), total)
    studentised = Self.columns(blocks.map(\.1), studentise ? total : 0)
  }

  /// The replicates of each metric, (5, count), from blocks that have `count` together.
  private static func columns(_ blocks: [[ClusterSums.Figures]], _ count: Int) -> [[Double]] {
    (0..<ClusterSums.lanes).map { lane in
      [Double](unsafeUninitializedCapacity: count) { out, filled in
        for block in blocks {
          // In bounds: the blocks have `count` replicates together.
          for value in block.indices { out[filled + value] = block[value][lane] }
          filled += block.count
        }
      }
    }
  }

  private static func stabilise(_ value: ClusterSums.Figures) -> ClusterSums.Figures {
    ClusterSums.Figures(
      atanh(value[0]), atanh(value[1]), log(value[2]), log(value[3]), atanh(value[4]), 0, 0, 0)
  }
}

/// Which clusters each replicate draws.
struct Draws: Sendable {
  private let clusters: Int
  private let generator: SplitMix64

  init(clusters: Int, options: InferenceOptions) {
    precondition(clusters <= Int(UInt32.max), "too many clusters to draw from")
    self.clusters = clusters
    generator = SplitMix64(seed: options.seed, stream: .bootstrap)
  }

  /// Calls `even` and `odd` in turn with each drawn cluster of replicate `b`, one for each half of a
  /// hash. Multiply-shift on 32 bits: a cluster's probability is off by at most 2⁻³².
  @inline(__always) private func forEach(_ b: Int, _ even: (Int) -> Void, _ odd: (Int) -> Void) {
    let g = UInt64(clusters)
    let base = UInt64(b) &* ((g + 1) / 2)
    for k in 0..<g / 2 {
      let bits = generator.draw(base &+ k)
      even(Int(((bits & 0xFFFF_FFFF) &* g) >> 32))
      odd(Int(((bits >> 32) &* g) >> 32))
    }
    if g % 2 == 1 { even(Int(((generator.draw(base &+ g / 2) & 0xFFFF_FFFF) &* g) >> 32)) }
  }

  /// The sum of the drawn rows, in two chains of additions; `rows` has one for each cluster.
  @inline(__always)
  func sum(_ b: Int, _ rows: UnsafeBufferPointer<ClusterSums.Row>) -> ClusterSums.Row {
    var even = ClusterSums.Row.zero, odd = ClusterSums.Row.zero
    let g = UInt64(clusters)
    let base = UInt64(b) &* ((g + 1) / 2)
    for k in 0..<g / 2 {
      let bits = generator.draw(base &+ k)
      even += rows[Int(((bits & 0xFFFF_FFFF) &* g) >> 32)]
      odd += rows[Int(((bits >> 32) &* g) >> 32)]
    }
    if g % 2 == 1 {
      even += rows[Int(((generator.draw(base &+ g / 2) & 0xFFFF_FFFF) &* g) >> 32)]
    }
    return even + odd
  }

  /// Infinitesimal-jackknife errors of the stabilised metrics in replicate `b`.
  func standardError(
    _ b: Int, _ rows: UnsafeBufferPointer<ClusterSums.Row>, _ gradients: ClusterSums.Gradients
  ) -> ClusterSums.Figures {
    var squares = ClusterSums.Figures.zero
    func add(_ cluster: Int) { squares += gradients.squaredInfluence(rows[cluster]) }
    forEach(b, add, add)
    return (squares * (Double(clusters) / Double(max(1, clusters - 1)))).squareRoot()
  }
}

/// Intervals from bootstrap replicates, of whatever figure.
extension ClusteredSample {
  /// Fewer defined replicates than this share leave the tails to chance.
  private static let leastDefinedShare = 0.5

  fileprivate func bounds(
    _ values: [Double], at quantiles: [Double], _ level: Double, _ method: IntervalMethod
  ) -> Outcome<Interval> {
    guard let (bounds, undefined) = Quantiles.linear(values, quantiles),
      Double(values.count - undefined) >= Self.leastDefinedShare * Double(values.count)
    else { return .undefined(.tooFewReplicates) }
    return .value(
      interval(
        bounds[0], bounds[1], level, method, replicates: values.count,
        undefinedReplicates: undefined))
  }

  func percentile(_ values: [Double], _ level: Double) -> Outcome<Interval> {
    let tail = (1 - level) / 2
    return bounds(values, at: [tail, 1 - tail], level, .percentile)
  }

  /// Efron's BCa; ties with the point count half.
  /// - Parameter withoutEach: the figure without each cluster in turn, (G,).
  func bca(
    _ values: [Double], _ point: Double, _ withoutEach: Outcome<[Double]>, _ level: Double
  ) -> Outcome<Interval> {
    var below = 0.0, defined = 0.0
    for value in values where !value.isNaN {
      defined += 1
      below += value < point ? 1 : value == point ? 0.5 : 0
    }
    guard defined > 0 else { return .undefined(.tooFewReplicates) }
    let share = below / defined
    guard share > 0, share < 1, case .value(let leftOut) = withoutEach else {
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
    let tail = (1 - level) / 2
    let quantiles = [tail, 1 - tail].map { level in
      let shifted = bias + Distributions.normalQuantile(level)
      return Distributions.normalCDF(bias + shifted / (1 - acceleration * shifted))
    }
    return bounds(values, at: quantiles, level, .bca)
  }
}

extension SystemInference {
  /// Bootstrap t: the point less the quantiles of the studentised deviations times its error.
  func studentised(_ values: [Double], _ metric: Metric, _ point: Double) -> Outcome<Interval> {
    let tail = (1 - options.level) / 2
    let made = sample.bounds(values, at: [1 - tail, tail], options.level, .studentised)
    guard case .value(var interval) = made else { return .undefined(.tooFewReplicates) }
    let error = infinitesimalErrors()[metric.lane ?? 0]
    let centre = metric.stabilised(point)
    guard error.isFinite, centre.isFinite else { return .undefined(.degenerate) }
    interval.low = metric.original(centre - interval.low * error)
    interval.high = metric.original(centre - interval.high * error)
    return .value(interval)
  }

  /// Infinitesimal-jackknife errors of the stabilised metrics.
  private func infinitesimalErrors() -> ClusterSums.Figures {
    let gradients = sums.gradients(sums.total)
    let squares = sums.rows.reduce(.zero) { $0 + gradients.squaredInfluence($1) }
    let g = Double(sums.rows.count)
    return (squares * (g / (g - 1))).squareRoot()
  }
}
