import Foundation
import Harness
import NIOPosix

/// A prediction file and what comes with it.
struct Upload: Sendable {
  var file: Data
  /// The file as the client names it, for faults.
  var name: String
  var metadata: SubmissionMetadata
  var idempotency: Idempotency?
}

/// The way of a submission: read, scored, then recorded and released in one transaction.
///
/// Only where the server fails to score it an upload is recorded without a score: then it waits in the
/// queue, leased, and whoever comes after scores it.
struct SubmissionIntake: Sendable {
  /// A submission that cannot be scored this often is given up.
  static let maxAttempts = 5

  let store: SubmissionStore
  let scorers: ScorerCache
  let log: ServerLog
  /// Longer than any scoring takes.
  private let lease = Lease(owner: UUID().uuidString, seconds: 60)

  init(store: SubmissionStore, scorers: ScorerCache, log: ServerLog) {
    self.store = store
    self.scorers = scorers
    self.log = log
  }

  /// Takes an upload in and releases its score.
  ///
  /// - Throws: ``HarnessError/invalid(_:)`` for a faulty upload, which is counted; ``Refusal``;
  ///   ``ServerError``.
  /// - Returns: the submission and what its team should look at although the file is valid.
  func take(
    _ upload: Upload, _ standing: Standing, token: TeamToken, at now: Date
  ) async throws -> (Recorded, warnings: [Diagnostic]) {
    let phase = standing.phase
    let scorer = try scorers.scorer(of: phase.board)
    let predictions: Predictions
    let candidate: Candidate
    let judgement: Judgement
    do {
      // On threads of their own, so that readers never wait behind large uploads.
      (predictions, candidate, judgement) = try await NIOThreadPool.singleton.runIfActive {
        let predictions = try scorer.read(upload.file, name: upload.name, labels: phase.labels)
        let candidate = Candidate(upload, predictions, scorer, phase.labels)
        return (predictions, candidate, Judgement(candidate.judge, over: standing.best))
      }
    } catch HarnessError.invalid(let faults) {
      try await store.chargeFailing(upload.idempotency, in: phase, token: token, at: now)
      throw HarnessError.invalid(faults)
    }
    let recorded = try await store.record(
      candidate, judgement, in: phase, token: token, lease: lease, at: now)
    if let failure = recorded.failure { throw failure }
    return (recorded, predictions.warnings)
  }

  /// Scores what was accepted and never released.
  ///
  /// - Parameter isAlone: nobody else works on this store: whatever waits was left by a server that
  ///   is gone.
  func recover(isAlone: Bool) async {
    do {
      let waiting = try await store.takeOver(lease, isAlone: isAlone, at: Date())
      for (key, attempts) in waiting { await recover(key, attempts: attempts) }
      if !waiting.isEmpty { log.note("scored \(waiting.count) submissions that were waiting") }
    } catch {
      log.fault("the queue of submissions could not be read", error)
    }
  }

  private func recover(_ key: Int64, attempts: Int) async {
    do {
      guard let waiting = try store.submission(key: key), let file = try store.predictions(of: key),
        let standing = try store.standing(of: waiting.teamKey, on: waiting.board)
      else { return }
      let scorer = try scorers.scorer(of: waiting.board)
      let predictions = try scorer.reader.read(file, name: "predictions.tsv")
      let judge: @Sendable (Data?) throws -> ReleaseGuard.Release = { best in
        try scorer.release(predictions, over: best, labels: standing.phase.labels)
      }
      try await store.settle(key, Judgement(judge, over: standing.best), judge: judge, at: Date())
    } catch {
      log.fault("submission \(key) could not be scored (attempt \(attempts))", error)
      guard attempts >= Self.maxAttempts else { return }
      do {
        try await store.giveUp(key, why: "it could not be scored", at: Date())
      } catch {
        log.fault("submission \(key) could not be given up", error)
      }
    }
  }
}

extension Judgement {
  init(
    _ judge: (Data?) throws -> ReleaseGuard.Release, over best: Standing.Best?
  ) {
    self.init(outcome: Result { try judge(best?.file) }, best: best?.key)
  }
}

extension Candidate {
  init(
    _ upload: Upload, _ predictions: Predictions, _ scorer: BoardScorer, _ labels: Phase.Labels
  ) {
    digest = predictions.digest
    metadata = upload.metadata
    metadata.predictionsSHA256 = digest
    metadata.targets = predictions.attempted
    file = scorer.kept(predictions)
    idempotency = upload.idempotency
    judge = { best in try scorer.release(predictions, over: best, labels: labels) }
  }
}
