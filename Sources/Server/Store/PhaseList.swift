public import Foundation
import GRDB
public import Harness

/// Phases of boards: of each name the one that was set last.
struct PhaseList: Sendable {
  /// By board, in the order in which they open.
  let phases: [Phase]

  /// The phases of one board, or of all.
  init(of board: BoardKey? = nil, in database: Database) throws {
    phases = try database.all(
      """
      SELECT * FROM named_phase
      WHERE :benchmark IS NULL OR benchmark = :benchmark AND split = :split
      ORDER BY benchmark, split, opens, id
      """, ["benchmark": board?.benchmark, "split": board?.split])
  }

  /// Every board that has a phase, in order.
  var boards: [BoardKey] { Set(phases.map(\.board)).sorted() }

  func of(_ board: BoardKey) -> [Phase] { phases.filter { $0.board == board } }

  func named(_ name: String, of board: BoardKey) -> Phase? {
    phases.first { $0.board == board && $0.name == name }
  }

  /// The phase that takes a board's submissions, or took the last ones: of those that have opened the
  /// one that opened last; where none has, the next to open.
  func current(of board: BoardKey, at now: Date) -> Phase? { Self.current(of(board), at: now) }

  /// The phase that says what a board shows and ranks: the current one but for late ones, where there
  /// are others.
  func shown(of board: BoardKey, at now: Date) -> Phase? {
    let all = of(board)
    return Self.current(all.filter { !$0.isLate }, at: now) ?? Self.current(all, at: now)
  }

  /// The phase that says who sees a submission: its own where it is late, else that of its board.
  func governing(_ submission: StoredSubmission, at now: Date) -> Phase? {
    submission.isLate
      ? named(submission.phase, of: submission.board) : shown(of: submission.board, at: now)
  }

  private static func current(_ phases: [Phase], at now: Date) -> Phase? {
    func comesFirst(_ one: Phase, _ other: Phase) -> Bool {
      (one.opens, one.id) < (other.opens, other.id)
    }
    return phases.filter { $0.opens <= now }.max(by: comesFirst) ?? phases.min(by: comesFirst)
  }
}

extension PhaseList {
  /// Which submissions of a board anybody may see.
  private struct Visible: Encodable {
    var benchmark, split: String
    var late: Bool
    /// Of late ones alone.
    var phase: String?
    /// Those received before it, in seconds.
    var before: Int64
  }

  /// The submissions that anybody may see, for SQLite's `json_each`.
  func visible(at now: Date) throws -> String {
    let shown = boards.compactMap { self.shown(of: $0, at: now) }.filter { !$0.isLate }
    let late = phases.filter { $0.isLate && $0.opens <= now }
    let visible = (shown + late).filter { $0.visibility == .public }.map { phase in
      Visible(
        benchmark: phase.benchmark, split: phase.split, late: phase.isLate,
        phase: phase.isLate ? phase.name : nil,
        before: (phase.isFrozen(at: now) ? phase.freeze?.seconds : nil) ?? .max)
    }
    return String(decoding: try JSONEncoder().encode(visible), as: UTF8.self)
  }
}

extension Phase {
  static func current(of board: BoardKey, at now: Date, in database: Database) throws -> Phase? {
    try PhaseList(of: board, in: database).current(of: board, at: now)
  }

  /// Whether the public sees the board as it was at `freeze`: until the close, with hidden labels until
  /// its scores are released.
  func isFrozen(at now: Date) -> Bool {
    guard let freeze, now >= freeze, closed == nil else { return false }
    return labels == .hidden || closes.map { now < $0 } ?? true
  }

  /// Whether the public sees of a submission no more than before it came.
  func covers(_ submission: StoredSubmission, at now: Date) -> Bool {
    isFrozen(at: now) && freeze.map { submission.received >= $0 } ?? false
  }

  /// A phase of which a team needs a submission.
  public struct Prerequisite: Codable, Sendable, Equatable {
    public var split, name: String

    /// - Parameter text: a phase's name, or SPLIT/NAME for another split of the benchmark.
    public init(_ text: String, of definition: BenchmarkDefinition, split: String) {
      let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
      if parts.count == 2, definition.splitNames.contains(parts[0]) {
        (self.split, name) = (parts[0], parts[1])
      } else {
        (self.split, name) = (split, text)
      }
    }

    init(split: String, name: String) { (self.split, self.name) = (split, name) }
  }

  /// - Throws: ``Refusal/prerequisite(_:)`` where the team has no sound submission in the phase that
  ///   comes before this one.
  func checkPrerequisite(of team: Team, in database: Database) throws {
    guard let after, !team.isOrganiser else { return }
    let found: Int? = try database.value(
      """
      SELECT 1 FROM submission WHERE team = ? AND benchmark = ? AND split = ? AND phase = ?
        AND state = 'released' AND verdict NOT IN ('incomplete', 'undefined') AND withdrawn = 0
      LIMIT 1
      """, [team.id, benchmark, after.split, after.name])
    if found == nil { throw Refusal.prerequisite(after) }
  }
}

/// A phase as a board's list shows it.
public struct ListedPhase: Sendable {
  public var phase: Phase
  /// Whether it takes the board's submissions, took the last ones, or is the first to open.
  public var isCurrent: Bool
}

extension SubmissionStore {
  /// All phases, by board in the order in which they open.
  public func phases(at now: Date = Date()) throws(ServerError) -> [ListedPhase] {
    let list = try phaseList()
    return list.phases.map {
      ListedPhase(phase: $0, isCurrent: list.current(of: $0.board, at: now)?.id == $0.id)
    }
  }

  func phaseList() throws(ServerError) -> PhaseList { try read { try PhaseList(in: $0) } }

  /// The current phase of a board.
  func phase(of board: BoardKey, at now: Date) throws(ServerError) -> Phase? {
    try read { try Phase.current(of: board, at: now, in: $0) }
  }

  /// Removes a phase that has not opened.
  /// - Throws: ``ServerError/refused(_:)`` where there is none of this name, it has opened or has
  ///   submissions, or another phase needs it.
  public func removePhase(
    _ name: String, of board: BoardKey, at now: Date = Date()
  ) throws(ServerError) {
    try write { database in
      guard let phase = try PhaseList(of: board, in: database).named(name, of: board) else {
        throw ServerError.refused(
          "\(board.path) has no phase '\(name)'; `invitro phase show` lists them.")
      }
      let sent: Int? = try database.value(
        """
        SELECT 1 FROM submission WHERE benchmark = ? AND split = ? AND phase = ? LIMIT 1
        """, [board.benchmark, board.split, name])
      guard phase.opens > now, sent == nil else {
        throw ServerError.refused(
          "Phase '\(name)' of \(board.path) has opened, and stays. `phase set --closes` ends it.")
      }
      let needs = try PhaseList(in: database).phases.first {
        $0.benchmark == board.benchmark && $0.after == .init(split: board.split, name: name)
      }
      if let needs {
        throw ServerError.refused(
          "Phase '\(needs.name)' of \(needs.board.path) takes only teams of phase '\(name)': set it "
            + "anew without --after first.")
      }
      try database.run(
        "UPDATE phase SET removed = ? WHERE benchmark = ? AND split = ? AND name = ?",
        [now.seconds, board.benchmark, board.split, name])
    }
  }
}
