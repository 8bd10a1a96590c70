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
      self.init(undefined: reason)
      return
    }
    let orders = Parallel.map(2, threads: threads) { TiedOrder($0 == 0 ? predictions : gold) }
    let ranks = Parallel.map(2, threads: threads) { orders[$0].centredDoubleRanks() }
    self.init(
      spearman: PairedMoments(predictions: ranks[0], gold: ranks[1], threads: threads).pcc(),
      kendallTauB: Self.tauB(orders[0], orders[1], threads: threads))
  }

  init(spearman: Figure, kendallTauB: Figure) {
    (self.spearman, self.kendallTauB) = (spearman, kendallTauB)
  }

  init(undefined reason: Figure.Reason) {
    self.init(spearman: .undefined(reason), kendallTauB: .undefined(reason))
  }

  /// A metric of the ranks; others are `methodDoesNotApply`.
  public func figure(_ metric: Metric) -> Figure {
    guard case .ranks(let figure) = metric.computation else {
      return .undefined(.methodDoesNotApply)
    }
    return figure(self)
  }

  private static func obstacle(_ x: [Double], _ y: [Double]) -> Figure.Reason? {
    // The product with zero is NaN exactly where a value is not finite.
    var sum = 0.0
    for i in x.indices { sum += x[i] * 0 + y[i] * 0 }
    guard sum == 0 || x.count < 2 else { return .notFinite }
    return .ofColumns(
      count: x.count, isConstantX: x.allSatisfy { $0 == x[0] },
      isConstantY: y.allSatisfy { $0 == y[0] })
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
  private typealias Elements = UnsafeMutableBufferPointer<UInt32>

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
        total += mergeRuns(front, back, width: pieceLength, threads: threads).inversions
      }
    }
    return total
  }

  /// Sorts `a` in place and returns its inversions; `b` is as long, its contents are lost.
  private static func sortPiece(_ a: Elements, _ b: Elements) -> Int {
    var total = 0
    for start in stride(from: 0, to: a.count, by: blockLength) {
      total += insertionSort(a, start, min(a.count, start + blockLength))
    }
    let merged = mergeRuns(a, b, width: blockLength, threads: 1)
    if merged.isInBack { _ = a.update(fromContentsOf: b) }
    return total + merged.inversions
  }

  /// Merges the sorted runs of `width` elements in `front` until one is left, there or in `back`.
  private static func mergeRuns(
    _ front: Elements, _ back: Elements, width: Int, threads: Int
  ) -> (inversions: Int, isInBack: Bool) {
    let n = front.count
    var (width, inversions, isInBack) = (width, 0, false)
    while width < n {
      nonisolated(unsafe) let (from, to) = isInBack ? (back, front) : (front, back)
      let span = 2 * width
      inversions += Parallel.map((n + span - 1) / span, threads: threads) { [width] pair in
        let start = pair * span
        return merge(from, to, start, min(n, start + width), min(n, start + span))
      }.reduce(0, +)
      isInBack.toggle()
      width = span
    }
    return (inversions, isInBack)
  }

  private static func insertionSort(_ a: Elements, _ start: Int, _ end: Int) -> Int {
    var moves = 0
    for i in start + 1..<end {
      let element = a[i]
      var j = i
      while j > start, a[j &- 1] > element {
        a[j] = a[j &- 1]
        j &-= 1
      }
      a[j] = element
      moves &+= i &- j
    }
    return moves
  }

  /// Merges from[start..<middle] and from[middle..<end], both sorted, into `to`; every element of
  /// the right run that overtakes k of the left one counts k.
  private static func merge(
    _ from: Elements, _ to: Elements, _ start: Int, _ middle: Int, _ end: Int
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
