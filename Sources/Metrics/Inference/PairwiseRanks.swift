/// Spearman's and Kendall's correlations, and both without each cluster in turn, from one visit of
/// every pair of rows: O(n²) for all clusters together, without sorting.
///
/// A row's centred double rank is Σⱼ sign(xᵢ - xⱼ). Without cluster c it loses the terms of c's rows,
/// and so do Kendall's sums over pairs. All of these are whole numbers, so that every figure has the
/// bits of ``RankCorrelation`` on the same rows.
package struct PairwiseRanks: Sendable {
  /// Up to so many rows this is quicker than sorting once a cluster, and no sum leaves 32 bits.
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
    let pairs = RowPairs(predictions, gold)
    // Rows in the order of their clusters, and where each cluster begins.
    var starts = [Int](repeating: 0, count: count + 1)
    for cluster in clusters { starts[cluster + 1] += 1 }
    for cluster in 0..<count { starts[cluster + 1] += starts[cluster] }
    var (next, rows) = (starts, [Int](repeating: 0, count: n))
    for row in 0..<n {
      rows[next[clusters[row]]] = row
      next[clusters[row]] += 1
    }
    let total = pairs.total
    all = total.correlations(rows: n)
    withoutEach = (0..<count).map { cluster in
      let members = rows[starts[cluster]..<starts[cluster + 1]]
      return pairs.without(members, total).correlations(rows: n - members.count)
    }
  }
}

/// Sixteen rows side by side.
private typealias Lanes = SIMD16<Int32>

/// Two columns as levels (0 for the smallest value, equal for equal ones), with what the pairs of each
/// row add up to. The last block is filled up with rows above all others.
private struct RowPairs {
  private let x: [Lanes]
  private let y: [Lanes]
  /// Centred double ranks; 0 in the filling.
  private let ranksX: [Lanes]
  private let ranksY: [Lanes]
  private let rows: [RowSums]

  init(_ predictions: [Double], _ gold: [Double]) {
    x = Lanes.packed(Self.levels(predictions), filler: .max)
    y = Lanes.packed(Self.levels(gold), filler: .max)
    let filling = Int32(x.count * 16 - predictions.count)
    var rows: [RowSums] = []
    rows.reserveCapacity(predictions.count)
    for row in predictions.indices { rows.append(Self.sums(of: row, x, y, filling)) }
    self.rows = rows
    ranksX = Lanes.packed(rows.map { $0.rankX }, filler: 0)
    ranksY = Lanes.packed(rows.map { $0.rankY }, filler: 0)
  }

  /// How many values of a column lie below each: in their order, and equal where they are.
  private static func levels(_ column: [Double]) -> [Int32] {
    typealias Eight = SIMD8<Double>
    var packed = [Eight](repeating: Eight(repeating: .infinity), count: (column.count + 7) / 8)
    for row in column.indices { packed[row / 8][row % 8] = column[row] }
    return column.map { value in
      var below = SIMD8<Int64>.zero
      for block in packed { below &-= unsafeBitCast(block .< value, to: SIMD8<Int64>.self) }
      return Int32(below.wrappedSum())
    }
  }

  private static func sums(
    of row: Int, _ x: [Lanes], _ y: [Lanes], _ filling: Int32
  ) -> RowSums {
    let (xi, yi) = (
      Lanes(repeating: x[row / 16][row % 16]), Lanes(repeating: y[row / 16][row % 16])
    )
    var rankX = Lanes.zero, rankY = Lanes.zero, difference = Lanes.zero
    var tiedX = Lanes.zero, tiedY = Lanes.zero
    for block in x.indices {
      let signX = xi.sign(x[block]), signY = yi.sign(y[block])
      rankX &+= signX
      rankY &+= signY
      difference &+= signX &* signY
      tiedX &-= Lanes.negative(where: x[block] .== xi)
      tiedY &-= Lanes.negative(where: y[block] .== yi)
    }
    // Each filled row counts as above, and a row is tied with itself.
    return RowSums(
      rankX: rankX.wrappedSum() + filling, rankY: rankY.wrappedSum() + filling,
      difference: difference.wrappedSum() - filling, tiedX: tiedX.wrappedSum() - 1,
      tiedY: tiedY.wrappedSum() - 1)
  }

  var total: SetSums {
    var total = SetSums()
    for row in rows {
      total.squaresX += Int(row.rankX) * Int(row.rankX)
      total.squaresY += Int(row.rankY) * Int(row.rankY)
      total.products += Int(row.rankX) * Int(row.rankY)
      total.difference += Int(row.difference)
      total.tiedX += Int(row.tiedX)
      total.tiedY += Int(row.tiedY)
    }
    return total
  }

