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

      --ensemble averages the predictions of runs that differ in the seed alone, and
      adds their SD as the column sd_between_members, which readers pass over. --meta
      writes what run.json tells of the system (kind, seeds, training data) for
      `invitro submit add --meta`.

      Example:
        invitro predict --model runs/minilm/last -b newsemp18 -s test --out p.tsv
        invitro score p.tsv --benchmark newsemp18 --split test
        invitro predict --model runs/a/best -b newsemp24 -s test --format wassa \\
          --zip --out predictions.zip
        invitro predict --ensemble runs/a/seed-* -b newsemp24 -s test --out p.tsv --meta m.json
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case tsv, wassa }

  @Option(help: .value("dir", "The fine-tuned model's folder."), completion: .directory) var model:
    String?

  @Option(
    parsing: .upToNextOption,
    help: .value(
      "dir …",
      "The folders of two or more runs, or of a checkpoint of each, instead of --model. A run's "
        + "is its last."), completion: .directory)
  var ensemble: [String] = []

  @OptionGroup var split: SplitOptions

  @Option(
    help: """
      What the model predicts, in the order of its outputs; may be given several \
      times. Default: what config.json says, else the benchmark's primary target.
      """) var target: [String] = []

  @Option(help: .value("file", "File to write. Default: standard output."), completion: .file())
  var out: String?

  @Option(
    help: .value("file", "Also write what the runs tell of the system, as JSON."),
    completion: .file())
  var meta: String?

  @Option(help: "tsv (a header and ids) or wassa (neither).") var format: Format = .tsv

  @Flag(help: "Write a zip that holds the file; needs --out.") var zip = false

  @Option(help: "Number of threads.") var threads: Int = Parallel.processors

  @OptionGroup var numbers: PrecisionOption
  @OptionGroup var data: DataOptions

  func validate() throws {
    try require(!zip || out != nil, "--zip needs --out.")
    try require(
      (model == nil) != ensemble.isEmpty, "Give a model with --model, or runs with --ensemble.")
  }

  func run() throws {
    let (definition, name) = try split.resolve(data.home)
    let dataset = try data.home.load(definition, split: name)
    let bar = ProgressBar("predicting", unit: definition.rowNoun.plural)
    let system = try system { bar.update($0, of: $1) }
    let targets = try system.task.targets(of: definition, named: target)
    let order = format == .wassa ? try PredictionFormat.wassaOrder(targets, of: definition) : nil
    let predictions = try system.predict(system.task.input.inputs(of: dataset))
    var table =
      order.map { PredictionFormat.wassa(predictions.means, order: $0) }
      ?? PredictionFormat.data(predictions, of: dataset, targets: targets)
    if let meta {
      let members = try system.members ?? [TrainedModel(URL(filePath: model ?? ""))]
      let record = try SystemRecord(members, targets: targets)
      try AtomicFile.write(try CanonicalJSON.document(record), to: URL(filePath: meta))
    }
    if let out {
      if zip {
        let name = order == nil ? "predictions.tsv" : definition.predictionFile
        table = try ZipArchive.zip([(path: name, data: table)], name: out)
      }
      try AtomicFile.write(table, to: URL(filePath: out))
      Console.message("\(predictions.means.count) predictions in \(out)")
      if let order, order.count < definition.targets.count {
        Console.message(
          "\(order.count) of the benchmark's \(definition.targets.count) columns: without "
            + definition.targetNames.dropFirst(order.count).joined(separator: ", "))
      }
    } else {
      FileHandle.standardOutput.write(table)
    }
  }

  /// What predicts: one model, or the runs of an ensemble.
  private struct System {
    let task: ModelTask
    /// Nil for one model.
    let members: [TrainedModel]?
    let predict: ([TextInput]) throws -> ModelPredictions
  }

  private func system(_ progress: @escaping (_ done: Int, _ of: Int) -> Void) throws -> System {
    guard let model else {
      let ensemble = try ModelEnsemble(ensemble.map { URL(filePath: $0) })
      let members = ensemble.members
      return System(task: members[0].task, members: members) { inputs in
        try ensemble.predict(inputs, threads: threads, precision: numbers.precision) {
          progress($0 * inputs.count + $1, $2 * members.count)
        }
      }
    }
    let predictor = try Predictor(
      model: URL(filePath: model), threads: threads, precision: numbers.precision)
    return System(task: predictor.task, members: nil) {
      try predictor.predict($0, progress: progress)
    }
  }
}
