import Glibc

/// Sums of every system over each cluster, for every target of an average.
///
/// In a permutation the predictions of all targets of a cluster change places together. With s and d
/// the sum and the difference of two systems' rows of a cluster, the swapped systems have the sums
/// Σ (s ± d)/2, and a cluster's influence on the difference of their averages is linear in s and ±d.
struct AverageFeatures: Sendable {
  let lane: Int
  let metric: Metric
  /// Of the targets, with sum 1.
  let weights: [Double]
  /// (S, targets): PCC of predictions standardised over the rows, all others of raw ones.
  let sums: [[ClusterSums]]
  let clusters: Int

  init(_ systems: [AveragedSystem], _ metric: Metric) {
    (self.metric, lane) = (metric, metric.lane ?? 0)
    weights = systems.first?.average.weights ?? []
    clusters = systems.first?.average.sample.clusterCount ?? 0
    sums = systems.map { system in
      system.systems.map { one in
        guard metric == .pcc else {
          return ClusterSums(
            one.sample, one.predictions, form: one.options.form, centre: one.sample.centre)
        }
        let moments = SampleMoments(one.predictions)
        let deviation = (moments.sumSquares / moments.count).squareRoot()
        let scale = deviation > 0 ? deviation : 1
        return ClusterSums(
          one.sample, one.predictions.map { ($0 - moments.mean) / scale }, form: one.options.form,
          centre: 0)
      }
    }
  }

  /// The statistic of every pair without a swap, (pairs,).
  var observed: [Double] {
    let signs = [Double](repeating: 1, count: clusters)
    return sums.indices.flatMap { j in
      (0..<j).map { i in signs.withUnsafeBufferPointer { AveragePair(self, i, j).statistic($0) } }
    }
  }
}

/// Two systems of an average.
private struct AveragePair {
  typealias Row = ClusterSums.Row

  private let features: AverageFeatures
  private let first, second: [ClusterSums]
  /// (G, targets): halves of the sum and of the difference of both systems' rows.
  private let halves, differences: [Row]
  /// (targets,): the halves of all clusters together.
  private let totals: [Row]

  init(_ features: AverageFeatures, _ i: Int, _ j: Int) {
    self.features = features
    let (a, b) = (features.sums[i], features.sums[j])
    (first, second) = (a, b)
    let places = (0..<features.clusters).flatMap { c in a.indices.map { (c, $0) } }
    halves = places.map { c, t in (a[t].rows[c] + b[t].rows[c]) / 2 }
    differences = places.map { c, t in (a[t].rows[c] - b[t].rows[c]) / 2 }
    totals = a.indices.map { (a[$0].total + b[$0].total) / 2 }
  }

  /// Differences smaller than this are rounding.
  private static let slack = 1e-12

  /// T² with the sign -1 for clusters that are swapped, (G,); infinite where it is undefined.
  func statistic(_ signs: UnsafeBufferPointer<Double>) -> Double {
    let (targets, lane) = (totals.count, features.lane)
    var moved = [Row](repeating: .zero, count: targets)
    for c in signs.indices {
      for t in 0..<targets { moved[t] += signs[c] * differences[c * targets + t] }
    }
    var (x, y) = (0.0, 0.0)
    for t in 0..<targets {
      x += features.weights[t] * first[t].metrics(totals[t] + moved[t])[lane]
      y += features.weights[t] * second[t].metrics(totals[t] - moved[t])[lane]
    }
    let scale = features.metric.higherIsBetter ? 1 : abs(x) + abs(y)
    if abs(x - y) <= Self.slack * scale { return 0 }
    // By s and d: half the difference and half the sum of both gradients, whose halves are above.
    var (bySum, byDifference) = (moved, moved)
    for t in 0..<targets {
      let a = gradient(first[t], totals[t] + moved[t], average: x) * features.weights[t]
      let b = gradient(second[t], totals[t] - moved[t], average: y) * features.weights[t]
      (bySum[t], byDifference[t]) = (a - b, a + b)
    }
    var (variance, own) = (0.0, 0.0)
    for c in signs.indices {
      var (fixed, signed) = (Row.zero, Row.zero)
      for t in 0..<targets {
        fixed += bySum[t] * halves[c * targets + t]
        signed += byDifference[t] * differences[c * targets + t]
      }
      let (p, q) = (fixed.sum(), signs[c] * signed.sum())
      variance += (p + q) * (p + q)
      own += p * p + q * q
    }
    let difference = features.metric.stabilised(x) - features.metric.stabilised(y)
    let result = difference * difference / variance
    return variance > Self.slack * own && result >= 0 ? result : .infinity
  }

  /// Of the stabilised average by a target's sums, but for the target's weight.
  private func gradient(_ sums: ClusterSums, _ row: Row, average: Double) -> Row {
    let value = sums.metrics(row)[features.lane]
    let chain =
      features.metric.higherIsBetter
      ? (1 - value * value) / (1 - average * average) : value / average
    return sums.gradient(row, features.lane) * chain
  }
}

/// See ``AverageFeatures``.
struct AverageBlock: PermutationBlock {
  let width: Int
  private(set) var statistics: [Float]
  private let features: AverageFeatures
  /// (width, G).
  private var signs: [Double]

  init(_ features: AverageFeatures, width: Int) {
    (self.features, self.width) = (features, width)
    let s = features.sums.count
    statistics = [Float](repeating: -1, count: s * (s - 1) / 2 * width)
    signs = [Double](repeating: 0, count: width * features.clusters)
  }

  mutating func fill(_ range: Range<Int>, _ options: InferenceOptions) {
    let g = features.clusters
    SwapIndicators.draw(range, clusters: g, into: &signs, options)
    for place in signs.indices { signs[place] = 1 - 2 * signs[place] }
    for j in features.sums.indices {
      for i in 0..<j {
        let (pair, start) = (AveragePair(features, i, j), SwapTest.pair(i, j) * width)
        signs.withUnsafeBufferPointer { signs in
          for r in 0..<width {
            statistics[start + r] =
              r < range.count
              ? Float(pair.statistic(signs.extracting((r * g)..<((r + 1) * g)))) : -1
          }
        }
      }
    }
  }
}
