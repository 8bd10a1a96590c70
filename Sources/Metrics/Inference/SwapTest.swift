import Basics
import COpenBLAS

/// The studentised clustered swap test of all pairs of systems, and its step-down over the pairs.
///
/// In a permutation both predictions of a whole cluster change places, each cluster with
/// probability 1/2, and the same clusters for every pair. The statistic of a pair is
/// T = |φ(θ₁) - φ(θ₂)| / e, computed anew in each permutation: φ is Fisher's z of a correlation and
/// the logarithm of an error, e the infinitesimal jackknife's error of that difference. The test is
/// exact where two systems are exchangeable, and asymptotically right where they are equally good
/// and nothing else, since T does not depend on their spreads (Janssen 1997, Stat. Probab. Lett.
/// 36:9; Chung and Romano 2013, Ann. Stat. 41:484). p = (b + 1)/(B + 1) with b permutations at least
/// as far out as observed.
///
/// Adjusted p-values are those of Westfall and Young's step-down max-T over all pairs (Romano and
/// Wolf 2005, Econometrica 73:1237): they control the chance of any false separation.
///
/// PCC is compared on predictions standardised over all rows, since it ignores scale and exchanging
/// raw ones would mix two scales; CCC, RMSE, MAE and alpha on raw ones. Correlations of ranks are
/// compared by the signs of the clusters' shares in the difference, which is the same test to first
/// order; see ``SignFeatures``. A permutation in which a metric or
/// its error is undefined counts as far out. One in which the error is 0 counts as far out where the
/// difference is not 0, and else as 0.
///
/// The work grows with B·G·S² for S systems; a pair needs no loop over clusters, see
/// ``SwapFeatures``.
public struct SwapTest: Sendable, Hashable {
  public let metrics: [Metric]
  /// Permutations drawn, B.
  public let replicates: Int
  public let clusters: Int
  /// Number of systems, S.
  public let count: Int
  private let results: [PairResults]

  /// Short names for a signature: of the test, and of the adjustment over pairs.
  public static let method = "swap-t"
  public static let adjustment = "max-t"

  /// The test in words.
  public static func name(of metric: Metric) -> String {
    metric.isOfRanks ? "studentised sign test of jackknife shares" : "studentised swap test"
  }

  private struct PairResults: Sendable, Hashable {
    /// Why a system has no figure, (S,).
    var obstacles: [Figure.Reason?]
    /// p-values, adjusted p-values and permutations without a statistic, (pairs,); a pair without a
    /// test has NaN.
    var p: [Double]
    var adjusted: [Double]
    var undefined: [Int32]

    init(_ obstacles: [Figure.Reason?], _ counts: PermutationCounts) {
      self.obstacles = obstacles
      (p, adjusted, undefined) = (counts.p, counts.adjusted, counts.undefined)
    }

    /// By the signs of the clusters' shares; see ``SignBlock``.
    init(_ figures: [JackknifedFigure], _ metric: Metric, _ options: InferenceOptions) {
      let shares = figures.map { $0.shares(metric) }
      let clusters = shares.lazy.compactMap(\.value?.count).first ?? 0
      let features = SignFeatures(
        shares.map { $0.value ?? [Double](repeating: 0, count: clusters) }, clusters: clusters)
      let counts = PermutationCounts(
        features.observed, shares.map { $0.reason == nil }, clusters: clusters, options
      ) { SignBlock(features, width: $0) }
      self.init(shares.map(\.reason), counts)
    }
  }

