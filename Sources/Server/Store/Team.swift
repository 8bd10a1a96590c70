import Basics
public import Foundation
import GRDB
public import Harness

/// A team that may submit.
public struct Team: Codable, TimedRecord, Sendable, Equatable {
  public var id: Int64
  public var name: String
  public var created: Date
  /// Whether it is the organisers': without quotas, and its entries are baselines.
  public var isOrganiser: Bool

  private enum CodingKeys: String, CodingKey {
    case id, name, created
    case isOrganiser = "organiser"
  }
}

/// A team as `invitro team list` shows it.
public struct TeamSummary: Codable, TimedRecord, Sendable, Equatable {
  public var name: String
  public var created: Date
  /// The number of its valid tokens.
  public var tokens: Int
  /// When any of its tokens was used last, less than an hour before the true time.
  public var lastUsed: Date?
  public var organiser: Bool
}

extension SubmissionStore {
  /// What a team's first token is called.
  public static let firstTokenName = "first"

  /// Names that look as if the organisers submitted.
  private static let reservedNames = ["Organisers", "Organizers"]

  /// Adds a team with a first token.
  /// - Parameter entries: of submission folders, whose teams' names are taken. A team may have the
  ///   name of entries of its own there, which published ones never are, and baselines only the
  ///   organisers'.
  /// - Parameter organiser: whether it is the organisers' own: without quotas, and its entries are
  ///   baselines.
  /// - Parameter reason: why hidden labels may tell more than their budget.
  /// - Throws: ``ServerError``: `teamExists`, `nameTaken`, `refused` for a bad name or expiry, or where
  ///   one more team might learn too much of hidden labels.
  public func addTeam(
    _ name: String, organiser: Bool = false, beside entries: [SubmissionMetadata] = [],
    expires: Date? = nil, overBudget reason: String? = nil, at now: Date = Date()
  ) throws(ServerError) -> TokenSecret {
    let name = try Self.name(name, organiser: organiser, beside: entries)
    return try write { database in
      try Self.checkFree(name, in: database)
      try database.run(
        "INSERT INTO team (name, created, organiser) VALUES (?, ?, ?)",
        [name.text, now.seconds, organiser])
      let team = database.lastInsertedRowID
      try Self.keep(name, of: team, in: database)
      return try TeamToken.insert(
        Self.firstTokenName, of: team, expires: expires, overBudget: reason, at: now, in: database)
    }
  }

  /// Gives a team another name, which its submissions then have too.
  /// - Parameter entries: as for a new team.
  /// - Throws: ``ServerError``: `unknownTeam`, `teamExists`, `nameTaken`, `refused` for a bad name.
  public func renameTeam(
    _ team: String, to name: String, beside entries: [SubmissionMetadata] = [],
    at now: Date = Date()
  ) throws(ServerError) {
    let organiser = try teams(at: now).first { $0.name == DisplayName.normalised(team) }?.organiser
    let name = try Self.name(name, organiser: organiser ?? false, beside: entries)
    try write { database in
      let id = try Self.team(team, in: database)
      try database.run("DELETE FROM team_key WHERE team = ?", [id])
      try Self.checkFree(name, in: database)
      try Self.keep(name, of: id, in: database)
      try database.run(
        "UPDATE team SET name = ?, renamed = ? WHERE id = ?", [name.text, now.seconds, id])
    }
  }

  /// - Throws: ``ServerError``: `refused`, `nameTaken` by the organisers or an entry of a folder.
  private static func name(
    _ text: String, organiser: Bool, beside entries: [SubmissionMetadata]
  ) throws(ServerError) -> DisplayName {
    let name = try DisplayName(text, of: "team")
    let kinds: [SubmissionMetadata.Kind] = organiser ? [.published] : [.published, .baseline]
    let foreign = entries.filter {
      kinds.contains($0.kind) || DisplayName.normalised($0.team) != name.text
    }
    let taken = (organiser ? [] : reservedNames) + foreign.map(\.team)
    if let other = taken.first(where: { !name.keys.isDisjoint(with: DisplayName.keys(of: $0)) }) {
      throw .nameTaken(name: name.text, other: other)
    }
    return name
  }

  /// - Throws: ``ServerError``: `teamExists`, `nameTaken` by another team.
  private static func checkFree(_ name: DisplayName, in database: Database) throws {
    for key in name.keys.sorted() {
      let other: String? = try database.value(
        "SELECT name FROM team JOIN team_key ON team = id WHERE key = ?", [key])
      if let other {
        throw other == name.text
          ? ServerError.teamExists(name: other)
          : ServerError.nameTaken(name: name.text, other: other)
      }
    }
  }

  private static func keep(
    _ name: DisplayName, of team: Int64, in database: Database
  ) throws {
    for key in name.keys {
      try database.run("INSERT INTO team_key (key, team) VALUES (?, ?)", [key, team])
    }
  }

  /// All teams, the oldest first.
  public func teams(at now: Date = Date()) throws(ServerError) -> [TeamSummary] {
    try read {
      try $0.all(
        """
        SELECT name, created,
          (SELECT count(*) FROM token WHERE team = t.id AND kind = 'token' AND revoked IS NULL
            AND (expires IS NULL OR expires > ?)) AS tokens,
          (SELECT max(last_used) FROM token WHERE team = t.id) AS lastUsed, organiser
        FROM team t ORDER BY id
        """, [now.seconds])
    }
  }

  /// The number of the team of this name.
  /// - Throws: ``ServerError/unknownTeam(name:)``.
  static func team(_ name: String, in database: Database) throws -> Int64 {
    let id: Int64? = try database.value(
      "SELECT id FROM team WHERE name = ?", [DisplayName.normalised(name)])
    guard let id else { throw ServerError.unknownTeam(name: name) }
    return id
  }
}

extension SubmissionStore {
  /// - Throws: ``Refusal/systemTaken(_:)`` where another team's best on the board has such a name.
  static func checkSystem(
    _ name: String, of team: Int64, on board: BoardKey, in database: Database
  ) throws {
    for key in DisplayName.keys(of: name) {
      let owner: Int64? = try database.value(
        "SELECT team FROM system_key WHERE benchmark = ? AND split = ? AND key = ?",
        [board.benchmark, board.split, key])
      if let owner, owner != team { throw Refusal.systemTaken(name) }
    }
  }

  /// Gives a name on a board to a team, unless another has it.
  static func claimSystem(
    _ name: String, for team: Int64, on board: BoardKey, in database: Database
  ) throws {
    for key in DisplayName.keys(of: name) {
      try database.run(
        """
        INSERT INTO system_key (benchmark, split, key, team) VALUES (?, ?, ?, ?)
        ON CONFLICT DO NOTHING
        """, [board.benchmark, board.split, key, team])
    }
  }
}

extension DisplayName {
  /// - Parameter owner: what has the name, for the message.
  /// - Throws: ``ServerError/refused(_:)``.
  init(_ name: String, of owner: String) throws(ServerError) {
    do throws(Fault) {
      self = try DisplayName(name)
    } catch {
      let found = InvisibleCharacters.escaped(error.found)
      throw .refused("A \(owner)'s name: found '\(found)', expected \(error.expected).")
    }
  }
}
