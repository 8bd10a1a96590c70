import Basics
import Foundation

/// The CSV form (RFC 4180) that imported splits have in the data home: id, clusters, targets,
/// attributes and text.
enum NormalForm {
  private static func header(_ dataset: Dataset) -> [String] {
    ["id"] + dataset.clusters + dataset.targets + dataset.attributes + ["text"]
  }

  /// The cells are exact: what is read back must be the text that was imported.
  static func data(_ dataset: Dataset) -> Data {
    var table = CSVWriter(header(dataset))
    for row in dataset.rows {
      table.add(
        ([row.id] + dataset.clusters.map { row.clusters[$0] ?? "" }).map { .exact($0) }
          + CSVWriter.Cell.numbers(dataset.targets.map { row.labels[$0] })
          + dataset.attributes.map { .exact(row.attributes[$0] ?? "") } + [.exact(row.text)])
    }
    return Data(table.text.utf8)
  }

  static func read(
    _ text: SourceText, _ definition: BenchmarkDefinition, split: String, hasGold: Bool
  ) throws(HarnessError) -> Dataset {
    let table = try DelimitedTable(text, format: .csv)
    var dataset = Dataset(definition, split: split, rows: [], hasGold: hasGold)
    let header = header(dataset)
    guard table.header == header else {
      throw .fault(
        .header, file: text.name, line: 1, found: table.header.joined(separator: ","),
        expected: header.joined(separator: ",") + "; import the benchmark again")
    }
    dataset.rows = table.records.map { record in
      var cells = record.fields.dropFirst()
      func take(_ names: [String]) -> [(String, String)] {
        defer { cells = cells.dropFirst(names.count) }
        return Array(zip(names, cells))
      }
      var row = DatasetRow(id: record.fields[0])
      for (name, cell) in take(dataset.clusters) { row.clusters[name] = cell }
      for (name, cell) in take(dataset.targets) { row.labels[name] = Double(cell) }
      for (name, cell) in take(dataset.attributes) where !cell.isEmpty {
        row.attributes[name] = cell
      }
      row.text = cells.first ?? ""
      return row
    }
    return dataset
  }
}
