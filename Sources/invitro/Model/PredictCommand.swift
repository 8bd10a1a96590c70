public import ArgumentParser
import Basics
import Foundation
import Harness
import Metrics
public import Reference
import Report
import Study

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict a split with a fine-tuned model, for `invitro score`.",
    discussion: """
      Writes TSV with a header, the ids of the split and a column for each of the
      model's targets, to --out or to standard output. What the model predicts, and
      whether it reads a context or a second text, stands in its config.json.

      Example:
        invitro predict --model runs/minilm/last --benchmark newsemp18 --split test --out p.tsv
        invitro score p.tsv --benchmark newsemp18 --split test
      """)

  @Option(help: .value("dir", "The fine-tuned model's folder.")) var model: String

  @OptionGroup var split: SplitOptions

  @Option(
    help: """
      What the model predicts, in the order of its outputs; may be given several \
      times. Default: what config.json says, else the benchmark's primary target.
      """) var target: [String] = []

  @Option(help: .value("file", "File to write. Default: standard output.")) var out: String?

  @Option(help: "Number of threads.") var threads: Int = Parallel.processors

  @OptionGroup var numbers: PrecisionOption
  @OptionGroup var data: DataOptions

  func run() throws {
    let (definition, name) = try split.resolve(data.home)
    let dataset = try data.home.load(definition, split: name)
    let predictor = try Predictor(
      model: URL(filePath: model), threads: threads, precision: numbers.precision)
    let targets = try predictor.task.targets(of: definition, named: target)
    let inputs = try predictor.task.input.inputs(of: dataset)
    let bar = ProgressBar("predicting", unit: definition.rowNoun.plural)
    let values = try predictor.predict(inputs) { bar.update($0, of: $1) }
    let table = PredictionTable.data(values, of: dataset, targets: targets)
    if let out {
      try AtomicFile.write(table, to: URL(filePath: out))
      Console.message("\(values.count) predictions in \(out)")
    } else {
      FileHandle.standardOutput.write(table)
    }
  }
}
