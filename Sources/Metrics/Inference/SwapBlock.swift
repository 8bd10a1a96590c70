import Basics
import COpenBLAS

/// The statistics of all pairs in one block of permutations.
protocol PermutationBlock {
  /// Permutations of a block, a multiple of 8.
  var width: Int { get }
  /// (pairs, width); -1 beyond the permutations asked for, infinite where undefined.
  var statistics: [Float] { get }
  /// Computes the statistics of the permutations in `range`.
  mutating func fill(_ range: Range<Int>, _ options: InferenceOptions)
}

/// Which clusters a permutation swaps.
enum SwapIndicators {
  /// One bit of a draw for each cluster, permutation by permutation. A permutation and the one that
  /// swaps all other clusters have the same statistic; of the two the one is taken that leaves the
  /// first cluster, so that they have the same bits too.
  /// - Parameter indicators: (width, G), 1 for a swap.
  static func draw(
    _ range: Range<Int>, clusters g: Int, into indicators: inout [Double],
    _ options: InferenceOptions
  ) {
    let generator = SplitMix64(seed: options.seed, stream: .swap)
    let draws = (g + 63) / 64
    indicators.withUnsafeMutableBufferPointer { indicators in
      for (place, replicate) in range.enumerated() {
        var complement: UInt64 = 0
        for word in 0..<draws {
          var bits = generator.draw(UInt64(replicate * draws + word))
          if word == 0 { complement = 0 &- (bits & 1) }
          bits ^= complement
          for cluster in (64 * word)..<min(g, 64 * word + 64) {
            indicators[place * g + cluster] = Double(bits & 1)
            bits >>= 1
          }
        }
      }
    }
  }
}

/// Of the metrics of one target; see ``SwapFeatures``.
struct SwapBlock: PermutationBlock {
  let width: Int
  private(set) var statistics: [Float]
  private let features: SwapFeatures
  private let constants: PairConstants
  /// (width, G): 1 where a permutation swaps a cluster, for each of the two products.
  private var indicators: [Double]
  private var singles: [Float]
  /// (S·F, width): what the swaps add to each system's features.
  private var product: [Double]
  /// (3·pairs of a tile, G) and (3·pairs of a tile, width): their mixed products. Single precision
  /// is enough: they shrink with the difference of the two systems, and so does their weight, so
  /// that the variance of the smallest difference keeps its digits.
  private var mixed: [Float]
  private var mixedProduct: [Float]
  /// ``mixed`` of each tile in turn, kept for the next block where all of them are small.
  private var kept: [[Float]] = []

  /// Systems of a tile: what the pairs of two tiles need stays in the cache.
  private static let tile = 16

  init(_ features: SwapFeatures, _ constants: PairConstants, width: Int) {
    (self.features, self.constants, self.width) = (features, constants, width)
    let s = features.systems
    let mixedRows = features.mixed.count * Self.tile * min(Self.tile, s)
    statistics = [Float](repeating: -1, count: s * (s - 1) / 2 * width)
    indicators = [Double](repeating: 0, count: width * features.clusters)
    singles = [Float](repeating: 0, count: width * features.clusters)
    product = [Double](repeating: 0, count: s * features.width * width)
    mixed = [Float](repeating: 0, count: mixedRows * features.clusters)
    mixedProduct = [Float](repeating: 0, count: max(1, mixedRows) * width)
  }

  mutating func fill(_ range: Range<Int>, _ options: InferenceOptions) {
    SwapIndicators.draw(range, clusters: features.clusters, into: &indicators, options)
    for place in indicators.indices { singles[place] = Float(indicators[place]) }
    Self.multiply(features.features, indicators, &product, features.systems * features.width, width)
    let keepsAll = statistics.count / width * features.mixed.count * features.clusters < 1 << 20
    var tiles = 0
    for first in stride(from: 0, to: features.systems, by: Self.tile) {
      for second in stride(from: first, to: features.systems, by: Self.tile) {
        var pairs: [(Int, Int)] = []
        for j in second..<min(features.systems, second + Self.tile) {
          for i in first..<min(j, first + Self.tile) where i < j { pairs.append((i, j)) }
        }
        let (each, number) = (features.mixed.count, tiles)
        if number >= kept.count {
          for (place, (i, j)) in pairs.enumerated() { mix(i, j, at: each * place) }
          if keepsAll { kept.append(mixed) }
        }
        Self.multiply(
          keepsAll ? kept[number] : mixed, singles, &mixedProduct, each * pairs.count, width)
        evaluate(pairs, range.count)
        tiles += 1
      }
    }
  }

