import Foundation
import Harness
import Synchronization

/// The way of a submission: read, scored, then accepted and released in one transaction.
///
/// Only where scoring fails us an upload is accepted without a score: then it waits in the queue, with
/// a lease, and whoever comes after scores it.
final class Intake: Sendable {
  /// Longer than any scoring takes.
  static let leaseSeconds: Int64 = 60
  /// A submission that fails us this often is given up.
  static let mostAttempts = 5
  /// A team's place may change while a submission is judged by it; then it is judged anew, so often.
  static let mostRounds = 100

  let store: SubmissionStore
  let judges: Judges
  private let workers = Workers()
  private let lease = Lease(owner: UUID().uuidString, seconds: Intake.leaseSeconds)
  private let log: ServerLog
  /// Accepted submissions that could not be scored: they need not wait for their lease to end.
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

  /// What the workers make of an upload.
  private struct Judged: Sendable {
    var predictions: Predictions
    var draft: Draft
    /// Fails where scoring fails us.
    var outcome: Result<ReleasedScore, any Error>
  }

  /// Takes an upload in and releases its score.
  ///
  /// - Returns: nil, with nothing done, where the team stands elsewhere by now: then the upload is to
  ///   be admitted anew.
  /// - Throws: ``HarnessError/invalid(_:)`` for a faulty upload, which is counted; ``Refusal``;
  ///   ``ServerError``.
  func take(_ upload: Upload, _ standing: Standing, at now: Date) async throws -> Taken? {
    let phase = standing.phase
    let judge = try judges.judge(phase.board)
    let old = try standing.best.map { try self.predictions(of: $0, judge) }
    let judged: Judged
    do {
      judged = try await workers.run(bytes: upload.file.count) {
        let predictions = try judge.read(upload.file, name: upload.name, labels: phase.labels)
        return Judged(
          predictions: predictions, draft: Draft(upload, predictions, judge, standing),
          outcome: Result { try judge.release(predictions, over: old, labels: phase.labels) })
      }
    } catch HarnessError.invalid(let faults) {
      guard try await store.chargeFailing(standing, upload.idempotency, at: now) else { return nil }
      throw HarnessError.invalid(faults)
    }
    let (predictions, outcome) = (judged.predictions, judged.outcome)
    switch try await store.record(judged.draft, try? outcome.get(), lease: lease, at: now) {
    case .stale: return nil
    case .known(let submission):
      return Taken(submission: submission, isNew: false, warnings: predictions.warnings)
    case .new(let submission):
      if submission.wasBest { remember(predictions, of: submission.key) }
      if case .failure(let error) = outcome {
        _ = abandoned.withLock { $0.insert(submission.key) }
        throw error
      }
      return Taken(submission: submission, isNew: true, warnings: predictions.warnings)
    }
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
        lease, isAlone: isAlone, at: Date())
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
      guard let stored = try store.submission(key: key), stored.state == .pending,
        let file = try store.predictions(of: key)
      else { return }
      let judge = try judges.judge(stored.board)
      try await release(stored, try judge.reread(file), judge)
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

  /// Scores a submission that waited and releases what its phase and the guard allow.
  private func release(
    _ waiting: StoredSubmission, _ predictions: Predictions, _ judge: Judge
  ) async throws {
    for _ in 0..<Self.mostRounds {
      let labels = try store.phase(of: waiting.board)?.labels ?? .hidden
      let best = try store.best(of: waiting.teamKey, on: waiting.board)
      let old = try best.map { try self.predictions(of: $0, judge) }
      let outcome = try judge.release(predictions, over: old, labels: labels)
      if try await store.release(waiting.key, outcome, over: best, at: Date()) { return }
    }
    throw ServerError.unsettled(store.url)
  }
}

extension Draft {
  fileprivate init(
    _ upload: Upload, _ predictions: Predictions, _ judge: Judge, _ standing: Standing
  ) {
    let digest = predictions.digest
    var metadata = upload.metadata
    metadata.predictionsSHA256 = digest
    metadata.targets = predictions.attempted
    self.init(
      standing: standing, metadata: metadata, file: judge.kept(predictions), digest: digest,
      idempotency: upload.idempotency)
  }
}
