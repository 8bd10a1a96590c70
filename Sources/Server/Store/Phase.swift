import Basics
public import Foundation
public import GRDB
public import Harness
public import Metrics
import Report

/// When a board takes submissions, how many, and who sees their scores.
public struct Phase: Sendable, Equatable, Encodable {
  /// Its row in the store, which tells it from what was set by the same name later.
  var id: Int64 = 0
  public var benchmark, split: String
  /// Quotas in total count within a name; a new name starts anew.
  public var name: String
  public var opens: Date
  public var closes: Date?
  /// From then until the close the public sees the board as it was.
  public var freeze: Date?
  /// Only teams with a complete submission in that phase may submit.
  public var after: Prerequisite?
  /// Submissions are scored and not ranked.
  public var isLate = false
  /// Systems of a team that have a best of their own on the board.
  public var entries = 1
  public var visibility: Visibility
  /// Whether the split's labels are to be guarded, or public anyway.
  public var labels: Labels
  /// What is released where they are guarded; nil where they are not.
  public var grid: ReleaseGrid?
  /// What the split's labels hold, in bits, where they are guarded.
  public var entropy: Double?
  /// Submissions are scored at the close, once, and nothing is told before.
  public var isFinal = false
  /// What binds the organiser to labels and scorer; nil for none.
  public var commitment: Commitment?
  /// When the scores of the close were released; nil before, and where labels are open.
  public internal(set) var closed: Date?
  public var valid: Quota
  /// Failed uploads, which are counted separately.
  public var failing: Quota

  /// A commitment to gold, order and scorer (``LedgerCommitment``), and the key that opens it.
  public struct Commitment: Sendable, Equatable {
    public var value, scorer: String
    var key: Data

    /// Commits to the labels of `dataset` and the present scorer with a new key.
    /// - Parameter known: one that was made before, which stays where it says the same.
    public init(_ dataset: Dataset, unless known: Commitment? = nil) {
      let scorer = "\(Scorer.version)"
      if let known, known.scorer == scorer, known.holds(dataset) {
        self = known
        return
      }
      var generator = SystemRandomNumberGenerator()
      let key = Data((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) })
      let value = LedgerCommitment.value(
        gold: dataset.goldDigest, order: dataset.orderDigest, scorer: scorer, key: key)
      (self.value, self.scorer, self.key) = (value, scorer, key)
    }

    private func holds(_ dataset: Dataset) -> Bool {
      value
        == LedgerCommitment.value(
          gold: dataset.goldDigest, order: dataset.orderDigest, scorer: scorer, key: key)
    }

    fileprivate init?(_ row: Row) {
      guard let value: String = row["commitment"], let key: Data = row["commitment_key"] else {
        return nil
      }
      (self.value, self.key, scorer) = (value, key, row["scorer"] ?? "")
    }

    /// The key as the ledger shows it: 64 hexadecimal digits.
    var keyText: String {
      key.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
  }

  private enum CodingKeys: String, CodingKey {
    case benchmark, split, name, opens, closes, freeze, after, entries, visibility, labels, grid
    case closed, valid, failing
    case isFinal = "final"
    case isLate = "late"
  }

  /// Who sees the scores of a submission.
  public enum Visibility: String, Codable, Sendable, CaseIterable, DatabaseValueConvertible {
    /// Nobody, the team alone, or everybody, on the board.
    case hidden, own, `public`
  }

  public enum Labels: String, Codable, Sendable, CaseIterable, DatabaseValueConvertible {
    case hidden, open
  }

  /// What is released of submissions: nothing but the grid's values where labels are hidden.
  func rule(key: Data) -> ReleaseRule {
    grid.map { .hidden(closed == nil ? $0 : $0.atClose, key: key) } ?? .open
  }

  /// What a team learns of hidden labels at most, in bits, before the close, or at that of a final
  /// phase; nil where they are open.
  public var bits: Double? {
    isFinal
      ? grid.map { Double(entries) * $0.bitsAtClose(ofBest: false) }
      : grid?.bits(submissions: valid.total, systems: entries)
  }

  /// Uploads of a team in a day (UTC) and in the whole phase.
  public struct Quota: Codable, Sendable, Equatable {
    public var daily, total: Int

    public init(daily: Int, total: Int) { (self.daily, self.total) = (daily, total) }
  }

  public init(
    benchmark: String, split: String, name: String, opens: Date, closes: Date? = nil,
    visibility: Visibility, labels: Labels, grid: ReleaseGrid? = nil, entropy: Double? = nil,
    isFinal: Bool = false,
    valid: Quota = Quota(daily: 5, total: 100), failing: Quota = Quota(daily: 20, total: 400)
  ) {
    (self.benchmark, self.split, self.name) = (benchmark, split, name)
    (self.opens, self.closes) = (opens, closes)
    (self.visibility, self.labels, self.grid) = (visibility, labels, grid)
    (self.entropy, self.isFinal) = (entropy, isFinal)
    (self.valid, self.failing) = (valid, failing)
  }

