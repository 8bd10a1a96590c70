import Basics
import ArgumentParser
import Foundation
import Harness
import Reference
import Report

struct ExperimentSummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary",
    abstract: "Compare the rows of an experiment: tables, tests, intervals, plots.",
    discussion: HelpText.reflow(
      """
      Two questions have two tests. Would other seeds say the same? The paper's t-test over seeds
      answers that, for these test rows. Would other persons say the same? Here the predictions are
      averaged over seeds and compared as `invitro compare` does, with persons as clusters. A
      difference that only the first finds may be the luck of the test set.

      Writes summary.json, .md, .tex and .csv to --to, with a plot of the metrics over alpha and
      over the share of added data where rows differ in these alone; none of them holds a label or a
      prediction. Cells that are not finished are left out and counted.

      Example:
        invitro experiment summary runs/newsemp18-minilm
      """))

  @Argument(help: "The experiment's folder.")
  var folder: String

  @Option(
    help: ArgumentHelp(
      "Where the documents go. Default: summary, below the folder.", valueName: "dir"))
  var to: String?

  @OptionGroup var inference: InferenceArguments
  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func run() throws {
    let folder = ExperimentFolder(URL(filePath: folder))
    let experiment = try folder.experiment()
    let inputs = ExperimentInputs(
      experiment, home: data.home, name: folder.experimentURL.relativePath)
    let summary = try ExperimentSummarizer(
      inputs: inputs, folder: folder, index: folder.index(),
      options: inference.scoringOptions()
    ).summary()
    let target = to.map { URL(filePath: $0) } ?? folder.url.appending(path: "summary")
    for (name, data) in try summary.documents().sorted(by: { $0.key < $1.key }) {
      try AtomicFile.write(data, to: target.appending(path: name))
    }
    Console.message("documents in \(target.relativePath)")
    if output.json { return try Console.json(summary) }
    Console.print(Self.text(summary))
  }

  private static func text(_ summary: ExperimentSummary) -> String {
    var parts = [summary.title]
    for (caption, header, rows) in summary.tables {
      var table = TextTable(header.enumerated().map { ($1, $0 == 0 ? .left : .right) })
      for row in rows { table.add(row) }
      parts.append("\(caption)\n\n\(table.text)")
    }
    parts.append(([ExperimentSummary.legend] + summary.notes).joined(separator: "\n"))
    parts += summary.splits.map(\.signature)
    return parts.joined(separator: "\n\n")
  }
}
