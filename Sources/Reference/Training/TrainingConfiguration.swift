/// Every setting of a run; the defaults are the recipe of the paper (arXiv 2501.00691, section 4).
public struct TrainingConfiguration: Equatable, Sendable, Codable {
  /// Peak of the learning rate.
  public var learningRate = 3e-5
  public var optimizer = AdamW()
  public var schedule = Schedule.Form.step
  /// Of the schedule `polynomial`: the power of the fall, and the rate at its end.
  public var power = 1.0
  public var endRate = 1e-7
  /// Of the schedule `plateau`.
  public var plateau = Plateau()
  /// Warm-up is `warmUpRatio` of `warmUpEpochs` epochs' steps, a fraction of a step included.
  public var warmUpRatio = 0.06
  public var warmUpEpochs = 10
  /// Epochs until the learning rate is 0.
  public var epochs = 20
  /// Epochs after which the run ends whatever its schedule; nil for `epochs`.
  public var lastEpoch: Int?
  /// Rows a batch; the last batch of an epoch may be smaller.
  public var batchSize = 16
  /// Batches whose gradients are averaged (by rows) into one step.
  public var accumulation = 1
  /// Largest norm of the gradient; nil for no clipping, as in the recipe.
  public var clipNorm: Double?
  public var loss = Loss.meanSquaredError
  /// The loss of a ``HeadKind/gaussian`` head, in place of ``loss``; nil for another head.
  public var gaussian: GaussianLoss?
  /// Early stopping on validation CCC, of several targets their mean; nil trains to the end.
  public var earlyStopping: EarlyStopping? = EarlyStopping()
  public var head = HeadKind.classification
  /// What the head predicts, one output each; nil for one output without a name.
  public var targets: [TrainingTarget]?
  /// Initialises a new head even where the checkpoint has one.
  public var freshHead = false
  /// Where a new head's bias starts; nil for ``HeadBias/zero``, as in the recipe.
  public var headBias: HeadBias?
  /// Seeds the head, the order of rows and the dropout.
  public var seed: UInt64 = 0
  /// Threads of the engine. Part of the configuration because another number may give other bits.
  public var threads = 2
  /// The precision of the large products; part of the configuration for the same reason.
  public var precision = Precision.float32
  /// Also writes a checkpoint after every this many steps; nil for the ends of epochs only.
  public var checkpointSteps: Int?

  public init() {}

  /// K, the targets that the head predicts.
  public var outputCount: Int { targets?.count ?? 1 }
  /// The weight of each output's loss.
  public var lossWeights: [Double] { targets?.map(\.weight) ?? [1] }

  /// Whether this is `recipe` but for what a recipe leaves open, such as seed and threads.
  public func follows(_ recipe: TrainingConfiguration) -> Bool {
    var same = recipe
    (same.seed, same.threads, same.precision) = (seed, threads, precision)
    same.checkpointSteps = checkpointSteps
    if outputCount == 1 { same.targets = targets }
    return self == same
  }

  /// Whether this is the paper's recipe, with the schedule as it describes it or as its code does.
  public var followsPaper: Bool {
    var paper = TrainingConfiguration()
    if schedule == .epoch { paper.schedule = .epoch }
    return follows(paper)
  }

  /// The learning rates of a run with this many steps an epoch.
  public func rates(stepsPerEpoch: Int) -> Schedule {
    Schedule(
      form: schedule, peak: learningRate, end: endRate, power: power,
      warmUp: warmUpRatio * Double(stepsPerEpoch) * Double(warmUpEpochs),
      total: Double(stepsPerEpoch) * Double(epochs))
  }

