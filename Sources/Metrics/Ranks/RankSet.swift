/// The ranks that are compatible with the data, 1 the best.
///
/// With the chosen confidence all systems' true ranks lie in their sets at once: a system that is
/// better by its whole simultaneous interval stands above, one that is worse below, and the rest
/// may stand on either side (Mogstad, Romano, Shaikh and Wilhelm 2024).
public struct RankSet: Sendable, Hashable, Codable {
  public let best: Int
  public let worst: Int

  public init(best: Int, worst: Int) {
    precondition(best <= worst, "the best rank is the smaller number")
    (self.best, self.worst) = (best, worst)
  }

  static func all(_ differences: SimultaneousDifferences, higherIsBetter: Bool) -> [RankSet] {
    let figures = differences.figures
    return figures.indices.map { i in
      var above = 0, below = 0
      for j in figures.indices where j != i {
        let lead = (figures[j] - figures[i]) * (higherIsBetter ? 1 : -1)
        let half = differences.halfWidth(i, j)
        if lead > half { above += 1 }
        if -lead > half { below += 1 }
      }
      return RankSet(best: 1 + above, worst: figures.count - below)
    }
  }
}

/// Tie groups as letters: systems that share a letter are not told apart.
public enum CompactLetters {
  /// More groups than this are no display any more.
  static let mostGroups = 300

  /// Insert and absorb (Piepho 2004, J. Comput. Graph. Stat. 13:456).
  ///
  /// - Parameters:
  ///   - table: adjusted p-values.
  ///   - order: the systems to show, best first; letters go by it.
  ///   - alpha: pairs with p <= alpha are told apart.
  /// - Returns: letters of every system in the table's numbering, empty for those not in `order`.
  public static func display(
    _ table: PairTable, order: [Int], alpha: Double
  ) -> Outcome<[String]> {
    var groups: [Set<Int>] = order.isEmpty ? [] : [Set(order.indices)]
    for b in order.indices {
      for a in 0..<b {
        guard let p = table[order[a], order[b]], p <= alpha else { continue }
        groups = split(groups, a, b)
        guard groups.count <= mostGroups else { return .undefined(.tooManySystems) }
      }
    }
    groups.sort { ($0.min() ?? 0, $0.max() ?? 0) < ($1.min() ?? 0, $1.max() ?? 0) }
    var letters = [String](repeating: "", count: table.count)
    for (number, group) in groups.enumerated() {
      for place in group { letters[order[place]] += name(number) }
    }
    return .value(letters)
  }

  private static func split(_ groups: [Set<Int>], _ a: Int, _ b: Int) -> [Set<Int>] {
    var kept = groups.filter { !($0.contains(a) && $0.contains(b)) }
    for group in groups where group.contains(a) && group.contains(b) {
      for dropped in [b, a] {
        let part = group.subtracting([dropped])
        if !kept.contains(where: { part.isSubset(of: $0) }) { kept.append(part) }
      }
    }
    return kept
  }

  /// a, b, …, z, then a′, b′, … so that every group keeps a mark of its own.
  private static func name(_ number: Int) -> String {
    let letter = String(UnicodeScalar(UInt8(97 + number % 26)))
    return letter + String(repeating: "′", count: number / 26)
  }
}
