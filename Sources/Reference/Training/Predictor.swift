public import Foundation
import Metrics

/// What a model, or several together, predict of n rows.
public struct ModelPredictions: Equatable, Sendable {
  /// (n, K).
  public let means: [[Float]]
  /// Standard deviations, (n, K), and of what they are; nil where there are none.
  public let sds: [[Float]]?
  public let spread: Spread?

  /// What an SD beside a prediction says; its name heads the column.
  public enum Spread: String, Sendable {
    /// The SD of the label that the model expects.
    case label = "sd"
    /// The SD, over n - 1, of the predictions that were averaged: how far seeds differ, and nothing
    /// about labels.
    case betweenMembers = "sd_between_members"
  }

  public init(means: [[Float]], sds: [[Float]]? = nil, spread: Spread? = nil) {
    precondition((sds == nil) == (spread == nil), "SDs with what they are")
    (self.means, self.sds, self.spread) = (means, sds, spread)
  }

  /// The mean of the predictions of two or more `members` for the same rows. Where each expects an SD
  /// of the label, the SD is that of the mixture of their distributions, whose variance is the mean of
  /// σ² + μ² less the square of the mean (Lakshminarayanan et al. 2017, arXiv 1612.01474, section
  /// 2.4); otherwise it is the SD between them.
  public init(averaging members: [ModelPredictions]) {
    precondition(members.count > 1, "members to average")
    let n = Double(members.count)
    let isMixture = members.allSatisfy { $0.spread == .label }
    var (means, sds): ([[Float]], [[Float]]) = ([], [])
    for row in members[0].means.indices {
      let values = members.map { $0.means[row].map(Double.init) }
      let mean = values[0].indices.map { k in values.reduce(0) { $0 + $1[k] } / n }
      let variances = mean.indices.map { k in
        let squares = values.reduce(0) { $0 + ($1[k] - mean[k]) * ($1[k] - mean[k]) }
        guard isMixture else { return squares / (n - 1) }
        let own = members.reduce(0.0) { sum, member in
          let sd = member.sds.map { Double($0[row][k]) } ?? 0
          return sum + sd * sd
        }
        return (squares + own) / n
      }
      means.append(mean.map { Float($0) })
      sds.append(variances.map { Float($0.squareRoot()) })
    }
    self.init(means: means, sds: sds, spread: isMixture ? .label : .betweenMembers)
  }
}

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

  /// The predictions for each text, in the given order. Texts longer than the model, or
  /// than those it was trained on with context or pairs, are truncated. Throws ``ReferenceError``,
  /// also for a prediction that is not finite.
  public func predict(
    _ inputs: [TextInput], progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> ModelPredictions {
    guard let tokenizer else { preconditionFailure("texts need a tokenizer") }
    let longest = engine.configuration.maximumLength
    let limit = min(longest, task.input.maxLength ?? longest)
    let sequences = inputs.map { input in
      let encoding = tokenizer.encode(input, maxLength: limit)
      return TokenSequence(encoding.ids, types: encoding.typeIDs)
    }
    return try predict(sequences, progress: progress)
  }

  /// The predictions for each token sequence, in the given order.
  public func predict(
    _ sequences: [TokenSequence], progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> ModelPredictions {
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
    guard engine.head == .gaussian else { return ModelPredictions(means: results) }
    let targets = outputs / 2
    return ModelPredictions(
      means: results.map { Array($0.prefix(targets)) },
      sds: results.map { row in
        row.dropFirst(targets).map {
          Float(GaussianLoss.variance(Double($0)).value.squareRoot())
        }
      }, spread: .label)
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
    return (0..<engine.outputCount / engine.head.numbersPerTarget).map { output in
      let rows = examples.indices.filter { examples[$0].labels[output] != nil }
      let predicted = rows.map { Double(predictions.means[$0][output]) }
      let labels = rows.map { Double(examples[$0].labels[output] ?? .nan) }
      return ValidationMetrics(
        ccc: PointMetrics.ccc(predicted, labels, form: .sample).value,
        pcc: PointMetrics.pcc(predicted, labels).value,
        rmse: PointMetrics.rmse(predicted, labels).value,
        isCollapsed: PairedMoments(predictions: predicted, gold: labels).isCollapsed,
        calibration: predictions.sds.flatMap { sds in
          Calibration(
            means: predicted, sds: rows.map { Double(sds[$0][output]) }, labels: labels)
        })
    }
  }
}
