import Basics

/// Spearman's and Kendall's correlations of two columns, sorted once for both.
public struct RankCorrelation: Sendable, Hashable {
  /// Pearson's correlation of the average ranks, in [-1, 1].
  public let spearman: Figure
  /// (concordant - discordant) / sqrt((n₀ - n₁)(n₀ - n₂)), in [-1, 1]; ties as in tau-b.
  public let kendallTauB: Figure

  /// Both columns are (n,); undefined for n < 2, a constant column or a value that is not finite.
  ///
  /// - Parameter threads: at most this many at once; the figures do not depend on it.
  public init(predictions: [Double], gold: [Double], threads: Int = 1) {
    precondition(predictions.count == gold.count, "columns of different length")
    if let reason = Self.obstacle(predictions, gold) {
      spearman = .undefined(reason)
      kendallTauB = .undefined(reason)
      return
    }
    let orders = Parallel.map(2, threads: threads) { TiedOrder($0 == 0 ? predictions : gold) }
    let ranks = Parallel.map(2, threads: threads) { orders[$0].centredDoubleRanks() }
    spearman = PairedMoments(predictions: ranks[0], gold: ranks[1], threads: threads).pcc()
    kendallTauB = Self.tauB(orders[0], orders[1], threads: threads)
  }

  package init(spearman: Figure, kendallTauB: Figure) {
    self.spearman = spearman
    self.kendallTauB = kendallTauB
  }

  /// A metric of the ranks; others are `methodDoesNotApply`.
  public func figure(_ metric: Metric) -> Figure {
    if case .ranks(let figure) = metric.computation {
      figure(self)
    } else {
      .undefined(.methodDoesNotApply)
    }
  }

  static func obstacle(_ x: [Double], _ y: [Double]) -> Figure.Reason? {
    guard x.count > 1, let x0 = x.first, let y0 = y.first else {
      return x.isEmpty ? .noRows : .tooFewRows
    }
    // The product with zero is NaN exactly where a value is not finite.
    var sum = 0.0
    for i in x.indices { sum += x[i] * 0 + y[i] * 0 }
    guard sum == 0 else { return .notFinite }
    switch (x.allSatisfy { $0 == x0 }, y.allSatisfy { $0 == y0 }) {
    case (true, true): return .bothConstant
    case (true, false): return .constantPrediction
    case (false, true): return .constantGold
    case (false, false): return nil
    }
  }

  /// Knight's algorithm; tau-b is symmetric, so the column with fewer ties leads.
  private static func tauB(_ x: TiedOrder, _ y: TiedOrder, threads: Int) -> Figure {
    let (lead, other) = x.groupCount >= y.groupCount ? (x, y) : (y, x)
    let n = lead.rows.count
    var sequence = lead.rows.map { other.groupOfRow[Int($0)] }
    var jointlyTied = 0
    for group in 0..<lead.groupCount {
      let range = lead.starts[group]..<lead.starts[group + 1]
      guard range.count > 1 else { continue }
      sequence[range].sort()
      var run = 1
      for i in range.dropFirst() {
        run = sequence[i] == sequence[i - 1] ? run + 1 : 1
        jointlyTied += run - 1
      }
    }
    let discordant = Inversions.count(sequence, threads: threads)
    let pairs = n * (n - 1) / 2
    let (tiedLead, tiedOther) = (lead.tiedPairs, other.tiedPairs)
    let difference = pairs - tiedLead - tiedOther + jointlyTied - 2 * discordant
    let scale = Double(pairs - tiedLead).squareRoot() * Double(pairs - tiedOther).squareRoot()
    return .finite(max(-1, min(1, Double(difference) / scale)))
  }
}
