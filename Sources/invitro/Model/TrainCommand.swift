public import ArgumentParser
import Basics
import Foundation
import Harness
import Metrics
public import Reference
import Report
import Study

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Fine-tune a RoBERTa or BERT encoder on a benchmark's essays, on the CPU.",
    discussion: """
      --model is a Hugging Face folder: config.json, model.safetensors, and the
      tokenizer's files. The defaults are the recipe of arXiv 2501.00691: AdamW 3e-5,
      decay 0.1 on all parameters, batch 16, linear schedule over 20 epochs with
      warm-up, MSE, early stopping on validation CCC from epoch 5. --schedule epoch
      follows the authors' released code, whose warm-up counts epochs as steps.

      The run's folder holds its configuration, a line for each step (steps.jsonl) and
      each epoch (epochs.jsonl), curve.svg, and the last and the best checkpoint,
      which Python's from_pretrained loads. Ctrl-C writes a checkpoint after the
      current step and stops; --resume continues to the same bits.

      Example:
        scripts/fetch-minilm
        invitro train --model data/models/minilm -b newsemp18 --out runs/minilm
        invitro predict --model runs/minilm/last --benchmark newsemp18 --split test

      --table trains on a table of `invitro curate`, whose rows may come from several
      benchmarks; --benchmark then only gives the validation split:
        invitro curate augment -b newsemp24 --with newsemp22 --evaluation dev --out train.csv
        invitro train --model DIR -b newsemp24 --table train.csv --out runs/augmented
      """)

  @Option(help: .value("dir", "The pretrained model's folder.")) var model: String?

  @Option(help: .value("dir", "The run's folder; several seeds get a folder each inside it."))
  var out: String

  @Option(name: [.short, .long], help: "The benchmark to train on.") var benchmark: String

  @Option(help: "Splits to train on; may be given several times. Default: train.")
  var trainSplit: [String] = []

  @Option(help: "The split to validate on.") var validationSplit: String = "dev"
  @Option(help: "What to predict. Default: the benchmark's primary target.") var target: String?

  @Option(
    help: .value(
      "file",
      "Labels to train on instead of the crowd's, as TSV with the ids of the train split; "
        + "rows without one are left out and counted.")) var labels: String?

  @Option(
    help: .value(
      "file",
      "Train on this table of `invitro curate` instead of the train split; its manifest, "
        + "if beside it, has to fit.")) var table: String?

  @OptionGroup var recipe: RecipeOptions

  @Option(help: "Seed of head, order and dropout; may be given several times.")
  var seed: [UInt64] = []

  @Flag(help: "Continue the run in --out, with the settings it was begun with.") var resume = false
  @Flag(help: "Print each kernel's share of the time at the end.") var profile = false

  @OptionGroup var data: DataOptions

  func validate() throws {
    try require(model != nil || resume, "Give --model, or --resume to continue a run.")
    try require(
      table == nil || labels == nil && trainSplit.isEmpty,
      "--table has its own rows and labels: no --labels or --train-split.")
  }

  func run() throws {
    let definition = try data.home.benchmarks.find(benchmark)
    let seeds = seed.isEmpty ? [0] : seed
    // One for all seeds: a signal source that replaces another of its process may never fire.
    let interrupt = Interrupt()
    for value in seeds {
      let folder = URL(filePath: seeds.count == 1 ? out : "\(out)/seed-\(value)")
      try train(definition, seed: value, folder: folder, until: interrupt)
    }
  }

  private func train(
    _ definition: BenchmarkDefinition, seed: UInt64, folder: URL, until interrupt: Interrupt
  ) throws {
    let started = ContinuousClock.now
    let rows = try TrainingRows(
      table.map { .table(URL(filePath: $0)) }
        ?? .splits(
          trainSplit.isEmpty ? ["train"] : trainSplit, labels: labels.map { URL(filePath: $0) }),
      of: definition, validation: validationSplit, target: definition.target(orPrimary: target),
      home: data.home)
    for note in rows.notes { Console.message(note) }
    let run = try TrainingRun.start(
      URL(filePath: model ?? ""), training: rows.training, validation: rows.validation,
      maxLength: recipe.maxLength, configuration: recipe.configuration(seed: seed),
      folder: folder, resume: resume)
    Console.message(
      "seed \(run.configuration.seed): \(rows.training.texts.count) rows to train on, "
        + "\(rows.validation.texts.count) to validate on, \(run.totalSteps) steps at most, "
        + "OpenBLAS kernel \(openBLASKernelName())")
    run.engine.profile.isEnabled = profile
    let display = TrainingDisplay(totalSteps: run.totalSteps, started: started)
    let outcome = try run.run(events: { display.show($0) }, isCancelled: { interrupt.isRequested })
    try TrainingCurve.draw(folder, title: "\(definition.title), seed \(seed)")
    if profile { Console.message(display.profile(run.engine.profile)) }
    Console.message(
      "\(outcome.reason.rawValue) after \(outcome.epochs) epochs, \(outcome.steps) steps")
    Console.print(outcome.last.relativePath)
    if outcome.reason == .interrupted { throw ExitCode(130) }
  }
}

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict a split with a fine-tuned model, for `invitro score`.",
    discussion: """
      Writes TSV with a header and the ids of the split, to --out or to standard
      output.

      Example:
        invitro predict --model runs/minilm/last --benchmark newsemp18 --split test --out p.tsv
        invitro score p.tsv --benchmark newsemp18 --split test
      """)

  @Option(help: .value("dir", "The fine-tuned model's folder.")) var model: String

  @OptionGroup var split: SplitOptions

  @Option(help: "What the model predicts. Default: the benchmark's primary target.")
  var target: String?

  @Option(help: .value("file", "File to write. Default: standard output.")) var out: String?

  @Option(help: "Number of threads.") var threads: Int = Parallel.processors

  @OptionGroup var numbers: PrecisionOption
  @OptionGroup var data: DataOptions

  func run() throws {
    let (definition, name) = try split.resolve(data.home)
    let target = try definition.target(orPrimary: target).name
    let dataset = try data.home.load(definition, split: name)
    let predictor = try Predictor(
      model: URL(filePath: model), threads: threads, precision: numbers.precision)
    let bar = ProgressBar("predicting", unit: "essays")
    let values = try predictor.predict(dataset.rows.map(\.text)) { bar.update($0, of: $1) }
    let table = PredictionTable.data(values, of: dataset, target: target)
    if let out {
      try AtomicFile.write(table, to: URL(filePath: out))
      Console.message("\(values.count) predictions in \(out)")
    } else {
      FileHandle.standardOutput.write(table)
    }
  }
}

extension Precision: ExpressibleByArgument {}
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

  @Option(help: .value("kind", "classification (the family's own) or linear."))
  var head: String = "classification"

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
      HeadKind(rawValue: head) != nil, "--head is classification or linear, not '\(head)'.")
    try require((4...100_000).contains(maxLength), "--max-length is 4 or more.")
  }

  private var decayRates: [Double] { betas.split(separator: ",").compactMap { Double($0) } }

  func configuration(seed: UInt64) throws -> TrainingConfiguration {
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
    made.head = HeadKind(rawValue: head) ?? .classification
    (made.freshHead, made.checkpointSteps) = (freshHead, checkpointEvery)
    if noEarlyStop { made.earlyStopping = nil }
    (made.threads, made.precision) = (threads, numbers.precision)
    return made
  }
}
