import Foundation

/// Where the columns of a split's file stand, and how its cells become a ``DatasetRow``.
struct RowLayout {
  private let definition: BenchmarkDefinition
  private let table: DelimitedTable
  private let ids: [Int]
  private let text, pair: Int?
  private let labels: [(target: String, index: Int, column: String)]
  private let clusters: [(name: String, place: ClusterPlace)]
  private let attributes: [(name: String, index: Int)]

  /// Where a row's cluster stands: in a column, or in the one that this column's value refers to.
  private struct ClusterPlace {
    let index: Int
    let column: String
    let references: [String: Int]?
  }

  /// Finds the columns of `split`; those that its file lacks and may not are added to `faults`.
  init(
    _ columns: BenchmarkDefinition.ColumnMap, of split: BenchmarkDefinition.SplitSource,
    table: DelimitedTable, in definition: BenchmarkDefinition, faults: inout [Diagnostic]
  ) {
    self.definition = definition
    self.table = table
    let optional = Set(split.optional ?? [])
    ids = (columns.id ?? []).compactMap { table.require($0, faults: &faults) }
    clusters = definition.clusters.compactMap { name in
      guard let column = columns.clusters?[name] else { return nil }
      let references = columns.references?[column]?.compactMapValues {
        table.require($0, faults: &faults)
      }
      return table.require(column, faults: &faults).map {
        (name, ClusterPlace(index: $0, column: column, references: references))
      }
    }
    text = columns.text.flatMap { table.require($0, faults: &faults) }
    pair = columns.pair.flatMap { table.require($0, faults: &faults) }
    // A features file of a split with separate gold has no label columns.
    labels = definition.targetNames.compactMap { target in
      guard let column = columns.targets?[target] else { return nil }
      let index =
        split.gold != nil || optional.contains(target)
        ? table.index(of: column) : table.require(column, faults: &faults)
      return index.map { (target, $0, column) }
    }
    attributes = (columns.attributes ?? [:]).sorted { $0.key < $1.key }.compactMap { name, column in
      // What stands in a file of attributes is looked for there.
      let index =
        split.attributes != nil || optional.contains(name)
        ? table.index(of: column) : table.require(column, faults: &faults)
      return index.map { (name, $0) }
    }
  }

  /// An id as it is compared: white space around it and a trailing `.0` removed.
  static func identifier(_ cell: String) -> String {
    let trimmed = cell.trimmingCharacters(in: .whitespaces)
    guard trimmed.hasSuffix(".0"), let number = Int(trimmed.dropLast(2)) else { return trimmed }
    return String(number)
  }

  func row(_ record: DelimitedRecord, faults: inout [Diagnostic]) -> DatasetRow {
    func identifier(_ index: Int) -> String { Self.identifier(record.fields[index]) }
    var row = DatasetRow(
      id: ids.map(identifier).joined(separator: ":"), text: text.map { record.fields[$0] } ?? "",
      pair: pair.map { record.fields[$0] } ?? "")
    for (target, index, column) in labels {
      row.labels[target] = LabelCell.label(
        record.fields[index], target: target, in: definition, file: table.name, line: record.line,
        column: table.position(index), field: column, faults: &faults)
    }
    for (cluster, place) in clusters {
      guard let references = place.references else {
        row.clusters[cluster] = identifier(place.index)
        continue
      }
      let value = identifier(place.index)
      guard let index = references[value] else {
        faults.add(
          .missingID, file: table.name, line: record.line, column: table.position(place.index),
          field: place.column,
          found: value, expected: references.keys.sorted().joined(separator: " or "))
        continue
      }
      row.clusters[cluster] = identifier(index)
    }
    for (attribute, index) in attributes {
      row.attributes[attribute] = definition.attribute(record.fields[index])
    }
    return row
  }
}

extension [DatasetRow] {
  /// Gives an id that stands on an earlier row a number behind it: `7`, `7#2`, `7#3`.
  mutating func numberRepeatedIDs() {
    var count: [String: Int] = [:]
    for index in indices {
      let id = self[index].id
      count[id, default: 0] += 1
      if let number = count[id], number > 1 { self[index].id = "\(id)#\(number)" }
    }
  }
}

