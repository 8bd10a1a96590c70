import Basics
public import Foundation

/// Reads a prediction file and lays it beside the rows of a split.
public struct PredictionReader: Sendable {
  public let definition: BenchmarkDefinition
  public let split: String
  /// Ids of the split's rows in their order.
  public let ids: [String]
  public let columns: PredictionColumns
  /// Rows without a prediction are left out, not faults.
  public let dropMissing: Bool
  /// Label units by which a number may lie outside the range; nil: it is a warning at any distance.
  public let margin: Double?

  public init(
    _ definition: BenchmarkDefinition, dataset: Dataset, columns named: TargetTable<String> = [:],
    dropMissing: Bool = false, margin: Double? = nil
  ) {
    self.definition = definition
    split = dataset.split
    ids = dataset.rows.map(\.id)
    let source = definition.splits.first { $0.name == dataset.split }
    let map = source.map { definition.columns(for: $0) } ?? definition.columns
    columns = PredictionColumns(
      id: map.id ?? ["id"], targets: definition.targetNames, named: named,
      file: definition.predictionFile)
    self.dropMissing = dropMissing
    self.margin = margin
  }

  /// Reads `url`; `-` is standard input.
  public func read(_ url: URL) throws(HarnessError) -> Predictions {
    try read(PredictionFile(url))
  }

  public func read(_ file: PredictionFile) throws(HarnessError) -> Predictions {
    try align(PredictionTableReader.read(file, columns: columns))
  }

  /// Reads `data`, which the user knows as `name`.
  /// - Parameter limits: refuses, before anything is parsed, what no prediction file looks like.
  /// - Throws: ``HarnessError/invalid(_:)`` with every error and warning of the file.
  public func read(
    _ data: Data, name: String, limits: UploadLimits? = nil
  ) throws(HarnessError) -> Predictions {
    try align(
      PredictionTableReader.read(
        PredictionFile(name: name, data: data), columns: columns, limits: limits))
  }

  /// Lays a table that was read beside the rows of the split.
  func align(_ table: PredictionTable) throws(HarnessError) -> Predictions {
    let name = table.name
    var faults = table.faults
    let aligned = table.ids == nil ? ordered(table, &faults) : keyed(table, &faults)
    let (attempted, copies) = PredictionCheck(definition, table: table, margin: margin).attempted(
      &faults)
    try faults.throwErrors()
    var columns: TargetTable<PredictionColumn> = [:]
    for target in attempted { columns[target] = aligned[target] }
    let missing = Set(columns.values.flatMap(\.missing))
    let present =
      missing.isEmpty ? Array(ids.indices) : ids.indices.filter { !missing.contains($0) }
    if present.isEmpty {
      throw .invalid(
        faults + [
          Diagnostic(.rowCount, file: name, found: "no predictions", expected: "at least one row")
        ])
    }
    return Predictions(
      targets: definition.targetNames, columns: columns, present: present, rowCount: ids.count,
      copies: copies, warnings: faults)
  }

  /// A header-less file: row by row in the split's order.
  private func ordered(
    _ table: PredictionTable, _ faults: inout [Diagnostic]
  ) -> TargetTable<PredictionColumn> {
    let count = table.rowCount
    let other =
      definition.splits.first { $0.name != split && $0.rows == count }
      .map { "; \($0.name) has \(count) rows: is it meant?" } ?? ""
    if count < ids.count {
      faults.add(
        .rowCount, file: table.name, line: count == 0 ? 1 : table.line(count - 1),
        found: "\(count) rows",
        expected: "\(ids.count) rows, one for each of \(definition.id)/\(split); "
          + "row \(count + 1) of the split (id \(ids[count])) has no prediction\(other)")
    } else if count > ids.count {
      faults.add(
        .rowCount, file: table.name, line: table.line(ids.count), found: "\(count) rows",
        expected: "\(ids.count) rows, one for each of \(definition.id)/\(split); "
          + "the first that is too many stands on this line\(other)")
    }
    return table.columns
  }

