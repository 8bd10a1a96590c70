import Basics
package import Foundation

/// Predictions that lie beside the rows of a split: checked, in the split's order.
public struct Predictions: Sendable, Equatable {
  /// All of the benchmark's targets in its order.
  public var targets: [String]
  /// Attempted targets; (n,) each.
  public var columns: TargetTable<PredictionColumn>
  /// Rows of the split that have a prediction of every attempted target, ascending.
  public var present: [Int]
  /// Rows of the split.
  public var rowCount: Int
  /// Targets whose column copied another's, with that one; they count as not attempted.
  public var copies: [String: String]
  /// What a team should look at although the file is valid.
  public var warnings: [Diagnostic]

  package init(
    targets: [String], columns: TargetTable<PredictionColumn>, present: [Int], rowCount: Int,
    copies: [String: String] = [:], warnings: [Diagnostic] = []
  ) {
    (self.targets, self.columns, self.present) = (targets, columns, present)
    (self.rowCount, self.copies, self.warnings) = (rowCount, copies, warnings)
  }

  /// Attempted targets in the benchmark's order.
  public var attempted: [String] { targets.filter { columns[$0] != nil } }

  /// Rows of the split without a prediction.
  public var missingCount: Int { rowCount - present.count }

  /// Digest of the predictions in row order, whatever form of file they came in.
  public var digest: String {
    if columns.values.allSatisfy({ $0.missing.isEmpty }) {
      return Digest.sha256(targets.map { columns[$0]?.values ?? [] })
    }
    return Digest.sha256(
      targets.map { target -> [Double?] in
        guard let column = columns[target] else { return [] }
        let missing = Set(column.missing)
        return column.values.indices.map { missing.contains($0) ? nil : column.values[$0] }
      })
  }

  /// The values of `target` in the rows that are present.
  public func values(_ target: String) -> [Double]? {
    guard let column = columns[target] else { return nil }
    return missingCount == 0 ? column.values : present.map { column.values[$0] }
  }

  /// The predictions as TSV with a header and the split's `ids`, in its order: the form in which
  /// submissions are kept. Rows without a prediction are left out.
  package func table(ids: [String]) -> Data {
    precondition(ids.count == rowCount, "one id a row of the split")
    let targets = attempted
    let values = targets.compactMap { columns[$0]?.values }
    var out = (["id"] + targets).joined(separator: "\t") + "\n"
    for row in present {
      out += ids[row]
      for column in values { out += "\t\(column[row])" }
      out += "\n"
    }
    return Data(out.utf8)
  }

  /// The mean over several runs, row by row; a row is present where every run predicts it.
  /// - Returns: nil for no runs, for runs of different splits, or where they share no target.
  public static func mean(of runs: [Predictions]) -> Predictions? {
    guard let first = runs.first, runs.allSatisfy({ $0.rowCount == first.rowCount }) else {
      return nil
    }
    let present = runs.dropFirst().reduce(Set(first.present)) { $0.intersection($1.present) }
    let missing = (0..<first.rowCount).filter { !present.contains($0) }
    var columns: TargetTable<PredictionColumn> = [:]
    for target in first.targets {
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
      targets: first.targets, columns: columns, present: present.sorted(), rowCount: first.rowCount)
  }
}

/// One target's predictions in row order, with the rows that have none.
public struct PredictionColumn: Sendable, Equatable {
  /// (n,); 0 stands where `missing` names the row.
  public var values: [Double]
  /// Rows without a prediction, ascending.
  public var missing: [Int]

  public init(values: [Double], missing: [Int] = []) {
    self.values = values
    self.missing = missing
  }

  init(_ cells: [Double?]) {
    values = cells.map { $0 ?? 0 }
    missing = cells.indices.filter { cells[$0] == nil }
  }

  /// Whether at least two rows have a prediction and all of them are the same number.
  var isConstant: Bool {
    let present =
      missing.isEmpty ? values : values.indices.filter { !missing.contains($0) }.map { values[$0] }
    guard let first = present.first, present.count > 1 else { return false }
    return present.allSatisfy { $0 == first }
  }
}
