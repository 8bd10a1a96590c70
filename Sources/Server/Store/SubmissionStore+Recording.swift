import Basics
import Foundation
import GRDB
import Harness

/// A valid upload on its way into the store.
struct Candidate: Sendable {
  var metadata: SubmissionMetadata
  /// The predictions in the form in which they are kept.
  var file: Data
  /// Of the predictions as read.
  var digest: String
  var idempotency: Idempotency?
  var judgement: Judgement
  /// What it was scored with.
  var state: BoardState
}

/// How a client names a request, so that it may be sent twice.
struct Idempotency: Sendable, Equatable {
  /// The name, and the SHA-256 of the upload as it came.
  var key, payload: String
}

/// A submission that is in the store.
struct Recorded: Sendable {
  var submission: StoredSubmission
  /// False where it had been recorded before.
  var isNew = true
  /// Why the server could not score it: then it waits in the queue.
  var failure: (any Error)?
}

/// Why a valid upload is not taken.
enum Refusal: Error, Equatable {
  case token(TokenRefusal)
  /// While the upload was on its way.
  case phaseChanged
  /// The board's figures were computed with another scorer or other labels.
  case superseded
  /// The key came with another upload before, or the predictions from another team.
  case keyReused
  case quota(QuotaKind, limit: Int)
  /// Another team's system on the board has a name that looks like this one.
  case systemTaken(String)
  /// The team has no complete submission in the phase that comes before.
  case prerequisite(Phase.Prerequisite)
  /// The team has as many systems on the board as the phase takes.
  case entries(limit: Int, standing: [String])

  enum QuotaKind: String, Sendable {
    case validDaily = "valid submissions a day"
    case validTotal = "valid submissions in this phase"
    case failingDaily = "failed uploads a day"
    case failingTotal = "failed uploads in this phase"

    var endsAtMidnight: Bool { self == .validDaily || self == .failingDaily }
  }
}

/// Who looks after a submission that waits, and for how long.
struct Lease: Sendable {
  var owner: String
  var seconds: Int64
}

extension SubmissionStore {
  /// Where a team stands with a system.
  /// - Throws: ``Refusal``: `prerequisite`, `entries`; ``ServerError``.
  func standing(of team: Team, with system: String, in phase: Phase) throws -> Standing {
    // A refusal is no failure of the store.
    try read { database in
      Result {
        try phase.checkPrerequisite(of: team, in: database)
        let slot = try EntrySlot(for: system, of: team, in: phase, in: database)
        return Standing(
          phase: phase,
          bests: try Self.standingBests(of: team.id, on: phase.board, slot, in: database))
      }
    }.get()
  }

  /// The same of a submission that waits, in the phase that it came in.
  func standing(of waiting: StoredSubmission) throws(ServerError) -> Standing? {
    try read { database in
      let phases = try PhaseList(of: waiting.board, in: database)
      guard let phase = phases.named(waiting.phase, of: waiting.board) else { return nil }
      return Standing(
        phase: phase,
        bests: try Self.standingBests(
          of: waiting.teamKey, on: waiting.board, waiting.slot, in: database))
    }
  }

  /// The submission that a request of this name made before.
  /// - Throws: ``Refusal/keyReused`` where it came with another upload.
  func known(_ name: Idempotency, of team: Int64) throws -> StoredSubmission? {
    // A refusal is no failure of the store.
    try read { database in Result { try Self.known(name, of: team, in: database) } }.get()
  }

  private static func known(
    _ name: Idempotency, of team: Int64, in database: Database
  ) throws -> StoredSubmission? {
    let query = "SELECT payload, submission FROM idempotency WHERE team = ? AND key = ?"
    guard
      let row = try Row.fetchOne(database.cachedStatement(sql: query), arguments: [team, name.key])
    else { return nil }
    guard row["payload"] as String == name.payload else { throw Refusal.keyReused }
    return try StoredSubmission.find(row["submission"], in: database)
  }

