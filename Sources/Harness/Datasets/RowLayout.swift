import Foundation

/// Where the columns of an essay file stand, and how its cells become an ``EssayRow``.
struct RowLayout {
  private let name: String
  private let ids: [Int]
  private let person: Int?
  private let article: Int?
  private let essay: Int?
  private let labels: [(target: Target, index: Int, column: String)]
  private let demographics: [(attribute: String, index: Int)]

  /// Finds the columns; missing ones that a row can't do without are added to `faults`.
  init(
    _ columns: BenchmarkDefinition.ColumnMap, table: DelimitedTable, faults: inout [Fault]
  ) {
    name = table.name
    ids = (columns.id ?? []).compactMap { table.require($0, faults: &faults) }
    person = columns.person.flatMap { table.require($0, faults: &faults) }
    article = columns.article.flatMap { table.require($0, faults: &faults) }
    essay = columns.essay.flatMap { table.require($0, faults: &faults) }
    // A features file of a split with separate gold has no label columns.
    labels = [(Target.empathy, columns.empathy), (.distress, columns.distress)].compactMap {
      target, column in
      guard let column, let index = table.index(of: column) else { return nil }
      return (target, index, column)
    }
    demographics = (columns.demographics ?? [:]).sorted { $0.key < $1.key }.compactMap {
      attribute, column in table.index(of: column).map { (attribute, $0) }
    }
  }

  /// An id as it is compared: white space around it and a trailing `.0` removed.
  static func identifier(_ cell: String) -> String {
    let trimmed = cell.trimmingCharacters(in: .whitespaces)
    guard trimmed.hasSuffix(".0"), let number = Int(trimmed.dropLast(2)) else { return trimmed }
    return String(number)
  }

  func row(
    _ record: DelimitedRecord, in definition: BenchmarkDefinition, faults: inout [Fault]
  ) -> EssayRow {
    func cell(_ index: Int?) -> String { index.map { Self.identifier(record.fields[$0]) } ?? "" }
    var row = EssayRow(
      id: ids.map { cell($0) }.joined(separator: ":"), person: cell(person),
      article: cell(article), essay: essay.map { record.fields[$0] } ?? "", empathy: nil,
      distress: nil)
    for (target, index, column) in labels {
      let label = LabelCell.label(
        record.fields[index], target: target, in: definition, file: name, line: record.line,
        column: index + 1, field: column, faults: &faults)
      switch target {
      case .empathy: row.empathy = label
      case .distress: row.distress = label
      }
    }
    for (attribute, index) in demographics {
      row.demographics[attribute] = definition.demographic(record.fields[index])
    }
    return row
  }
}

/// Reads a cell that holds a gold label.
enum LabelCell {
  /// The label, or nil where the cell is empty; a bad one is reported without its value, because
  /// faults may be printed where gold labels may not.
  static func label(
    _ cell: String, target: Target, in definition: BenchmarkDefinition, file: String, line: Int,
    column: Int, field: String?, faults: inout [Fault]
  ) -> Double? {
    if definition.isMissing(cell) { return nil }
    switch NumberSyntax.parse(cell) {
    case .failure(let box):
      faults.append(
        NumberSyntax.fault(
          box.fault, file: file, line: line, column: column, field: field,
          found: "a label that is not shown"))
      return nil
    case .success(let number):
      if let range = definition.range(of: target), !range.contains(number) {
        faults.append(
          Fault(
            .range, file: file, line: line, column: column, field: field,
            found: "a label outside the range",
            expected: "\(target.rawValue) from \(range.lowerBound) to \(range.upperBound)"))
        return nil
      }
      return number
    }
  }
}

extension BenchmarkDefinition {
  /// Whether `cell` stands for a missing value.
  func isMissing(_ cell: String) -> Bool {
    let trimmed = cell.trimmingCharacters(in: .whitespaces)
    return trimmed.isEmpty || missing.contains { $0.lowercased() == trimmed.lowercased() }
  }

  /// A demographic cell as it is compared, or nil where it is missing.
  func demographic(_ cell: String) -> String? {
    isMissing(cell) ? nil : RowLayout.identifier(cell)
  }

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
