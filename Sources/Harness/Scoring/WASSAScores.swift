import Basics
public import Metrics

/// The figures as the WASSA organisers' script makes them: each PCC rounded to 4 decimals before
/// averaging; a constant column counts 0; a target that was not attempted is null, and then so is
/// the average (rounded to 4 decimals too; theirs may have a fifth). They rest on all rows;
/// ``official`` has those of the rows that the script scores.
public struct WASSAScores: Codable, Sendable, Equatable {
  fileprivate static let average = "averaged"
  private static let officialKey = "official"
  /// By target, and the average.
  private var figures: [String: Double?] = [:]
  /// What the script makes of the split's first rows; nil where the definition does not say how
  /// many it scores, or one of them has no prediction or label.
  public internal(set) var official: OfficialScores?

  /// - Parameters:
  ///   - targets: all of the benchmark's.
  ///   - figures: of those that were attempted.
  public init(
    averaged: Double?, targets: [String], figures: TargetTable<Double>,
    official: OfficialScores? = nil
  ) {
    self.figures[Self.average] = .some(averaged)
    for target in targets { self.figures[target] = .some(figures[target]) }
    self.official = official
  }

  public var averaged: Double? { self[Self.average] }

  /// The benchmark's targets, sorted.
  public var targets: [String] { figures.keys.filter { $0 != Self.average }.sorted() }

  /// The figure of `target`; nil where it was not attempted.
  public subscript(target: String) -> Double? { figures[target] ?? nil }

  /// Puts every figure through `change`.
  mutating func changeFigures(_ change: (Double?) -> Double?) {
    figures = figures.mapValues(change)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: NameKey.self)
    figures = try container.figures(except: Self.officialKey)
    official = try container.decodeIfPresent(
      OfficialScores.self, forKey: NameKey(Self.officialKey))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: NameKey.self)
    try container.encode(figures)
    try container.encodeIfPresent(official, forKey: NameKey(Self.officialKey))
  }
}

/// The figures of the organisers' script itself, which scores the first rows of a split alone.
public struct OfficialScores: Codable, Sendable, Equatable {
  private static let rowsKey = "rows"
  /// How many rows are scored, from the first on.
  public let rows: Int
  private let figures: [String: Double?]

  /// What they are called beside those of all rows.
  public var title: String { "Official script (first \(rows) rows)" }

  /// - Parameters:
  ///   - targets: all of the benchmark's.
  ///   - figures: of those that were attempted.
  public init(
    rows: Int, averaged: Double?, targets: [String], figures: TargetTable<Double>
  ) {
    self.rows = rows
    var all: [String: Double?] = [WASSAScores.average: averaged]
    for target in targets { all[target] = .some(figures[target]) }
    self.figures = all
  }

  public var averaged: Double? { self[WASSAScores.average] }

  /// The figure of `target`; nil where it was not attempted.
  public subscript(target: String) -> Double? { figures[target] ?? nil }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: NameKey.self)
    rows = try container.decode(Int.self, forKey: NameKey(Self.rowsKey))
    figures = try container.figures(except: Self.rowsKey)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: NameKey.self)
    try container.encode(rows, forKey: NameKey(Self.rowsKey))
    try container.encode(figures)
  }
}

extension KeyedDecodingContainer<NameKey> {
  fileprivate func figures(except other: String) throws -> [String: Double?] {
    var figures: [String: Double?] = [:]
    for key in allKeys where key.stringValue != other {
      figures[key.stringValue] = .some(try decodeIfPresent(Double.self, forKey: key))
    }
    return figures
  }
}

extension KeyedEncodingContainer<NameKey> {
  /// Null is part of this form: it says "not attempted", which 0 would hide.
  fileprivate mutating func encode(_ figures: [String: Double?]) throws {
    for (name, value) in figures { try encode(value, forKey: NameKey(name)) }
  }
}

extension Scorer {
  /// The organisers' figures: undefined counts 0, a target that is not attempted is null.
  static func wassa(_ parts: [TargetRows], of definition: BenchmarkDefinition) -> WASSAScores {
    let figures = parts.map { WASSA.pcc($0.predictions, $0.sample.gold) }
    let attempted = attempted(parts, figures)
    return WASSAScores(
      averaged: averaged(figures, of: definition), targets: definition.targetNames,
      figures: attempted)
  }

  /// The same with those of the organisers' script, where the definition says what it scores.
  func wassa(_ parts: [TargetRows]) -> WASSAScores {
    var scores = Self.wassa(parts, of: definition)
    scores.official = official(parts)
    return scores
  }

  private func official(_ parts: [TargetRows]) -> OfficialScores? {
    let split = definition.splits.first { $0.name == dataset.split }
    guard let rows = split?.officialRows else { return nil }
    var figures: [Figure] = []
    for part in parts {
      let first = part.rows.prefix { $0 < rows }.count
      guard first == rows else { return nil }
      figures.append(
        WASSA.script(Array(part.predictions.prefix(rows)), Array(part.sample.gold.prefix(rows))))
    }
    figures = figures.map(WASSA.rounded)
    return OfficialScores(
      rows: rows, averaged: Self.averaged(figures, of: definition),
      targets: definition.targetNames, figures: Self.attempted(parts, figures))
  }

  private static func averaged(
    _ figures: [Figure], of definition: BenchmarkDefinition
  ) -> Double? {
    guard figures.count == definition.targets.count else { return nil }
    return Rounding.published(WASSA.averaged(figures).value)
  }

  private static func attempted(
    _ parts: [TargetRows], _ figures: [Figure]
  ) -> TargetTable<Double> {
    let attempted = zip(parts, figures).compactMap { part, figure in
      figure.value.map { (part.target, $0) }
    }
    return Dictionary(uniqueKeysWithValues: attempted)
  }
}
