import COpenBLAS

/// A system's figure, and the figure without each cluster in turn: enough for an interval and a test
/// of any metric.
struct JackknifedFigure: Sendable {
  let figure: Figure
  /// (G,).
  let withoutEach: Outcome<[Double]>

  /// The clusters' shares in the figure on the stabilised scale, φ - (G - 1)(φ₋g - φ̄), whose mean is
  /// φ; (G,). Tukey's pseudo-values, moved so that their mean is the figure.
  func shares(_ metric: Metric) -> Outcome<[Double]> {
    figure.flatMap { point in
      withoutEach.flatMap { values in
        let (centre, without) = (metric.stabilised(point), values.map(metric.stabilised))
        guard centre.isFinite, without.allSatisfy(\.isFinite) else {
          return .undefined(.undefinedWithoutCluster)
        }
        let mean = SampleMoments(without).mean
        return .value(without.map { centre - Double(values.count - 1) * ($0 - mean) })
      }
    }
  }

  /// The jackknife's variance on the stabilised scale, (G - 1)/G Σ (φ₋g - φ̄)².
  func variance(_ metric: Metric) -> Outcome<Double> {
    withoutEach.flatMap { values in
      let stabilised = values.map(metric.stabilised)
      guard stabilised.allSatisfy(\.isFinite) else { return .undefined(.undefinedWithoutCluster) }
      let variance = SampleMoments(stabilised).jackknifeVariance
      return variance.isFinite ? .value(variance) : .undefined(.degenerate)
    }
  }
}

/// The swap test to first order: exchanging two systems' predictions of a cluster reverses the sign of
/// the cluster's share in their difference, as far as that is linear.
///
/// With d_g the difference of the shares, a permutation's statistic is (Σ ±d_g)² / Σ d_g², Student's t
/// of the shares but for a monotone function. It takes a multiplication a cluster where recomputing
/// ranks takes all pairs of rows.
struct SignFeatures: Sendable {
  /// (S, G).
  let shares: [Double]
  let systems, clusters: Int
  /// (S,): sums over the clusters.
  let totals: [Double]
  /// Σ d_g² of each pair, (pairs,).
  let squares: [Double]

  init(_ shares: [[Double]], clusters: Int) {
    (self.shares, systems, self.clusters) = (shares.flatMap { $0 }, shares.count, clusters)
    totals = shares.map { $0.reduce(0, +) }
    squares = (0..<shares.count).flatMap { j in
      (0..<j).map { i in
        zip(shares[i], shares[j]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      }
    }
  }

  /// The statistic of every pair without a swap, (pairs,).
  var observed: [Double] {
    (0..<systems).flatMap { j in
      (0..<j).map { statistic(totals[$0] - totals[j], SwapTest.pair($0, j)) }
    }
  }

  @inline(__always) func statistic(_ difference: Double, _ pair: Int) -> Double {
    squares[pair] > 0 ? difference * difference / squares[pair] : 0
  }
}

/// See ``SignFeatures``.
struct SignBlock: PermutationBlock {
  let width: Int
  private(set) var statistics: [Float]
  private let features: SignFeatures
  /// (width, G): 1 where a sign is reversed.
  private var indicators: [Double]
  /// (S, width): the sum of the shares that are reversed.
  private var product: [Double]

  init(_ features: SignFeatures, width: Int) {
    (self.features, self.width) = (features, width)
    let s = features.systems
    statistics = [Float](repeating: -1, count: s * (s - 1) / 2 * width)
    indicators = [Double](repeating: 0, count: width * features.clusters)
    product = [Double](repeating: 0, count: s * width)
  }

  mutating func fill(_ range: Range<Int>, _ options: InferenceOptions) {
    SwapIndicators.draw(range, clusters: features.clusters, into: &indicators, options)
    let (s, n, g) = (Int32(features.systems), Int32(width), Int32(features.clusters))
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, s, n, g, 1, features.shares, g, indicators, g, 0,
      &product, n)
    for j in 0..<features.systems {
      for i in 0..<j {
        let pair = SwapTest.pair(i, j)
        let total = features.totals[i] - features.totals[j]
        for r in 0..<width {
          let reversed = product[i * width + r] - product[j * width + r]
          statistics[pair * width + r] =
            r < range.count ? Float(features.statistic(total - 2 * reversed, pair)) : -1
        }
      }
    }
  }
}
