import Foundation
import Harness
import Metrics
import Synchronization

/// What a board needs to read and score an upload; made once, kept in memory.
final class BoardScorer: Sendable {
  let definition: BenchmarkDefinition
  let scorer: Scorer
  /// Reads what the store has, whatever rule it came under.
  let reader: PredictionReader
  /// Reads uploads to a board whose labels are hidden.
  private let strictReader: PredictionReader
  private let limits: UploadLimits

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
      throw .system(
        path: home.url.relativePath,
        reason: "\(definition.id)/\(split) is not in order: "
          + "\(faults.first?.description ?? "no reason given")")
    }
    scorer = try Scorer(definition, dataset: dataset, options: options)
    reader = PredictionReader(definition, dataset: dataset)
    strictReader = ReleaseGuard(scorer).reader
    limits = .forRows(dataset.rows.count)
  }

  /// Reads an upload and checks that there is something to score in it.
  ///
  /// - Throws: ``HarnessError/invalid(_:)`` with every fault.
  func read(
    _ data: Data, name: String, labels: Phase.Labels
  ) throws(HarnessError) -> Predictions {
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

  /// Decides what is released of `candidate`, given the stored predictions of its team's best.
  func release(
    _ candidate: Predictions, over best: Data?, labels: Phase.Labels
  ) throws(HarnessError) -> ReleaseGuard.Release {
    var old: Predictions?
    if let best { old = try reader.read(best, name: "predictions.tsv") }
    return try ReleaseGuard(scorer, rule: labels.rule).release(candidate, over: old)
  }

  /// The predictions as the store keeps them.
  func kept(_ predictions: Predictions) -> Data { predictions.table(ids: reader.ids) }
}

/// The scorers of the boards that were asked for.
final class ScorerCache: Sendable {
  let definitions: [BenchmarkDefinition]
  private let home: DataHome
  private let options: ScoringOptions
  private let made = Mutex<[BoardKey: BoardScorer]>([:])

  /// - Parameter options: without groups, which the site shows and a submission need not wait for.
  init(_ definitions: [BenchmarkDefinition], home: DataHome, options: ScoringOptions) {
    self.definitions = definitions
    self.home = home
    var options = options
    options.attributes = []
    options.inference.threads = 1
    self.options = options
  }

  func scorer(of board: BoardKey) throws(HarnessError) -> BoardScorer {
    if let scorer = made.withLock({ $0[board] }) { return scorer }
    let scorer = try BoardScorer(
      try definitions.named(board.benchmark), split: board.split, home: home, options: options)
    made.withLock { $0[board] = scorer }
    return scorer
  }
}