/// Reads a cell that holds a gold label.
enum LabelCell {
  /// The label, or nil where the cell is empty; a bad one is reported without its value, because
  /// faults may be printed where gold labels may not.
  static func label(
    _ cell: String, target: String, in definition: BenchmarkDefinition, file: String, line: Int,
    column: Int?, field: String?, faults: inout [Diagnostic]
  ) -> Double? {
    if definition.isMissing(cell) { return nil }
    let number = NumberSyntax.cell(
      cell, file: file, line: line, column: column, field: field,
      shown: "a label that is not shown", emptyIsFault: true, faults: &faults)
    guard let number, let range = definition.target(target)?.range, !range.contains(number) else {
      return number
    }
    faults.add(
      .range, file: file, line: line, column: column, field: field,
      found: "a label outside the range",
      expected: "\(target) from \(range.lowerBound) to \(range.upperBound)")
    return nil
  }
}

extension BenchmarkDefinition {
  /// Whether `cell` stands for a missing value.
  func isMissing(_ cell: String) -> Bool {
    let trimmed = cell.trimmingCharacters(in: .whitespaces)
    return trimmed.isEmpty || missing.contains { $0.lowercased() == trimmed.lowercased() }
  }

  /// An attribute's cell as it is compared, or nil where it is missing.
  func attribute(_ cell: String) -> String? { isMissing(cell) ? nil : RowLayout.identifier(cell) }

  /// The group that `value` of `attribute` falls in; nil where it is missing or not in the table.
  ///
  /// Bins are half open, `[edge, next)`; the last one is closed, so that an income of exactly
  /// 1,000,000 is in it.
  public func group(_ attribute: GroupDefinition, _ value: String?) -> String? {
    guard let value else { return nil }
    if let codes = attribute.codes { return codes[value] }
    guard let edges = attribute.edges, let labels = attribute.labels, let number = Double(value),
      let first = edges.first, let last = edges.last, first <= number, number <= last
    else { return nil }
    let bin = edges.lastIndex { $0 <= number } ?? 0
    return labels[min(bin, labels.count - 1)]
  }
}

/// What makes a read split unfit for use, or remarkable.
enum DatasetCheck {
  /// Faults of `dataset`, whose rows stand on `lines` of `file`.
  static func faults(
    _ dataset: Dataset, lines: [Int], definition: BenchmarkDefinition, file: String
  ) -> [Diagnostic] {
    var faults: [Diagnostic] = []
    if let expected = definition.expectedRows(dataset.split), dataset.rows.count != expected {
      faults.add(
        .rowCount, file: file, found: "\(dataset.rows.count) rows",
        expected: "\(expected) rows in \(definition.id)/\(dataset.split)")
    }
    let main = definition.clusters.first
    var seen: [String: Int] = [:]
    for (row, line) in zip(dataset.rows, lines) {
      if row.id.allSatisfy({ $0 == ":" }) {
        faults.add(.missingID, file: file, line: line, found: "", expected: "an id")
      } else if let first = seen[row.id] {
        faults.add(
          .repeatedID, file: file, line: line, found: row.id,
          expected: "an id that does not stand on line \(first) already")
      }
      seen[row.id] = seen[row.id] ?? line
      if let main, row.clusters[main]?.isEmpty ?? true {
        faults.add(.missingID, file: file, line: line, found: "", expected: "a \(main)'s id")
      }
      if row.text.allSatisfy(\.isWhitespace) && definition.columns.text != nil {
        faults.add(
          .text, severity: .warning, file: file, line: line,
          found: "an empty \(definition.rowNoun)", expected: "text")
      }
      for group in definition.groups {
        guard let value = row.attributes[group.attribute], definition.group(group, value) == nil
        else { continue }
        faults.add(
          .demographics, severity: .warning, file: file, line: line, field: group.attribute,
          found: "a value outside the table", expected: "one of the benchmark's codes or bins")
      }
    }
    return faults
  }
}
