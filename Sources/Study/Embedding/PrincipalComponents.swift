import Basics
import Glibc

/// The directions in which points vary most (Pearson 1901), by subspace iteration.
public struct PrincipalComponents: Sendable {
  /// (count, D), orthonormal, the direction of the largest variance first. The sign of each makes
  /// its largest coordinate positive.
  public let directions: [[Double]]
  /// Variance (n-1) along each direction.
  public let variances: [Double]
  /// Sum of the variances of all coordinates.
  public let total: Double
  public let means: [Double]

  /// - Parameters:
  ///   - points: (n, D), n > 1, equally long.
  ///   - count: directions wanted, at most D.
  ///   - seed: decides which basis is found where variances are equal.
  public init(_ points: [[Double]], count: Int = 2, seed: UInt64 = 0) {
    precondition(points.count > 1, "two points at least")
    let size = points[0].count
    precondition(points.allSatisfy { $0.count == size }, "points of one dimension")
    precondition((1...max(1, size)).contains(count), "as many directions as dimensions at most")
    let n = Double(points.count)
    let means = (0..<size).map { k in points.reduce(0) { $0 + $1[k] } / n }
    let covariance = Self.covariance(points, means)
    var random = SplitMix64(seed: seed)
    // One direction more than asked for makes the last one converge faster.
    let width = min(size, count + 2)
    var basis = (0..<width).map { _ in
      (0..<size).map { _ in Double.random(in: -1...1, using: &random) }
    }
    Self.orthonormalise(&basis)
    var values = Array(repeating: 0.0, count: width)
    for _ in 0..<2_000 {
      var next = basis.map { direction in covariance.map { Self.dot($0, direction) } }
      let found = zip(basis, next).map { Self.dot($0, $1) }
      Self.orthonormalise(&next)
      let change = zip(found, values).prefix(count).map { abs($0 - $1) }.max() ?? 0
      (basis, values) = (next, found)
      if change <= 1e-13 * (found.first ?? 0) { break }
    }
    let order = (0..<width).sorted { values[$0] > values[$1] }.prefix(count)
    directions = order.map { index in
      let direction = basis[index]
      let largest = direction.max { abs($0) < abs($1) } ?? 0
      return largest < 0 ? direction.map { -$0 } : direction
    }
    variances = order.map { max(0, values[$0]) }
    total = (0..<size).reduce(0) { $0 + covariance[$1][$1] }
    self.means = means
  }

  /// The coordinates of `points` along the directions, (n, count).
  public func project(_ points: [[Double]]) -> [[Double]] {
    points.map { point in
      let centred = zip(point, means).map { $0 - $1 }
      return directions.map { Self.dot($0, centred) }
    }
  }

  private static func covariance(_ points: [[Double]], _ means: [Double]) -> [[Double]] {
    let size = means.count
    var sums = Array(repeating: Array(repeating: 0.0, count: size), count: size)
    for point in points {
      let centred = zip(point, means).map { $0 - $1 }
      for i in 0..<size {
        let a = centred[i]
        for j in 0...i { sums[i][j] += a * centred[j] }
      }
    }
    let scale = 1 / Double(points.count - 1)
    for i in 0..<size {
      for j in 0...i {
        sums[i][j] *= scale
        sums[j][i] = sums[i][j]
      }
    }
    return sums
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for k in a.indices { sum += a[k] * b[k] }
    return sum
  }

  /// Gram and Schmidt, twice, which leaves no trace of earlier directions. A direction that is
  /// nothing but those (fewer dimensions in the points than asked for) becomes a unit vector.
  private static func orthonormalise(_ basis: inout [[Double]]) {
    for i in basis.indices {
      var axis = 0
      while true {
        let before = dot(basis[i], basis[i]).squareRoot()
        for _ in 0..<2 {
          for j in 0..<i {
            let share = dot(basis[i], basis[j])
            for k in basis[i].indices { basis[i][k] -= share * basis[j][k] }
          }
        }
        let length = dot(basis[i], basis[i]).squareRoot()
        if length > 1e-10 * before, length > .leastNormalMagnitude {
          for k in basis[i].indices { basis[i][k] /= length }
          break
        }
        for k in basis[i].indices { basis[i][k] = k == axis ? 1 : 0 }
        axis += 1
      }
    }
  }
}
