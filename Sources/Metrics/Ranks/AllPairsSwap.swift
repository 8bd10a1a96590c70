import Basics
import COpenBLAS

/// Swap permutation tests of all pairs of systems, replicates in blocks.
///
/// A block of R replicates is one product: the (5·S, G) matrix of every system's cluster sums times
/// the (G, R) matrix of 0 and 1. A pair then needs the differences of two systems' rows alone, which
/// `SwapPair` compares with the observed difference.
///
/// Raw pointers stand here and in `SwapPair` for the inner loops: each system owns 5·R numbers of
/// the product, and every index is `system · 5 · R + quantity · R + replicate` with each part below
/// its bound.
struct AllPairsSwap {
  /// Replicates of a block (R). With 5 sums and 2 · 16 systems of a tile 320 KiB are in use.
  static let block = 256
  private static let tile = 16
  static let quantities = 5

  private let systems: Int
  private let clusters: Int
  /// (5·S, G): Σz, Σz², Σzy, Σx², Σxy of each cluster.
  private var sums: [Double]
  private var totals: [SwapPair.Totals] = []
  private let sumSquaresY: Double
  private let rows: Double
  private let options: InferenceOptions

  init(_ sample: ClusteredSample, _ predictions: [[Double]], options: InferenceOptions) {
    systems = predictions.count
    clusters = sample.clusterCount
    rows = Double(sample.count)
    self.options = options
    sumSquaresY = SampleMoments(sample.gold).sumSquares
    sums = [Double](repeating: 0, count: Self.quantities * systems * clusters)
    for (s, x) in predictions.enumerated() { totals.append(add(s, x, sample)) }
  }

  private mutating func add(
    _ s: Int, _ x: [Double], _ sample: ClusteredSample
  ) -> SwapPair.Totals {
    let moments = SampleMoments(x)
    let deviation = (moments.sumSquares / moments.count).squareRoot()
    let scale = deviation > 0 ? 1 / deviation : 0
    var total = SwapPair.Totals()
    for i in x.indices {
      let y = sample.gold[i] - sample.centre
      let z = (x[i] - moments.mean) * scale, raw = x[i] - sample.centre
      let base = s * Self.quantities * clusters + sample.clusterOfRow[i]
      sums[base] += z
      sums[base + clusters] += z * z
      sums[base + 2 * clusters] += z * y
      sums[base + 3 * clusters] += raw * raw
      sums[base + 4 * clusters] += raw * y
      total.squaresZ += z * z
      total.productsZ += z * y
      total.squaresX += raw * raw
      total.productsX += raw * y
    }
    total.pcc = total.productsZ / (total.squaresZ * sumSquaresY).squareRoot()
    total.ccc = 2 * total.productsX / (total.squaresX + sumSquaresY)
    return total
  }

  /// How many replicates of each pair are at least as far out as the observed difference.
  ///
  /// - Returns: (pairs, 3) counts for PCC, CCC (Lin's n form), RMSE; pair (i, j), i < j, has number
  ///   j(j - 1)/2 + i.
  func farCounts() -> [Int32] {
    let pairs = systems * (systems - 1) / 2
    let blocks = (options.replicates + Self.block - 1) / Self.block
    let workers = max(1, min(options.threads, blocks))
    // One thread of OpenBLAS for each of ours: its own threads would vie with them.
    let threadsBefore = openblas_get_num_threads()
    openblas_set_num_threads(1)
    defer { openblas_set_num_threads(threadsBefore) }
    // Whole counts add up exactly, so it does not matter which worker counted what.
    let parts = Parallel.map(workers, threads: workers) { worker in
      var counts = [Int32](repeating: 0, count: 3 * pairs)
      var product = [Double](repeating: 0, count: Self.quantities * systems * Self.block)
      var pattern = [Double](repeating: 0, count: Self.block * clusters)
      for block in stride(from: worker, to: blocks, by: workers) {
        let start = block * Self.block
        let width = min(Self.block, options.replicates - start)
        swap(start, width, &pattern, &product)
        count(width, product, &counts)
      }
      return counts
    }
    guard var all = parts.first else { return [] }
    for part in parts.dropFirst() {
      for i in all.indices { all[i] &+= part[i] }
    }
    return all
  }

  /// product (5·S, R) = sums (5·S, G) · patternᵀ (G, R).
  private func swap(
    _ start: Int, _ width: Int, _ pattern: inout [Double], _ product: inout [Double]
  ) {
    let generator = SplitMix64(seed: options.seed, stream: .swap)
    let (m, k) = (Int32(Self.quantities * systems), Int32(clusters))
    pattern.withUnsafeMutableBufferPointer { pattern in
      guard let base = pattern.baseAddress else { return }
      for row in 0..<width {
        SwapTables.pattern(
          start + row, clusters: clusters, generator, into: base + row * clusters)
      }
      cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, m, Int32(width), k, 1, sums, k, base, k, 0,
        &product, Int32(Self.block))
    }
  }

  private func count(_ width: Int, _ product: [Double], _ counts: inout [Int32]) {
    product.withUnsafeBufferPointer { product in
      guard let base = product.baseAddress else { return }
      let stride = Self.quantities * Self.block
      for jTile in Swift.stride(from: 0, to: systems, by: Self.tile) {
        for iTile in Swift.stride(from: 0, through: jTile, by: Self.tile) {
          for j in jTile..<min(systems, jTile + Self.tile) {
            for i in iTile..<min(j, iTile + Self.tile) where i < j {
              let pair = SwapPair(
                totals[i], totals[j], sumSquaresY: sumSquaresY, rows: rows)
              let far = pair.farCounts(base + i * stride, base + j * stride, width)
              let at = 3 * (j * (j - 1) / 2 + i)
              counts[at] &+= far.0
              counts[at + 1] &+= far.1
              counts[at + 2] &+= far.2
            }
          }
        }
      }
    }
  }
}
