import Basics

/// How unevenly rows are spread over persons.
public struct Concentration: Sendable, Hashable {
  /// Persons whose rows count together in ``topShare``.
  public static let topPersons = 5

  /// Rows, and the persons who have any of them.
  public let rows, holders: Int
  /// The share of the rows that belong to the five persons with most of them, in [0, 1].
  public let topShare: Double
  /// Gini's coefficient of the persons' counts, Σ_ij |x_i - x_j| / (2K Σx): 0 where all have equally
  /// many, 1 - 1/K where one has all.
  public let gini: Double

  /// - Parameter counts: rows of each person, (K,), 0 included; nil is returned where all are 0.
  public init?(_ counts: [Int]) {
    let sorted = counts.sorted()
    var total = 0, holders = 0, weighted = 0
    for (place, count) in sorted.enumerated() {
      total += count
      holders += count > 0 ? 1 : 0
      weighted += (place + 1) * count
    }
    guard total > 0 else { return nil }
    var top = 0
    for count in sorted.suffix(Self.topPersons) { top += count }
    let k = Double(counts.count)
    (rows, self.holders) = (total, holders)
    topShare = Double(top) / Double(total)
    gini = (2 * Double(weighted) / Double(total) - k - 1) / k
  }

  /// What as many rows, drawn at random, would show of a figure.
  public struct Reference: Sendable, Hashable {
    /// Mean and central 95% of the draws.
    public let mean, low, high: Double
    /// (b + 1) / (B + 1), with b of B draws at least as large as the figure.
    public let p: Double
  }

  /// The figures of `rows` rows that are drawn without replacement from all.
  /// - Parameters:
  ///   - personOfRow: (N,), each in 0 ..< persons; N at least ``rows``.
  ///   - replicates: draws, at least 2.
  public func reference(
    drawnFrom personOfRow: [Int], persons: Int, replicates: Int = 2_000, seed: UInt64
  ) -> (topShare: Reference, gini: Reference) {
    precondition(rows <= personOfRow.count && replicates > 1, "no more rows than there are")
    var generator = SplitMix64(seed: seed, stream: .rows)
    var order = personOfRow
    var counts = [Int](repeating: 0, count: persons)
    var shares: [Double] = [], ginis: [Double] = []
    for _ in 0..<replicates {
      for place in 0..<persons { counts[place] = 0 }
      for place in 0..<rows {
        let other = place + Int(generator.uniform() * Double(order.count - place))
        order.swapAt(place, other)
        counts[order[place]] += 1
      }
      guard let drawn = Concentration(counts) else { continue }
      shares.append(drawn.topShare)
      ginis.append(drawn.gini)
    }
    return (Self.reference(shares, topShare), Self.reference(ginis, gini))
  }

  private static func reference(_ draws: [Double], _ observed: Double) -> Reference {
    // Equal counts may differ by rounding.
    let exceeding = draws.count { $0 >= observed - 1e-12 }
    let ends = Quantiles.linear(draws, [0.025, 0.975])?.quantiles ?? [.nan, .nan]
    return Reference(
      mean: SampleMoments(draws).mean, low: ends[0], high: ends[1],
      p: Double(exceeding + 1) / Double(draws.count + 1))
  }
}
