import ArgumentParser
import Foundation
import Harness
import Reference

struct ExperimentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experiment",
    abstract: "Train a grid of labels, data, recipes and seeds, and compare its rows.",
    discussion: HelpText.reflow(
      """
      An experiment is a JSON file. `settings` hold for all rows, a row's own fields are laid over
      them, and its `grid` makes a row of each combination of values:

        {"schema": 1, "name": "alpha", "evaluate": ["dev", "test"], "seeds": [0, 42, 100],
         "baseline": "crowd",
         "labelFiles": {"llama": {"newsemp18": ["fetched/llmpathy/NewsEmp2022/…_llama.tsv"]}},
         "settings": {"model": "models/minilm", "benchmark": "newsemp18",
                      "recipe": {"epochs": 20, "stopAfter": 3, "earlyStopping": false}},
         "rows": [{"name": "crowd"},
                  {"name": "llama", "correct": "llama", "grid": {"alpha": [3.5, 4, 4.5]}},
                  {"name": "all llama", "labels": "llama"},
                  {"name": "more", "extra": [{"benchmark": "newsemp22", "portion": 0.3}]}]}

      Paths are below the data home unless they are absolute. Settings: model, benchmark, train,
      validation, labels, correct, alpha, extra (benchmark, splits, labels, portion, seed),
      keepOverlap, recipe (epochs, stopAfter, batch, accumulation, learningRate, schedule, warmUp,
      weightDecay, clip, huber, head, freshHead, earlyStopping, maxLength, threads, precision,
      checkpoint).
      Ready files stand in experiments/.

      Each cell (a row and a seed) is a folder named by the hash of what its predictions depend on.
      A finished cell is never computed again, and an interrupted one goes on to the same bits.
      """),
    subcommands: [
      ExperimentRunCommand.self, ExperimentSummaryCommand.self, ExperimentMergeCommand.self,
    ])
}

struct ExperimentRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Train, predict and score the cells that are not finished.",
    discussion: HelpText.reflow(
      """
      Cells go seed by seed, so that a run that is cut short has whole seeds of every row. --shard
      i/n takes every n-th cell: give all shards the same --out on a shared file system, or merge
      their folders afterwards. Ctrl-C stops after the step with a checkpoint; the same command goes
      on. Models are removed when a cell is finished (--keep-models keeps them).

      Example:
        invitro experiment run experiments/small/newsemp18-minilm.json --out runs/minilm
        invitro experiment run grid.json --out runs/grid --shard 3/16
      """))

  @Argument(help: "The experiment's file.")
  var file: String

  @Option(help: ArgumentHelp("The experiment's folder. Default: runs/NAME.", valueName: "dir"))
  var out: String?

  @Option(help: ArgumentHelp("Take every n-th cell, from the i-th on.", valueName: "i/n"))
  var shard: String?

  @Option(help: "Threads of each cell instead of the file's; part of what names it.")
  var threads: Int?

  @Flag(help: "List the cells and what is finished of them, and train nothing.")
  var list = false

  @Flag(help: "Keep the models of finished cells.")
  var keepModels = false

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func validate() throws {
    if let shard, Shard(shard) == nil {
      throw ValidationError("--shard is i/n with i from 1 to n, such as 3/16; not '\(shard)'.")
    }
    if let threads, !(1...256).contains(threads) {
      throw ValidationError("--threads is from 1 to 256.")
    }
  }

  func run() throws {
    let experiment = try Experiment(contentsOf: URL(filePath: file), threads: threads)
    let inputs = ExperimentInputs(experiment, home: data.home, name: file)
    try inputs.check()
    let plan = try ExperimentPlan(experiment, inputs: inputs)
    let folder = ExperimentFolder(URL(filePath: out ?? "runs/\(experiment.name)"))
    let shard = shard.flatMap { Shard($0) } ?? .whole
    let mine = shard.part(of: plan.cells)
    if list {
      return try ExperimentListing(plan, mine: mine, folder: folder, inputs: inputs)
        .show(json: output.json)
    }
    try folder.begin(experiment, index: plan.index, sharded: shard != .whole)
    var runner = ExperimentRunner(
      experiment: experiment, inputs: inputs, folder: folder, keepModels: keepModels)
    for (place, cell) in mine.enumerated() {
      try runner.run(cell, place: place + 1, of: mine.count)
      if runner.tally.interrupted { break }
    }
    try runner.tally.show(folder, json: output.json)
  }
}
