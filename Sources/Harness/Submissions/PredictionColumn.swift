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