  /// - Parameter systems: (S, n) predictions, finite, each in the order of the sample.
  public init(
    _ sample: ClusteredSample, systems: [[Double]], metrics: [Metric] = Metric.all,
    options: InferenceOptions = .init()
  ) {
    precondition(systems.allSatisfy { $0.count == sample.count }, "one prediction a row")
    let moments = systems.map { PairedMoments(predictions: $0, gold: sample.gold) }
    let ranks = metrics.filter(\.isOfRanks)
    let jackknifed =
      ranks.isEmpty
      ? []
      : systems.map {
        SystemInference(sample, predictions: $0, options: options).jackknifed(ranks)
      }
    let results = metrics.map { metric in
      guard !metric.isOfRanks else {
        return PairResults(jackknifed.compactMap { $0[metric] }, metric, options)
      }
      let obstacles = moments.map { $0.figure(metric, form: options.form).reason }
      let features = SwapFeatures(sample, systems, metric, form: options.form)
      let constants = PairConstants(features, options.threads)
      let counts = PermutationCounts(
        features.observed(constants), obstacles.map { $0 == nil }, clusters: sample.clusterCount,
        options
      ) { SwapBlock(features, constants, width: $0) }
      return PairResults(obstacles, counts)
    }
    self.init(metrics, results, count: systems.count, sample.clusterCount, options)
  }

  /// Of a metric's average over targets. A cluster's predictions of all targets change places together;
  /// the error is that of the average.
  init(_ systems: [AveragedSystem], metric: Metric, options: InferenceOptions) {
    let clusters = systems.first?.average.sample.clusterCount ?? 0
    guard !metric.isOfRanks else {
      self.init(
        systems.map { $0.jackknifed(metric) }, metric: metric, clusters: clusters, options: options)
      return
    }
    let obstacles = systems.map { $0.figure(metric).reason }
    let features = AverageFeatures(systems, metric)
    let counts = PermutationCounts(
      features.observed, obstacles.map { $0 == nil }, clusters: clusters, options
    ) { AverageBlock(features, width: $0) }
    self.init(
      [metric], [PairResults(obstacles, counts)], count: systems.count, clusters, options)
  }

  /// By the signs of the clusters' shares alone.
  init(
    _ figures: [JackknifedFigure], metric: Metric, clusters: Int, options: InferenceOptions
  ) {
    self.init(
      [metric], [PairResults(figures, metric, options)], count: figures.count, clusters, options)
  }

  private init(
    _ metrics: [Metric], _ results: [PairResults], count: Int, _ clusters: Int,
    _ options: InferenceOptions
  ) {
    (self.metrics, self.results, self.count, self.clusters) = (metrics, results, count, clusters)
    replicates = options.replicates
  }

  /// The number of a pair among all pairs.
  @inline(__always)
  static func pair(_ i: Int, _ j: Int) -> Int { max(i, j) * (max(i, j) - 1) / 2 + min(i, j) }

  /// The p-value of one pair, at least 1/(B + 1); 1 for a system against itself.
  public func p(_ metric: Metric, _ i: Int = 0, _ j: Int = 1) -> Figure {
    figure(metric, i, j, \.p)
  }

  /// The p-value adjusted over all pairs with a p-value.
  public func adjusted(_ metric: Metric, _ i: Int, _ j: Int) -> Figure {
    figure(metric, i, j, \.adjusted)
  }

  /// Permutations of a pair in which the metric or its error is undefined.
  public func undefinedReplicates(_ metric: Metric, _ i: Int = 0, _ j: Int = 1) -> Int {
    guard let place = metrics.firstIndex(of: metric), i != j else { return 0 }
    return Int(results[place].undefined[Self.pair(i, j)])
  }

  private func figure(
    _ metric: Metric, _ i: Int, _ j: Int, _ path: KeyPath<PairResults, [Double]>
  ) -> Figure {
    guard let place = metrics.firstIndex(of: metric) else {
      return .undefined(.methodDoesNotApply)
    }
    let result = results[place]
    if let reason = result.obstacles[i] ?? result.obstacles[j] { return .undefined(reason) }
    return i == j ? .value(1) : .value(result[keyPath: path][Self.pair(i, j)])
  }
}

/// How many permutations are at least as far out as observed, for each pair by itself and for the
/// largest statistic of all pairs that are no further out than it.
///
/// Permutations go in blocks. A block's statistics of all pairs are written down, then visited in
/// ascending order of the observed statistic with a running maximum for each permutation.
private struct PermutationCounts {
  private(set) var p: [Double]
  private(set) var adjusted: [Double]
  private(set) var undefined: [Int32]

