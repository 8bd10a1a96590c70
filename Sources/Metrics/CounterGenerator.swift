/// Random numbers by number: the k-th draw of a stream is a hash of (seed, stream, k).
///
/// SplitMix64 (Steele, Lea and Flood 2014) with its counter in the open: draw k is the finaliser of
/// key + (k + 1)·γ. A replicate owns a fixed range of counters, so it does not depend on the number
/// of threads, on the systems beside it or on the replicates before it.
public struct CounterGenerator: RandomNumberGenerator, Sendable, Hashable {
  /// What a stream is for; two purposes never share draws.
  public enum Stream: UInt64, Sendable {
    case bootstrap = 1, swap, groups, power, simulation
  }

  @usableFromInline let key: UInt64
  private var counter: UInt64 = 0

  public init(seed: UInt64, stream: Stream) {
    key = Self.mix(Self.mix(seed &+ Self.step) ^ (stream.rawValue &* 0xD1B5_4A32_D192_ED03))
  }

  @usableFromInline static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

  @inlinable
  static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Draw `k`, 64 bits.
  @inlinable
  public func bits(_ k: UInt64) -> UInt64 { Self.mix(key &+ (k &+ 1) &* Self.step) }

  /// The next draw of the sequence 0, 1, 2, …
  public mutating func next() -> UInt64 {
    counter &+= 1
    return bits(counter &- 1)
  }

  /// The next uniform number in [0, 1), 53 bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// The next standard normal number, by inversion.
  public mutating func normal() -> Double {
    Distributions.normalQuantile((Double(next() >> 11) + 0.5) * 0x1p-53)
  }
}