  /// Records a valid upload with its score, its charge and its place on the board; one that could
  /// not be scored waits in the queue. Token, phase, quota and the team's best are looked at here.
  /// - Throws: ``Refusal``, ``ServerError``. Once this returns the upload is not lost.
  func record(
    _ candidate: Candidate, in phase: Phase, token: TokenSecret, lease: Lease, at now: Date
  ) async throws -> Recorded {
    let metadata = String(decoding: try CanonicalJSON.compact(candidate.metadata), as: UTF8.self)
    return try await commit { database in
      let team = try Self.admit(token, to: phase, at: now, in: database)
      let earlier = try Self.earlier(candidate, of: team, on: phase.board, in: database)
      if let earlier, earlier.state != .failed {
        return Recorded(submission: earlier, isNew: false)
      }
      guard try candidate.state.isCurrent(on: phase.board, at: now, in: database) else {
        throw Refusal.superseded
      }
      if !team.isOrganiser {
        try QuotaUsage.of(team.id, in: phase, at: now, in: database).checkValid(phase.valid)
      }
      try Self.checkSystem(
        candidate.metadata.system, of: team.id, on: phase.board, in: database)
      // One that the server gave up is tried again.
      let submission =
        try earlier
        ?? StoredSubmission.insert(candidate, metadata, of: team, in: phase, at: now, in: database)
      try Self.addEvent("accepted", to: submission.key, at: now, in: database)
      let scribe = LedgerScribe(ledger: self.ledger, database: database, now: now)
      try scribe.accepted(submission)
      try Self.remember(candidate.idempotency, as: submission, in: database)
      switch try candidate.judgement.outcome(of: submission, in: database) {
      case .success(let release):
        return Recorded(
          submission: try submission.release(release, in: phase, by: scribe))
      case .failure(let error):
        let waiting = try submission.wait(for: lease, at: now, in: database)
        return Recorded(submission: waiting, failure: error)
      }
    }
  }

  /// The team whose token this still is, where `phase` is still the board's.
  private static func admit(
    _ token: TokenSecret, to phase: Phase, at now: Date, in database: Database
  ) throws -> Team {
    let team = try TeamToken.holder(of: token, at: now, in: database).team
    let current: Int64? = try database.value(
      """
      SELECT id FROM named_phase WHERE benchmark = ? AND split = ? AND opens <= ?
      ORDER BY opens DESC, id DESC LIMIT 1
      """, [phase.benchmark, phase.split, now.seconds])
    let isOpen: Bool? = try database.value(
      "SELECT closed IS NULL FROM phase WHERE id = ?", [phase.id])
    guard current == phase.id, isOpen == true else { throw Refusal.phaseChanged }
    try phase.checkPrerequisite(of: team, in: database)
    return team
  }

  /// The submission that this upload is, by its key or by its predictions.
  private static func earlier(
    _ candidate: Candidate, of team: Team, on board: BoardKey, in database: Database
  ) throws -> StoredSubmission? {
    if let name = candidate.idempotency,
      let known = try known(name, of: team.id, in: database), known.state != .failed
    {
      return known
    }
    let same: StoredSubmission? = try database.first(
      """
      \(StoredSubmission.selection)
      WHERE s.benchmark = ? AND s.split = ? AND s.team = ? AND s.digest = ?
      """, [board.benchmark, board.split, team.id, candidate.digest])
    guard let same else { return nil }
    if same.state != .failed { try remember(candidate.idempotency, as: same, in: database) }
    return same
  }

  private static func remember(
    _ name: Idempotency?, as submission: StoredSubmission, in database: Database
  ) throws {
    guard let name else { return }
    try database.run(
      """
      INSERT INTO idempotency (team, key, payload, submission) VALUES (?, ?, ?, ?)
      ON CONFLICT DO NOTHING
      """, [submission.teamKey, name.key, name.payload, submission.key])
  }

  /// Counts a failed upload; one that is sent again by its key counts once.
  /// - Throws: ``Refusal``, such as `quota` where the team has used up its failed uploads.
  func chargeFailing(
    _ name: Idempotency?, in phase: Phase, token: TokenSecret, at now: Date
  ) async throws {
    try await commit { database in
      let team = try Self.admit(token, to: phase, at: now, in: database)
      if let name {
        try database.run(
          """
          INSERT INTO failing_upload (team, key, payload) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
          """, [team.id, name.key, name.payload])
        if database.changesCount == 0 { return }
      }
      if !team.isOrganiser {
        try QuotaUsage.of(team.id, in: phase, at: now, in: database).checkFailing(phase.failing)
      }
      try QuotaUsage.charge(
        .failing, to: team.id, phase.board, phase: phase.name, at: now, in: database)
    }
  }

  /// Releases the score of a submission that waited.
  /// - Throws: ``Refusal/superseded`` while its board awaits rescoring: it waits too.
  func settle(
    _ key: Int64, _ judgement: Judgement, _ state: BoardState, at now: Date
  ) async throws {
    try await commit { database in
      // Another server may have been quicker.
      guard let waiting = try StoredSubmission.find(key, in: database), waiting.state == .pending
      else { return }
      guard try state.isCurrent(on: waiting.board, at: now, in: database) else {
        throw Refusal.superseded
      }
      let release = try judgement.outcome(of: waiting, in: database).get()
      _ = try waiting.release(
        release,
        in: try PhaseList(of: waiting.board, in: database)
          .named(waiting.phase, of: waiting.board),
        by: LedgerScribe(ledger: self.ledger, database: database, now: now))
      try database.run("DELETE FROM queue WHERE submission = ?", [key])
    }
  }

