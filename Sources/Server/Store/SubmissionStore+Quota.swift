import Foundation
import GRDB
import Harness

/// Quotas are counted in one row a team, phase and day, so that a check does not grow with history.
extension SubmissionStore {
  /// What a team has used of its quotas.
  struct Usage: Sendable, Equatable {
    var valid: Phase.Quota
    var failing: Phase.Quota
    /// Accepted submissions without a score yet.
    var waiting: Int

    /// Why a team may not submit, if it has used up its submissions; one that waits for its score
    /// counts as if it had it.
    func refusal(ofValid phase: Phase) -> Refusal? {
      if valid.daily + waiting >= phase.valid.daily {
        return .quota(.validDaily, limit: phase.valid.daily)
      }
      if valid.total + waiting >= phase.valid.total {
        return .quota(.validTotal, limit: phase.valid.total)
      }
      return nil
    }

    /// Why a team is not even told what is wrong with its uploads.
    func refusal(ofFailing phase: Phase) -> Refusal? {
      if failing.daily >= phase.failing.daily {
        return .quota(.failingDaily, limit: phase.failing.daily)
      }
      if failing.total >= phase.failing.total {
        return .quota(.failingTotal, limit: phase.failing.total)
      }
      return nil
    }
  }

  /// What a transaction that takes an upload looks at first.
  struct Admission: Sendable {
    var usage: Usage
    /// Whether the token is still good and the phase still the same.
    var isCurrent: Bool
    /// The team's best as it is now.
    var best: Int64?
  }

  /// Counts an upload that was no valid submission; one that is sent again by its key counts once.
  ///
  /// - Returns: false, with nothing done, where the team stands elsewhere by now.
  /// - Throws: ``Refusal/quota(_:limit:)`` where the team has used up its failing uploads: then it is
  ///   not told what was wrong with this one.
  func chargeFailing(
    _ standing: Standing, _ name: Idempotency?, at now: Date
  ) async throws -> Bool {
    try await queued { database in
      let admission = try Self.admission(standing, at: now, in: database)
      guard admission.isCurrent else { return false }
      let phase = standing.phase
      if let name {
        let known = try database.number(
          "SELECT 1 FROM failing_upload WHERE team = ? AND key = ? AND payload = ?",
          [standing.team.id, name.key, name.payload])
        if known != nil { return true }
      }
      if let refusal = admission.usage.refusal(ofFailing: phase) { throw refusal }
      try Self.charge(
        .failing, team: standing.team.id, phase.board, phase: phase.name, at: now, in: database)
      if let name {
        try database.run(
          "INSERT INTO failing_upload (team, key, payload) VALUES (?, ?, ?)",
          [standing.team.id, name.key, name.payload])
      }
      return true
    }
  }

  /// One query for all of it: it runs once a submission, in the only transaction that writes.
  static func admission(
    _ standing: Standing, at now: Date, in database: Database
  ) throws -> Admission {
    let (team, phase) = (standing.team.id, standing.phase)
    // CROSS JOIN keeps the order: the queue is short, a team's history is not. The columns have short
    // names because GRDB makes a string of each for every row, and the whole expression is one.
    let row = try database.row(
      """
      SELECT coalesce(sum(valid), 0) AS a, coalesce(sum(failing), 0) AS b,
        coalesce(sum(valid) FILTER (WHERE day = ?1), 0) AS c,
        coalesce(sum(failing) FILTER (WHERE day = ?1), 0) AS d,
        (SELECT count(*) FROM queue q CROSS JOIN submission s ON s.id = q.submission
          WHERE s.team = ?2 AND s.benchmark = ?3 AND s.split = ?4 AND s.phase = ?5) AS e,
        (SELECT count(*) FROM team WHERE id = ?2 AND token_hash = ?6 AND revoked IS NULL) AS f,
        (SELECT max(id) FROM phase WHERE benchmark = ?3 AND split = ?4) AS g,
        (SELECT submission FROM board WHERE benchmark = ?3 AND split = ?4 AND team = ?2) AS h
      FROM usage WHERE team = ?2 AND benchmark = ?3 AND split = ?4 AND phase = ?5
      """,
      [day(now), team, phase.benchmark, phase.split, phase.name, standing.member.token])
    guard let row else {
      throw ServerError.store(path: "usage", reason: "a sum came without a row")
    }
    return Admission(
      usage: Usage(
        valid: Phase.Quota(daily: row[2], total: row[0]),
        failing: Phase.Quota(daily: row[3], total: row[1]), waiting: row[4]),
      isCurrent: row[5] as Int == 1 && row[6] as Int64? == standing.phaseKey, best: row[7])
  }

  /// What an upload is counted as.
  enum Count {
    case valid
    case failing

    fileprivate var statement: String {
      switch self {
      case .valid:
        """
        INSERT INTO usage (team, benchmark, split, phase, day, valid) VALUES (?, ?, ?, ?, ?, 1)
        ON CONFLICT DO UPDATE SET valid = valid + 1
        """
      case .failing:
        """
        INSERT INTO usage (team, benchmark, split, phase, day, failing) VALUES (?, ?, ?, ?, ?, 1)
        ON CONFLICT DO UPDATE SET failing = failing + 1
        """
      }
    }
  }

  static func charge(
    _ count: Count, team: Int64, _ board: BoardKey, phase: String, at now: Date,
    in database: Database
  ) throws {
    try database.run(
      count.statement, [team, board.benchmark, board.split, phase, day(now)])
  }

  /// Days since 1970, UTC.
  private static func day(_ now: Date) -> Int64 { now.seconds / 86_400 }
}
