import Foundation

/// The CSV form (RFC 4180) that imported splits have in the data home: id, clusters, targets,
/// attributes and text.
enum NormalForm {
  private static func header(_ dataset: Dataset) -> [String] {
    ["id"] + dataset.clusters + dataset.targets + dataset.attributes + ["text"]
  }

  static func data(_ dataset: Dataset) -> Data {
    var out = header(dataset).joined(separator: ",") + "\n"
    for row in dataset.rows {
      let cells =
        [row.id] + dataset.clusters.map { row.clusters[$0] ?? "" }
        + dataset.targets.map { row.labels[$0].map { "\($0)" } ?? "" }
        + dataset.attributes.map { row.attributes[$0] ?? "" } + [row.text]
      out += cells.map(quoted).joined(separator: ",") + "\n"
    }
    return Data(out.utf8)
  }

  static func quoted(_ cell: String) -> String {
    let special = cell.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
    guard special else { return cell }
    return "\"" + cell.replacingOccurrences(of: "\"", with: "\"\"") + "\""
  }

  static func read(
    _ text: SourceText, _ definition: BenchmarkDefinition, split: String, hasGold: Bool
  ) throws(HarnessError) -> Dataset {
    let table = try DelimitedTable(text, format: .csv)
    var dataset = Dataset(definition, split: split, rows: [], hasGold: hasGold)
    let header = header(dataset)
    guard table.header == header else {
      throw .invalid([
        Fault(
          .header, file: text.name, line: 1, found: table.header.joined(separator: ","),
          expected: header.joined(separator: ",") + "; import the benchmark again")
      ])
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
