import COpenBLAS

/// Cluster sums of many systems as one matrix, for products with matrices of counts.
struct SumMatrix {
  /// (3 + 5·S, G): Σ1, Σy, Σy², then Σx, Σx², Σxy, Σ(x - y)², Σ|x - y| of each system.
  private let sums: [Double]
  private let rows: Int
  private let clusters: Int

  init(_ systems: [ClusterSums]) {
    clusters = systems.first?.rows.count ?? 0
    rows = 3 + 5 * systems.count
    var sums: [Double] = []
    sums.reserveCapacity(rows * clusters)
    for lane in 0..<3 { sums += systems.first?.rows.map { $0[lane] } ?? [] }
    for system in systems {
      for lane in 3..<8 { sums += system.rows.map { $0[lane] } }
    }
    self.sums = sums
  }

  /// One metric of every system in every replicate of `range`, (S, range.count).
  func metrics(
    _ range: Range<Int>, _ systems: [ClusterSums], _ lane: Int, _ options: InferenceOptions
  ) -> [Double] {
    let width = range.count
    var values = [Double](repeating: .nan, count: systems.count * width)
    forEach(range, systems, options) { s, r, value in values[s * width + r] = value[lane] }
    return values
  }

  /// PCC, CCC and RMSE of every system in every replicate of `range`, (3·S, range.count).
  func allMetrics(
    _ range: Range<Int>, _ systems: [ClusterSums], _ options: InferenceOptions
  ) -> [Double] {
    let width = range.count
    var values = [Double](repeating: .nan, count: 3 * systems.count * width)
    forEach(range, systems, options) { s, r, value in
      for lane in 0..<3 { values[(3 * s + lane) * width + r] = value[lane] }
    }
    return values
  }

  /// The product with the counts of `range`, one call for each system and replicate.
  @inline(__always)
  private func forEach(
    _ range: Range<Int>, _ systems: [ClusterSums], _ options: InferenceOptions,
    _ body: (Int, Int, SIMD4<Double>) -> Void
  ) {
    let width = range.count
    var counts = [Double](repeating: 0, count: width * clusters)
    var product = [Double](repeating: 0, count: rows * width)
    counts.withUnsafeMutableBufferPointer { counts in
      guard let base = counts.baseAddress else { return }
      Draws(clusters: clusters, options: options).counts(range, into: base)
      let (m, n, k) = (Int32(rows), Int32(width), Int32(clusters))
      cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, sums, k, base, k, 0, &product, n)
    }
    product.withUnsafeBufferPointer { p in
      for (s, system) in systems.enumerated() {
        let base = (3 + 5 * s) * width
        for r in 0..<width {
          let row = ClusterSums.Row(
            p[r], p[width + r], p[2 * width + r], p[base + r], p[base + width + r],
            p[base + 2 * width + r], p[base + 3 * width + r], p[base + 4 * width + r])
          body(s, r, system.metrics(row))
        }
      }
    }
  }
}
