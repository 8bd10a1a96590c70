import Basics
package import Foundation
import Glibc
import Metrics

/// Columns of plain numbers, parsed in place and in parallel. Anything but tab separated numbers
/// without a header makes it give up (nil), and the careful readers say what is wrong.
package struct NumericColumns {
  package var columns: [[Double]]
  package var rows: Int { columns.first?.count ?? 0 }

  /// Bytes a task reads; the same cut for any number of threads.
  private static let blockBytes = 1 << 20

  package static func parse(
    _ data: Data, maximumColumns: Int, threads: Int = Parallel.processors
  ) -> NumericColumns? {
    data.withUnsafeBytes { raw in
      let bytes = raw.bindMemory(to: UInt8.self)
      guard let first = bytes.firstIndex(of: 0x0A) ?? (bytes.isEmpty ? nil : bytes.count) else {
        return nil
      }
      let width = bytes[..<first].count { $0 == 0x09 } + 1
      guard width <= maximumColumns else { return nil }
      return parse(bytes, width: width, threads: threads)
    }
  }

  private static func parse(
    _ bytes: UnsafeBufferPointer<UInt8>, width: Int, threads: Int
  ) -> NumericColumns? {
    let blocks = blocks(of: bytes)
    let lines = Parallel.map(blocks.count, threads: threads) { index in
      lineCount(bytes, blocks[index])
    }
    let total = lines.reduce(0, +)
    var starts = [0]
    for count in lines { starts.append((starts.last ?? 0) + count) }
    let columns = filled(width, count: total) { cells in
      nonisolated(unsafe) let targets = cells
      nonisolated(unsafe) let source = bytes
      return Parallel.map(blocks.count, threads: threads) { index in
        parseBlock(source, blocks[index], firstRow: starts[index], into: targets) == lines[index]
      }.allSatisfy { $0 }
    }
    return columns.map(NumericColumns.init)
  }

  /// `width` arrays of `count` numbers that `fill` writes in full; nil where it returns false.
  private static func filled(
    _ width: Int, count: Int, after earlier: [UnsafeMutableBufferPointer<Double>] = [],
    _ fill: ([UnsafeMutableBufferPointer<Double>]) -> Bool
  ) -> [[Double]]? {
    guard earlier.count < width else { return fill(earlier) ? [] : nil }
    var rest: [[Double]]?
    let column = [Double](unsafeUninitializedCapacity: count) { cells, initialised in
      rest = filled(width, count: count, after: earlier + [cells], fill)
      initialised = rest == nil ? 0 : count
    }
    return rest.map { [column] + $0 }
  }

  /// Ranges of about ``blockBytes`` that end after a newline or at the end of the text.
  private static func blocks(of bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    var blocks: [Range<Int>] = []
    var start = 0
    while start < bytes.count {
      var end = min(start + blockBytes, bytes.count)
      while end < bytes.count, bytes[end - 1] != 0x0A { end += 1 }
      blocks.append(start..<end)
      start = end
    }
    return blocks
  }

  private static func lineCount(_ bytes: UnsafeBufferPointer<UInt8>, _ block: Range<Int>) -> Int {
    var count = 0
    for index in block { count &+= bytes[index] == 0x0A ? 1 : 0 }
    return bytes[block.upperBound - 1] == 0x0A ? count : count + 1
  }

  /// Parses the lines of one block into `columns`, from row `firstRow` on.
  /// - Returns: lines parsed; fewer than there are where one is not as expected.
  private static func parseBlock(
    _ bytes: UnsafeBufferPointer<UInt8>, _ block: Range<Int>, firstRow: Int,
    into columns: [UnsafeMutableBufferPointer<Double>]
  ) -> Int {
    var at = block.lowerBound
    var row = 0
    while at < block.upperBound {
      for column in columns.indices {
        guard let number = number(bytes, &at, end: block.upperBound) else { return row }
        // In bounds: row < the block's line count, so firstRow + row is a row of the column.
        columns[column][firstRow + row] = number
        if column + 1 < columns.count {
          guard at < block.upperBound, bytes[at] == 0x09 else { return row }
          at += 1
        }
      }
      if at < block.upperBound, bytes[at] == 0x0D { at += 1 }
      guard at == block.upperBound || bytes[at] == 0x0A else { return row }
      at += 1
      row += 1
    }
    return row
  }

  /// 10^0 … 10^22, all exact in Double.
  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// A decimal number at `at`, which is moved behind it; nil where there is none.
  ///
  /// With a mantissa below 2^53 and a power of ten up to 22 one division or product of two exact
  /// numbers is correctly rounded (Clinger 1990); other numbers go to strtod.
  private static func number(
    _ bytes: UnsafeBufferPointer<UInt8>, _ at: inout Int, end: Int
  ) -> Double? {
    let start = at
    var negative = false
    if at < end, bytes[at] == 0x2D || bytes[at] == 0x2B {
      negative = bytes[at] == 0x2D
      at += 1
    }
    var mantissa: UInt64 = 0
    var digits = 0
    var decimals = 0
    while at < end, bytes[at] &- 0x30 < 10 {
      mantissa = mantissa &* 10 &+ UInt64(bytes[at] &- 0x30)
      digits += 1
      at += 1
    }
    if at < end, bytes[at] == 0x2E {
      at += 1
      while at < end, bytes[at] &- 0x30 < 10 {
        mantissa = mantissa &* 10 &+ UInt64(bytes[at] &- 0x30)
        digits += 1
        decimals += 1
        at += 1
      }
    }
    guard digits > 0 else { return nil }
    let hasExponent = at < end && (bytes[at] == 0x65 || bytes[at] == 0x45)
    if !hasExponent, digits <= 18, mantissa < 1 << 53, decimals <= 22 {
      let magnitude = Double(mantissa) / powers[decimals]
      return negative ? -magnitude : magnitude
    }
    return careful(bytes, from: start, &at, end: end)
  }

  /// The number from `start` to the next delimiter by strtod; nil where it is not one.
  private static func careful(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ at: inout Int, end: Int
  ) -> Double? {
    at = start
    while at < end, bytes[at] != 0x09, bytes[at] != 0x0A, bytes[at] != 0x0D { at += 1 }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    return try? NumberSyntax.parse(text)
  }
}

