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
  /// - Parameter old: the entry that it replaces on the board.
  func released(
    _ submission: StoredSubmission, _ release: ReleaseGuard.Release, over old: Int64?,
    in phase: Phase?
  ) throws {
    var event = LedgerEvent(.scored, board: submission.board, id: submission.id, at: now)
    event.phase = submission.phase
    if release.verdict.isNewBest, let report = release.report, phase?.isShown(at: now) ?? false {
      event.report = report
      event.stands = submission.id
      if let old, let replaced = try StoredSubmission.find(old, in: database) {
        event.replaces = replaced.id
        try forget(replaced.id, on: submission.board)
      }
      try remember(submission.id, report, on: submission.board)
    } else {
      event.sealed = try seal(release.verdict.rawValue, release.report)
    }
    try log(event)
  }

  private func seal(_ verdict: String, _ report: ScoreReport?) throws -> String {
    let text = try report.map { String(decoding: try CanonicalJSON.compact($0), as: UTF8.self) }
    return ledger.keyed("outcome", "\(verdict)\n\(text ?? "")")
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
    (event.visibility, event.labels) = (phase.visibility.rawValue, phase.labels.rawValue)
    event.scorer = phase.commitment?.scorer
    event.commitment = phase.commitment?.value
    try log(event)
    if phase.visibility != .public {
      try database.run("DELETE FROM ledger_shown WHERE board = ?", [phase.board.path])
    }
    try follow(phase.board)
  }

  /// A phase that was closed. The commitment's key is told where the labels are open.
  func closed(_ phase: Phase) throws {
    try follow(phase.board)
    var event = LedgerEvent(.closed, board: phase.board, at: now)
    event.phase = phase.name
    if phase.isShown(at: now) {
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
    guard let phase = try Phase.current(of: board, in: database), phase.isShown(at: now) else {
      return
    }
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
    for submission in gone {
      var event = LedgerEvent(.withdrawn, board: board, id: submission.id, at: now)
      (event.replaces, event.why) = (submission.id, "it does not stand on the board any more")
      try forget(submission.id, on: board)
      try log(event)
    }
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
  func published(_ board: Board) throws {
    for event in try missing(on: board) {
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
    for id in try rest.sorted() where try !isOfStore(id) {
      var event = LedgerEvent(.withdrawn, board: board.key, id: id, at: now)
      let withdrawal = board.apart.first { $0.id == id }?.metadata.withdrawal
      (event.replaces, event.why) = (id, withdrawal?.text ?? BoardLog.takenOut)
      events.append(event)
    }
    return events
  }

  private func isOfStore(_ id: String) throws -> Bool {
    try StoredSubmission.find(publicID: id, in: database) != nil
  }
}
