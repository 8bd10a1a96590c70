import Foundation

/// A file of gold labels without a benchmark, with or without a header.
///
/// Its faults are told without the cells: they may be printed where labels may not.
struct GoldFile {
  var table: PredictionTable
  /// Of the file: the targets and clusters of the benchmark it is like, of which the file says more.
  let definition: BenchmarkDefinition

  /// - Parameter model: its targets and clusters name the file's columns.
  /// - Throws: ``HarnessError/invalid(_:)`` where it can't be read as a table at all; other faults
  ///   stand in ``table``.
  init(
    _ url: URL, name: String, id: [String] = ["id"], like model: BenchmarkDefinition
  ) throws(HarnessError) {
    do throws(HarnessError) {
      table = try PredictionTableReader.read(
        SourceText.readInput(url), name: name,
        columns: PredictionColumns(id: id, targets: model.targetNames, clusters: model.clusters))
      definition = .bare(
        split: table.name, like: model,
        clusters: model.clusters.filter(table.clusters.keys.contains))
      table.faults = table.faults.map(Self.withoutLabel)
      var seen: [String: Int] = [:]
      for (row, id) in (table.ids ?? []).enumerated() {
        if let first = seen[id] {
          table.faults.add(
            .repeatedID, file: table.name, line: table.line(row), found: id,
            expected: "each id once; it stands on line \(table.line(first)) already")
        }
        seen[id] = seen[id] ?? row
      }
    } catch {
      guard case .invalid(let faults) = error else { throw error }
      throw .invalid(faults.map(Self.withoutLabel))
    }
  }

  private static func withoutLabel(_ fault: Diagnostic) -> Diagnostic {
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

  /// The labels as a split; rows of a file without a header are numbered from 1.
  var dataset: Dataset {
    let ids = table.ids ?? (0..<table.rowCount).map { "\($0 + 1)" }
    let missing = table.columns.mapValues { Set($0.missing) }
    let rows = ids.indices.map { index in
      var row = DatasetRow(id: ids[index])
      for (target, column) in table.columns where missing[target]?.contains(index) != true {
        row.labels[target] = column.values[index]
      }
      for (cluster, names) in table.clusters { row.clusters[cluster] = names[index] }
      return row
    }
    return Dataset(definition, split: table.name, rows: rows, hasGold: true)
  }
}

extension BenchmarkDefinition {
  /// The definition of a bare file of labels: the targets of `model` with any range.
  static func bare(
    split: String, like model: BenchmarkDefinition, clusters: [String]
  ) -> BenchmarkDefinition {
    let everything = Double.greatestFiniteMagnitude
    return BenchmarkDefinition(
      schema: 1, id: "files", title: "A pair of files", description: "", licence: "", source: "",
      open: true, rowNoun: rows,
      targets: model.targets.map {
        Target(name: $0.name, title: $0.title, low: -everything, high: everything)
      }, clusters: clusters, track: model.track, primary: model.primary, defaultSplit: split,
      splits: [SplitSource(name: split, file: split, format: .tsv)], columns: ColumnMap(id: ["id"]),
      groups: [], missing: [], quirks: [])
  }
}
