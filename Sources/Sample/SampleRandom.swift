import Basics

/// What the sample draws. Every row and person has a stream of its own, so that a change in how one
/// essay is composed moves nothing else. Choices use integer arithmetic alone and the real draws
/// only +, -, × and ÷, which IEEE 754 fixes, so that all machines write the same bytes.
extension SplitMix64 {
  /// An integer in 0..<`bound`, from the high half of a product (bias below bound / 2^64).
  mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "a choice needs at least one possibility")
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// True for `percent` of a hundred draws on average.
  mutating func chance(percent: Int) -> Bool { below(100) < percent }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

  /// An index drawn with probability proportional to its weight.
  mutating func pick(weights: [Int]) -> Int {
    var left = below(weights.reduce(0, +))
    for (index, weight) in weights.enumerated() {
      if left < weight { return index }
      left -= weight
    }
    return weights.count - 1
  }

  /// Mean 0, variance 1, within ±6: the sum of twelve uniform draws less six. Needs no logarithm
  /// or cosine, whose last bits differ between C libraries.
  mutating func bell() -> Double { (0..<12).reduce(-6) { sum, _ in sum + uniform() } }

  /// A permutation of `elements` (Fisher and Yates).
  mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    var out = elements
    for last in stride(from: out.count - 1, to: 0, by: -1) { out.swapAt(last, below(last + 1)) }
    return out
  }
}
