/// The feed-forward activation and softmax, over contiguous rows.

/// value = GELU(x + bias), and x becomes its derivative there.
///
/// `x` and `value` are (rows, columns), row-major; `bias` holds `columns`.
@inline(never)
package func geluForward(
  _ value: UnsafeMutablePointer<Float>, derivative x: UnsafeMutablePointer<Float>,
  bias: UnsafePointer<Float>, rows: Int, columns: Int
) {
  for row in 0..<rows {
    let xRow = x + row &* columns
    let valueRow = value + row &* columns
    for i in 0..<columns {
      let (y, slope) = gelu(xRow[i] + bias[i])
      valueRow[i] = y
      xRow[i] = slope
    }
  }
}

/// x = GELU(x + bias), in place, where no gradient is asked for.
@inline(never)
package func geluInPlace(
  _ x: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>, rows: Int, columns: Int
) {
  for row in 0..<rows {
    let xRow = x + row &* columns
    for i in 0..<columns { xRow[i] = gelu(xRow[i] + bias[i]).value }
  }
}

/// dx = dvalue · derivative, over `dvalue`; adds the column sums to `dbias` (columns).
@inline(never)
package func geluBackward(
  _ dvalue: UnsafeMutablePointer<Float>, derivative: UnsafePointer<Float>,
  dbias: UnsafeMutablePointer<Float>, rows: Int, columns: Int
) {
  for row in 0..<rows {
    let d = dvalue + row &* columns
    let slope = derivative + row &* columns
    for i in 0..<columns {
      let value = d[i] * slope[i]
      d[i] = value
      dbias[i] += value
    }
  }
}

/// x += bias for every row of `x` (rows, columns).
@inline(never)
package func addBias(
  _ x: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>, rows: Int, columns: Int
) {
  for row in 0..<rows {
    let xRow = x + row &* columns
    for i in 0..<columns { xRow[i] += bias[i] }
  }
}

/// Softmax of each row of `x` (rows, columns) in place; the largest value is subtracted first.
@inline(never)
package func softmaxForward(_ x: UnsafeMutablePointer<Float>, rows: Int, columns: Int) {
  for row in 0..<rows {
    let xRow = x + row &* columns
    let largest = maximum(xRow, columns)
    for i in 0..<columns { xRow[i] = exponential(xRow[i] - largest) }
    let inverse = 1 / sum(xRow, columns)
    for i in 0..<columns { xRow[i] *= inverse }
  }
}

/// Splits probabilities by a mask: `kept` = p·factor, and the sign of `p` is set where dropped.
///
/// The sign bit stores the mask for the backward pass at no cost; a probability is never negative.
@inline(never)
package func dropProbabilities(
  _ p: UnsafeMutablePointer<Float>, kept: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
  start: Int, mask: DropoutMask
) {
  // Rows begin at even indices of the stream, so that a pair never spans two rows.
  let stride = columns &+ (columns & 1)
  for row in 0..<rows {
    let pRow = p + row &* columns
    let keptRow = kept + row &* columns
    mask.write(keptRow, start: start &+ row &* stride, count: columns)
    for i in 0..<columns {
      let factor = keptRow[i]
      let value = pRow[i]
      keptRow[i] = value * factor
      pRow[i] = factor == 0 ? -value : value
    }
  }
}

/// kept = p·scale where `p` is positive, 0 where the sign marks it as dropped.
@inline(never)
package func keptProbabilities(
  _ kept: UnsafeMutablePointer<Float>, from p: UnsafePointer<Float>, count: Int, scale: Float
) {
  for i in 0..<count { kept[i] = p[i] > 0 ? p[i] * scale : 0 }
}

/// The gradient of softmax and of the dropout behind it, in place over `d` (rows, columns).
///
/// `d` holds the gradient of the kept probabilities; it becomes that of the scores before
/// softmax: |p|·(g - Σ g·|p|) with g = d·scale where kept, else 0.
@inline(never)
package func softmaxBackward(
  _ d: UnsafeMutablePointer<Float>, p: UnsafePointer<Float>, rows: Int, columns: Int,
  scale: Float, scoreScale: Float
) {
  for row in 0..<rows {
    let dRow = d + row &* columns
    let pRow = p + row &* columns
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