  /// Statistics of one block take 64 MB at most, and there are four such blocks at most.
  private static let blockNumbers = 16_000_000
  private static let mostWorkers = 4
  private typealias Floats = SIMD8<Float>

  /// - Parameters:
  ///   - observed: statistics without a swap, (pairs,).
  ///   - block: an empty block of a width.
  init<Block: PermutationBlock>(
    _ observed: [Double], _ isDefined: [Bool], clusters: Int, _ options: InferenceOptions,
    block: @Sendable (Int) -> Block
  ) {
    let systems = isDefined.count
    let pairs = systems * (systems - 1) / 2
    p = [Double](repeating: .nan, count: pairs)
    adjusted = p
    undefined = [Int32](repeating: 0, count: pairs)
    let tested = (0..<systems).flatMap { j in
      (0..<j).compactMap { isDefined[$0] && isDefined[j] ? SwapTest.pair($0, j) : nil }
    }
    guard !tested.isEmpty else { return }
    let order = tested.sorted { (observed[$0], $0) < (observed[$1], $1) }
    // The width depends on the data alone, so that the bits do not depend on the threads. An even
    // number of blocks gives two threads the same work.
    let widest = max(8, min(248, Self.blockNumbers / pairs, 4_000_000 / max(1, clusters)))
    let half = (options.replicates + 2 * widest - 1) / (2 * widest)
    let width = min(widest, (options.replicates + 2 * half - 1) / (2 * half) + 7) / 8 * 8
    let blocks = (options.replicates + width - 1) / width
    let workers = max(1, min(options.threads, blocks, Self.mostWorkers))
    // One thread of OpenBLAS for each of ours: its own threads would vie with them.
    let threadsBefore = openblas_get_num_threads()
    openblas_set_num_threads(1)
    defer { openblas_set_num_threads(threadsBefore) }
    let parts = Parallel.map(workers, threads: workers) { worker in
      var counts = Counts(pairs)
      var block = block(width)
      for number in stride(from: worker, to: blocks, by: workers) {
        let start = number * width
        block.fill(start..<min(options.replicates, start + width), options)
        counts.add(block, order, observed)
      }
      return counts
    }
    var (alone, together) = (undefined, undefined)
    for part in parts {
      for pair in tested {
        alone[pair] += part.alone[pair]
        together[pair] += part.together[pair]
        undefined[pair] += part.undefined[pair]
      }
    }
    let all = Double(options.replicates + 1)
    var floor = 0.0
    for pair in order.reversed() {
      p[pair] = Double(alone[pair] + 1) / all
      floor = max(floor, Double(together[pair] + 1) / all)
      adjusted[pair] = floor
    }
  }

  /// Counts of the blocks of one worker.
  private struct Counts {
    var alone, together, undefined: [Int32]

    init(_ pairs: Int) {
      alone = [Int32](repeating: 0, count: pairs)
      (together, undefined) = (alone, alone)
    }

    /// A statistic is as far out as the observed one if it falls short by no more than rounding.
    private static let slack = 1 - 1e-6

    mutating func add(_ block: some PermutationBlock, _ order: [Int], _ observed: [Double]) {
      let steps = block.width / 8
      var largest = [Floats](repeating: Floats(repeating: -1), count: steps)
      block.statistics.withUnsafeBytes { statistics in
        let vectors = statistics.bindMemory(to: Floats.self)
        for pair in order {
          let limit = Floats(repeating: Float(observed[pair] * Self.slack))
          var (a, t, u) = (SIMD8<Int32>.zero, SIMD8<Int32>.zero, SIMD8<Int32>.zero)
          for step in 0..<steps {
            let value = vectors[pair * steps + step]
            largest[step].replace(with: value, where: value .> largest[step])
            a.replace(with: a &+ 1, where: value .>= limit)
            t.replace(with: t &+ 1, where: largest[step] .>= limit)
            u.replace(with: u &+ 1, where: value .== Floats(repeating: .infinity))
          }
          alone[pair] &+= a.wrappedSum()
          together[pair] &+= t.wrappedSum()
          undefined[pair] &+= u.wrappedSum()
        }
      }
    }
  }
}
