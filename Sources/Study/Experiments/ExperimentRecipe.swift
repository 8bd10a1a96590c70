public import Reference

/// How the rows of an experiment are trained; the defaults are those of `invitro train`.
public struct ExperimentRecipe: Sendable, Equatable {
  /// Without the seed, which a cell has.
  public private(set) var configuration = TrainingConfiguration()
  /// Longest sequence in tokens.
  public private(set) var maxLength: Int
  /// The checkpoint that predicts.
  public private(set) var checkpoint: Checkpoint

  public enum Checkpoint: String, Sendable, CaseIterable, Codable {
    /// The one at the end of training, which the paper keeps.
    case last
    /// The one with the highest CCC on the validation split.
    case best
  }

  /// The configuration of the cell of `seed`.
  public func configuration(seed: UInt64) -> TrainingConfiguration {
    var made = configuration
    made.seed = seed
    return made
  }

  init(_ fields: SettingsFields) {
    maxLength = fields.integer("maxLength", in: 4...100_000) ?? 512
    checkpoint = fields.choice("checkpoint", .last)
    let counts = 1...65_536
    configuration.epochs = fields.integer("epochs", in: 1...100_000) ?? 20
    configuration.lastEpoch = fields.integer("stopAfter", in: 1...100_000)
    configuration.batchSize = fields.integer("batch", in: counts) ?? 16
    configuration.accumulation = fields.integer("accumulation", in: counts) ?? 1
    configuration.learningRate = fields.number("learningRate", in: 1e-12...1) ?? 3e-5
    configuration.schedule = fields.choice("schedule", .step)
    configuration.warmUpRatio = fields.number("warmUp", in: 0...1) ?? 0.06
    configuration.optimizer.weightDecay = fields.number("weightDecay", in: 0...1) ?? 0.1
    configuration.clipNorm = fields.number("clip", in: 1e-9...1e9)
    configuration.loss =
      fields.number("huber", in: 1e-9...1e9).map { .huber(delta: $0) } ?? .meanSquaredError
    configuration.head = fields.choice("head", .classification)
    configuration.freshHead = fields.flag("freshHead", false)
    if !fields.flag("earlyStopping", true) { configuration.earlyStopping = nil }
    configuration.precision = fields.choice("precision", .float32)
    configuration.threads = fields.integer("threads", in: 1...256) ?? 2
    fields.finish()
  }
}
