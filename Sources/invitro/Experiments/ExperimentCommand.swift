import ArgumentParser
import Basics
import Foundation
import Harness
import Reference
import Report
import Study

struct ExperimentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experiment",
    abstract: "Train a grid of labels, data, recipes and seeds, and compare the conditions.",
    discussion: """
      An experiment is a JSON file. `settings` apply to all rows, a row's own fields
      override them, and its `grid` makes a row of each combination of values:

        {"schema": 1, "name": "alpha", "evaluate": ["dev", "test"], "seeds": [0, 42, 100],
         "baseline": "crowd",
         "labelFiles": {"llama": {"newsemp18": ["fetched/llmpathy/NewsEmp2022/…_llama.tsv"]}},
         "settings": {"model": "models/minilm", "benchmark": "newsemp18",
                      "recipe": {"epochs": 20, "stopAfter": 3, "earlyStopping": false}},
         "rows": [{"name": "crowd"},
                  {"name": "llama", "correct": "llama", "grid": {"alpha": [3.5, 4, 4.5]}},
                  {"name": "true score", "correct": "llama", "way": "em"},
                  {"name": "all llama", "labels": "llama"},
                  {"name": "more", "extra": [{"benchmark": "newsemp22", "portion": 0.3}]}]}

      Paths are below the data home unless they are absolute. Settings: model,
      benchmark, train, validation, labels, correct, alpha, way (of `curate correct`;
      default: threshold), labelsLike (crowd: labels are rescaled to the mean and SD
      of the crowd's), extra (benchmark, splits, labels, portion, seed), keepOverlap,
      recipe (epochs, stopAfter, batch, accumulation, learningRate, schedule (step,
      epoch, constant, polynomial, plateau), warmUp, power, endRate, plateau (factor,
      patience, threshold), beta1, beta2, epsilon, weightDecay, clip, huber, head,
      beta, variancePenalty, penaltyDecay, headBias, freshHead, earlyStopping,
      maxLength, threads, precision, checkpoint). Ready files are in experiments/.

      "folds": {"split": "all", "count": 5, "seed": 0}, in place of evaluate, train
      and validation, cuts a split into folds of persons. Each cell trains on all
      folds but one and predicts that one; the summary pools the folds that every row
      has finished.

      "contrasts": [{"row": "EM", "less": "crowd", "figure": "pccWithin"}] names the
      comparisons that are decided on beforehand, of pccWithin, cccCalibrated or a
      metric; they are made over persons and seeds in one model. "persons": 20 keeps
      the crowd's labels of so many persons; the others' rows have those of the model
      "rest", moved to the same mean, or are left out.

      Each cell (a row and a seed) is a folder named by the hash of what its
      predictions depend on. A finished cell is never computed again, and an
      interrupted one continues to the same bits.
      """,
    subcommands: [
      ExperimentRunCommand.self, ExperimentSummaryCommand.self, ExperimentMergeCommand.self,
    ])
}

struct ExperimentRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Train, predict and score the cells that are not finished.",
    discussion: """
      Cells are run seed by seed (fold by fold, where there are folds), so that an
      interrupted run has complete seeds of every row. Ctrl-C writes a checkpoint
      after the current step and stops; the same command continues. The model of a
      finished cell is deleted unless --keep-models is given.

      Several processes share a grid in one of three ways:

      --claim: start the same command as often as you like, on any number of machines
      that share --out. Each takes the next cell that nobody works on. A cell whose
      process died is taken over from its last checkpoint, after a minute without a
      sign of life. Every process ends when all cells are finished.

      --cell: for Snakemake, make and other engines. `--list --json` names the cells,
      `--cell NAME` runs one; cells/NAME/result/done.json says that it is finished.

      --shard i/n: for machines that share no folder. Each takes every n-th cell, and
      `experiment merge` brings the folders together.

      examples/ has a batch file for Slurm and a Snakefile.

      Example:
        invitro experiment run experiments/small/newsemp18-minilm.json --out runs/minilm
        invitro experiment run grid.json --out /shared/grid --claim
        invitro experiment run grid.json --out runs/grid --list --json
        invitro experiment run grid.json --out runs/part3 --shard 3/16
      """)

  @Argument(help: "The experiment's file.", completion: Completions.definitions) var file: String

  @Option(
    help: .value("dir", "The experiment's folder. Default: runs/NAME."), completion: .directory)
  var out: String?

  @Option(help: .value("i/n", "Take every n-th cell, from the i-th on.")) var shard: String?

  @Flag(help: "Share the cells of --out with other processes until all are finished.")
  var claim = false

  @Option(
    name: .customLong("cell"),
    help: .value("name", "Run this cell only, by its name in --list; may be given again."))
  var cells: [String] = []

  @Option(help: .hidden) var lease = ClaimWatch.defaultLease

  @Option(help: "Threads of each cell, instead of the file's number; part of the cell's hash.")
  var threads: Int?

  @Flag(
    help: .init(
      "List the cells and which of them are finished, and train nothing; without the data, what "
        + "the file asks for. Estimates the hours of what is left from a few steps on random "
        + "weights.")) var list = false

  @Flag(help: "With --list: estimate no hours.") var noEstimate = false

  @Flag(help: "Keep the models of finished cells.") var keepModels = false

  @OptionGroup var shared: SharedOptions

  func validate() throws {
    if let shard {
      try require(
        Shard(shard) != nil, "--shard is i/n with i from 1 to n, such as 3/16; not '\(shard)'.")
    }
    try require(shard == nil || cells.isEmpty, "Give --shard or --cell, not both.")
    try require((1...256).contains(threads ?? 1), "--threads is from 1 to 256.")
    try require(lease > 0, "--lease is a number of seconds above 0.")
  }

  func run() throws {
    let experiment = try Experiment(contentsOf: URL(filePath: file), threads: threads)
    let inputs = ExperimentInputs(experiment, home: shared.home, name: file, say: Console.message)
    let folder = ExperimentFolder(URL(filePath: out ?? "runs/\(experiment.name)"))
    do { try inputs.check() } catch StudyError.missing(_, let missing) where list {
      return try show(
        ExperimentListing(withoutData: inputs, missing: missing, folder: folder), inputs)
    }
    let plan = try ExperimentPlan(experiment, inputs: inputs)
    let shard = shard.flatMap { Shard($0) } ?? .whole
    let mine = shard.part(of: try plan.cells(named: cells))
    if list {
      return try show(ExperimentListing(mine, folder: folder, inputs: inputs), inputs)
    }
    try folder.begin(
      experiment, index: plan.index, sharded: claim || shard != .whole || !cells.isEmpty)
    let interrupt = Interrupt()
    var observer = ExperimentRunner.Observer()
    observer.say = Console.message
    observer.begin = { steps, started in TrainingDisplay(totalSteps: steps, started: started).show }
    observer.end = { try TrainingCurve.draw($0, title: $1) }
    observer.isCancelled = { interrupt.isRequested }
    var runner = ExperimentRunner(
      inputs: inputs, folder: folder, keepModels: keepModels, sharesGrid: claim, lease: lease,
      observer: observer)
    try runner.run(mine)
    try show(runner.tally)
  }

  private func show(_ listing: ExperimentListing, _ inputs: ExperimentInputs) throws {
    var listing = listing
    if !noEstimate {
      var estimate = ExperimentEstimate(inputs)
      listing.coreHours = try estimate.coreHours(of: listing)
    }
    try shared.show(listing, as: listing.text)
  }

  /// Ends the process with 130 after an interrupt and with 1 after a failure.
  private func show(_ tally: ExperimentTally) throws {
    if shared.json {
      try Console.json(tally)
    } else {
      Console.message(tally.text)
      Console.print(tally.folder)
    }
    if tally.interrupted { throw ExitCode(130) }
    try end(with: .checkFailed, unless: tally.failed.isEmpty)
  }
}

