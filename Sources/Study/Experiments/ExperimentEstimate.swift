import Basics
import Foundation
import Reference

/// How long the cells of an experiment take, from steps that are measured on this machine.
public struct ExperimentEstimate {
  /// Tokens of a text where no training text is here to count: about an essay of NewsEmp.
  static let usualTokens = 110
  /// Steps that are timed, after one that is not.
  static let timedSteps = 2

  private let inputs: ExperimentInputs
  private var seconds: [String: Double] = [:]

  public init(_ inputs: ExperimentInputs) { self.inputs = inputs }

  /// Processor hours of the cells of `listing` that are not finished, if none stops early; nil where
  /// a number of rows is not known or a model is neither here nor one whose shape is known.
  public mutating func coreHours(of listing: ExperimentListing) throws -> Double? {
    var total = 0.0
    for cell in listing.cells where cell.state != "finished" {
      guard let rows = cell.trainingRows,
        let row = inputs.experiment.rows.first(where: { $0.name == cell.row }),
        let step = try stepSeconds(row.settings)
      else { return nil }
      let configuration = row.settings.recipe.configuration(seed: cell.seed)
      let batches = Double((rows + configuration.batchSize - 1) / configuration.batchSize)
      let epochs = Double(configuration.lastEpoch ?? configuration.epochs)
      total += batches * epochs * step * Double(configuration.threads)
    }
    return total / 3600
  }

  /// Wall-clock seconds of one batch of a row, with random weights of its model's shape.
  private mutating func stepSeconds(_ settings: ExperimentSettings) throws -> Double? {
    let configuration = settings.recipe.configuration(seed: 0)
    let key =
      "\(settings.model) \(configuration.batchSize) \(configuration.precision) "
      + "\(configuration.threads)"
    if let known = seconds[key] { return known }
    guard let shape = try shape(of: settings) else { return nil }
    let length = min(Self.usualTokens, settings.recipe.maxLength)
    let engine = EncoderEngine(
      configuration: shape, head: configuration.head, threadCount: configuration.threads,
      precision: configuration.precision)
    engine.initialise(seed: 0)
    var random = SplitMix64(seed: 0)
    let tokens = (0..<configuration.batchSize).map { _ in
      (0..<length).map { _ in Int32.random(in: 10..<Int32(shape.vocabularySize), using: &random) }
    }
    let batch = try PackedBatch(tokens, for: shape)
    let gradient = Array(repeating: Float(0.01), count: tokens.count)
    var predictions: [Float] = []
    var started = ContinuousClock.now
    for step in 0...Self.timedSteps {
      if step == 1 { started = ContinuousClock.now }
      engine.forward(
        batch, mode: .training(dropout: DropoutKey(seed: 0, pass: UInt64(step))),
        predictions: &predictions)
      engine.backward(gradient, accumulate: false)
      engine.update(
        configuration.optimizer, learningRate: 1e-6, step: step + 1, gradientScale: 1)
    }
    let found = (ContinuousClock.now - started) / .seconds(1) / Double(Self.timedSteps)
    seconds[key] = found
    return found
  }

  /// The model's shape by its `config.json`, or by the name of its folder where that is not here.
  private func shape(of settings: ExperimentSettings) throws -> ModelConfiguration? {
    let file = inputs.url(settings.model).appending(path: "config.json")
    if FileManager.default.fileExists(atPath: file.path) {
      return try ModelConfiguration(contentsOf: file)
    }
    let name = URL(filePath: settings.model).lastPathComponent
    return [.robertaBase, .debertaV3Base].first { $0.publishedName == name }
  }
}
