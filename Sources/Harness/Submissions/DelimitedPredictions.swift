import Foundation

/// Reads predictions from delimited text with or without a header.
enum DelimitedPredictions {
  static func read(
    _ text: SourceText, columns: PredictionColumns
  ) throws(HarnessError) -> PredictionTable {
    let firstLine = text.bytes.prefix { $0 != 0x0A }
    let format: DelimitedFormat = firstLine.contains(0x09) ? .tsv : .csv
    let (records, syntax) = DelimitedReader.records(of: text, format: format)
    guard let first = records.first else {
      throw .fault(.rowCount, file: text.name, line: 1, found: "no rows", expected: "predictions")
    }
    return isHeader(first.fields)
      ? try keyed(text, format: format, columns: columns)
      : ordered(records, columns.targets, name: text.name, syntax: syntax)
  }

  /// A header has a field that begins with a letter and is not a way to write "not a number".
  private static func isHeader(_ fields: [String]) -> Bool {
    fields.contains { field in
      let start = field.first { !$0.isWhitespace }
      guard let start, start.isLetter || start == "_" else { return false }
      let name = field.trimmingCharacters(in: .whitespaces).lowercased()
      return !["nan", "inf", "infinity", "na", "none", "null"].contains(name)
    }
  }

  private static func ordered(
    _ records: [DelimitedRecord], _ all: [String], name: String, syntax: [Diagnostic]
  ) -> PredictionTable {
    var faults = syntax
    let width = records.first.map { min($0.fields.count, all.count) } ?? 1
    let targets = all.prefix(width)
    let order = targets.joined(separator: ", ")
    var columns: TargetTable<PredictionColumn> = [:]
    for record in records where record.fields.count != width {
      faults.add(
        .fieldCount, file: name, line: record.line, found: "\(record.fields.count) fields",
        expected: width == 1
          ? "1 field as on the first line (\(order))" : "\(width) fields, tab separated (\(order))")
    }
    for (index, target) in targets.enumerated() {
      columns[target] = PredictionColumn(
        records.map { record in
          guard index < record.fields.count else { return nil }
          return cell(
            record.fields[index], file: name, line: record.line, column: index + 1, field: nil,
            emptyIsFault: true, faults: &faults)
        })
    }
    return PredictionTable(
      name: name, ids: nil, columns: columns, lines: records.map(\.line), faults: faults)
  }

  private static func keyed(
    _ text: SourceText, format: DelimitedFormat, columns: PredictionColumns
  ) throws(HarnessError) -> PredictionTable {
    let table = try DelimitedTable(text, format: format)
    var faults: [Diagnostic] = []
    let keys = idColumns(table, columns)
    if keys.isEmpty {
      faults.add(
        .header, file: table.name, line: 1, found: table.header.joined(separator: ", "),
        expected: "the id column\(columns.id.count > 1 ? "s" : "") "
          + columns.id.joined(separator: " and ") + "; a file without ids has no header "
          + "(\(columns.targets.joined(separator: ", then ")), in the split's order)")
    }
    var values: TargetTable<PredictionColumn> = [:]
    for target in columns.targets {
      guard let index = columns.names(of: target).lazy.compactMap(table.index(of:)).first else {
        if let wanted = columns.named[target] { _ = table.require(wanted, faults: &faults) }
        continue
      }
      values[target] = PredictionColumn(
        table.records.map { record in
          cell(
            record.fields[index], file: table.name, line: record.line, column: index + 1,
            field: table.header[index], emptyIsFault: false, faults: &faults)
        })
    }
    if values.isEmpty {
      faults.add(
        .header, file: table.name, line: 1, found: table.header.joined(separator: ", "),
        expected: "a column named \(columns.choice) "
          + "(or name it: --column \(columns.targets.first ?? "target")=NAME)")
      throw .invalid(faults)
    }
    if keys.isEmpty { throw .invalid(faults) }
    var clusters: [String: [String]] = [:]
    for name in columns.clusters {
      guard let index = table.index(of: name) else { continue }
      clusters[name] = table.records.map { RowLayout.identifier($0.fields[index]) }
    }
    let ids = table.records.map { record in
      keys.map { RowLayout.identifier(record.fields[$0]) }.joined(separator: ":")
    }
    return PredictionTable(
      name: table.name, ids: ids, clusters: clusters, columns: values,
      lines: table.records.map(\.line), faults: faults)
  }

  /// The id's own columns where all are there, else a single column `id` or `row_id`.
  private static func idColumns(_ table: DelimitedTable, _ columns: PredictionColumns) -> [Int] {
    let own = columns.id.compactMap(table.index(of:))
    if own.count == columns.id.count { return own }
    return (table.index(of: "id") ?? table.index(of: "row_id")).map { [$0] } ?? []
  }

  /// The number in a cell; nil where it is empty or faulty.
  static func cell(
    _ text: String, file: String, line: Int, column: Int, field: String?, emptyIsFault: Bool,
    faults: inout [Diagnostic]
  ) -> Double? {
    switch NumberSyntax.parse(text) {
    case .success(let number): return number
    case .failure(let box):
      if box.fault == .empty && !emptyIsFault { return nil }
      faults.append(
        NumberSyntax.fault(
          box.fault, file: file, line: line, column: column, field: field, found: text))
      return nil
    }
  }
}
