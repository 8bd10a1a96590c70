public import Foundation
package import GRDB
public import Harness
import Metrics

/// A submission as the store keeps it.
public struct StoredSubmission: Decodable, TimedRecord, Sendable, Equatable {
  /// What others know it by: 16 letters and digits.
  public var id: String
  public var team, benchmark, split, phase: String
  /// Of the predictions as read.
  public var digest: String
  public var metadata: SubmissionMetadata
  public var received: Date
  public var state: State
  public var verdict: ReleaseGuard.Verdict?
  /// As far as it is released.
  var report: ScoreReport?
  /// What the close of its board released of it; nil before, and where it was not its team's.
  var closing: ScoreReport?
  /// What its board's figures are computed with, of the labels' digest an HMAC; nil where unknown.
  var current: ScoringState?
  /// Whether its team has chosen it for the close.
  var isChosen: Bool
  /// Grows with each new best of a team on a board; nil for a submission that never was one.
  var best: Int?
  public var isWithdrawn: Bool
  /// A key of its system's name; whether it takes the place of all entries of its team; whether it
  /// stands apart: see ``EntrySlot``.
  var systemKey: String
  var isAlone, isLate: Bool
  var key, teamKey: Int64

  public enum State: String, Codable, Sendable {
    /// Accepted and not scored yet; scored; not to be scored, at no cost for the team.
    case pending, released, failed
  }

  public struct Event: Codable, TimedRecord, Sendable, Equatable {
    public var at: Date
    public var kind: String
    public var why: String?
    /// What was released before it was rescored; nil where labels are hidden.
    public var replaced: ScoreReport?

    /// What the entry's page says of it.
    func text(_ primary: BenchmarkDefinition.PrimaryMetric) -> String {
      guard let why else { return "The submission was \(kind)." }
      guard let replaced else { return kind == "rescored" ? "It was rescored: \(why)" : why }
      let value = replaced.targets[primary.target]?[primary.metric]?.value
      return "\(primary.text(of: value, until: at.day)): \(why)"
    }
  }

  enum CodingKeys: String, CodingKey {
    case id = "public_id"
    case team = "team_name"
    case benchmark, split, phase, digest, metadata, received, state, verdict, report, closing, best
    case current
    case isChosen = "chosen"
    case isWithdrawn = "withdrawn"
    case systemKey = "system"
    case isAlone = "alone"
    case isLate = "late"
    case key = "id"
    case teamKey = "team"
  }

  /// What every query for submissions begins with; `s` is the submission, `t` its team.
  static let selection = """
    SELECT \(columns) FROM submission s JOIN team t ON t.id = s.team
    """

  private static let columns = """
    s.*, t.name AS team_name, EXISTS (SELECT * FROM choice WHERE submission = s.id) AS chosen,
    (SELECT report FROM closing c WHERE c.submission = s.id
      ORDER BY c.phase DESC, c.revision DESC LIMIT 1) AS closing,
    (SELECT json_object('scorer', c.scorer, 'gold', c.gold, 'order', c.row_order) FROM scoring c
      WHERE c.benchmark = s.benchmark AND c.split = s.split ORDER BY c.id DESC LIMIT 1) AS current
    """

  var board: BoardKey { BoardKey(benchmark: benchmark, split: split) }

  var shownState: String { isWithdrawn ? "withdrawn" : state.rawValue }

  /// Whether it ever stood on its board: as its team's best, or at the close.
  var wasOnBoard: Bool { best != nil || closing != nil }

  /// Whether no phase of its board, past or to come, guards the labels, nor did before it was changed.
  func mayBeWithdrawnByTeam(at now: Date, in database: Database) throws -> Bool {
    let guarded: Int? = try database.value(
      """
      SELECT count(*) FROM phase
      WHERE benchmark = ? AND split = ? AND labels = 'hidden' AND removed IS NULL
      """, [benchmark, split])
    return guarded == 0
  }

  static func find(_ key: Int64, in database: Database) throws -> StoredSubmission? {
    try database.first("\(selection) WHERE s.id = ?", [key])
  }

  static func find(publicID: String, in database: Database) throws -> StoredSubmission? {
    try database.first("\(selection) WHERE s.public_id = ?", [publicID])
  }

