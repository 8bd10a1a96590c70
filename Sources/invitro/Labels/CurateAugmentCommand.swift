import ArgumentParser
import Foundation
import Harness
import Reference

struct CurateAugmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "augment",
    abstract: "Add another year's essays, with labels of one's choice, to a benchmark's own.",
    discussion: HelpText.reflow(
      """
      The table holds the rows of --split with crowd labels (or corrected: --correct NAME=FILE with
      --alpha), then those of the splits of --with. Their labels are the crowd's, or the model's that
      --labels names, from the files that --llm gives. --portion draws a share of each added split
      by --seed, without replacement.

      Example:
        invitro curate augment --benchmark newsemp24 --with newsemp22 --labels llama \\
          --llm llama=TRAIN_LABELS.tsv --llm llama=DEV_LABELS.tsv --evaluation dev --out train.csv
      """))

  @Option(name: [.short, .long], help: "The benchmark that is extended.")
  var benchmark: String

  @Option(name: [.short, .long], help: "Its split to begin with.")
  var split: String = "train"

  @Option(help: ArgumentHelp("The benchmark that is added.", valueName: "benchmark"))
  var with: String

  @Option(
    help: ArgumentHelp(
      "Its splits to add; may be given several times. Default: train and dev, where they are "
        + "imported.", valueName: "split"))
  var withSplit: [String] = []

  @Option(help: ArgumentHelp("Labels of the added rows: crowd, or a name of --llm."))
  var labels: String = "crowd"

  @Option(
    help: ArgumentHelp(
      "A model's labels of added rows, TSV; once for each file.", valueName: "name=file"))
  var llm: [String] = []

  @Option(
    help: ArgumentHelp("Correct the benchmark's own labels by these.", valueName: "name=file"))
  var correct: String?

  @Option(help: "Where own and model's labels differ by more than this, --correct replaces.")
  var alpha: Double = 4

  @Option(help: "Share of each added split, above 0 and at most 1.")
  var portion: Double = 1

  @Option(help: "Seed of the draw.")
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "Split of --benchmark that will be evaluated on; may be given several times.",
      valueName: "split"))
  var evaluation: [String] = []

  @OptionGroup var repair: RepairOption
  @OptionGroup var table: TableOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func validate() throws {
    let added = withSplit.isEmpty ? ["train", "dev"] : withSplit
    try repair.check(["\(benchmark)/\(split)"] + added.map { "\(with)/\($0)" })
    guard portion > 0, portion <= 1 else {
      throw ValidationError("--portion is above 0 and at most 1.")
    }
    guard (0...6).contains(alpha) else { throw ValidationError("--alpha is from 0 to 6.") }
    guard !evaluation.isEmpty else {
      throw ValidationError("Give the split that will be evaluated on with --evaluation.")
    }
    let names = try LabelFile.parse(llm, option: "--llm").map(\.name)
    guard labels == Agreement.crowd || names.contains(labels) else {
      throw ValidationError("--labels \(labels) needs a file: --llm \(labels)=FILE.")
    }
  }

  func run() throws {
    let definition = try BenchmarkRegistry.find(benchmark)
    let added = try BenchmarkRegistry.find(with)
    let home = data.home
    let evaluated = try EvaluationTexts(evaluation, of: definition, training: [split], home: home)
    var made = TrainingTable(evaluation: evaluated.texts, overlap: table.overlap)
    var base = try repair.load(definition, split: split, home: home)
    var correction = LabelCorrection.none
    if let correct {
      let files = try LabelFile.parse([correct], option: "--correct")
      try base.add(files)
      correction = .threshold(llm: files[0].name, alpha: alpha)
    }
    try made.add(base.essays, set: base.set, correction: correction)
    let splits =
      withSplit.isEmpty ? ["train", "dev"].filter { home.has(added.id, $0) } : withSplit
    // Nothing imported: the load's error says how to get it.
    for name in splits.isEmpty ? ["train"] : splits {
      guard added.id != definition.id || name != split else {
        throw ValidationError("\(base.set) can't be added to itself.")
      }
      var rated = try repair.load(added, split: name, home: home)
      let files = try LabelFile.parse(llm, option: "--llm").filter { $0.name == labels }
      try rated.add(files)
      try made.add(
        rated.essays, set: rated.set,
        correction: labels == Agreement.crowd ? .none : .replace(llm: labels), portion: portion,
        seed: seed)
    }
    try CurationReport(table: made, evaluation: evaluated)
      .write(to: URL(filePath: table.out), json: output.json)
  }
}
