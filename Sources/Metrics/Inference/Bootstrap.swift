import Basics
import Glibc

/// Cluster bootstrap of one system or of a pair: metrics of every replicate.
///
/// A replicate draws G clusters with replacement: its counts times the matrix of cluster sums. For
/// one system the product is taken sparsely, row by drawn row, which costs no more than writing
/// the counts down; many systems at once go through `cblas_dgemm` in `SystemsComparison`.
struct Bootstrap: Sendable {
  /// Replicates of each of PCC, CCC, RMSE, MAE, (4, B); NaN where undefined.
  let metrics: [[Double]]
  /// Studentised deviations on the stabilised scale, (4, B), where asked for.
  let studentised: [[Double]]

  /// Replicates of a task; fixed.
  private static let taskReplicates = 256

  /// Index pairs drawn a replicate: one hash of 64 bits gives two.
  @inline(__always) static func hashes(_ clusters: Int) -> Int { (clusters + 1) / 2 }

  /// - Parameter other: with a second system the replicates are of its difference, first - second.
  init(
    _ sums: ClusterSums, minus other: ClusterSums? = nil, options: InferenceOptions,
    studentise: Bool = false
  ) {
    let draws = Draws(clusters: sums.rows.count, options: options)
    let total = options.replicates
    var metrics = [[Double]](repeating: [Double](repeating: .nan, count: total), count: 4)
    var studentised = studentise ? metrics : []
    let tasks = (total + Self.taskReplicates - 1) / Self.taskReplicates
    let stabilised = Self.stabilise(sums.metrics(sums.total))
    let blocks = Parallel.map(tasks, threads: options.threads) { task in
      let start = task * Self.taskReplicates
      let range = start..<min(total, start + Self.taskReplicates)
      var block: [SIMD4<Double>] = []
      var tBlock: [SIMD4<Double>] = []
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
            tBlock.append(t.replacing(with: .nan, where: .!((t - t) .== 0)))
          }
        }
      }
      return (block, tBlock)
    }
    for lane in 0..<4 {
      var b = 0
      metrics[lane].withUnsafeMutableBufferPointer { out in
        for (block, _) in blocks {
          for value in block {
            out[b] = value[lane]
            b += 1
          }
        }
      }
      guard studentise else { continue }
      b = 0
      for (_, block) in blocks {
        for value in block {
          studentised[lane][b] = value[lane]
          b += 1
        }
      }
    }
    self.metrics = metrics
    self.studentised = studentised
  }

  static func stabilise(_ value: SIMD4<Double>) -> SIMD4<Double> {
    SIMD4(atanh(value[0]), atanh(value[1]), log(value[2]), log(value[3]))
  }
}

/// Which clusters each replicate draws.
struct Draws: Sendable {
  let clusters: Int
  private let generator: SplitMix64
  private let hashes: UInt64

  init(clusters: Int, options: InferenceOptions) {
    precondition(clusters <= Int(UInt32.max), "too many clusters to draw from")
    self.clusters = clusters
    generator = SplitMix64(seed: options.seed, stream: .bootstrap)
    hashes = UInt64((clusters + 1) / 2)
  }

  /// Calls `body` with each drawn cluster of replicate `b`. Multiply-shift on 32 bits: a cluster's
  /// probability is off by at most 2⁻³².
  @inline(__always) func forEach(_ b: Int, _ body: (Int) -> Void) {
    let base = UInt64(b) &* hashes
    let g = UInt64(clusters)
    for k in 0..<UInt64(clusters / 2) {
      let bits = generator.draw(base &+ k)
      body(Int(((bits & 0xFFFF_FFFF) &* g) >> 32))
      body(Int(((bits >> 32) &* g) >> 32))
    }
    if clusters % 2 == 1 {
      let bits = generator.draw(base &+ UInt64(clusters / 2))
      body(Int(((bits & 0xFFFF_FFFF) &* g) >> 32))
    }
  }

  /// The sum of the drawn rows; `rows` has one for each cluster.
  @inline(__always)
  func sum(_ b: Int, _ rows: UnsafeBufferPointer<ClusterSums.Row>) -> ClusterSums.Row {
    // Two chains of additions, for the two halves of each hash.
    var even = ClusterSums.Row.zero, odd = ClusterSums.Row.zero
    let base = UInt64(b) &* hashes
    let g = UInt64(clusters)
    for k in 0..<UInt64(clusters / 2) {
      let bits = generator.draw(base &+ k)
      even += rows[Int(((bits & 0xFFFF_FFFF) &* g) >> 32)]
      odd += rows[Int(((bits >> 32) &* g) >> 32)]
    }
    if clusters % 2 == 1 {
      let bits = generator.draw(base &+ UInt64(clusters / 2))
      even += rows[Int(((bits & 0xFFFF_FFFF) &* g) >> 32)]
    }
    return even + odd
  }

  /// Infinitesimal-jackknife errors of the four stabilised metrics in replicate `b`.
  func standardError(
    _ b: Int, _ rows: UnsafeBufferPointer<ClusterSums.Row>,
    _ gradients: (
      pcc: ClusterSums.Row, ccc: ClusterSums.Row, rmse: ClusterSums.Row, mae: ClusterSums.Row
    )
  ) -> SIMD4<Double> {
    var squares = SIMD4<Double>.zero
    forEach(b) { cluster in
      let row = rows[cluster]
      let influence = SIMD4(
        (gradients.pcc * row).sum(), (gradients.ccc * row).sum(), (gradients.rmse * row).sum(),
        (gradients.mae * row).sum())
      squares += influence * influence
    }
    return (squares * (Double(clusters) / Double(max(1, clusters - 1)))).squareRoot()
  }

  /// Writes the counts of replicates `range` as rows of a matrix, (range.count, clusters).
  func counts(_ range: Range<Int>, into matrix: UnsafeMutablePointer<Double>) {
    for (row, b) in range.enumerated() {
      let line = matrix + row * clusters
      line.update(repeating: 0, count: clusters)
      forEach(b) { line[$0] += 1 }
    }
  }
}

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
  func studentised(_ values: [Double], _ metric: Metric, _ point: Double) -> Outcome<Interval> {
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