  /// The predictions of a submission, in the form in which they are kept.
  static func file(_ key: Int64, in database: Database) throws -> Data? {
    try database.value("SELECT file FROM prediction WHERE submission = ?", [key])
  }
}

extension SubmissionStore {
  /// The submission that others know by `id`.
  func submission(_ id: String) throws(ServerError) -> StoredSubmission? {
    try read { try StoredSubmission.find(publicID: id, in: $0) }
  }

  func submission(key: Int64) throws(ServerError) -> StoredSubmission? {
    try read { try StoredSubmission.find(key, in: $0) }
  }

  func predictions(of key: Int64) throws(ServerError) -> Data? {
    try read { try StoredSubmission.file(key, in: $0) }
  }

  /// Submissions, newest first: of one team, and before the one with the id `before`.
  /// - Parameter publicOnly: only bests of boards whose phase is public, as far as anybody may see them.
  public func submissions(
    team: String? = nil, publicOnly: Bool = false, before: String? = nil, limit: Int,
    at now: Date = Date()
  ) throws(ServerError) -> [StoredSubmission] {
    try read { database in
      let visible = publicOnly ? try PhaseList(in: database).visible(at: now) : "[]"
      return try database.all(
        """
        \(StoredSubmission.selection)
        WHERE (:team IS NULL OR s.team = (SELECT id FROM team WHERE name = :team))
          AND (:before IS NULL OR s.id < (SELECT id FROM submission WHERE public_id = :before))
          AND (NOT :publicOnly OR (s.best IS NOT NULL OR closing IS NOT NULL) AND EXISTS (
            SELECT * FROM json_each(:visible) v
            WHERE json_extract(v.value, '$.benchmark') = s.benchmark
              AND json_extract(v.value, '$.split') = s.split
              AND json_extract(v.value, '$.late') = s.late
              AND coalesce(json_extract(v.value, '$.phase'), s.phase) = s.phase
              AND s.received < json_extract(v.value, '$.before')))
        ORDER BY s.id DESC LIMIT :limit
        """,
        [
          "team": team, "before": before, "publicOnly": publicOnly, "visible": visible,
          "limit": limit,
        ])
    }
  }

  func history(of submission: StoredSubmission) throws(ServerError) -> [StoredSubmission.Event] {
    try read { database in
      let phase = try PhaseList(of: submission.board, in: database)
        .governing(submission, at: Date())
      let isShown = phase.map { $0.labels == .open && $0.visibility != .hidden } ?? false
      return try database.all(
        """
        SELECT e.at, e.kind, e.why, CASE WHEN ? THEN r.report END AS replaced
        FROM event e LEFT JOIN rescored r ON r.event = e.id
        WHERE e.submission = ? ORDER BY e.id
        """, [isShown, submission.key])
    }
  }

  package static func addEvent(
    _ kind: String, to submission: Int64, why: String? = nil, at now: Date, in database: Database
  ) throws {
    try database.run(
      "INSERT INTO event (submission, at, kind, why) VALUES (?, ?, ?, ?)",
      [submission, now.seconds, kind, why])
  }

  /// Takes a submission off its board, or puts it back, and keeps the reason.
  ///
  /// Where labels are hidden only the organiser may: after a withdrawal a team may be told lower values
  /// than before, which the account of the labels counts.
  /// - Parameters:
  ///   - team: whose it must be; nil for the organiser.
  ///   - reason: why the labels may tell more than their budget, where they then might.
  /// - Throws: ``ServerError``: `unknownSubmission`, `wrongState`, `refused`.
  public func withdraw(
    _ id: String, of team: Int64? = nil, restore: Bool = false, why: String,
    benchmarks: [BenchmarkDefinition] = [], overBudget reason: String? = nil, at now: Date = Date()
  ) throws(ServerError) {
    guard (1...1000).contains(why.unicodeScalars.count) else {
      throw .refused("Give a reason of 1 to 1000 characters.")
    }
    try write { database in
      guard let submission = try StoredSubmission.find(publicID: id, in: database),
        team.map({ $0 == submission.teamKey }) ?? true
      else { throw ServerError.unknownSubmission(id: id) }
      if team != nil, try !submission.mayBeWithdrawnByTeam(at: now, in: database) {
        throw ServerError.refused(
          "The labels of this board are hidden: ask the organiser to withdraw the submission.")
      }
      guard submission.isWithdrawn == restore else {
        let states = ["withdrawn", "not withdrawn"]
        throw ServerError.wrongState(
          id: id, found: states[restore ? 1 : 0], expected: states[restore ? 0 : 1])
      }
      try Self.addEvent(
        restore ? "restored" : "withdrawn", to: submission.key, why: why, at: now, in: database)
      if restore {
        try Self.putBack(submission, benchmarks, in: database)
      } else if submission.best != nil {
        try LabelAccount.check([submission.board], overBudget: reason, at: now, in: database)
      }
      try scribe(at: now, in: database).withdrawn(submission, isRestored: restore, why: why)
    }
  }

