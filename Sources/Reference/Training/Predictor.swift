public import Foundation
import Metrics

/// Predicts numbers for each of many texts with a fine-tuned model.
public final class Predictor {
  private let engine: EncoderEngine
  private let tokenizer: Tokenizer?
  /// What the model's folder says that it reads and predicts.
  public let task: ModelTask

  /// Loads a model folder with its tokenizer. Throws ``ReferenceError``, also without a head.
  public convenience init(model: URL, threads: Int, precision: Precision = .float32) throws {
    let directory = try ModelDirectory(model)
    let (engine, report) = try directory.makeEngine(
      head: directory.headKind, outputCount: directory.outputCount, threads: threads,
      precision: precision)
    let missing = engine.layout.parameters.filter { report.initialised.contains($0.name) }
    guard missing.isEmpty else {
      throw ReferenceError.checkpoint(
        path: model.path, problems: missing.map { .missing(name: $0.name, shape: $0.shape) })
    }
    self.init(
      engine: engine, tokenizer: try Tokenizer.load(directory: model), task: try directory.task())
  }

  /// A predictor that uses an existing engine.
  public init(engine: EncoderEngine, tokenizer: Tokenizer?, task: ModelTask = ModelTask()) {
    (self.engine, self.tokenizer, self.task) = (engine, tokenizer, task)
  }

  /// The K predictions for each text, (n, K), in the given order. Texts longer than the model, or
  /// than those it was trained on with context or pairs, are truncated. Throws ``ReferenceError``,
  /// also for a prediction that is not finite.
  public func predict(
    _ inputs: [TextInput], progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> [[Float]] {
    guard let tokenizer else { preconditionFailure("texts need a tokenizer") }
    let longest = engine.configuration.maximumLength
    let limit = min(longest, task.input.maxLength ?? longest)
    let sequences = inputs.map { input in
      let encoding = tokenizer.encode(input, maxLength: limit)
      return TokenSequence(encoding.ids, types: encoding.typeIDs)
    }
    return try predict(sequences, progress: progress)
  }

  /// The K predictions for each token sequence, (n, K), in the given order.
  public func predict(
    _ sequences: [TokenSequence], progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> [[Float]] {
    var results = Array(repeating: [Float](), count: sequences.count)
    var predictions: [Float] = []
    var done = 0
    let outputs = engine.outputCount
    for rows in Self.batches(of: sequences.map(\.tokens)) {
      let batch = try PackedBatch(rows.map { sequences[$0] }, for: engine.configuration)
      engine.forward(batch, mode: .inference, predictions: &predictions)
      for (place, row) in rows.enumerated() {
        results[row] = Array(predictions[place * outputs..<(place + 1) * outputs])
        guard results[row].allSatisfy(\.isFinite) else {
          throw ReferenceError.batch(sequence: row, problem: .predictionNotFinite)
        }
      }
      done += rows.count
      progress(done, sequences.count)
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

  /// The agreement of each output's predictions for `examples` with the labels that there are.
  public func evaluate(_ examples: [TrainingExample]) throws -> [ValidationMetrics] {
    let predictions = try predict(examples.map(\.sequence))
    return (0..<engine.outputCount).map { output in
      let rows = examples.indices.filter { examples[$0].labels[output] != nil }
      let predicted = rows.map { Double(predictions[$0][output]) }
      let labels = rows.map { Double(examples[$0].labels[output] ?? .nan) }
      return ValidationMetrics(
        ccc: PointMetrics.ccc(predicted, labels, form: .sample).value,
        pcc: PointMetrics.pcc(predicted, labels).value,
        rmse: PointMetrics.rmse(predicted, labels).value,
        isCollapsed: PairedMoments(predictions: predicted, gold: labels).isCollapsed)
    }
  }
}
