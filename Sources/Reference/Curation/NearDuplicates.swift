import Basics

/// Pairs of essays that are nearly the same.
public enum NearDuplicates {
  public struct Pair: Sendable, Equatable {
    /// Places in the list that was searched, first before second.
    public let first: Int
    public let second: Int
    /// Jaccard similarity of the sets of four-word shingles; 1 for equal normalised essays.
    public let similarity: Double
  }

  /// All pairs whose similarity is at least `threshold`, by place.
  ///
  /// Candidates share a shingle that no more than 50 essays have; a pair that shares only commoner
  /// ones is not seen. Essays of fewer than four words are compared by their normalised text alone.
  public static func find(_ essays: [String], threshold: Double = 0.8) -> [Pair] {
    precondition(threshold > 0 && threshold <= 1, "a similarity")
    let keys = essays.map { MatchingText($0) }
    let shingles = essays.map(shingles)
    var holders: [Int: [Int]] = [:]
    for (index, set) in shingles.enumerated() {
      for shingle in set { holders[shingle, default: []].append(index) }
    }
    var byKey: [MatchingText: [Int]] = [:]
    for (index, key) in keys.enumerated() where !key.text.isEmpty {
      byKey[key, default: []].append(index)
    }
    var found: [[Int]: Double] = [:]
    for same in byKey.values {
      for (place, first) in same.enumerated() {
        for second in same[(place + 1)...] { found[[first, second]] = 1 }
      }
    }
    var candidates: Set<[Int]> = []
    for indices in holders.values where indices.count > 1 && indices.count <= 50 {
      for (place, first) in indices.enumerated() {
        for second in indices[(place + 1)...] { candidates.insert([first, second]) }
      }
    }
    for pair in candidates where found[pair] == nil {
      let shared = shingles[pair[0]].intersection(shingles[pair[1]]).count
      let all = shingles[pair[0]].count + shingles[pair[1]].count - shared
      let similarity = Double(shared) / Double(all)
      if similarity >= threshold { found[pair] = similarity }
    }
    return found.map { Pair(first: $0.key[0], second: $0.key[1], similarity: $0.value) }
      .sorted { ($0.first, $0.second) < ($1.first, $1.second) }
  }

  private static func shingles(_ essay: String) -> Set<Int> {
    let words = MatchingText.words(essay)
    guard words.count >= 4 else { return [] }
    return Set(
      (0...words.count - 4).map { start in
        var hasher = Hasher()
        for word in words[start..<start + 4] { hasher.combine(word) }
        return hasher.finalize()
      })
  }
}
