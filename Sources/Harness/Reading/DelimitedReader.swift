import Basics
package import Foundation

// Why a reader of our own: the organisers' files escape a quote as `\"` or begin a field with a
// stray one, and faults must name line and field; the maintained Swift readers do neither.

/// One record of a table.
package struct DelimitedRecord: Equatable {
  /// One-based line on which the record starts.
  package var line: Int
  package var fields: [String]
}

/// How a table of rows is written.
public enum TableFormat: String, Codable, Sendable {
  /// RFC 4180.
  case csv
  /// CSV in which a quote inside a quoted field is written `\"`.
  case csvBackslash = "csv-backslash"
  /// Tab separated; a quote is special only where it encloses a whole field, which may then hold
  /// line ends.
  case tsv
  /// One JSON object a line; its keys are the columns.
  case jsonl
}

/// Reads comma or tab separated text. Lines end in LF or CRLF; empty ones between records are
/// skipped. In CSV a quoted field may hold newlines.
struct DelimitedReader {
  private let text: SourceText
  private let delimiter: UInt8
  private let format: TableFormat
  private var at = 0
  private var line = 1
  private(set) var faults: [Diagnostic] = []

  private static let quote = UInt8(ascii: "\"")
  private static let backslash = UInt8(ascii: "\\")

  init(_ text: SourceText, format: TableFormat) {
    self.text = text
    self.format = format
    delimiter = format == .tsv ? UInt8(ascii: "\t") : UInt8(ascii: ",")
  }

  /// Every record of `text`, and every syntax fault met on the way.
  static func records(
    of text: SourceText, format: TableFormat
  ) -> (records: [DelimitedRecord], faults: [Diagnostic]) {
    var reader = DelimitedReader(text, format: format)
    var records: [DelimitedRecord] = []
    while let record = reader.next() { records.append(record) }
    return (records, reader.faults)
  }

  /// The next record, or nil at the end of the text.
  private mutating func next() -> DelimitedRecord? {
    skipEmptyLines()
    guard at < text.bytes.count else { return nil }
    var record = DelimitedRecord(line: line, fields: [])
    while true {
      record.fields.append(field())
      guard at < text.bytes.count, text.bytes[at] == delimiter else { break }
      at += 1
      if at == text.bytes.count { record.fields.append("") }
      if at == text.bytes.count { break }
    }
    endLine()
    return record
  }

  private mutating func skipEmptyLines() {
    while at < text.bytes.count {
      if text.bytes[at] == 0x0A {
        at += 1
        line += 1
      } else if isLineEnd(at) {
        at += 2
        line += 1
      } else {
        return
      }
    }
  }

  private mutating func endLine() {
    guard at < text.bytes.count else { return }
    at += text.bytes[at] == 0x0D ? 2 : 1
    line += 1
  }

  /// Whether a line ends at `position`: a LF, or a CR that a LF follows.
  private func isLineEnd(_ position: Int) -> Bool {
    let bytes = text.bytes
    return bytes[position] == 0x0A
      || (bytes[position] == 0x0D && position + 1 < bytes.count && bytes[position + 1] == 0x0A)
  }

  private mutating func field() -> String {
    if at < text.bytes.count, text.bytes[at] == Self.quote {
      if format == .tsv {
        if let value = enclosedField() { return value }
      } else {
        return quotedField()
      }
    }
    let start = at
    while at < text.bytes.count, text.bytes[at] != delimiter, !isLineEnd(at) { at += 1 }
    return String(decoding: text.bytes[start..<at], as: UTF8.self)
  }

  /// A CSV field that begins with a quote.
  private mutating func quotedField() -> String {
    let bytes = text.bytes
    let startLine = line
    var value: [UInt8] = []
    at += 1
    while at < bytes.count {
      let byte = bytes[at]
      let next = at + 1 < bytes.count ? bytes[at + 1] : 0
      if format == .csvBackslash, byte == Self.backslash, next == Self.quote {
        value.append(Self.quote)
        at += 2
      } else if byte == Self.quote, next == Self.quote {
        value.append(Self.quote)
        at += 2
      } else if byte == Self.quote {
        at += 1
        skipAfterClosingQuote()
        return String(decoding: value, as: UTF8.self)
      } else {
        if byte == 0x0A { line += 1 }
        value.append(byte)
        at += 1
      }
    }
    faults.add(
      .syntax, file: text.name, line: startLine, found: "a quoted field that is never closed",
      expected: "a closing quote")
    return String(decoding: value, as: UTF8.self)
  }

