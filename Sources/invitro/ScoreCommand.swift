import Basics
public import ArgumentParser
import Foundation
import Harness
import Report
import Metrics

struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Score prediction files: PCC, CCC, RMSE, MAE and rank correlations with intervals.",
    discussion: """
      Intervals treat the rows of a cluster, such as a person, as dependent. With
      fewer than 20 clusters they are unreliable, and the report says so. Where
      clusters repeat, PCC within them shows how well a person's own rows are ranked.
      Demographic groups of fewer than 10 rows or 5 persons are not shown, nor larger
      ones that would reveal them; --all-groups shows every group, on your own
      machine.

      Examples:
        invitro score predictions_EMP.tsv --benchmark sample24 --split test
        invitro score p.jsonl -b newsemp24 -s dev --by race -o scores.csv
        invitro score runs/*/predictions.tsv -b sample24 -s test --format markdown
        invitro score predictions.csv --gold gold.csv

      Whether systems differ by more than chance is a question for `invitro compare`.

      --gold needs no benchmark: it takes a CSV, TSV or JSON lines file of labels.
      What its columns mean is guessed from their names and from what both files
      share, and said in one line; options say it instead:

        invitro score predictions.csv --gold gold.csv --id turn_id
          --target empathy:1:7 --target distress --cluster speaker --cluster article
          --attribute gender --primary ccc
      """)

  @Argument(
    help: .init(
      "The prediction file; - is standard input. Several files make a table with a row for each, "
        + "named by what their paths differ in."), completion: Completions.predictions)
  var files: [String]

  @OptionGroup var split: SplitOptions

  @OptionGroup var gold: GoldOptions

  @Option(help: .value("gender,race,…", "Show only the groups of these attributes."))
  var by: String?

  @Flag(help: "Show withheld groups too. The report is then for this machine, not for publication.")
  var allGroups = false

  @OptionGroup var inference: IntervalArguments

  @Flag(help: "Show intervals under the other clusterings too, and under two crossed ones.")
  var sensitivity = false

  @Flag(help: "Simulate the smallest difference that a comparison on this split can detect.")
  var detectable = false

  @Flag(help: "Skip Spearman and Kendall, which take most of the time on millions of rows.")
  var noRanks = false

  @Option(
    help: .value(
      "file",
      "Also write the scores as a model-index into this model card (README.md) for the Hugging Face "
        + "Hub; - prints the block instead of the result."), completion: .file())
  var modelIndex: String?

  @Option(help: "Name of the system in --model-index. Default: the prediction file's.")
  var system: String?

  @OptionGroup var predictions: PredictionOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var result: ResultOptions

  func validate() throws {
    try gold.check(split)
    let isAlone = files.count == 1
    try require(isAlone || !allGroups, "--all-groups takes one prediction file.")
    try require(isAlone || !sensitivity, "--sensitivity takes one prediction file.")
    try require(isAlone || !detectable, "--detectable takes one prediction file.")
    try require(isAlone || modelIndex == nil, "--model-index takes one prediction file.")
    try require(system == nil || modelIndex != nil, "--system goes with --model-index.")
    try require(Set(files).count == files.count, "A prediction file is given twice.")
  }

  func run() throws {
    let (scored, definition) = try gold.file == nil ? scoreSplit() : scoreFile()
    let targets = definition.shownTargets.map(\.name)
    if scored.count > 1 {
      let systems = zip(zip(files, SystemNames.distinct(files)), scored).map { input, scored in
        ScoreTable.System(
          name: input.1, file: input.0, report: ReleaseRule.open.release(scored))
      }
      let table = ScoreTable(systems)
      return try result.show(
        table, as: table.document(targets: targets, primary: definition.primary.metric))
    }
    let report = ReleaseRule.open.release(scored[0])
    if let modelIndex {
      try write(
        ModelIndex(report, of: definition, named: system ?? SystemNames.distinct(files)[0]),
        to: modelIndex)
      if modelIndex == "-", result.output == nil { return }
    }
    if allGroups {
      let local = scored[0].local
      return try result.show(
        local, as: ScoreText(local, targets: definition.targetNames).document)
    }
    try result.show(report, as: ScoreText(report, targets: targets).document)
  }

  private func write(_ index: ModelIndex, to file: String) throws {
    if file == "-" { return Console.print(String(index.yaml.dropLast())) }
    let url = URL(filePath: file)
    let exists = FileManager.default.fileExists(atPath: file)
    let card = exists ? String(decoding: try Data(contentsOf: url), as: UTF8.self) : nil
    try AtomicFile.write(Data(index.added(to: card, file: file).utf8), to: url)
    Console.message("model-index in \(file)")
  }

  private func options() throws -> ScoringOptions {
    var options = try inference.scoringOptions(cluster: gold.clustering)
    options.attributes = by?.split(separator: ",").map(String.init)
    // A table of several systems has groups on request.
    if files.count > 1, by == nil { options.attributes = [] }
    options.allGroups = allGroups
    options.sensitivity = sensitivity
    options.detectable = detectable
    options.ranks = !noRanks
    options.within = true
    return options
  }

  private func scoreFile() throws -> ([PrivateReport], BenchmarkDefinition) {
    let inputs = try files.map { try PredictionFile(URL(filePath: $0)) }
    let labels = try gold.split(beside: inputs, predictions)
    // That there are no clusters is a note of the report.
    let uses = ColumnUse.allCases.filter { $0 != .cluster || !labels.definition.clusters.isEmpty }
    gold.columns.sayChoice(of: labels, uses)
    let options = try options()
    try labels.definition.checkAttributes(options.attributes ?? [])
    let reports = try faultsTogether(inputs) { input in
      let (report, warnings) = try labels.score(
        input, dropMissing: predictions.dropMissing, options: options,
        look: { misfit($1, of: $0, file: input.name) })
      FaultListing.show(warnings)
      return report
    }
    return (reports, labels.definition)
  }

  private func scoreSplit() throws -> ([PrivateReport], BenchmarkDefinition) {
    let (definition, name) = try split.resolve(data.home)
    let options = try options()
    try definition.checkAttributes(options.attributes ?? [])
    let dataset = try data.home.load(definition, split: name)
    let scorer = try Scorer(definition, dataset: dataset, options: options)
    let reader = try predictions.reader(definition, dataset)
    let read = try faultsTogether(files) { try reader.read(URL(filePath: $0)) }
    FaultListing.show(read.flatMap(\.warnings))
    for (file, read) in zip(files, read) {
      FaultListing.show(misfit(read, of: scorer, file: file))
    }
    return (try read.map { try scorer.score($0) }, definition)
  }

  /// The labels are on this machine, and so may be what they tell of the file.
  private func misfit(_ read: Predictions, of scorer: Scorer, file: String) -> [Diagnostic] {
    MisfitCheck(scorer, under: .open)?.warning(on: read, file: file).map { [$0] } ?? []
  }
}

/// The choices of an inference on a benchmark, shared by `site build`, `serve` and others.
struct InferenceArguments: ParsableArguments {
  @Option(help: "Cluster column of intervals and tests, or row. Default: the benchmark's first.")
  var cluster: String?

  @OptionGroup var intervals: IntervalArguments

  func scoringOptions() throws -> ScoringOptions { try intervals.scoringOptions(cluster: cluster) }
}

/// How intervals and tests are made.
struct IntervalArguments: ParsableArguments {
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

  func scoringOptions(cluster: String?) throws -> ScoringOptions {
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
