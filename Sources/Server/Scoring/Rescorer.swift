import Basics
public import Foundation
import GRDB
public import Harness

/// Scores all submissions of a board anew, with the present scorer and labels.
///
/// What is computed is kept in the table `rescoring`, so that an interrupted call is taken up where it
/// ended; it is released in one transaction once all of it is there. A server may run beside it.
public struct Rescorer: Sendable {
  /// Submissions that are scored between two commits.
  private static let batch = 20

  let store: SubmissionStore
  let scorers: ScorerCache

  /// - Parameter options: those that the server is started with.
  public init(
    _ store: SubmissionStore, _ definitions: [BenchmarkDefinition], home: DataHome,
    options: ScoringOptions = ScoringOptions()
  ) {
    (self.store, scorers) = (store, ScorerCache(definitions, home: home, options: options))
  }

  /// - Parameters:
  ///   - why: published in the history of what changes; needed where something does.
  ///   - overBudget: why hidden labels may tell more than their budget by it.
  ///   - isDry: only tells what would change.
  ///   - progress: called with the number of submissions that are scored and that of all.
  /// - Throws: ``ServerError/refused(_:)`` for a board without a phase, other options than those of
  ///   its reports, labels that change meanwhile, a missing reason, or hidden labels that would tell
  ///   too much; ``HarnessError``. Nothing is released then.
  public func run(
    _ board: BoardKey, why: String? = nil, overBudget: String? = nil, isDry: Bool = false,
    at now: Date = Date(), progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> RescoreOutcome {
    let scorer = try scorers.scorer(of: board)
    let target = try target(board, scorer, at: now)
    let known = try store.read { try target.submissions(staged: true, in: $0).count }
    while true {
      try stage(target, scorer, progress)
      guard try scorers.scorer(of: board) === scorer else {
        throw ServerError.refused(
          "The labels of \(board.path) were replaced meanwhile. Run it again.")
      }
      let outcome = try isDry ? store.read(plan) : store.write(apply)
      if let outcome { return outcome }
    }
    func plan(_ database: Database) throws -> RescoreOutcome? {
      try RescorePlan(target, scorer, at: now, in: database)?
        .outcome(alreadyScored: known, isApplied: false)
    }
    func apply(_ database: Database) throws -> RescoreOutcome? {
      guard let plan = try RescorePlan(target, scorer, at: now, in: database) else { return nil }
      let outcome = plan.outcome(alreadyScored: known, isApplied: true)
      if let reason = outcome.missingReason(why) { throw ServerError.refused(reason) }
      try plan.apply(
        why: why, overBudget: overBudget, by: store.scribe(at: now, in: database))
      return outcome
    }
  }

  private func target(
    _ board: BoardKey, _ scorer: BoardScorer, at now: Date
  ) throws -> RescoreTarget {
    let latest = try store.read { database -> (RescoreTarget.Rules, late: [Phase], String?)? in
      let phases = try PhaseList(of: board, in: database)
      guard let phase = phases.shown(of: board, at: now) else { return nil }
      let closed: Phase? = try database.first(
        """
        SELECT * FROM phase WHERE benchmark = ? AND split = ? AND name = ? AND closed IS NOT NULL
        ORDER BY id DESC LIMIT 1
        """, [board.benchmark, board.split, phase.name])
      let signature: String? = try database.value(
        """
        SELECT json_extract(report, '$.signature') FROM submission
        WHERE benchmark = ? AND split = ? AND report IS NOT NULL ORDER BY id DESC LIMIT 1
        """, [board.benchmark, board.split])
      return (.init(phase: phase, closed: closed), phases.phases.filter(\.isLate), signature)
    }
    guard let (main, late, signature) = latest else {
      throw ServerError.refused("\(board.path) has no phase and no submissions.")
    }
    let own = scorer.scorer.options.signature(cluster: scorer.scorer.cluster, goldDigest: "")
    if let signature, scorer.choices(signature) != scorer.choices(own) {
      throw ServerError.refused(
        "The reports of \(board.path) were made with other options: \(signature). Give those that "
          + "the server is started with.")
    }
    return RescoreTarget(main: main, late: late, state: scorer.state, choices: own)
  }

  /// Scores what is not scored yet for this target.
  private func stage(
    _ target: RescoreTarget, _ scorer: BoardScorer, _ progress: (Int, Int) -> Void
  ) throws {
    try store.write { try target.clear(in: $0) }
    let waiting = try store.read { try target.submissions(staged: false, in: $0) }
    let done = try store.read { try target.submissions(staged: true, in: $0).count }
    for start in stride(from: 0, to: waiting.count, by: Self.batch) {
      let keys = waiting[start..<min(waiting.count, start + Self.batch)]
      let rescored = try keys.map { key in
        let file = try store.predictions(of: key) ?? Data()
        let predictions = try scorer.reader.read(file, name: "predictions.tsv")
        let rules = try target.rules(of: store.submission(key: key))
        return (key, try scorer.rescored(predictions, in: rules.phase, closed: rules.closed))
      }
      try store.write { database in
        for (key, one) in rescored { try target.keep(one, of: key, in: database) }
      }
      progress(done + start + keys.count, done + waiting.count)
    }
  }
}

/// What a submission's figures are now: what would be released were it its team's best, nil before
/// the close of a final phase, and what its board's close released of it, nil where there was none.
struct Rescored: Sendable {
  var verdict: ReleaseGuard.Verdict
  var report, closing: ScoreReport?
}

/// What a board is scored anew for. What is kept of an unfinished call counts only where this is the
/// same: labels, scorer, options, and what its phases release.
struct RescoreTarget: Sendable {
  /// The phase that says what the board shows.
  let main: Rules
  /// Phases whose entries stand apart.
  let late: [Phase]
  let state: BoardState
  let choices: String

