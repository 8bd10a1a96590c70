import Basics
import Foundation

/// The CSV form (RFC 4180) that imported splits have in the data home.
enum NormalForm {
  static let attributes = ["gender", "education", "race", "age", "income"]
  static let header =
    ["id", "person", "article", "empathy", "distress"] + attributes + ["essay"]

  /// The cells are exact: what is read back must be the text that was imported.
  static func data(_ dataset: Dataset) -> Data {
    var table = CSVWriter(header)
    for row in dataset.rows {
      table.add(
        [row.id, row.person, row.article].map { .exact($0) }
          + CSVWriter.Cell.numbers([row.empathy, row.distress])
          + attributes.map { .exact(row.demographics[$0] ?? "") } + [.exact(row.essay)])
    }
    return Data(table.text.utf8)
  }

  static func read(
    _ text: SourceText, benchmark: String, split: String, hasGold: Bool
  ) throws(HarnessError) -> Dataset {
    let table = try DelimitedTable(text, format: .csv)
    guard table.header == header else {
      throw .invalid([
        Fault(
          .header, file: text.name, line: 1, found: table.header.joined(separator: ","),
          expected: header.joined(separator: ","))
      ])
    }
    let rows = table.records.map { record -> EssayRow in
      let cells = record.fields
      var demographics: [String: String] = [:]
      for (offset, attribute) in attributes.enumerated() where !cells[5 + offset].isEmpty {
        demographics[attribute] = cells[5 + offset]
      }
      return EssayRow(
        id: cells[0], person: cells[1], article: cells[2], essay: cells[10],
        empathy: Double(cells[3]), distress: Double(cells[4]), demographics: demographics)
    }
    return Dataset(benchmark: benchmark, split: split, rows: rows, hasGold: hasGold)
  }
}
