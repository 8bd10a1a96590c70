/// Looks at the values of a prediction file as a whole.
struct PredictionCheck {
  private let definition: BenchmarkDefinition
  private let table: PredictionTable
  private let margin: Double?

  /// - Parameter margin: a number further outside the range than this is an error, not a warning.
  init(_ definition: BenchmarkDefinition, table: PredictionTable, margin: Double? = nil) {
    (self.definition, self.table, self.margin) = (definition, table, margin)
  }

  /// The targets that the file attempts, and those whose column copies an earlier one's, with it;
  /// what is remarkable about the file is added to `faults`.
  ///
  /// A column that copies another is a way to fill the form and counts as not attempted. Swapped
  /// columns can't be told from the file alone, so nothing is said of them.
  func attempted(_ faults: inout [Diagnostic]) -> (targets: [String], copies: [String: String]) {
    var attempted: [String] = []
    var copies: [String: String] = [:]
    for (place, target) in definition.targetNames.enumerated() {
      guard let column = table.columns[target] else { continue }
      let original = attempted.first { table.columns[$0] == column }
      guard let original, !column.isConstant else {
        attempted.append(target)
        continue
      }
      copies[target] = original
      faults.add(
        .notAttempted, severity: .warning, file: table.name, column: place + 1, field: target,
        found: "a copy of \(original)",
        expected: "predictions of \(target); it counts as not attempted")
    }
    for target in definition.targets where attempted.contains(target.name) {
      describe(target, &faults)
    }
    return (attempted, copies)
  }

  private func describe(_ target: Target, _ faults: inout [Diagnostic]) {
    guard let column = table.columns[target.name] else { return }
    let range = target.range
    if column.isConstant {
      faults.add(
        .constantColumn, severity: .warning, file: table.name, field: target.name,
        found: "the same number on every row",
        expected: "predictions that differ; PCC is undefined (WASSA counts it as 0)")
    }
    let missing = Set(column.missing)
    for (row, value) in column.values.enumerated()
    where !range.contains(value) && !missing.contains(row) {
      let distance = max(range.lowerBound - value, value - range.upperBound)
      let refused = margin.map { distance > $0 } ?? false
      let rule =
        refused ? "this split takes at most \(margin ?? 0) outside" : "it is scored as it stands"
      faults.add(
        .range, severity: refused ? .error : .warning, file: table.name, line: table.line(row),
        field: target.name, found: "\(value)",
        expected: "\(range.lowerBound) to \(range.upperBound); \(rule)")
    }
  }
}
