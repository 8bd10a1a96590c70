import Foundation
import GRDB
import Harness

/// A valid upload on its way into the store.
struct Draft: Sendable {
  var team: Team
  var phase: Phase
  var metadata: SubmissionMetadata
  /// The predictions in the form they are kept in, and their digest.
  var file: Data
  var digest: String
  /// What the client calls this request, so that it may be sent twice.
  var idempotencyKey: String?
  /// SHA-256 of the upload as it came.
  var payload: String
}

/// Why a valid upload is not taken.
enum Refusal: Error, Equatable {
  /// The key came with another upload before.
  case keyReused
  /// Another team has these predictions.
  case predictionsTaken
  case quota(QuotaKind, limit: Int)

  enum QuotaKind: String, Sendable {
    case validDaily = "valid submissions a day"
    case validTotal = "valid submissions in this phase"
    case failingDaily = "failing uploads a day"
    case failingTotal = "failing uploads in this phase"

    var endsAtMidnight: Bool { self == .validDaily || self == .failingDaily }
  }
}

/// Whether an upload is new.
enum Acceptance: Sendable {
  case new(key: Int64)
  case known(StoredSubmission)
}

extension SubmissionStore {
  /// Takes a valid upload in: from here on it is not lost. It waits in the queue, leased to `owner`,
  /// until it is released.
  ///
  /// - Throws: ``Refusal``, ``ServerError``.
  func accept(
    _ draft: Draft, owner: String, leaseSeconds: Int64, at now: Date
  ) async throws -> Acceptance {
    let metadata = String(decoding: try JSONEncoder().encode(draft.metadata), as: UTF8.self)
    let publicID = Self.randomID()
    return try await queued { database in
      if let known = try Self.known(draft, in: database) { return .known(known) }
      try Self.checkQuota(draft.team, draft.phase, at: now, in: database)
      try database.run(
        """
        INSERT INTO submission (public_id, team, benchmark, split, phase, digest, metadata,
          received)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          publicID, draft.team.id, draft.phase.benchmark, draft.phase.split, draft.phase.name,
          draft.digest, metadata, now.seconds,
        ])
      let key = database.lastInsertedRowID
      try database.run(
        "INSERT INTO prediction (submission, file) VALUES (?, ?)", [key, draft.file])
      try database.run(
        "INSERT INTO queue (submission, owner, leased_until, attempts) VALUES (?, ?, ?, 1)",
        [key, owner, now.seconds + leaseSeconds])
      try Self.event("accepted", key, at: now, in: database)
      try Self.remember(draft, as: key, in: database)
      return .new(key: key)
    }
  }

  /// The submission that this upload repeats: by the client's key, else by its predictions.
  private static func known(
    _ draft: Draft, in database: Database
  ) throws -> StoredSubmission? {
    if let key = draft.idempotencyKey {
      let row = try database.row(
        "SELECT payload, submission FROM idempotency WHERE team = ? AND key = ?",
        [draft.team.id, key])
      if let row {
        guard row["payload"] as String == draft.payload else { throw Refusal.keyReused }
        return try submission(row["submission"], in: database)
      }
    }
    let row = try database.row(
      "SELECT id, team FROM submission WHERE benchmark = ? AND split = ? AND digest = ?",
      [draft.phase.benchmark, draft.phase.split, draft.digest])
    guard let row else { return nil }
    guard row["team"] as Int64 == draft.team.id else { throw Refusal.predictionsTaken }
    try remember(draft, as: row["id"], in: database)
    return try submission(row["id"], in: database)
  }

  private static func remember(_ draft: Draft, as key: Int64, in database: Database) throws {
    guard let name = draft.idempotencyKey else { return }
    try database.run(
      "INSERT INTO idempotency (team, key, payload, submission) VALUES (?, ?, ?, ?)",
      [draft.team.id, name, draft.payload, key])
  }

  /// The submission that a team has on a board; nil for none.
  func best(of team: Int64, on board: BoardKey) throws(ServerError) -> Int64? {
    try read { try Self.best(of: team, on: board, in: $0) }
  }

  private static func best(
    of team: Int64, on board: BoardKey, in database: Database
  ) throws -> Int64? {
    try database.number(
      "SELECT submission FROM board WHERE benchmark = ? AND split = ? AND team = ?",
      [board.benchmark, board.split, team])
  }

  /// Releases a score and charges the quota; from here on it is on its board if `isBest`.
  ///
  /// - Parameter best: what the verdict was made against.
  /// - Returns: the submission as it is now; nil, with nothing done, where the team's best is
  ///   another one by now.
  func release(
    _ key: Int64, _ outcome: ReleasedScore, over best: Int64?, at now: Date
  ) async throws -> StoredSubmission? {
    let report = try outcome.report.map {
      String(decoding: try JSONEncoder().encode($0), as: UTF8.self)
    }
    return try await queued { database in
      let row = try database.row(
        "SELECT team, benchmark, split, phase, state FROM submission WHERE id = ?", [key])
      guard let row else { return nil }
      // Another worker was quicker.
      if row["state"] as String == "released" { return try Self.submission(key, in: database) }
      let (team, board): (Int64, BoardKey) = (
        row["team"], BoardKey(benchmark: row["benchmark"], split: row["split"])
      )
      let current = try Self.best(of: team, on: board, in: database)
      guard current == best else { return nil }
      try database.run(
        """
        UPDATE submission SET state = 'released', verdict = ?, report = ?, best =
          CASE WHEN ? THEN 1 + (SELECT coalesce(max(best), 0) FROM submission
            WHERE benchmark = ? AND split = ? AND team = ? AND best IS NOT NULL) END
        WHERE id = ?
        """,
        [
          outcome.verdict, report, outcome.isBest, board.benchmark, board.split, team, key,
        ])
      try database.run(
        "DELETE FROM queue WHERE submission = ?", [key])
      try Self.charge("valid", team: team, board, phase: row["phase"], at: now, in: database)
      try Self.event("released", key, at: now, in: database)
      return try Self.submission(key, in: database)
    }
  }

  /// Gives up on a submission that we cannot score; it costs the team nothing.
  func fail(_ key: Int64, why: String, at now: Date) async throws {
    try await queued { database in
      try database.run(
        "UPDATE submission SET state = 'failed' WHERE id = ? AND state = 'pending'", [key])
      try database.run(
        "DELETE FROM queue WHERE submission = ?", [key])
      try Self.event("failed", key, why: why, at: now, in: database)
    }
  }

  /// Leases to `owner` what waits and is nobody's: all that another process left where `isAlone`
  /// (only one server works on a store), else what was leased too long ago.
  ///
  /// - Returns: the submissions with the number of attempts, this one counted.
  func takeOver(
    owner: String, isAlone: Bool, leaseSeconds: Int64, at now: Date
  ) async throws -> [(key: Int64, attempts: Int)] {
    try await queued { database in
      try Row.fetchAll(
        database,
        sql: """
          UPDATE queue SET owner = ?1, leased_until = ?2, attempts = attempts + 1
          WHERE leased_until < ?3 OR (?4 AND owner <> ?1)
          RETURNING submission, attempts
          """,
        arguments: [owner, now.seconds + leaseSeconds, now.seconds, isAlone]
      ).map { ($0["submission"], $0["attempts"]) }
    }
  }

  func submission(key: Int64) throws(ServerError) -> StoredSubmission? {
    try read { try Self.submission(key, in: $0) }
  }

  /// A write that shares its transaction with others that come at the same time.
  func queued<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    do {
      return try await writes.write(body)
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      throw ServerError(error, path: url.relativePath)
    }
  }

  private static func randomID() -> String {
    let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
    return String((0..<16).map { _ in letters[Int.random(in: 0..<letters.count)] })
  }
}
