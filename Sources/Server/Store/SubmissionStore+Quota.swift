import Foundation
import GRDB

/// Quotas are counted in one row a team, phase and day, so that a check does not grow with history.
extension SubmissionStore {
  /// What a team has used of its quotas.
  struct Usage: Sendable, Equatable {
    var valid: Phase.Quota
    var failing: Phase.Quota
    /// Accepted submissions without a score yet.
    var waiting: Int
  }

  /// Counts an upload that was no valid submission.
  ///
  /// - Throws: ``Refusal/quota(_:limit:)`` where the team has used up its failing uploads: then it is
  ///   not told what was wrong with this one.
  func chargeFailing(_ team: Team, _ phase: Phase, at now: Date) async throws {
    try await queued { database in
      let usage = try Self.usage(team.id, phase, at: now, in: database)
      if usage.failing.daily >= phase.failing.daily {
        throw Refusal.quota(.failingDaily, limit: phase.failing.daily)
      }
      if usage.failing.total >= phase.failing.total {
        throw Refusal.quota(.failingTotal, limit: phase.failing.total)
      }
      try Self.charge(
        "failing", team: team.id, phase.board, phase: phase.name, at: now, in: database)
    }
  }

  /// Throws ``Refusal/quota(_:limit:)`` where a team has used up its submissions; one that waits
  /// for its score counts as if it had it.
  static func checkQuota(
    _ team: Team, _ phase: Phase, at now: Date, in database: Database
  ) throws {
    let usage = try usage(team.id, phase, at: now, in: database)
    if usage.valid.daily + usage.waiting >= phase.valid.daily {
      throw Refusal.quota(.validDaily, limit: phase.valid.daily)
    }
    if usage.valid.total + usage.waiting >= phase.valid.total {
      throw Refusal.quota(.validTotal, limit: phase.valid.total)
    }
  }

  private static func usage(
    _ team: Int64, _ phase: Phase, at now: Date, in database: Database
  ) throws -> Usage {
    // CROSS JOIN keeps the order: the queue is short, a team's history is not.
    let row = try database.row(
      """
      SELECT coalesce(sum(valid), 0) AS valid, coalesce(sum(failing), 0) AS failing,
        coalesce(sum(valid) FILTER (WHERE day = ?1), 0) AS valid_today,
        coalesce(sum(failing) FILTER (WHERE day = ?1), 0) AS failing_today,
        (SELECT count(*) FROM queue q CROSS JOIN submission s ON s.id = q.submission
          WHERE s.team = ?2 AND s.benchmark = ?3 AND s.split = ?4 AND s.phase = ?5) AS waiting
      FROM usage WHERE team = ?2 AND benchmark = ?3 AND split = ?4 AND phase = ?5
      """, [day(now), team, phase.benchmark, phase.split, phase.name])
    return Usage(
      valid: Phase.Quota(daily: row?["valid_today"] ?? 0, total: row?["valid"] ?? 0),
      failing: Phase.Quota(daily: row?["failing_today"] ?? 0, total: row?["failing"] ?? 0),
      waiting: row?["waiting"] ?? 0)
  }

  /// - Parameter column: `valid` or `failing`.
  static func charge(
    _ column: String, team: Int64, _ board: BoardKey, phase: String, at now: Date,
    in database: Database
  ) throws {
    try database.run(
      """
      INSERT INTO usage (team, benchmark, split, phase, day, \(column)) VALUES (?, ?, ?, ?, ?, 1)
      ON CONFLICT DO UPDATE SET \(column) = \(column) + 1
      """,
      [team, board.benchmark, board.split, phase, day(now)])
  }

  /// Days since 1970, UTC.
  private static func day(_ now: Date) -> Int64 { now.seconds / 86_400 }
}
