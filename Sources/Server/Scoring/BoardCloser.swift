import Basics
public import Foundation
import GRDB
public import Harness

/// Closes boards with hidden labels: releases the primary figure in two decimals of the submission
/// that each team has chosen, or of its best, and of entries that the organiser reveals all figures.
public struct BoardCloser: Sendable {
  let store: SubmissionStore
  let scorers: ScorerCache

  init(_ store: SubmissionStore, _ scorers: ScorerCache) {
    (self.store, self.scorers) = (store, scorers)
  }

  /// For a command beside the server.
  public init(
    _ store: SubmissionStore, _ definitions: [BenchmarkDefinition], home: DataHome,
    options: ScoringOptions = ScoringOptions()
  ) {
    self.init(store, ScorerCache(definitions, home: home, options: options))
  }

  /// Closes every board whose phase has ended and waits for it. A crash in between leaves a board
  /// open, to be closed by the next call.
  /// - Returns: the boards that it closed.
  @discardableResult
  public func closeDue(at now: Date = Date()) throws -> [BoardKey] {
    let due = try store.read { try Phase.due(at: now, in: $0) }
    var closed: [BoardKey] = []
    var failure: (any Error)?
    for phase in due {
      do {
        try close(phase, at: now)
        closed.append(phase.board)
      } catch {
        // One board that cannot be closed keeps no other one open.
        failure = error
      }
    }
    if let failure { throw failure }
    return closed
  }

  /// Ends a board's phase and closes it.
  /// - Throws: ``ServerError/refused(_:)`` where its labels are open, it is closed, or it has not opened.
  public func close(_ board: BoardKey, at now: Date = Date()) throws {
    guard let phase = try store.phase(of: board, at: now), phase.labels == .hidden,
      phase.closed == nil
    else {
      throw ServerError.refused("\(board.path) has no phase with hidden labels that is not closed.")
    }
    guard phase.opens <= now else {
      throw ServerError.refused(
        "Phase '\(phase.name)' of \(board.path) has not opened; `invitro phase remove` removes it.")
    }
    try store.write { database in
      try database.run(
        "UPDATE phase SET closes = ? WHERE id = ? AND (closes IS NULL OR closes > ?)",
        [max(now.seconds, phase.opens.seconds + 1), phase.id, now.seconds])
    }
    try close(phase, at: now)
  }

  private func close(_ phase: Phase, at now: Date) throws {
    guard let grid = phase.grid else { return }
    let scorer = try scorers.scorer(of: phase.board)
    let finalists = try store.read { try Self.finalists(of: phase, in: $0) }
    var releases: [(StoredSubmission, report: String, bits: Double)] = []
    for finalist in finalists {
      guard let file = try store.predictions(of: finalist.key) else { continue }
      let predictions = try scorer.reader.read(file, name: "predictions.tsv")
      let report = try scorer.release(predictions, grid: grid.atClose)
      let isBest = finalist.best != nil && !phase.isFinal
      releases.append(
        (
          finalist, String(decoding: try CanonicalJSON.compact(report), as: UTF8.self),
          grid.bitsAtClose(ofBest: isBest)
        ))
    }
    try store.write { database in
      // Another process may have been quicker.
      try database.run(
        "UPDATE phase SET closed = ? WHERE id = ? AND closed IS NULL", [now.seconds, phase.id])
      guard database.changesCount == 1 else { return }
      guard try scorer.state.isCurrent(on: phase.board, at: now, in: database) else {
        throw ServerError.refused(BoardState.refusal(phase.board))
      }
      for (finalist, report, bits) in releases {
        try database.run(
          "INSERT INTO closing (phase, submission, report, bits) VALUES (?, ?, ?, ?)",
          [phase.id, finalist.key, report, bits])
        try SubmissionStore.addEvent("closed", to: finalist.key, at: now, in: database)
      }
      try store.logPhases(at: now, in: database)
    }
  }

  /// What stands for each entry of a team at the close: its choice; else its best in this phase or one
  /// before, or in a final phase the complete submission that it sent last.
  static func finalists(
    of phase: Phase, in database: Database
  ) throws -> [StoredSubmission] {
    let fallback =
      phase.isFinal
      ? """
      SELECT max(id) FROM submission WHERE benchmark = :benchmark AND split = :split
        AND phase = :phase AND late = :late AND verdict = 'atClose' AND withdrawn = 0
        GROUP BY team, iif(alone, '', system)
      """
      : """
      SELECT id FROM submission s WHERE benchmark = :benchmark AND split = :split AND late = :late
        AND \(SubmissionStore.standing { "\($0).phase NOT IN later" })
      """
    return try database.all(
      """
      WITH chosen AS (
        SELECT s.id, s.team, c.system FROM choice c JOIN submission s ON s.id = c.submission
        WHERE c.benchmark = :benchmark AND c.split = :split AND c.phase = :phase
          AND s.withdrawn = 0),
      later AS (
        SELECT name FROM named_phase
        WHERE benchmark = :benchmark AND split = :split AND opens > :opens)
      \(StoredSubmission.selection)
      WHERE s.id IN (SELECT id FROM chosen)
        OR s.id IN (\(fallback)) AND NOT EXISTS (
          SELECT * FROM chosen c WHERE c.team = s.team AND c.system IN ('', s.system))
      ORDER BY s.id
      """,
      [
        "benchmark": phase.benchmark, "split": phase.split, "phase": phase.name,
        "late": phase.isLate, "opens": phase.opens.seconds,
      ])
  }
}

