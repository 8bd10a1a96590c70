import Foundation
import Harness
import Metrics
import NIOPosix
import Synchronization

/// A prediction file and what comes with it.
struct Upload: Sendable {
  var file: Data
  /// The file as the client names it, for faults.
  var name: String
  var metadata: SubmissionMetadata
  var idempotency: Idempotency?
}

/// The way of a submission: read, scored, then recorded and released in one transaction. Only where
/// the server fails to score it an upload waits in the queue, leased, for whoever comes after.
struct SubmissionIntake: Sendable {
  /// A submission that cannot be scored this often is given up.
  static let maxAttempts = 5

  let store: SubmissionStore
  let scorers: ScorerCache
  let log: ServerLog
  /// Longer than any scoring takes.
  private let lease = Lease(owner: UUID().uuidString, seconds: 60)

  /// Takes an upload in and releases its score.
  /// - Throws: ``HarnessError/invalid(_:)`` for a faulty upload, which is counted; ``Refusal``;
  ///   ``ServerError``.
  func take(
    _ upload: Upload, _ standing: Standing, token: TokenSecret, at now: Date
  ) async throws -> (Recorded, warnings: [Diagnostic]) {
    let phase = standing.phase
    let scorer = try scorers.scorer(of: phase.board)
    let predictions: Predictions
    let candidate: Candidate
    do {
      // On threads of their own, so that readers never wait behind large uploads.
      (predictions, candidate) = try await NIOThreadPool.singleton.runIfActive {
        let predictions = try scorer.read(upload.file, name: upload.name, labels: phase.labels)
        return (predictions, Candidate(upload, predictions, scorer, standing))
      }
    } catch HarnessError.invalid(let faults) {
      try await store.chargeFailing(upload.idempotency, in: phase, token: token, at: now)
      throw HarnessError.invalid(faults)
    }
    let recorded = try await store.record(candidate, in: phase, token: token, lease: lease, at: now)
    if let failure = recorded.failure { throw failure }
    return (recorded, predictions.warnings)
  }

  /// Reads an upload as ``take(_:_:token:at:)`` does, and neither scores nor counts it.
  /// - Throws: ``HarnessError/invalid(_:)`` with every fault.
  func check(_ upload: Upload, in phase: Phase) async throws -> Predictions {
    let scorer = try scorers.scorer(of: phase.board)
    return try await NIOThreadPool.singleton.runIfActive {
      try scorer.read(upload.file, name: upload.name, labels: phase.labels)
    }
  }

  /// Lines of an upload's file, for the faults in them.
  func lines(_ numbers: Set<Int>, of upload: Upload) -> [Int: String] {
    let (metadata, file) = (upload.metadata, PredictionFile(name: upload.name, data: upload.file))
    let board = BoardKey(benchmark: metadata.benchmark, split: metadata.split)
    guard let scorer = try? scorers.scorer(of: board) else { return [:] }
    return file.lines(numbers, limits: scorer.limits)
  }

  /// Scores what was accepted and never released.
  /// - Parameter isAlone: whatever waits was left by a server that is gone.
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
        let standing = try store.standing(of: waiting)
      else { return }
      let scorer = try scorers.scorer(of: waiting.board)
      let predictions = try scorer.reader.read(file, name: "predictions.tsv")
      try await store.settle(
        key, Judgement(of: predictions, scorer, standing), scorer.state, at: Date())
    } catch Refusal.superseded {
      log.warn("submission \(key) waits until its board is rescored")
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
  init(of predictions: Predictions, _ scorer: BoardScorer, _ standing: Standing) {
    self.init(over: standing.bests) {
      try scorer.release(predictions, over: $0, in: standing.phase)
    }
  }
}

extension Candidate {
  init(_ upload: Upload, _ predictions: Predictions, _ scorer: BoardScorer, _ standing: Standing) {
    digest = predictions.digest
    metadata = upload.metadata
    metadata.predictionsSHA256 = digest
    metadata.targets = predictions.attempted
    file = scorer.kept(predictions)
    idempotency = upload.idempotency
    judgement = Judgement(of: predictions, scorer, standing)
    state = scorer.state
  }
}

/// What a board needs to read and score an upload; made once, kept in memory.
final class BoardScorer: Sendable {
  let definition: BenchmarkDefinition
  let scorer: Scorer
  /// Reads what the store has, whatever rule it came under.
  let reader: PredictionReader
  /// Reads uploads to a board whose labels are hidden.
  private let strictReader: PredictionReader
  /// What it scores with.
  let state: BoardState
  /// Of bests, which are asked for with each submission of their team.
  private let values = Mutex<[Int64: (report: String, value: Double?)]>([:])
  private let key: Data
  let limits: UploadLimits

