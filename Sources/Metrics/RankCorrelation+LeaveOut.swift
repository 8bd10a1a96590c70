extension RankCorrelation {
  /// Up to so many rows ``leaveOneOut(_:predictions:gold:clusters:count:)`` is taken: it visits every
  /// pair of rows once and keeps a number a row and cluster.
  static let pairwiseLimit = 2048

  /// Spearman's or Kendall's correlation without each cluster in turn, the same to the last bit as
  /// computed anew on the remaining rows, in O(n²) for all clusters together.
  ///
  /// Without cluster c a row's centred double rank, Σⱼ sign(xᵢ - xⱼ), loses the terms of c's rows; so
  /// do Kendall's sums over pairs.
  ///
  /// - Parameters:
  ///   - metric: `.spearman` or `.kendall`.
  ///   - predictions: (n,), finite; gold the same.
  ///   - clusters: (n,), each in 0 ..< count.
  /// - Returns: (count,); undefined where fewer than two rows or a constant column remain.
  package static func leaveOneOut(
    _ metric: Metric, predictions: [Double], gold: [Double], clusters: [Int], count: Int
  ) -> [Figure] {
    precondition(
      predictions.count == gold.count && gold.count == clusters.count, "columns of one length")
    return metric == .spearman
      ? spearmanWithoutEach(predictions, gold, clusters, count)
      : kendallWithoutEach(predictions, gold, clusters, count)
  }

  private static func sign(_ a: Double, _ b: Double) -> Int { (a > b ? 1 : 0) - (a < b ? 1 : 0) }

  /// Centred double ranks, (n,), and what each row's loses without each cluster, (n, count).
  private static func ranks(
    _ x: [Double], _ clusters: [Int], _ count: Int
  ) -> (all: [Int], lost: [Int32]) {
    var all = [Int](repeating: 0, count: x.count)
    var lost = [Int32](repeating: 0, count: x.count * count)
    for i in x.indices {
      var sum = 0
      for j in x.indices {
        let sign = sign(x[i], x[j])
        sum += sign
        lost[i * count + clusters[j]] += Int32(sign)
      }
      all[i] = sum
    }
    return (all, lost)
  }

  private static func spearmanWithoutEach(
    _ x: [Double], _ y: [Double], _ clusters: [Int], _ count: Int
  ) -> [Figure] {
    let (ranksX, lostX) = ranks(x, clusters, count)
    let (ranksY, lostY) = ranks(y, clusters, count)
    return (0..<count).map { cluster in
      let rows = clusters.indices.filter { clusters[$0] != cluster }
      if let reason = obstacle(rows.map { x[$0] }, rows.map { y[$0] }) { return .undefined(reason) }
      func kept(_ ranks: [Int], _ lost: [Int32]) -> [Double] {
        rows.map { Double(ranks[$0] - Int(lost[$0 * count + cluster])) }
      }
      return PairedMoments(predictions: kept(ranksX, lostX), gold: kept(ranksY, lostY)).pcc()
    }
  }

  /// Sums over pairs of rows: concordant less discordant, and ties of either column.
  private struct PairSums {
    var difference = 0
    var tiedX = 0
    var tiedY = 0

    mutating func add(_ signX: Int, _ signY: Int) {
      difference += signX * signY
      tiedX += signX == 0 ? 1 : 0
      tiedY += signY == 0 ? 1 : 0
    }
  }

  private static func kendallWithoutEach(
    _ x: [Double], _ y: [Double], _ clusters: [Int], _ count: Int
  ) -> [Figure] {
    var total = PairSums()
    // Pairs with a row of the cluster; a pair within it is counted once.
    var touching = [PairSums](repeating: PairSums(), count: count)
    var sizes = [Int](repeating: 0, count: count)
    for i in x.indices {
      sizes[clusters[i]] += 1
      for j in 0..<i {
        let (signX, signY) = (sign(x[i], x[j]), sign(y[i], y[j]))
        total.add(signX, signY)
        touching[clusters[i]].add(signX, signY)
        if clusters[j] != clusters[i] { touching[clusters[j]].add(signX, signY) }
      }
    }
    return (0..<count).map { cluster in
      let rows = clusters.indices.filter { clusters[$0] != cluster }
      if let reason = obstacle(rows.map { x[$0] }, rows.map { y[$0] }) { return .undefined(reason) }
      let n = x.count - sizes[cluster]
      let pairs = n * (n - 1) / 2
      let freeX = pairs - (total.tiedX - touching[cluster].tiedX)
      let freeY = pairs - (total.tiedY - touching[cluster].tiedY)
      let difference = total.difference - touching[cluster].difference
      let scale = Double(freeX).squareRoot() * Double(freeY).squareRoot()
      return .finite(max(-1, min(1, Double(difference) / scale)))
    }
  }
}
