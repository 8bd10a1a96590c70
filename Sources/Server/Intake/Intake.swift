import Foundation
import Harness
import Synchronization

/// The way of a submission: read, accepted, scored, released.
///
/// Once accepted it is in the store with a row in the queue; whoever comes after a crash scores it.
final class Intake: Sendable {
  /// Longer than any scoring takes.
  static let leaseSeconds: Int64 = 60
  /// A submission that fails us this often is given up.
  static let mostAttempts = 5

  let store: SubmissionStore
  let judges: Judges
  private let workers = Workers()
  private let owner = UUID().uuidString
  private let log: ServerLog
  /// Accepted submissions whose release failed us: they need not wait for their lease to end.
  private let abandoned = Mutex<Set<Int64>>([])
  /// Predictions that are on boards, as read.
  private let known = Mutex<[Int64: Predictions]>([:])

  init(store: SubmissionStore, judges: Judges, log: ServerLog) {
    self.store = store
    self.judges = judges
    self.log = log
  }

  /// A submission that was taken, new or known.
  struct Taken: Sendable {
    var submission: StoredSubmission
    var isNew: Bool
    var warnings: [Fault]
  }

  /// Takes an upload in and releases its score.
  ///
  /// - Throws: ``HarnessError/invalid(_:)`` for a faulty upload, which is counted; ``Refusal``;
  ///   ``ServerError``.
  func take(_ upload: Upload, from team: Team, phase: Phase, at now: Date) async throws -> Taken {
    try store.checkFailing(team, phase, at: now)
    let judge = try judges.judge(phase.board)
    let predictions: Predictions
    do {
      predictions = try await workers.run {
        try judge.read(upload.file, name: upload.name, labels: phase.labels)
      }
    } catch HarnessError.invalid(let faults) {
      try await store.chargeFailing(team, phase, at: now)
      throw HarnessError.invalid(faults)
    }
    var metadata = upload.metadata
    metadata.predictionsSHA256 = predictions.digest
    metadata.targets = Target.allCases.filter { predictions.columns[$0] != nil }
    let draft = Draft(
      team: team, phase: phase, metadata: metadata, file: judge.kept(predictions),
      digest: predictions.digest, idempotencyKey: upload.idempotencyKey, payload: upload.payload)
    switch try await store.accept(
      draft, owner: owner, leaseSeconds: Self.leaseSeconds, at: now)
    {
    case .known(let submission):
      return Taken(submission: submission, isNew: false, warnings: predictions.warnings)
    case .new(let key):
      do {
        let submission = try await release(key, predictions, judge, team: team.id, phase.board)
        return Taken(submission: submission, isNew: true, warnings: predictions.warnings)
      } catch {
        _ = abandoned.withLock { $0.insert(key) }
        throw error
      }
    }
  }

  /// Scores an accepted submission and releases what its phase and the guard allow.
  private func release(
    _ key: Int64, _ candidate: Predictions, _ judge: Judge, team: Int64, _ board: BoardKey
  ) async throws -> StoredSubmission {
    // The team's best may change while its next submission is scored: then it is judged anew.
    for _ in 0..<100 {
      let best = try store.best(of: team, on: board)
      let old = try best.map { try predictions(of: $0, judge) }
      let labels = try store.phase(of: board)?.labels ?? .hidden
      let outcome = try await workers.run {
        try judge.release(candidate, over: old, labels: labels)
      }
      if let released = try await store.release(key, outcome, over: best, at: Date()) {
        if outcome.isBest { remember(candidate, of: key) }
        return released
      }
    }
    throw ServerError.store(
      path: store.url.relativePath, reason: "the team's best kept changing under a submission")
  }

  private func predictions(of key: Int64, _ judge: Judge) throws -> Predictions {
    if let known = known.withLock({ $0[key] }) { return known }
    guard let file = try store.predictions(of: key) else {
      throw ServerError.unknownSubmission(id: "\(key)")
    }
    let predictions = try judge.reread(file)
    remember(predictions, of: key)
    return predictions
  }

  private func remember(_ predictions: Predictions, of key: Int64) {
    known.withLock { known in
      if known.count >= 1000 { known = [:] }
      known[key] = predictions
    }
  }

  /// Scores what was accepted and never released.
  ///
  /// - Parameter isAlone: nobody else works on this store: whatever waits is an orphan.
  func recover(isAlone: Bool) async {
    do {
      let orphans = try await store.takeOver(
        owner: owner, isAlone: isAlone, leaseSeconds: Self.leaseSeconds, at: Date())
      for orphan in orphans { await recover(orphan.key, attempts: orphan.attempts) }
      let left = abandoned.withLock { abandoned in
        defer { abandoned = [] }
        return abandoned
      }
      for key in left { await recover(key, attempts: 1) }
      let count = orphans.count + left.count
      if count > 0 { log.note("looked after \(count) submissions that were waiting") }
    } catch {
      log.fault("the queue could not be looked at", error)
    }
  }

  private func recover(_ key: Int64, attempts: Int) async {
    do {
      guard let stored = try store.submission(key: key),
        let file = try store.predictions(of: key)
      else { return }
      let judge = try judges.judge(stored.board)
      _ = try await release(
        key, try judge.reread(file), judge, team: stored.teamKey, stored.board)
    } catch {
      log.fault("submission \(key) could not be scored (attempt \(attempts))", error)
      guard attempts >= Self.mostAttempts else {
        _ = abandoned.withLock { $0.insert(key) }
        return
      }
      do {
        try await store.fail(key, why: "it could not be scored", at: Date())
      } catch {
        log.fault("submission \(key) could not be given up", error)
      }
    }
  }
}
