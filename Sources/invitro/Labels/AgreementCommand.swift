import Basics
import ArgumentParser
import Foundation
import Harness
import Report
import Study

struct AgreementCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agreement", abstract: "Report how far crowd and model labels of a split agree.",
    discussion: """
      Shows for each pair of raters: rows with both labels (n), Krippendorff's alpha
      (interval), the mean (MAE) and standard deviation (SD, n-1) of |difference|,
      Pearson's correlation (PCC), and the mean difference. Then it shows the same by
      demographic group (groups of fewer than 10 rows or 5 persons are left out), and
      the essays with the largest difference. --svg draws the distribution of
      differences.

      The same essays may occur in another set with labels of their own. --again-in
      newsemp23/train with --again llama-23=FILE joins these by the text of the essay,
      as one more rater. The paper measures in this way how far Llama agrees with
      itself (table IX).

      The list of single essays shows crowd labels: do not publish it. --largest 0
      leaves it out.

      Example:
        invitro data fetch llmpathy
        invitro agreement --benchmark newsemp18 --split all --largest 0 \\
          --labels llama=data/fetched/llmpathy/NewsEmp2022/messages_train_ready_for_WS_llama.tsv
      """)

  @OptionGroup var split: SplitOptions

  @Option(
    name: .long,
    help: .value(
      "name=file",
      "Labels by a model: TSV with a header and the split's ids, as in the LLMPathy "
        + "repository. May be given several times, also for one name.")) var labels: [String] = []

  @Option(
    name: .long,
    help: .value("name=column", "Column of a name's labels. Default: llm_TARGET, else TARGET."))
  var labelColumn: [String] = []

  @Option(
    help: .value(
      "name=file",
      "Labels of the same essays in other sets, under a name of their own; may be "
        + "given several times, also for one name.")) var again: [String] = []

  @Option(help: .value("benchmark/split", "A set that --again labels; may be given several times."))
  var againIn: [String] = []

  @Option(help: .value("count", "How many of the essays with the largest difference to list."))
  var largest: Int = 10

  @Flag(help: "Show the text of the essays in that list too.") var showText = false

  @Option(help: .value("file", "File to draw the distribution of differences to.")) var svg: String?

  @OptionGroup var shared: SharedOptions

  func validate() throws {
    try require(!labels.isEmpty, "Give at least one label file with --labels NAME=FILE.")
    try require(again.isEmpty == againIn.isEmpty, "--again and --again-in belong together.")
    try checkingUsage {
      let names = Set(try files().map(\.name))
      for name in try LabelFile.parse(again, option: "--again").map(\.name) {
        try require(!names.contains(name), "--labels and --again have the same name, \(name).")
      }
    }
    try require(largest >= 0, "--largest must be 0 or more.")
  }

  private func files() throws -> [LabelFile] {
    try LabelFile.parse(labels, columns: labelColumn, option: "--labels")
  }

  func run() throws {
    let (definition, dataset) = try split.load(shared.home)
    var rated = RatedSplit(definition, dataset)
    try rated.add(files(), say: Console.message)
    try rated.addAgain(
      LabelFile.parse(again, option: "--again"), labelling: againIn, home: shared.home,
      say: Console.message)
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
    try shared.show(report, as: report.text)
  }
}
