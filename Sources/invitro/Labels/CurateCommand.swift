import ArgumentParser
import Foundation
import Harness
import Reference

struct CurateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "curate",
    abstract: "Put a training table together: crowd labels corrected or extended by models'.",
    discussion: HelpText.reflow(
      """
      The result is a CSV with the columns set, id, person, empathy, provenance, essay, readable by
      its owner alone, and a manifest beside it with digests and counts. Rows whose essay also stands
      in the evaluation split are left out and counted (--keep-overlap keeps them); near duplicates
      are counted.

      `invitro train --table FILE` trains on the result.
      """),
    subcommands: [
      CurateCorrectCommand.self, CurateAugmentCommand.self, CurateCompareCommand.self,
    ])
}

/// Where a training table goes, and what must not be in it.
struct TableOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The table; its manifest goes beside it.", valueName: "file"))
  var out: String

  @Flag(help: "Keep rows whose essay also stands in the evaluation split; they are counted.")
  var keepOverlap = false

  var overlap: TrainingTable.Overlap { keepOverlap ? .keep : .refuse }
}

struct CurateCorrectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "correct",
    abstract: "Replace the crowd's labels by a model's where both differ too much.",
    discussion: HelpText.reflow(
      """
      --alpha A takes the model's label where both differ by more than A (arXiv 2501.00691).
      --alpha auto chooses A from 0 to 6 by cross-validation on these rows alone: a ridge regression
      on word counts (or --states of `invitro embed`) learns corrected labels and is scored against
      the crowd's of other persons. Read the error beside each gain before you trust the choice;
      `invitro curate compare` and docs/explanation/curation.md say how such choices fare.
      --soft blends both labels by their reliability, estimated with a third rater: a regression on
      the text that learned from other persons, or --third NAME=FILE. Another model is a poor third
      rater, because models share their errors.

      Example:
        invitro curate correct --benchmark newsemp18 --split train --llm llama=LABELS.tsv \\
          --alpha 4.0 --out train.csv
        invitro train --model data/models/minilm --benchmark newsemp18 --table train.csv --out runs/a
      """))

  @Option(name: [.short, .long], help: "The benchmark whose labels are corrected.")
  var benchmark: String

  @Option(name: [.short, .long], help: "The split.")
  var split: String = "train"

  @Option(help: ArgumentHelp("The model's labels, TSV.", valueName: "name=file"))
  var llm: String

  @Option(help: ArgumentHelp("From 0 to 6, or auto. Default: 4.0.", valueName: "alpha|auto"))
  var alpha: String?

  @Flag(help: "Blend both labels by their reliability instead.")
  var soft = false

  @Option(
    help: ArgumentHelp("The third rater of --soft, in place of the text.", valueName: "name=file"))
  var third: String?

  @Option(
    help: ArgumentHelp(
      "Split that will be evaluated on; may be given several times. Default: dev and test, where "
        + "they are imported and not part of --split.", valueName: "split"))
  var evaluation: [String] = []

  @Option(help: "Seed of the folds of --alpha auto and of the text's rating.")
  var seed: UInt64 = 0

  @OptionGroup var repair: RepairOption
  @OptionGroup var states: StatesOption
  @OptionGroup var table: TableOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func validate() throws {
    try repair.check(["\(benchmark)/\(split)"])
    if states.states != nil, alpha != "auto", !(soft && third == nil) {
      throw ValidationError("--states belongs to --alpha auto and to --soft.")
    }
    if soft && alpha != nil { throw ValidationError("Give either --alpha or --soft.") }
    if third != nil && !soft { throw ValidationError("--third belongs to --soft.") }
    if let alpha, alpha != "auto" { _ = try Self.number(alpha) }
    _ = try files()
  }

  static func number(_ text: String) throws -> Double {
    guard let value = Double(text), (0...6).contains(value) else {
      throw ValidationError("--alpha is a number from 0 to 6, or auto; not '\(text)'.")
    }
    return value
  }

  private func files() throws -> [LabelFile] {
    let files =
      try LabelFile.parse([llm], option: "--llm")
      + LabelFile.parse(third.map { [$0] } ?? [], option: "--third")
    guard Set(files.map(\.name)).count == files.count else {
      throw ValidationError("--llm and --third have the same name.")
    }
    return files
  }

  func run() throws {
    let definition = try BenchmarkRegistry.find(benchmark)
    var rated = try repair.load(definition, split: split, home: data.home)
    let files = try files()
    try rated.add(files)
    let evaluated = try EvaluationTexts(
      evaluation, of: definition, training: [split], home: data.home)
    var made = TrainingTable(evaluation: evaluated.texts, overlap: table.overlap)
    let (essays, correction, choice) = try choose(rated, files)
    let summary = try made.add(essays, set: rated.set, correction: correction)
    try CurationReport(
      table: made, evaluation: evaluated, reliability: summary.reliability, choice: choice
    ).write(to: URL(filePath: table.out), json: output.json)
  }

  private func choose(
    _ rated: RatedSplit, _ files: [LabelFile]
  ) throws -> ([LabelledEssay], LabelCorrection, AlphaSelection?) {
    let name = files[0].name
    if soft {
      if files.count > 1 { return (rated.essays, .soft(llm: name, third: files[1].name), nil) }
      let rater = name == "text" ? "text rater" : "text"
      let essays = try LabelledEssay.addingTextRater(
        rated.essays, features: try states.features(of: rated), name: rater,
        seed: seed)
      return (essays, .soft(llm: name, third: rater), nil)
    }
    guard alpha == "auto" else {
      return (
        rated.essays, .threshold(llm: name, alpha: try alpha.map(Self.number) ?? 4), nil
      )
    }
    Console.message("choosing alpha by cross-validation, seed \(seed)")
    let selection = try AlphaSelection(
      rated.essays, features: try states.features(of: rated),
      grid: AlphaSelection.grid(llm: name), seed: seed)
    return (rated.essays, selection.best.correction, selection)
  }
}
