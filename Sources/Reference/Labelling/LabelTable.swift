public import Basics
public import Foundation

/// A file of labels by a model in the form of the LLMPathy repository: TSV with a header, id columns,
/// then columns such as `llm_empathy`. An empty field is a missing label.
public struct LabelTable: Sendable, Equatable {
  public let header: [String]
  /// As many fields as the header, row by row.
  public let rows: [[String]]
  public let path: String

  public init(header: [String], rows: [[String]], path: String = "") {
    precondition(rows.allSatisfy { $0.count == header.count }, "rows are as wide as the header")
    (self.header, self.rows, self.path) = (header, rows, path)
  }

  /// Reads a label file: UTF-8, fields between tabs, lines ending in LF or CRLF, no quoting. Throws
  /// ``ReferenceError``, with every row of another width.
  public static func read(_ file: URL) throws(ReferenceError) -> LabelTable {
    let text = try ReferenceError.readText(file, expected: "a table of labels")
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    if lines.last == [""] { lines.removeLast() }
    guard var header = lines.first, header != [""] else {
      throw .invalid(file, found: "an empty file", expected: "a header")
    }
    if header[0].hasPrefix("\u{FEFF}") { header[0].removeFirst() }
    let faults = lines.enumerated().filter { $1.count != header.count }.map { index, row in
      ReferenceError.Diagnostic(
        .line(index + 1), found: "\(row.count) fields", expected: "\(header.count)")
    }
    guard faults.isEmpty else { throw .invalid(path: file.path, faults: faults) }
    return LabelTable(header: header, rows: Array(lines.dropFirst()), path: file.path)
  }

  /// The labels in `column`, nil where missing, by the fields of `keys`, joined by a space. Throws
  /// all faults, without the labels' values: an unknown column, a label outside `range`, a key with
  /// different labels.
  public func labels(_ column: String, by keys: [String], in range: ClosedRange<Double>)
    throws(ReferenceError) -> [String: Double?]
  {
    var faults: [ReferenceError.Diagnostic] = []
    func place(_ name: String) -> Int {
      if let index = header.firstIndex(of: name) { return index }
      let found = header.joined(separator: ", ")
      faults.append(.init(.line(1), found: found, expected: "a column \(name)"))
      return 0
    }
    let keyPlaces = keys.map(place)
    let labelPlace = place(column)
    guard faults.isEmpty else { throw .invalid(path: path, faults: faults) }
    var labels: [String: Double?] = [:]
    for (index, row) in rows.enumerated() {
      let key = keyPlaces.map { row[$0] }.joined(separator: " ")
      let field = row[labelPlace].trimmingCharacters(in: .whitespaces)
      let label = Double(field)
      func fault(_ column: Int, found: String, expected: String) {
        faults.append(.init(.line(index + 2, column: column + 1), found: found, expected: expected))
      }
      if !field.isEmpty, label.map({ !range.contains($0) }) ?? true {
        fault(
          labelPlace, found: label == nil ? "no number" : "a label outside the range",
          expected: "a label from \(range.lowerBound) to \(range.upperBound), or nothing")
      }
      if let earlier = labels[key], earlier != label {
        let found = "another label for \(key)"
        fault(keyPlaces.first ?? 0, found: found, expected: "one label for each key")
      }
      labels.updateValue(label, forKey: key)
    }
    guard faults.isEmpty else { throw .invalid(path: path, faults: faults) }
    return labels
  }

  /// A table in the form of LLMPathy: the ids, then `column`; a missing label is an empty field.
  /// With `items`, the label's SD, the numbers of samples read and unreadable, and the means follow.
  public init(
    _ labels: [EssayLabel], column: String, idColumns: [String], ids: [[String]],
    items: [String]? = nil
  ) {
    precondition(labels.count == ids.count, "ids for each label")
    let more = items.map { ["\(column)_sd", "samples", "unreadable"] + $0 } ?? []
    let rows = zip(labels, ids).map { label, fields in
      let details =
        [Self.format(label.deviation), "\(label.samples.count)", "\(label.unreadable)"]
        + (label.items?.map { Self.format($0) } ?? more.dropFirst(3).map { _ in "" })
      return fields + [Self.format(label.label)] + (items == nil ? [] : details)
    }
    self.init(header: idColumns + [column] + more, rows: rows)
  }

  private static func format(_ value: Double?) -> String {
    guard let value else { return "" }
    let rounded = (value * 1e9).rounded() / 1e9
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }

  /// Writes the table atomically. Tabs and line ends inside a field become spaces.
  public func write(to file: URL) throws(BasicsError) {
    let lines = ([header] + rows).map { row in
      row.map { String($0.map { $0 == "\t" || $0.isNewline ? " " : $0 }) }.joined(separator: "\t")
    }
    try AtomicFile.write(Data((lines.joined(separator: "\n") + "\n").utf8), to: file)
  }
}
