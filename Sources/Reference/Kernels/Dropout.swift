import Basics

/// The place of a dropout mask in the model; each has its own random stream.
package enum DropoutSite: UInt64 {
  case embeddings = 0
  case attention = 1
  case attentionOutput = 2
  case feedForwardOutput = 3
  case headInput = 4
  case headHidden = 5
}

/// The seed of the dropout masks of one forward pass.
///
/// The mask of an element is a function of the seed, the pass, the layer, the site and the
/// element's index: nothing is stored, the backward pass computes it again, and the number of
/// threads makes no difference.
public struct DropoutKey: Equatable, Sendable {
  public var seed: UInt64
  /// The number of the forward pass in its run.
  public var pass: UInt64

  public init(seed: UInt64, pass: UInt64) {
    self.seed = seed
    self.pass = pass
  }
}

/// The mask of one site: element i is dropped when 16 bits of a hash of i are below a threshold.
///
/// The hash is a keyed multiply-xorshift mix of 32 bits (the avalanche of a 32-bit finaliser); one
/// hash serves two elements. The probability is rounded to a multiple of 2^-16, and the scale is
/// the exact reciprocal of what is kept, so the expectation stays that of the input.
package struct DropoutMask {
  let key: UInt32
  let second: UInt32
  let threshold: UInt32
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
  @inline(__always)
  package func factors(_ pair: UInt32) -> (Float, Float) {
    var x = (pair ^ key) &* 0x9E37_79B1
    x = (x ^ (x >> 15)) &+ second
    x = x &* 0x85EB_CA6B
    x = (x ^ (x >> 13)) &* 0xC2B2_AE35
    x ^= x >> 16
    return ((x & 0xFFFF) < threshold ? 0 : scale, (x >> 16) < threshold ? 0 : scale)
  }

  /// Writes the factors of the elements `start..<start + count` to `out`. `start` is even.
  @inline(__always)
  package func write(_ out: UnsafeMutablePointer<Float>, start: Int, count: Int) {
    let first = UInt32(truncatingIfNeeded: start >> 1)
    let pairs = count >> 1
    for i in 0..<pairs {
      let (a, b) = factors(first &+ UInt32(truncatingIfNeeded: i))
      out[2 &* i] = a
      out[2 &* i &+ 1] = b
    }
    if count & 1 == 1 {
      out[count &- 1] = factors(first &+ UInt32(truncatingIfNeeded: pairs)).0
    }
  }
}
