import Basics
public import Foundation
import Metrics

/// A prediction file scored against a file of gold labels, without a benchmark: joined by row order
/// where both have no header, by id where both have one. Columns of the gold file that are named
/// like clusters of a benchmark give the clusters.
public struct FilePair {
  private let predictions: PredictionTable
  private let columns: PredictionColumns
  private let goldFile: GoldFile
  private let dropMissing: Bool

  /// Over this many rows without clusters, rows are put into ``groupCount`` groups for the interval:
  /// with independent rows a grouped jackknife says the same and needs far less memory.
  public static let groupingThreshold = 100_000
  public static let groupCount = 10_000

  /// - Parameters:
  ///   - model: the benchmark that both files are like: its targets and clusters name their columns.
  ///   - columns: columns of the predictions by target, where they have other names.
  public init(
    predictions: URL, gold: URL, like model: BenchmarkDefinition,
    columns named: TargetTable<String> = [:], dropMissing: Bool = false
  ) throws(HarnessError) {
    columns = PredictionColumns(targets: model.targetNames, named: named)
    self.predictions = try PredictionTableReader.read(
      SourceText.readInput(predictions), name: predictions.relativePath, columns: columns)
    goldFile = try GoldFile(gold, name: gold.relativePath, like: model)
    self.dropMissing = dropMissing
    let faults = self.predictions.faults + goldFile.table.faults
    try faults.throwErrors()
  }

  /// The report; benchmark and split are named `files` and the gold file's name.
  public func score(_ options: ScoringOptions) throws(HarnessError) -> PrivateReport {
    guard gold.ids == nil else { return try scoreKeyed(options) }
    guard predictions.ids == nil, predictions.rowCount == gold.rowCount else {
      throw .fault(
        predictions.ids == nil ? .rowCount : .header, file: predictions.name,
        found: predictions.ids == nil ? "\(predictions.rowCount) rows" : "a header",
        expected: "\(gold.rowCount) rows without header, in the order of \(gold.name)")
    }
    return try scoreOrdered(options)
  }

  private var gold: PredictionTable { goldFile.table }

  /// Joined by id, through the same reader and scorer as a benchmark's split.
  private func scoreKeyed(_ options: ScoringOptions) throws(HarnessError) -> PrivateReport {
    let (definition, dataset) = (goldFile.definition, goldFile.dataset)
    let reader = PredictionReader(definition, dataset: dataset, dropMissing: dropMissing)
    return try Scorer(definition, dataset: dataset, options: options).score(
      reader.align(predictions))
  }

  private func scoreOrdered(_ options: ScoringOptions) throws(HarnessError) -> PrivateReport {
    let definition = goldFile.definition
    let cluster = try definition.clustering(options.cluster)
    let grouped = gold.rowCount > Self.groupingThreshold ? Self.groupCount : nil
    var warnings: [Diagnostic] = []
    let attempted = PredictionCheck(definition, table: predictions).attempted(&warnings)
    var parts: [Scorer.TargetRows] = []
    for target in attempted.targets {
      guard let x = predictions.columns[target]?.values, let y = gold.columns[target]?.values
      else { continue }
      let sample =
        grouped.map { ClusteredSample(gold: y, groups: $0) } ?? ClusteredSample(rows: y)
      parts.append(Scorer.TargetRows(target: target, rows: [], predictions: x, sample: sample))
    }
    guard let main = parts.first else {
      throw .usage("\(predictions.name) predicts no target that \(gold.name) has labels of.")
    }
    func digest(_ table: PredictionTable) -> String {
      Digest.sha256(definition.targetNames.compactMap { table.columns[$0]?.values })
    }
    let goldDigest = digest(gold)
    let figures = parts.map { part in
      let system = SystemInference(
        part.sample, predictions: part.predictions, options: options.inference)
      return (part.target, TargetScores(system, options, primary: definition.primary.metric))
    }
    return PrivateReport(
      benchmark: "files", split: gold.name, n: main.predictions.count,
      clusters: main.sample.clusterCount, level: options.inference.level,
      targets: Dictionary(uniqueKeysWithValues: figures),
      wassa: Scorer.wassa(parts, of: definition),
      digests: Digests(
        gold: goldDigest, order: Digest.sha256("\(gold.rowCount) rows in file order"),
        predictions: digest(predictions)),
      signature: options.signature(cluster: cluster, goldDigest: goldDigest, grouped: grouped),
      notes: Scorer.unclusteredNotes(definition) + warnings.map(\.description))
  }
}

