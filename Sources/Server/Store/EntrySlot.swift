import Basics
import GRDB
import Harness

/// Which of a team's entries on a board a submission is for.
struct EntrySlot: Sendable, Equatable {
  /// A key of the system's name, see `DisplayName.keys`.
  var system: String
  /// Whether it is the team's only entry: as a best it takes the place of all others.
  var isAlone: Bool
  /// Whether it stands apart from the ranked entries.
  var isLate: Bool

  /// What a choice for the close is kept under.
  var choiceKey: String { isAlone ? "" : system }

  static func key(of name: String) -> String { DisplayName.keys(of: name).min() ?? "" }

  init(_ submission: StoredSubmission) {
    (system, isAlone) = (submission.systemKey, submission.isAlone)
    isLate = submission.isLate
  }

  /// The entry of an upload.
  /// - Throws: ``Refusal/entries(limit:standing:)`` for one system more than the phase takes of a team.
  init(
    for system: String, of team: Team, in phase: Phase, in database: Database
  ) throws {
    isLate = phase.isLate
    isAlone = phase.entries == 1 && !team.isOrganiser
    self.system = Self.key(of: system)
    if isAlone { return }
    let known = try KnownSystem.of(team.id, in: phase, in: database)
    let keys = DisplayName.keys(of: system)
    if let same = known.first(where: { !keys.isDisjoint(with: DisplayName.keys(of: $0.name)) }) {
      self.system = same.key
    } else if !team.isOrganiser, known.count >= phase.entries {
      throw Refusal.entries(limit: phase.entries, standing: known.map(\.name))
    }
  }
}

/// A system that counts towards the entries of its team.
private struct KnownSystem: Decodable, FetchableRecord {
  var key, name: String

  /// Those on the board, and those that were sent in this phase: what was no best was judged too.
  static func of(_ team: Int64, in phase: Phase, in database: Database) throws -> [KnownSystem] {
    try database.all(
      """
      SELECT system AS key, json_extract(metadata, '$.system') AS name
      FROM submission s
      WHERE team = :team AND benchmark = :benchmark AND split = :split AND late = :late
        AND withdrawn = 0 AND state <> 'failed'
        AND (phase = :phase OR id IN (SELECT submission FROM board WHERE team = s.team
          AND benchmark = s.benchmark AND split = s.split))
      GROUP BY system ORDER BY min(id)
      """,
      [
        "team": team, "benchmark": phase.benchmark, "split": phase.split, "late": phase.isLate,
        "phase": phase.name,
      ])
  }
}

extension StoredSubmission {
  var slot: EntrySlot { EntrySlot(self) }
}
