import Basics
import Foundation
import Harness
import Metrics
import Testing

@Suite("The fast reader of plain number files")
struct NumericColumnsTests {
  private func parse(_ text: String, columns: Int = 2, threads: Int = 2) -> [[Double]]? {
    NumericColumns.parse(Data(text.utf8), maximumColumns: columns, threads: threads)?.columns
  }

  /// Numbers as programs write them: of few digits, of 17 and more, with exponents, at the limits.
  private static func numbers(_ count: Int) -> [String] {
    var random = SplitMix64(seed: 11, stream: .simulation)
    func digits(_ count: Int) -> String {
      (0..<count).map { _ in String(Int.random(in: 0...9, using: &random)) }.joined()
    }
    return (0..<count).map { index in
      switch index % 8 {
      case 0: return "\(Double.random(in: 1...7, using: &random))"
      case 1:
        let number = Double(bitPattern: random.next())
        return number.isFinite ? "\(number)" : "0"
      case 2:
        return
          "\(Int.random(in: 1...7, using: &random)).\(digits(Int.random(in: 1...30, using: &random)))"
      case 3: return "-\(digits(Int.random(in: 1...25, using: &random)))"
      case 4: return "\(digits(3)).\(digits(4))e\(Int.random(in: -320...300, using: &random))"
      case 5: return "+.\(digits(Int.random(in: 1...20, using: &random)))"
      case 6: return "\(digits(Int.random(in: 1...19, using: &random)))."
      default:
        return
          "\(Int.random(in: -9...9, using: &random))E+\(Int.random(in: 0...22, using: &random))"
      }
    }
  }

  private static let limits = [
    "0", "-0", "-0.0", "9007199254740991", "9007199254740992", "9007199254740993",
    "90071992547409.93", "0.1", "0.30000000000000004", "1e22", "1e23", "5e-324", "2.5e-324",
    "1.7976931348623157e308", "2.2250738585072011e-308", "2.2250738585072014e-308",
    "123456789012345678", "999999999999999999", "0.000000000000000000000001",
    "000000000000000000000000001.5", "1.00000000000000011102230246251565404236316680908203125",
  ]

  @Test("every number is the one that Double makes of it, to the last bit")
  func bits() throws {
    let numbers = Self.numbers(40_000) + Self.limits
    let parsed = try #require(parse(numbers.joined(separator: "\n") + "\n"))
    #expect(parsed.count == 1 && parsed[0].count == numbers.count)
    let wrong = zip(numbers, parsed[0]).filter { text, number in
      Double(text)?.bitPattern != number.bitPattern
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(5))")
  }

  @Test("two columns, CRLF and a missing newline at the end change nothing")
  func ends() throws {
    let expected: [[Double]] = [[1.5, -2, 3e2], [4, 0.25, 6]]
    for (separator, end) in [("\n", ""), ("\n", "\n"), ("\r\n", ""), ("\r\n", "\r\n")] {
      let text = ["1.5\t4", "-2\t.25", "3e2\t6"].joined(separator: separator) + end
      #expect(parse(text) == expected)
    }
  }

  @Test("the numbers do not depend on threads or on where blocks are cut")
  func threads() throws {
    let text = Self.numbers(120_000).map { "\($0)\t1" }.joined(separator: "\n")
    #expect(text.utf8.count > 1 << 20, "more than one block")
    let one = try #require(parse(text, threads: 1))
    let four = try #require(parse(text, threads: 4))
    #expect(one.map { $0.map(\.bitPattern) } == four.map { $0.map(\.bitPattern) })
    #expect(one[0].count == 120_000)
  }

  @Test(
    "anything else is left to the careful readers",
    arguments: [
      "", "\n", "1\n\n2\n", "empathy\n1\n", "1\t2\n3\n", "1\n2\t3\n", "1\t2\t3\n", "1 \n", " 1\n",
      "1,2\n", "nan\n", "inf\n", "1e999\n", "0x10\n", "1e\n", "-\n", ".\n", "1.2.3\n", "--1\n",
      "1\t\n", "\t1\n", "1\r2\n", "\"1\"\n", "1_000\n", "\u{FEFF}1\n", "1e5x\n", "12\u{0}\n",
    ])
  func refuses(text: String) {
    #expect(parse(text) == nil)
  }

  @Test("a file wider than asked for is refused")
  func width() {
    #expect(parse("1\t2\n", columns: 1) == nil)
  }
}
