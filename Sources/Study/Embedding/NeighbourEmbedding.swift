import Basics
import Glibc

/// t-SNE (van der Maaten and Hinton 2008, JMLR 9): points in the plane or in space whose neighbours are those of
/// the points given. Exact, in O(n²) a step. Sizes of clusters and gaps between them mean nothing.
public struct NeighbourEmbedding: Sendable {
  /// (n, 2) or (n, 3).
  public let points: [[Double]]
  /// Kullback and Leibler's divergence of the picture from the data, Σ p ln(p/q), after each step.
  public let divergences: [Double]

  public struct Options: Sendable, Equatable {
    /// How many neighbours a point has, about; the bandwidth of each is chosen for it.
    public var perplexity = 30.0
    /// 2 or 3.
    public var dimensions = 2
    public var steps = 500
    /// Attraction is multiplied by this for the first ``exaggeratedSteps``.
    public var exaggeration = 12.0
    public var exaggeratedSteps = 125
    public var seed: UInt64 = 0
    public var threads = Parallel.processors

    public init() {}
  }

  /// Begins with the first principal components, scaled to 1e-4, and a little seeded noise that
  /// parts equal points. The bits do not depend on the number of threads.
  /// - Parameter data: (n, D), n > 3, equally long. A perplexity above (n-1)/3 is lowered to that.
  public init(
    _ data: [[Double]], options: Options = Options(),
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) {
    precondition(data.count > 3, "four points at least")
    precondition(options.perplexity > 1 && options.steps > 0, "a perplexity above 1, and steps")
    precondition((2...3).contains(options.dimensions), "the plane or space")
    let n = data.count
    let perplexity = min(options.perplexity, Double(n - 1) / 3)
    let affinities = Self.affinities(data, perplexity, options.threads)
    let dimensions = options.dimensions
    var y = Self.start(data, dimensions, options.seed)
    var velocity = Array(repeating: Array(repeating: 0.0, count: dimensions), count: n)
    var gains = Array(repeating: Array(repeating: 1.0, count: dimensions), count: n)
    var divergences: [Double] = []
    // The step size that is common for this method: n over the exaggeration, 50 at least.
    let rate = max(Double(n) / options.exaggeration / 4, 50)
    for step in 0..<options.steps {
      let isExaggerated = step < options.exaggeratedSteps
      let (gradient, divergence) = Self.gradient(
        y, affinities, exaggeration: isExaggerated ? options.exaggeration : 1, options.threads)
      divergences.append(divergence)
      let momentum = isExaggerated ? 0.5 : 0.8
      for i in 0..<n {
        for k in 0..<dimensions {
          let isTurning = (gradient[i][k] > 0) == (velocity[i][k] > 0)
          gains[i][k] = max(0.01, isTurning ? gains[i][k] * 0.8 : gains[i][k] + 0.2)
          velocity[i][k] = momentum * velocity[i][k] - rate * gains[i][k] * gradient[i][k]
          y[i][k] += velocity[i][k]
        }
      }
      Self.centre(&y)
      progress(step + 1, options.steps)
    }
    points = y
    self.divergences = divergences
  }

  private static func start(
    _ data: [[Double]], _ dimensions: Int, _ seed: UInt64
  ) -> [[Double]] {
    let components = PrincipalComponents(data, count: min(dimensions, data[0].count), seed: seed)
    var random = SplitMix64(seed: seed)
    let scale = 1e-4 / max(components.variances[0].squareRoot(), .leastNormalMagnitude)
    return components.project(data).map { point in
      (0..<dimensions).map { k in
        (k < point.count ? point[k] * scale : 0) + Double.random(in: -1e-6...1e-6, using: &random)
      }
    }
  }

  private static func centre(_ y: inout [[Double]]) {
    for k in y[0].indices {
      let mean = y.reduce(0) { $0 + $1[k] } / Double(y.count)
      for i in y.indices { y[i][k] -= mean }
    }
  }

