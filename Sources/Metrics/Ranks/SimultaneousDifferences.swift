import Basics
import COpenBLAS

/// Simultaneous intervals of all differences of one metric, by the studentised max bootstrap.
///
/// Standard errors of all pairs come from the cluster jackknife through one product of the (S, G)
/// matrix of left-out values with itself. A replicate's statistic is the largest
/// |(θ*_i - θ*_j) - (θ_i - θ_j)| / se_ij over all pairs; its quantile times se_ij is the half width.
struct SimultaneousDifferences {
  let figures: [Double]
  /// (S, S), symmetric; 0 on the diagonal and for systems that agree in every figure.
  let errors: [Double]
  /// The quantile of the largest studentised deviation.
  let critical: Double
  let undefinedReplicates: Int

  private static let block = 256
  private static let tile = 32

  /// - Parameter metric: PCC, CCC, RMSE or MAE, defined for every system.
  init?(_ sums: [ClusterSums], _ metric: Metric, options: InferenceOptions) {
    guard let lane = metric.lane, let first = sums.first, first.rows.count > 2 else { return nil }
    figures = sums.map { $0.metrics($0.total)[lane] }
    guard figures.allSatisfy(\.isFinite),
      let errors = Self.jackknifeErrors(sums, lane)
    else { return nil }
    self.errors = errors
    let inverse = errors.map { $0 > 0 ? 1 / $0 : 0 }
    let largest = Self.maxima(sums, lane, figures, inverse, options)
    let defined = largest.filter { !$0.isNaN }.sorted()
    undefinedReplicates = largest.count - defined.count
    guard defined.count * 2 >= largest.count, let last = defined.last else { return nil }
    let place = Int((options.level * Double(defined.count + 1)).rounded(.up)) - 1
    critical = place < defined.count ? defined[max(0, place)] : last
  }

  func halfWidth(_ i: Int, _ j: Int) -> Double { critical * errors[i * figures.count + j] }

  private static func jackknifeErrors(_ sums: [ClusterSums], _ lane: Int) -> [Double]? {
    let s = sums.count, g = sums[0].rows.count
    var influence: [Double] = []
    influence.reserveCapacity(s * g)
    for system in sums {
      let values = system.rows.map { system.metrics(system.total - $0)[lane] }
      let mean = SampleMoments(values).mean
      influence += values.map { $0 - mean }
    }
    guard influence.allSatisfy(\.isFinite) else { return nil }
    var products = [Double](repeating: 0, count: s * s)
    let (m, k) = (Int32(s), Int32(g))
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, m, m, k, 1, influence, k, influence, k, 0,
      &products, m)
    var errors = [Double](repeating: 0, count: s * s)
    let scale = Double(g - 1) / Double(g)
    for i in 0..<s {
      for j in 0..<i {
        let both = products[i * s + i] + products[j * s + j]
        let square = both - 2 * products[i * s + j]
        // Less than rounding leaves of equal systems.
        let error = square > 1e-13 * both ? (square * scale).squareRoot() : 0
        errors[i * s + j] = error
        errors[j * s + i] = error
      }
    }
    return errors
  }

  /// The largest studentised deviation of each replicate, (B,); NaN where a metric is undefined.
  private static func maxima(
    _ sums: [ClusterSums], _ lane: Int, _ figures: [Double], _ inverse: [Double],
    _ options: InferenceOptions
  ) -> [Double] {
    let blocks = (options.replicates + block - 1) / block
    let matrix = SumMatrix(sums)
    let threadsBefore = openblas_get_num_threads()
    openblas_set_num_threads(1)
    defer { openblas_set_num_threads(threadsBefore) }
    let parts = Parallel.map(blocks, threads: options.threads) { number in
      let start = number * block
      let range = start..<min(options.replicates, start + block)
      let values = matrix.metrics(range, sums, lane, options)
      return largest(values, range.count, figures, inverse)
    }
    return parts.flatMap { $0 }
  }

  /// - Parameter values: (S, width) metrics of the replicates.
  private static func largest(
    _ values: [Double], _ width: Int, _ figures: [Double], _ inverse: [Double]
  ) -> [Double] {
    let s = figures.count
    // Four replicates side by side; those beyond the width stay 0 and are cut off at the end.
    let steps = (width + 3) / 4
    var deviations = [SIMD4<Double>](repeating: .zero, count: s * steps)
    var undefined = [Bool](repeating: false, count: width)
    for i in 0..<s {
      for r in 0..<width {
        let deviation = values[i * width + r] - figures[i]
        if deviation.isNaN { undefined[r] = true }
        deviations[i * steps + r / 4][r % 4] = deviation
      }
    }
    var result = [SIMD4<Double>](repeating: .zero, count: steps)
    deviations.withUnsafeBufferPointer { deviations in
      result.withUnsafeMutableBufferPointer { result in
        for iTile in stride(from: 0, to: s, by: tile) {
          for jTile in stride(from: 0, through: iTile, by: tile) {
            for i in iTile..<min(s, iTile + tile) {
              for j in jTile..<min(i, jTile + tile) where j < i {
                let weight = inverse[i * s + j]
                for r in 0..<steps {
                  let d = (deviations[i &* steps &+ r] - deviations[j &* steps &+ r]) * weight
                  let size = unsafeBitCast(
                    unsafeBitCast(d, to: SIMD4<Int64>.self) & Int64.max, to: SIMD4<Double>.self)
                  result[r].replace(with: size, where: size .> result[r])
                }
              }
            }
          }
        }
      }
    }
    return (0..<width).map { undefined[$0] ? .nan : result[$0 / 4][$0 % 4] }
  }
}
