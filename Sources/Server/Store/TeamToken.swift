import Basics
import Crypto
public import Foundation
public import GRDB

/// A token of a team, as far as the store knows it.
public struct TeamToken: Codable, TimedRecord, Sendable, Equatable {
  public var id: Int64
  public var name: String
  public var created: Date
  /// The first moment at which it is not accepted any more; nil for never.
  public var expires: Date?
  /// Less than an hour before it was really used last; nil where it never was.
  public var lastUsed: Date?
  public var revoked: Date?

  public var kind: Kind

  public enum Kind: String, Codable, Sendable, DatabaseValueConvertible {
    /// Kept by the team; opened once in a browser; kept by a browser until it expires.
    case token, link, session
  }

  public enum State: String, Codable, Sendable { case valid, expired, revoked }

  public func state(at now: Date = Date()) -> State {
    if revoked != nil { return .revoked }
    return expires.map { $0 <= now } ?? false ? .expired : .valid
  }

  static let selection =
    "SELECT id, name, created, expires, last_used AS lastUsed, revoked, kind FROM token"
}

/// A token's number and 256 random bits; the store keeps the SHA-256 alone.
public struct TokenSecret: Sendable, Equatable {
  package var number: Int64
  private var secret: [UInt8]

  package init(number: Int64) {
    self.number = number
    secret = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
  }

  /// Reads `invitro_<number>_<64 hexadecimal digits>`; nil for anything else.
  package init?(_ text: some StringProtocol) {
    let parts = text.utf8.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].elementsEqual("invitro".utf8), parts[1].count <= 18,
      let number = Int64(String(decoding: parts[1], as: UTF8.self)), number > 0,
      parts[2].count == 64
    else { return nil }
    let digits = parts[2].compactMap(Array("0123456789abcdef".utf8).firstIndex)
    guard digits.count == 64 else { return nil }
    self.number = number
    secret = stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  /// The text that the team keeps.
  public var text: String { "invitro_\(number)_\(secret.hexadecimal)" }

  package var digest: Data { Data(SHA256.hash(data: secret)) }

  /// What a form of the site carries beside the session's cookie: no other site can know it.
  var formToken: String { Digest.hmac("form", key: Data(secret)) }

  /// Whether this is the token whose digest is kept; takes the same time wherever they differ.
  package func matches(_ kept: Data) -> Bool {
    let own = digest
    var difference = UInt8(truncatingIfNeeded: own.count ^ kept.count)
    for (a, b) in zip(own, kept) { difference |= a ^ b }
    return difference == 0
  }
}

/// Why a token is not accepted; that it expired or was revoked is told to its holder alone.
enum TokenRefusal: Equatable {
  case unknown
  case expired(name: String, at: Date)
  case revoked(name: String, at: Date)

  /// For the security log, of a token whose number is known.
  var reason: String {
    switch self {
    case .unknown: "wrong secret"
    case .expired: "expired"
    case .revoked: "revoked"
    }
  }
}

