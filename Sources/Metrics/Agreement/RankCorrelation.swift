import Basics

/// Spearman's and Kendall's correlations of two columns, sorted once for both.
public struct RankCorrelation: Sendable, Hashable {
  /// Pearson's correlation of the average ranks, in [-1, 1].
  public let spearman: Figure
  /// (concordant - discordant) / sqrt((n₀ - n₁)(n₀ - n₂)), in [-1, 1]; ties as in tau-b.
  public let kendallTauB: Figure

  /// Both columns are (n,); undefined for n < 2, a constant column or a value that is not finite.
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

/// Counts pairs that stand in the wrong order, by merge sort.
enum Inversions {
  /// Elements of a piece that one task sorts; fixed, though the count is exact for any.
  private static let pieceLength = 1 << 16
  private static let blockLength = 16

  /// Number of pairs i < j with sequence[i] > sequence[j]; equal elements are no inversion.
  static func count(_ sequence: [UInt32], threads: Int) -> Int {
    var from = sequence
    var to = [UInt32](repeating: 0, count: sequence.count)
    let n = sequence.count
    var total = 0
    let pieces = (n + pieceLength - 1) / pieceLength
    from.withUnsafeMutableBufferPointer { front in
      to.withUnsafeMutableBufferPointer { back in
        // Pieces do not overlap, so tasks never touch each other's elements.
        nonisolated(unsafe) let (front, back) = (front, back)
        total += Parallel.map(pieces, threads: threads) { piece in
          let start = piece * pieceLength
          let range = start..<min(n, start + pieceLength)
          return sortPiece(front.extracting(range), back.extracting(range))
        }.reduce(0, +)
        var width = pieceLength
        var source = front, target = back
        while width < n {
          nonisolated(unsafe) let (a, b) = (source, target)
          total += Parallel.map((n + 2 * width - 1) / (2 * width), threads: threads) { pair in
            let start = pair * 2 * width
            return merge(a, b, start, min(n, start + width), min(n, start + 2 * width))
          }.reduce(0, +)
          swap(&source, &target)
          width *= 2
        }
      }
    }
    return total
  }

  /// Sorts `a` in place and returns its inversions; `b` is as long, its contents are lost.
  private static func sortPiece(
    _ a: UnsafeMutableBufferPointer<UInt32>, _ b: UnsafeMutableBufferPointer<UInt32>
  ) -> Int {
    let n = a.count
    var total = 0
    for start in stride(from: 0, to: n, by: blockLength) {
      total += insertionSort(a, start, min(n, start + blockLength))
    }
    var source = a, target = b
    var width = blockLength
    var swapped = false
    while width < n {
      for start in stride(from: 0, to: n, by: 2 * width) {
        total += merge(source, target, start, min(n, start + width), min(n, start + 2 * width))
      }
      swap(&source, &target)
      swapped.toggle()
      width *= 2
    }
    if swapped { for i in 0..<n { a[i] = b[i] } }
    return total
  }

  private static func insertionSort(
    _ a: UnsafeMutableBufferPointer<UInt32>, _ start: Int, _ end: Int
  ) -> Int {
    var moves = 0
    var i = start + 1
    while i < end {
      let element = a[i]
      var j = i
      while j > start, a[j &- 1] > element {
        a[j] = a[j &- 1]
        j &-= 1
      }
      a[j] = element
      moves &+= i &- j
      i += 1
    }
    return moves
  }

  /// Merges from[start..<middle] and from[middle..<end], both sorted, into `to`; every element of
  /// the right run that overtakes k of the left one counts k.
  private static func merge(
    _ from: UnsafeMutableBufferPointer<UInt32>, _ to: UnsafeMutableBufferPointer<UInt32>,
    _ start: Int, _ middle: Int, _ end: Int
  ) -> Int {
    var i = start, j = middle, out = start, inversions = 0
    while i < middle, j < end {
      let (left, right) = (from[i], from[j])
      let takesRight = right < left
      to[out] = takesRight ? right : left
      let step = takesRight ? 1 : 0
      inversions &+= (middle &- i) &* step
      j &+= step
      i &+= 1 &- step
      out &+= 1
    }
    while i < middle {
      to[out] = from[i]
      i &+= 1
      out &+= 1
    }
    while j < end {
      to[out] = from[j]
      j &+= 1
      out &+= 1
    }
    return inversions
  }
}
