import ArgumentParser
import Foundation
import Harness

/// A file of labels in place of a benchmark, and how its columns are called.
struct GoldColumns: ParsableArguments {
  @Option(
    help: .value(
      "file",
      "Labels to use instead of a benchmark: CSV, TSV or JSON lines; or without a header, in the "
        + "predictions' order."), completion: Completions.tables)
  var gold: String?

  @Option(
    help: .value(
      "target",
      "With --gold: column of labels, COLUMN:LOW:HIGH or NAME=COLUMN:LOW:HIGH, with or without the "
        + "range; may be repeated. Default: columns of numbers that the predictions have too."))
  var target: [String] = []

  @Option(
    help: .value(
      "column",
      "With --gold: column of a row's id; several make one together. Default: the one that both "
        + "files have."))
  var id: [String] = []

  /// - Throws: a usage error unless either a benchmark or a file is given.
  func check(_ split: SplitOptions) throws {
    try require(
      (gold == nil) != (split.benchmark == nil),
      gold == nil ? "Give --benchmark or --gold." : "Give --benchmark or --gold, not both.")
    try require(gold == nil || split.split == nil, "--split goes with --benchmark.")
    try require(gold != nil || target.isEmpty, "--target goes with --gold.")
    try require(gold != nil || id.isEmpty, "--id goes with --gold.")
  }

  /// What the options say of the file.
  func request() -> DraftRequest {
    var request = DraftRequest(name: "files", file: URL(filePath: gold ?? "-"))
    (request.targets, request.ids) = (target, id)
    return request
  }

  /// Says in one line what of `uses` was guessed.
  func sayChoice(of labels: GoldSplit, _ uses: [ColumnUse]) {
    guard let choice = labels.choice(uses) else { return }
    Console.message(choice)
  }
}

/// The same with what makes clusters and groups.
struct GoldOptions: ParsableArguments {
  @OptionGroup var columns: GoldColumns

  @Option(
    help: .value(
      "column",
      "Cluster column of intervals and tests, or row. Default: the benchmark's first. With --gold: "
        + "COLUMN or NAME=COLUMN, the main one first; at most two. Default: guessed."))
  var cluster: [String] = []

  @Option(
    help: .value(
      "column", "With --gold: attribute that makes groups; may be repeated. Default: guessed."))
  var attribute: [String] = []

  @Option(
    help: .value(
      "target:metric",
      "With --gold: what systems are judged by; average for all targets. Default: PCC of the first."
    ))
  var primary: String?

  var file: String? { columns.gold }

  func check(_ split: SplitOptions) throws {
    try columns.check(split)
    guard file == nil else { return }
    try require(attribute.isEmpty, "--attribute goes with --gold; --by chooses a benchmark's.")
    try require(primary == nil, "--primary goes with --gold; a benchmark defines its own.")
    try require(cluster.count < 2, "--cluster is given once with --benchmark.")
  }

  /// The clustering to use: of a benchmark the one that was named; of a file its first, or rows.
  var clustering: String? {
    cluster.first.flatMap { file == nil || $0 == BenchmarkDefinition.rows ? $0 : nil }
  }

  func split(
    beside files: [PredictionFile], _ predictions: PredictionOptions
  ) throws -> GoldSplit {
    var request = columns.request()
    (request.clusters, request.attributes, request.primary) = (cluster, attribute, primary)
    return try GoldSplit(request, beside: files, columns: predictions.column)
  }
}
