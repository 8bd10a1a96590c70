import Basics
public import Foundation
import Metrics

/// A prediction file scored against a file of gold labels, without a benchmark.
///
/// Both without header: joined by row order. Both with an id: joined by id; columns `person` and
/// `article` of the gold file, where they exist, give the clusters. A large pair without persons
/// is read in place and scored without building rows.
public struct FilePair {
  private let predictions: PredictionTable
  private let goldFile: GoldFile
  private let dropMissing: Bool

  /// Over this many rows without persons, rows are put into ``groupCount`` groups for the interval:
  /// with independent rows a grouped jackknife says the same and needs far less memory.
  public static let groupingThreshold = 100_000
  public static let groupCount = 10_000

  public init(
    predictions: URL, gold: URL, columns: TargetTable<String> = [:], id: [String] = ["id"],
    dropMissing: Bool = false
  ) throws(HarnessError) {
    let names = PredictionColumns(id: id, targets: columns)
    self.predictions = try PredictionTableReader.read(
      SourceText.readInput(predictions), name: predictions.relativePath, columns: names)
    goldFile = try GoldFile(gold, name: gold.relativePath, id: id)
    self.dropMissing = dropMissing
    let faults = self.predictions.faults + goldFile.table.faults
    if faults.contains(where: { $0.severity == .error }) { throw .invalid(faults) }
  }

  /// The report; benchmark and split are named `files` and the gold file's name.
  public func score(_ options: ScoringOptions) throws(HarnessError) -> PrivateReport {
    guard gold.ids == nil else { return try scoreKeyed(options) }
    guard predictions.ids == nil, predictions.rowCount == gold.rowCount else {
      throw .invalid([
        Fault(
          predictions.ids == nil ? .rowCount : .header, file: predictions.name,
          found: predictions.ids == nil ? "\(predictions.rowCount) rows" : "a header",
          expected: "\(gold.rowCount) rows without header, in the order of \(gold.name)")
      ])
    }
    return try scoreOrdered(options)
  }

  private var gold: PredictionTable { goldFile.table }

  /// Joined by id, through the same reader and scorer as a benchmark's split.
  private func scoreKeyed(_ options: ScoringOptions) throws(HarnessError) -> PrivateReport {
    var options = options
    if !goldFile.hasPersons { options.cluster = .row }
    let dataset = goldFile.dataset
    let definition = BenchmarkDefinition.bare(split: gold.name)
    let reader = PredictionReader(definition, dataset: dataset, dropMissing: dropMissing)
    return try Scorer(definition, dataset: dataset, options: options).score(
      reader.align(predictions))
  }

  private func scoreOrdered(_ options: ScoringOptions) throws(HarnessError) -> PrivateReport {
    var options = options
    options.cluster = .row
    let grouped = gold.rowCount > Self.groupingThreshold ? Self.groupCount : nil
    let definition = BenchmarkDefinition.bare(split: gold.name)
    var warnings: [Fault] = []
    let attempted = PredictionCheck(definition, table: predictions).attempted(&warnings)
    var parts: [Scorer.TargetRows] = []
    for target in attempted {
      guard let x = predictions.columns[target]?.values, let y = gold.columns[target]?.values
      else { continue }
      let sample =
        grouped.map { ClusteredSample(gold: y, groups: $0) } ?? ClusteredSample(rows: y)
      parts.append(Scorer.TargetRows(target: target, rows: [], predictions: x, sample: sample))
    }
    guard let main = parts.first else {
      throw .usage("\(predictions.name) predicts no target that \(gold.name) has labels of.")
    }
    let goldDigest = Digest.sha256(columns: gold)
    let figures = parts.map { part in
      let system = SystemInference(
        part.sample, predictions: part.predictions, options: options.inference)
      return (part.target, TargetScores(system, options))
    }
    return PrivateReport(
      benchmark: "files", split: gold.name, n: main.predictions.count,
      clusters: main.sample.clusterCount, level: options.inference.level,
      targets: Dictionary(figures, uniquingKeysWith: { first, _ in first }),
      wassa: Scorer.wassa(parts),
      digests: Digests(
        gold: goldDigest, order: Digest.sha256("\(gold.rowCount) rows in file order"),
        predictions: Digest.sha256(columns: predictions)),
      signature: options.signature(goldDigest: goldDigest, grouped: grouped),
      notes: warnings.map(\.description))
  }
}

extension BenchmarkDefinition {
  /// The definition of a bare pair of files: both targets, any range.
  static func bare(split: String) -> BenchmarkDefinition {
    let everything = Double.greatestFiniteMagnitude
    return BenchmarkDefinition(
      schema: 1, id: "files", title: "A pair of files", description: "", licence: "", source: "",
      open: true,
      targets: Target.allCases.map { TargetRange(name: $0, low: -everything, high: everything) },
      primary: PrimaryMetric(target: .empathy, metric: "pcc"), defaultSplit: split,
      splits: [SplitSource(name: split, file: split, format: .tsv)],
      columns: ColumnMap(id: ["id"]), groups: [], missing: [], quirks: [])
  }
}

extension Digest {
  /// Digest of a header-less file's numbers, column by column.
  static func sha256(columns table: PredictionTable) -> String {
    sha256(Target.allCases.compactMap { table.columns[$0]?.values })
  }
}
