import Basics
import Foundation
import GRDB
import Harness

/// A valid upload on its way into the store.
struct Draft: Sendable {
  var standing: Standing
  var metadata: SubmissionMetadata
  /// The predictions in the form they are kept in, and their digest.
  var file: Data
  var digest: String
  var idempotency: Idempotency?
}

/// How a client names a request, so that it may be sent twice.
struct Idempotency: Sendable, Equatable {
  var key: String
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

/// A team whose token came with a request.
struct Member: Sendable, Equatable {
  var team: Team
  /// SHA-256 of the token.
  var token: Data
}

/// A board that takes submissions, as one team meets it.
struct Standing: Sendable {
  var member: Member
  var phase: Phase
  /// The phase's row: another one is another phase.
  var phaseKey: Int64
  /// The team's submission that is its best; nil for none.
  var best: Int64?

  var team: Team { member.team }
}

/// What became of a valid upload in the store.
enum Recorded: Sendable {
  case new(StoredSubmission)
  case known(StoredSubmission)
  /// Nothing was done: by now the team stands elsewhere than what it was admitted and judged by.
  case stale
}

/// Who looks after a submission that waits, and until when.
struct Lease: Sendable {
  var owner: String
  var seconds: Int64
}

extension SubmissionStore {
  /// Where a team stands; nil where the board has no phase.
  func standing(of member: Member, on board: BoardKey) throws(ServerError) -> Standing? {
    // Not one transaction: all of it is looked at again before it counts.
    try readOnce { database in
      guard let row = try Self.phaseRow(of: board, in: database), let phase = Phase(row: row) else {
        return nil
      }
      return Standing(
        member: member, phase: phase, phaseKey: row["id"],
        best: try Self.best(of: member.team.id, on: board, in: database))
    }
  }

  /// Takes a valid upload in: from here on it is not lost.
  ///
  /// - Parameters:
  ///   - outcome: its score, which is released, charged and, where it is a new best, put on its
  ///     board in the same transaction; nil where it could not be scored: then it waits in the
  ///     queue, leased.
  /// - Throws: ``Refusal``, ``ServerError``.
  func record(
    _ draft: Draft, _ outcome: ReleasedScore?, lease: Lease, at now: Date
  ) async throws -> Recorded {
    let metadata =
      try DirectJSON(draft.metadata)?.json
      ?? String(decoding: CanonicalJSON.compact(draft.metadata), as: UTF8.self)
    var submission = StoredSubmission(draft, id: Self.newID(at: now), received: now)
    submission.release(outcome)
    let made = submission
    return try await queued { database in
      var made = made
      let standing = draft.standing
      let admission = try Self.admission(standing, at: now, in: database)
      guard admission.isCurrent else { return .stale }
      if let name = draft.idempotency {
        let known = try Self.known(name, standing.team, in: database)
        if let known, known.state != .failed { return .known(known) }
      }
      let refusal = admission.usage.refusal(ofValid: standing.phase)
      let isTimely = outcome == nil || admission.best == standing.best
      // Nearly all are new: where it may come in, the insertion itself finds out.
      if refusal == nil, isTimely,
        let key = try Self.insert(made, metadata, draft.file, in: database)
      {
        made.key = key
        // One that is released at once has no events of its own, see ``history(of:)``.
        if outcome == nil { try Self.event("accepted", made.key, at: now, in: database) }
      } else {
        let known = try Self.known(draft, in: database)
        if let known, known.state != .failed { return .known(known) }
        if let refusal { throw refusal }
        guard isTimely, let known else { return .stale }
        // We could not score it; now it is tried again.
        (made.id, made.key, made.received) = (known.id, known.key, known.received)
        try database.run(
          "UPDATE submission SET state = ?, verdict = ?, report = ? WHERE id = ?",
          [made.state.rawValue, made.verdict, made.report?.json, made.key])
        try Self.event("accepted", made.key, at: now, in: database)
        if outcome != nil { try Self.event("released", made.key, at: now, in: database) }
      }
      if let outcome {
        try Self.release(made, isBest: outcome.isBest, at: now, in: database)
      } else {
        try database.run(
          "INSERT INTO queue (submission, owner, leased_until, attempts) VALUES (?, ?, ?, 1)",
          [made.key, lease.owner, now.seconds + lease.seconds])
      }
      try Self.remember(draft, as: made.key, in: database)
      return .new(made)
    }
  }

  /// - Returns: the key of the new row; nil, with nothing done, where the board has these predictions.
  private static func insert(
    _ made: StoredSubmission, _ metadata: String, _ file: Data, in database: Database
  ) throws -> Int64? {
    try database.run(
      """
      INSERT INTO submission (public_id, team, benchmark, split, phase, digest, metadata,
        received, state, verdict, report)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (benchmark, split, digest) DO NOTHING
      """,
      [
        made.id, made.teamKey, made.benchmark, made.split, made.phase, made.digest, metadata,
        made.received.seconds, made.state.rawValue, made.verdict, made.report?.json,
      ])
    guard database.changesCount > 0 else { return nil }
    let key = database.lastInsertedRowID
    try database.run("INSERT INTO prediction (submission, file) VALUES (?, ?)", [key, file])
    return key
  }

