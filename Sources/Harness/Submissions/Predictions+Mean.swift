extension Predictions {
  /// The mean over several runs, row by row; a row is present where every run predicts it.
  ///
  /// - Returns: nil for no runs, for runs of different splits, or where they share no target.
  public static func mean(of runs: [Predictions]) -> Predictions? {
    guard let first = runs.first, runs.allSatisfy({ $0.rowCount == first.rowCount }) else {
      return nil
    }
    let present = runs.dropFirst().reduce(Set(first.present)) { $0.intersection($1.present) }
    let missing = (0..<first.rowCount).filter { !present.contains($0) }
    var columns: TargetTable<PredictionColumn> = [:]
    for target in Target.allCases {
      let values = runs.compactMap { $0.columns[target]?.values }
      guard values.count == runs.count else { continue }
      let means = (0..<first.rowCount).map { row -> Double in
        guard present.contains(row) else { return 0 }
        return values.reduce(0) { $0 + $1[row] } / Double(values.count)
      }
      columns[target] = PredictionColumn(values: means, missing: missing)
    }
    guard !columns.isEmpty else { return nil }
    return Predictions(
      columns: columns, present: present.sorted(), rowCount: first.rowCount, warnings: [])
  }
}