  /// What is released of a submission.
  struct Rules: Sendable {
    var phase: Phase
    /// The phase at whose close the entries were settled; nil before it.
    var closed: Phase?

    var isGuarded: Bool { phase.labels == .hidden }

    fileprivate var text: String {
      let grids = [phase.grid, closed?.grid].map { $0.map { "\($0)" } ?? "none" }
      return "\(phase.name) \(phase.labels) \(phase.isFinal) \(closed?.id ?? 0) \(grids)"
    }
  }

  var board: BoardKey { main.phase.board }

  var rules: [Rules] { [main] + late.map(Self.rules) }

  func rules(of submission: StoredSubmission?) -> Rules {
    guard let submission, submission.isLate else { return main }
    return late.first { $0.name == submission.phase }.map(Self.rules) ?? main
  }

  private static func rules(_ late: Phase) -> Rules {
    Rules(phase: late, closed: late.closed == nil ? nil : late)
  }

  private var name: String {
    let parts = ["\(state.plain)", choices] + rules.map(\.text)
    return Digest.sha256(parts.joined(separator: "\n"))
  }

  /// The scored submissions of the board, withdrawn ones too: those that are done, or the others.
  func submissions(staged: Bool, in database: Database) throws -> [Int64] {
    try Int64.fetchAll(
      database,
      sql: """
        SELECT s.id FROM submission s LEFT JOIN rescoring r ON r.submission = s.id AND r.target = ?
        WHERE s.benchmark = ? AND s.split = ? AND s.state = 'released'
          AND (r.submission IS NOT NULL) = ? ORDER BY s.id
        """, arguments: [name, board.benchmark, board.split, staged])
  }

  /// Forgets what was computed for another target.
  func clear(in database: Database) throws {
    try database.run(
      """
      DELETE FROM rescoring WHERE target <> ? AND submission IN (
        SELECT id FROM submission WHERE benchmark = ? AND split = ?)
      """, [name, board.benchmark, board.split])
  }

  func keep(_ rescored: Rescored, of key: Int64, in database: Database) throws {
    func json(_ report: ScoreReport?) throws -> String? {
      try report.map { String(decoding: try CanonicalJSON.compact($0), as: UTF8.self) }
    }
    try database.run(
      """
      INSERT OR REPLACE INTO rescoring (submission, target, verdict, report, closing)
      VALUES (?, ?, ?, ?, ?)
      """,
      [key, name, rescored.verdict.rawValue, json(rescored.report), json(rescored.closing)])
  }

  /// What was computed, by submission.
  func rescored(in database: Database) throws -> [Int64: Rescored] {
    let rows = try Row.fetchAll(
      database,
      sql: "SELECT submission, verdict, report, closing FROM rescoring WHERE target = ?",
      arguments: [name])
    func report(_ json: String?) throws -> ScoreReport? {
      try json.map { try JSONDecoder().decode(ScoreReport.self, from: Data($0.utf8)) }
    }
    return try rows.reduce(into: [:]) { all, row in
      guard let verdict = ReleaseGuard.Verdict(rawValue: row["verdict"]) else { return }
      all[row["submission"]] = Rescored(
        verdict: verdict, report: try report(row["report"]), closing: try report(row["closing"]))
    }
  }

  /// Forgets all of the board, once it is released.
  func finish(in database: Database) throws {
    try database.run(
      """
      DELETE FROM rescoring WHERE submission IN (
        SELECT id FROM submission WHERE benchmark = ? AND split = ?)
      """, [board.benchmark, board.split])
  }
}
