/// Looks at the values of a prediction file as a whole.
struct PredictionCheck {
  private let definition: BenchmarkDefinition
  private let table: PredictionTable
  private let margin: Double?

  /// - Parameter margin: a number further outside the range than this is an error, not a warning.
  init(_ definition: BenchmarkDefinition, table: PredictionTable, margin: Double? = nil) {
    self.definition = definition
    self.table = table
    self.margin = margin
  }

  /// The targets that the file attempts; what is remarkable about it is added to `faults`.
  ///
  /// A distress column that copies empathy is a way to fill the form and counts as not attempted.
  /// Swapped columns can't be told from the file alone, so nothing is said of them.
  func attempted(_ faults: inout [Fault]) -> [Target] {
    var attempted = Target.allCases.filter { target in
      table.columns[target] != nil && definition.range(of: target) != nil
    }
    if let empathy = table.columns[.empathy], let distress = table.columns[.distress],
      attempted.contains(.distress), attempted.contains(.empathy), empathy == distress,
      !empathy.isConstant
    {
      attempted.removeAll { $0 == .distress }
      faults.append(
        Fault(
          .notAttempted, severity: .warning, file: table.name, column: 2, field: "distress",
          found: "a copy of empathy",
          expected: "predictions of distress; it counts as not attempted"))
    }
    for target in attempted { describe(target, &faults) }
    return attempted
  }

  private func describe(_ target: Target, _ faults: inout [Fault]) {
    guard let column = table.columns[target], let range = definition.range(of: target) else {
      return
    }
    if column.isConstant {
      faults.append(
        Fault(
          .constantColumn, severity: .warning, file: table.name, field: target.rawValue,
          found: "the same number on every row",
          expected: "predictions that differ; PCC is undefined (WASSA counts it as 0)"))
    }
    let missing = Set(column.missing)
    for (row, value) in column.values.enumerated()
    where !range.contains(value) && !missing.contains(row) {
      let distance = max(range.lowerBound - value, value - range.upperBound)
      let refused = margin.map { distance > $0 } ?? false
      let rule =
        refused ? "this split takes at most \(margin ?? 0) outside" : "it is scored as it stands"
      faults.append(
        Fault(
          .range, severity: refused ? .error : .warning, file: table.name, line: table.line(row),
          field: target.rawValue, found: "\(value)",
          expected: "\(range.lowerBound) to \(range.upperBound); \(rule)"))
    }
  }
}
