public import Reference

/// What one row of an experiment trains on and how; together with a seed it makes a cell.
public struct ExperimentSettings: Sendable, Equatable {
  /// The pretrained model's folder, below the data home unless absolute.
  public var model: String
  /// The benchmark whose splits train, validate and are evaluated.
  public var benchmark: String
  public var train: [String]
  /// Nil where folds are trained on, see ``ExperimentFolds``.
  public var validation: String?
  /// Whose labels the benchmark's own rows have: `crowd`, or a model's name for all of its labels.
  public var labels: String
  /// How the crowd's labels are corrected, in the benchmark's own and in the added rows; nil for no
  /// correction.
  public var way: CorrectionWay?
  /// The model whose labels correct them; nil where the way needs none.
  public var correct: String?
  /// In [0, 6]; nil where the way takes none.
  public var alpha: Double?
  /// Whether all labels are rescaled to the mean and SD of the crowd's for the same rows.
  public var labelsLikeCrowd: Bool
  /// How many persons' rows keep the crowd's labels, drawn with ``personSeed``; nil for all. The
  /// draws are nested: the first 20 are among the first 40.
  public var persons: Int?
  public var personSeed: UInt64
  /// The model whose labels, moved to the drawn persons' mean, the other persons' rows have; nil
  /// where these rows are left out.
  public var rest: String?
  public var extra: [ExtraData]
  /// Whether rows whose essay also stands in the validation or an evaluated split are kept.
  public var keepOverlap: Bool
  public var recipe: ExperimentRecipe

  /// Rows of another benchmark that join the training rows.
  public struct ExtraData: Sendable, Equatable {
    public var benchmark: String
    public var splits: [String]
    public var labels: String
    /// Share of each split, in (0, 1], drawn with ``seed``.
    public var portion: Double
    public var seed: UInt64
  }

  /// Whose labels the rows of which benchmark have, the added ones first.
  var sources: [(labels: String, benchmark: String)] {
    extra.map { ($0.labels, $0.benchmark) } + [(labels, benchmark)]
  }

  /// The model whose labels rows labelled by `source` need; nil for none.
  func model(for source: String) -> String? {
    source == Agreement.crowd ? correct ?? rest : source
  }

  /// How the labels of rows whose ``labels`` are `source` are chosen.
  public func correction(of source: String) -> LabelCorrection {
    if source != Agreement.crowd { return .replace(llm: source) }
    return way?.correction(
      llm: correct ?? "", alpha: alpha ?? 0, seed: 0,
      text: LabelledEssay.textRater(beside: correct)) ?? LabelCorrection.none
  }

  /// Whether labels of `source` are chosen with the text's own prediction.
  func readsText(for source: String) -> Bool {
    source == Agreement.crowd && way?.readsText ?? false
  }
}

extension ExperimentSettings {
  /// Reads the settings of a row; faults are collected by `fields`.
  init(_ fields: SettingsFields) {
    model = fields.required("model")
    benchmark = fields.required("benchmark")
    train = fields.texts("train") ?? ["train"]
    validation = fields.text("validation") ?? "dev"
    labels = fields.text("labels") ?? Agreement.crowd
    correct = fields.text("correct")
    alpha = fields.number("alpha", in: 0...6)
    let like = fields.text("labelsLike")
    labelsLikeCrowd = like == Agreement.crowd
    if like != nil, !labelsLikeCrowd { fields.fault("labelsLike", Agreement.crowd) }
    way = fields.has("way") ? fields.choice("way", CorrectionWay.threshold) : nil
    if way == nil, correct != nil || alpha != nil { way = .threshold }
    persons = fields.integer("persons", in: 2...1_000_000)
    personSeed = UInt64(fields.integer("personSeed", in: 0...Int(1 << 53)) ?? 0)
    rest = fields.text("rest")
    if rest != nil, persons == nil { fields.fault("rest", "persons beside it") }
    if persons != nil, labels != Agreement.crowd || way != nil {
      fields.fault("persons", "no correction and no other labels beside it")
    }
    keepOverlap = fields.flag("keepOverlap", false)
    extra = fields.objects("extra").map(Self.extra)
    recipe =
      fields.object("recipe").map(ExperimentRecipe.init)
      ?? ExperimentRecipe(SettingsFields(.object([:]), place: "recipe", faults: fields.faults))
    checkWay(fields)
    if let validation, train.contains(validation) {
      fields.fault("train", "splits without the validation split \(validation)")
    }
    if train.isEmpty && extra.isEmpty { fields.fault("train", "a split, or extra rows") }
    fields.finish()
  }

