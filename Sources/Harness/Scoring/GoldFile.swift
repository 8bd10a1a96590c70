import Foundation

/// A file of gold labels without a benchmark, with or without a header.
///
/// Its faults are told without the cells: they may be printed where labels may not.
struct GoldFile {
  var table: PredictionTable

  /// - Throws: ``HarnessError/invalid(_:)`` where it can't be read as a table at all; other faults
  ///   stand in ``table``.
  init(_ url: URL, name: String, id: [String]) throws(HarnessError) {
    do throws(HarnessError) {
      table = try PredictionTableReader.read(
        SourceText.readInput(url), name: name, columns: PredictionColumns(id: id))
      table.faults = table.faults.map(Self.withoutLabel)
      var seen: [String: Int] = [:]
      for (row, id) in (table.ids ?? []).enumerated() {
        if let first = seen[id] {
          table.faults.append(
            Fault(
              .repeatedID, file: table.name, line: table.line(row), found: id,
              expected: "each id once; it stands on line \(table.line(first)) already"))
        }
        seen[id] = seen[id] ?? row
      }
    } catch {
      guard case .invalid(let faults) = error else { throw error }
      throw .invalid(faults.map(Self.withoutLabel))
    }
  }

  private static func withoutLabel(_ fault: Fault) -> Fault {
    // A broken first line is taken for a header.
    let isLabel =
      fault.code == .header
      ? fault.found?.contains(where: \.isNumber) ?? false
      : [.number, .decimalComma, .nonFinite].contains(fault.code)
    guard isLabel else { return fault }
    var fault = fault
    fault.found = "a label that is not shown"
    return fault
  }

  /// Whether it says which person wrote a row; otherwise each row counts as its own cluster.
  var hasPersons: Bool { table.labels["person"] != nil }

  /// The labels as a split; rows of a file without a header are numbered from 1.
  var dataset: Dataset {
    let ids = table.ids ?? (0..<table.rowCount).map { "\($0 + 1)" }
    let rows = ids.indices.map { row in
      EssayRow(
        id: ids[row], person: table.labels["person"]?[row] ?? ids[row],
        article: table.labels["article"]?[row] ?? "", essay: "", empathy: value(.empathy, row),
        distress: value(.distress, row))
    }
    return Dataset(benchmark: "files", split: table.name, rows: rows, hasGold: true)
  }

  private func value(_ target: Target, _ row: Int) -> Double? {
    guard let column = table.columns[target], !column.missing.contains(row) else { return nil }
    return column.values[row]
  }
}