  /// out (rows, width) = matrix (rows, G) · indicatorsᵀ (G, width).
  private static func multiply(
    _ matrix: [Double], _ indicators: [Double], _ out: inout [Double], _ rows: Int, _ width: Int
  ) {
    guard rows > 0 else { return }
    let (m, n, k) = (Int32(rows), Int32(width), Int32(indicators.count / width))
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, matrix, k, indicators, k, 0, &out, n)
  }

  private static func multiply(
    _ matrix: [Float], _ indicators: [Float], _ out: inout [Float], _ rows: Int, _ width: Int
  ) {
    guard rows > 0 else { return }
    let (m, n, k) = (Int32(rows), Int32(width), Int32(indicators.count / width))
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, matrix, k, indicators, k, 0, &out, n)
  }

  /// What a swap adds to Σ A_k B_l: B_k A_l - A_k B_l, with A the system i and B the system j.
  private mutating func mix(_ i: Int, _ j: Int, at row: Int) {
    let g = features.clusters
    features.sums.withUnsafeBufferPointer { sums in
      mixed.withUnsafeMutableBufferPointer { mixed in
        for (place, (k, l)) in features.mixed.enumerated() {
          let (ak, al) = ((3 * i + k) * g, (3 * i + l) * g)
          let (bk, bl) = ((3 * j + k) * g, (3 * j + l) * g)
          let out = (row + place) * g
          for c in 0..<g {
            mixed[out + c] = Float(sums[bk + c] * sums[al + c] - sums[ak + c] * sums[bl + c])
          }
        }
      }
    }
  }

  private mutating func evaluate(_ pairs: [(Int, Int)], _ count: Int) {
    let (step, width) = (features.width * width, width)
    let mixedStep = features.mixed.count * width
    statistics.withUnsafeMutableBytes { statistics in
      product.withUnsafeBufferPointer { product in
        mixedProduct.withUnsafeBufferPointer { mixed in
          guard let product = product.baseAddress, let mixed = mixed.baseAddress else { return }
          for (place, (i, j)) in pairs.enumerated() {
            let pair = SwapPair(features, constants, i, j)
            let (first, second) = (product + i * step, product + j * step)
            let both = mixed + place * mixedStep
            let start = SwapTest.pair(i, j) * width
            for r in stride(from: 0, to: width, by: 4) {
              var values = SIMD4<Float>(pair.statistic(first, second, both, r, stride: width))
              for lane in max(0, min(4, count - r))..<4 { values[lane] = -1 }
              statistics.storeBytes(
                of: values, toByteOffset: (start + r) * MemoryLayout<Float>.stride,
                as: SIMD4<Float>.self)
            }
          }
        }
      }
    }
  }
}

/// The squared statistic of one pair, four permutations at a time.
struct SwapPair {
  typealias Lanes = SIMD4<Double>
  private typealias Numbers = InlineArray<18, Double>

  private let form: SwapFeatures.Form
  /// Features of both systems before any swap.
  private let a: Numbers
  private let b: Numbers
  private let constants: InlineArray<9, Double>
  private let shared: InlineArray<6, Double>
  private let inverseRows, sumSquaresY, inverseSquaresY: Double
  /// A spread below this is rounding: the predictions are constant.
  private let leastSpread: Double
  /// False where neither n nor a has a share in the error: CCC in the population's form.
  private let isFull: Bool

  init(_ features: SwapFeatures, _ all: PairConstants, _ i: Int, _ j: Int) {
    form = features.form
    (a, b) = (features.totals[i], features.totals[j])
    constants = all.numbers[SwapTest.pair(i, j)]
    shared = features.shared
    inverseRows = 1 / features.rows
    sumSquaresY = features.sumSquaresY
    inverseSquaresY = 1 / features.sumSquaresY
    leastSpread = 1e-12 * features.rows
    isFull = features.form != .concordance(1)
  }