extension TeamToken {
  /// A new token, as its team keeps it.
  /// - Throws: ``ServerError/refused(_:)`` where it lets a team learn too much of hidden labels.
  /// - Parameters:
  ///   - name: nil for the kind and the number.
  ///   - parent: the token that it ends with.
  static func insert(
    _ name: String?, _ kind: Kind = .token, of team: Int64, parent: Int64? = nil, expires: Date?,
    overBudget reason: String? = nil, at now: Date, in database: Database
  ) throws -> TokenSecret {
    if let expires, expires.seconds <= now.seconds {
      throw ServerError.refused("A token cannot expire in the past: \(expires.stamp).")
    }
    let next: Int64? = try database.value("SELECT max(id) + 1 FROM token")
    let secret = TokenSecret(number: next ?? 1)
    try database.run(
      """
      INSERT INTO token (id, team, name, digest, created, expires, kind, parent)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        secret.number, team, name ?? "\(kind.rawValue) \(secret.number)", secret.digest,
        now.seconds, expires?.seconds, kind, parent,
      ])
    let others: Int? = try database.value(
      """
      SELECT count(*) FROM token WHERE team = ? AND revoked IS NULL AND (expires IS NULL OR expires > ?)
      """, [team, now.seconds])
    let organiser: Bool? = try database.value("SELECT organiser FROM team WHERE id = ?", [team])
    // A team that had a valid token counts already, and the organisers know the labels.
    if others == 1, organiser == false {
      try LabelAccount.check(overBudget: reason, at: now, in: database)
    }
    return secret
  }

  /// The token and the team whose it is, where it is valid at `now`.
  /// - Parameter isLink: whether it is a link, which is good for nothing but to be opened.
  /// - Throws: ``Refusal/token(_:)``.
  static func holder(
    of secret: TokenSecret, isLink: Bool = false, at now: Date, in database: Database
  ) throws -> (token: TeamToken, team: Team) {
    let digest: Data? = try database.value(
      "SELECT digest FROM token WHERE id = ? AND (kind = 'link') = ?", [secret.number, isLink])
    // A token that does not exist takes as long as one that differs.
    guard secret.matches(digest ?? Data(count: 32)),
      let token: TeamToken = try database.first(
        "\(selection) WHERE id = ?", [secret.number]),
      let team: Team = try database.first(
        "SELECT team.* FROM team JOIN token ON team = team.id WHERE token.id = ?",
        [secret.number])
    else { throw Refusal.token(.unknown) }
    if let revoked = token.revoked {
      throw Refusal.token(.revoked(name: token.name, at: revoked))
    }
    if let expires = token.expires, expires <= now {
      throw Refusal.token(.expired(name: token.name, at: expires))
    }
    return (token, team)
  }
}

extension SubmissionStore {
  /// Gives a team a further token; those that it has stay valid.
  /// - Throws: ``ServerError``: `unknownTeam`, `tokenExists`, `refused` for a bad name or expiry, or
  ///   where a team that had no valid one might learn too much of hidden labels.
  public func addToken(
    _ name: String, to team: String, expires: Date? = nil, overBudget reason: String? = nil,
    at now: Date = Date()
  ) throws(ServerError) -> TokenSecret {
    let name = try DisplayName(name, of: "token").text
    return try write { database in
      let id = try Self.team(team, in: database)
      let known: Int64? = try database.value(
        "SELECT id FROM token WHERE team = ? AND name = ? AND revoked IS NULL", [id, name])
      if known != nil { throw ServerError.tokenExists(team: team, name: name) }
      return try TeamToken.insert(
        name, of: id, expires: expires, overBudget: reason, at: now, in: database)
    }
  }

  /// All tokens of a team, the oldest first.
  /// - Throws: ``ServerError/unknownTeam(name:)``.
  public func tokens(of team: String) throws(ServerError) -> [TeamToken] {
    try read { database in
      let id = try Self.team(team, in: database)
      return try database.all("\(TeamToken.selection) WHERE team = ? ORDER BY id", [id])
    }
  }

  /// Revokes a team's token from now on.
  /// - Parameter token: its name or its number; of a link that was opened, its session ends.
  /// - Throws: ``ServerError``: `unknownTeam`, `unknownToken` also for one that is revoked.
  public func revokeToken(
    _ token: String, of team: String, at now: Date = Date()
  ) throws(ServerError) {
    try write { database in
      try database.run(
        """
        WITH named AS (SELECT id FROM token WHERE team = :team
          AND (revoked IS NULL OR kind = 'link') AND (name = :name OR id = :id))
        UPDATE token SET revoked = :now
        WHERE revoked IS NULL AND (id IN named OR parent IN named)
        """,
        [
          "now": now.seconds, "team": try Self.team(team, in: database),
          "name": DisplayName.normalised(token), "id": Int64(token),
        ])
      if database.changesCount == 0 { throw ServerError.unknownToken(team: team, token: token) }
    }
  }

  /// Revokes all tokens of a team from now on; its submissions stay.
  /// - Throws: ``ServerError/unknownTeam(name:)``.
  public func revokeTokens(of team: String, at now: Date = Date()) throws(ServerError) {
    try write { database in
      try database.run(
        "UPDATE token SET revoked = ? WHERE team = ? AND revoked IS NULL",
        [now.seconds, try Self.team(team, in: database)])
    }
  }

  /// The team of a token's number, whether the secret is right or not.
  func owner(ofToken number: Int64) throws(ServerError) -> String? {
    try read {
      try $0.value(
        "SELECT team.name FROM team JOIN token ON team = team.id WHERE token.id = ?", [number])
    }
  }

  /// - Throws: ``Refusal/token(_:)``, ``ServerError``.
  func holder(of secret: TokenSecret, at now: Date) throws -> (token: TeamToken, team: Team) {
    // A refusal is no failure of the store.
    try read { database in Result { try TeamToken.holder(of: secret, at: now, in: database) } }
      .get()
  }

  /// Notes that a token is in use: one small write an hour, which shares its transaction with
  /// submissions that come at the same time.
  func noteUse(of token: TeamToken, at now: Date) async {
    if let last = token.lastUsed, now < last + 3600 { return }
    // What the team asks for is answered also where the disk is full.
    try? await commit { database in
      try database.run("UPDATE token SET last_used = ? WHERE id = ?", [now.seconds, token.id])
    }
  }
}
