public import Basics
public import Foundation

/// A file of labels by a model: TSV with a header, keyed by the ids in the essays' own files. The
/// form of the LLMPathy repository: id columns, then columns such as `llm_empathy`. An empty field
/// is a missing label and stays missing.
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
    guard let first = lines.first, first != [""] else {
      throw .invalid(file, found: "an empty file", expected: "a header")
    }
    let header = [first[0].hasPrefix("\u{FEFF}") ? String(first[0].dropFirst()) : first[0]]
    let names = header + first.dropFirst()
    var faults: [ReferenceError.Diagnostic] = []
    for (index, row) in lines.enumerated() where row.count != names.count {
      faults.append(
        .init(.line(index + 1), found: "\(row.count) fields", expected: "\(names.count)"))
    }
    guard faults.isEmpty else { throw .invalid(path: file.path, faults: faults) }
    return LabelTable(header: names, rows: Array(lines.dropFirst()), path: file.path)
  }

  /// The labels in `column`, nil where missing, by the fields of `keys`, joined by a space. Throws
  /// ``ReferenceError/invalid(path:faults:)`` with all faults: an unknown column, a label that is
  /// not a number in [1, 7], a key that occurs twice with different labels.
  public func labels(_ column: String, by keys: [String]) throws(ReferenceError) -> [String:
    Double?]
  {
    var faults: [ReferenceError.Diagnostic] = []
    func place(_ name: String) -> Int {
      if let index = header.firstIndex(of: name) { return index }
      faults.append(
        .init(.line(1), found: header.joined(separator: ", "), expected: "a column \(name)"))
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
      if !field.isEmpty, label.map({ !RatingPrompt.scale.contains($0) }) ?? true {
        faults.append(
          .init(
            .line(index + 2, column: labelPlace + 1), found: "\"\(field)\"",
            expected: "a label from 1 to 7, or nothing"))
      }
      if let earlier = labels[key], earlier != label {
        faults.append(
          .init(
            .line(index + 2, column: (keyPlaces.first ?? 0) + 1), found: "another label for \(key)",
            expected: "one label for each key"))
      }
      labels.updateValue(label, forKey: key)
    }
    guard faults.isEmpty else { throw .invalid(path: path, faults: faults) }
    return labels
  }

  /// A table in the form of LLMPathy: the ids, then `column`; a missing label is an empty field.
  /// - Parameters:
  ///   - ids: the fields of `idColumns` for each label.
  ///   - items: their means follow the label, after its SD over samples and the numbers of samples
  ///     that were read and that were unreadable; nil gives the labels alone.
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
      row.map { $0.map { $0 == "\t" || $0.isNewline ? " " : "\($0)" }.joined() }.joined(
        separator: "\t")
    }
    try AtomicFile.write(Data((lines.joined(separator: "\n") + "\n").utf8), to: file)
  }
}