  /// p_ij = (p_j|i + p_i|j) / 2n, row by row; p_j|i ∝ exp(-β_i ‖x_i - x_j‖²) with the β_i at which
  /// the entropy of row i is ln(perplexity).
  package static func affinities(
    _ data: [[Double]], _ perplexity: Double, _ threads: Int
  ) -> [[Double]] {
    let n = data.count
    let conditional = Parallel.map(n, threads: threads) { i -> [Double] in
      let squares = (0..<n).map { j -> Double in
        var sum = 0.0
        for k in data[i].indices {
          let d = data[i][k] - data[j][k]
          sum += d * d
        }
        return sum
      }
      return row(squares, excluding: i, entropy: log(perplexity))
    }
    return (0..<n).map { i in
      (0..<n).map { j in (conditional[i][j] + conditional[j][i]) / Double(2 * n) }
    }
  }

  /// One row of probabilities by bisection of its bandwidth, which is sought as a factor of the
  /// mean squared distance so that the scale of the data doesn't matter.
  package static func row(_ squares: [Double], excluding own: Int, entropy wanted: Double)
    -> [Double]
  {
    let others = squares.indices.filter { $0 != own }
    let nearest = others.reduce(Double.infinity) { min($0, squares[$1]) }
    let mean = others.reduce(0) { $0 + squares[$1] - nearest } / Double(others.count)
    var weights = Array(repeating: 0.0, count: squares.count)
    guard mean > 0 else {
      // All at one distance: all are neighbours alike.
      for j in others { weights[j] = 1 / Double(others.count) }
      return weights
    }
    var (low, high) = (0.0, Double.infinity)
    var beta = 1 / mean
    for _ in 0..<100 {
      var (sum, weighted) = (0.0, 0.0)
      for j in others {
        let distance = squares[j] - nearest
        let weight = exp(-beta * distance)
        weights[j] = weight
        sum += weight
        weighted += weight * distance
      }
      let entropy = log(sum) + beta * weighted / sum
      for j in others { weights[j] /= sum }
      if abs(entropy - wanted) < 1e-7 { break }
      if entropy > wanted { low = beta } else { high = beta }
      beta = high.isFinite ? (low + high) / 2 : beta * 2
    }
    return weights
  }

  /// ∂KL/∂y_i = 4 Σ_j (e·p_ij - q_ij) w_ij (y_i - y_j), with w_ij = 1/(1 + ‖y_i - y_j‖²), q_ij =
  /// w_ij / Σ w and e the exaggeration; and the divergence without exaggeration.
  package static func gradient(
    _ y: [[Double]], _ p: [[Double]], exaggeration: Double, _ threads: Int
  ) -> (gradient: [[Double]], divergence: Double) {
    let n = y.count
    let dimensions = y[0].count
    let places = y.map { SIMD3($0[0], $0[1], dimensions > 2 ? $0[2] : 0) }
    func weight(_ d: SIMD3<Double>) -> Double { 1 / (1 + d.x * d.x + d.y * d.y + d.z * d.z) }
    let sums = Parallel.map(n, threads: threads) { i -> Double in
      var sum = 0.0
      for j in 0..<n {
        sum += weight(places[i] - places[j])
      }
      return sum - 1
    }
    let total = sums.reduce(0, +)
    let rows = Parallel.map(n, threads: threads) { i -> (SIMD3<Double>, Double) in
      let own = p[i]
      var (sum, divergence) = (SIMD3<Double>.zero, 0.0)
      for j in 0..<n where j != i {
        let difference = places[i] - places[j]
        let weight = weight(difference)
        let q = max(weight / total, 1e-300)
        let force = (exaggeration * own[j] - q) * weight
        sum += force * difference
        if own[j] > 0 { divergence += own[j] * log(own[j] / q) }
      }
      return (4 * sum, divergence)
    }
    let gradient = rows.map { row in (0..<dimensions).map { row.0[$0] } }
    return (gradient, rows.reduce(0) { $0 + $1.1 })
  }
}
