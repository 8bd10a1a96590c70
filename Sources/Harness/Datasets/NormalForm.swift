import Foundation

/// The CSV form (RFC 4180) that imported splits have in the data home.
enum NormalForm {
  static let attributes = ["gender", "education", "race", "age", "income"]
  static let header =
    ["id", "person", "article", "empathy", "distress"] + attributes + ["essay"]

  static func data(_ dataset: Dataset) -> Data {
    var out = header.joined(separator: ",") + "\n"
    for row in dataset.rows {
      let labels = [row.empathy, row.distress].map { $0.map { "\($0)" } ?? "" }
      let cells =
        [row.id, row.person, row.article] + labels
        + attributes.map { row.demographics[$0] ?? "" } + [row.essay]
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