  /// What a released score brings with it: a place on the board and a charge.
  private static func release(
    _ submission: StoredSubmission, isBest: Bool, at now: Date, in database: Database
  ) throws {
    let board = submission.board
    if isBest {
      try database.run(
        """
        UPDATE submission SET best = 1 + (SELECT coalesce(max(best), 0) FROM submission
          WHERE benchmark = ? AND split = ? AND team = ? AND best IS NOT NULL)
        WHERE id = ?
        """,
        [board.benchmark, board.split, submission.teamKey, submission.key])
    }
    try charge(
      .valid, team: submission.teamKey, board, phase: submission.phase, at: now, in: database)
  }

  /// The submission of this team with the same predictions.
  private static func known(
    _ draft: Draft, in database: Database
  ) throws -> StoredSubmission? {
    let phase = draft.standing.phase
    let key = try database.number(
      "SELECT id FROM submission WHERE benchmark = ? AND split = ? AND digest = ?",
      [phase.benchmark, phase.split, draft.digest])
    guard let key, let known = try submission(key, in: database) else { return nil }
    guard known.teamKey == draft.standing.team.id else { throw Refusal.predictionsTaken }
    if known.state != .failed { try remember(draft, as: key, in: database) }
    return known
  }

  private static func remember(_ draft: Draft, as key: Int64, in database: Database) throws {
    guard let name = draft.idempotency else { return }
    try database.run(
      """
      INSERT INTO idempotency (team, key, payload, submission) VALUES (?, ?, ?, ?)
      ON CONFLICT DO NOTHING
      """,
      [draft.standing.team.id, name.key, name.payload, key])
  }

  /// The submission that a request of this name made before.
  ///
  /// - Throws: ``Refusal/keyReused`` where it came with another upload.
  func known(_ name: Idempotency, _ team: Team) throws -> StoredSubmission? {
    // A refusal is no failure of the store.
    try read { database in Result { try Self.known(name, team, in: database) } }.get()
  }

  private static func known(
    _ name: Idempotency, _ team: Team, in database: Database
  ) throws -> StoredSubmission? {
    let row = try database.row(
      "SELECT payload, submission FROM idempotency WHERE team = ? AND key = ?",
      [team.id, name.key])
    guard let row else { return nil }
    guard row["payload"] as String == name.payload else { throw Refusal.keyReused }
    return try submission(row["submission"], in: database)
  }

  /// The submission that a team has on a board; nil for none.
  func best(of team: Int64, on board: BoardKey) throws(ServerError) -> Int64? {
    try read { try Self.best(of: team, on: board, in: $0) }
  }

  static func best(
    of team: Int64, on board: BoardKey, in database: Database
  ) throws -> Int64? {
    try database.number(
      "SELECT submission FROM board WHERE benchmark = ? AND split = ? AND team = ?",
      [board.benchmark, board.split, team])
  }

  /// Releases the score of a submission that waited and charges the quota.
  ///
  /// - Parameter best: what the verdict was made against.
  /// - Returns: false, with nothing done, where the team's best is another one by now.
  func release(
    _ key: Int64, _ outcome: ReleasedScore, over best: Int64?, at now: Date
  ) async throws -> Bool {
    try await queued { database in
      // Another worker may have been quicker.
      guard let waiting = try Self.submission(key, in: database), waiting.state == .pending else {
        return true
      }
      let current = try Self.best(of: waiting.teamKey, on: waiting.board, in: database)
      guard current == best else { return false }
      try database.run(
        "UPDATE submission SET state = 'released', verdict = ?, report = ? WHERE id = ?",
        [outcome.verdict, outcome.report?.json, key])
      try Self.release(waiting, isBest: outcome.isBest, at: now, in: database)
      try Self.event("released", key, at: now, in: database)
      try database.run("DELETE FROM queue WHERE submission = ?", [key])
      return true
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

  /// Leases what waits and is nobody's: all that another process left where `isAlone`
  /// (only one server works on a store), else what was leased too long ago.
  ///
  /// - Returns: the submissions with the number of attempts, this one counted.
  func takeOver(
    _ lease: Lease, isAlone: Bool, at now: Date
  ) async throws -> [(key: Int64, attempts: Int)] {
    try await queued { database in
      try Row.fetchAll(
        database,
        sql: """
          UPDATE queue SET owner = ?1, leased_until = ?2, attempts = attempts + 1
          WHERE leased_until < ?3 OR (?4 AND owner <> ?1)
          RETURNING submission, attempts
          """,
        arguments: [lease.owner, now.seconds + lease.seconds, now.seconds, isAlone]
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

  /// 16 letters and digits: 7 of the time in seconds, so that new ids stand at one end of their
  /// index, and 9 (45 bits) at random.
  private static func newID(at now: Date) -> String {
    let letters = Array("23456789abcdefghijkmnpqrstuvwxyz".utf8)
    let (time, random) = (UInt64(max(0, now.seconds)), UInt64.random(in: 0...UInt64.max))
    let digits =
      (0..<7).map { time >> (5 * (6 - $0)) & 31 } + (0..<9).map { random >> (5 * $0) & 31 }
    return String(decoding: digits.map { letters[Int($0)] }, as: UTF8.self)
  }
}
