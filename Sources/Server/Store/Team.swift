import Basics
import Crypto
public import Foundation
import GRDB

/// A team that may submit.
public struct Team: Codable, TimedRecord, Sendable, Equatable {
  public var id: Int64
  public var name: String
  public var created: Date
  /// When its token was revoked; nil while it is valid.
  public var revoked: Date?
}

/// A team's number and 256 random bits; the store keeps the SHA-256 alone.
public struct TeamToken: Sendable, Equatable {
  public var team: Int64
  private var secret: [UInt8]

  package init(team: Int64) {
    self.team = team
    secret = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
  }

  /// Reads `invitro_<number>_<64 hexadecimal digits>`; nil for anything else.
  package init?(_ text: some StringProtocol) {
    let parts = text.utf8.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].elementsEqual("invitro".utf8), parts[1].count <= 18,
      let team = Int64(String(decoding: parts[1], as: UTF8.self)), team > 0, parts[2].count == 64
    else { return nil }
    let digits = parts[2].compactMap(Array("0123456789abcdef".utf8).firstIndex)
    guard digits.count == 64 else { return nil }
    self.team = team
    secret = stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  /// The text that the team keeps.
  public var text: String { "invitro_\(team)_\(secret.hexadecimal)" }

  package var hash: Data { Data(SHA256.hash(data: secret)) }

  /// Whether this is the token whose hash is kept; takes the same time wherever they differ.
  package func matches(_ kept: Data) -> Bool {
    let own = hash
    var difference = UInt8(truncatingIfNeeded: own.count ^ kept.count)
    for (a, b) in zip(own, kept) { difference |= a ^ b }
    return difference == 0
  }
}

extension SubmissionStore {
  /// Adds a team, or gives a revoked one a new token.
  /// - Throws: ``ServerError``: `teamExists` where its token is valid, `refused` for a bad name.
  public func addTeam(_ name: String, at now: Date = Date()) throws(ServerError) -> TeamToken {
    let name = name.trimmingCharacters(in: .whitespacesAndNewlines)
    guard (1...200).contains(name.unicodeScalars.count) else {
      throw .refused("A team's name has 1 to 200 characters.")
    }
    return try write { database in
      if let known: Team = try database.first("SELECT * FROM team WHERE name = ?", [name]) {
        guard known.revoked != nil else { throw ServerError.teamExists(name: name) }
        let token = TeamToken(team: known.id)
        try database.run(
          "UPDATE team SET token_hash = ?, revoked = NULL WHERE id = ?", [token.hash, token.team])
        return token
      }
      let next: Int64? = try database.value("SELECT max(id) + 1 FROM team")
      let token = TeamToken(team: next ?? 1)
      try database.run(
        "INSERT INTO team (id, name, token_hash, created) VALUES (?, ?, ?, ?)",
        [token.team, name, token.hash, now.seconds])
      return token
    }
  }

  /// Revokes a team's token from now on; its submissions stay.
  public func revokeTeam(_ name: String, at now: Date = Date()) throws(ServerError) {
    try write { database in
      try database.run(
        "UPDATE team SET revoked = coalesce(revoked, ?) WHERE name = ?", [now.seconds, name])
      if database.changesCount == 0 { throw ServerError.unknownTeam(name: name) }
    }
  }

  public func teams() throws(ServerError) -> [Team] {
    try read { try $0.all("SELECT * FROM team ORDER BY id") }
  }

  func team(with token: TeamToken) throws(ServerError) -> Team? {
    try read { try Team.holding(token, in: $0) }
  }

  /// The team of a number, as a token names it, whether the token is its own or not.
  func team(numbered id: Int64) throws(ServerError) -> Team? {
    try read { try $0.first("SELECT * FROM team WHERE id = ?", [id]) }
  }
}

extension Team {
  /// The team whose valid token this is; nil for any other token.
  static func holding(_ token: TeamToken, in database: Database) throws -> Team? {
    let hash: Data? = try database.value("SELECT token_hash FROM team WHERE id = ?", [token.team])
    // A team that does not exist takes as long as one whose token differs.
    guard token.matches(hash ?? Data(count: 32)) else { return nil }
    return try database.first("SELECT * FROM team WHERE id = ? AND revoked IS NULL", [token.team])
  }
}
