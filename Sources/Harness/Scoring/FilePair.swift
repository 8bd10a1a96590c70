public import Foundation
public import Metrics

/// A prediction file scored against a file of gold labels, without a benchmark.
///
/// Both without header: joined by row order. Both with an id: joined by id; columns `person` and
/// `article` of the gold file, where they exist, give the clusters. A large pair without persons
/// is read in place and scored without building rows.
public struct FilePair {
  private let predictions: PredictionTable
  private let gold: PredictionTable
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
    self.gold = try Self.goldTable(gold, id: id)
    self.dropMissing = dropMissing
    let faults = self.predictions.faults + self.gold.faults
    if faults.contains(where: { $0.severity == .error }) { throw .invalid(faults) }
  }

  /// The gold file. Its faults are told without the cells: they may be printed where labels may not.
  private static func goldTable(
    _ url: URL, id: [String]
  ) throws(HarnessError) -> PredictionTable {
    do throws(HarnessError) {
      var table = try PredictionTableReader.read(
        SourceText.readInput(url), name: url.relativePath, columns: PredictionColumns(id: id))
      table.faults = table.faults.map(withoutLabel)
      var seen: [String: Int] = [:]
      for (row, id) in (table.ids ?? []).enumerated() {
        if let first = seen[id] {
          table.faults.append(
            Fault(
              .repeatedID, file: table.name, line: table.line(row), found: id,
              expected: "each id once; it stands on line \(table.line(first)) already"))
        }
        seen[id] = seen[id] ?? row
      }
      return table
    } catch {
      guard case .invalid(let faults) = error else { throw error }
      throw .invalid(faults.map(withoutLabel))
    }
  }

  private static func withoutLabel(_ fault: Fault) -> Fault {
    guard [.number, .decimalComma, .nonFinite].contains(fault.code) else { return fault }
    var fault = fault
    fault.found = "a label that is not shown"
    return fault
  }

  /// The report; benchmark and split are named `files` and the gold file's name.
  public func score(_ options: ScoringOptions) throws(HarnessError) -> ScoreReport {
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

  /// Joined by id, through the same reader and scorer as a benchmark's split.
  private func scoreKeyed(_ options: ScoringOptions) throws(HarnessError) -> ScoreReport {
    let ids = gold.ids ?? []
    let hasPersons = gold.labels["person"] != nil
    let rows = ids.indices.map { row in
      EssayRow(
        id: ids[row], person: gold.labels["person"]?[row] ?? ids[row],
        article: gold.labels["article"]?[row] ?? "", essay: "",
        empathy: value(gold, .empathy, row), distress: value(gold, .distress, row))
    }
    var options = options
    if !hasPersons { options.cluster = .row }
    let dataset = Dataset(benchmark: "files", split: gold.name, rows: rows, hasGold: true)
    let definition = BenchmarkDefinition.bare(split: gold.name)
    let reader = PredictionReader(definition, dataset: dataset, dropMissing: dropMissing)
    return try Scorer(definition, dataset: dataset, options: options).score(
      reader.align(predictions))
  }

  private func value(_ table: PredictionTable, _ target: Target, _ row: Int) -> Double? {
    guard let column = table.columns[target], !column.missing.contains(row) else { return nil }
    return column.values[row]
  }

  private func scoreOrdered(_ options: ScoringOptions) throws(HarnessError) -> ScoreReport {
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
    var report = ScoreReport(
      benchmark: "files", split: gold.name, n: main.predictions.count,
      clusters: main.sample.clusterCount, targets: [:], wassa: Scorer.wassa(parts),
      digests: Digests(
        gold: goldDigest, order: Digest.sha256("\(gold.rowCount) rows in file order"),
        predictions: Digest.sha256(columns: predictions)),
      signature: options.signature(goldDigest: goldDigest, grouped: grouped),
      version: ScoreReport.toolVersion)
    for part in parts {
      report.targets[part.target] = TargetScores(
        SystemInference(part.sample, predictions: part.predictions, options: options.inference),
        options)
    }
    let notes = warnings.map(\.description)
    report.notes = notes.isEmpty ? nil : notes
    return report
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
