/// Spearman's and Kendall's correlations, and both without each cluster in turn, from visits of the
/// pairs of rows: O(n²) for all clusters together, without sorting.
///
/// A row's centred double rank is Σⱼ sign(xᵢ - xⱼ). Without cluster c it loses the terms of c's rows,
/// and so do Kendall's sums over pairs. All of these are whole numbers, so that every figure has the
/// bits of ``RankCorrelation`` on the same rows.
package struct PairwiseRanks: Sendable {
  /// Up to so many rows this is quicker than sorting once a cluster.
  static let limit = 2048

  package let all: RankCorrelation
  /// (count,); undefined where fewer than two rows or a constant column remain.
  package let withoutEach: [RankCorrelation]

  /// - Parameters:
  ///   - predictions: (n,), finite; gold the same; n at most ``limit``.
  ///   - clusters: (n,), each in 0 ..< count.
  package init(predictions: [Double], gold: [Double], clusters: [Int], count: Int) {
    let n = predictions.count
    precondition(gold.count == n && clusters.count == n, "columns of one length")
    precondition(n <= Self.limit, "too many rows to visit every pair")
    let rows = predictions.indices.map { Sums(of: $0, among: 0..<n, predictions, gold) }
    let total = rows.reduce(Sums(), +)
    all = total.correlations(rows, n)
    var members = [[Int]](repeating: [], count: count)
    for row in 0..<n { members[clusters[row]].append(row) }
    withoutEach = members.map { left in
      // A pair with one row that is left out is counted from both of its ends.
      var sums = total
      var kept = rows
      for row in left {
        sums = sums - rows[row] - rows[row] + Sums(of: row, among: left, predictions, gold)
      }
      for row in 0..<n {
        let lost = Sums(of: row, among: left, predictions, gold)
        kept[row].rankX -= lost.rankX
        kept[row].rankY -= lost.rankY
      }
      for row in left { kept[row] = Sums() }
      return sums.correlations(kept, n - left.count)
    }
  }
}

/// What the pairs of a row, or of a set of rows with each pair twice, add up to.
private struct Sums {
  var rankX = 0, rankY = 0
  /// Concordant less discordant pairs.
  var difference = 0
  var tiedX = 0, tiedY = 0

  init() {}

  init(of row: Int, among others: some Sequence<Int>, _ x: [Double], _ y: [Double]) {
    let (a, b) = (x[row], y[row])
    for other in others where other != row {
      let signX = (a > x[other] ? 1 : 0) - (a < x[other] ? 1 : 0)
      let signY = (b > y[other] ? 1 : 0) - (b < y[other] ? 1 : 0)
      rankX += signX
      rankY += signY
      difference += signX * signY
      tiedX += 1 - signX * signX
      tiedY += 1 - signY * signY
    }
  }

  static func + (a: Sums, b: Sums) -> Sums { a.adding(b, 1) }
  static func - (a: Sums, b: Sums) -> Sums { a.adding(b, -1) }

  private func adding(_ other: Sums, _ sign: Int) -> Sums {
    var sum = self
    sum.difference += sign * other.difference
    sum.tiedX += sign * other.tiedX
    sum.tiedY += sign * other.tiedY
    return sum
  }

  /// Both correlations of `n` rows with these ranks; rows that are left out have ranks of 0.
  func correlations(_ ranks: [Sums], _ n: Int) -> RankCorrelation {
    var squaresX = 0, squaresY = 0, products = 0
    for row in ranks {
      squaresX += row.rankX * row.rankX
      squaresY += row.rankY * row.rankY
      products += row.rankX * row.rankY
    }
    // A column is constant exactly where all its centred ranks are 0.
    if let obstacle = Figure.Reason.ofColumns(
      count: n, isConstantX: squaresX == 0, isConstantY: squaresY == 0)
    {
      return RankCorrelation(undefined: obstacle)
    }
    let rho = Double(products) / (Double(squaresX).squareRoot() * Double(squaresY).squareRoot())
    let pairs = n * (n - 1) / 2
    let scale = Double(pairs - tiedX / 2).squareRoot() * Double(pairs - tiedY / 2).squareRoot()
    return RankCorrelation(
      spearman: .finite(max(-1, min(1, rho))),
      kendallTauB: .finite(max(-1, min(1, Double(difference / 2) / scale))))
  }
}