  /// Makes a restored submission its team's best again where its released score is better than that
  /// of the one that took its place: bests are counted in the order in which they came.
  private static func putBack(
    _ restored: StoredSubmission, _ benchmarks: [BenchmarkDefinition], in database: Database
  ) throws {
    let rivals = try bests(of: restored.teamKey, on: restored.board, restored.slot, in: database)
      .filter { $0.key != restored.key }
    guard restored.best != nil, !rivals.isEmpty,
      let primary = benchmarks.first(where: { $0.id == restored.benchmark })?.primary,
      let mine = restored.report?.targets[primary.target]?[primary.metric]?.value,
      rivals.allSatisfy({ rival in
        guard let theirs = rival.report?.targets[primary.target]?[primary.metric]?.value else {
          return false
        }
        return primary.metric.higherIsBetter ? mine > theirs : mine < theirs
      })
    else { return }
    try makeBest(restored.key, of: restored.teamKey, on: restored.board, in: database)
  }

  /// What a new best of this entry would take the place of on a board: one submission at most, but
  /// where an only entry follows several.
  static func bests(
    of team: Int64, on board: BoardKey, _ slot: EntrySlot, in database: Database
  ) throws -> [StoredSubmission] {
    try bestKeys(of: team, on: board, slot, in: database).compactMap {
      try StoredSubmission.find($0, in: database)
    }
  }

  static func standingBests(
    of team: Int64, on board: BoardKey, _ slot: EntrySlot, in database: Database
  ) throws -> [Standing.Best] {
    try bestKeys(of: team, on: board, slot, in: database).map { key in
      let query = "SELECT report FROM submission WHERE id = ? AND report IS NOT NULL"
      return Standing.Best(key: key, report: try database.value(query, [key]))
    }
  }

  static func bestKeys(
    of team: Int64, on board: BoardKey, _ slot: EntrySlot, in database: Database
  ) throws -> [Int64] {
    try Int64.fetchAll(
      database.cachedStatement(
        sql: """
          SELECT submission FROM board
          WHERE benchmark = ? AND split = ? AND team = ? AND late = ? AND (? OR system = ?)
          ORDER BY submission
          """),
      arguments: [board.benchmark, board.split, team, slot.isLate, slot.isAlone, slot.system])
  }

  /// - Returns: the number that it has among its team's bests.
  @discardableResult
  static func makeBest(
    _ key: Int64, of team: Int64, on board: BoardKey, in database: Database
  ) throws -> Int? {
    try Int.fetchOne(
      database.cachedStatement(
        sql: """
          UPDATE submission SET best = 1 + (SELECT coalesce(max(best), 0) FROM submission
            WHERE benchmark = ? AND split = ? AND team = ? AND best IS NOT NULL)
          WHERE id = ? RETURNING best
          """), arguments: [board.benchmark, board.split, team, key])
  }

  /// Each team's current entries; the cost does not grow with a team's history.
  private static let entriesQuery = """
    SELECT s.*, t.name AS team_name, FALSE AS chosen, NULL AS closing, NULL AS current
    FROM board b JOIN submission s ON s.id = b.submission JOIN team t ON t.id = b.team
    WHERE b.benchmark = ? AND b.split = ? AND b.late = ?
    """

  /// - Parameters:
  ///   - late: those that stand apart.
  ///   - moment: as if nothing had been received since; nil for now.
  func entries(
    of board: BoardKey, late: Bool = false, before moment: Date? = nil
  ) throws(ServerError) -> [StoredSubmission] {
    try read { try Self.entries(of: board, late: late, before: moment, in: $0) }
  }