  private func checkWay(_ fields: SettingsFields) {
    guard let way else { return }
    if way == .threshold, (correct == nil) != (alpha == nil) {
      fields.fault(correct == nil ? "correct" : "alpha", "both correct and alpha, or neither")
    } else if (correct != nil) != way.needsModel {
      fields.fault("correct", way.needsModel ? "a model for way \(way.rawValue)" : "no model")
    } else if (alpha != nil) != way.takesAlpha {
      fields.fault("alpha", way.takesAlpha ? "a threshold for way \(way.rawValue)" : "no threshold")
    }
  }

  private static func extra(_ fields: SettingsFields) -> ExtraData {
    let made = ExtraData(
      benchmark: fields.required("benchmark"), splits: fields.texts("splits") ?? ["train", "dev"],
      labels: fields.text("labels") ?? Agreement.crowd,
      portion: fields.number("portion", in: 0...1) ?? 1,
      seed: UInt64(fields.integer("seed", in: 0...Int(1 << 53)) ?? 0))
    if made.portion == 0 { fields.fault("portion", "a share above 0") }
    fields.finish()
    return made
  }
}

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
    configuration.warmUpRatio =
      fields.number("warmUp", in: 0...1) ?? configuration.schedule.usualWarmUp
    configuration.power = fields.number("power", in: 1e-3...100) ?? 1
    configuration.endRate = fields.number("endRate", in: 0...1) ?? 1e-7
    if let plateau = fields.object("plateau") {
      configuration.plateau.factor = plateau.number("factor", in: 0...0.999) ?? 0.1
      configuration.plateau.patience = plateau.integer("patience", in: 0...100_000) ?? 10
      configuration.plateau.threshold = plateau.number("threshold", in: 0...0.999) ?? 1e-4
      plateau.finish()
    }
    configuration.optimizer.beta1 = fields.number("beta1", in: 0...0.999_999) ?? 0.9
    configuration.optimizer.beta2 = fields.number("beta2", in: 0...0.999_999) ?? 0.98
    configuration.optimizer.epsilon = fields.number("epsilon", in: 1e-16...1) ?? 1e-6
    configuration.optimizer.weightDecay = fields.number("weightDecay", in: 0...1) ?? 0.1
    configuration.clipNorm = fields.number("clip", in: 1e-9...1e9)
    configuration.loss =
      fields.number("huber", in: 1e-9...1e9).map { .huber(delta: $0) } ?? .meanSquaredError
    configuration.head = fields.choice("head", .classification)
    configuration.gaussian = Self.gaussian(fields, head: configuration.head)
    configuration.freshHead = fields.flag("freshHead", false)
    let bias = fields.choice("headBias", HeadBias.zero)
    configuration.headBias = bias == .zero ? nil : bias
    if !fields.flag("earlyStopping", true) { configuration.earlyStopping = nil }
    configuration.precision = fields.choice("precision", .float32)
    configuration.threads = fields.integer("threads", in: 1...256) ?? 2
    fields.finish()
  }

  /// The loss of a gaussian head; its fields are faults beside another.
  private static func gaussian(_ fields: SettingsFields, head: HeadKind) -> GaussianLoss? {
    let keys = ["beta", "variancePenalty", "penaltyDecay"]
    guard head == .gaussian else {
      for key in keys where fields.has(key) { fields.fault(key, "head gaussian beside it") }
      return nil
    }
    if fields.has("huber") { fields.fault("huber", "no other loss beside head gaussian") }
    var loss = GaussianLoss()
    loss.beta = fields.number("beta", in: 0...1) ?? loss.beta
    loss.variancePenalty = fields.number("variancePenalty", in: 0...1e6) ?? 0
    loss.penaltyDecay = fields.number("penaltyDecay", in: 0...1e6) ?? loss.penaltyDecay
    return loss
  }
}
