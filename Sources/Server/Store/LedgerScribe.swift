import Basics
import Foundation
import GRDB
import Harness
import Ledger
import Metrics
import Report

/// Writes into the ledger what happens to submissions and boards, in the transaction in which it
/// happens.
struct LedgerScribe {
  let ledger: StoreLedger
  let database: Database
  let now: Date

  private func log(_ event: LedgerEvent) throws { try SubmissionStore.log(event, in: database) }

  func accepted(_ submission: StoredSubmission) throws {
    var event = LedgerEvent(.accepted, board: submission.board, id: submission.id, at: now)
    event.phase = submission.phase
    event.predictions = ledger.keyed("predictions", submission.digest)
    try log(event)
  }

  /// Of a submission that was scored: its report where everybody may see it, else a seal on it.
  /// - Parameters:
  ///   - json: the released report as the store keeps it.
  ///   - old: the entries that it replaces on the board.
  func released(
    _ submission: StoredSubmission, _ release: ReleaseGuard.Release, _ json: String?,
    over old: [StoredSubmission], in phase: Phase?
  ) throws {
    var old = old[...]
    var event = LedgerEvent(.scored, board: submission.board, id: submission.id, at: now)
    event.phase = submission.phase
    if release.verdict.isNewBest, let report = release.report, phase?.isShown(at: now) ?? false {
      event.report = report
      // Late ones are told apart from the board.
      if !submission.isLate {
        event.stands = submission.id
        if let replaced = old.popFirst() {
          event.replaces = replaced.id
          try forget(replaced.id, on: submission.board)
        }
        try remember(submission.id, report, on: submission.board)
        for other in old { try gone(other) }
      }
    } else {
      event.sealed = ledger.sealOfOutcome(release.verdict.rawValue, json)
    }
    try log(event)
  }

  private func seal(_ verdict: String, _ report: ScoreReport?) throws -> String {
    let text = try report.map { String(decoding: try CanonicalJSON.compact($0), as: UTF8.self) }
    return ledger.sealOfOutcome(verdict, text)
  }

  /// A submission whose report was made anew.
  struct RescoredReport {
    var submission: StoredSubmission
    var verdict: ReleaseGuard.Verdict
    var report, closing: ScoreReport?
    /// Whether a figure of it changed, and not its digests alone.
    var isChanged: Bool
  }

  /// Of entries that stand on a public board the reports that were made anew; of others that changed
  /// a seal on them.
  func rescored(_ reports: [RescoredReport], in phase: Phase, why: String?) throws {
    let isShown = phase.isShown(at: now)
    let standing =
      isShown ? try SubmissionStore.standing(in: phase, at: now, in: database).map(\.id) : []
    var known = try shown(on: phase.board)
    for one in reports {
      let submission = one.submission
      var event = LedgerEvent(.rescored, board: phase.board, id: submission.id, at: now)
      event.why = why
      let report = phase.closed != nil ? one.closing : one.report
      if let report, standing.contains(submission.id) {
        event.report = report
        if known[submission.id] == nil { event.stands = submission.id }
        let gone = try known.keys.filter { !standing.contains($0) }.sorted().compactMap {
          try StoredSubmission.find(publicID: $0, in: database)
        }
        event.replaces = gone.first { $0.teamKey == submission.teamKey }?.id
        if let replaced = event.replaces {
          known[replaced] = nil
          try forget(replaced, on: phase.board)
        }
        try remember(submission.id, report, on: phase.board)
      } else if one.isChanged {
        event.sealed = try seal(one.verdict.rawValue, report)
      } else {
        continue
      }
      try log(event)
    }
    try follow(phase.board)
  }

  func withdrawn(_ submission: StoredSubmission, isRestored: Bool, why: String) throws {
    var event = LedgerEvent(
      isRestored ? .restored : .withdrawn, board: submission.board, id: submission.id, at: now)
    event.why = why
    if !isRestored, try isShown(submission.id, on: submission.board) {
      event.replaces = submission.id
      try forget(submission.id, on: submission.board)
    }
    try log(event)
    try follow(submission.board)
  }

  func chosen(_ submission: StoredSubmission) throws {
    try log(LedgerEvent(.chosen, board: submission.board, id: submission.id, at: now))
  }

  /// A phase that has opened. Where its scores are not public the board shows nothing since.
  func opened(_ phase: Phase) throws {
    var event = LedgerEvent(.phase, board: phase.board, at: now)
    event.phase = phase.name
    (event.opens, event.closes) = (phase.opens, phase.closes)
    event.labels = phase.labels.rawValue
    // A late phase leaves the board as it is.
    event.visibility = phase.isLate ? nil : phase.visibility.rawValue
    event.scorer = phase.commitment?.scorer
    event.commitment = phase.commitment?.value
    try log(event)
    if phase.visibility != .public, !phase.isLate {
      try database.run("DELETE FROM ledger_shown WHERE board = ?", [phase.board.path])
    }
    try follow(phase.board)
  }

  /// A phase that was closed. The commitment's key is told where the labels are open.
  func closed(_ phase: Phase) throws {
    try follow(phase.board)
    var event = LedgerEvent(.closed, board: phase.board, at: now)
    event.phase = phase.name
    if phase.visibility == .public, !phase.isLate {
      event.entries = try String.fetchAll(
        database, sql: "SELECT entry FROM ledger_shown WHERE board = ? ORDER BY entry",
        arguments: [phase.board.path])
    }
    if phase.labels == .open { event.commitmentKey = phase.commitment?.keyText }
    try log(event)
  }

