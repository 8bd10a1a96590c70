import Foundation

/// A prediction file as it was read: one value a row and target, before it is laid beside the
/// rows of a split.
struct PredictionTable {
  /// The file as the user named it; within a zip, `archive.zip/entry`.
  var name: String
  /// Ids in file order; nil for a header-less file, whose rows are in the order of the split.
  var ids: [String]?
  /// Values in file order.
  var columns: TargetTable<PredictionColumn>
  /// One-based line of each row; empty where rows and lines are the same.
  var lines: [Int]
  var faults: [Diagnostic] = []

  var rowCount: Int { columns.values.first?.values.count ?? 0 }

  func line(_ row: Int) -> Int { row < lines.count ? lines[row] : row + 1 }
}

/// How a prediction file names its columns.
public struct PredictionColumns: Sendable, Equatable {
  /// Columns that make a row's id, joined by `:`.
  public var id: [String] = ["id"]
  /// What is predicted, in the order of a file without a header.
  public var targets: [String]
  /// Column of a target, where it is not one of the usual names.
  public var named: TargetTable<String> = [:]
  /// The file that is meant where an archive holds several.
  public var file = PredictionChoice.wassaName

  /// Names that the column of `target` may have: the one that was given, or the usual ones.
  func names(of target: String) -> [String] {
    if let name = named[target] { return [name] }
    return ["", "predicted_", "llm_", "person_", "pred_"].map { $0 + target }
  }

  /// The targets as an error names them: `empathy or distress`.
  var choice: String { targets.joined(separator: " or ") }

  /// The columns of `name=column` pairs, as `--column` takes them.
  public static func parse(
    _ pairs: [String], targets: [String]
  ) throws(HarnessError) -> TargetTable<String> {
    var named: TargetTable<String> = [:]
    for pair in pairs {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, targets.contains(parts[0]) else {
        throw .usage(
          "--column takes TARGET=NAME, for example \(targets.first ?? "target")=score, with one of "
            + "\(targets.joined(separator: ", ")); found '\(pair)'.")
      }
      named[parts[0]] = parts[1]
    }
    return named
  }
}

/// Reads a prediction file in any accepted form: WASSA (no header; the targets in their order), TSV or
/// CSV with a header and an id, JSON lines; plain or in a zip.
enum PredictionTableReader {
  static func read(
    _ file: PredictionFile, columns: PredictionColumns, limits: UploadLimits? = nil
  ) throws(HarnessError) -> PredictionTable {
    let file = try file.unpacked(columns.file, limits: limits)
    try limits?.check(file.data, name: file.name)
    if let numeric = NumericColumns.parse(file.data, maximumColumns: columns.targets.count),
      numeric.rows > 0
    {
      if numeric.columns.count > 1,
        let mistake = FormMistake.rowNumbers(numeric.columns[0], columns.targets, file.name)
      {
        throw .invalid([mistake])
      }
      let read = zip(columns.targets, numeric.columns.map { PredictionColumn(values: $0) })
      return PredictionTable(
        name: file.name, ids: nil, columns: Dictionary(uniqueKeysWithValues: Array(read)), lines: []
      )
    }
    let text = try SourceText(file.data, name: file.name)
    guard let first = text.bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else {
      throw .fault(
        .rowCount, file: file.name, line: 1, found: "an empty file", expected: "predictions")
    }
    if let mistake = FormMistake.find(in: text) { throw .invalid([mistake]) }
    if first == UInt8(ascii: "{") {
      return try JSONLinesTable.read(text, columns: columns)
    }
    return try DelimitedPredictions.read(text, columns: columns)
  }
}

/// Which file of an archive or a folder holds the predictions.
enum PredictionChoice {
  /// The name that the WASSA shared tasks ask for, of the track that most of them have.
  static let wassaName = "predictions_EMP.tsv"
  private static let tables = ["tsv", "csv", "jsonl", "txt"]

