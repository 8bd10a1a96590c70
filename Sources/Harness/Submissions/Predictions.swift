import Basics
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
    let targets = [Target.empathy, .distress]
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
    let values = targets.compactMap { columns[$0]?.values }
    var out: [UInt8] = []
    out.reserveCapacity(present.count * (16 + 20 * targets.count))
    out += (["id"] + targets.map(\.rawValue)).joined(separator: "\t").utf8
    for row in present {
      out.append(UInt8(ascii: "\n"))
      out.append(text: ids[row])
      for column in values {
        out.append(UInt8(ascii: "\t"))
        NumberText.append(column[row], to: &out)
      }
    }
    out.append(UInt8(ascii: "\n"))
    return Data(out)
  }
}
