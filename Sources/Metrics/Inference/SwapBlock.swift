import Basics
import COpenBLAS
import Glibc

/// The statistics of all pairs in one block of permutations.
struct SwapBlock {
  /// Permutations of a block, a multiple of 8.
  let width: Int
  /// (pairs, width); -1 beyond the permutations asked for, infinite where undefined.
  private(set) var statistics: [Float]
  private let features: SwapFeatures
  private let constants: PairConstants
  private var indicators: [Double]
  /// (S·F, width): what the swaps add to each system's features.
  private var product: [Double]
  /// (3·pairs of a tile, G) and (3·pairs of a tile, width): their mixed products.
  private var mixed: [Double]
  private var mixedProduct: [Double]

  /// Systems of a tile: what the pairs of two tiles need stays in the cache.
  private static let tile = 16

  init(_ features: SwapFeatures, _ constants: PairConstants, width: Int) {
    (self.features, self.constants, self.width) = (features, constants, width)
    let s = features.systems
    let mixedRows = features.lanes == 3 ? 3 * Self.tile * min(Self.tile, s) : 1
    statistics = [Float](repeating: -1, count: s * (s - 1) / 2 * width)
    indicators = [Double](repeating: 0, count: width * features.clusters)
    product = [Double](repeating: 0, count: s * features.width * width)
    mixed = [Double](repeating: 0, count: mixedRows * features.clusters)
    mixedProduct = [Double](repeating: 0, count: max(3, mixedRows) * width)
  }

  mutating func fill(_ range: Range<Int>, _ options: InferenceOptions) {
    draw(range, options)
    multiply(features.features, &product, features.systems * features.width)
    for first in stride(from: 0, to: features.systems, by: Self.tile) {
      for second in stride(from: first, to: features.systems, by: Self.tile) {
        var pairs: [(Int, Int)] = []
        for j in second..<min(features.systems, second + Self.tile) {
          for i in first..<min(j, first + Self.tile) where i < j { pairs.append((i, j)) }
        }
        if features.lanes == 3 {
          for (place, (i, j)) in pairs.enumerated() { mix(i, j, at: 3 * place) }
          multiply(mixed, &mixedProduct, 3 * pairs.count)
        }
        evaluate(pairs, range.count)
      }
    }
  }

  /// One bit of a draw for each cluster, permutation by permutation.
  private mutating func draw(_ range: Range<Int>, _ options: InferenceOptions) {
    let generator = SplitMix64(seed: options.seed, stream: .swap)
    let g = features.clusters
    let draws = (g + 63) / 64
    for (place, replicate) in range.enumerated() {
      for word in 0..<draws {
        var bits = generator.draw(UInt64(replicate * draws + word))
        for cluster in (64 * word)..<min(g, 64 * word + 64) {
          indicators[place * g + cluster] = Double(bits & 1)
          bits >>= 1
        }
      }
    }
  }

  /// out (rows, width) = matrix (rows, G) · indicatorsᵀ (G, width).
  private func multiply(_ matrix: [Double], _ out: inout [Double], _ rows: Int) {
    guard rows > 0 else { return }
    let (m, n, k) = (Int32(rows), Int32(width), Int32(features.clusters))
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, matrix, k, indicators, k, 0, &out, n)
  }

  /// What a swap adds to Σ A_k B_l: B_k A_l - A_k B_l, with A the system i and B the system j.
  private mutating func mix(_ i: Int, _ j: Int, at row: Int) {
    let g = features.clusters
    features.sums.withUnsafeBufferPointer { sums in
      mixed.withUnsafeMutableBufferPointer { mixed in
        for (place, (k, l)) in PairConstants.mixed.enumerated() {
          let (ak, al) = ((3 * i + k) * g, (3 * i + l) * g)
          let (bk, bl) = ((3 * j + k) * g, (3 * j + l) * g)
          let out = (row + place) * g
          for c in 0..<g {
            mixed[out + c] = sums[bk + c] * sums[al + c] - sums[ak + c] * sums[bl + c]
          }
        }
      }
    }
  }

  private mutating func evaluate(_ pairs: [(Int, Int)], _ count: Int) {
    let (step, width) = (features.width * width, width)
    let mixedStep = features.lanes == 3 ? 3 * width : 0
    statistics.withUnsafeMutableBytes { statistics in
      product.withUnsafeBufferPointer { product in
        mixedProduct.withUnsafeBufferPointer { mixed in
          guard let product = product.baseAddress, let mixed = mixed.baseAddress else { return }
          for (place, (i, j)) in pairs.enumerated() {
            let pair = SwapPair(features, constants, i, j)
            let (first, second) = (product + i * step, product + j * step)
            let both = mixed + place * mixedStep
            let start = SwapTest.pair(i, j) * width
            for r in stride(from: 0, to: width, by: 8) {
              var values = SIMD8<Float>(pair.statistic(first, second, both, r, stride: width))
              for lane in max(0, min(8, count - r))..<8 { values[lane] = -1 }
              statistics.storeBytes(
                of: values, toByteOffset: (start + r) * MemoryLayout<Float>.stride,
                as: SIMD8<Float>.self)
            }
          }
        }
      }
    }
  }
}

