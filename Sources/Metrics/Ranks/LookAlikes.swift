import COpenBLAS

/// Submissions that resemble one another, or the gold labels, more than independent work does.
public struct LookAlike: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Codable, CaseIterable, Hashable {
    /// |r| > 0.999 row by row: an affine copy.
    case affineCopy = "affine copy"
    /// |r| > 0.999 with one system's rows in reverse order.
    case reversedRows = "rows in reverse order"
    /// |r| > 0.999 with one system's rows moved by `shift` places, the ends joined.
    case shiftedRows = "rows shifted"
    /// |r| > 0.999 with the gold labels.
    case nearlyGold = "nearly the gold labels"
  }

  public let kind: Kind
  public let first: Int
  /// The other system; nil where the gold labels are.
  public let second: Int?
  /// Rows by which the second is moved; 0 but for `shiftedRows`.
  public let shift: Int
  public let correlation: Double

  /// The correlation beyond which two columns are flagged.
  public static let threshold = 0.999
  /// Shifts that are looked at, in both directions.
  public static let shifts = 1...5

  /// All flags among `systems`, (S, n), and against the gold labels; constant columns have none.
  public static func find(_ systems: [[Double]], gold: [Double]) -> [LookAlike] {
    let n = gold.count
    precondition(systems.allSatisfy { $0.count == n }, "columns of different length")
    guard n > 2 else { return [] }
    let columns = systems.map(standardised)
    let labels = standardised(gold)
    var flags = columns.enumerated().compactMap { i, column -> LookAlike? in
      let r = zip(column, labels).reduce(0) { $0 + $1.0 * $1.1 }
      guard abs(r) > threshold else { return nil }
      return LookAlike(kind: .nearlyGold, first: i, second: nil, shift: 0, correlation: r)
    }
    flags += compare(columns, columns, .affineCopy, 0)
    flags += compare(columns, columns.map { $0.reversed() }, .reversedRows, 0)
    for shift in shifts.filter({ $0 < n }) {
      let shifted = columns.map { Array($0[shift...] + $0[..<shift]) }
      flags += compare(columns, shifted, .shiftedRows, shift)
    }
    return flags
  }

  /// Centred and of length 1; zeros for a constant column, which then resembles nothing.
  private static func standardised(_ column: [Double]) -> [Double] {
    let moments = SampleMoments(column)
    let scale = moments.sumSquares > 0 ? 1 / moments.sumSquares.squareRoot() : 0
    return column.map { ($0 - moments.mean) * scale }
  }

  private static func compare(
    _ a: [[Double]], _ b: [[Double]], _ kind: Kind, _ shift: Int
  ) -> [LookAlike] {
    let s = a.count
    guard s > 1, let n = a.first?.count else { return [] }
    var products = [Double](repeating: 0, count: s * s)
    let (m, k) = (Int32(s), Int32(n))
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, m, m, k, 1, a.flatMap { $0 }, k,
      b.flatMap { $0 }, k, 0, &products, m)
    return products.enumerated().compactMap { place, r in
      let (i, j) = place.quotientAndRemainder(dividingBy: s)
      // A shift has a direction; the other two kinds are symmetric.
      guard abs(r) > threshold, kind == .shiftedRows ? i != j : i < j else { return nil }
      return LookAlike(
        kind: kind, first: i, second: j, shift: shift, correlation: max(-1, min(1, r)))
    }
  }
}