  /// A file with ids, in any order.
  private func keyed(
    _ table: PredictionTable, _ faults: inout [Diagnostic]
  ) -> TargetTable<PredictionColumn> {
    let keys = table.ids ?? []
    var rowOf: [String: Int] = [:]
    let known = Dictionary(ids.enumerated().map { ($1, $0) }) { first, _ in first }
    for (row, id) in keys.enumerated() {
      if let first = rowOf[id] {
        faults.add(
          .repeatedID, file: table.name, line: table.line(row), field: columns.id.joined(),
          found: id, expected: "each id once; it stands on line \(table.line(first)) already")
      } else if known[id] == nil {
        faults.add(
          .unknownID, file: table.name, line: table.line(row),
          field: columns.id.joined(separator: ":"), found: id,
          expected: "an id of \(definition.id)/\(split)")
      } else {
        rowOf[id] = row
      }
    }
    for (index, id) in ids.enumerated() where rowOf[id] == nil && !dropMissing {
      faults.add(
        .missingID, file: table.name,
        expected: "a prediction for row \(index + 1) of the split, id \(id)")
    }
    let empty = table.columns.mapValues { Set($0.missing) }
    var aligned: TargetTable<PredictionColumn> = [:]
    for (target, column) in table.columns {
      aligned[target] = PredictionColumn(
        ids.map { id -> Double? in
          guard let row = rowOf[id], !(empty[target]?.contains(row) ?? false) else { return nil }
          return column.values[row]
        })
    }
    if !dropMissing {
      // A cell that holds something else than a number has its own fault already.
      let told = Set(table.faults.map { "\($0.line.map(String.init) ?? "") \($0.field ?? "")" })
      for target in columns.targets {
        let names = columns.names(of: target)
        for row in table.columns[target]?.missing ?? [] where known[keys[row]] != nil {
          if names.contains(where: { told.contains("\(table.line(row)) \($0)") }) { continue }
          faults.add(
            .missingValue, file: table.name, line: table.line(row), field: target, found: "",
            expected: "a number for id \(keys[row]); "
              + "--drop-missing scores the rest and says how many were dropped")
        }
      }
    }
    return aligned
  }
}

/// The prediction files of a training procedure's runs, one a seed.
public enum RunFolder {
  /// Every prediction file of `folder`: `*.tsv`, `*.csv`, `*.jsonl`, `*.zip` in it, or
  /// `predictions.tsv` in each folder below it, in the order of their names.
  /// - Throws: ``HarnessError/missing(path:hint:)`` where there is none.
  public static func files(in folder: URL) throws(HarnessError) -> [PredictionFile] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    } catch {
      throw .missing(path: folder.relativePath, hint: "Give a folder with one file a seed.")
    }
    var files = names.filter { name in
      ["tsv", "csv", "jsonl", "zip"].contains { name.hasSuffix("." + $0) }
    }.map { folder.appending(path: $0) }
    for name in names {
      let nested = folder.appending(path: name).appending(path: "predictions.tsv")
      if FileManager.default.fileExists(atPath: nested.path) { files.append(nested) }
    }
    if files.isEmpty {
      throw .missing(
        path: folder.relativePath + "/*.tsv", hint: "Give a folder with one prediction file a seed."
      )
    }
    return try files.map { file throws(HarnessError) in try PredictionFile(file) }
  }
}

/// Looks at the values of a prediction file as a whole.
struct PredictionCheck {
  private let definition: BenchmarkDefinition
  private let table: PredictionTable
  private let margin: Double?

  /// - Parameter margin: a number further outside the range than this is an error, not a warning.
  init(_ definition: BenchmarkDefinition, table: PredictionTable, margin: Double? = nil) {
    (self.definition, self.table, self.margin) = (definition, table, margin)
  }