/// The statistic of one pair, eight permutations at a time.
struct SwapPair {
  typealias Lanes = SIMD8<Double>
  private typealias Numbers = InlineArray<18, Double>

  private let form: SwapFeatures.Form
  /// Features of both systems before any swap.
  private let a: Numbers
  private let b: Numbers
  private let constants: InlineArray<9, Double>
  private let shared: InlineArray<6, Double>
  private let inverseRows: Double
  private let sumSquaresY: Double
  /// A spread below this is rounding: the predictions are constant.
  private let leastSpread: Double

  init(_ features: SwapFeatures, _ all: PairConstants, _ i: Int, _ j: Int) {
    let width = features.width
    form = features.form
    a = Numbers { $0 < width ? features.totals[i * width + $0] : 0 }
    b = Numbers { $0 < width ? features.totals[j * width + $0] : 0 }
    let start = SwapTest.pair(i, j) * all.width
    constants = InlineArray { $0 < all.width ? all.numbers[start + $0] : 0 }
    shared = InlineArray { features.shared[$0] }
    inverseRows = 1 / features.rows
    sumSquaresY = features.sumSquaresY
    leastSpread = 1e-12 * features.rows
  }

  /// Differences smaller than this are rounding, on a scale where they are ratios or correlations.
  private static let slack = 1e-12

  /// - Parameters:
  ///   - first: what the swaps add to the first system's features, `stride` numbers a feature.
  ///   - mixed: what they add to the three mixed products.
  ///   - r: the first of eight permutations.
  /// - Returns: T, infinite where it is undefined.
  @inline(__always)
  func statistic(
    _ first: UnsafePointer<Double>, _ second: UnsafePointer<Double>, _ mixed: UnsafePointer<Double>,
    _ r: Int, stride: Int
  ) -> Lanes {
    /// What the swaps move from the second system's feature to the first one's.
    func moved(_ feature: Int) -> Lanes {
      load(second + feature * stride + r) - load(first + feature * stride + r)
    }
    if form == .loss {
      let (e, ee) = (moved(0), moved(1))
      return errors(a[0] + e, b[0] - e, a[1] + ee, b[1] - ee)
    }
    let (d0, d1, d2) = (moved(0), moved(1), moved(2))
    let x = gradient(a[0] + d0, a[1] + d1, a[2] + d2)
    let y = gradient(b[0] - d0, b[1] - d1, b[2] - d2)
    let (n, s, ss): (Lanes, Lanes, Lanes) = (x.n - y.n, x.y - y.y, x.yy - y.yy)
    var own: Lanes = n * n * shared[0]
    own += s * s * shared[3]
    own += ss * ss * shared[5]
    own += n * s * (2 * shared[1])
    own += n * ss * (2 * shared[2])
    own += s * ss * (2 * shared[4])
    var cross = Lanes.zero
    /// A feature's share in the variance: `g` for the first system, `h` for the second.
    func add(_ feature: Int, _ g: Lanes, _ h: Lanes, to sum: inout Lanes) {
      let change = moved(feature)
      sum += g * (a[feature] + change)
      sum += h * (b[feature] - change)
    }
    add(12, x.a * x.a, y.a * y.a, to: &own)
    add(13, 2 * x.a * x.aa, 2 * y.a * y.aa, to: &own)
    add(14, 2 * x.a * x.ay, 2 * y.a * y.ay, to: &own)
    add(15, x.aa * x.aa, y.aa * y.aa, to: &own)
    add(16, 2 * x.aa * x.ay, 2 * y.aa * y.ay, to: &own)
    add(17, x.ay * x.ay, y.ay * y.ay, to: &own)
    add(3, n * x.a, -n * y.a, to: &cross)
    add(4, n * x.aa, -n * y.aa, to: &cross)
    add(5, n * x.ay, -n * y.ay, to: &cross)
    add(6, s * x.a, -s * y.a, to: &cross)
    add(7, s * x.aa, -s * y.aa, to: &cross)
    add(8, s * x.ay, -s * y.ay, to: &cross)
    add(9, ss * x.a, -ss * y.a, to: &cross)
    add(10, ss * x.aa, -ss * y.aa, to: &cross)
    add(11, ss * x.ay, -ss * y.ay, to: &cross)
    cross -= x.a * y.a * constants[0]
    cross -= x.aa * y.aa * constants[1]
    cross -= x.ay * y.ay * constants[2]
    cross -= between(x.a, x.aa, y.a, y.aa, load(mixed + r) + constants[3], constants[6])
    cross -= between(x.a, x.ay, y.a, y.ay, load(mixed + stride + r) + constants[4], constants[7])
    cross -= between(
      x.aa, x.ay, y.aa, y.ay, load(mixed + 2 * stride + r) + constants[5], constants[8])
    let apart: Lanes = x.value - y.value
    let above: Lanes = (1 + x.value) * (1 - y.value)
    let below: Lanes = (1 - x.value) * (1 + y.value)
    return studentised(
      above / below, 0.5, own + 2 * cross, own, magnitude(apart) .<= Self.slack)
  }

