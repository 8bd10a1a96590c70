import Basics
import COpenBLAS

/// Paired percentile intervals of PCC, CCC and RMSE differences of all pairs of systems.
///
/// All systems share the same replicates, so each system's metrics are computed once a replicate;
/// a pair costs a subtraction and the selection of its tails. Memory is 24·S·B bytes, which is why
/// their number is limited; more systems have `SystemsComparison`, whose memory does not grow so.
public struct PairwiseIntervals: Sendable {
  /// Systems at most, so that memory stays under 240 MB at 10,000 resamples.
  public static let mostSystems = 1000
  public static let metrics: [Metric] = [.pcc, .ccc, .rmse]

  public let count: Int
  private let bounds: [Bounds]

  private struct Bounds: Sendable {
    var low = Double.nan, high = Double.nan
    var undefined = 0
  }

  private let options: InferenceOptions
  private let clusters: Int

  /// - Parameter systems: (S, n) predictions, finite, in the order of the sample; at most
  ///   `mostSystems`.
  public init(
    _ sample: ClusteredSample, systems: [[Double]], options: InferenceOptions = .init()
  ) {
    precondition(systems.count <= Self.mostSystems, "too many systems for paired intervals")
    count = systems.count
    self.options = options
    clusters = sample.clusterCount
    let sums = systems.map { ClusterSums(sample, $0, form: options.form) }
    let replicates = Self.replicates(sums, options)
    let tail = (1 - options.level) / 2
    let pairs = systems.indices.flatMap { j in (0..<j).map { ($0, j) } }
    bounds = Parallel.map(3 * pairs.count, threads: options.threads) { number in
      let (i, j) = pairs[number / 3]
      let (a, b) = (replicates[3 * i + number % 3], replicates[3 * j + number % 3])
      guard let (q, undefined) = Quantiles.linear(differencesOf: a, b, [tail, 1 - tail]) else {
        return Bounds()
      }
      return Bounds(low: q[0], high: q[1], undefined: undefined)
    }
  }

  /// The interval of metric(i) - metric(j); undefined where too few replicates are.
  public func interval(_ metric: Metric, _ i: Int, _ j: Int) -> Outcome<Interval> {
    guard let lane = Self.metrics.firstIndex(of: metric) else {
      return .undefined(.methodDoesNotApply)
    }
    var bound = Bounds(low: 0, high: 0)
    if i != j {
      bound = bounds[3 * (max(i, j) * (max(i, j) - 1) / 2 + min(i, j)) + lane]
      if i > j { (bound.low, bound.high) = (-bound.high, -bound.low) }
    }
    guard bound.low.isFinite, bound.undefined * 2 <= options.replicates else {
      return .undefined(.tooFewReplicates)
    }
    return .value(
      Interval(
        low: bound.low, high: bound.high, level: options.level, method: .percentile,
        replicates: options.replicates, undefinedReplicates: bound.undefined,
        clusters: clusters))
  }

  /// (3·S, B): metrics of each system in each replicate.
  private static func replicates(
    _ sums: [ClusterSums], _ options: InferenceOptions
  ) -> [[Double]] {
    let size = 256
    let matrix = SumMatrix(sums)
    let blocks = (options.replicates + size - 1) / size
    let threadsBefore = openblas_get_num_threads()
    openblas_set_num_threads(1)
    defer { openblas_set_num_threads(threadsBefore) }
    let parts = Parallel.map(blocks, threads: options.threads) { block in
      let range = (block * size)..<min(options.replicates, (block + 1) * size)
      return matrix.allMetrics(range, sums, options)
    }
    return Parallel.map(3 * sums.count, threads: options.threads) { number in
      var line: [Double] = []
      line.reserveCapacity(options.replicates)
      for (block, part) in parts.enumerated() {
        let width = min(options.replicates - block * size, size)
        line += part[(number * width)..<((number + 1) * width)]
      }
      return line
    }
  }
}
