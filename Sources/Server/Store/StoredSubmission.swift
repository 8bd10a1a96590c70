public import Foundation
package import GRDB
public import Harness
import Metrics

/// A submission as the store keeps it.
public struct StoredSubmission: Sendable, Equatable {
  /// What others know it by: 16 letters and digits.
  public var id: String
  public var team: String
  public var benchmark: String
  public var split: String
  public var phase: String
  /// Of the predictions as read.
  public var digest: String
  public var metadata: SubmissionMetadata
  public var received: Date
  public var state: State
  public var verdict: String?
  /// As far as it is released.
  var report: ReleasedReport?
  /// Whether it became the best of its team when it was released.
  public var wasBest: Bool
  public var isWithdrawn: Bool
  var key: Int64
  var teamKey: Int64

  public enum State: String, Codable, Sendable {
    /// Accepted and not scored yet.
    case pending
    case released
    /// We could not score it; it costs the team nothing.
    case failed
  }

  /// What happened to a submission, and when.
  public struct Event: Codable, Sendable, Equatable {
    public var at: Date
    public var kind: String
    public var why: String?
  }

  var board: BoardKey { BoardKey(benchmark: benchmark, split: split) }

  /// Columns of a query that makes submissions; `s` is the submission, `t` its team.
  static let columns = """
    s.id, s.public_id, s.team, t.name, s.benchmark, s.split, s.phase, s.digest, s.metadata,
    s.received, s.state, s.verdict, s.report, s.best, s.withdrawn
    """

  init(row: Row) throws {
    key = row["id"]
    id = row["public_id"]
    teamKey = row["team"]
    team = row["name"]
    benchmark = row["benchmark"]
    split = row["split"]
    phase = row["phase"]
    digest = row["digest"]
    metadata = try Self.decode(row["metadata"])
    received = Date(seconds: row["received"])
    state = State(rawValue: row["state"]) ?? .pending
    verdict = row["verdict"]
    report = (row["report"] as String?).map(ReleasedReport.init(stored:))
    wasBest = (row["best"] as Int64?) != nil
    isWithdrawn = row["withdrawn"] as Int64 == 1
  }

  /// A new one, not scored yet; its key comes from the store.
  init(_ draft: Draft, id: String, received: Date) {
    key = 0
    self.id = id
    let standing = draft.standing
    teamKey = standing.team.id
    team = standing.team.name
    benchmark = standing.phase.benchmark
    split = standing.phase.split
    phase = standing.phase.name
    digest = draft.digest
    metadata = draft.metadata
    self.received = Date(seconds: received.seconds)
    state = .pending
    wasBest = false
    isWithdrawn = false
  }

  /// Becomes a released one; stays as it is where there is no outcome.
  mutating func release(_ outcome: ReleasedScore?) {
    guard let outcome else { return }
    state = .released
    verdict = outcome.verdict
    report = outcome.report
    wasBest = outcome.isBest
  }

  private static func decode<Value: Decodable>(_ json: String) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(json.utf8))
  }
}

extension SubmissionStore {
  /// The submission that others know by `id`.
  func submission(_ id: String) throws(ServerError) -> StoredSubmission? {
    try read { database in
      try database.row(
        """
        SELECT \(StoredSubmission.columns) FROM submission s JOIN team t ON t.id = s.team
        WHERE s.public_id = ?
        """, [id]
      ).map(StoredSubmission.init(row:))
    }
  }

  static func submission(_ key: Int64, in database: Database) throws -> StoredSubmission? {
    try database.row(
      """
      SELECT \(StoredSubmission.columns) FROM submission s JOIN team t ON t.id = s.team
      WHERE s.id = ?
      """, [key]
    ).map(StoredSubmission.init(row:))
  }