  /// A phase's commitment, at the organiser's word or since the labels are open.
  func openedCommitment(of phase: Phase) throws {
    guard let commitment = phase.commitment else { return }
    var event = LedgerEvent(.opened, board: phase.board, at: now)
    event.phase = phase.name
    event.commitmentKey = commitment.keyText
    try log(event)
  }
}

extension LedgerScribe {
  /// Logs each entry of the store that stands on a public board now and did not before, and each that
  /// stands there no more.
  func follow(_ board: BoardKey) throws {
    let phases = try PhaseList(of: board, in: database)
    guard let phase = phases.shown(of: board, at: now), phase.visibility == .public, !phase.isLate
    else { return }
    let standing = try SubmissionStore.standing(in: phase, at: now, in: database)
    let known = try shown(on: board)
    let ids = Set(standing.map(\.id))
    var gone = try known.keys.filter { !ids.contains($0) }.sorted().compactMap {
      try StoredSubmission.find(publicID: $0, in: database)
    }
    for submission in standing {
      let report = phase.closed != nil ? submission.closing : submission.report
      guard let report, known[submission.id] != Self.digest(report) else { continue }
      var event = LedgerEvent(.scored, board: board, id: submission.id, at: now)
      (event.phase, event.report) = (submission.phase, report)
      if known[submission.id] == nil { event.stands = submission.id }
      if let place = gone.firstIndex(where: { $0.teamKey == submission.teamKey }) {
        event.replaces = gone.remove(at: place).id
      }
      try event.replaces.map { try forget($0, on: board) }
      try remember(submission.id, report, on: board)
      try log(event)
    }
    for submission in gone { try self.gone(submission) }
  }

  private func gone(_ submission: StoredSubmission) throws {
    guard try isShown(submission.id, on: submission.board) else { return }
    var event = LedgerEvent(.withdrawn, board: submission.board, id: submission.id, at: now)
    (event.replaces, event.why) = (submission.id, "it does not stand on the board any more")
    try forget(submission.id, on: submission.board)
    try log(event)
  }

  /// The entries that a board shows according to the log, with the digests of their figures.
  func shown(on board: BoardKey) throws -> [String: String] {
    let rows = try Row.fetchAll(
      database, sql: "SELECT entry, figures FROM ledger_shown WHERE board = ?",
      arguments: [board.path])
    return Dictionary(uniqueKeysWithValues: rows.map { ($0["entry"], $0["figures"]) })
  }

  private func isShown(_ id: String, on board: BoardKey) throws -> Bool {
    try database.value(
      "SELECT EXISTS (SELECT * FROM ledger_shown WHERE board = ? AND entry = ?)", [board.path, id])
      ?? false
  }

  private func remember(_ id: String, _ report: ScoreReport, on board: BoardKey) throws {
    try database.run(
      """
      INSERT INTO ledger_shown (board, entry, figures) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET figures = excluded.figures
      """, [board.path, id, Self.digest(report)])
  }

  private func forget(_ id: String, on board: BoardKey) throws {
    try database.run(
      "DELETE FROM ledger_shown WHERE board = ? AND entry = ?", [board.path, id])
  }

  /// Of the values that a report shows: two reports with the same ones need no second leaf.
  static func digest(_ report: ScoreReport) -> String {
    let values = report.targets.sorted { $0.key < $1.key }.flatMap { target, scores in
      Metric.all.map { "\(target) \($0.id) \(scores[$0]?.value.map { "\($0)" } ?? "-")" }
    }
    return Digest.sha256(values.joined(separator: "\n"))
  }
}

extension LedgerScribe {
  /// Logs what a published board shows beyond the store: entries of folders, and figures that the
  /// board computes itself, as of revealed entries.
  /// - Parameter ids: the entries to log.
  func published(_ board: Board, _ ids: Set<String>) throws {
    for event in try missing(on: board) where event.id.map(ids.contains) ?? false {
      if let report = event.report, let id = event.id {
        try remember(id, report, on: board.key)
      } else if let id = event.replaces {
        try forget(id, on: board.key)
      }
      try log(event)
    }
  }

  /// What the log lacks of that.
  func missing(on board: Board) throws -> [LedgerEvent] {
    let known = try shown(on: board.key)
    var rest = Set(known.keys)
    var events: [LedgerEvent] = []
    for entry in board.scored {
      rest.remove(entry.id)
      guard let report = entry.report, known[entry.id] != Self.digest(report) else { continue }
      let isOfStore = try isOfStore(entry.id)
      // One that left the board meanwhile is not put back.
      guard known[entry.id] != nil || !isOfStore else { continue }
      var event = LedgerEvent(.scored, board: board.key, id: entry.id, at: now)
      event.report = report
      if known[entry.id] == nil { event.stands = entry.id }
      if !isOfStore, let digest = entry.predictionsDigest {
        event.predictions = ledger.keyed("predictions", digest)
      }
      events.append(event)
    }
    for id in rest.sorted() where try !isOfStore(id) {
      let apart = board.apart.first { $0.id == id }
      // One that waits to be rescored is on the board all the same.
      guard apart == nil || apart?.metadata.withdrawal != nil else { continue }
      var event = LedgerEvent(.withdrawn, board: board.key, id: id, at: now)
      (event.replaces, event.why) = (id, apart?.metadata.withdrawal?.text ?? BoardLog.takenOut)
      events.append(event)
    }
    return events
  }

  private func isOfStore(_ id: String) throws -> Bool {
    try StoredSubmission.find(publicID: id, in: database) != nil
  }
}