struct ExperimentSummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary",
    abstract: "Compare the rows of an experiment, with tests, intervals and plots.",
    discussion: """
      Two tests answer two questions. Would other seeds give the same result? The
      paper's t-test over seeds answers that, for these test rows. Would other
      persons give the same result? For this the predictions are averaged over seeds
      and compared as `invitro compare` does, with persons as clusters. A difference
      that only the first test finds may be due to the choice of test rows.

      Writes summary.json, .md, .tex and .csv to --to, and plots the metrics over
      alpha and over the share of added data where rows differ in these only. No file
      holds a label or a prediction. Unfinished cells are left out and counted.

      Example:
        invitro experiment summary runs/newsemp18-minilm
      """)

  @Argument(help: "The experiment's folder.", completion: .directory) var folder: String

  @Option(
    help: .value(
      "dir", "Folder for the documents. Default: summary, inside the experiment's folder."),
    completion: .directory)
  var to: String?

  @OptionGroup var inference: InferenceArguments
  @OptionGroup var data: DataOptions
  @OptionGroup var result: ResultOptions

  func run() throws {
    let folder = ExperimentFolder(URL(filePath: folder))
    let inputs = ExperimentInputs(
      try folder.experiment(), home: data.home, name: folder.experimentURL.relativePath)
    let summary = try ExperimentSummarizer(
      inputs: inputs, folder: folder, index: folder.index(), options: inference.scoringOptions()
    ).summary()
    let target = to.map { URL(filePath: $0) } ?? folder.url.appending(path: "summary")
    for (name, data) in try summary.documents().sorted(by: { $0.key < $1.key }) {
      try AtomicFile.write(data, to: target.appending(path: name))
    }
    Console.message("documents in \(target.relativePath)")
    try result.show(summary, as: summary.document)
  }
}

struct ExperimentMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Merge the finished cells of several folders of one experiment.",
    discussion: """
      Use it for shards that ran on machines without a shared file system. Folders of
      another experiment, or of the same file with other data, labels or threads, are
      refused; so are cells that two folders finished with different predictions.

      Example:
        invitro experiment merge part1 part2 part3 --out runs/grid
        invitro experiment summary runs/grid
      """)

  @Argument(help: "The folders.", completion: .directory) var folders: [String]

  @Option(
    help: .value("dir", "The folder to merge into; it may hold cells already."),
    completion: .directory)
  var out: String

  @OptionGroup var output: JSONOption

  func validate() throws { try require(!folders.isEmpty, "Give the folders to merge.") }

  func run() throws {
    let merge = try ExperimentMerge(
      folders.map { ExperimentFolder(URL(filePath: $0)) },
      into: ExperimentFolder(URL(filePath: out)))
    if output.json { return try Console.json(merge) }
    Console.message(
      "cells: \(merge.copied) copied, \(merge.thereAlready) there already, "
        + "\(merge.unfinished) begun and not finished, \(merge.missing) not begun")
    Console.print(merge.folder)
  }
}
