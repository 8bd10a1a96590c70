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

      The run's folder holds its configuration, a line for each step (steps.jsonl)
      and each epoch (epochs.jsonl), curve.svg, and the last and the best checkpoint,
      which Python's from_pretrained loads. Ctrl-C writes a checkpoint after the
      current step and stops; --resume continues to the same bits. The folder says
      what the run was begun with: `invitro train --resume --out DIR` is enough, and
      goes on with the seeds that were not begun.

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

  @Option(help: .value("dir", "The pretrained model's folder."), completion: .directory)
  var model: String?

  @Option(
    help: .value("dir", "The run's folder; several seeds get a folder each inside it."),
    completion: .directory)
  var out: String

  @Option(
    name: [.short, .long], help: "The benchmark to train on.", completion: Completions.benchmarks)
  var benchmark: String?

  @Option(
    help: "Splits to train on; may be given several times. Default: train.",
    completion: Completions.splits)
  var trainSplit: [String] = []

  @Option(help: "The split to validate on. Default: dev.", completion: Completions.splits)
  var validationSplit: String?
  @OptionGroup var task: TaskOptions

  @Option(
    help: .value(
      "file",
      "Labels to train on instead of the crowd's, as TSV with the ids of the train split; "
        + "rows without one are left out and counted."), completion: Completions.tables) var labels:
    String?

  @Option(
    help: .value(
      "file",
      "Train on this table of `invitro curate` instead of the train split; its manifest, "
        + "if beside it, has to fit."), completion: .file()) var table: String?

  @Option(
    help: .value(
      "crowd|file",
      "Rescale the training labels to the mean and SD of others for the same rows: the crowd's, "
        + "or those of a file of the same kind as --labels or --table."))
  var labelsLike: String?

  @OptionGroup var recipe: RecipeOptions

  @Option(help: "Seed of head, order and dropout; may be given several times.")
  var seed: [UInt64] = []

  @Flag(help: "Continue the run in --out, with the settings and the data it was begun with.")
  var resume = false
  @Flag(help: "Print each kernel's share of the time at the end.") var profile = false

  @OptionGroup var data: DataOptions

  func validate() throws {
    try require(
      model != nil && benchmark != nil || resume,
      "Give --model and --benchmark, or --resume to continue a run.")
    try require(
      table == nil || labels == nil && trainSplit.isEmpty,
      "--table has its own rows and labels: no --labels or --train-split.")
    try require(
      (recipe.alignment ?? 0) == 0 || task.pair != nil,
      "--alignment compares the two texts of a pair: it needs --pair.")
  }

  func run() throws {
    // One for all seeds: a signal source that replaces another of its process may never fire.
    let interrupt = Interrupt()
    let begun = try resume ? TrainingRun.settings(of: begunFolder()) : nil
    let seeds = seed.isEmpty ? begun?.source?.seeds ?? [0] : seed
    for seed in seeds {
      let folder = seeds.count == 1 ? out : "\(out)/seed-\(seed)"
      try train(seed, of: seeds, in: URL(filePath: folder), begun, until: interrupt)
    }
  }

  private static func isRun(_ folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: "run.json").path)
  }

  /// The folder of the run that is resumed; of one of several seeds the first that was begun.
  private func begunFolder() -> URL {
    let whole = URL(filePath: out)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: whole.path)) ?? []
    let parts = names.sorted().filter { $0.hasPrefix("seed-") }.map { whole.appending(path: $0) }
    return Self.isRun(whole) ? whole : parts.first(where: Self.isRun) ?? whole
  }

  /// Where the rows come from: what the options say, else what the run was begun with.
  private func source(_ begun: RunSource?, seeds: [UInt64]) throws -> RunSource {
    guard let benchmark = benchmark ?? begun?.benchmark else {
      throw ValidationError("The run in \(out) does not say its data: give them as it was begun.")
    }
    func path(_ option: String?, _ earlier: String?) -> String? {
      option.map { URL(filePath: $0).path } ?? earlier
    }
    let isNew = !trainSplit.isEmpty || labels != nil || table != nil
    let like = labelsLike == Agreement.crowd ? labelsLike : path(labelsLike, nil)
    return RunSource(
      benchmark: benchmark, home: path(data.data, begun?.home) ?? data.home.url.path,
      trainSplits: trainSplit.isEmpty ? begun?.trainSplits ?? ["train"] : trainSplit,
      validation: validationSplit ?? begun?.validation ?? "dev",
      labels: path(labels, isNew ? nil : begun?.labels),
      table: path(table, isNew ? nil : begun?.table),
      labelsLike: like ?? (isNew ? nil : begun?.labelsLike),
      maxLength: begun?.maxLength ?? recipe.maxLength, seeds: seeds)
  }

  private func train(
    _ seed: UInt64, of seeds: [UInt64], in folder: URL, _ begun: TrainingRun.Beginning?,
    until interrupt: Interrupt
  ) throws {
    let started = ContinuousClock.now
    var source = try source(begun?.source, seeds: seeds)
    let home = DataHome(URL(filePath: source.home, directoryHint: .isDirectory))
    let definition = try home.benchmarks.find(source.benchmark)
    // A definition's path need not be there when the run is resumed, and the data home keeps it.
    source.benchmark = definition.id
    let targets = try begun?.configuration.targets ?? task.targets(definition)
    let input = try begun?.input ?? task.input(definition, maxLength: source.maxLength)
    let rows = try TrainingRows(
      source.table.map { .table(URL(filePath: $0)) }
        ?? .splits(source.trainSplits, labels: source.labels.map { URL(filePath: $0) }),
      of: definition, validation: source.validation,
      targets: targets.map { try definition.target(orPrimary: $0.name) }, input: input,
      like: source.labelsLike.map { ReferenceLabels($0) }, home: home)
    source.scalings = rows.scalings.isEmpty ? nil : rows.scalings
    for note in rows.notes { Console.message(note) }
    var configuration = begun?.configuration ?? recipe.configuration(seed: seed)
    (configuration.targets, configuration.seed) = (targets, seed)
    if begun == nil, configuration.gaussian?.alignment ?? 0 > 0 {
      let range = try definition.target(orPrimary: targets[0].name).range
      configuration.gaussian?.labelLow = range.lowerBound
      configuration.gaussian?.labelHigh = range.upperBound
    }
    let run = try TrainingRun.start(
      begun?.model ?? URL(filePath: model ?? ""), training: rows.training,
      validation: rows.validation, maxLength: input.maxLength ?? source.maxLength,
      configuration: configuration, input: input, folder: folder, source: source,
      resume: resume && (seeds.count == 1 || Self.isRun(folder)))
    Console.message(
      "seed \(run.configuration.seed): \(definition.rowNoun.counted(rows.training.count)) to train "
        + "on, \(rows.validation.count) to validate on, \(run.totalSteps) steps at most, "
        + "OpenBLAS kernel \(openBLASKernelName())")
    if let note = run.loading.note { Console.message("warning: \(note)") }
    run.engine.profile.isEnabled = profile
    let display = TrainingDisplay(totalSteps: run.totalSteps, started: started)
    let outcome = try run.run(events: { display.show($0) }, isCancelled: { interrupt.isRequested })
    try TrainingCurve.draw(folder, title: "\(definition.title), seed \(run.configuration.seed)")
    if profile { Console.message(display.profile(run.engine.profile)) }
    Console.message(
      "\(outcome.reason.rawValue) after \(outcome.epochs) epochs, \(outcome.steps) steps")
    if !outcome.collapsed.isEmpty {
      Console.message(
        "collapsed: on \(source.validation) the predictions of "
          + "\(outcome.collapsed.joined(separator: ", ")) have \(PairedMoments.collapseMeaning). "
          + (configuration.headBias == .mean ? "" : "--head-bias mean, ")
          + "another seed or a lower learning rate may help.")
    }
    Console.print(outcome.last.relativePath)
    if outcome.reason == .interrupted { throw ExitCode(130) }
  }
}