  /// - Throws: ``HarnessError`` where the split is not in the data home, or blind.
  init(
    _ definition: BenchmarkDefinition, split: String, home: DataHome, options: ScoringOptions
  ) throws(HarnessError) {
    self.definition = definition
    let dataset: Dataset
    do {
      dataset = try home.load(definition, split: split)
    } catch .invalid(let faults) {
      // The operator's to mend, and no fault of the upload that met it.
      let reason = faults.first?.description ?? "no reason given"
      throw .system(
        path: home.url.relativePath, reason: "\(definition.id)/\(split) is not in order: \(reason)")
    }
    scorer = try Scorer(definition, dataset: dataset, options: options)
    reader = PredictionReader(definition, dataset: dataset)
    strictReader = PredictionReader(definition, dataset: dataset, margin: ReleaseRule.hiddenMargin)
    key = try home.releaseKey()
    state = BoardState(dataset, key: key)
    limits = .forRows(dataset.rows.count)
  }

  /// Reads an upload and checks that there is something to score in it.
  /// - Throws: ``HarnessError/invalid(_:)`` with every fault.
  func read(_ data: Data, name: String, labels: Phase.Labels) throws(HarnessError) -> Predictions {
    let reader = labels == .hidden ? strictReader : reader
    let predictions = try reader.read(data, name: name, limits: limits)
    guard definition.targetNames.contains(where: { scorer.rows($0, of: predictions) != nil }) else {
      throw .invalid([
        Diagnostic(
          .header, file: name,
          expected: "predictions of a target that \(definition.id)/\(reader.split) has labels of")
      ])
    }
    return predictions
  }

  /// Decides what is released of `candidate`, given what was released of its team's bests.
  func release(
    _ candidate: Predictions, over bests: [Standing.Best], in phase: Phase
  ) throws(HarnessError) -> ReleaseGuard.Release {
    if phase.isFinal {
      let verdict: ReleaseGuard.Verdict = candidate.missingCount == 0 ? .atClose : .incomplete
      return ReleaseGuard.Release(verdict: verdict, report: nil)
    }
    let primary = definition.primary
    let values = bests.compactMap(value)
    return try ReleaseGuard(scorer, rule: phase.rule(key: key))
      .release(candidate, over: primary.metric.higherIsBetter ? values.max() : values.min())
  }

  /// The released primary figure of a best.
  private func value(of best: Standing.Best) -> Double? {
    guard let report = best.report else { return nil }
    if let known = values.withLock({ $0[best.key] }), known.report == report { return known.value }
    let read = try? JSONDecoder().decode(ScoreReport.self, from: Data(report.utf8))
    let primary = definition.primary
    let value = read?.targets[primary.target]?[primary.metric]?.value
    values.withLock { $0[best.key] = (report, value) }
    return value
  }

  /// What the close releases of `predictions`.
  func release(_ predictions: Predictions, grid: ReleaseGrid) throws(HarnessError) -> ScoreReport {
    ReleaseRule.hidden(grid, key: key).release(try scorer.score(predictions))
  }

  /// What a rescore keeps of `predictions`: what would be released were it its team's best, and what
  /// the close released of it.
  func rescored(
    _ predictions: Predictions, in phase: Phase, closed: Phase?
  ) throws(HarnessError) -> Rescored {
    var open = phase
    // At the close a board shows another report beside this one.
    open.closed = nil
    var rescored = Rescored(verdict: try release(predictions, over: [], in: open).verdict)
    let report = try scorer.score(predictions)
    if !phase.isFinal { rescored.report = open.rule(key: key).release(report) }
    rescored.closing = closed?.grid.map { ReleaseRule.hidden($0.atClose, key: key).release(report) }
    return rescored
  }

  /// The choices that figures depend on, as a signature names them, without labels and version.
  func choices(_ signature: String) -> [Substring] {
    signature.split(separator: "|").filter { !$0.hasPrefix("gold:") && !$0.hasPrefix("v:") }
  }

  /// The predictions as the store keeps them.
  func kept(_ predictions: Predictions) -> Data { predictions.table(ids: reader.ids) }
}

/// The scorers of the boards that were asked for.
final class ScorerCache: Sendable {
  let definitions: [BenchmarkDefinition]
  private let home: DataHome
  private let options: ScoringOptions
  private let made = Mutex<[BoardKey: (scorer: BoardScorer, stamp: DataHome.Stamp)]>([:])

  /// - Parameter options: without groups, which the site shows and a submission need not wait for.
  init(_ definitions: [BenchmarkDefinition], home: DataHome, options: ScoringOptions) {
    self.definitions = definitions
    self.home = home
    var options = options
    options.attributes = []
    options.crossed = false
    options.inference.threads = 1
    self.options = options
  }

  /// The scorer of a board, made anew where the split's files changed.
  /// - Throws: ``HarnessError`` where they are not in order, or change at this moment.
  func scorer(of board: BoardKey) throws(HarnessError) -> BoardScorer {
    let stamp = home.stamp(board.benchmark, board.split)
    if let known = made.withLock({ $0[board] }), known.stamp == stamp { return known.scorer }
    let scorer = try BoardScorer(
      try definitions.named(board.benchmark), split: board.split, home: home, options: options)
    guard home.stamp(board.benchmark, board.split) == stamp else {
      throw .system(
        path: home.url.relativePath, reason: "the files of \(board.path) are being replaced")
    }
    made.withLock { $0[board] = (scorer, stamp) }
    return scorer
  }
}
