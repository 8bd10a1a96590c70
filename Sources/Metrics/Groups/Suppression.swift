/// How large a group is at least whose figures may be shown.
public struct PublishingThreshold: Sendable, Hashable {
  public let minRows, minClusters: Int

  public init(minRows: Int, minClusters: Int) {
    (self.minRows, self.minClusters) = (minRows, minClusters)
  }

  public func allows(rows: Int, clusters: Int) -> Bool {
    rows >= minRows && clusters >= minClusters
  }
}

/// Decides which row sets may be shown beside the whole that they are taken from.
///
/// Who knows a sum over each shown set, as of labels or of squared errors, knows it for every linear
/// combination of the sets' indicator vectors. A set is withheld where it is too small itself (primary
/// suppression) and where it would bring into the span of the shown sets and the whole a vector that
/// is non-zero on too few rows or too few clusters (complementary suppression; Willenborg and de Waal
/// 2001, Elements of Statistical Disclosure Control). The decision depends on the row sets and their
/// clusters alone, on no label and no prediction.
public enum Suppression {
  public enum Verdict: Sendable, Hashable {
    case shown
    /// Below the threshold.
    case tooSmall
    /// Large enough, and with the other shown sets it would reveal figures of too few rows.
    case revealing
  }

  /// The verdict on each of `sets`. Large sets are decided first, one that is given several times as
  /// if it were that much larger, and of two equally large ones the first.
  /// - Parameters:
  ///   - sets: row numbers of each set, ascending or not; identical sets have the same verdict.
  ///   - wholes: rows of which figures are shown anyway, such as the rows with a label of each
  ///     target; a set is shown if that is safe within every one of them.
  ///   - clusters: the cluster of each row, by row number.
  public static func verdicts(
    on sets: [[Int]], of wholes: [[Int]], clusters: [Int], threshold: PublishingThreshold
  ) -> [Verdict] {
    var tables = Set(wholes).map { SetTable(rows: $0, clusters: $0.map { clusters[$0] }) }
    var verdicts = [Verdict](repeating: .tooSmall, count: sets.count)
    let all = sets.map(Set.init)
    let copies = Dictionary(all.map { ($0, 1) }, uniquingKeysWith: +)
    let weights = all.map { $0.count * (copies[$0] ?? 1) }
    for index in sets.indices.sorted(by: { (-weights[$0], $0) < (-weights[$1], $1) }) {
      let members = all[index]
      guard tables.allSatisfy({ $0.allows(members, threshold) }) else { continue }
      let extended = tables.map { $0.adding(members) }
      guard extended.allSatisfy({ !$0.isRevealing(threshold) }) else {
        verdicts[index] = .revealing
        continue
      }
      (tables, verdicts[index]) = (extended, .shown)
    }
    return verdicts
  }
}

/// The rows of a whole, partitioned by the shown sets that they belong to.
private struct SetTable {
  private let rows, clusters: [Int]
  /// Rows of one part belong to the same sets.
  private var partOfRow: [Int]
  /// Which sets a part belongs to, the whole first: 1 or 0 each.
  private var parts: [[UInt64]]

  init(rows: [Int], clusters: [Int]) {
    (self.rows, self.clusters) = (rows, clusters)
    partOfRow = rows.map { _ in 0 }
    parts = [[1]]
  }

  func allows(_ members: Set<Int>, _ threshold: PublishingThreshold) -> Bool {
    let places = rows.indices.filter { members.contains(rows[$0]) }
    let count = Set(places.map { clusters[$0] }).count
    return threshold.allows(rows: places.count, clusters: count)
  }

  func adding(_ members: Set<Int>) -> SetTable {
    var table = self
    var numbers: [[UInt64]: Int] = [:]
    table.parts = []
    table.partOfRow = rows.indices.map { place in
      let part = parts[partOfRow[place]] + [members.contains(rows[place]) ? 1 : 0]
      if let known = numbers[part] { return known }
      numbers[part] = numbers.count
      table.parts.append(part)
      return numbers.count - 1
    }
    return table
  }

  /// Whether the set added last brings in a vector that is non-zero on too few rows or clusters, where
  /// the others do not.
  func isRevealing(_ threshold: PublishingThreshold) -> Bool {
    var partsOfCluster: [Int: Set<Int>] = [:]
    for (part, cluster) in zip(partOfRow, clusters) {
      partsOfCluster[cluster, default: []].insert(part)
    }
    return contains(partOfRow.map { [$0] }, under: threshold.minRows)
      || contains(partsOfCluster.values.map { $0.sorted() }, under: threshold.minClusters)
  }

  /// - Parameter units: the parts of each row or cluster.
  private func contains(_ units: [[Int]], under minimum: Int) -> Bool {
    let counts = Dictionary(units.map { ($0, 1) }, uniquingKeysWith: +)
    let ordered = counts.sorted {
      $0.value != $1.value ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
    }
    let units = ordered.map { names, count in
      SparseVectorSearch.Unit(parts: names.map { parts[$0] }, cost: count)
    }
    var search = SparseVectorSearch(width: parts[0].count)
    return search.succeeds(units, budget: minimum)
  }
}
