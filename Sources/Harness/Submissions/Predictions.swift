package import Foundation

/// Predictions that lie beside the rows of a split: checked, in the split's order.
public struct Predictions: Sendable, Equatable {
  /// Attempted targets; (n,) each.
  public var columns: TargetTable<PredictionColumn>
  /// Rows of the split that have a prediction of every attempted target, ascending.
  public var present: [Int]
  /// Rows of the split.
  public var rowCount: Int
  /// What a team should look at although the file is valid.
  public var warnings: [Fault]

  package init(
    columns: TargetTable<PredictionColumn>, present: [Int], rowCount: Int, warnings: [Fault]
  ) {
    self.columns = columns
    self.present = present
    self.rowCount = rowCount
    self.warnings = warnings
  }

  /// Rows of the split without a prediction.
  public var missingCount: Int { rowCount - present.count }

  /// Digest of the predictions in row order, whatever form of file they came in.
  public var digest: String {
    Digest.sha256(
      [Target.empathy, .distress].map { target -> [Double?] in
        guard let column = columns[target] else { return [] }
        let missing = Set(column.missing)
        return column.values.indices.map { missing.contains($0) ? nil : column.values[$0] }
      })
  }

  /// The values of `target` in the rows that are present.
  public func values(_ target: Target) -> [Double]? {
    guard let column = columns[target] else { return nil }
    return missingCount == 0 ? column.values : present.map { column.values[$0] }
  }

  /// The predictions as TSV with a header and ids, in the order of the split: the form in which
  /// submissions are kept.
  ///
  /// - Parameter ids: of every row of the split; those without a prediction are left out.
  package func table(ids: [String]) -> Data {
    precondition(ids.count == rowCount, "one id a row of the split")
    let targets = Target.allCases.filter { columns[$0] != nil }
    var out = (["id"] + targets.map(\.rawValue)).joined(separator: "\t") + "\n"
    for row in present {
      let values = targets.compactMap { columns[$0]?.values[row] }.map { "\($0)" }
      out += ([ids[row]] + values).joined(separator: "\t") + "\n"
    }
    return Data(out.utf8)
  }
}
