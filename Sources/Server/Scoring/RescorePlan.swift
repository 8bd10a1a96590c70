import Basics
import Foundation
import GRDB
import Harness
import Metrics

/// What a rescore changes on a board, given all that was computed for it.
///
/// With open labels every report is replaced, and each team's best is the best by the new figures, of
/// equal ones the earlier. With hidden labels only the report of each team's best is, be it another
/// submission now: the highest value on the grid, of equal ones the one that stands, else the earliest.
struct RescorePlan {
  private let target: RescoreTarget
  private let primary: BenchmarkDefinition.PrimaryMetric
  private let rescored: [Int64: Rescored]
  private let before: ScoringState?
  private let count: Int
  private var updates: [Update] = []
  private var moves: [BestMove] = []
  /// What stands since a close, by its phase.
  private var finalists: [Int64: [StoredSubmission]] = [:]
  private let organisers: Set<Int64>
  private var bits = 0.0
  private var isNeeded = true

  /// A submission whose report is replaced.
  private struct Update {
    var submission: StoredSubmission
    var verdict: ReleaseGuard.Verdict
    var report: ScoreReport?
    /// What anybody saw of it before and sees now, where a figure of that changed.
    var change: (old: ScoreReport?, new: ScoreReport?)?
  }

  /// A team's bests in their new order, the last one first to stand on the board.
  private struct BestMove {
    var order: [StoredSubmission]
    var leaves: StoredSubmission?

    var stands: StoredSubmission? { order.last { !$0.isWithdrawn } }
    var isMove: Bool { stands?.key != leaves?.key }
  }

  /// The submissions of one entry of a board.
  private struct Slot: Hashable {
    var team: Int64
    var isLate: Bool
    /// Where a team has several entries.
    var system: String?

    init(_ submission: StoredSubmission) {
      (team, isLate) = (submission.teamKey, submission.isLate)
      system = submission.isAlone ? nil : submission.systemKey
    }
  }

  private var isGuarded: Bool { target.rules.contains(where: \.isGuarded) }

  /// - Returns: nil where submissions came since that are not scored yet.
  init?(
    _ target: RescoreTarget, _ scorer: BoardScorer, at now: Date, in database: Database
  ) throws {
    (self.target, primary) = (target, scorer.definition.primary)
    guard try target.submissions(staged: false, in: database).isEmpty else { return nil }
    let current = try PhaseList(of: target.board, in: database).shown(of: target.board, at: now)
    let phase = target.main.phase
    guard current?.id == phase.id, current?.closed == phase.closed else {
      throw ServerError.refused(
        "The phase of \(target.board.path) changed meanwhile. Run it again.")
    }
    rescored = try target.rescored(in: database)
    before = try BoardState.recorded(of: target.board, in: database)
    let submissions: [StoredSubmission] = try database.all(
      """
      \(StoredSubmission.selection)
      WHERE s.benchmark = ? AND s.split = ? AND s.state = 'released' ORDER BY s.id
      """, [target.board.benchmark, target.board.split])
    count = submissions.count
    let standing = Set(
      try Int64.fetchAll(
        database, sql: "SELECT submission FROM board WHERE benchmark = ? AND split = ?",
        arguments: [target.board.benchmark, target.board.split]))
    organisers = Set(try Int64.fetchAll(database, sql: "SELECT id FROM team WHERE organiser"))
    for closed in target.rules.compactMap(\.closed) {
      finalists[closed.id] = try BoardCloser.finalists(of: closed, in: database)
    }
    let shown = submissions.compactMap { submission -> ScoreReport? in
      let rules = target.rules(of: submission)
      guard rules.isGuarded else { return submission.report }
      guard let closed = rules.closed else {
        return standing.contains(submission.key) ? submission.report : nil
      }
      let stands = finalists[closed.id]?.contains { $0.key == submission.key } ?? false
      return stands ? submission.closing : nil
    }
    guard before != target.state.keyed || !shown.allSatisfy(target.state.isOf) else {
      isNeeded = false
      return
    }
    for own in Dictionary(grouping: submissions, by: Slot.init).values
      .sorted(by: { $0[0].key < $1[0].key })
    {
      settle(own, standing: own.first { standing.contains($0.key) })
    }
    updates.sort { $0.submission.key < $1.submission.key }
  }

