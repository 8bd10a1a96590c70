import Basics
import ArgumentParser
import Foundation
import Harness
import Reference
import Report
import Study

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

      The same essays may stand in another set with labels of their own. --again-in newsemp23/train
      with --again llama-23=FILE joins these on by the text of the essay, as one more rater: how the
      paper finds how far Llama agrees with itself (table IX).

      The list of single essays shows crowd labels: it is for this machine, not for publication.
      --largest 0 leaves it out.

      Example:
        invitro data fetch llmpathy
        invitro agreement --benchmark newsemp18 --split all --largest 0 \\
          --labels llama=data/fetched/llmpathy/NewsEmp2022/messages_train_ready_for_WS_llama.tsv
      """))

  @OptionGroup var split: SplitOptions
  @OptionGroup var files: LabelFileOptions

  @Option(
    help: ArgumentHelp(
      "Labels of the same essays in other sets, under a name of their own; may be given several "
        + "times, also for one name.", valueName: "name=file"))
  var again: [String] = []

  @Option(
    help: ArgumentHelp(
      "A set that --again labels; may be given several times.", valueName: "benchmark/split"))
  var againIn: [String] = []

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
    guard again.isEmpty == againIn.isEmpty else {
      throw ValidationError("--again and --again-in belong together.")
    }
    try checkingUsage {
      let names = Set(try files.parsed().map(\.name))
      for file in try LabelFile.parse(again, option: "--again") where names.contains(file.name) {
        throw ValidationError("--labels and --again have the same name, \(file.name).")
      }
    }
    guard largest >= 0 else { throw ValidationError("--largest is 0 or more.") }
  }

  func run() throws {
    let (definition, name) = try split.resolve()
    let dataset = try data.home.load(definition, split: name)
    var rated = RatedSplit(definition, dataset)
    try rated.add(files.parsed(), say: Console.message)
    try addAgain(to: &rated)
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

  private func addAgain(to rated: inout RatedSplit) throws {
    let sets = try againIn.map { set -> (BenchmarkDefinition, Dataset) in
      let parts = set.split(separator: "/").map(String.init)
      guard parts.count == 2 else {
        throw ValidationError("--again-in takes BENCHMARK/SPLIT, not '\(set)'.")
      }
      let definition = try BenchmarkRegistry.find(parts[0])
      return (definition, try data.home.load(definition, split: parts[1]))
    }
    try rated.addAgain(
      LabelFile.parse(again, option: "--again"), labelling: sets, say: Console.message)
  }
}