/// Reads one number as a person wrote it, or says what is wrong with it.
enum NumberSyntax {
  struct Fault: Error {
    var code: Diagnostic.Code
    var expected: String
  }

  /// A finite number, written with a point as decimal sign; white space around it is ignored.
  static func parse(_ text: some StringProtocol) throws(Fault) -> Double {
    let trimmed = text.trimmingCharacters(in: .whitespaces)
    if trimmed.isEmpty { throw Fault(code: .missingValue, expected: "a number") }
    // Swift's Double accepts hexadecimal floats, "inf" and "nan"; only decimal digits are wanted.
    let isPlain = trimmed.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x2B, 0x2D, 0x2E, 0x45, 0x65: true  // digits, + - . E e
      default: false
      }
    }
    let number = isPlain ? Double(trimmed) : nil
    if let number, number.isFinite { return number }
    let bare = trimmed.lowercased().drop { $0 == "+" || $0 == "-" }
    if number != nil || ["nan", "inf", "infinity"].contains(bare) {
      throw Fault(code: .nonFinite, expected: "a finite number")
    }
    if trimmed.contains(","), Double(trimmed.replacing(",", with: ".")) != nil {
      throw Fault(code: .decimalComma, expected: "a number with a point as decimal sign")
    }
    guard isPrinted(String(bare)) else { throw Fault(code: .number, expected: "a number") }
    throw Fault(code: .number, expected: plain)
  }

  /// What is expected where a number is written as Python prints an array.
  static let plain = "a number, not how Python prints an array: write x.item() or float(x)"

  /// Whether `text`, in small letters, is how Python prints a tensor, an array or a list of one number.
  static func isPrinted(_ text: String) -> Bool {
    text.prefixMatch(of: /(?:(?:tensor|array|(?:np\.)?float\d+)\(\[*|\[+)[-+.\dni]/) != nil
  }

  /// The number in a cell; nil where it is empty or faulty.
  /// - Parameters:
  ///   - shown: what a fault shows in place of the cell; nil for the cell itself.
  ///   - emptyIsFault: whether an empty cell is one.
  static func cell(
    _ text: String, file: String, line: Int, column: Int?, field: String?, shown: String? = nil,
    emptyIsFault: Bool = false, faults: inout [Diagnostic]
  ) -> Double? {
    do throws(Fault) { return try parse(text) } catch {
      if error.code != .missingValue || emptyIsFault {
        faults.add(
          error.code, file: file, line: line, column: column, field: field, found: shown ?? text,
          expected: error.expected)
      }
      return nil
    }
  }
}