  @inline(__always)
  private func load(_ pointer: UnsafePointer<Double>) -> Lanes {
    UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
  }

  /// RMSE and MAE: the difference of logarithms of two sums, twice the difference for RMSE, as is
  /// its error, so that the factor cancels.
  @inline(__always)
  private func errors(_ e: Lanes, _ f: Lanes, _ ee: Lanes, _ ff: Lanes) -> Lanes {
    let own: Lanes = ee / (e * e) + ff / (f * f)
    let variance: Lanes = own - (2 * constants[0]) / (e * f)
    let isEqual = magnitude(e - f) .<= Self.slack * (e + f)
    return studentised(e / f, 1, variance, own, isEqual)
  }

  /// The products of two lanes of one system with the other two of the other; `mixed` is Σ A_k B_l,
  /// `whole` that and Σ B_k A_l.
  @inline(__always)
  private func between(
    _ xk: Lanes, _ xl: Lanes, _ yk: Lanes, _ yl: Lanes, _ mixed: Lanes, _ whole: Double
  ) -> Lanes {
    let other: Lanes = whole - mixed
    return xk * yl * mixed + xl * yk * other
  }

  /// The metric and the derivatives of its Fisher's z by the sums of a system; Σy is 0.
  private struct Gradient {
    var value, n, y, yy, a, aa, ay: Lanes
  }

  @inline(__always)
  private func gradient(_ a: Lanes, _ aa: Lanes, _ ay: Lanes) -> Gradient {
    let mean = a * inverseRows
    let spread = aa - a * mean
    guard case .concordance(let share) = form else {
      let scale = (spread * sumSquaresY).squareRoot()
      var r = ay / scale
      r.replace(with: .nan, where: spread .<= leastSpread)
      let k = 1 / (1 - r * r)
      let half = -0.5 * k * r
      let byAA = half / spread
      let byAY = k / scale
      return Gradient(
        value: r, n: mean * mean * byAA, y: -mean * byAY, yy: half / sumSquaresY,
        a: -2 * mean * byAA, aa: byAA, ay: byAY)
    }
    let sum = spread + sumSquaresY + share * a * mean
    let c = 2 * ay / sum
    let k = 1 / ((1 - c * c) * sum)
    let bySpread = -c * k
    let rest = (1 - share) * bySpread
    return Gradient(
      value: c, n: mean * mean * rest, y: 2 * mean * k * (share * c - 1), yy: bySpread,
      a: -2 * mean * rest, aa: bySpread, ay: 2 * k)
  }

  /// |factor · ln(ratio)| / √variance by the rules for errors of 0 and what is undefined.
  ///
  /// - Parameter own: what the variance is a difference from; less than rounding of it is 0.
  @inline(__always)
  private func studentised(
    _ ratio: Lanes, _ factor: Double, _ variance: Lanes, _ own: Lanes,
    _ isEqual: SIMDMask<Lanes.MaskStorage>
  ) -> Lanes {
    var logs = ratio
    for lane in 0..<8 { logs[lane] = log(ratio[lane]) }
    let difference = factor * magnitude(logs)
    var result = difference / variance.squareRoot()
    // Written so that a NaN is infinite too.
    let isSound = variance .> Self.slack * own
    result.replace(with: .infinity, where: .!(isSound .& (result .>= 0)))
    result.replace(with: 0, where: isEqual)
    return result
  }

  @inline(__always)
  private func magnitude(_ v: Lanes) -> Lanes {
    unsafeBitCast(unsafeBitCast(v, to: SIMD8<Int64>.self) & Int64.max, to: Lanes.self)
  }
}
