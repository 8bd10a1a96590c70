import ArgumentParser
import Foundation
import Harness
import Metrics
import Reference
import Report

struct CurateCompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare ways to correct labels on persons whom none of them has seen.",
    discussion: HelpText.reflow(
      """
      Cross-validation within cross-validation: persons are dealt into folds; for each fold, every way
      works on the other folds alone, --alpha auto and --soft of `curate correct` included. A ridge
      regression learns the labels that come of it and predicts the fold. The predictions of all folds
      are scored against the crowd's labels, each way also as a difference to --against, with
      intervals over persons and a swap test (p, unadjusted).

      The regression reads word counts, or with --states the states that `invitro embed` wrote. It is
      a quick stand-in for fine-tuning: it ranks corrections for itself, not for an encoder.

      Example:
        invitro curate compare --benchmark newsemp18 --split all --llm llama=LABELS.tsv --states DIR
      """))

  @Option(name: [.short, .long], help: "The benchmark whose labels are corrected.")
  var benchmark: String

  @Option(name: [.short, .long], help: "The split.")
  var split: String = "train"

  @Option(help: ArgumentHelp("The model's labels, TSV.", valueName: "name=file"))
  var llm: String

  @Option(help: "Fixed thresholds to try; may be given several times.")
  var alpha: [Double] = [3.5, 4, 4.5]

  @Option(help: "The fixed threshold that the others are compared with.")
  var against: Double = 4

  @OptionGroup var states: StatesOption

  @Option(help: "Folds of persons.")
  var folds: Int = 10

  @Option(help: "Seed of the folds and of the swap test.")
  var seed: UInt64 = 0

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func validate() throws {
    guard (alpha + [against]).allSatisfy((0...6).contains) else {
      throw ValidationError("--alpha and --against are from 0 to 6.")
    }
    guard (2...100).contains(folds) else { throw ValidationError("--folds is from 2 to 100.") }
    _ = try LabelFile.parse([llm], option: "--llm")
  }

  func run() throws {
    let definition = try BenchmarkRegistry.find(benchmark)
    var rated = RatedSplit(definition, try data.home.load(definition, split: split))
    let files = try LabelFile.parse([llm], option: "--llm")
    try rated.add(files)
    let name = files[0].name
    let thresholds = Set(alpha + [against]).sorted()
    let bar = ProgressBar("comparing", unit: "folds")
    let trial = try CorrectionTrial(
      rated.essays, features: try states.features(of: rated),
      ways: [.fixed(.none)] + thresholds.map { .fixed(.threshold(llm: name, alpha: $0)) }
        + [.chosenAlpha(llm: name), .soft(llm: name), .fixed(.replace(llm: name))],
      folds: folds, seed: seed
    ) { bar.update($0, of: $1) }
    let reference = LabelCorrection.threshold(llm: name, alpha: against)
    let report = CorrectionReport(
      trial, set: rated.set, features: states.description, reference: reference.name)
    if output.json { return try Console.json(report) }
    Console.print(report.text)
  }
}

/// What the regression behind a choice of labels reads.
struct StatesOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "States that `invitro embed` wrote for these rows, in place of word counts.",
      valueName: "dir"))
  var states: String?

  var description: String { states == nil ? "word counts" : "first-token states" }

  /// (n, D), a row for each essay of the split.
  ///
  /// - Throws: `HarnessError` where a row of the split has no state.
  func features(of rated: RatedSplit) throws -> [[Double]] {
    guard let states else { return WordFeatures.extract(rated.essays.map(\.text)) }
    let folder = URL(filePath: states, directoryHint: .isDirectory)
    let found = try NumPyArray.read(folder.appending(path: "states.npy"))
    let file = folder.appending(path: "rows.tsv")
    let table = try LabelTable.read(file)
    guard table.header == ["set", "id"], table.rows.count == found.count else {
      throw HarnessError.invalid([
        Fault(
          .rowCount, file: file.relativePath, found: "\(table.rows.count) rows",
          expected: "columns set and id, and \(found.count) rows as in states.npy")
      ])
    }
    let places = Dictionary(
      table.rows.enumerated().map { ("\($1[0]) \($1[1])", $0) }, uniquingKeysWith: { a, _ in a })
    let rows = rated.essays.map { places["\(rated.set) \($0.id)"] }
    let missing = rows.count { $0 == nil }
    guard missing == 0 else {
      throw HarnessError.invalid([
        Fault(
          .missingID, file: file.relativePath, found: "no state for \(missing) rows",
          expected: "all rows of \(rated.set): run `invitro embed` on that split")
      ])
    }
    return rows.compactMap { $0.map { found[$0] } }
  }
}
