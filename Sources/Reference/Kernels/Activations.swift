/// The feed-forward activation and softmax.

import COpenBLAS

/// value = GELU(x + bias), and x becomes its derivative there. `x` and `value` are (rows, columns),
/// `stride` from row to row; `bias` holds `columns`.
@inline(never) package func geluForward(
  _ value: MutableFloats, derivative x: MutableFloats, bias: Floats, rows: Int, columns: Int,
  stride: Int
) {
  for row in 0..<rows {
    let (xRow, valueRow) = (x + row &* stride, value + row &* stride)
    for i in 0..<columns {
      let (y, slope) = gelu(xRow[i] + bias[i])
      valueRow[i] = y
      xRow[i] = slope
    }
  }
}

/// x = GELU(x + bias), in place, where no gradient is asked for.
@inline(never) package func geluInPlace(
  _ x: MutableFloats, bias: Floats, rows: Int, columns: Int, stride: Int
) {
  for row in 0..<rows {
    let xRow = x + row &* stride
    for i in 0..<columns { xRow[i] = gelu(xRow[i] + bias[i]).value }
  }
}

/// dx = dvalue · derivative, over `dvalue`, `stride` from row to row; adds the column sums to `dbias`
/// (columns).
@inline(never) package func geluBackward(
  _ dvalue: MutableFloats, derivative: Floats, dbias: MutableFloats, rows: Int, columns: Int,
  stride: Int
) {
  for row in 0..<rows {
    let (d, slope) = (dvalue + row &* stride, derivative + row &* stride)
    for i in 0..<columns {
      let value = d[i] * slope[i]
      d[i] = value
      dbias[i] += value
    }
  }
}

/// x += bias for every row of `x` (rows, columns).
@inline(never) package func addBias(_ x: MutableFloats, bias: Floats, rows: Int, columns: Int) {
  for row in 0..<rows {
    let xRow = x + row &* columns
    for i in 0..<columns { xRow[i] += bias[i] }
  }
}

/// Floats between the rows of a matrix of scores with `columns`: whole cache lines, so that its
/// kernels read aligned blocks of sixteen and have no rest.
package func scoreStride(_ columns: Int) -> Int { (columns + 15) & ~15 }

/// Softmax of each row of scores `x` (rows, columns) in place; the largest is subtracted first. What
/// stands between the rows becomes 0.
@inline(never) package func softmaxForward(_ x: MutableFloats, rows: Int, columns: Int) {
  let stride = scoreStride(columns)
  for row in 0..<rows {
    let xRow = x + row &* stride
    fillRest(xRow, columns, -.infinity)
    let largest = maximum(xRow, stride)
    for i in 0..<stride { xRow[i] = exponential(xRow[i] - largest) }
    fillRest(xRow, columns, 0)
    let inverse = 1 / sum(xRow, stride)
    for i in 0..<stride { xRow[i] *= inverse }
  }
}

/// Fills what stands between the end of a row of scores and the next one.
@inline(__always) private func fillRest(_ row: MutableFloats, _ columns: Int, _ value: Float) {
  if columns & 15 == 0 { return }
  let start = scoreStride(columns) &- 16
  let (block, count) = (row + start, Int32(truncatingIfNeeded: columns &- start))
  for lane: Int32 in 0..<16 { block[Int(lane)] = lane < count ? block[Int(lane)] : value }
}

/// Splits probabilities by a mask: `kept` = p·factor, and the sign of `p` is set where dropped,
/// which stores the mask for the backward pass. Both are laid out as scores are.
@inline(never) package func dropProbabilities(
  _ p: MutableFloats, kept: MutableFloats, rows: Int, columns: Int, start: Int, mask: DropoutMask
) {
  let stride = scoreStride(columns)
  // Rows begin at even indices of the stream, so that a pair never spans two rows.
  let length = columns &+ (columns & 1)
  for row in 0..<rows {
    let (pRow, keptRow) = (p + row &* stride, kept + row &* stride)
    mask.write(keptRow, start: start &+ row &* length, count: stride)
    for i in 0..<stride {
      let (factor, value) = (keptRow[i], pRow[i])
      keptRow[i] = value * factor
      pRow[i] = factor == 0 ? -value : value
    }
  }
}

