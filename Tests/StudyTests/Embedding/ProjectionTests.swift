import Basics
import Foundation
import Metrics
import Reference
import Study
import Testing

@Suite("Projections to the plane")
struct ProjectionTests {
  /// `count` points of `dimensions` uniform coordinates, each scaled by `scales`.
  private static func cloud(_ count: Int, _ scales: [Double], seed: UInt64) -> [[Double]] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      scales.map { $0 * Double.random(in: -1...1, using: &random) }
    }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for (x, y) in zip(a, b) { sum += x * y }
    return sum
  }

  /// Coordinates that depend on each other, with means of their own.
  private static func mixed(_ p: [Double]) -> [Double] {
    p.indices.map { k in
      let next = p[(k + 1) % p.count]
      let other = p[(k + 3) % p.count]
      return p[k] + 0.7 * next - 0.2 * other + Double(k)
    }
  }

  // MARK: Principal components

  @Test("two coordinates: variances and direction are those of the closed form")
  func closedForm() {
    let points = Self.cloud(200, [3, 1], seed: 1).map { p -> [Double] in
      [p[0] + p[1], p[0] - 2 * p[1] + 5]
    }
    let found = PrincipalComponents(points)
    let n = Double(points.count)
    let mean = (0..<2).map { k in points.map { $0[k] }.reduce(0, +) / n }
    func covariance(_ a: Int, _ b: Int) -> Double {
      let (x, y) = (points.map { $0[a] - mean[a] }, points.map { $0[b] - mean[b] })
      return Self.dot(x, y) / (n - 1)
    }
    let (a, b, c) = (covariance(0, 0), covariance(1, 1), covariance(0, 1))
    let (half, root) = ((a + b) / 2, (((a - b) / 2) * ((a - b) / 2) + c * c).squareRoot())
    #expect(abs(found.variances[0] - (half + root)) < 1e-10)
    #expect(abs(found.variances[1] - (half - root)) < 1e-10)
    #expect(abs(found.total - (a + b)) < 1e-10)
    let angle = atan2(2 * c, a - b) / 2
    let along = found.directions[0][0] * cos(angle) + found.directions[0][1] * sin(angle)
    #expect(abs(abs(along) - 1) < 1e-10)
  }

  @Test("coordinates are uncorrelated, centred, and have the variances said")
  func uncorrelated() {
    let points = Self.cloud(300, [5, 4, 3, 2, 1, 0.5], seed: 2).map(Self.mixed)
    let found = PrincipalComponents(points, count: 3)
    let projected = found.project(points)
    for i in 0..<3 {
      let column = projected.map { $0[i] }
      #expect(abs(column.reduce(0, +)) < 1e-8)
      for j in 0...i {
        let product = Self.dot(column, projected.map { $0[j] }) / 299
        let expected: Double = i == j ? found.variances[i] : 0
        // The direction is found to the square root of the variance's accuracy.
        #expect(abs(product - expected) < 1e-5)
        let cosine = Self.dot(found.directions[i], found.directions[j])
        let unit: Double = i == j ? 1 : 0
        #expect(abs(cosine - unit) < 1e-10)
      }
    }
    #expect(found.variances == found.variances.sorted(by: >))
  }

  @Test("the seed of the iteration decides nothing where variances differ")
  func seeds() {
    let points = Self.cloud(100, [4, 2, 1], seed: 3)
    let (a, b) = (PrincipalComponents(points, seed: 1), PrincipalComponents(points, seed: 2))
    for (x, y) in zip(a.project(points), b.project(points)) {
      let largest = zip(x, y).map { abs($0 - $1) }.max() ?? 0
      #expect(largest < 1e-5)
    }
  }

  @Test("points on a line have one variance, equal points none")
  func degenerate() {
    let line = (0..<20).map { [Double($0), 2 * Double($0), -Double($0)] }
    let found = PrincipalComponents(line)
    #expect(abs(found.variances[0] - found.total) < 1e-9)
    #expect(found.variances[1] < 1e-9)
    let same = PrincipalComponents(Array(repeating: [1.0, 2, 3], count: 5))
    #expect(same.variances == [0, 0])
    #expect(same.project([[1, 2, 3]]) == [[0, 0]])
  }

  // MARK: Neighbours

  @Test("affinities are symmetric, sum to 1, and each row has the perplexity asked for")
  func affinities() {
    let points = Self.cloud(60, [1, 1, 1], seed: 4)
    let p = NeighbourEmbedding.affinities(points, 12, 2)
    let total = p.flatMap(\.self).reduce(0, +)
    #expect(abs(total - 1) < 1e-12)
    for i in p.indices {
      #expect(p[i][i] == 0)
      for j in p.indices { #expect(p[i][j] == p[j][i]) }
    }
    let squares = points.map { q -> Double in
      let d = zip(q, points[0]).map { $0 - $1 }
      return Self.dot(d, d)
    }
    let row = NeighbourEmbedding.row(squares, excluding: 0, entropy: log(12))
    let entropy = -row.filter { $0 > 0 }.map { $0 * log($0) }.reduce(0, +)
    #expect(abs(entropy - log(12)) < 1e-6)
  }

  @Test("the gradient is that of the divergence, by central differences", arguments: [2, 3])
  func gradient(dimensions: Int) {
    let p = NeighbourEmbedding.affinities(Self.cloud(12, [1, 2, 1], seed: 5), 3, 1)
    let y = Self.cloud(12, Array(repeating: 1, count: dimensions), seed: 6)
    let gradient = NeighbourEmbedding.gradient(y, p, exaggeration: 1, 1).gradient
    let step = 1e-5
    for i in y.indices {
      for k in 0..<dimensions {
        func divergence(_ change: Double) -> Double {
          var moved = y
          moved[i][k] += change
          return NeighbourEmbedding.gradient(moved, p, exaggeration: 1, 1).divergence
        }
        let slope = (divergence(step) - divergence(-step)) / (2 * step)
        #expect(abs(slope - gradient[i][k]) < 1e-8)
      }
    }
  }

  @Test(
    "two clouds far apart stay apart, and the divergence falls once attraction is plain",
    arguments: [2, 3])
  func clouds(dimensions: Int) {
    let data =
      Self.cloud(30, [1, 1, 1, 1], seed: 7)
      + Self.cloud(30, [1, 1, 1, 1], seed: 8).map { $0.map { $0 + 20 } }
    var options = NeighbourEmbedding.Options()
    (options.perplexity, options.steps, options.threads) = (8, 400, 1)
    options.dimensions = dimensions
    let found = NeighbourEmbedding(data, options: options)
    for i in data.indices {
      func distance(_ j: Int) -> Double {
        let apart = zip(found.points[i], found.points[j]).map { $0 - $1 }
        return Self.dot(apart, apart)
      }
      let others = data.indices.filter { $0 != i }
      let nearest = others.min { distance($0) < distance($1) } ?? i
      #expect((nearest < 30) == (i < 30))
    }
    #expect(found.divergences.count == 400)
    #expect(
      found.divergences[399] < found.divergences[options.exaggeratedSteps]
        && found.divergences[399] > 0)
  }

  @Test("the same seed gives the same bits with one thread and with two, another seed others")
  func bits() {
    let data = Self.cloud(40, [1, 1, 1], seed: 9)
    func run(_ threads: Int, _ seed: UInt64) -> [[Double]] {
      var options = NeighbourEmbedding.Options()
      (options.steps, options.threads, options.seed) = (50, threads, seed)
      return NeighbourEmbedding(data, options: options).points
    }
    #expect(run(1, 1) == run(2, 1))
    #expect(run(1, 1) != run(1, 2))
  }

  @Test("equal points are drawn near each other and make no figure that is not finite")
  func equalPoints() {
    let data = Array(repeating: [1.0, 2], count: 8) + [[3, 4], [5, 1]]
    var options = NeighbourEmbedding.Options()
    options.steps = 60
    let found = NeighbourEmbedding(data, options: options)
    let all = found.points.flatMap(\.self) + found.divergences
    #expect(all.allSatisfy { $0.isFinite })
  }

  // MARK: Bins

  @Test(
    "six equal bins from 1 to 7, the last one closed",
    arguments: zip([1.0, 1.9999, 2.0001, 4, 6.0001, 7, 0, 9], [0, 0, 1, 2, 5, 5, 0, 5]))
  func bins(label: Double, bin: Int) {
    // 4 is just below the middle of [1, 7 + 1e-6].
    #expect(LabelBins.bin(label) == bin)
  }
}
