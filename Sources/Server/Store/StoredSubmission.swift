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
  /// Whether its team has chosen it for the close.
  var isChosen: Bool
  /// Grows with each new best of a team on a board; nil for a submission that never was one.
  var best: Int?
  public var isWithdrawn: Bool
  var key, teamKey: Int64

  public enum State: String, Codable, Sendable {
    /// Accepted and not scored yet; scored; not to be scored, at no cost for the team.
    case pending, released, failed
  }

  public struct Event: Codable, TimedRecord, Sendable, Equatable {
    public var at: Date
    public var kind: String
    public var why: String?
  }

  enum CodingKeys: String, CodingKey {
    case id = "public_id"
    case team = "team_name"
    case benchmark, split, phase, digest, metadata, received, state, verdict, report, closing, best
    case isChosen = "chosen"
    case isWithdrawn = "withdrawn"
    case key = "id"
    case teamKey = "team"
  }

  /// What every query for submissions begins with; `s` is the submission, `t` its team.
  static let selection = """
    SELECT \(columns) FROM submission s JOIN team t ON t.id = s.team
    """

  private static let columns = """
    s.*, t.name AS team_name, EXISTS (SELECT * FROM choice WHERE submission = s.id) AS chosen,
    (SELECT report FROM closing c WHERE c.submission = s.id ORDER BY c.phase DESC LIMIT 1) AS closing
    """

  var board: BoardKey { BoardKey(benchmark: benchmark, split: split) }

  var shownState: String { isWithdrawn ? "withdrawn" : state.rawValue }

  /// Whether it ever stood on its board: as its team's best, or at the close.
  var wasOnBoard: Bool { best != nil || closing != nil }

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
  /// - Parameter publicOnly: only bests of boards whose phase is public, which anybody may see.
  public func submissions(
    team: String? = nil, publicOnly: Bool = false, before: String? = nil, limit: Int
  ) throws(ServerError) -> [StoredSubmission] {
    try read { database in
      try database.all(
        """
        \(StoredSubmission.selection)
        WHERE (:team IS NULL OR s.team = (SELECT id FROM team WHERE name = :team))
          AND (:before IS NULL OR s.id < (SELECT id FROM submission WHERE public_id = :before))
          AND (NOT :publicOnly OR (s.best IS NOT NULL OR closing IS NOT NULL) AND 'public' = (
            SELECT visibility FROM phase p WHERE p.benchmark = s.benchmark AND p.split = s.split
            ORDER BY p.id DESC LIMIT 1))
        ORDER BY s.id DESC LIMIT :limit
        """, ["team": team, "before": before, "publicOnly": publicOnly, "limit": limit])
    }
  }

  func history(of submission: StoredSubmission) throws(ServerError) -> [StoredSubmission.Event] {
    try read {
      try $0.all(
        "SELECT at, kind, why FROM event WHERE submission = ? ORDER BY id", [submission.key])
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
  /// - Throws: ``ServerError``: `unknownSubmission`, `wrongState`, `refused`.
  public func withdraw(
    _ id: String, restore: Bool = false, why: String, benchmarks: [BenchmarkDefinition] = [],
    at now: Date = Date()
  ) throws(ServerError) {
    guard (1...1000).contains(why.unicodeScalars.count) else {
      throw .refused("Give a reason of 1 to 1000 characters.")
    }
    try write { database in
      guard let submission = try StoredSubmission.find(publicID: id, in: database) else {
        throw ServerError.unknownSubmission(id: id)
      }
      guard submission.isWithdrawn == restore else {
        let states = ["withdrawn", "not withdrawn"]
        throw ServerError.wrongState(
          id: id, found: states[restore ? 1 : 0], expected: states[restore ? 0 : 1])
      }
      try Self.addEvent(
        restore ? "restored" : "withdrawn", to: submission.key, why: why, at: now, in: database)
      if restore { try Self.putBack(submission, benchmarks, in: database) }
      try scribe(at: now, in: database).withdrawn(submission, isRestored: restore, why: why)
    }
  }

  /// Makes a restored submission its team's best again where its released score is better than that
  /// of the one that took its place: bests are counted in the order in which they came.
  private static func putBack(
    _ restored: StoredSubmission, _ benchmarks: [BenchmarkDefinition], in database: Database
  ) throws {
    guard restored.best != nil,
      let current = try best(of: restored.teamKey, on: restored.board, in: database),
      current != restored.key, let other = try StoredSubmission.find(current, in: database),
      let primary = benchmarks.first(where: { $0.id == restored.benchmark })?.primary,
      let mine = restored.report?.targets[primary.target]?[primary.metric]?.value,
      let theirs = other.report?.targets[primary.target]?[primary.metric]?.value,
      primary.metric.higherIsBetter ? mine > theirs : mine < theirs
    else { return }
    try makeBest(restored.key, of: restored.teamKey, on: restored.board, in: database)
  }

  /// The submission that a team has on a board; nil for none.
  static func best(of team: Int64, on board: BoardKey, in database: Database) throws -> Int64? {
    try database.value(
      "SELECT submission FROM board WHERE benchmark = ? AND split = ? AND team = ?",
      [board.benchmark, board.split, team])
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

  /// Each team's current entry; the cost does not grow with a team's history.
  private static let entriesQuery = """
    SELECT s.*, t.name AS team_name, FALSE AS chosen, NULL AS closing
    FROM board b JOIN submission s ON s.id = b.submission JOIN team t ON t.id = b.team
    WHERE b.benchmark = ? AND b.split = ?
    """

  func entries(of board: BoardKey) throws(ServerError) -> [StoredSubmission] {
    try read { try $0.all(Self.entriesQuery, [board.benchmark, board.split]) }
  }

  /// What stands on a board: each team's best, and since its close what stood for the team there.
  func standing(in phase: Phase, at now: Date) throws(ServerError) -> [StoredSubmission] {
    try read { try Self.standing(in: phase, at: now, in: $0) }
  }

  static func standing(
    in phase: Phase, at now: Date, in database: Database
  ) throws -> [StoredSubmission] {
    let isOver = phase.closed != nil || (phase.labels == .open && !phase.isOpen(at: now))
    let closings = isOver ? try closings(of: phase, in: database) : []
    guard closings.isEmpty, phase.closed == nil else { return closings }
    return try database.all(entriesQuery, [phase.benchmark, phase.split])
  }

  /// The entries that stand on a board since the phase of this name closed.
  private static func closings(
    of phase: Phase, in database: Database
  ) throws -> [StoredSubmission] {
    try database.all(
      """
      \(StoredSubmission.selection)
      WHERE s.withdrawn = 0 AND s.id IN (SELECT submission FROM closing WHERE phase = (
        SELECT max(id) FROM phase WHERE benchmark = ? AND split = ? AND name = ?
          AND closed IS NOT NULL))
      """, [phase.benchmark, phase.split, phase.name])
  }

  /// How SQLite runs the query behind a leaderboard, a line a step.
  public func explainBoard() throws(ServerError) -> [String] {
    try read { database in
      try Row.fetchAll(
        database, sql: "EXPLAIN QUERY PLAN " + Self.entriesQuery, arguments: ["", ""]
      ).map { $0["detail"] }
    }
  }

  /// Withdrawn submissions that once stood on a board, oldest first.
  func withdrawnBests() throws(ServerError) -> [StoredSubmission] {
    let condition = "s.withdrawn = 1 AND (s.best IS NOT NULL OR closing IS NOT NULL)"
    return try read { try $0.all("\(StoredSubmission.selection) WHERE \(condition) ORDER BY s.id") }
  }

  /// What the boards were made from: it grows with every event, phase, close and revealed entry.
  struct Version: Decodable, FetchableRecord, Equatable, Sendable {
    var event, phase, closed, revealed, renamed, ledger: Int64?
  }

  func version() throws(ServerError) -> Version {
    let query = """
      SELECT (SELECT max(id) FROM event) AS event, (SELECT max(id) FROM phase) AS phase,
        (SELECT count(closed) FROM phase) AS closed, (SELECT count(*) FROM revealed) AS revealed,
        (SELECT max(renamed) FROM team) AS renamed,
        (SELECT size FROM ledger_checkpoint) AS ledger
      """
    return try read { try $0.first(query) ?? Version() }
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
