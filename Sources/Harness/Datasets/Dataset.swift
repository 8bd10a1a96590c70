import Basics

/// One split of a benchmark: checked rows in their order.
public struct Dataset: Sendable, Equatable {
  public var benchmark: String
  public var split: String
  public var rows: [EssayRow]
  /// Whether the split has labels; a blind test split has none.
  public var hasGold: Bool

  public init(benchmark: String, split: String, rows: [EssayRow], hasGold: Bool) {
    self.benchmark = benchmark
    self.split = split
    self.rows = rows
    self.hasGold = hasGold
  }

  /// Gold labels of `target` in row order; nil where the row has none.
  public func gold(_ target: Target) -> [Double?] {
    rows.map { target == .empathy ? $0.empathy : $0.distress }
  }

  /// The persons of the rows as numbers from 0 in order of first appearance.
  public var personIndices: [Int] {
    var known: [String: Int] = [:]
    return rows.map(\.person).map { name in
      if let index = known[name] { return index }
      known[name] = known.count
      return known.count - 1
    }
  }

  /// Digest of everything in the split: text, labels and demographics.
  public var contentDigest: String { Digest.sha256(NormalForm.data(self)) }

  /// Digest of the row ids in order.
  public var orderDigest: String { Digest.sha256(rows.map(\.id).joined(separator: "\n")) }

  /// Digest of the gold labels in row order.
  public var goldDigest: String { Digest.sha256([gold(.empathy), gold(.distress)]) }
}

/// One essay: who wrote it, about what, and how it is labelled.
public struct EssayRow: Sendable, Equatable {
  /// Unique within its split.
  public var id: String
  /// The person who wrote it; rows of one person are not independent.
  public var person: String
  public var article: String
  public var essay: String
  /// Crowd labels, in the benchmark's range.
  public var empathy: Double?
  public var distress: Double?
  /// Attribute to code or number as in the files, `1.0` written `1`; a missing one is absent.
  public var demographics: [String: String]

  public init(
    id: String, person: String, article: String, essay: String, empathy: Double?,
    distress: Double?, demographics: [String: String] = [:]
  ) {
    self.id = id
    self.person = person
    self.article = article
    self.essay = essay
    self.empathy = empathy
    self.distress = distress
    self.demographics = demographics
  }

  /// The essay for matching across sets.
  public var normalisedEssay: String { MatchingText(essay).text }
}