  func outcome(alreadyScored: Int, isApplied: Bool) -> RescoreOutcome {
    func value(_ report: ScoreReport?) -> Double? {
      report?.targets[primary.target]?[primary.metric]?.value
    }
    return RescoreOutcome(
      board: target.board,
      // Of open boards the labels' own digest is shown, and not the one on record, which is keyed.
      before: isGuarded
        ? before : updates.lazy.compactMap { $0.submission.report?.state }.first ?? before,
      now: target.main.isGuarded ? target.state.keyed : target.state.plain, entries: count,
      alreadyScored: alreadyScored,
      changes: updates.compactMap { update in
        update.change.map { change in
          RescoreOutcome.Change(
            id: update.submission.id, team: update.submission.team,
            system: update.submission.metadata.system, before: value(change.old),
            after: value(change.new))
        }
      },
      newBests: moves.filter(\.isMove).compactMap(\.stands?.id),
      bits: isGuarded ? bits + closingBits : nil, isApplied: isApplied)
  }

  private var closingBits: Double {
    guard isNeeded else { return 0 }
    return target.rules.compactMap(\.closed).reduce(0) { sum, closed in
      sum + (finalists[closed.id] ?? []).reduce(0) { $0 + bits(of: $1, in: closed) }
    }
  }

  /// What a close tells of an entry: the value that was known was made with other labels. The
  /// organisers know them.
  private func bits(of finalist: StoredSubmission, in closed: Phase) -> Double {
    organisers.contains(finalist.teamKey) ? 0 : closed.grid?.bitsAtClose(ofBest: false) ?? 0
  }
}

extension RescorePlan {
  private func value(_ submission: StoredSubmission) -> Double? {
    guard let rescored = rescored[submission.key],
      ![.incomplete, .undefined].contains(rescored.verdict)
    else { return nil }
    return rescored.report?.targets[primary.target]?[primary.metric]?.value
  }

  private func isBetter(_ one: Double, _ other: Double) -> Bool {
    primary.metric.higherIsBetter ? one > other : one < other
  }

  /// Decides what changes for the submissions of one team, in the order in which they came.
  private mutating func settle(_ own: [StoredSubmission], standing: StoredSubmission?) {
    let keys = Set(own.map(\.key))
    let rules = target.rules(of: own.last)
    let isFinal = rules.phase.isFinal
    var known = rules.closed.flatMap { finalists[$0.id] } ?? []
    let chosen = known.first { $0.isChosen && keys.contains($0.key) }
    var best = standing
    if !isFinal, !(rules.isGuarded && chosen != nil) {
      best = self.best(of: own, standing: standing, rules) ?? standing
      if let best { move(own, best, standing: standing, rules) }
    }
    if let closed = rules.closed, !isFinal, chosen == nil {
      known.removeAll { keys.contains($0.key) }
      if let best { known.append(best) }
      finalists[closed.id] = known
    }
    if rules.isGuarded {
      charge(own, rules)
      let settled = rules.closed == nil ? best : known.first { keys.contains($0.key) }
      if let settled { update(settled, isBest: true) }
    } else {
      for submission in own { update(submission, isBest: submission.key == best?.key) }
    }
  }

  /// The best of a team's submissions that are complete and not withdrawn.
  private func best(
    of own: [StoredSubmission], standing: StoredSubmission?, _ rules: RescoreTarget.Rules
  ) -> StoredSubmission? {
    let first = rules.isGuarded ? standing.map { [$0] } ?? [] : []
    return (first + own).filter { !$0.isWithdrawn }.reduce(nil as StoredSubmission?) { best, next in
      guard let score = value(next) else { return best }
      guard let best, let record = value(best) else { return next }
      return isBetter(score, record) ? next : best
    }
  }

  private mutating func move(
    _ own: [StoredSubmission], _ best: StoredSubmission, standing: StoredSubmission?,
    _ rules: RescoreTarget.Rules
  ) {
    let known = own.filter { $0.best != nil }.sorted { $0.best ?? 0 < $1.best ?? 0 }
    var order = known.filter { $0.key != best.key } + [best]
    if !rules.isGuarded {
      // Where labels are hidden the order of the others would tell of their figures.
      order.sort { one, other in
        switch (value(one), value(other)) {
        case (let x?, let y?) where x != y: isBetter(y, x)
        case (nil, _?): true
        case (_?, nil): false
        default: one.key > other.key
        }
      }
    }
    guard order.map(\.key) != known.map(\.key) else { return }
    moves.append(BestMove(order: order, leaves: standing))
  }

  /// Each team with a complete submission learns one of the values, or that there is none.
  private mutating func charge(_ own: [StoredSubmission], _ rules: RescoreTarget.Rules) {
    guard rules.closed == nil, !rules.phase.isFinal, let grid = rules.phase.grid,
      !own.contains(where: { organisers.contains($0.teamKey) }),
      own.contains(where: { rescored[$0.key]?.verdict != .incomplete && !$0.isWithdrawn })
    else { return }
    bits += log2(Double(grid.levels + 1))
  }