/// A file of gold labels without a benchmark, with or without a header.
///
/// Its faults are told without the cells: they may be printed where labels may not.
struct GoldFile {
  var table: PredictionTable
  /// Of the file: the targets and clusters of the benchmark it is like, of which the file says more.
  let definition: BenchmarkDefinition

  /// - Parameter model: its targets and clusters name the file's columns.
  /// - Throws: ``HarnessError/invalid(_:)`` where it can't be read as a table at all; other faults
  ///   stand in ``table``.
  init(
    _ url: URL, name: String, id: [String] = ["id"], like model: BenchmarkDefinition
  ) throws(HarnessError) {
    do throws(HarnessError) {
      table = try PredictionTableReader.read(
        SourceText.readInput(url), name: name,
        columns: PredictionColumns(id: id, targets: model.targetNames, clusters: model.clusters))
      definition = .bare(
        split: table.name, like: model,
        clusters: model.clusters.filter(table.clusters.keys.contains))
      table.faults = table.faults.map(Self.withoutLabel)
      var seen: [String: Int] = [:]
      for (row, id) in (table.ids ?? []).enumerated() {
        if let first = seen[id] {
          table.faults.add(
            .repeatedID, file: table.name, line: table.line(row), found: id,
            expected: "each id once; it stands on line \(table.line(first)) already")
        }
        seen[id] = seen[id] ?? row
      }
    } catch {
      guard case .invalid(let faults) = error else { throw error }
      throw .invalid(faults.map(Self.withoutLabel))
    }
  }

  private static func withoutLabel(_ fault: Diagnostic) -> Diagnostic {
    // A broken first line is taken for a header.
    let isLabel =
      fault.code == .header
      ? fault.found?.contains(where: \.isNumber) ?? false
      : [.number, .decimalComma, .nonFinite].contains(fault.code)
    guard isLabel else { return fault }
    var fault = fault
    fault.found = "a label that is not shown"
    return fault
  }

  /// The labels as a split; rows of a file without a header are numbered from 1.
  var dataset: Dataset {
    let ids = table.ids ?? (0..<table.rowCount).map { "\($0 + 1)" }
    let missing = table.columns.mapValues { Set($0.missing) }
    let rows = ids.indices.map { index in
      var row = DatasetRow(id: ids[index])
      for (target, column) in table.columns where missing[target]?.contains(index) != true {
        row.labels[target] = column.values[index]
      }
      for (cluster, names) in table.clusters { row.clusters[cluster] = names[index] }
      return row
    }
    return Dataset(definition, split: table.name, rows: rows, hasGold: true)
  }
}

extension BenchmarkDefinition {
  /// The definition of a bare file of labels: the targets of `model` with any range.
  static func bare(
    split: String, like model: BenchmarkDefinition, clusters: [String]
  ) -> BenchmarkDefinition {
    let everything = Double.greatestFiniteMagnitude
    return BenchmarkDefinition(
      schema: 1, id: "files", title: "A pair of files", description: "", licence: "", source: "",
      open: true, rowNoun: rows,
      targets: model.targets.map {
        Target(name: $0.name, title: $0.title, low: -everything, high: everything)
      }, clusters: clusters, track: model.track, primary: model.primary, defaultSplit: split,
      splits: [SplitSource(name: split, file: split, format: .tsv)], columns: ColumnMap(id: ["id"]),
      groups: [], missing: [], quirks: [])
  }
}
