import Basics
import ArgumentParser
import Foundation
import Harness
import Metrics
import Reference
import Study

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict a split with a fine-tuned model, for `invitro score`.",
    discussion: HelpText.reflow(
      """
      Writes TSV with a header and the ids of the split, to --out or to standard output.

      Example:
        invitro predict --model runs/minilm/last --benchmark newsemp18 --split test --out p.tsv
        invitro score p.tsv --benchmark newsemp18 --split test
      """))

  @Option(help: ArgumentHelp("The fine-tuned model's folder.", valueName: "dir"))
  var model: String

  @OptionGroup var split: SplitOptions

  @Option(help: "What the model predicts. Default: the benchmark's primary target.")
  var target: String?

  @Option(help: ArgumentHelp("File to write. Default: standard output.", valueName: "file"))
  var out: String?

  @Option(help: "Number of threads.")
  var threads: Int = Parallel.processors

  @OptionGroup var numbers: PrecisionOption
  @OptionGroup var data: DataOptions

  func run() throws {
    let (definition, name) = try split.resolve()
    let target = try definition.target(orPrimary: target).name
    let dataset = try data.home.load(definition, split: name)
    let predictor = try Predictor(
      model: URL(filePath: model), threads: threads, precision: numbers.precision)
    let bar = ProgressBar("predicting", unit: "essays")
    let values = try predictor.predict(dataset.rows.map(\.text)) { done, total in
      bar.update(done, of: total)
    }
    let table = PredictionTable.data(values, of: dataset, target: target)
    if let out {
      try AtomicFile.write(table, to: URL(filePath: out))
      Console.message("\(values.count) predictions in \(out)")
    } else {
      FileHandle.standardOutput.write(table)
    }
  }
}