  /// Submissions, newest first.
  ///
  /// - Parameters:
  ///   - team: only this one's.
  ///   - publicOnly: only those that anybody may see: bests of boards whose phase is public.
  ///   - before: only those that came before the submission with this id.
  public func submissions(
    team: String? = nil, publicOnly: Bool = false, before: String? = nil, limit: Int
  ) throws(ServerError) -> [StoredSubmission] {
    try read { database in
      var conditions: [String] = []
      var arguments: StatementArguments = []
      if let team {
        conditions.append("s.team = (SELECT id FROM team WHERE name = ?)")
        arguments += [team]
      }
      if publicOnly {
        conditions.append(
          """
          s.best IS NOT NULL AND 'public' = (SELECT visibility FROM phase p
            WHERE p.benchmark = s.benchmark AND p.split = s.split ORDER BY p.id DESC LIMIT 1)
          """)
      }
      if let before {
        conditions.append("s.id < (SELECT id FROM submission WHERE public_id = ?)")
        arguments += [before]
      }
      let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
      arguments += [limit]
      return try Row.fetchAll(
        database,
        sql: """
          SELECT \(StoredSubmission.columns) FROM submission s JOIN team t ON t.id = s.team
          \(filter) ORDER BY s.id DESC LIMIT ?
          """,
        arguments: arguments
      ).map(StoredSubmission.init(row:))
    }
  }

  /// What happened to a submission, in order.
  ///
  /// One that was accepted and released in one transaction says so by its own row; the events are
  /// what came after.
  func history(of submission: StoredSubmission) throws(ServerError) -> [StoredSubmission.Event] {
    let events = try read { database in
      try Row.fetchAll(
        database, sql: "SELECT at, kind, why FROM event WHERE submission = ? ORDER BY id",
        arguments: [submission.key]
      ).map {
        StoredSubmission.Event(at: Date(seconds: $0["at"]), kind: $0["kind"], why: $0["why"])
      }
    }
    if events.contains(where: { $0.kind == "accepted" }) { return events }
    return ["accepted", "released"].map {
      StoredSubmission.Event(at: submission.received, kind: $0, why: nil)
    } + events
  }

  /// Takes a submission from its board, or back, and keeps who asked why.
  ///
  /// - Throws: ``ServerError/unknownSubmission(id:)``, ``ServerError/wrongState(id:found:expected:)``.
  public func withdraw(
    _ id: String, restore: Bool = false, why: String, at now: Date = Date()
  ) throws(ServerError) {
    guard (1...1000).contains(why.unicodeScalars.count) else {
      throw .refused("Say why in 1 to 1000 characters.")
    }
    try write { database in
      let row = try database.row(
        "SELECT id, withdrawn FROM submission WHERE public_id = ?", [id])
      guard let row else { throw ServerError.unknownSubmission(id: id) }
      let isWithdrawn = row["withdrawn"] as Int64 == 1
      guard isWithdrawn == restore else {
        throw ServerError.wrongState(
          id: id, found: isWithdrawn ? "withdrawn" : "not withdrawn",
          expected: restore ? "withdrawn" : "not withdrawn")
      }
      try Self.event(restore ? "restored" : "withdrawn", row["id"], why: why, at: now, in: database)
      if restore { try Self.reconsider(row["id"], in: database) }
    }
  }

  /// Puts a restored submission back on its board where its released score is better than that of the
  /// one which took its place: bests are counted in the order they came.
  private static func reconsider(_ key: Int64, in database: Database) throws {
    guard let restored = try submission(key, in: database), restored.wasBest,
      let current = try best(of: restored.teamKey, on: restored.board, in: database),
      current != key, let other = try submission(current, in: database),
      let primary = try? BenchmarkRegistry.find(restored.benchmark).primary,
      let mine = try restored.report?.read().targets[primary.target]?[primary.metric]?.value,
      let theirs = try other.report?.read().targets[primary.target]?[primary.metric]?.value
    else { return }
    let higherIsBetter = primary.metric.higherIsBetter
    guard higherIsBetter ? mine > theirs : mine < theirs else { return }
    try database.run(
      """
      UPDATE submission SET best = 1 + (SELECT max(best) FROM submission
        WHERE benchmark = ? AND split = ? AND team = ? AND best IS NOT NULL)
      WHERE id = ?
      """, [restored.benchmark, restored.split, restored.teamKey, key])
  }

  package static func event(
    _ kind: String, _ submission: Int64, why: String? = nil, at now: Date, in database: Database
  ) throws {
    try database.run(
      "INSERT INTO event (submission, at, kind, why) VALUES (?, ?, ?, ?)",
      [submission, now.seconds, kind, why])
  }
}