  private static func entries(
    of board: BoardKey, late: Bool, before moment: Date?, in database: Database
  ) throws -> [StoredSubmission] {
    guard let moment else {
      return try database.all(entriesQuery, [board.benchmark, board.split, late])
    }
    return try database.all(
      """
      \(StoredSubmission.selection)
      WHERE s.benchmark = :benchmark AND s.split = :split AND s.late = :late
        AND \(SubmissionStore.standing { "\($0).received < :moment" })
      """,
      [
        "benchmark": board.benchmark, "split": board.split, "late": late,
        "moment": moment.seconds,
      ])
  }

  /// What stands on a board: each team's bests, where it stands still those before, and since its close
  /// what stood for the team there.
  func standing(in phase: Phase, at now: Date) throws(ServerError) -> [StoredSubmission] {
    try read { try Self.standing(in: phase, at: now, in: $0) }
  }

  static func standing(
    in phase: Phase, at now: Date, in database: Database
  ) throws -> [StoredSubmission] {
    let isOver = phase.closed != nil || (phase.labels == .open && !phase.isOpen(at: now))
    let closings = isOver ? try closings(of: phase, in: database) : []
    guard closings.isEmpty, phase.closed == nil else { return closings }
    return try entries(
      of: phase.board, late: phase.isLate, before: phase.isFrozen(at: now) ? phase.freeze : nil,
      in: database)
  }

  /// The entries that stand on a board since the phase of this name closed.
  private static func closings(
    of phase: Phase, in database: Database
  ) throws -> [StoredSubmission] {
    try database.all(
      """
      \(StoredSubmission.selection)
      WHERE s.withdrawn = 0 AND s.id IN (SELECT submission FROM closing
        WHERE (phase, revision) = (SELECT phase, max(revision) FROM closing WHERE phase = (
          SELECT max(id) FROM phase WHERE benchmark = ? AND split = ? AND name = ?
            AND closed IS NOT NULL)))
      """, [phase.benchmark, phase.split, phase.name])
  }

  /// How SQLite runs the query behind a leaderboard, a line a step.
  public func explainBoard() throws(ServerError) -> [String] {
    try read { database in
      try Row.fetchAll(
        database, sql: "EXPLAIN QUERY PLAN " + Self.entriesQuery, arguments: ["", "", false]
      ).map { $0["detail"] }
    }
  }

  /// Withdrawn submissions that once stood on a board, oldest first.
  func withdrawnBests() throws(ServerError) -> [StoredSubmission] {
    let condition = "s.withdrawn = 1 AND (s.best IS NOT NULL OR closing IS NOT NULL)"
    return try read { try $0.all("\(StoredSubmission.selection) WHERE \(condition) ORDER BY s.id") }
  }

  /// What the boards were made from: it grows with every event, phase, close and revealed entry, and
  /// when a phase opens, freezes or ends.
  struct Version: Decodable, FetchableRecord, Equatable, Sendable {
    var event, phase, removed, passed, closed, revealed, renamed, scoring, ledger: Int64?
  }

  func version(at now: Date) throws(ServerError) -> Version {
    let query = """
      SELECT (SELECT max(id) FROM event) AS event, (SELECT max(id) FROM phase) AS phase,
        (SELECT count(removed) FROM phase) AS removed,
        (SELECT sum((opens <= :now) + coalesce(freeze <= :now, 0) + coalesce(closes <= :now, 0))
          FROM phase) AS passed,
        (SELECT count(closed) FROM phase) AS closed, (SELECT count(*) FROM revealed) AS revealed,
        (SELECT max(renamed) FROM team) AS renamed, (SELECT max(id) FROM scoring) AS scoring,
        (SELECT size FROM ledger_checkpoint) AS ledger
      """
    return try read { try $0.first(query, ["now": now.seconds]) ?? Version() }
  }

  /// Numbers for the operator.
  struct Counts: Decodable, FetchableRecord, Sendable {
    /// Teams, revoked ones included, and accepted submissions without a score yet.
    var teams, waiting: Int
  }

  func counts() throws(ServerError) -> Counts {
    let query =
      "SELECT (SELECT count(*) FROM team) AS teams, (SELECT count(*) FROM queue) AS waiting"
    return try read { try $0.first(query) ?? Counts(teams: 0, waiting: 0) }
  }
}
