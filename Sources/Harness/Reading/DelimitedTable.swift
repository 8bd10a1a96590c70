package import Foundation

/// A delimited file with a header: every record has as many fields as the header.
package struct DelimitedTable {
  package let name: String
  package let header: [String]
  package let records: [DelimitedRecord]

  /// Reads and checks the file at `url`.
  ///
  /// - Throws: ``HarnessError/invalid(_:)`` with every syntax fault, every row that is too short
  ///   or too long, repeated column names, and an empty file.
  init(_ text: SourceText, format: DelimitedFormat) throws(HarnessError) {
    let (all, syntax) = DelimitedReader.records(of: text, format: format)
    name = text.name
    var faults = syntax
    guard let first = all.first else {
      throw .fault(.header, file: name, line: 1, found: "an empty file", expected: "a header line")
    }
    header = first.fields.map { $0.trimmingCharacters(in: .whitespaces) }
    for (index, column) in header.enumerated() where header.firstIndex(of: column) != index {
      faults.add(
        .header, file: name, line: 1, column: index + 1, found: column,
        expected: "column names that differ")
    }
    records = Array(all.dropFirst())
    for record in records where record.fields.count != header.count {
      faults.add(
        .fieldCount, file: name, line: record.line, found: "\(record.fields.count) fields",
        expected: "\(header.count) fields as in the header")
    }
    if !faults.isEmpty { throw .invalid(faults) }
  }

  /// Index of `column`, or nil.
  package func index(of column: String) -> Int? { header.firstIndex(of: column) }

  /// Index of `column`; a missing one is added to `faults`.
  package func require(_ column: String, faults: inout [Diagnostic]) -> Int? {
    if let index = index(of: column) { return index }
    faults.add(
      .header, file: name, line: 1, found: header.joined(separator: ", "),
      expected: "a column named \(column)")
    return nil
  }
}

extension DelimitedTable {
  /// Reads and checks the file at `url` as CSV after RFC 4180.
  package init(csv url: URL) throws(HarnessError) {
    try self.init(SourceText(contentsOf: url), format: .csv)
  }
}
