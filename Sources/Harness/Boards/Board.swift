public import Foundation
public import Metrics

/// What is published of one split of a benchmark: its entries in order, and how they compare. HTML,
/// JSON, CSV, LaTeX and the API render this value and nothing else; it holds released reports
/// alone.
public struct Board: Sendable {
  public let definition: BenchmarkDefinition
  public let split: String
  /// Nominal coverage of its intervals, for example 0.95.
  public let level: Double
  /// Whether its labels are hidden, so that less is released of each report.
  public let isGuarded: Bool
  /// Scored entries, best first by the primary metric; those where it is undefined come last.
  public private(set) var scored: [Entry]
  /// Claimed in a paper, best claim first.
  public let published: [Entry]
  /// Not scored, or withdrawn.
  public private(set) var apart: [Entry]
  /// Without it no rank is shown: an order of point estimates alone is no ranking.
  public let comparison: BoardComparison?
  /// Rank ranges and tie groups by slug, as ``comparison`` has them.
  public let standings: [String: BoardComparison.Standing]
  /// The moment as of which it is shown, where it stands still for the public; nil where it does not.
  public package(set) var frozen: String?
  /// Whether a server takes submissions to it, now or later.
  public var takesSubmissions = false
  /// Figures of the split's labels as they may be shown; nil where the split is not at hand.
  public let labels: DatasetStatistics.SplitStatistics?
  /// The log that says how the board came about; nil where there is none.
  public var ledger: LedgerState?

  /// The state of a log from which a board was made.
  public struct LedgerState: Sendable, Equatable {
    public var origin: String
    /// Number of entries.
    public var size: Int
    /// The signed checkpoint, byte for byte.
    public var checkpoint: Data

    public init(origin: String, size: Int, checkpoint: Data) {
      (self.origin, self.size, self.checkpoint) = (origin, size, checkpoint)
    }
  }
  /// What its figures were computed with, as it may be shown; nil where the labels are not at hand.
  public let state: ScoringState?

  /// One system: what its team says, and what was computed.
  public struct Entry: Sendable, Equatable {
    /// Folder name below `submissions/<benchmark>/`; unique on a board.
    public package(set) var slug: String
    /// Its name in the board's log.
    public package(set) var id: String
    /// Without ``SubmissionMetadata/contact``.
    public package(set) var metadata: SubmissionMetadata { didSet { metadata.contact = nil } }
    /// Absent for a `published` entry, and where the gold labels are not on this machine.
    public package(set) var report: ScoreReport?
    /// Why there is no report, or why it is not ranked, in words.
    public package(set) var unscored: String?
    /// Whether that is because its report was made by another scorer or with other labels.
    public package(set) var isSuperseded = false

    package init(
      slug: String, id: String? = nil, metadata: SubmissionMetadata, report: ScoreReport?,
      unscored: String? = nil
    ) {
      var metadata = metadata
      metadata.contact = nil
      (self.slug, self.id) = (slug, id ?? slug)
      (self.metadata, self.report, self.unscored) = (metadata, report, unscored)
    }

    /// Digest of the predictions, which outlives them where the entry is withdrawn.
    public var predictionsDigest: String? {
      report?.digests.predictions ?? metadata.predictionsSHA256
    }

    /// A computed figure; nil where there is none of this target and metric.
    public func figure(_ metric: Metric, _ target: String) -> ScoredFigure? {
      report?.targets[target]?[metric]
    }
  }

  /// Puts `entries`, given in any order, in the board's.
  package init(
    definition: BenchmarkDefinition, split: String, level: Double, isGuarded: Bool = false,
    entries: [Entry], comparison: BoardComparison? = nil,
    labels: DatasetStatistics.SplitStatistics? = nil, state: ScoringState? = nil
  ) {
    (self.definition, self.split, self.level) = (definition, split, level)
    (self.isGuarded, self.comparison, self.labels) = (isGuarded, comparison, labels)
    self.state = state
    standings = Dictionary(
      (comparison?.standings ?? []).map { ($0.slug, $0) }, uniquingKeysWith: { first, _ in first })
    let (metric, target) = (definition.primary.metric, definition.primary.target)
    let sign = metric.higherIsBetter ? -1.0 : 1.0
    let sorted = entries.sorted { $0.slug < $1.slug }
    let own = sorted.filter { $0.metadata.kind != .published }
    published = Self.ordered(sorted.filter { $0.metadata.kind == .published }) {
      $0.metadata.claimed?[target]?[metric.id].map { $0 * sign }
    }
    scored = Self.ordered(own.filter(\.isScored)) {
      $0.figure(metric, target)?.value.map { $0 * sign }
    }
    apart = own.filter { !$0.isScored }
  }

  public var key: BoardKey { BoardKey(benchmark: definition.id, split: split) }

  /// Takes the mean labels of bins out of all reports.
  package mutating func leaveOutCalibration() {
    for place in scored.indices { scored[place].report?.calibration = nil }
    for place in apart.indices { apart[place].report?.calibration = nil }
  }

  /// All entries: the scored, the published, the others.
  public var entries: [Entry] { scored + published + apart }

  /// The computed figure of the primary metric.
  public func primary(_ entry: Entry) -> ScoredFigure? {
    entry.figure(definition.primary.metric, definition.primary.target)
  }

  /// Why an entry is not ranked, in words.
  public func reasonApart(_ entry: Entry) -> String {
    if let withdrawal = entry.metadata.withdrawal { return "withdrawn: \(withdrawal.text)" }
    return entry.unscored ?? "no score report is at hand for it"
  }

  /// Ascending by `key`, entries without one last, the given order among equals.
  private static func ordered(_ entries: [Entry], by key: (Entry) -> Double?) -> [Entry] {
    entries.enumerated()
      .map { (place: $0.offset, key: key($0.element).flatMap { $0.isFinite ? $0 : nil }) }
      .sorted { a, b in
        switch (a.key, b.key) {
        case (let x?, let y?): x == y ? a.place < b.place : x < y
        case (_?, nil): true
        case (nil, _?): false
        case (nil, nil): a.place < b.place
        }
      }
      .map { entries[$0.place] }
  }
}

extension Board.Entry {
  fileprivate var isScored: Bool {
    report != nil && metadata.withdrawal == nil && unscored == nil
  }
}

/// Names a board.
public struct BoardKey: Hashable, Comparable, Sendable {
  public var benchmark, split: String

  public init(benchmark: String, split: String) {
    self.benchmark = benchmark
    self.split = split
  }

  /// `benchmark/split`.
  public var path: String { "\(benchmark)/\(split)" }

  public static func < (one: BoardKey, other: BoardKey) -> Bool {
    (one.benchmark, one.split) < (other.benchmark, other.split)
  }
}
