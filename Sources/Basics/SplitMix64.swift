/// The seeded generator of the program: SplitMix64 (Steele, Lea and Flood 2014, figure 15). Its
/// k-th draw, k from 0, is a function of seed and k alone, so that work on several threads can take
/// the draws by number (``draw(_:)``) and get the same bits in any order.
@frozen public struct SplitMix64: RandomNumberGenerator, Hashable, Sendable, Codable {
  public var state: UInt64

  /// The paper's γ: 2^64 divided by the golden ratio, made odd.
  @inlinable public static var gamma: UInt64 { 0x9E37_79B9_7F4A_7C15 }

  @inlinable public init(seed: UInt64) { state = seed }

  /// The stream that `labels` name under `seed`; their order matters. Streams of other labels share
  /// no draws, so that a change in one part of a program moves nothing in another.
  public init(seed: UInt64, labels: [UInt64]) {
    state = labels.reduce(Self.mix(seed &+ Self.gamma)) {
      Self.mix($0 ^ Self.mix($1 &+ Self.gamma))
    }
  }

  @inlinable public mutating func next() -> UInt64 {
    state &+= Self.gamma
    return Self.mix(state)
  }

  /// Draw `k` from here, without a step: `draw(0)` is what ``next()`` would give.
  @inlinable public func draw(_ k: UInt64) -> UInt64 { Self.mix(state &+ (k &+ 1) &* Self.gamma) }

  /// The next uniform number in [0, 1), a multiple of 2^-53.
  @inlinable public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// The next uniform number in (0, 1), the middle of one of 2^53 equal cells.
  @inlinable
  public mutating func uniformInside() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

  /// The finaliser: a bijection of 64 bits.
  @inlinable public static func mix(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
