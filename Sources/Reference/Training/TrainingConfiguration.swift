/// Every setting of a run; the defaults are the recipe of the paper (arXiv 2501.00691, section 4).
public struct TrainingConfiguration: Equatable, Sendable, Codable {
  /// Peak of the learning rate.
  public var learningRate = 3e-5
  public var optimizer = AdamW()
  public var schedule = Schedule.Form.step
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
  /// Early stopping on validation CCC; nil trains to the end.
  public var earlyStopping: EarlyStopping? = EarlyStopping()
  public var head = HeadKind.classification
  /// Initialises a new head even where the checkpoint has one.
  public var freshHead = false
  /// Seeds the head, the order of rows and the dropout.
  public var seed: UInt64 = 0
  /// Threads of the engine. Part of the configuration because another number may give other bits.
  public var threads = 2
  /// The precision of the large products; part of the configuration for the same reason.
  public var precision = Precision.float32
  /// Also writes a checkpoint after every this many steps; nil for the ends of epochs only.
  public var checkpointSteps: Int?

  public init() {}

  /// Whether this is the paper's recipe but for what it leaves open, such as seed and threads.
  public var followsPaper: Bool {
    var paper = TrainingConfiguration()
    (paper.seed, paper.threads, paper.precision) = (seed, threads, precision)
    (paper.schedule, paper.checkpointSteps) = (schedule, checkpointSteps)
    return self == paper
  }

  /// The learning rates of a run with this many steps an epoch.
  public func rates(stepsPerEpoch: Int) -> Schedule {
    Schedule(
      form: schedule, peak: learningRate,
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
    if let earlyStopping {
      try check(earlyStopping.patience >= 1, "patience", earlyStopping.patience, "1 or above")
    }
  }
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

/// A tokenised essay and its label.
public struct TrainingExample: Equatable, Sendable {
  /// Token ids, special tokens included, cut to the model's length.
  public var tokens: [Int32]
  public var target: Float

  public init(tokens: [Int32], target: Float) { (self.tokens, self.target) = (tokens, target) }

  /// Tokenises a text, cut to `maxLength` tokens.
  public init(_ text: String, target: Float, tokenizer: Tokenizer, maxLength: Int) {
    self.init(tokens: tokenizer.encode(text, maxLength: maxLength), target: target)
  }
}

/// How predictions agree with labels on a validation set.
public struct ValidationMetrics: Equatable, Sendable, Codable {
  /// Concordance correlation with sample moments (n - 1); nil where it is undefined.
  public var ccc: Double?
  public var pcc, rmse: Double?
}

/// The training loss, a mean over the batch.
public enum Loss: Equatable, Sendable, Codable {
  /// Mean of (ŷ - y)².
  case meanSquaredError
  /// Huber 1964: ½e² within ±delta, delta·(|e| - ½delta) beyond; PyTorch's `HuberLoss`.
  case huber(delta: Double)

  /// The loss over `predictions` and `labels`, of one length, and its gradient with respect to
  /// each prediction. The mean is over `count` rows, of which these may be a part; 0 for none.
  public func evaluate(
    _ predictions: [Float], _ labels: [Float], count: Int, gradient: inout [Float]
  ) -> Double {
    evaluate(predictions, labels, counts: [count], weights: [1], gradient: &gradient)
  }

  /// The loss of K outputs, Σ wₖ·Lₖ / Σ wₖ, where Lₖ is the mean over the rows that have a label of
  /// output k, and its gradient. With equal weights and no label missing it is the mean over all
  /// numbers, as in Transformers.
  /// - Parameters:
  ///   - predictions: (B, K), row-major, as are `labels`, nil where a row has none.
  ///   - counts: the labels of each output in all rows of the step, of which these may be a part; an
  ///     output without any adds nothing.
  ///   - weights: wₖ, not negative, with a positive sum.
  public func evaluate(
    _ predictions: [Float], _ labels: [Float?], counts: [Int], weights: [Double],
    gradient: inout [Float]
  ) -> Double {
    precondition(predictions.count == labels.count, "a label, or none, for each prediction")
    precondition(counts.count == weights.count, "a weight for each output")
    let sum = weights.reduce(0, +)
    let scales = zip(counts, weights).map { $1 / sum / Double(max(1, $0)) }
    var totals = Array(repeating: 0.0, count: counts.count)
    gradient.removeAll(keepingCapacity: true)
    for (place, prediction) in predictions.enumerated() {
      guard let label = labels[place] else {
        gradient.append(0)
        continue
      }
      let output = place % counts.count
      let (part, slope) = value(error: Double(prediction) - Double(label))
      totals[output] += part
      gradient.append(Float(slope * scales[output]))
    }
    return zip(totals, scales).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// One row's loss and its derivative.
  private func value(error: Double) -> (loss: Double, slope: Double) {
    switch self {
    case .meanSquaredError:
      return (error * error, 2 * error)
    case .huber(let delta):
      let isSmall = abs(error) <= delta
      let loss = isSmall ? 0.5 * error * error : delta * (abs(error) - 0.5 * delta)
      return (loss, min(max(error, -delta), delta))
    }
  }
}

/// The learning rate over a run: a linear rise, then a linear fall to 0.
public struct Schedule: Equatable, Sendable, Codable {
  /// When the rate changes.
  public enum Form: String, Sendable, Codable, CaseIterable {
    /// With every optimiser step, as the paper describes.
    case step
    /// With every epoch, while warm-up and horizon are counted in steps, as the released code does.
    case epoch
  }

  public var form: Form
  public var peak: Double
  /// Steps of warm-up. Not rounded: the recipe's is 0.06·steps·10.
  public var warmUp: Double
  /// Steps after which the rate is 0.
  public var total: Double

  public init(form: Form, peak: Double, warmUp: Double, total: Double) {
    (self.form, self.peak, self.warmUp, self.total) = (form, peak, warmUp, total)
  }

  /// The rate in optimiser step `step` of epoch `epoch`, both from 0: peak·k/warm-up below the
  /// warm-up, then peak·(total - k)/(total - warm-up), never below 0.
  public func rate(step: Int, epoch: Int) -> Double {
    let k = Double(form == .step ? step : epoch)
    if k < warmUp { return peak * (k / max(1, warmUp)) }
    return peak * max(0, (total - k) / max(1, total - warmUp))
  }
}
