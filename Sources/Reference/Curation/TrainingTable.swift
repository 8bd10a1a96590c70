import Basics
public import Foundation

/// One table to train on, put together from sets and labels, with a record of how.
public struct TrainingTable: Sendable, Equatable {
  /// In the order they were added.
  public private(set) var rows: [CuratedEssay] = []
  public private(set) var steps: [Step] = []
  /// Essays of the evaluation split, normalised.
  private let evaluation: Set<MatchingText>
  private let target: String
  private let overlap: Overlap

  /// What is done with rows that also stand in the evaluation split.
  public enum Overlap: String, Sendable, Codable {
    /// They are left out and counted.
    case refuse
    /// They stay and are counted.
    case keep
  }

  /// One set that was added.
  public struct Step: Sendable, Equatable, Codable {
    public let set, labels: String
    /// Rows given, rows chosen of them, rows in the table.
    public let given: Int
    public let chosen, added, changed, withoutModelLabel, withoutCrowdLabel: Int
    /// Rows that also stand in the evaluation split.
    public let inEvaluation: Int
    public let portion: Double
    public let seed: UInt64?
    /// Rows drawn whose crowd label was repaired; absent where none was.
    public let repaired: Int?
  }

  /// - Parameters:
  ///   - target: the name of what the labels say, which heads their column.
  ///   - evaluation: the texts of the split that will be evaluated on.
  public init(target: String, evaluation: [String], overlap: Overlap = .refuse) {
    self.target = target
    self.evaluation = Set(evaluation.map { MatchingText($0) })
    self.overlap = overlap
  }

  /// Adds the rows of a set with labels chosen by `correction`; returns what it did to them.
  /// - Parameter portion: the share of rows to take, in (0, 1]; round(portion · n) rows are drawn
  ///   with `seed` and keep their order. A seed's smaller draw is part of its larger.
  /// - Throws: `ReferenceError`; the table is then as it was.
  @discardableResult public mutating func add(
    _ essays: [LabelledEssay], set: String, correction: LabelCorrection, portion: Double = 1,
    seed: UInt64 = 0
  ) throws(ReferenceError) -> LabelCorrection.Summary {
    guard portion > 0, portion <= 1 else {
      throw .curation(
        .outOfRange(what: "the portion", value: "\(portion)", range: "above 0 and at most 1"))
    }
    var generator = SplitMix64(seed: seed)
    let drawn = Int((portion * Double(essays.count)).rounded())
    let order = Array(essays.indices).shuffled(using: &generator)
    let chosen = order.prefix(drawn).sorted().map { essays[$0] }
    let (curated, summary) = try correction.apply(chosen, set: set)
    let known = Set(rows.lazy.filter { $0.set == set }.map(\.id))
    let again = curated.map(\.id).filter(known.contains)
    guard again.isEmpty else { throw .curation(.duplicateIDs(again)) }
    let clean = curated.filter { !evaluation.contains(MatchingText($0.text)) }
    let kept = overlap == .keep ? curated : clean
    rows += kept
    let repaired = chosen.count { $0.crowdSource != Agreement.crowd }
    steps.append(
      Step(
        set: set, labels: correction.name, given: essays.count, chosen: chosen.count,
        added: kept.count, changed: summary.changed, withoutModelLabel: summary.withoutModelLabel,
        withoutCrowdLabel: summary.withoutCrowdLabel, inEvaluation: curated.count - clean.count,
        portion: portion, seed: portion < 1 ? seed : nil, repaired: repaired > 0 ? repaired : nil))
    return summary
  }

  /// Rows by provenance.
  public var provenances: [String: Int] {
    rows.reduce(into: [:]) { $0[$1.provenance, default: 0] += 1 }
  }

  /// What stands beside the table: how it was made, and digests of what it holds.
  public struct Manifest: Sendable, Equatable, Codable {
    public var schema = 1
    public let rows: Int
    public let steps: [Step]
    public let provenances: [String: Int]
    public let overlap: Overlap
    /// SHA-256 of the table's file.
    public let table: String
    /// SHA-256 over the sorted normalised essays of the evaluation split.
    public let evaluation: String
    /// Pairs of near duplicates among the rows, which are reported and not removed.
    public let nearDuplicates: Int
  }

  /// The table as CSV: set, id, person, the label under the target's name, provenance, essay.
  /// Training reads it back, so that every cell is exact.
  public var csv: String {
    var table = CSVWriter(["set", "id", "person", target, "provenance", "essay"])
    for row in rows {
      table.add([
        .exact(row.set), .exact(row.id), .exact(row.person ?? ""), .number(row.label),
        .exact(row.provenance), .exact(row.text),
      ])
    }
    return table.text
  }

  public var manifest: Manifest {
    Manifest(
      rows: rows.count, steps: steps, provenances: provenances, overlap: overlap,
      table: Digest.sha256(csv),
      evaluation: Digest.sha256(evaluation.map(\.text).sorted().joined(separator: "\n")),
      nearDuplicates: NearDuplicates.find(rows.map(\.text)).count)
  }

  /// Writes the table to `file` and its manifest beside it (`file` with `.manifest.json` after),
  /// readable by their owner alone.
  public func write(to file: URL) throws {
    try AtomicFile.write(Data(csv.utf8), to: file, permissions: 0o600)
    try AtomicFile.write(
      try CanonicalJSON.document(manifest), to: file.appendingPathExtension("manifest.json"),
      permissions: 0o600)
  }
}

/// Pairs of essays that are nearly the same.
public enum NearDuplicates {
  public struct Pair: Sendable, Equatable {
    /// Places in the list that was searched, first before second.
    public let first: Int
    public let second: Int
    /// Jaccard similarity of the sets of four-word shingles; 1 for equal normalised essays.
    public let similarity: Double
  }

  /// All pairs whose similarity is at least `threshold`, by place, but for those that share only
  /// shingles of more than 50 essays. Shorter essays are compared by their normalised text.
  public static func find(_ essays: [String], threshold: Double = 0.8) -> [Pair] {
    precondition(threshold > 0 && threshold <= 1, "a similarity")
    let keys = essays.map { MatchingText($0) }
    let shingles = essays.map(shingles)
    var holders: [Int: [Int]] = [:]
    for (index, set) in shingles.enumerated() {
      for shingle in set { holders[shingle, default: []].append(index) }
    }
    let same = Dictionary(grouping: keys.indices.filter { !keys[$0].text.isEmpty }) { keys[$0] }
    var found = Dictionary(uniqueKeysWithValues: same.values.flatMap(pairs).map { ($0, 1.0) })
    let candidates = Set(holders.values.filter { $0.count <= 50 }.flatMap(pairs))
    for pair in candidates where found[pair] == nil {
      let shared = shingles[pair[0]].intersection(shingles[pair[1]]).count
      let all = shingles[pair[0]].count + shingles[pair[1]].count - shared
      let similarity = Double(shared) / Double(all)
      if similarity >= threshold { found[pair] = similarity }
    }
    return found.map { Pair(first: $0.key[0], second: $0.key[1], similarity: $0.value) }.sorted {
      ($0.first, $0.second) < ($1.first, $1.second)
    }
  }

  private static func pairs(_ members: [Int]) -> [[Int]] {
    members.indices.flatMap { place in members[(place + 1)...].map { [members[place], $0] } }
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