  /// Differences smaller than this are rounding, on a scale where they are ratios or correlations.
  private static let slack = 1e-12

  /// - Parameters:
  ///   - first: what the swaps add to the first system's features, `stride` numbers a feature.
  ///   - mixed: what they add to the mixed products.
  ///   - r: the first of four permutations.
  /// - Returns: T², infinite where it is undefined.
  @inline(__always) func statistic(
    _ first: UnsafePointer<Double>, _ second: UnsafePointer<Double>, _ mixed: UnsafePointer<Float>,
    _ r: Int, stride: Int
  ) -> Lanes {
    /// What the swaps move from the second system's feature to the first one's.
    @inline(__always) func moved(_ feature: Int) -> Lanes {
      let place = feature &* stride &+ r
      return load(second + place) - load(first + place)
    }
    if form == .loss {
      let (e, ee) = (moved(0), moved(1))
      return errors(a[0] + e, b[0] - e, a[1] + ee, b[1] - ee)
    }
    let (d0, d1, d2) = (moved(0), moved(1), moved(2))
    let x = gradient(a[0] + d0, a[1] + d1, a[2] + d2)
    let y = gradient(b[0] - d0, b[1] - d1, b[2] - d2)
    let (n, s, ss): (Lanes, Lanes, Lanes) = (x.n - y.n, x.y - y.y, x.yy - y.yy)
    var fixed: Lanes = (s * s * shared[3]).plus(ss * shared[5], ss)
    fixed = fixed.plus(s * (2 * shared[4]), ss)
    // Half of the variance that is of one system's sums, with what these share with n, y and yy.
    @inline(__always) func part(
      _ g: Gradient, _ n: Lanes, _ s: Lanes, _ ss: Lanes, _ u: (Int) -> Lanes
    ) -> Lanes {
      let halfAA: Lanes = 0.5 * g.aa
      var byAA: Lanes = (s * u(7)).plus(ss, u(10)).plus(halfAA, u(15)).plus(g.ay, u(16))
      var byAY: Lanes = (s * u(8)).plus(ss, u(11)).plus(0.5 * g.ay, u(17))
      guard isFull else { return (g.aa * byAA).plus(g.ay, byAY) }
      byAA = byAA.plus(n, u(4))
      byAY = byAY.plus(n, u(5))
      var byA: Lanes = (n * u(3)).plus(s, u(6)).plus(ss, u(9)).plus(0.5 * g.a, u(12))
      byA = byA.plus(g.aa, u(13)).plus(g.ay, u(14))
      return (g.a * byA).plus(g.aa, byAA).plus(g.ay, byAY)
    }
    let first = part(x, n, s, ss) { a[$0] + moved($0) }
    let second = part(y, -n, -s, -ss) { b[$0] - moved($0) }
    var cross: Lanes = (x.aa * y.aa * constants[1]).plus(x.ay * constants[2], y.ay)
    cross = between(cross, x.aa, x.ay, y.aa, y.ay, load(mixed + r) + constants[3], constants[6])
    if isFull {
      let withN: Lanes = (n * shared[0]).plus(s, 2 * shared[1]).plus(ss, 2 * shared[2])
      fixed = fixed.plus(n, withN)
      cross = cross.plus(x.a * constants[0], y.a)
      cross = between(
        cross, x.a, x.aa, y.a, y.aa, load(mixed + stride + r) + constants[4], constants[7])
      cross = between(
        cross, x.a, x.ay, y.a, y.ay, load(mixed + 2 * stride + r) + constants[5], constants[8])
    }
    let own: Lanes = 2 * (first + second)
    let variance: Lanes = (fixed + own).plus(cross, -2)
    let apart: Lanes = x.value - y.value
    let above: Lanes = (1 + x.value) * (1 - y.value)
    let below: Lanes = (1 - x.value) * (1 + y.value)
    return studentised(above, below, 0.5, variance, magnitude(own), magnitude(apart) .<= Self.slack)
  }

