import Foundation
import GRDB
import Harness

/// What a team has used of its quotas. It is counted in one row a team, phase and day, so that a check
/// does not grow with history.
struct QuotaUsage: Decodable, FetchableRecord, Sendable {
  var validToday: Int
  var valid: Int
  var failingToday: Int
  var failing: Int
  /// Accepted submissions without a score yet, which count as if they had it.
  var waiting: Int

  static func of(
    _ team: Int64, in phase: Phase, at now: Date, in database: Database
  ) throws -> QuotaUsage {
    // CROSS JOIN keeps the order: the queue is short, a team's history is not.
    let usage = try fetchOne(
      database.cachedStatement(
        sql: """
          SELECT coalesce(sum(valid) FILTER (WHERE day = :day), 0) AS validToday,
            coalesce(sum(valid), 0) AS valid,
            coalesce(sum(failing) FILTER (WHERE day = :day), 0) AS failingToday,
            coalesce(sum(failing), 0) AS failing,
            (SELECT count(*) FROM queue q CROSS JOIN submission s ON s.id = q.submission
              WHERE s.team = :team AND s.benchmark = :benchmark AND s.split = :split
                AND s.phase = :phase) AS waiting
          FROM usage
          WHERE team = :team AND benchmark = :benchmark AND split = :split AND phase = :phase
          """),
      arguments: [
        "day": now.seconds / 86_400, "team": team, "benchmark": phase.benchmark,
        "split": phase.split, "phase": phase.name,
      ])
    guard let usage else { throw DatabaseError(message: "a sum came without a row") }
    return usage
  }

  /// - Throws: ``Refusal/quota(_:limit:)`` where the team has used up its valid submissions.
  func checkValid(_ quota: Phase.Quota) throws {
    if validToday + waiting >= quota.daily {
      throw Refusal.quota(.validDaily, limit: quota.daily)
    }
    if valid + waiting >= quota.total { throw Refusal.quota(.validTotal, limit: quota.total) }
  }

  /// - Throws: ``Refusal/quota(_:limit:)`` where the team has used up its failed uploads: it is not
  ///   even told what is wrong with this one.
  func checkFailing(_ quota: Phase.Quota) throws {
    if failingToday >= quota.daily { throw Refusal.quota(.failingDaily, limit: quota.daily) }
    if failing >= quota.total { throw Refusal.quota(.failingTotal, limit: quota.total) }
  }

  /// What an upload is counted as: the name of the column.
  enum Count: String {
    case valid
    case failing
  }

  static func charge(
    _ count: Count, to team: Int64, _ board: BoardKey, phase: String, at now: Date,
    in database: Database
  ) throws {
    try database.cachedStatement(
      sql: """
        INSERT INTO usage (team, benchmark, split, phase, day, \(count.rawValue))
        VALUES (?, ?, ?, ?, ?, 1)
        ON CONFLICT DO UPDATE SET \(count.rawValue) = \(count.rawValue) + 1
        """
    ).execute(
      arguments: [team, board.benchmark, board.split, phase, now.seconds / 86_400])
  }
}