  /// Gives up a submission that cannot be scored; it costs the team nothing.
  func giveUp(_ key: Int64, why: String, at now: Date) async throws {
    try await commit { database in
      try database.run(
        "UPDATE submission SET state = 'failed' WHERE id = ? AND state = 'pending'", [key])
      try database.run("DELETE FROM queue WHERE submission = ?", [key])
      try Self.addEvent("failed", to: key, why: why, at: now, in: database)
    }
  }

  /// Leases what waits and is nobody's: all that another process left where `isAlone`
  /// (only one server works on a store), else what was leased too long ago.
  /// - Returns: the submissions with the number of attempts, this one counted.
  func takeOver(
    _ lease: Lease, isAlone: Bool, at now: Date
  ) async throws -> [(key: Int64, attempts: Int)] {
    try await commit { database in
      try Row.fetchAll(
        database,
        sql: """
          UPDATE queue SET owner = :owner, leased_until = :until, attempts = attempts + 1
          WHERE leased_until < :now OR (:isAlone AND owner <> :owner)
          RETURNING submission, attempts
          """,
        arguments: [
          "owner": lease.owner, "until": now.seconds + lease.seconds, "now": now.seconds,
          "isAlone": isAlone,
        ]
      ).map { ($0["submission"], $0["attempts"]) }
    }
  }
}

extension StoredSubmission {
  /// A new one, not scored yet.
  fileprivate static func insert(
    _ candidate: Candidate, _ metadata: String, of team: Team, in phase: Phase, at now: Date,
    in database: Database
  ) throws -> StoredSubmission {
    let slot = try EntrySlot(
      for: candidate.metadata.system, of: team, in: phase, in: database)
    let id = newID(at: now)
    try database.run(
      """
      INSERT INTO submission (public_id, team, benchmark, split, phase, digest, metadata, received,
        system, alone, late)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        id, team.id, phase.benchmark, phase.split, phase.name, candidate.digest,
        metadata, now.seconds, slot.system, slot.isAlone, slot.isLate,
      ])
    let key = database.lastInsertedRowID
    try database.run(
      "INSERT INTO prediction (submission, file) VALUES (?, ?)", [key, candidate.file])
    return StoredSubmission(
      id: id, team: team.name, benchmark: phase.benchmark, split: phase.split, phase: phase.name,
      digest: candidate.digest, metadata: candidate.metadata,
      received: Date(timeIntervalSince1970: Double(now.seconds)), state: .pending,
      isChosen: false, isWithdrawn: false, systemKey: slot.system, isAlone: slot.isAlone,
      isLate: slot.isLate, key: key, teamKey: team.id)
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

  private static func stored(_ key: Int64, in database: Database) throws -> StoredSubmission {
    guard let submission = try find(key, in: database) else {
      throw DatabaseError(message: "submission \(key) is not in the store")
    }
    return submission
  }

  /// Releases it: with its score, its place on the board and its charge.
  fileprivate func release(
    _ outcome: Judgement.Outcome, in phase: Phase?, by scribe: LedgerScribe
  ) throws -> StoredSubmission {
    let (now, database) = (scribe.now, scribe.database)
    let (release, report) = (outcome.release, outcome.report)
    try database.run(
      "UPDATE submission SET state = 'released', verdict = ?, report = ? WHERE id = ?",
      [release.verdict.rawValue, report, key])
    var released = self
    (released.state, released.verdict, released.report) = (
      .released, release.verdict, release.report
    )
    var old: [StoredSubmission] = []
    if release.verdict.isNewBest {
      old = try SubmissionStore.bests(of: teamKey, on: board, slot, in: database)
      released.best = try SubmissionStore.makeBest(key, of: teamKey, on: board, in: database)
      try SubmissionStore.claimSystem(metadata.system, for: teamKey, on: board, in: database)
    }
    try scribe.released(self, release, report, over: old, in: phase)
    try QuotaUsage.charge(.valid, to: teamKey, board, phase: self.phase, at: now, in: database)
    try SubmissionStore.addEvent("released", to: key, at: now, in: database)
    try Webhook.announce(released, release, at: now, in: database)
    return released
  }

  /// Puts it in the queue until somebody scores it.
  fileprivate func wait(
    for lease: Lease, at now: Date, in database: Database
  ) throws -> StoredSubmission {
    try database.run(
      "UPDATE submission SET state = 'pending', verdict = NULL, report = NULL WHERE id = ?", [key])
    try database.run(
      "INSERT INTO queue (submission, owner, leased_until, attempts) VALUES (?, ?, ?, 1)",
      [key, lease.owner, now.seconds + lease.seconds])
    return try Self.stored(key, in: database)
  }
}
