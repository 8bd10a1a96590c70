import Foundation
import Harness
import Metrics
import Synchronization

/// What a board needs to read and score an upload; made once, kept in memory.
final class Judge: Sendable {
  let definition: BenchmarkDefinition
  let scorer: Scorer
  /// Reads what the store has, whatever rule it came under.
  let reader: PredictionReader
  /// Reads uploads to a board whose labels are hidden.
  private let strictReader: PredictionReader
  let limits: UploadLimits

  /// - Throws: ``HarnessError`` where the split is not in the data home, or blind.
  init(_ board: BoardKey, home: DataHome, options: ScoringOptions) throws(HarnessError) {
    definition = try BenchmarkRegistry.find(board.benchmark)
    let dataset: Dataset
    do {
      dataset = try home.load(definition, split: board.split)
    } catch .invalid(let faults) {
      // Ours to mend, and no fault of the upload that met it.
      throw .system(
        path: home.url.relativePath,
        reason: "\(board.benchmark)/\(board.split) is not in order: "
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
        Fault(
          .header, file: name,
          expected: "predictions of a target that \(definition.id)/\(reader.split) has labels of")
      ])
    }
    return predictions
  }

  /// The predictions of a submission that the store has.
  func reread(_ file: Data) throws(HarnessError) -> Predictions {
    try reader.read(file, name: "predictions.tsv")
  }

  /// The predictions as the store keeps them.
  func kept(_ predictions: Predictions) -> Data { predictions.table(ids: reader.ids) }
}

/// The judges of the boards that were asked for.
final class Judges: Sendable {
  private let home: DataHome
  private let options: ScoringOptions
  private let made = Mutex<[BoardKey: Judge]>([:])

  /// - Parameter options: without groups, which the site shows and a submission need not wait for.
  init(home: DataHome, options: ScoringOptions) {
    self.home = home
    var options = options
    options.attributes = []
    options.inference.threads = 1
    self.options = options
  }

  func judge(_ board: BoardKey) throws(HarnessError) -> Judge {
    if let judge = made.withLock({ $0[board] }) { return judge }
    let judge = try Judge(board, home: home, options: options)
    made.withLock { $0[board] = judge }
    return judge
  }
}