/// kept = p·scale where `p` is positive, 0 where the sign marks it as dropped.
@inline(never) package func keptProbabilities(
  _ kept: MutableFloats, from p: Floats, count: Int, scale: Float
) { for i in 0..<count { kept[i] = p[i] > 0 ? p[i] * scale : 0 } }

/// The gradient of softmax and of the dropout behind it: `d` (rows, columns), that of the kept
/// probabilities, becomes the scores', |p|·(g - Σ g·|p|) with g = d·scale where kept, else 0. Both
/// are laid out as scores are, with p = 0 between the rows.
@inline(never) package func softmaxBackward(
  _ d: MutableFloats, p: Floats, rows: Int, columns: Int, scale: Float, scoreScale: Float
) {
  let stride = scoreStride(columns)
  for row in 0..<rows {
    let (dRow, pRow) = (d + row &* stride, p + row &* stride)
    let total = reduce(stride) { i in
      // What stands between the rows of `d` may be anything; the product is chosen, not a factor.
      let product = dRow[i] * scale * pRow[i]
      return pRow[i] > 0 ? product : 0
    }
    for i in 0..<stride {
      let value = pRow[i]
      let g: Float = value > 0 ? dRow[i] * scale : 0
      let magnitude: Float = value < 0 ? -value : value
      dRow[i] = magnitude * (g - total) * scoreScale
    }
  }
}

/// e^x, to 1 ulp for x in [-87.3, 88.3], outside of which it is clamped; without branches, so that
/// loops are vectorised.
/// x = n·ln 2 + r with |r| ≤ ln 2 / 2, e^r = 1 + r + r²·p(r); p is the minimax polynomial of degree
/// 4 (relative error 3e-9). n comes out of the mantissa after adding 1.5·2^23.
@inline(__always) package func exponential(_ x: Float) -> Float {
  let low: Float = x < -87.3 ? -87.3 : x
  let clamped: Float = low > 88.3 ? 88.3 : low
  let shifted = Float(12_582_912).plus(clamped, 1.442_695_04)
  let n = shifted - 12_582_912
  let r = clamped.plus(n, -0.693_359_375).plus(n, 2.121_944_4e-4)
  let p = polynomial(
    r, 0.001_381_446_723_826_229_6, 0.008_368_780_836_462_975, 0.041_668_392_717_838_29,
    0.166_665_196_418_762_2, 0.499_999_940_395_355_2)
  let scale = Float(bitPattern: (shifted.bitPattern &+ 127) << 23)
  return (r.plus(p, r * r) + 1) * scale
}

/// The polynomial in `x` with these coefficients, that of the highest power first.
@inline(__always) private func polynomial(
  _ x: Float, _ a: Float, _ b: Float, _ c: Float, _ d: Float, _ e: Float
) -> Float { e.plus(d.plus(c.plus(b.plus(a, x), x), x), x) }

extension Float {
  /// self + a·b, in one instruction where the processor that is compiled for has it.
  @inline(__always) fileprivate func plus(_ a: Float, _ b: Float) -> Float {
    HAS_FMA == 1 ? addingProduct(a, b) : self + a * b
  }
}

/// GELU in its exact form, x·Φ(x), and its derivative Φ(x) + x·φ(x). Φ(-|x|) = e^(-x²/2)·G(|x|),
/// where G is a polynomial of degree 9 in t = 1/(1 + |x|/4) (absolute error of Φ about 1e-7).
@inline(__always) package func gelu(_ x: Float) -> (value: Float, derivative: Float) {
  let magnitude: Float = x < 0 ? -x : x
  let density = exponential(-0.5 * x * x)
  let t = 1 / Float(1).plus(0.25, magnitude)
  let high = polynomial(
    t, 0.035_911_090_672_016_144, -0.204_779_103_398_323_06, 0.409_359_872_341_156,
    -0.343_109_309_673_309_3, 0.302_861_422_300_338_75)
  let g = polynomial(
    t, high, -0.013_198_400_847_613_811, 0.116_435_281_932_353_97, 0.096_600_502_729_415_9,
    0.099_918_663_501_739_5)
  let tail = density * g * t
  let cumulative: Float = x < 0 ? tail : 1 - tail
  return (x * cumulative, cumulative.plus(x * density, 0.398_942_280_4))
}
