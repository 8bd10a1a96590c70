import ArgumentParser
import Basics
import Foundation
import Harness
import Report

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check a prediction file and list everything that is wrong with it.",
    discussion: """
      The file may be in the WASSA form (predictions_EMP.tsv: no header, the first
      target and optionally the others, in the order of the split), TSV or CSV with a
      header and an id, or JSON lines; plain or in a zip. Of the imported split only
      the ids are used, not the labels; so of a file of labels (--gold), which needs
      no benchmark.

        Examples:  invitro validate predictions_EMP.tsv -b sample24 -s test
                   invitro validate predictions.csv --gold gold.csv --target joy:0:10
      """)

  @Argument(
    help: "The prediction file; - is standard input.", completion: Completions.predictions)
  var file: String

  @OptionGroup var split: SplitOptions
  @OptionGroup var ids: IDsOption
  @OptionGroup var gold: GoldColumns
  @OptionGroup var predictions: PredictionOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var result: ResultOptions

  /// What `--format json` prints.
  struct Verdict: Encodable {
    var valid: Bool
    var rows: Int?
    var targets: [String]?
    var missing: Int?
    var sha256: String?
    var faults: [Diagnostic]
  }

  func validate() throws {
    try gold.check(split)
    try require(ids.ids == nil || gold.gold == nil, "--ids goes with --benchmark.")
  }

  func run() throws {
    do {
      if gold.gold != nil {
        let input = try PredictionFile(URL(filePath: file))
        let labels = try GoldSplit(
          gold.request(), beside: [input], columns: predictions.column)
        gold.sayChoice(of: labels, [.id, .target])
        let reader = labels.reader(dropMissing: predictions.dropMissing)
        return try report(reader.read(input), of: labels.dataset)
      }
      let (definition, dataset) = try ids.load(split, data.home)
      let read = try predictions.reader(definition, dataset).read(URL(filePath: file))
      try report(read, of: dataset)
    } catch HarnessError.invalid(let faults) where result.form != .text {
      try result.show(
        Verdict(valid: false, faults: faults), as: Self.document("\(file) is not valid.", faults))
      throw ExitCode(ExitStatus.badData.rawValue)
    }
  }

  private func report(_ read: Predictions, of dataset: Dataset) throws {
    let targets = read.attempted
    var sentence =
      "\(file) is valid: \(read.present.count) rows of \(dataset.benchmark)/\(dataset.split), "
      + targets.joined(separator: " and ")
    if read.missingCount > 0 {
      sentence += "; \(read.missingCount) rows without a prediction dropped"
    }
    let isText = result.form == .text
    if isText { FaultListing.show(read.warnings) }
    try result.show(
      Verdict(
        valid: true, rows: read.present.count, targets: targets, missing: read.missingCount,
        sha256: read.digest, faults: read.warnings),
      as: Self.document(sentence, isText ? [] : read.warnings))
  }

  private static func document(_ sentence: String, _ faults: [Diagnostic]) -> ResultDocument {
    ResultDocument([.lines(sentence)] + (faults.isEmpty ? [] : [.table(Diagnostic.table(faults))]))
  }
}

/// The rows of a split where it is not imported, as in a repository without labels.
struct IDsOption: ParsableArguments {
  @Option(
    help: .value("file", "The split's ids, a line each in its order, where it is not imported."),
    completion: .file())
  var ids: String?

  /// The split of these ids, else the imported one.
  func load(_ split: SplitOptions, _ home: DataHome) throws -> (BenchmarkDefinition, Dataset) {
    guard let ids else { return try split.load(home) }
    let (definition, name) = try split.resolve(home)
    let file = try existing(ids, hint: "Check --ids.")
    return (definition, try Dataset(definition, split: name, ids: file))
  }
}