  /// The sums over all rows but `members`.
  func without(_ members: ArraySlice<Int>, _ total: SetSums) -> SetSums {
    var sums = total
    (sums.squaresX, sums.squaresY, sums.products) = rankSums(without: members)
    // A pair with one member is counted from both of its ends, a pair of members is so already.
    for member in members {
      sums.difference -= 2 * Int(rows[member].difference)
      sums.tiedX -= 2 * Int(rows[member].tiedX)
      sums.tiedY -= 2 * Int(rows[member].tiedY)
    }
    for first in members {
      for second in members where second != first {
        let signX = (level(x, first) - level(x, second)).signum()
        let signY = (level(y, first) - level(y, second)).signum()
        sums.difference += Int(signX * signY)
        sums.tiedX += signX == 0 ? 1 : 0
        sums.tiedY += signY == 0 ? 1 : 0
      }
    }
    return sums
  }

  private func rankSums(
    without members: ArraySlice<Int>
  ) -> (squaresX: Int, squaresY: Int, products: Int) {
    var squaresX = Lanes.zero, squaresY = Lanes.zero, products = Lanes.zero
    for block in x.indices {
      var rankX = ranksX[block], rankY = ranksY[block]
      for member in members {
        rankX &+= Lanes(repeating: level(x, member)).sign(x[block])
        rankY &+= Lanes(repeating: level(y, member)).sign(y[block])
      }
      for member in members where member / 16 == block {
        rankX[member % 16] = 0
        rankY[member % 16] = 0
      }
      if block == x.count - 1 {
        for lane in stride(from: 15, to: (rows.count - 1) % 16, by: -1) {
          rankX[lane] = 0
          rankY[lane] = 0
        }
      }
      squaresX &+= rankX &* rankX
      squaresY &+= rankY &* rankY
      products &+= rankX &* rankY
    }
    return (squaresX.sum, squaresY.sum, products.sum)
  }

  private func level(_ column: [Lanes], _ row: Int) -> Int32 { column[row / 16][row % 16] }
}

/// What the pairs of one row with all others add up to.
private struct RowSums {
  var rankX: Int32
  var rankY: Int32
  /// Concordant less discordant pairs.
  var difference: Int32
  var tiedX: Int32
  var tiedY: Int32
}

/// Sums over a set of rows; each pair counts twice.
private struct SetSums {
  var squaresX = 0
  var squaresY = 0
  var products = 0
  var difference = 0
  var tiedX = 0
  var tiedY = 0

  func correlations(rows n: Int) -> RankCorrelation {
    if let reason = obstacle(rows: n) {
      return RankCorrelation(spearman: .undefined(reason), kendallTauB: .undefined(reason))
    }
    let rho = Double(products) / (Double(squaresX).squareRoot() * Double(squaresY).squareRoot())
    let pairs = n * (n - 1) / 2
    let scale =
      Double(pairs - tiedX / 2).squareRoot() * Double(pairs - tiedY / 2).squareRoot()
    return RankCorrelation(
      spearman: .finite(max(-1, min(1, rho))),
      kendallTauB: .finite(max(-1, min(1, Double(difference / 2) / scale))))
  }

  private func obstacle(rows n: Int) -> Figure.Reason? {
    guard n > 1 else { return n == 0 ? .noRows : .tooFewRows }
    // A column is constant exactly where all its centred ranks are 0.
    return switch (squaresX == 0, squaresY == 0) {
    case (true, true): .bothConstant
    case (true, false): .constantPrediction
    case (false, true): .constantGold
    case (false, false): nil
    }
  }
}

extension SIMD16<Int32> {
  fileprivate static func packed(_ column: [Int32], filler: Int32) -> [Self] {
    var packed = [Self](repeating: Self(repeating: filler), count: (column.count + 15) / 16)
    for row in column.indices { packed[row / 16][row % 16] = column[row] }
    return packed
  }

  /// -1 where `mask` holds, else 0: what a comparison leaves in the register.
  @inline(__always)
  fileprivate static func negative(where mask: SIMDMask<SIMD16<Int32>>) -> Self {
    unsafeBitCast(mask, to: Self.self)
  }

  /// The sign of self - other in each lane.
  @inline(__always)
  fileprivate func sign(_ other: Self) -> Self {
    Self.negative(where: other .> self) &- Self.negative(where: other .< self)
  }

  /// The sum of lanes whose sum may leave 32 bits.
  fileprivate var sum: Int { indices.reduce(0) { $0 + Int(self[$1]) } }
}
