import ArgumentParser
import Foundation
import Harness
import Reference
import Report

struct AgreementCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agreement",
    abstract: "Say how far the crowd and models agree on the labels of a split.",
    discussion: HelpText.reflow(
      """
      For every two raters: rows with both labels (n), Krippendorff's alpha (interval), the mean (MAE)
      and standard deviation (SD, n-1) of |difference|, Pearson's correlation (PCC), and the mean
      difference. Then the same by demographic group (groups under 10 rows or 5 persons are not
      shown), and the essays with the largest difference. --svg draws the distribution of differences.

      The list of single essays shows crowd labels: it is for this machine, not for publication.
      --largest 0 leaves it out.

      Example:
        invitro data fetch llmpathy
        invitro agreement --benchmark newsemp18 --split all --largest 0 \\
          --labels llama=data/fetched/llmpathy/NewsEmp2022/messages_train_ready_for_WS_llama.tsv
      """))

  @OptionGroup var split: SplitOptions
  @OptionGroup var files: LabelFileOptions

  @Option(help: ArgumentHelp("Essays with the largest difference to list.", valueName: "count"))
  var largest: Int = 10

  @Flag(help: "Show the text of the essays in that list too.")
  var showText = false

  @Option(help: ArgumentHelp("Draw the distribution of differences here.", valueName: "file"))
  var svg: String?

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func validate() throws {
    guard !files.labels.isEmpty else {
      throw ValidationError("Give at least one label file with --labels NAME=FILE.")
    }
    guard largest >= 0 else { throw ValidationError("--largest is 0 or more.") }
  }

  func run() throws {
    let (definition, name) = try split.resolve()
    let dataset = try data.home.load(definition, split: name)
    var rated = RatedSplit(definition, dataset)
    try rated.add(files.parsed())
    let report = AgreementReport(rated, largest: largest, showText: showText)
    if let svg {
      try AtomicFile.write(Data(report.plot.svg.utf8), to: URL(filePath: svg))
      Console.message("distribution of differences in \(svg)")
    }
    if largest > 0 {
      Console.message(
        "The list of single essays shows labels\(showText ? " and texts" : "") of "
          + "\(definition.title): for this machine, not for publication.")
    }
    if output.json { return try Console.json(report) }
    Console.print(report.text)
  }
}
