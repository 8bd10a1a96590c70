public import Foundation
import GRDB
import Harness

/// Browsers sign in with a team's token or with a link that the maintainer made. Either gives a session:
/// a token of its own with an end, kept as a digest like any other.
extension SubmissionStore {
  /// How long a session lasts.
  static let sessionSeconds = 12 * 3600

  /// Makes a link that signs a browser in once.
  /// - Throws: ``ServerError``: `unknownTeam`, `refused` for an expiry in the past, or where a team that
  ///   had no valid token might learn too much of hidden labels.
  public func addLink(
    to team: String, expires: Date, overBudget reason: String? = nil, at now: Date = Date()
  ) throws(ServerError) -> TokenSecret {
    try write { database in
      try TeamToken.insert(
        nil, .link, of: try Self.team(team, in: database), expires: expires, overBudget: reason,
        at: now, in: database)
    }
  }

  /// A session for the holder of a token; it ends with the token at the latest. A session begins no
  /// other one, which would not end with its token.
  /// - Throws: ``Refusal/token(_:)``, ``ServerError``.
  func startSession(with secret: TokenSecret, at now: Date) async throws -> TokenSecret {
    try await commit { database in
      let (token, team) = try TeamToken.holder(of: secret, at: now, in: database)
      guard token.kind == .token else { throw Refusal.token(.unknown) }
      return try Self.session(of: team, parent: token.id, until: token.expires, now, database)
    }
  }

  /// Whose link this is, without using it up.
  /// - Throws: ``Refusal/token(_:)``, ``ServerError``.
  func holder(ofLink secret: TokenSecret, at now: Date) throws -> Team {
    try read { database in
      Result { try TeamToken.holder(of: secret, isLink: true, at: now, in: database).team }
    }.get()
  }

  /// A session for who opens a link first; the link is used up, and to revoke it ends the session.
  /// - Throws: ``Refusal/token(_:)``, ``ServerError``.
  func openLink(_ secret: TokenSecret, at now: Date) async throws -> TokenSecret {
    try await commit { database in
      let team = try TeamToken.holder(of: secret, isLink: true, at: now, in: database).team
      let session = try Self.session(of: team, parent: secret.number, until: nil, now, database)
      try database.run(
        "UPDATE token SET revoked = :now, last_used = :now WHERE id = :id",
        ["now": now.seconds, "id": secret.number])
      return session
    }
  }

  func endSession(_ secret: TokenSecret, at now: Date) async throws {
    try await commit { database in
      try database.run(
        "UPDATE token SET revoked = ? WHERE id = ? AND kind = 'session' AND revoked IS NULL",
        [now.seconds, secret.number])
    }
  }

  private static func session(
    of team: Team, parent: Int64?, until end: Date?, _ now: Date, _ database: Database
  ) throws -> TokenSecret {
    // Those that ended a month ago are of no use to anybody.
    try database.run(
      "DELETE FROM token WHERE kind = 'session' AND expires < ?", [now.seconds - 30 * 86_400])
    let latest = now + Double(sessionSeconds)
    return try TeamToken.insert(
      nil, .session, of: team.id, parent: parent, expires: min(latest, end ?? latest), at: now,
      in: database)
  }

  func mayBeWithdrawnByTeam(
    _ submission: StoredSubmission, at now: Date
  ) throws(ServerError) -> Bool {
    try read { try submission.mayBeWithdrawnByTeam(at: now, in: $0) }
  }

  /// What a team has used of a phase's quotas; nil for the organisers, who have none.
  func usage(of team: Team, in phase: Phase, at now: Date) throws(ServerError) -> QuotaUsage? {
    guard !team.isOrganiser else { return nil }
    return try read { try QuotaUsage.of(team.id, in: phase, at: now, in: $0) }
  }

  /// What a team may still send to each board that is open, or to `board` alone; nil for the organisers.
  func left(
    to team: Team, of board: BoardKey? = nil, at now: Date
  ) throws(ServerError) -> [RemainingQuota]? {
    guard !team.isOrganiser else { return nil }
    return try read { database in
      let phases = try PhaseList(of: board, in: database)
      return try phases.boards.compactMap { phases.current(of: $0, at: now) }
        .filter { $0.closed == nil && $0.isOpen(at: now) }
        .map { try QuotaUsage.of(team.id, in: $0, at: now, in: database).left(of: $0) }
    }
  }
}