  /// The targets that the file attempts, and those whose column copies an earlier one's, with it
  /// (they count as not attempted); what is remarkable about the file is added to `faults`.
  func attempted(_ faults: inout [Diagnostic]) -> (targets: [String], copies: [String: String]) {
    var attempted: [String] = []
    var copies: [String: String] = [:]
    for (place, target) in definition.targetNames.enumerated() {
      guard let column = table.columns[target] else { continue }
      let original = attempted.first { table.columns[$0] == column }
      let isReadable = column.missing.count < column.values.count
      guard let original, isReadable, !column.isConstant else {
        attempted.append(target)
        continue
      }
      copies[target] = original
      faults.add(
        .notAttempted, severity: .warning, file: table.name, column: place + 1, field: target,
        found: "a copy of \(original)",
        expected: "predictions of \(target); it counts as not attempted")
    }
    var scales: [(target: String, scale: OtherScale)] = []
    for target in definition.targets where attempted.contains(target.name) {
      if let scale = describe(target, &faults) { scales.append((target.name, scale)) }
    }
    while let expected = scales.first?.scale.expected {
      let same = scales.filter { $0.scale.expected == expected }
      scales.removeAll { $0.scale.expected == expected }
      let (low, high) = (same.map(\.scale.low).min() ?? 0, same.map(\.scale.high).max() ?? 0)
      faults.add(
        .scale, severity: .warning, file: table.name,
        field: same.map(\.target).joined(separator: ", "),
        found: "numbers from \(Rounding.text(low)) to \(Rounding.text(high))", expected: expected)
    }
    return (attempted, copies)
  }

  /// Adds what is remarkable about a column; another scale, which several may share, is returned.
  private func describe(_ target: Target, _ faults: inout [Diagnostic]) -> OtherScale? {
    guard let column = table.columns[target.name] else { return nil }
    let range = target.range
    if column.isConstant {
      faults.add(
        .constantColumn, severity: .warning, file: table.name, field: target.name,
        found: "the same number on every row",
        expected: "predictions that differ; PCC is undefined (WASSA counts it as 0)")
    }
    let missing = Set(column.missing)
    let outside = column.values.indices.filter {
      !range.contains(column.values[$0]) && !missing.contains($0)
    }
    let worst = outside.map { distance(column.values[$0], range) }.max() ?? 0
    let present = column.values.indices.lazy.filter { !missing.contains($0) }
    if worst <= margin ?? .infinity,
      let scale = OtherScale(present.map { column.values[$0] }, of: target)
    {
      return scale
    }
    for row in outside {
      let value = column.values[row]
      let refused = margin.map { distance(value, range) > $0 } ?? false
      let rule =
        refused ? "this split takes at most \(margin ?? 0) outside" : "it is scored as it stands"
      faults.add(
        .range, severity: refused ? .error : .warning, file: table.name, line: table.line(row),
        field: target.name, found: "\(value)",
        expected: "\(range.lowerBound) to \(range.upperBound); \(rule)")
    }
    return nil
  }

  private func distance(_ value: Double, _ range: ClosedRange<Double>) -> Double {
    max(range.lowerBound - value, value - range.upperBound)
  }
}

/// A scale on which predictions seem to be, where it is not that of the labels.
private struct OtherScale {
  let low, high: Double
  let expected: String

  /// nil where too few values are outside the labels' range, or none of the usual scales fits.
  init?(_ values: [Double], of target: Target) {
    let (fewest, share) = (10, 0.2)
    let range = target.range
    guard values.count >= fewest, let low = values.min(), let high = values.max(), low < high,
      Double(values.count { !range.contains($0) }) > share * Double(values.count)
    else { return nil }
    let scales = [(0.0, 1.0), (-1.0, 1.0), (0.0, 10.0), (0.0, 100.0)]
    let width = range.upperBound - range.lowerBound
    // Of a scale its greater part is used, or it is no sign of it.
    guard
      let scale = scales.first(where: { scale in
        low >= scale.0 && high <= scale.1 && (high - low) * 3 > scale.1 - scale.0
          && (scale.1 <= range.upperBound || high > range.upperBound)
          && (range.lowerBound, range.upperBound) != scale
      })
    else { return nil }
    func text(_ number: Double) -> String {
      let decimals = (0...3).first { Rounding.rounded(number, decimals: $0) == number } ?? 4
      return Rounding.text(number, decimals: decimals)
    }
    (self.low, self.high) = (low, high)
    let x = scale.0 == 0 ? "x" : "(x + \(text(-scale.0)))"
    expected =
      "\(text(range.lowerBound)) to \(text(range.upperBound)); this looks like a scale from "
      + "\(text(scale.0)) to \(text(scale.1)): rescale it by \(text(range.lowerBound)) + "
      + "\(text(width / (scale.1 - scale.0))) * \(x). As it stands, correlations are right, and CCC, "
      + "RMSE and MAE are not"
  }
}
