/// What makes a read split unfit for use, or remarkable.
enum DatasetCheck {
  /// Faults of `dataset`, whose rows stand on `lines` of `file`.
  static func faults(
    _ dataset: Dataset, lines: [Int], definition: BenchmarkDefinition, file: String
  ) -> [Diagnostic] {
    var faults: [Diagnostic] = []
    if let expected = definition.expectedRows(dataset.split), dataset.rows.count != expected {
      faults.add(
        .rowCount, file: file, found: "\(dataset.rows.count) rows",
        expected: "\(expected) rows in \(definition.id)/\(dataset.split)")
    }
    let main = definition.clusters.first
    var seen: [String: Int] = [:]
    for (row, line) in zip(dataset.rows, lines) {
      if row.id.allSatisfy({ $0 == ":" }) {
        faults.add(.missingID, file: file, line: line, found: "", expected: "an id")
      } else if let first = seen[row.id] {
        faults.add(
          .repeatedID, file: file, line: line, found: row.id,
          expected: "an id that does not stand on line \(first) already")
      }
      seen[row.id] = seen[row.id] ?? line
      if let main, row.clusters[main]?.isEmpty ?? true {
        faults.add(.missingID, file: file, line: line, found: "", expected: "a \(main)'s id")
      }
      if row.text.allSatisfy(\.isWhitespace) && definition.columns.text != nil {
        faults.add(
          .text, severity: .warning, file: file, line: line,
          found: "an empty \(definition.rowNoun)", expected: "text")
      }
      for group in definition.groups {
        guard let value = row.attributes[group.attribute], definition.group(group, value) == nil
        else { continue }
        faults.add(
          .demographics, severity: .warning, file: file, line: line, field: group.attribute,
          found: "a value outside the table", expected: "one of the benchmark's codes or bins")
      }
    }
    return faults
  }
}
