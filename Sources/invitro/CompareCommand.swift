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

        No benchmark:  invitro compare a.csv b.csv --gold gold.csv --cluster speaker
                       (a file of labels; its columns are guessed, or named)

      The permutation test swaps the two systems' predictions cluster by cluster; p
      is two-sided. Spearman and Kendall are tested by signs of jackknife shares
      instead: see docs/explanation/inference.md.
      """)

  @Argument(
    help: "Two prediction files; with --runs, two folders; with --all, any number of files.",
    completion: Completions.predictions)
  var inputs: [String] = []

  @Flag(help: "Compare all systems with each other: adjusted p-values, ranks and tie groups.")
  var all = false

  @Flag(help: "Compare two training procedures over their seeds.") var runs = false
  @Option(help: "The folder of submissions, for --all.", completion: .directory) var submissions:
    String = "submissions"

  @OptionGroup var split: SplitOptions
  @OptionGroup var gold: GoldOptions
  @OptionGroup var inference: IntervalArguments
  @OptionGroup var predictions: PredictionOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var result: ResultOptions

  func validate() throws {
    try require(!(all && runs), "Give --all or --runs, not both.")
    try require(
      all || inputs.count == 2,
      runs ? "--runs takes two folders." : "Give two prediction files, or --all.")
    try gold.check(split)
    try require(
      gold.file == nil || !inputs.isEmpty,
      "--all with --gold takes prediction files: entries of a folder belong to a benchmark.")
  }

  func run() throws {
    // Of two folders of runs, of two files or of all of them.
    let files: [[PredictionFile]] = try inputs.map { input in
      let url = URL(filePath: input)
      return runs ? try RunFolder.files(in: url) : [try PredictionFile(url)]
    }
    let (scorer, reader) = try prepare(files.flatMap { $0 })
    var read = try faultsTogether(files.flatMap { $0 }) { try reader.read($0) }[...]
    let systems = files.map { part in
      defer { read = read.dropFirst(part.count) }
      return Array(read.prefix(part.count))
    }
    if runs {
      try compareRuns(scorer, systems)
    } else if all {
      try compareAll(scorer, reader, systems.flatMap { $0 })
    } else {
      let report = try scorer.compare(
        systems[0][0], named: inputs[0], systems[1][0], named: inputs[1])
      try result.show(
        report, as: CompareText.pair(report, targets: scorer.definition.shownTargets.map(\.name)))
    }
  }

  private func prepare(_ files: [PredictionFile]) throws -> (Scorer, PredictionReader) {
    let options = try inference.scoringOptions(cluster: gold.clustering)
    guard gold.file != nil else {
      let (definition, dataset) = try split.load(data.home)
      return (
        try Scorer(definition, dataset: dataset, options: options),
        try predictions.reader(definition, dataset)
      )
    }
    let labels = try gold.split(beside: files, predictions)
    gold.columns.sayChoice(of: labels, [.id, .target, .cluster])
    return (
      try Scorer(labels.definition, dataset: labels.dataset, options: options),
      labels.reader(dropMissing: predictions.dropMissing)
    )
  }

  private func compareRuns(_ scorer: Scorer, _ folders: [[Predictions]]) throws {
    let report = RunsReport(scorer, folders[0], named: inputs[0], folders[1], named: inputs[1])
    try result.show(report, as: CompareText.runs(report))
  }

  /// What `--all --format json` prints.
  struct AllReport: Encodable {
    var comparison: BoardComparison
    var lookAlikes: [BoardComparer.LookAlikeFlag]
    var overlaps: [SplitOverlap]
  }

  private func compareAll(
    _ scorer: Scorer, _ reader: PredictionReader, _ read: [Predictions]
  ) throws {
    var (systems, overlaps): ([BoardComparer.System], [SplitOverlap]) = ([], [])
    if inputs.isEmpty {
      (systems, overlaps) = try BoardComparer(scorer).systems(
        of: SubmissionFolder(URL(filePath: submissions)), reader, home: data.home,
        benchmarks: data.home.known(adding: split.benchmark.map { [$0] } ?? []))
    } else {
      systems = zip(inputs, read).map { .init(slug: $0, predictions: $1) }
    }
    guard let outcome = BoardComparer(scorer).compare(systems) else {
      throw HarnessError.usage(
        "There are \(systems.count) systems on \(scorer.definition.id)/\(scorer.dataset.split); "
          + "a comparison needs two that predict every row.")
    }
    let report = AllReport(
      comparison: outcome.comparison, lookAlikes: outcome.lookAlikes, overlaps: overlaps)
    let remarks = outcome.lookAlikes.map(CompareText.flag) + overlaps.map(\.text)
    try result.show(report, as: CompareText.board(outcome.comparison, remarks: remarks))
  }
}