  @inline(__always) private func load(_ pointer: UnsafePointer<Double>) -> Lanes {
    UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
  }

  @inline(__always) private func load(_ pointer: UnsafePointer<Float>) -> Lanes {
    Lanes(UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Float>.self))
  }

  /// RMSE and MAE: the difference of logarithms of two sums, twice the difference for RMSE, as is
  /// its error, so that the factor cancels.
  @inline(__always) private func errors(_ e: Lanes, _ f: Lanes, _ ee: Lanes, _ ff: Lanes) -> Lanes {
    let own: Lanes = ee / (e * e) + ff / (f * f)
    let variance: Lanes = own - (2 * constants[0]) / (e * f)
    let isEqual = magnitude(e - f) .<= Self.slack * (e + f)
    return studentised(e, f, 1, variance, own, isEqual)
  }

  /// `sum` and the products of two lanes of one system with the other two of the other; `mixed` is
  /// Σ A_k B_l, `whole` that and Σ B_k A_l.
  @inline(__always) private func between(
    _ sum: Lanes, _ xk: Lanes, _ xl: Lanes, _ yk: Lanes, _ yl: Lanes, _ mixed: Lanes,
    _ whole: Double
  ) -> Lanes {
    sum.plus(xk * yl, mixed).plus(xl * yk, whole - mixed)
  }

  /// The metric and the derivatives of its Fisher's z by the sums of a system; Σy is 0.
  private struct Gradient { var value, n, y, yy, a, aa, ay: Lanes }

  @inline(__always) private func gradient(_ a: Lanes, _ aa: Lanes, _ ay: Lanes) -> Gradient {
    let mean = a * inverseRows
    if case .interval(let share) = form { return alphaGradient(a, aa, ay, mean, share) }
    let spread = aa.plus(-a, mean)
    guard case .concordance(let share) = form else {
      let root = Self.inverseRoot(spread * sumSquaresY)
      var r: Lanes = ay * root
      r.replace(with: .nan, where: spread .<= leastSpread)
      // One division for 1/(1 - r²) and 1/spread: divisions are most of the work.
      let free: Lanes = Lanes(repeating: 1).plus(-r, r)
      let inverse: Lanes = 1 / (free * spread)
      let half: Lanes = -0.5 * r * inverse
      let k: Lanes = inverse * spread
      let byAY: Lanes = k * root
      return Gradient(
        value: r, n: mean * mean * half, y: -mean * byAY, yy: half * spread * inverseSquaresY,
        a: -2 * mean * half, aa: half, ay: byAY)
    }
    let sum: Lanes = (spread + sumSquaresY).plus(share * a, mean)
    let twice: Lanes = 2 * ay
    let free: Lanes = (sum * sum).plus(-twice, twice)
    let inverse: Lanes = 1 / (sum * free)
    let c: Lanes = twice * free * inverse
    let k: Lanes = sum * sum * inverse
    let bySpread: Lanes = -c * k
    let rest: Lanes = (1 - share) * bySpread
    return Gradient(
      value: c, n: mean * mean * rest, y: 2 * mean * k * (share * c - 1), yy: bySpread,
      a: -2 * mean * rest, aa: bySpread, ay: 2 * k)
  }

  /// alpha = 1 - share·e/t with e = Σ(x - y)² and t = Σx² + Σy² - (Σx + Σy)²/(2n), both centred.
  @inline(__always) private func alphaGradient(
    _ a: Lanes, _ aa: Lanes, _ ay: Lanes, _ mean: Lanes, _ share: Double
  ) -> Gradient {
    let squares: Lanes = aa + sumSquaresY
    let error: Lanes = squares - 2 * ay
    let total: Lanes = squares.plus(-0.5 * a, mean)
    let rest: Lanes = (2 * total).plus(-error, share)
    let inverse: Lanes = 1 / (total * error * rest)
    let ratio: Lanes = error * error * rest * inverse
    let k: Lanes = total * total * inverse
    let byTotal: Lanes = k * ratio
    let bySquares: Lanes = byTotal - k
    return Gradient(
      value: 1 - share * ratio, n: 0.5 * mean * mean * byTotal, y: -mean * byTotal, yy: bySquares,
      a: -mean * byTotal, aa: bySquares, ay: 2 * k)
  }

  /// (factor · ln(above/below))² / variance by the rules for errors of 0 and what is undefined.
  /// - Parameter own: what the variance is a difference from; less than rounding of it is 0.
  @inline(__always) private func studentised(
    _ above: Lanes, _ below: Lanes, _ factor: Double, _ variance: Lanes, _ own: Lanes,
    _ isEqual: SIMDMask<Lanes.MaskStorage>
  ) -> Lanes {
    let difference: Lanes = factor * Self.log(above, over: below)
    var result: Lanes = difference * difference / variance
    // Written so that a NaN is infinite too.
    let isSound = (variance .> Self.slack * own) .& (above .> 0) .& (below .> 0)
    result.replace(with: .infinity, where: .!(isSound .& (result .>= 0)))
    result.replace(with: 0, where: isEqual)
    return result
  }

  /// 1/√x of normal positive numbers by Newton's iteration; the library's root goes lane by lane.
  @inline(__always) private static func inverseRoot(_ x: Lanes) -> Lanes {
    let magic = SIMD4<Int64>(repeating: 0x5FE6_EB50_C7B5_37A9)
    var y = unsafeBitCast(magic &- (unsafeBitCast(x, to: SIMD4<Int64>.self) &>> 1), to: Lanes.self)
    let half: Lanes = 0.5 * x
    for _ in 0..<4 { y *= Lanes(repeating: 1.5).plus(-half * y, y) }
    return y
  }

  /// ln(a/b) of normal positive numbers to about 1e-11: a/b = 2^e·m with m near 1, and
  /// ln(m) = 2·artanh f, f = (m - 1)/(m + 1), by its series. A call of the library a lane would take
  /// longer than all the rest.
  @inline(__always) private static func log(_ a: Lanes, over b: Lanes) -> Lanes {
    let bits = unsafeBitCast(a, to: SIMD4<Int64>.self)
    let apart = bits &- unsafeBitCast(b, to: SIMD4<Int64>.self)
    let exponent = (apart &+ SIMD4<Int64>(repeating: 1 << 51)) &>> 52
    let near = unsafeBitCast(bits &- (exponent &<< 52), to: Lanes.self)
    // A small whole number becomes a Double by way of the low bits of a large one.
    let large = SIMD4<Int64>(repeating: 0x4338_0000_0000_0000)
    let e: Lanes = unsafeBitCast(exponent &+ large, to: Lanes.self) - 6_755_399_441_055_744.0
    let f: Lanes = (near - b) / (near + b)
    let s: Lanes = f * f
    var sum = Lanes(repeating: 1.0 / 15)
    sum = Lanes(repeating: 1.0 / 13).plus(s, sum)
    sum = Lanes(repeating: 1.0 / 11).plus(s, sum)
    sum = Lanes(repeating: 1.0 / 9).plus(s, sum)
    sum = Lanes(repeating: 1.0 / 7).plus(s, sum)
    sum = Lanes(repeating: 1.0 / 5).plus(s, sum)
    sum = Lanes(repeating: 1.0 / 3).plus(s, sum)
    sum = Lanes(repeating: 1.0).plus(s, sum)
    return (2 * f * sum).plus(e, 0.693147180559945309417)
  }

  @inline(__always) private func magnitude(_ v: Lanes) -> Lanes {
    unsafeBitCast(unsafeBitCast(v, to: SIMD4<Int64>.self) & Int64.max, to: Lanes.self)
  }
}

extension SIMD where Scalar == Double {
  /// self + a·b, in one instruction where the processor that is compiled for has it; elsewhere the
  /// library's would take longer than all the rest.
  @inline(__always) fileprivate func plus(_ a: Self, _ b: Self) -> Self {
    HAS_FMA == 1 ? addingProduct(a, b) : self + a * b
  }

  @inline(__always)
  fileprivate func plus(_ a: Self, _ b: Double) -> Self { plus(a, Self(repeating: b)) }
}
