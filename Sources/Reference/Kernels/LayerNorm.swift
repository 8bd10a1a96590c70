// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// Layer normalisation with what stands around it in a post-norm encoder.
///
/// C channels; x, residual, out are (rows, C), row-major. All pointers hold rows·C floats (gain and
/// offset C, rstd rows); the caller vouches for it.

/// The constants of one normalisation.
package struct LayerNorm {
  package let gain: UnsafePointer<Float>
  package let offset: UnsafePointer<Float>
  package let epsilon: Float
  package let channels: Int

  package init(
    gain: UnsafePointer<Float>, offset: UnsafePointer<Float>, epsilon: Float, channels: Int
  ) {
    self.gain = gain
    self.offset = offset
    self.epsilon = epsilon
    self.channels = channels
  }

  /// out = normalise(residual + dropout(x + bias))·gain + offset, row by row.
  ///
  /// `x` receives the normalised rows before gain and offset, which the backward pass needs; `out`
  /// may not overlap it. `rowOffset` is the index of the first row, for the mask. `mask` is nil
  /// without dropout; `scratch` holds C floats.
  @inline(never)
  package func forward(
    _ out: UnsafeMutablePointer<Float>, normalised x: UnsafeMutablePointer<Float>,
    bias: UnsafePointer<Float>, residual: UnsafePointer<Float>,
    rstd: UnsafeMutablePointer<Float>, rows: Int, rowOffset: Int, mask: DropoutMask?,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let C = channels
    for row in 0..<rows {
      let xRow = x + row &* C
      let residualRow = residual + row &* C
      if let mask {
        mask.write(scratch, start: (rowOffset &+ row) &* C, count: C)
        for i in 0..<C { xRow[i] = residualRow[i] + (xRow[i] + bias[i]) * scratch[i] }
      } else {
        for i in 0..<C { xRow[i] = residualRow[i] + (xRow[i] + bias[i]) }
      }
      rstd[row] = normalise(xRow, into: out + row &* C)
    }
  }

  /// Normalises one row in place, writes it with gain and offset to `out`, and returns 1/σ.
  ///
  /// Two passes: the variance is that of the differences from the mean (population form).
  @inline(__always)
  func normalise(
    _ x: UnsafeMutablePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) -> Float {
    let C = channels
    let mean = sum(x, C) / Float(C)
    let variance =
      reduce(C) { i in
        let difference = x[i] - mean
        return difference * difference
      } / Float(C)
    let rstd = 1 / (variance + epsilon).squareRoot()
    for i in 0..<C {
      let value = (x[i] - mean) * rstd
      x[i] = value
      out[i] = value * gain[i] + offset[i]
    }
    return rstd
  }

  /// The gradients of ``forward`` for `rows` rows.
  ///
  /// `dout` is replaced by the gradient of the residual; `dx` receives that of `x` before the bias
  /// (the residual's through the mask). Added to: `dgain`, `doffset`, `dbias` (C each).
  @inline(never)
  package func backward(
    _ dout: UnsafeMutablePointer<Float>, dx: UnsafeMutablePointer<Float>,
    normalised: UnsafePointer<Float>, rstd: UnsafePointer<Float>,
    dgain: UnsafeMutablePointer<Float>, doffset: UnsafeMutablePointer<Float>,
    dbias: UnsafeMutablePointer<Float>, rows: Int, rowOffset: Int, mask: DropoutMask?,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let C = channels
    for row in 0..<rows {
      let d = dout + row &* C
      let x = normalised + row &* C
      differentiate(d, x, rstd: rstd[row], dgain: dgain, doffset: doffset)
      let target = dx + row &* C
      if let mask {
        mask.write(scratch, start: (rowOffset &+ row) &* C, count: C)
        for i in 0..<C {
          let value = d[i] * scratch[i]
          target[i] = value
          dbias[i] += value
        }
      } else {
        for i in 0..<C {
          target[i] = d[i]
          dbias[i] += d[i]
        }
      }
    }
  }

  /// Replaces the gradient of one output row by that of the row before normalisation:
  /// rstd·(g - mean(g) - x̂·mean(g·x̂)) with g = d·gain.
  @inline(__always)
  func differentiate(
    _ d: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, rstd: Float,
    dgain: UnsafeMutablePointer<Float>, doffset: UnsafeMutablePointer<Float>
  ) {
    let C = channels
    let (total, product) = reduce2(C) { i in
      let g = d[i] * gain[i]
      return (g, g * x[i])
    }
    let mean = total / Float(C)
    let slope = product / Float(C)
    for i in 0..<C {
      let value = d[i]
      dgain[i] += value * x[i]
      doffset[i] += value
      d[i] = (value * gain[i] - mean - x[i] * slope) * rstd
    }
  }
}