  private mutating func update(_ submission: StoredSubmission, isBest: Bool) {
    guard let rescored = rescored[submission.key] else { return }
    var update = Update(
      submission: submission, verdict: verdict(submission, rescored, isBest: isBest),
      report: rescored.report)
    // On a board that was closed anybody saw what the close released; so of a report that is left
    // from when labels were hidden.
    let rules = target.rules(of: submission)
    let isFromClose =
      rules.closed != nil && (rules.isGuarded || submission.report?.isWhole(primary) != true)
    let (old, new) =
      isFromClose
      ? (submission.closing, rescored.closing) : (submission.report, rescored.report)
    if rules.isGuarded || old != nil {
      let isSame = old == nil && new == nil || new.map { old?.hasFigures(of: $0) ?? false } ?? false
      if !isSame { update.change = (old, new) }
    }
    updates.append(update)
  }

  private func verdict(
    _ submission: StoredSubmission, _ rescored: Rescored, isBest: Bool
  ) -> ReleaseGuard.Verdict {
    let known = submission.verdict ?? rescored.verdict
    switch rescored.verdict {
    case .incomplete, .undefined, .atClose: return rescored.verdict
    case .first, .better, .notBetter:
      if isBest { return known.isNewBest ? known : .better }
      return [.incomplete, .undefined].contains(known) ? .notBetter : known
    }
  }
}

extension RescorePlan {
  /// Releases all of it.
  func apply(why: String?, overBudget: String?, by scribe: LedgerScribe) throws {
    let (now, database) = (scribe.now, scribe.database)
    try target.finish(in: database)
    guard isNeeded else { return }
    if before != target.state.keyed || bits > 0 {
      try target.state.record(on: target.board, why: why, bits: bits, at: now, in: database)
    }
    for update in updates {
      try database.run(
        "UPDATE submission SET verdict = ?, report = ? WHERE id = ?",
        [update.verdict.rawValue, try Self.json(update.report), update.submission.key])
    }
    for move in moves { try apply(move, in: database) }
    try reviseClose(in: database)
    for update in updates {
      guard let change = update.change else { continue }
      try SubmissionStore.addEvent(
        "rescored", to: update.submission.key, why: why, at: now, in: database)
      try database.run(
        "INSERT INTO rescored (event, report) VALUES (?, ?)",
        [database.lastInsertedRowID, try Self.json(change.old)])
    }
    let reports = updates.map { update in
      LedgerScribe.RescoredReport(
        submission: update.submission, verdict: update.verdict, report: update.report,
        closing: rescored[update.submission.key]?.closing, isChanged: update.change != nil)
    }
    try scribe.rescored(reports, in: target.main.phase, why: why)
    if isGuarded {
      try LabelAccount.check([target.board], overBudget: overBudget, at: now, in: database)
    }
  }

  /// The numbers of the bests stay those of the entry, since its team may have others.
  private func apply(_ move: BestMove, in database: Database) throws {
    guard let stands = move.stands else { return }
    let last: Int? = try database.value(
      "SELECT max(best) FROM submission WHERE benchmark = ? AND split = ? AND team = ?",
      [target.board.benchmark, target.board.split, stands.teamKey])
    let numbers = move.order.compactMap(\.best).sorted() + [(last ?? 0) + 1]
    for submission in move.order {
      try database.run("UPDATE submission SET best = NULL WHERE id = ?", [submission.key])
    }
    for (number, submission) in zip(numbers, move.order) {
      try database.run("UPDATE submission SET best = ? WHERE id = ?", [number, submission.key])
    }
    try SubmissionStore.claimSystem(
      stands.metadata.system, for: stands.teamKey, on: target.board, in: database)
  }

  /// What a close released does not change: a new revision of it takes its place.
  private func reviseClose(in database: Database) throws {
    for closed in target.rules.compactMap(\.closed) {
      let last: Int? = try database.value(
        "SELECT max(revision) FROM closing WHERE phase = ?", [closed.id])
      for finalist in finalists[closed.id] ?? [] {
        guard let report = rescored[finalist.key]?.closing else { continue }
        try database.run(
          """
          INSERT INTO closing (phase, submission, report, bits, revision) VALUES (?, ?, ?, ?, ?)
          """,
          [
            closed.id, finalist.key, try Self.json(report), bits(of: finalist, in: closed),
            (last ?? -1) + 1,
          ])
      }
    }
  }

  private static func json(_ report: ScoreReport?) throws -> String? {
    try report.map { String(decoding: try CanonicalJSON.compact($0), as: UTF8.self) }
  }
}

extension ScoreReport {
  /// Whether it shows more than the one figure of a board with hidden labels.
  fileprivate func isWhole(_ primary: BenchmarkDefinition.PrimaryMetric) -> Bool {
    // An average over targets has one figure, and stands beside theirs.
    targets.count > 1 || (targets[primary.target]?.metrics.count ?? 0) > 1
  }
}
