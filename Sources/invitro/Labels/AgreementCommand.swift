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

      Labels cluster by the person who wrote the rows, and the structure says how
      much. Shares: how much of the variance of a rater's labels lies between
      persons, between articles, and in the rest (REML, profile likelihood).
      Correlations: within persons, of the persons' means (each counted once, and
      by rows), and latent, which corrects for how little a few rows tell of a
      person. Over persons: quantiles of each person's own PCC and MAE. Replaced:
      who wrote the rows whose label differs by more than --alpha from a model's,
      beside as many random rows (mean and central 95% of 2,000 draws). --pictures
      draws both kinds of agreement. No figure and no mark rests on fewer than 10
      rows or 5 persons.

      The same essays may occur in another set with labels of their own. --again-in
      newsemp23/train with --again llama-23=FILE joins these by the text of the
      essay, as one more rater. The paper measures in this way how far Llama agrees
      with itself (table IX).

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

  @Option(help: "A label is replaced where it differs by more from a model's.")
  var alpha: Double = 4

  @Option(help: "Seed of the random rows that replaced ones are compared with.")
  var seed: UInt64 = 0

  @Flag(help: "Show the text of the essays in that list too.") var showText = false

  @Option(
    help: .value("file", "File to draw the distribution of differences to."), completion: .file())
  var svg: String?

  @Option(
    help: .value(
      "folder", "Folder to draw the agreement within and between persons in, as structure.svg."),
    completion: .directory)
  var pictures: String?

  @OptionGroup var data: DataOptions
  @OptionGroup var result: ResultOptions

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
    try require(alpha >= 0, "--alpha must be 0 or more.")
  }

  private func files() throws -> [LabelFile] {
    try LabelFile.parse(labels, columns: labelColumn, option: "--labels")
  }

  func run() throws {
    let (definition, dataset) = try split.load(data.home)
    var rated = RatedSplit(definition, dataset)
    try rated.add(files(), say: Console.message)
    try rated.addAgain(
      LabelFile.parse(again, option: "--again"), labelling: againIn, home: data.home,
      say: Console.message)
    let report = AgreementReport(
      rated, largest: largest, showText: showText, alpha: alpha, seed: seed)
    if let svg {
      try AtomicFile.write(Data(report.plot.svg.utf8), to: URL(filePath: svg))
      Console.message("distribution of differences in \(svg)")
    }
    if let pictures {
      let folder = URL(filePath: pictures)
      if let plot = report.structure?.plot(of: rated.set) {
        try AtomicFile.createFolder(folder)
        try AtomicFile.write(Data(plot.svg.utf8), to: folder.appending(path: "structure.svg"))
        Console.message("agreement within and between persons in \(pictures)/structure.svg")
      } else {
        Console.message("no picture: there are too few rows or persons with two labels")
      }
    }
    if largest > 0 {
      Console.message(
        "The list of single essays shows labels\(showText ? " and texts" : "") of "
          + "\(definition.title): for this machine, not for publication.")
    }
    try result.show(report, as: report.document)
  }
}
