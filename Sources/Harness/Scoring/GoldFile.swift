import Foundation
import Metrics

/// A file of gold labels without a benchmark: a table with a header, or columns of labels alone.
///
/// Its faults are told without the cells: they may be printed where labels may not.
enum GoldFile {
  case table(DelimitedTable, TableFormat)
  /// In the order of the targets that the file is read with.
  case columns(PredictionTable)

  /// - Parameter targets: what the columns of a file without a header are, in their order.
  /// - Throws: ``HarnessError/invalid(_:)`` where it cannot be read as a table at all; faults of single
  ///   labels without a header stand in the table.
  static func read(
    _ url: URL, name: String, targets: [String]
  ) throws(HarnessError) -> GoldFile {
    try hidingLabels { () throws(HarnessError) in
      let file = try PredictionFile(name: name, data: SourceText.readInput(url)).unpacked()
      guard try file.header() != nil else {
        let columns = PredictionColumns(targets: targets)
        var table = try PredictionTableReader.read(file, columns: columns)
        table.faults = table.faults.map(withoutLabel)
        return .columns(table)
      }
      let text = try SourceText(file.data, name: file.name)
      let format = DefinitionDraft.format(URL(filePath: file.name), text)
      return .table(try DelimitedTable(text, format: format), format)
    }
  }

  /// What `body` gives; the faults that it throws are told without cells of labels.
  static func hidingLabels<Value>(
    _ body: () throws(HarnessError) -> Value
  ) throws(HarnessError) -> Value {
    do throws(HarnessError) { return try body() } catch {
      guard case .invalid(let faults) = error else { throw error }
      throw .invalid(faults.map(withoutLabel))
    }
  }

  private static func withoutLabel(_ fault: Diagnostic) -> Diagnostic {
    // A broken first line is taken for a header.
    let isLabel =
      fault.code == .header
      ? fault.found?.split(separator: ", ").contains(where: mayBeLabel) ?? false
      : [.number, .decimalComma, .nonFinite].contains(fault.code)
    guard isLabel else { return fault }
    var fault = fault
    fault.found = "a label that is not shown"
    return fault
  }

  /// Whether a name in a header may be a number that was misspelt: it has many digits, and not as names
  /// have them.
  private static func mayBeLabel(_ name: Substring) -> Bool {
    name.count(where: \.isNumber) * 3 >= name.count
      && name.wholeMatch(of: /[A-Za-z_][\w -]*…?/) == nil
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
      open: false, rowNoun: rows,
      targets: model.targets.map {
        Target(name: $0.name, title: $0.title, low: -everything, high: everything)
      }, clusters: clusters, track: model.track, primary: model.primary, defaultSplit: split,
      splits: [SplitSource(name: split, file: split, format: .tsv)], columns: ColumnMap(id: ["id"]),
      groups: [], missing: [], quirks: [])
  }
}
