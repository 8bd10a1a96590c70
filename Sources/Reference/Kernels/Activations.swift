/// The feed-forward activation and softmax, over contiguous rows.

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

/// Softmax of each row of `x` (rows, columns) in place; the largest value is subtracted first.
@inline(never) package func softmaxForward(_ x: MutableFloats, rows: Int, columns: Int) {
  for row in 0..<rows {
    let xRow = x + row &* columns
    let largest = maximum(xRow, columns)
    for i in 0..<columns { xRow[i] = exponential(xRow[i] - largest) }
    let inverse = 1 / sum(xRow, columns)
    for i in 0..<columns { xRow[i] *= inverse }
  }
}

/// Splits probabilities by a mask: `kept` = p·factor, and the sign of `p` is set where dropped,
/// which stores the mask for the backward pass.
@inline(never) package func dropProbabilities(
  _ p: MutableFloats, kept: MutableFloats, rows: Int, columns: Int, start: Int, mask: DropoutMask
) {
  // Rows begin at even indices of the stream, so that a pair never spans two rows.
  let stride = columns &+ (columns & 1)
  for row in 0..<rows {
    let (pRow, keptRow) = (p + row &* columns, kept + row &* columns)
    mask.write(keptRow, start: start &+ row &* stride, count: columns)
    for i in 0..<columns {
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
/// probabilities, becomes the scores', |p|·(g - Σ g·|p|) with g = d·scale where kept, else 0.
@inline(never) package func softmaxBackward(
  _ d: MutableFloats, p: Floats, rows: Int, columns: Int, scale: Float, scoreScale: Float
) {
  for row in 0..<rows {
    let (dRow, pRow) = (d + row &* columns, p + row &* columns)
    let total = reduce(columns) { i in
      let kept: Float = pRow[i] > 0 ? pRow[i] : 0
      return dRow[i] * scale * kept
    }
    for i in 0..<columns {
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
  let shifted = clamped * 1.442_695_04 + 12_582_912
  let n = shifted - 12_582_912
  let r = (clamped - n * 0.693_359_375) + n * 2.121_944_4e-4
  var p: Float = 0.001_381_446_723_826_229_6
  p = p * r + 0.008_368_780_836_462_975
  p = p * r + 0.041_668_392_717_838_29
  p = p * r + 0.166_665_196_418_762_2
  p = p * r + 0.499_999_940_395_355_2
  let scale = Float(bitPattern: (shifted.bitPattern &+ 127) << 23)
  return (p * (r * r) + r + 1) * scale
}

/// GELU in its exact form, x·Φ(x), and its derivative Φ(x) + x·φ(x). Φ(-|x|) = e^(-x²/2)·G(|x|),
/// where G is a polynomial of degree 9 in t = 1/(1 + |x|/4) (absolute error of Φ about 1e-7).
@inline(__always) package func gelu(_ x: Float) -> (value: Float, derivative: Float) {
  let magnitude: Float = x < 0 ? -x : x
  let density = exponential(-0.5 * x * x)
  let t = 1 / (1 + 0.25 * magnitude)
  var g: Float = 0.035_911_090_672_016_144
  g = g * t - 0.204_779_103_398_323_06
  g = g * t + 0.409_359_872_341_156
  g = g * t - 0.343_109_309_673_309_3
  g = g * t + 0.302_861_422_300_338_75
  g = g * t - 0.013_198_400_847_613_811
  g = g * t + 0.116_435_281_932_353_97
  g = g * t + 0.096_600_502_729_415_9
  g = g * t + 0.099_918_663_501_739_5
  let tail = density * g * t
  let cumulative: Float = x < 0 ? tail : 1 - tail
  return (x * cumulative, cumulative + x * density * 0.398_942_280_4)
}
