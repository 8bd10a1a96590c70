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
    abstract: "Fine-tune RoBERTa, BERT or DeBERTa-v3 on a benchmark, on the CPU.",
    discussion: """
      --model is a Hugging Face folder: config.json, model.safetensors or
      pytorch_model.bin, and the tokenizer's files. The defaults are the recipe of
      arXiv 2501.00691: AdamW 3e-5, decay 0.1 on all parameters, batch 16, linear
      schedule over 20 epochs with warm-up, MSE, early stopping on validation CCC
      from epoch 5. --schedule epoch follows the authors' released code, whose
      warm-up counts epochs as steps.

      The run's folder holds its configuration, a line for each step (steps.jsonl) and
      each epoch (epochs.jsonl), curve.svg, and the last and the best checkpoint,
      which Python's from_pretrained loads. Ctrl-C writes a checkpoint after the
      current step and stops; --resume continues to the same bits.

      Example:
        scripts/fetch-minilm
        invitro train --model data/models/minilm -b newsemp18 --out runs/minilm
        invitro predict --model runs/minilm/last --benchmark newsemp18 --split test

      Several --target are learned at once, one output each; a row needs a label of
      one of them. Validation is then by the mean of their CCCs. --context and --pair
      add texts to what is read of a row. The checkpoint carries these choices, so
      that `invitro predict` needs none of them:
        invitro train --model DIR -b turns --target valence --target arousal \\
          --weight arousal=0.5 --context 2 --out runs/turns

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
  @OptionGroup var task: TaskOptions

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
    let begun = resume ? try TrainingRun.settings(of: folder) : nil
    let targets = try begun?.configuration.targets ?? task.targets(definition)
    let input = try begun?.input ?? task.input(definition, maxLength: recipe.maxLength)
    let rows = try TrainingRows(
      table.map { .table(URL(filePath: $0)) }
        ?? .splits(
          trainSplit.isEmpty ? ["train"] : trainSplit, labels: labels.map { URL(filePath: $0) }),
      of: definition, validation: validationSplit,
      targets: targets.map { try definition.target(orPrimary: $0.name) }, input: input,
      home: data.home)
    for note in rows.notes { Console.message(note) }
    var configuration = recipe.configuration(seed: seed)
    configuration.targets = targets
    let run = try TrainingRun.start(
      URL(filePath: model ?? ""), training: rows.training, validation: rows.validation,
      maxLength: input.maxLength ?? recipe.maxLength, configuration: configuration, input: input,
      folder: folder, resume: resume)
    Console.message(
      "seed \(run.configuration.seed): \(definition.rowNoun.counted(rows.training.count)) to train "
        + "on, \(rows.validation.count) to validate on, \(run.totalSteps) steps at most, "
        + "OpenBLAS kernel \(openBLASKernelName())")
    if let note = run.loading.note { Console.message("warning: \(note)") }
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
