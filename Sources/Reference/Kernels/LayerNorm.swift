// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics

/// Layer normalisation with what stands around it in a post-norm encoder. Blocks are (rows, C),
/// gain and offset C floats, rstd one a row; the caller vouches for it.
package struct LayerNorm {
  let gain, offset: Floats
  let epsilon: Float
  let channels: Int

  package init(gain: Floats, offset: Floats, epsilon: Float, channels: Int) {
    (self.gain, self.offset, self.epsilon, self.channels) = (gain, offset, epsilon, channels)
  }

  /// out = normalise(residual + dropout(x + bias))·gain + offset, row by row. `x` receives the
  /// normalised rows before gain and offset; `out` may not overlap it. `rowOffset` is the index of
  /// the first row, for the mask; `scratch` holds C floats.
  @inline(never) package func forward(
    _ out: MutableFloats, normalised x: MutableFloats, bias: Floats, residual: Floats,
    rstd: MutableFloats, rows: Int, rowOffset: Int, mask: DropoutMask?, scratch: MutableFloats
  ) {
    let C = channels
    for row in 0..<rows {
      let (xRow, residualRow) = (x + row &* C, residual + row &* C)
      if let mask {
        mask.write(scratch, start: (rowOffset &+ row) &* C, count: C)
        for i in 0..<C { xRow[i] = residualRow[i] + (xRow[i] + bias[i]) * scratch[i] }
      } else {
        for i in 0..<C { xRow[i] = residualRow[i] + (xRow[i] + bias[i]) }
      }
      rstd[row] = normalise(xRow, into: out + row &* C)
    }
  }

  /// Normalises a row in place, writes it with gain and offset to `out`, and returns 1/σ (of n).
  @inline(__always) func normalise(_ x: MutableFloats, into out: MutableFloats) -> Float {
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

  /// The gradients of ``forward``: `dout` becomes that of the residual, `dx` that of `x` before the
  /// bias; added to are `dgain`, `doffset` and `dbias` (C each).
  @inline(never) package func backward(
    _ dout: MutableFloats, dx: MutableFloats, normalised: Floats, rstd: Floats,
    dgain: MutableFloats, doffset: MutableFloats, dbias: MutableFloats, rows: Int, rowOffset: Int,
    mask: DropoutMask?, scratch: MutableFloats
  ) {
    let C = channels
    for row in 0..<rows {
      let (d, target) = (dout + row &* C, dx + row &* C)
      differentiate(d, normalised + row &* C, rstd: rstd[row], dgain: dgain, doffset: doffset)
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
  @inline(__always) func differentiate(
    _ d: MutableFloats, _ x: Floats, rstd: Float, dgain: MutableFloats, doffset: MutableFloats
  ) {
    let C = channels
    let (total, product) = reduce2(C) { i in
      let g = d[i] * gain[i]
      return (g, g * x[i])
    }
    let (mean, slope) = (total / Float(C), product / Float(C))
    for i in 0..<C {
      let value = d[i]
      dgain[i] += value * x[i]
      doffset[i] += value
      d[i] = (value * gain[i] - mean - x[i] * slope) * rstd
    }
  }
}

/// The place of a dropout mask in the model; each has its own random stream.
package enum DropoutSite: UInt64 {
  case embeddings, attention, attentionOutput, feedForwardOutput, headInput, headHidden
  case relativeTable
}

/// The seed of the dropout masks of one forward pass. The mask of an element is a function of seed,
/// pass, layer, site and the element's index: nothing is stored, and threads make no difference.
public struct DropoutKey: Equatable, Sendable {
  public var seed: UInt64
  /// The number of the forward pass in its run.
  public var pass: UInt64

  public init(seed: UInt64, pass: UInt64) { (self.seed, self.pass) = (seed, pass) }
}

/// The mask of one site: element i is dropped when 16 bits of a keyed multiply-xorshift hash of i,
/// which serves two elements, are below a threshold. The probability is rounded to 2^-16.
package struct DropoutMask {
  private let (key, second, threshold): (UInt32, UInt32, UInt32)
  /// 1 / (1 - p), the factor of a kept element.
  package let scale: Float

  package init(_ dropout: DropoutKey, layer: Int, site: DropoutSite, probability: Double) {
    var word = dropout.seed &+ 0x9E37_79B9_7F4A_7C15
    for part in [dropout.pass, UInt64(layer), site.rawValue] {
      word = SplitMix64.mix(word ^ (part &+ 0x9E37_79B9_7F4A_7C15 &* (word | 1)))
    }
    key = UInt32(truncatingIfNeeded: word)
    second = UInt32(truncatingIfNeeded: word >> 32)
    threshold = UInt32((probability * 65536).rounded())
    scale = Float(65536 / (65536 - Double(threshold)))
  }

  /// Two factors, each 0 or ``scale``, for the elements 2·pair and 2·pair + 1.
  @inline(__always) package func factors(_ pair: UInt32) -> (Float, Float) {
    var x = (pair ^ key) &* 0x9E37_79B1
    x = (x ^ (x >> 15)) &+ second
    x = x &* 0x85EB_CA6B
    x = (x ^ (x >> 13)) &* 0xC2B2_AE35
    x ^= x >> 16
    return ((x & 0xFFFF) < threshold ? 0 : scale, (x >> 16) < threshold ? 0 : scale)
  }

  /// Multiplies `x` by the factors of the elements `start..<start + count`.
  @inline(__always) func apply(
    to x: MutableFloats, start: Int, count: Int, scratch: MutableFloats
  ) {
    write(scratch, start: start, count: count)
    for i in 0..<count { x[i] *= scratch[i] }
  }

  /// Writes the factors of the elements `start..<start + count` to `out`. `start` is even.
  @inline(__always) package func write(_ out: MutableFloats, start: Int, count: Int) {
    let first = UInt32(truncatingIfNeeded: start >> 1)
    let pairs = count >> 1
    for i in 0..<pairs {
      let (a, b) = factors(first &+ UInt32(truncatingIfNeeded: i))
      out[2 &* i] = a
      out[2 &* i &+ 1] = b
    }
    if count & 1 == 1 { out[count &- 1] = factors(first &+ UInt32(truncatingIfNeeded: pairs)).0 }
  }
}
