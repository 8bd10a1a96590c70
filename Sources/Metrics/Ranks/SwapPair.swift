/// The comparisons of one pair of systems in a block of swaps, four replicates at a time.
///
/// They are arranged so that neither division nor square root is left in the loop:
/// - PCC: with p = a/√v and q = c/√w, |p - q| >= t is p² + q² - t² >= 2pq, and since x·|x| grows
///   with x, that is L·|L| >= M·|M|·v·w with L = a²w + c²v - t²vw and M = 2ac.
/// - CCC: |a/v - c/w| >= t is |aw - cv| >= t·vw.
/// - RMSE: a swap leaves the sum of both squared errors as it is, so the difference of roots grows
///   with the difference of the sums, which is compared.
///
/// A replicate is near, and not counted, where the sign bit of left less right is set.
struct SwapPair {
  /// Sums of one system over all rows, gold centred on its mean and predictions on the same.
  struct Totals: Sendable {
    var squaresZ = 0.0, productsZ = 0.0, squaresX = 0.0, productsX = 0.0
    var pcc = 0.0, ccc = 0.0
    /// Σ(x - y)² less Σy².
    var error: Double { squaresX - 2 * productsX }
  }

  private typealias Lanes = SIMD4<Double>
  private typealias Bits = SIMD4<Int64>

  private let a: Totals
  private let b: Totals
  private let sumSquaresY: Double
  private let inverseRows: Double
  private let leastPCC: Double
  private let leastCCC: Double
  private let gap: Double
  private let leastError: Double

  /// Replicates equal to the observed difference but for rounding count as equal.
  private static let slack = 1e-11
  /// Below this a difference of PCC is lost in p² + q² - 2pq; such pairs take the roots.
  private static let leastForSquares = 1e-3

  init(_ a: Totals, _ b: Totals, sumSquaresY: Double, rows: Double) {
    (self.a, self.b, self.sumSquaresY) = (a, b, sumSquaresY)
    inverseRows = 1 / rows
    leastPCC = abs(a.pcc - b.pcc) - Self.slack
    leastCCC = (abs(a.ccc - b.ccc) - Self.slack) / 2
    gap = a.error - b.error
    leastError = abs(gap) - Self.slack * (a.error + b.error + 2 * sumSquaresY)
  }

  /// How many of `width` replicates are far out, by PCC, CCC and RMSE.
  ///
  /// `first` and `second` point to 5·R numbers each; `width` <= R and R is a multiple of 4, so the
  /// last step may read, but does not count, replicates beyond `width`.
  func farCounts(
    _ first: UnsafePointer<Double>, _ second: UnsafePointer<Double>, _ width: Int
  ) -> (Int32, Int32, Int32) {
    let (x, y) = (UnsafeRawPointer(first), UnsafeRawPointer(second))
    let threshold = leastPCC * leastPCC * sumSquaresY
    var near = (Bits.zero, Bits.zero, Bits.zero)
    let lanes = Bits(0, 1, 2, 3)
    for r in stride(from: 0, to: width, by: 4) {
      let z = difference(x, y, 0, r), zz = difference(x, y, 1, r), zy = difference(x, y, 2, r)
      let xx = difference(x, y, 3, r), xy = difference(x, y, 4, r)
      // Lanes at or beyond width have no sign bit to count.
      let counted = (lanes &+ Int64(r &- width)) &>> 63
      let lost = z * z * inverseRows
      let v = a.squaresZ + zz - lost, w = b.squaresZ - zz - lost
      let p = a.productsZ + zy, q = b.productsZ - zy
      let product = v * w
      let left = p * p * w + q * q * v - threshold * product
      let right = 2 * p * q
      let apart = left * magnitude(left) - right * magnitude(right) * product
      // A constant column counts as far out.
      let constant = bits(product - 1e-20) &>> 63
      near.0 &-= (bits(apart) &>> 63) & counted & ~constant
      let spreadA = a.squaresX + sumSquaresY + xx, spreadB = b.squaresX + sumSquaresY - xx
      let concord = (a.productsX + xy) * spreadB - (b.productsX - xy) * spreadA
      near.1 &-= (bits(magnitude(concord) - leastCCC * (spreadA * spreadB)) &>> 63) & counted
      let errors = gap + 2 * (xx - 2 * xy)
      near.2 &-= (bits(magnitude(errors) - leastError) &>> 63) & counted
    }
    let pcc =
      leastPCC > Self.leastForSquares
      ? width - Int(near.0.wrappedSum()) : farByRoots(first, second, width)
    return (
      Int32(pcc), Int32(width - Int(near.1.wrappedSum())), Int32(width - Int(near.2.wrappedSum()))
    )
  }

  /// PCC's count with square roots, for pairs that are all but equal.
  private func farByRoots(
    _ first: UnsafePointer<Double>, _ second: UnsafePointer<Double>, _ width: Int
  ) -> Int {
    let size = AllPairsSwap.block
    let least = leastPCC * sumSquaresY.squareRoot()
    var far = 0
    for r in 0..<width {
      let z = second[r] - first[r]
      let zz = second[size + r] - first[size + r]
      let zy = second[2 * size + r] - first[2 * size + r]
      let lost = z * z * inverseRows
      let v = a.squaresZ + zz - lost, w = b.squaresZ - zz - lost
      let apart = (a.productsZ + zy) / v.squareRoot() - (b.productsZ - zy) / w.squareRoot()
      far += abs(apart) < least ? 0 : 1
    }
    return far
  }

  @inline(__always)
  private func difference(
    _ x: UnsafeRawPointer, _ y: UnsafeRawPointer, _ quantity: Int, _ r: Int
  ) -> Lanes {
    let offset = (quantity &* AllPairsSwap.block &+ r) &* MemoryLayout<Double>.stride
    return y.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
      - x.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
  }

  @inline(__always)
  private func bits(_ v: Lanes) -> Bits { unsafeBitCast(v, to: Bits.self) }

  @inline(__always)
  private func magnitude(_ v: Lanes) -> Lanes {
    unsafeBitCast(bits(v) & Int64.max, to: Lanes.self)
  }
}