  /// The place in `paths` of the file named `wanted`, else of the only table.
  /// - Parameter more: endings that count as tables too.
  /// - Throws: ``HarnessError/invalid(_:)`` with what was found.
  static func choose(
    _ paths: [String], name: String, file wanted: String = wassaName, more: [String] = []
  ) throws(HarnessError) -> Int {
    func file(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }
    if let wassa = paths.firstIndex(where: { file($0) == wanted }) { return wassa }
    let endings = tables + more
    let found = paths.indices.filter { place in
      endings.contains { file(paths[place]).lowercased().hasSuffix("." + $0) }
    }
    guard let only = found.first, found.count == 1 else {
      throw .fault(
        .archive, file: name, found: paths.isEmpty ? "no files" : paths.joined(separator: ", "),
        expected: "\(wanted), or a single .tsv, .csv or .jsonl file")
    }
    return only
  }
}

/// Reads predictions from delimited text with or without a header.
enum DelimitedPredictions {
  static func read(
    _ text: SourceText, columns: PredictionColumns
  ) throws(HarnessError) -> PredictionTable {
    let firstLine = text.bytes.prefix { $0 != 0x0A }
    let format: TableFormat = firstLine.contains(0x09) ? .tsv : .csv
    let (records, syntax) = DelimitedReader.records(of: text, format: format)
    guard let first = records.first else {
      throw .fault(.rowCount, file: text.name, line: 1, found: "no rows", expected: "predictions")
    }
    if isHeader(first.fields) { return try keyed(text, format: format, columns: columns) }
    if let mistake = FormMistake.find(inRows: records, targets: columns.targets, name: text.name) {
      throw .invalid([mistake])
    }
    return ordered(records, columns.targets, name: text.name, syntax: syntax)
  }

  /// A header has a field that begins with a letter and is no way to write a number or that there is
  /// none.
  static func isHeader(_ fields: [String]) -> Bool {
    let isPrinted = fields.contains { NumberSyntax.isPrinted($0.lowercased()) }
    return !isPrinted
      && fields.contains { field in
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
        .fieldCount, file: name, line: record.line, found: "field".counted(record.fields.count),
        expected: width == 1
          ? "1 field as on the first line (\(order))" : "\(width) fields, tab separated (\(order))")
    }
    for (index, target) in targets.enumerated() {
      columns[target] = PredictionColumn(
        records.map { record in
          guard index < record.fields.count else { return nil }
          return NumberSyntax.cell(
            record.fields[index], file: name, line: record.line, column: index + 1, field: nil,
            emptyIsFault: true, faults: &faults)
        })
    }
    return PredictionTable(
      name: name, ids: nil, columns: columns, lines: records.map(\.line), faults: faults)
  }

  private static func keyed(
    _ text: SourceText, format: TableFormat, columns: PredictionColumns
  ) throws(HarnessError) -> PredictionTable {
    let table = try DelimitedTable(text, format: format)
    var faults: [Diagnostic] = []
    let keys = idColumns(table, columns)
    if keys.isEmpty {
      faults.add(
        .header, file: table.name, line: 1, found: table.header.joined(separator: ", "),
        expected: "the id column\(columns.id.count > 1 ? "s" : "") "
          + columns.id.joined(separator: " and ") + columns.idHint(table.header)
          + "; a file without ids has no header "
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
          NumberSyntax.cell(
            record.fields[index], file: table.name, line: record.line, column: index + 1,
            field: table.header[index], faults: &faults)
        })
    }
    faults += columns.unnamed(
      among: table.header, file: table.name, line: 1, known: values.keys)
    if values.isEmpty || keys.isEmpty { throw .invalid(faults) }
    let ids = table.records.map { record in
      keys.map { RowLayout.identifier(record.fields[$0]) }.joined(separator: ":")
    }
    return PredictionTable(
      name: table.name, ids: ids, columns: values, lines: table.records.map(\.line), faults: faults)
  }

  /// The id's own columns where all are there, else a single column `id` or `row_id`.
  private static func idColumns(_ table: DelimitedTable, _ columns: PredictionColumns) -> [Int] {
    let own = columns.id.compactMap(table.index(of:))
    if own.count == columns.id.count { return own }
    return (table.index(of: "id") ?? table.index(of: "row_id")).map { [$0] } ?? []
  }
}