  /// Whether everybody sees the board as it is.
  func isShown(at now: Date) -> Bool { visibility == .public && !isFrozen(at: now) }

  func isOpen(at now: Date) -> Bool { now >= opens && closes.map { now < $0 } ?? true }

  /// The board whose it is.
  public var board: BoardKey { BoardKey(benchmark: benchmark, split: split) }
}

extension SubmissionStore {
  /// Sets a phase of a board; what was set by the same name before stays in the store.
  /// - Parameter reason: why the board's hidden labels may tell more than their budget.
  /// - Throws: ``ServerError/refused(_:)`` for a phase that closes before it opens, a freeze outside it,
  ///   a quota below 1, a name that is empty or over 100 characters, an unknown phase that it comes after,
  ///   or labels that would tell too much.
  public func setPhase(
    _ phase: Phase, overBudget reason: String? = nil, at now: Date = Date()
  ) throws(ServerError) {
    guard (1...100).contains(phase.name.unicodeScalars.count) else {
      throw .refused("A phase's name has 1 to 100 characters.")
    }
    if let closes = phase.closes, closes.seconds <= phase.opens.seconds {
      throw .refused("The phase closes (\(closes.stamp)) before it opens (\(phase.opens.stamp)).")
    }
    let quotas = [phase.valid.daily, phase.valid.total, phase.failing.daily, phase.failing.total]
    guard quotas.allSatisfy({ $0 > 0 }) else { throw .refused("A quota is 1 or more.") }
    try phase.checkEntries()
    guard (phase.labels == .hidden) == (phase.grid != nil) else {
      throw .refused("Hidden labels need a floor from which on values are shown, open ones none.")
    }
    guard !phase.isFinal || (phase.labels == .hidden && phase.closes != nil) else {
      throw .refused("A final phase has hidden labels and a moment at which it closes.")
    }
    try write { database in
      try phase.checkAfter(in: database)
      try database.run(
        """
        INSERT INTO phase (benchmark, split, name, opens, closes, visibility, labels, target, metric,
          step, floor, entropy, final, daily, total, daily_failing, total_failing, made,
          freeze, after_split, after_name, late, entries, scorer, commitment, commitment_key)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          phase.benchmark, phase.split, phase.name, phase.opens.seconds, phase.closes?.seconds,
          phase.visibility, phase.labels, phase.grid?.target, phase.grid?.metric.id,
          phase.grid?.step, phase.grid?.floor, phase.entropy, phase.isFinal, phase.valid.daily,
          phase.valid.total, phase.failing.daily, phase.failing.total, now.seconds,
          phase.freeze?.seconds, phase.after?.split, phase.after?.name, phase.isLate, phase.entries,
          phase.commitment?.scorer, phase.commitment?.value, phase.commitment?.key,
        ])
      try logPhases(at: now, in: database)
      try LabelAccount.check([phase.board], overBudget: reason, at: now, in: database)
    }
  }
}

extension Phase {
  fileprivate func checkEntries() throws(ServerError) {
    guard (1...100).contains(entries) else { throw .refused("A team has 1 to 100 entries.") }
    guard let freeze else { return }
    guard let closes, opens.seconds < freeze.seconds, freeze.seconds < closes.seconds else {
      throw .refused(
        "A freeze lies between the phase's opening (\(opens.stamp)) and its close "
          + "(\(closes?.stamp ?? "none is set")); found \(freeze.stamp).")
    }
  }

  fileprivate func checkAfter(in database: Database) throws {
    guard let after else { return }
    let other = BoardKey(benchmark: benchmark, split: after.split)
    let isKnown = try PhaseList(of: other, in: database).named(after.name, of: other) != nil
    guard isKnown, (other, after.name) != (board, name) else {
      throw ServerError.refused(
        "\(other.path) has no phase '\(after.name)' before this one; `invitro phase show` lists all."
      )
    }
  }
}

extension Phase: FetchableRecord {
  public init(row: Row) throws {
    self.init(
      benchmark: row["benchmark"], split: row["split"], name: row["name"],
      opens: Date(timeIntervalSince1970: row["opens"]),
      closes: (row["closes"] as Double?).map(Date.init(timeIntervalSince1970:)),
      visibility: row["visibility"], labels: row["labels"], grid: Self.grid(row),
      entropy: row["entropy"], isFinal: row["final"],
      valid: Quota(daily: row["daily"], total: row["total"]),
      failing: Quota(daily: row["daily_failing"], total: row["total_failing"]))
    id = row["id"]
    commitment = Commitment(row)
    closed = (row["closed"] as Double?).map(Date.init(timeIntervalSince1970:))
    freeze = (row["freeze"] as Double?).map(Date.init(timeIntervalSince1970:))
    if let split: String = row["after_split"], let name: String = row["after_name"] {
      after = Prerequisite(split: split, name: name)
    }
    (isLate, entries) = (row["late"], row["entries"])
  }

  private static func grid(_ row: Row) -> ReleaseGrid? {
    guard let name: String = row["metric"], let metric = Metric(named: name) else { return nil }
    return ReleaseGrid(
      .init(target: row["target"], metric: metric), step: row["step"], floor: row["floor"])
  }

  /// One line for the terminal.
  public var text: String {
    let closes = closes.map { "to \($0.stamp)" } ?? "without an end"
    let guarded = grid.map { grid in
      let learned = bits.map { Rounding.text($0, decimals: 1) } ?? "?"
      let shown =
        isFinal
        ? "\(grid.metric.title) from \(grid.floor), told at the close alone"
        : "\(grid.metric.title) in steps of \(grid.step) from \(grid.floor)"
      return " (\(shown); a team learns at most \(learned) bits of them)"
    }
    let state =
      (freeze.map { ", frozen from \($0.stamp)" } ?? "")
      + (closed.map { ", closed at \($0.stamp)" } ?? "")
    let terms = [
      isLate ? "late: scored, not ranked" : nil,
      after.map { "for teams of phase '\($0.split)/\($0.name)'" },
      entries > 1 ? "\(entries) entries a team" : nil,
    ].compactMap { $0.map { "\($0); " } }.joined()
    return "\(benchmark)/\(split): phase '\(name)' from \(opens.stamp) \(closes)\(state); \(terms)"
      + "scores \(visibility.rawValue), labels \(labels.rawValue)\(guarded ?? ""); a team may "
      + "send \(valid.daily) a day and \(valid.total) in all, and fail \(failing.daily) and \(failing.total) times"
  }
}

/// What a team has used of its quotas, from one row a team, phase and day.
struct QuotaUsage: Decodable, FetchableRecord, Sendable {
  var validToday, valid, failingToday, failing: Int
  /// Accepted submissions without a score yet, which count as if they had it.
  var waiting: Int

  static func of(
    _ team: Int64, in phase: Phase, at now: Date, in database: Database
  ) throws -> QuotaUsage {
    // CROSS JOIN keeps the order: the queue is short, a team's history is not.
    let usage: QuotaUsage? = try database.first(
      """
      SELECT coalesce(sum(valid) FILTER (WHERE day = :day), 0) AS validToday,
        coalesce(sum(valid), 0) AS valid,
        coalesce(sum(failing) FILTER (WHERE day = :day), 0) AS failingToday,
        coalesce(sum(failing), 0) AS failing,
        (SELECT count(*) FROM queue q CROSS JOIN submission s ON s.id = q.submission
          WHERE s.team = :team AND s.benchmark = :benchmark AND s.split = :split
            AND s.phase = :phase) AS waiting
      FROM usage
      WHERE team = :team AND benchmark = :benchmark AND split = :split AND phase = :phase
      """,
      [
        "day": now.seconds / 86_400, "team": team, "benchmark": phase.benchmark,
        "split": phase.split, "phase": phase.name,
      ])
    guard let usage else { throw DatabaseError(message: "a sum came without a row") }
    return usage
  }

  /// - Throws: ``Refusal/quota(_:limit:)`` where the team has used up its valid submissions.
  func checkValid(_ quota: Phase.Quota) throws {
    try Self.check(validToday + waiting, .validDaily, quota.daily)
    try Self.check(valid + waiting, .validTotal, quota.total)
  }

  /// - Throws: ``Refusal/quota(_:limit:)``: the team is not even told what is wrong.
  func checkFailing(_ quota: Phase.Quota) throws {
    try Self.check(failingToday, .failingDaily, quota.daily)
    try Self.check(failing, .failingTotal, quota.total)
  }

  /// What is left of a phase's quotas.
  func left(of phase: Phase) -> RemainingQuota {
    func left(_ quota: Phase.Quota, _ today: Int, _ all: Int) -> Phase.Quota {
      let total = max(0, quota.total - all)
      return Phase.Quota(daily: min(total, max(0, quota.daily - today)), total: total)
    }
    return RemainingQuota(
      benchmark: phase.benchmark, split: phase.split, phase: phase.name,
      valid: left(phase.valid, validToday + waiting, valid + waiting),
      failing: left(phase.failing, failingToday, failing))
  }

  private static func check(_ used: Int, _ kind: Refusal.QuotaKind, _ limit: Int) throws {
    if used >= limit { throw Refusal.quota(kind, limit: limit) }
  }

  /// What an upload is counted as: the name of the column.
  enum Count: String { case valid, failing }

  static func charge(
    _ count: Count, to team: Int64, _ board: BoardKey, phase: String, at now: Date,
    in database: Database
  ) throws {
    try database.run(
      """
      INSERT INTO usage (team, benchmark, split, phase, day, \(count.rawValue))
      VALUES (?, ?, ?, ?, ?, 1)
      ON CONFLICT DO UPDATE SET \(count.rawValue) = \(count.rawValue) + 1
      """, [team, board.benchmark, board.split, phase, now.seconds / 86_400])
  }
}

/// What a team may still send to a board in its phase: today (UTC), and in all.
struct RemainingQuota: Codable, Sendable {
  var benchmark, split, phase: String
  var valid, failing: Phase.Quota

  /// In words, of what is not at fault.
  var words: String { "\(valid.daily) more today, \(valid.total) in this phase" }
}
