import Harness
import TestSupport
import Testing

@Suite("Numbers as text")
struct NumberTextTests {
  private func text(_ value: Double) -> String {
    var bytes: [UInt8] = []
    NumberText.append(value, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("every number has the digits of its description")
  func description() {
    var values: [Double] = [
      0, -0.0, 1, -1, 3.5, 0.1, 1e-4, 9.9e-5, 999_999.999_999_999, 1e6, 123_456.789, 1e16, 5e-324,
      .greatestFiniteMagnitude, .infinity, -.infinity, .nan, 0.3.nextUp, 2.0.nextDown,
      0.1 + 0.2, 100_000.000_000_001, 0.000_100_000_1, 1_000_000.nextDown,
    ]
    var state: UInt64 = 7
    for step in 0..<40_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let bits = state ^ state >> 29
      switch step % 4 {
      case 0: values.append(Double(bitPattern: bits))
      case 1: values.append(Double(Int64(bits >> 20)) / 1e9)
      case 2: values.append(-Double(bits >> 44) / 1e4)
      default: values.append((Double(bits >> 40) / 1e5).nextUp)
      }
    }
    let wrong = values.filter { text($0) != $0.description }
    #expect(wrong.isEmpty, "\(wrong.prefix(5))")
  }
}