extension Phase {
  /// Phases with hidden labels that have ended and are not closed: of each name the last one set.
  fileprivate static func due(at now: Date, in database: Database) throws -> [Phase] {
    try database.all(
      """
      SELECT * FROM named_phase WHERE labels = 'hidden' AND closed IS NULL AND closes <= ?
      ORDER BY id
      """, [now.seconds])
  }
}

extension StoredSubmission {
  /// Why it cannot be chosen for the close; nil where it can.
  func obstacle(in phase: Phase, at now: Date) -> String? {
    guard phase.labels == .hidden, phase.name == self.phase else {
      return "Only a submission to a phase with hidden labels can be chosen."
    }
    guard phase.closed == nil, phase.closes.map({ now < $0 }) ?? true else {
      return "The phase '\(phase.name)' is over: it is too late to choose."
    }
    let isSound = verdict != .incomplete && verdict != .undefined
    guard !isWithdrawn, state == .released, isSound else {
      // A verdict on its score is no reason, and not told to everybody.
      let reason = isWithdrawn || isSound ? "" : verdict.map { ", \($0.rawValue)" } ?? ""
      return "Submission \(id) can't be chosen: it is \(shownState)\(reason)."
    }
    return nil
  }
}

extension SubmissionStore {
  /// Has a submission stand for its team at the close of its board.
  /// - Parameter team: whose it must be; nil for the organiser.
  /// - Throws: ``ServerError``: `unknownSubmission`, `refused` where it can't be chosen.
  public func choose(
    _ id: String, of team: Int64? = nil, at now: Date = Date()
  ) throws(ServerError) {
    try write { database in
      guard let submission = try StoredSubmission.find(publicID: id, in: database),
        team.map({ $0 == submission.teamKey }) ?? true
      else { throw ServerError.unknownSubmission(id: id) }
      let phase = try PhaseList(of: submission.board, in: database)
        .named(submission.phase, of: submission.board)
      let reason = phase.map { submission.obstacle(in: $0, at: now) } ?? "Its board has no phase."
      if let reason { throw ServerError.refused(reason) }
      try database.run(
        """
        INSERT INTO choice (benchmark, split, phase, team, system, submission)
        VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET submission = excluded.submission
        """,
        [
          submission.benchmark, submission.split, submission.phase, submission.teamKey,
          submission.slot.choiceKey, submission.key,
        ])
      try Self.addEvent("chosen", to: submission.key, at: now, in: database)
      try scribe(at: now, in: database).chosen(submission)
    }
  }

  /// Entries of teams that may be revealed on a board.
  public static let mostRevealed = 3

  /// Releases all metrics and targets, in two decimals, of entries of a closed board.
  /// - Parameters:
  ///   - submissions: ids of submissions that stand on the board.
  ///   - baselines: slugs of the organisers' own entries in submission folders.
  /// - Throws: ``ServerError/refused(_:)`` before the close, for more than ``mostRevealed`` entries of
  ///   teams, or where the labels would tell more than their budget without a reason.
  public func reveal(
    _ submissions: [String], baselines: [String], on definition: BenchmarkDefinition, split: String,
    overBudget reason: String? = nil, at now: Date = Date()
  ) throws(ServerError) {
    let board = BoardKey(benchmark: definition.id, split: split)
    try write { database in
      let phase = try PhaseList(of: board, in: database).shown(of: board, at: now)
      guard let phase, phase.closed != nil else {
        throw ServerError.refused("Entries are revealed once the board is closed, and it is not.")
      }
      let bits = ReleaseRule.summaryBits(definition)
      func add(_ entry: String, _ submission: Int64?) throws {
        try database.run(
          """
          INSERT INTO revealed (benchmark, split, entry, submission, bits, at)
          VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
          """, [board.benchmark, board.split, entry, submission, bits, now.seconds])
      }
      for id in submissions {
        guard let submission = try StoredSubmission.find(publicID: id, in: database),
          submission.board == board, submission.closing != nil
        else { throw ServerError.refused("\(id) is no submission that stands on \(board.path).") }
        try add(id, submission.key)
        try Self.addEvent("revealed", to: submission.key, at: now, in: database)
      }
      for slug in baselines { try add(slug, nil) }
      let shown: Int? = try database.value(
        """
        SELECT count(*) FROM revealed
        WHERE benchmark = ? AND split = ? AND submission IS NOT NULL
        """, [board.benchmark, board.split])
      guard shown ?? 0 <= Self.mostRevealed else {
        throw ServerError.refused(
          "At most \(Self.mostRevealed) entries of teams are revealed on a board: more would give away "
            + "its labels. `invitro phase retire` opens them for everybody.")
      }
      try LabelAccount.check([board], overBudget: reason, at: now, in: database)
    }
  }

  /// The entries of a board of which all figures are shown: ids of submissions, slugs of others.
  func revealed(on board: BoardKey) throws(ServerError) -> Set<String> {
    try read { database in
      try String.fetchSet(
        database, sql: "SELECT entry FROM revealed WHERE benchmark = ? AND split = ?",
        arguments: [board.benchmark, board.split])
    }
  }

  /// Opens the labels of a board that is closed: everything is released of every entry from now on.
  /// - Throws: ``ServerError/refused(_:)`` for a board that is not closed.
  public func retire(_ board: BoardKey, at now: Date = Date()) throws(ServerError) -> Phase {
    guard var phase = try phaseList().shown(of: board, at: now), phase.closed != nil else {
      throw .refused("Close \(board.path) first: `invitro phase close`.")
    }
    (phase.labels, phase.grid, phase.entropy, phase.isFinal) = (.open, nil, nil, false)
    (phase.visibility, phase.freeze) = (.public, nil)
    phase.commitment = nil
    try setPhase(phase, at: now)
    try revealCommitments(of: board, at: now)
    return phase
  }
}
