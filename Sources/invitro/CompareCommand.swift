import ArgumentParser
import Foundation
import Harness
import Report

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Test whether systems, or training procedures, differ by more than chance.",
    discussion: """
        Two systems:   invitro compare a.tsv b.tsv --benchmark sample24
        Many systems:  invitro compare --all -b sample24 -s test
                       (the entries of the submissions folder, or the files given)
        Seeds:         invitro compare --runs DIR_A DIR_B -b sample24 -s dev
                       (each prediction file in a folder is a run with its own seed)

      The permutation test swaps the two systems' predictions cluster by cluster; p is
      two-sided. Spearman and Kendall are tested by signs of jackknife shares instead:
      see docs/explanation/inference.md.
      """)

  @Argument(
    help: "Two prediction files; with --runs, two folders; with --all, any number of files.")
  var inputs: [String] = []

  @Flag(help: "Compare all systems with each other: adjusted p-values, ranks and tie groups.")
  var all = false

  @Flag(help: "Compare two training procedures over their seeds.") var runs = false
  @Option(help: "The folder of submissions, for --all.") var submissions: String = "submissions"

  @OptionGroup var split: SplitOptions
  @OptionGroup var inference: InferenceArguments
  @OptionGroup var predictions: PredictionOptions
  @OptionGroup var shared: SharedOptions

  func validate() throws {
    try require(!(all && runs), "Give --all or --runs, not both.")
    try require(
      all || inputs.count == 2,
      runs ? "--runs takes two folders." : "Give two prediction files, or --all.")
  }

  func run() throws {
    let (definition, dataset) = try split.load(shared.home)
    let scorer = try Scorer(definition, dataset: dataset, options: try inference.scoringOptions())
    let reader = try predictions.reader(definition, dataset)
    if runs {
      try compareRuns(scorer, reader)
    } else if all {
      try compareAll(scorer, reader)
    } else {
      let read = try inputs.map { try reader.read(URL(filePath: $0)) }
      let report = try scorer.compare(read[0], named: inputs[0], read[1], named: inputs[1])
      try shared.show(
        report, as: CompareText.pair(report, targets: definition.shownTargets.map(\.name)))
    }
  }

  private func compareRuns(_ scorer: Scorer, _ reader: PredictionReader) throws {
    let folders = try inputs.map { try RunFolder.predictions(in: URL(filePath: $0), reader) }
    let report = RunsReport(scorer, folders[0], named: inputs[0], folders[1], named: inputs[1])
    try shared.show(report, as: CompareText.runs(report))
    if !shared.json { Console.message("Note: " + RunsReport.warning) }
  }

  /// What `--all --json` prints.
  struct AllReport: Encodable {
    var comparison: BoardComparison
    var lookAlikes: [BoardComparer.LookAlikeFlag]
    var overlaps: [SplitOverlap]
  }

  private func compareAll(_ scorer: Scorer, _ reader: PredictionReader) throws {
    var (systems, overlaps): ([BoardComparer.System], [SplitOverlap]) = ([], [])
    if inputs.isEmpty {
      (systems, overlaps) = try BoardComparer(scorer).systems(
        of: SubmissionFolder(URL(filePath: submissions)), reader, home: shared.home,
        benchmarks: shared.home.known(adding: split.benchmark.map { [$0] } ?? []))
    } else {
      systems = try inputs.map { .init(slug: $0, predictions: try reader.read(URL(filePath: $0))) }
    }
    guard let outcome = BoardComparer(scorer).compare(systems) else {
      throw HarnessError.usage(
        "There are \(systems.count) systems on \(scorer.definition.id)/\(scorer.dataset.split); "
          + "a comparison needs two that predict every row.")
    }
    let report = AllReport(
      comparison: outcome.comparison, lookAlikes: outcome.lookAlikes, overlaps: overlaps)
    let remarks = outcome.lookAlikes.map(CompareText.flag) + overlaps.map(\.text)
    try shared.show(
      report, as: ([CompareText.board(outcome.comparison)] + remarks).joined(separator: "\n"))
  }
}