  /// Throws ``ReferenceError/setting(name:found:expected:)`` for the first value out of range.
  public func validate() throws {
    func check(_ holds: Bool, _ name: String, _ found: Any, _ expected: String) throws {
      guard holds else {
        throw ReferenceError.setting(name: name, found: "\(found)", expected: expected)
      }
    }
    let unit = "a number from 0, below 1"
    try check(learningRate.isFinite && learningRate > 0, "learningRate", learningRate, "above 0")
    try check((0..<1).contains(optimizer.beta1), "beta1", optimizer.beta1, unit)
    try check((0..<1).contains(optimizer.beta2), "beta2", optimizer.beta2, unit)
    let (epsilon, decay) = (optimizer.epsilon, optimizer.weightDecay)
    try check(epsilon > 0 && epsilon.isFinite, "epsilon", epsilon, "above 0")
    try check(decay >= 0 && decay.isFinite, "weightDecay", decay, "0 or above")
    try check((0...1).contains(warmUpRatio), "warmUpRatio", warmUpRatio, "from 0 to 1")
    try check(warmUpEpochs >= 0, "warmUpEpochs", warmUpEpochs, "0 or above")
    try check(power > 0 && power.isFinite, "power", power, "above 0")
    try check(
      (0...learningRate).contains(endRate) || schedule != .polynomial, "endRate", endRate,
      "from 0 to the learning rate")
    try check((0..<1).contains(plateau.factor), "plateau factor", plateau.factor, unit)
    try check(plateau.patience >= 0, "plateau patience", plateau.patience, "0 or above")
    try check((0..<1).contains(plateau.threshold), "plateau threshold", plateau.threshold, unit)
    try check((1...100_000).contains(epochs), "epochs", epochs, "1 or above")
    try check((lastEpoch ?? 1) >= 1, "lastEpoch", lastEpoch ?? 0, "1 or above")
    try check((1...65_536).contains(batchSize), "batchSize", batchSize, "1 or above")
    try check((1...65_536).contains(accumulation), "accumulation", accumulation, "1 or above")
    try check((clipNorm ?? 1) > 0, "clipNorm", clipNorm ?? 0, "above 0")
    try check((1...256).contains(threads), "threads", threads, "from 1 to 256")
    try check((checkpointSteps ?? 1) >= 1, "checkpointSteps", checkpointSteps ?? 0, "1 or above")
    if case .huber(let delta) = loss {
      try check(delta > 0 && delta.isFinite, "huber delta", delta, "above 0")
    }
    try check(outputCount > 0, "targets", "none", "at least one")
    try check(
      (head == .gaussian) == (gaussian != nil), "gaussian", "a head with another's loss",
      "the gaussian loss with the gaussian head")
    if let gaussian {
      try check(loss == .meanSquaredError, "loss", loss, "none beside the gaussian head's")
      try check((0...1).contains(gaussian.beta), "beta", gaussian.beta, "from 0 to 1")
      for (name, value) in [
        ("variance penalty", gaussian.variancePenalty), ("penalty decay", gaussian.penaltyDecay),
        ("alignment", gaussian.alignment),
      ] {
        try check(value >= 0 && value.isFinite, name, value, "0 or above")
      }
      try check(
        gaussian.alignment == 0 || outputCount == 1, "alignment", "\(outputCount) targets",
        "one target")
      let (low, high) = (gaussian.labelLow ?? 0, gaussian.labelHigh ?? 0)
      try check(
        gaussian.alignment == 0 || low < high, "alignment", "no range of the label",
        "the ends of its range")
    }
    for target in targets ?? [] {
      let weight = target.weight
      try check(weight > 0 && weight.isFinite, "weight of \(target.name)", weight, "above 0")
    }
    if let earlyStopping {
      try check(earlyStopping.patience >= 1, "patience", earlyStopping.patience, "1 or above")
    }
  }
}

/// Where the projection's bias of a new head starts.
public enum HeadBias: String, Sendable, Codable, CaseIterable {
  /// At 0, as in the paper and in Transformers.
  case zero
  /// Each output's at the mean of its training labels, so that the encoder need not travel there.
  case mean
}

/// A target that is learned, and what its loss counts beside those of others.
public struct TrainingTarget: Equatable, Sendable, Codable {
  public var name: String
  /// Above 0; only the ratio to the other weights matters.
  public var weight: Double

  public init(_ name: String, weight: Double = 1) { (self.name, self.weight) = (name, weight) }
}

/// Early stopping that ignores the first epochs, as the paper's code does.
public struct EarlyStopping: Equatable, Sendable, Codable {
  /// Index of the first epoch (from 0) that counts.
  public var firstEpoch = 5
  /// Epochs in a row without improvement that end the run.
  public var patience = 2

  public init(firstEpoch: Int = 5, patience: Int = 2) {
    (self.firstEpoch, self.patience) = (firstEpoch, patience)
  }

  /// What has been seen so far.
  public struct State: Equatable, Sendable, Codable {
    public var best: Double?
    public var epochsWithoutImprovement = 0
    public init() {}
  }

  /// Records an epoch's CCC (nil where it is undefined, which counts as no improvement). Returns
  /// whether the run ends.
  public func observe(_ concordance: Double?, epoch: Int, state: inout State) -> Bool {
    guard epoch >= firstEpoch else { return false }
    if let concordance, concordance > (state.best ?? -.infinity) {
      state.best = concordance
      state.epochsWithoutImprovement = 0
    } else {
      state.epochsWithoutImprovement += 1
    }
    return state.epochsWithoutImprovement >= patience
  }
}
