/// The ranks that are compatible with the data, 1 the best: one more than the number of systems that
/// are significantly better, up to all but those that are significantly worse.
public struct RankSet: Sendable, Hashable, Codable {
  public let best: Int
  public let worst: Int

  public init(best: Int, worst: Int) {
    precondition(best <= worst, "the best rank is the smaller number")
    (self.best, self.worst) = (best, worst)
  }
}

/// Tie groups as letters: systems that share a letter are not told apart.
public enum CompactLetters {
  /// More groups than this are no display any more.
  static let mostGroups = 300

  /// Insert and absorb (Piepho 2004, J. Comput. Graph. Stat. 13:456).
  ///
  /// - Parameters:
  ///   - order: the systems to show, best first; letters go by it.
  ///   - isApart: whether two systems are told apart.
  /// - Returns: the groups of every system, none for those not in `order`.
  public static func display(
    count: Int, order: [Int], isApart: (Int, Int) -> Bool
  ) -> Outcome<[[String]]> {
    var groups: [Set<Int>] = order.isEmpty ? [] : [Set(order.indices)]
    for b in order.indices {
      for a in 0..<b where isApart(order[a], order[b]) {
        groups = split(groups, a, b)
        guard groups.count <= mostGroups else { return .undefined(.tooManySystems) }
      }
    }
    groups.sort { ($0.min() ?? 0, $0.max() ?? 0) < ($1.min() ?? 0, $1.max() ?? 0) }
    var letters = [[String]](repeating: [], count: count)
    for (number, group) in groups.enumerated() {
      for place in group { letters[order[place]].append(name(number)) }
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

  /// a, b, …, z, aa, ab, …: a name is one group's, and is never taken apart.
  private static func name(_ number: Int) -> String {
    let letter = String(UnicodeScalar(UInt8(97 + number % 26)))
    return number < 26 ? letter : name(number / 26 - 1) + letter
  }
}
