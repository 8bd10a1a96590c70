import Foundation

/// What an upload may at most look like, checked by counting before anything is parsed: a hostile
/// file of a few megabytes would otherwise become gigabytes of fields and faults.
public struct UploadLimits: Sendable, Equatable {
  /// Unpacked.
  public var bytes: Int
  public var lines: Int
  public var lineBytes: Int
  /// Tabs or commas on a line.
  public var separators: Int

  public init(bytes: Int, lines: Int, lineBytes: Int, separators: Int) {
    (self.bytes, self.lines) = (bytes, lines)
    (self.lineBytes, self.separators) = (lineBytes, separators)
  }

  /// Limits for a split of `rows` rows: room for essays with line ends in a column of their own, and
  /// for many other columns.
  public static func forRows(_ rows: Int) -> UploadLimits {
    UploadLimits(bytes: 16 << 20, lines: 4 * rows + 1000, lineBytes: 1 << 16, separators: 1000)
  }

  /// - Throws: ``HarnessError/invalid(_:)`` with the first limit that is passed.
  func check(_ data: Data, name: String) throws(HarnessError) {
    if data.count > bytes {
      throw refused(.syntax, name, found: "\(data.count) bytes", expected: "at most \(bytes) bytes")
    }
    var line = 1
    var start = 0
    var count = 0
    var longest = (bytes: 0, line: 1)
    var widest = (separators: 0, line: 1)
    data.withUnsafeBytes { buffer in
      // In bounds: every offset comes from the buffer's own indices.
      for offset in buffer.indices {
        let byte = buffer[offset]
        if byte == 0x09 || byte == 0x2C { count += 1 }
        guard byte == 0x0A || offset == buffer.count - 1 else { continue }
        if offset - start > longest.bytes { longest = (offset - start, line) }
        if count > widest.separators { widest = (count, line) }
        line += byte == 0x0A ? 1 : 0
        start = offset + 1
        count = 0
      }
    }
    if line > lines {
      throw refused(
        .rowCount, name, line: lines, found: "\(line) lines",
        expected: "at most \(lines) lines in a prediction file of this split")
    }
    if widest.separators > separators {
      throw refused(
        .fieldCount, name, line: widest.line, found: "\(widest.separators + 1) fields",
        expected: "at most \(separators + 1) fields on a line")
    }
    if longest.bytes > lineBytes {
      throw refused(
        .syntax, name, line: longest.line, found: "a line of \(longest.bytes) bytes",
        expected: "at most \(lineBytes) bytes on a line")
    }
  }

  private func refused(
    _ code: Diagnostic.Code, _ name: String, line: Int? = nil, found: String, expected: String
  ) -> HarnessError { .fault(code, file: name, line: line, found: found, expected: expected) }
}
