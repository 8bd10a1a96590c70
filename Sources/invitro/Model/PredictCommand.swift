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
      model's targets, to --out or to standard output. --format wassa writes what the
      shared tasks at WASSA ask for: no header, the split's order, the benchmark's
      targets in their order; --zip packs it under the name that they ask for
      (predictions_EMP.tsv). Every command that reads predictions takes all of these.
      What the model predicts, and whether it reads a context or a second text, is
      in its config.json.

      Example:
        invitro predict --model runs/minilm/last --benchmark newsemp18 --split test --out p.tsv
        invitro score p.tsv --benchmark newsemp18 --split test
        invitro predict --model runs/a/best -b newsemp24 -s test --format wassa \\
          --zip --out predictions.zip
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case tsv, wassa }

  @Option(help: .value("dir", "The fine-tuned model's folder.")) var model: String

  @OptionGroup var split: SplitOptions

  @Option(
    help: """
      What the model predicts, in the order of its outputs; may be given several \
      times. Default: what config.json says, else the benchmark's primary target.
      """) var target: [String] = []

  @Option(help: .value("file", "File to write. Default: standard output.")) var out: String?

  @Option(help: "tsv (a header and ids) or wassa (neither).") var format: Format = .tsv

  @Flag(help: "Write a zip that holds the file; needs --out.") var zip = false

  @Option(help: "Number of threads.") var threads: Int = Parallel.processors

  @OptionGroup var numbers: PrecisionOption
  @OptionGroup var data: DataOptions

  func validate() throws { try require(!zip || out != nil, "--zip needs --out.") }

  func run() throws {
    let (definition, name) = try split.resolve(data.home)
    let dataset = try data.home.load(definition, split: name)
    let predictor = try Predictor(
      model: URL(filePath: model), threads: threads, precision: numbers.precision)
    let targets = try predictor.task.targets(of: definition, named: target)
    let order = format == .wassa ? try PredictionFormat.wassaOrder(targets, of: definition) : nil
    let inputs = try predictor.task.input.inputs(of: dataset)
    let bar = ProgressBar("predicting", unit: definition.rowNoun.plural)
    let values = try predictor.predict(inputs) { bar.update($0, of: $1) }
    var table =
      order.map { PredictionFormat.wassa(values, order: $0) }
      ?? PredictionFormat.data(values, of: dataset, targets: targets)
    if let out {
      if zip {
        let name = order == nil ? "predictions.tsv" : definition.predictionFile
        table = try ZipArchive.zip([(path: name, data: table)], name: out)
      }
      try AtomicFile.write(table, to: URL(filePath: out))
      Console.message("\(values.count) predictions in \(out)")
      if let order, order.count < definition.targets.count {
        Console.message(
          "\(order.count) of the benchmark's \(definition.targets.count) columns: without "
            + definition.targetNames.dropFirst(order.count).joined(separator: ", "))
      }
    } else {
      FileHandle.standardOutput.write(table)
    }
  }
}