  /// Reports text between a closing quote and the next delimiter, and steps over it.
  private mutating func skipAfterClosingQuote() {
    let start = at
    while at < text.bytes.count, text.bytes[at] != delimiter, !isLineEnd(at) { at += 1 }
    guard start < at else { return }
    faults.add(
      .syntax, file: text.name, line: line, found: "text after a closing quote",
      expected: format == .csvBackslash
        ? "a comma or the end of the line (a quote inside a field is written \\\")"
        : "a comma or the end of the line (a quote inside a field is written \"\")")
  }

  /// A TSV field that a pair of quotes encloses as a whole, line ends included; nil where the first
  /// quote is stray: a tab or a single quote comes before the one that closes it.
  private mutating func enclosedField() -> String? {
    let bytes = text.bytes
    var value: [UInt8] = []
    var (position, lines) = (at + 1, 0)
    while position < bytes.count, bytes[position] != delimiter {
      guard bytes[position] == Self.quote else {
        if bytes[position] == 0x0A { lines += 1 }
        value.append(bytes[position])
        position += 1
        continue
      }
      let next = position + 1
      if next == bytes.count || bytes[next] == delimiter || isLineEnd(next) {
        at = next
        line += lines
        return String(decoding: value, as: UTF8.self)
      }
      guard bytes[next] == Self.quote else { return nil }
      value.append(Self.quote)
      position += 2
    }
    return nil
  }
}

/// A table with a header: every record has as many fields as the header.
package struct DelimitedTable {
  package let name: String
  package let header: [String]
  package var records: [DelimitedRecord]
  /// Whether columns have a place in a line, as those of JSON objects do not.
  private let isOrdered: Bool

  /// Reads and checks `text`.
  /// - Throws: ``HarnessError/invalid(_:)`` with every syntax fault, rows of another length than
  ///   the header, repeated column names, and an empty file.
  init(_ text: SourceText, format: TableFormat) throws(HarnessError) {
    let (all, syntax) =
      format == .jsonl
      ? JSONLines.records(of: text) : DelimitedReader.records(of: text, format: format)
    (name, isOrdered) = (text.name, format != .jsonl)
    var faults = syntax
    guard let first = all.first else {
      throw .fault(
        .header, file: name, line: 1, found: "an empty file",
        expected: format == .jsonl ? "a JSON object on each line" : "a header line")
    }
    header = first.fields.map { $0.trimmingCharacters(in: .whitespaces) }
    var names = Set<String>()
    for (index, column) in header.enumerated() where !names.insert(column).inserted {
      faults.add(
        .header, file: name, line: 1, column: index + 1, found: column,
        expected: "column names that differ")
    }
    records = Array(all.dropFirst())
    for record in records where record.fields.count != header.count {
      faults.add(
        .fieldCount, file: name, line: record.line, found: "field".counted(record.fields.count),
        expected: "\(header.count) fields as in the header")
    }
    if !faults.isEmpty { throw .invalid(faults) }
  }

  /// One-based place of the column at `index` in its line; nil where columns have none.
  package func position(_ index: Int) -> Int? { isOrdered ? index + 1 : nil }

  /// Index of `column`, or nil.
  package func index(of column: String) -> Int? { header.firstIndex(of: column) }

  /// Index of `column`; a missing one is added to `faults`.
  package func require(_ column: String, faults: inout [Diagnostic]) -> Int? {
    if let index = index(of: column) { return index }
    faults.add(
      .header, file: name, line: isOrdered ? 1 : nil, found: header.joined(separator: ", "),
      expected: "a column named \(column)" + Spelling.hint(column, among: header))
    return nil
  }
}

extension DelimitedTable {
  /// Reads and checks the file at `url` as CSV after RFC 4180.
  package init(csv url: URL) throws(HarnessError) { try self.init(url, format: .csv) }

  /// Reads and checks the file at `url`.
  package init(_ url: URL, format: TableFormat) throws(HarnessError) {
    try self.init(SourceText(contentsOf: url), format: format)
  }

  /// Reads and checks the file at `url` as tab-separated values.
  package init(tsv url: URL) throws(HarnessError) {
    try self.init(SourceText(contentsOf: url), format: .tsv)
  }
}
