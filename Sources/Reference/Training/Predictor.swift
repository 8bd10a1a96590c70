public import Foundation
import Metrics

/// Predicts a number for each of many texts with a fine-tuned model.
public final class Predictor {
  private let engine: EncoderEngine
  private let tokenizer: Tokenizer?

  /// Loads a model folder with its tokenizer. Throws ``ReferenceError``, also without a head.
  public convenience init(model: URL, threads: Int, precision: Precision = .float32) throws {
    let directory = try ModelDirectory(model)
    let (engine, report) = try directory.makeEngine(
      head: directory.headKind, threads: threads, precision: precision)
    let missing = engine.layout.parameters.filter { report.initialised.contains($0.name) }
    guard missing.isEmpty else {
      throw ReferenceError.checkpoint(
        path: model.path, problems: missing.map { .missing(name: $0.name, shape: $0.shape) })
    }
    self.init(engine: engine, tokenizer: try Tokenizer.load(directory: model))
  }

  /// A predictor that uses an existing engine.
  public init(engine: EncoderEngine, tokenizer: Tokenizer?) {
    (self.engine, self.tokenizer) = (engine, tokenizer)
  }

  /// One prediction for each text, in the given order. Texts longer than the model are truncated.
  /// Throws ``ReferenceError``, also for a prediction that is not finite.
  public func predict(_ texts: [String], progress: (_ done: Int, _ of: Int) -> Void = { _, _ in })
    throws -> [Float]
  {
    guard let tokenizer else { preconditionFailure("texts need a tokenizer") }
    let limit = engine.configuration.maximumLength
    return try predict(
      tokens: texts.map { tokenizer.encode($0, maxLength: limit) }, progress: progress)
  }

  /// One prediction for each token sequence, in the given order.
  public func predict(tokens: [[Int32]], progress: (_ done: Int, _ of: Int) -> Void = { _, _ in })
    throws -> [Float]
  {
    var results = Array(repeating: Float(0), count: tokens.count)
    var predictions: [Float] = []
    var done = 0
    for rows in Self.batches(of: tokens) {
      let batch = try PackedBatch(rows.map { tokens[$0] }, for: engine.configuration)
      engine.forward(batch, mode: .inference, predictions: &predictions)
      for (place, row) in rows.enumerated() {
        guard predictions[place].isFinite else {
          throw ReferenceError.batch(sequence: row, problem: .predictionNotFinite)
        }
        results[row] = predictions[place]
      }
      done += rows.count
      progress(done, tokens.count)
    }
    return results
  }

  /// The rows of each batch: longest first, about 2,000 tokens a batch.
  package static func batches(of tokens: [[Int32]]) -> [[Int]] {
    let order = tokens.indices.sorted { (tokens[$0].count, $1) > (tokens[$1].count, $0) }
    var batches: [[Int]] = []
    var total = 0
    for row in order {
      let length = tokens[row].count
      if batches.isEmpty || total + length > 2048 {
        batches.append([])
        total = 0
      }
      batches[batches.count - 1].append(row)
      total += length
    }
    return batches
  }

  /// The agreement of the predictions for `examples` with their targets.
  public func evaluate(_ examples: [TrainingExample]) throws -> ValidationMetrics {
    let predictions = try predict(tokens: examples.map(\.tokens)).map(Double.init)
    let targets = examples.map { Double($0.target) }
    return ValidationMetrics(
      ccc: PointMetrics.ccc(predictions, targets, form: .sample).value,
      pcc: PointMetrics.pcc(predictions, targets).value,
      rmse: PointMetrics.rmse(predictions, targets).value)
  }
}
