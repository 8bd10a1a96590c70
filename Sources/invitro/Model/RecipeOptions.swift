public import ArgumentParser
import Basics
import Foundation
public import Reference

/// The settings of a fine-tuning; the defaults are the paper's.
struct RecipeOptions: ParsableArguments {
  @Option(help: "Epochs of the learning-rate schedule.") var epochs: Int = 20

  @Option(help: .value("epochs", "Stop after this many epochs of the schedule."))
  var stopAfter: Int?

  @Option(help: "Rows per batch.") var batch: Int = 16

  @Option(help: .value("batches", "Batches whose gradients are added up in one step."))
  var accumulation: Int = 1

  @Option(help: .value("rate", "Peak learning rate.")) var learningRate: Double = 3e-5

  @Option(
    help: .value(
      "form",
      "step: a linear fall that counts steps, as the paper describes; epoch: one that counts "
        + "epochs, as its released code does; constant; polynomial; plateau."))
  var schedule: Schedule.Form = .step

  @Option(
    help: .value(
      "share",
      "Warm-up, as a share of the steps of ten epochs. Default: 0.06; none for constant and "
        + "plateau."))
  var warmUp: Double?

  @Option(help: .value("exponent", "Of --schedule polynomial: the power of the fall."))
  var power: Double = 1

  @Option(help: .value("rate", "Of --schedule polynomial: the learning rate at its end."))
  var endRate: Double = 1e-7

  @Option(
    help: .value("share", "Of --schedule plateau: what the rate is multiplied by each time."))
  var plateauFactor: Double = 0.1

  @Option(
    help: .value(
      "epochs", "Of --schedule plateau: epochs without a lower validation loss that it waits."))
  var plateauPatience: Int = 10

  @Option(help: .value("b1,b2", "AdamW's decay rates of the moments.")) var betas: String =
    "0.9,0.98"
  @Option(help: "AdamW's epsilon.") var epsilon: Double = 1e-6
  @Option(help: "AdamW's weight decay, on every parameter.") var weightDecay: Double = 0.1

  @Option(help: .value("norm", "Maximum norm of the gradient. Default: no clipping."))
  var clip: Double?

  @Option(help: .value("delta", "Huber loss with this delta instead of MSE.")) var huber: Double?

  @Option(
    help: .value(
      "kind",
      "classification (the family's own), linear, or gaussian (the family's own with a mean and a "
        + "variance for each target)."))
  var head: HeadKind = .classification

  @Option(
    help: .value(
      "beta",
      "Of --head gaussian: β of the β-NLL loss, from 0 (likelihood) to 1 (the mean learns as from "
        + "squared errors). Default: 0.5."))
  var beta: Double?

  @Option(
    help: .value(
      "weight",
      "Of --head gaussian: the weight of a penalty on large variances where the prediction is "
        + "right. Default: 0."))
  var variancePenalty: Double?

  @Option(
    help: .value(
      "alpha", "Of --variance-penalty: how fast it falls with the squared error. Default: 1.5."))
  var penaltyDecay: Double?

  @Option(
    help: .value(
      "weight",
      "Of --head gaussian with --pair: the weight of a term that aligns the two texts' similarity "
        + "with the label. Default: 0."))
  var alignment: Double?

  @Option(
    help: .value(
      "start",
      "Where a new head's bias starts: zero, as in the paper, or mean, the mean of the training "
        + "labels, without which a short training may predict the same number for every row."))
  var headBias: HeadBias = .zero

  @Flag(help: "Initialise a new head even if the checkpoint has one.") var freshHead = false
  @Flag(help: "Train to the last epoch, without early stopping.") var noEarlyStop = false

  @Option(help: .value("tokens", "Maximum length of a sequence in tokens."))
  var maxLength: Int = 512

  @Option(help: .value("steps", "Also write a checkpoint every so many steps."))
  var checkpointEvery: Int?

  @Option(help: "Threads; another number may give other bits.")
  var threads: Int = Parallel.processors

  @OptionGroup var numbers: PrecisionOption

  func validate() throws {
    try require(
      decayRates.count == 2, "--betas takes two numbers, such as 0.9,0.999, not '\(betas)'.")
    try require(
      head == .gaussian
        || [beta, variancePenalty, penaltyDecay, alignment].allSatisfy { $0 == nil },
      "--beta, --variance-penalty, --penalty-decay and --alignment belong to --head gaussian.")
    try require(head != .gaussian || huber == nil, "--head gaussian has a loss of its own.")
    try require((4...100_000).contains(maxLength), "--max-length is 4 or more.")
  }

  private var decayRates: [Double] { betas.split(separator: ",").compactMap { Double($0) } }

  func configuration(seed: UInt64) -> TrainingConfiguration {
    var made = TrainingConfiguration()
    (made.epochs, made.lastEpoch, made.seed) = (epochs, stopAfter, seed)
    (made.batchSize, made.accumulation) = (batch, accumulation)
    (made.learningRate, made.clipNorm, made.schedule) = (learningRate, clip, schedule)
    made.warmUpRatio = warmUp ?? schedule.usualWarmUp
    (made.power, made.endRate) = (power, endRate)
    (made.plateau.factor, made.plateau.patience) = (plateauFactor, plateauPatience)
    (made.optimizer.beta1, made.optimizer.beta2) = (decayRates[0], decayRates[1])
    (made.optimizer.epsilon, made.optimizer.weightDecay) = (epsilon, weightDecay)
    made.loss = huber.map { .huber(delta: $0) } ?? .meanSquaredError
    made.head = head
    if head == .gaussian {
      var loss = GaussianLoss()
      (loss.beta, loss.variancePenalty) = (beta ?? loss.beta, variancePenalty ?? 0)
      (loss.penaltyDecay, loss.alignment) = (penaltyDecay ?? loss.penaltyDecay, alignment ?? 0)
      made.gaussian = loss
    }
    (made.freshHead, made.checkpointSteps) = (freshHead, checkpointEvery)
    made.headBias = headBias == .zero ? nil : headBias
    if noEarlyStop { made.earlyStopping = nil }
    (made.threads, made.precision) = (threads, numbers.precision)
    return made
  }
}

extension Precision: ExpressibleByArgument {}
extension HeadBias: ExpressibleByArgument {}
extension HeadKind: ExpressibleByArgument {}
extension Schedule.Form: ExpressibleByArgument {}

/// The numbers of the encoder's large products.
struct PrecisionOption: ParsableArguments {
  @Option(
    help: .value(
      "numbers",
      "float32, or bfloat16, which rounds the operands of the large products and is "
        + "about twice as fast on processors with AVX-512 BF16."))
  var precision: Precision = .float32
}
