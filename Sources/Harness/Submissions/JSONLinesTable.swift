import Foundation

/// Reads predictions from JSON lines: one object a line with an id and the targets.
struct JSONLinesTable {
  private let columns: PredictionColumns
  private var table: PredictionTable
  private var values: TargetTable<[Double?]> = [:]
  /// Of the first object.
  private var keys: [String] = []
  /// Lines whose objects have no id.
  private var withoutID: [Int] = []

  static func read(
    _ text: SourceText, columns: PredictionColumns
  ) throws(HarnessError) -> PredictionTable {
    var reader = JSONLinesTable(
      columns: columns, table: PredictionTable(name: text.name, ids: [], columns: [:], lines: []))
    let faults = JSONLines.forEach(in: text) { object, line, _ in reader.add(object, line: line) }
    reader.table.faults += faults
    return try reader.finish()
  }

  private func finish() throws(HarnessError) -> PredictionTable {
    var table = table
    let idName = columns.id.joined(separator: ", ")
    if !keys.isEmpty, withoutID.count == table.lines.count {
      // Without an id nothing else can be said of a row.
      table.faults.add(
        .missingID, file: table.name, line: table.lines.first,
        found: keys.joined(separator: ", "),
        expected: "the key \(idName)\(columns.id.count > 1 ? ", or id" : "")"
          + columns.idHint(keys))
      throw .invalid(table.faults)
    }
    for line in withoutID {
      table.faults.add(
        .missingID, file: table.name, line: line, expected: "the key \(idName)")
    }
    if !keys.isEmpty {
      table.faults += columns.unnamed(
        among: keys, file: table.name, line: table.lines.first, known: values.keys)
    }
    if values.isEmpty { throw .invalid(table.faults) }
    table.columns = values.mapValues { PredictionColumn($0) }
    return table
  }

  private mutating func add(_ object: [String: Any], line: Int) {
    let before = table.lines.count
    table.lines.append(line)
    if keys.isEmpty { keys = object.keys.sorted() }
    let id = id(object)
    if id == nil { withoutID.append(line) }
    table.ids?.append(id ?? "")
    for target in columns.targets {
      guard let name = columns.names(of: target).first(where: { object[$0] != nil }) else {
        values[target]?.append(nil)
        continue
      }
      let number = number(object[name], field: name, line: line)
      values[target, default: [Double?](repeating: nil, count: before)].append(number)
    }
  }

  private func id(_ object: [String: Any]) -> String? {
    let own = columns.id.compactMap { Self.text(object[$0]) }
    if own.count == columns.id.count { return own.joined(separator: ":") }
    return Self.text(object["id"])
  }

  private static func text(_ value: Any?) -> String? {
    switch value {
    case let text as String: RowLayout.identifier(text)
    case let number as NSNumber: RowLayout.identifier("\(number)")
    default: nil
    }
  }

  private mutating func number(_ value: Any?, field: String, line: Int) -> Double? {
    switch value {
    case nil, is NSNull: return nil
    // A JSON true is an NSNumber too; its type encoding tells it from a number.
    case let number as NSNumber where String(cString: number.objCType) != "c":
      if number.doubleValue.isFinite { return number.doubleValue }
      table.faults.add(
        .nonFinite, file: table.name, line: line, field: field, found: "\(number)",
        expected: "a finite number")
    case let text as String:
      return NumberSyntax.cell(
        text, file: table.name, line: line, column: 1, field: field, faults: &table.faults)
    default:
      table.faults.add(
        .number, file: table.name, line: line, field: field, found: "another type",
        expected: "a number")
    }
    return nil
  }
}
