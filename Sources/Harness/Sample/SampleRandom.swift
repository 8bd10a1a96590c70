/// A counter-based generator: draw `n` of stream `s` is a fixed function of (seed, s, n).
///
/// Every row and person of the sample has its own stream, so a change in how one essay is composed
/// moves nothing else. The mixing function is SplitMix64's finaliser (Steele, Lea and Flood 2014).
/// Choices use integer arithmetic alone and the real draws only +, -, ×, ÷, which IEEE 754 fixes, so
/// that all machines write the same bytes.
package struct SampleRandom: RandomNumberGenerator, Sendable {
  private let key: UInt64
  private var counter: UInt64 = 0

  /// The stream that `labels` name; the order of the labels matters.
  package init(seed: UInt64, _ labels: UInt64...) {
    key = labels.reduce(Self.mix(seed &+ Self.step)) { Self.mix($0 ^ Self.mix($1 &+ Self.step)) }
  }

  package mutating func next() -> UInt64 {
    counter &+= 1
    return Self.mix(key &+ counter &* Self.step)
  }

  /// An integer in 0..<`bound`, from the high half of a product (bias below bound / 2^64).
  package mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "a choice needs at least one possibility")
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// True for `percent` of a hundred draws on average.
  package mutating func chance(percent: Int) -> Bool { below(100) < percent }

  package mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[below(elements.count)]
  }

  /// An index drawn with probability proportional to its weight.
  package mutating func pick(weights: [Int]) -> Int {
    var left = below(weights.reduce(0, +))
    for (index, weight) in weights.enumerated() {
      if left < weight { return index }
      left -= weight
    }
    return weights.count - 1
  }

  /// A real number in [0, 1), a multiple of 2^-53.
  package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Mean 0, variance 1, within ±6: the sum of twelve uniform draws less six. Needs no logarithm
  /// or cosine, whose last bits differ between C libraries.
  package mutating func normal() -> Double {
    var sum = -6.0
    for _ in 0..<12 { sum += unit() }
    return sum
  }

  /// A permutation of `elements` (Fisher and Yates).
  package mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    var out = elements
    for last in stride(from: out.count - 1, to: 0, by: -1) { out.swapAt(last, below(last + 1)) }
    return out
  }

  private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
