import Basics
public import ArgumentParser
import Metrics
public import Reference

extension Precision: ExpressibleByArgument {}

/// The numbers of the encoder's large products.
struct PrecisionOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "float32, or bfloat16, which rounds the operands of the large products and is about twice "
        + "as fast on processors with AVX-512 BF16.", valueName: "numbers"))
  var precision: Precision = .float32
}

/// The settings of a fine-tuning; the defaults are the paper's.
struct RecipeOptions: ParsableArguments {
  @Option(help: "Epochs of the learning-rate schedule.")
  var epochs: Int = 20

  @Option(help: ArgumentHelp("Stop after this many epochs of the schedule.", valueName: "epochs"))
  var stopAfter: Int?

  @Option(help: "Rows per batch.")
  var batch: Int = 16

  @Option(
    help: ArgumentHelp("Batches whose gradients are added up in one step.", valueName: "batches"))
  var accumulation: Int = 1

  @Option(help: ArgumentHelp("Peak learning rate.", valueName: "rate"))
  var learningRate: Double = 3e-5

  @Option(
    help: ArgumentHelp(
      "step: warm-up and decay count steps, as the paper describes; epoch: they count epochs, as "
        + "its released code does.", valueName: "step|epoch"))
  var schedule: String = "step"

  @Option(help: ArgumentHelp("Warm-up, as a share of the steps of ten epochs.", valueName: "share"))
  var warmUp: Double = 0.06

  @Option(
    help: ArgumentHelp("Maximum norm of the gradient. Default: no clipping.", valueName: "norm"))
  var clip: Double?

  @Option(help: ArgumentHelp("Huber loss with this delta instead of MSE.", valueName: "delta"))
  var huber: Double?

  @Option(help: ArgumentHelp("classification (the family's own) or linear.", valueName: "kind"))
  var head: String = "classification"

  @Flag(help: "Initialise a new head even if the checkpoint has one.")
  var freshHead = false

  @Flag(help: "Train to the last epoch, without early stopping.")
  var noEarlyStop = false

  @Option(help: ArgumentHelp("Maximum length of a sequence in tokens.", valueName: "tokens"))
  var maxLength: Int = 512

  @Option(help: ArgumentHelp("Also write a checkpoint every so many steps.", valueName: "steps"))
  var checkpointEvery: Int?

  @Option(help: "Threads; another number may give other bits.")
  var threads: Int = Parallel.processors

  @OptionGroup var numbers: PrecisionOption

  func validate() throws {
    guard Schedule.Form(rawValue: schedule) != nil else {
      throw ValidationError("--schedule is step or epoch, not '\(schedule)'.")
    }
    guard HeadKind(rawValue: head) != nil else {
      throw ValidationError("--head is classification or linear, not '\(head)'.")
    }
    guard (4...100_000).contains(maxLength) else {
      throw ValidationError("--max-length is 4 or more.")
    }
  }

  func configuration(seed: UInt64) throws -> TrainingConfiguration {
    var made = TrainingConfiguration()
    made.epochs = epochs
    made.lastEpoch = stopAfter
    made.batchSize = batch
    made.accumulation = accumulation
    made.learningRate = learningRate
    made.schedule = Schedule.Form(rawValue: schedule) ?? .step
    made.warmUpRatio = warmUp
    made.clipNorm = clip
    made.loss = huber.map { .huber(delta: $0) } ?? .meanSquaredError
    made.head = HeadKind(rawValue: head) ?? .classification
    made.freshHead = freshHead
    if noEarlyStop { made.earlyStopping = nil }
    made.checkpointSteps = checkpointEvery
    made.threads = threads
    made.precision = numbers.precision
    made.seed = seed
    return made
  }
}
