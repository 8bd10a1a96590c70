import Basics
public import ArgumentParser
import Foundation
import Harness
import Report
import Metrics

struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Score a prediction file: PCC, CCC, RMSE, MAE and rank correlations with intervals.",
    discussion: """
      Intervals treat the rows of a cluster, such as a person, as dependent. With
      fewer than 20 clusters they are unreliable, and the report says so. Demographic
      groups of fewer than 10 rows or 5 persons are not shown, nor larger ones that
      would reveal them; --all-groups shows every group, on your own machine.

      Examples:
        invitro score predictions_EMP.tsv --benchmark sample24 --split test
        invitro score p.jsonl --benchmark newsemp24 --split dev --by race --json
        invitro score predictions.tsv --gold labels.tsv
      """)

  @Argument(help: "The prediction file; - is standard input.") var file: String

  @OptionGroup var split: SplitOptions

  @Option(
    help: .value(
      "file",
      "Score against this file instead of a benchmark: in the same order, or with the same ids."))
  var gold: String?

  @Option(help: .value("gender,race,…", "Show only the groups of these attributes."))
  var by: String?

  @Flag(help: "Show withheld groups too. The report is then for this machine, not for publication.")
  var allGroups = false

  @OptionGroup var inference: InferenceArguments

  @Flag(help: "Show intervals under the other clusterings too, and under two crossed ones.")
  var sensitivity = false

  @Flag(help: "Simulate the smallest difference that a comparison on this split can detect.")
  var detectable = false

  @Flag(help: "Skip Spearman and Kendall, which take most of the time on millions of rows.")
  var noRanks = false

  @OptionGroup var predictions: PredictionOptions
  @OptionGroup var shared: SharedOptions

  func validate() throws {
    try require((gold == nil) != (split.benchmark == nil), "Give either --benchmark or --gold.")
  }

  func run() throws {
    let (scored, definition) = try gold.map(scorePair) ?? scoreSplit()
    if allGroups {
      let local = scored.local
      return try shared.show(local, as: ScoreText(local, targets: definition.targetNames).text)
    }
    let report = ReleaseRule.open.release(scored)
    let targets = definition.shownTargets.map(\.name)
    try shared.show(report, as: ScoreText(report, targets: targets).text)
  }

  private func options() throws -> ScoringOptions {
    var options = try inference.scoringOptions()
    options.attributes = by?.split(separator: ",").map(String.init)
    options.allGroups = allGroups
    options.sensitivity = sensitivity
    options.detectable = detectable
    options.ranks = !noRanks
    return options
  }

  private func scorePair(_ gold: String) throws -> (PrivateReport, BenchmarkDefinition) {
    let model = try BenchmarkRegistry.standard()
    let report = try FilePair(
      predictions: URL(filePath: file), gold: URL(filePath: gold), like: model,
      columns: try predictions.columns(model), dropMissing: predictions.dropMissing
    ).score(options())
    return (report, model)
  }

  private func scoreSplit() throws -> (PrivateReport, BenchmarkDefinition) {
    let (definition, name) = try split.resolve(shared.home)
    let options = try options()
    try definition.checkAttributes(options.attributes ?? [])
    let dataset = try shared.home.load(definition, split: name)
    let scorer = try Scorer(definition, dataset: dataset, options: options)
    let read = try predictions.reader(definition, dataset).read(URL(filePath: file))
    FaultListing.show(read.warnings)
    return (try scorer.score(read), definition)
  }
}

/// The choices of an inference, shared by `score`, `compare` and `site build`.
struct InferenceArguments: ParsableArguments {
  @Option(help: "Cluster column of intervals and tests, or row. Default: the benchmark's first.")
  var cluster: String?

  @Option(
    help: .value(
      "method",
      "How intervals are computed. Default: the method with the best coverage at 57 "
        + "clusters, see docs/explanation/inference.md."))
  var interval: IntervalMethod = SystemInference.defaultMethod

  @Option(help: "Nominal coverage of intervals.") var level: Double = 0.95
  @Option(help: "Number of bootstrap resamples and of permutations.") var replicates: Int = 10_000
  @Option(help: "Seed of everything random; the signature names it.") var seed: UInt64 = 1

  @Option(help: "Form of CCC: lin-n (Lin 1989) or lin-n-1 (the paper's tables, torchmetrics).")
  var ccc: ConcordanceForm = .population

  @Option(help: "Number of threads; the figures do not depend on it.")
  var threads: Int = Parallel.processors

  func validate() throws {
    try require(level > 0.5 && level < 1, "--level must lie between 0.5 and 1; found \(level).")
    try require(
      (100...10_000_000).contains(replicates), "--replicates must lie between 100 and 10,000,000.")
    try require(threads > 0, "--threads must be 1 or more.")
    try require(
      IntervalMethod.choices.contains(interval),
      "--interval takes jackknife-z, percentile, bca or studentised; "
        + "--sensitivity shows the two-way interval.")
  }

  func scoringOptions() throws -> ScoringOptions {
    ScoringOptions(
      inference: InferenceOptions(
        level: level, replicates: replicates, seed: seed, form: ccc, threads: threads),
      method: interval, cluster: cluster)
  }
}

extension IntervalMethod: ExpressibleByArgument {
  /// The methods of a single clustering; the others stand beside them where they apply.
  static let choices = allCases.filter { ![.twoWayJackknife, .fisherRows].contains($0) }

  static var allValueStrings: [String] { choices.map(\.rawValue) }
}
extension ConcordanceForm: ExpressibleByArgument {}
