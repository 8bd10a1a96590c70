import Basics
import Metrics

/// Labels without a header.
extension GoldSplit {
  /// Over this many rows without clusters, rows are put into ``groupCount`` groups for the interval:
  /// with independent rows a grouped jackknife says the same and needs far less memory. They are scored
  /// column by column, without a ``Dataset`` of rows.
  static let groupingThreshold = 100_000
  private static let groupCount = 10_000

  /// What is wrong with the labels in `table`, and with what a request says of them.
  static func faults(
    of table: PredictionTable, _ targets: [DraftRequest.Named], _ request: DraftRequest,
    _ definition: BenchmarkDefinition
  ) -> [Diagnostic] {
    var faults = table.faults
    let naming = [
      ("--id", !request.ids.isEmpty), ("--cluster", !request.clusters.isEmpty),
      ("--attribute", !request.attributes.isEmpty),
      ("--target NAME=COLUMN", targets.contains { DraftRequest.plainName($0.column) != $0.name }),
    ].filter(\.1).map(\.0)
    if !naming.isEmpty {
      faults.add(
        .header, file: table.name, line: 1, found: "no header",
        expected: "a header: \(naming.joined(separator: " and ")) names a column by it")
    }
    if table.columns.count < targets.count {
      faults.add(
        .fieldCount, file: table.name, line: 1, found: "\(table.columns.count) fields",
        expected: "\(targets.count), tab separated: "
          + definition.targetNames.joined(separator: ", "))
    }
    let primary = definition.primary
    if primary.weights == nil, definition.target(primary.target) == nil {
      faults.add(
        .metadata, file: table.name, field: "primary.target", found: primary.target,
        expected: "a target (\(definition.targetNames.joined(separator: ", ")))"
          + Spelling.hint(primary.target, among: definition.targetNames))
    }
    for target in targets {
      guard let range = target.range, let column = table.columns[target.name] else { continue }
      let missing = Set(column.missing)
      for (row, label) in column.values.enumerated()
      where !range.contains(label) && !missing.contains(row) {
        faults.add(
          .range, file: table.name, line: table.line(row), field: target.name,
          found: "a label outside the range",
          expected: "\(target.name) from \(range.lowerBound) to \(range.upperBound)")
      }
    }
    return faults
  }

  /// Scores a file against `gold` column by column.
  func scoreColumns(
    _ file: PredictionFile, _ gold: PredictionTable, _ options: ScoringOptions
  ) throws(HarnessError) -> (report: PrivateReport, warnings: [Diagnostic]) {
    let columns = PredictionColumns(targets: definition.targetNames)
    let predictions = try PredictionTableReader.read(file, columns: columns)
    var faults = predictions.faults
    if predictions.rowCount != gold.rowCount {
      faults.add(
        .rowCount, file: predictions.name, found: "\(predictions.rowCount) rows",
        expected: "\(gold.rowCount) rows without header, in the order of \(gold.name)")
    }
    let (attempted, copies) = PredictionCheck(definition, table: predictions).attempted(&faults)
    try faults.throwErrors()
    let parts = attempted.compactMap { target -> Scorer.TargetRows? in
      guard let x = predictions.columns[target]?.values, let y = gold.columns[target]?.values
      else { return nil }
      return Scorer.TargetRows(
        target: target, rows: [], predictions: x,
        sample: ClusteredSample(gold: y, groups: Self.groupCount))
    }
    guard let main = parts.first(where: { $0.target == definition.mainTarget }) ?? parts.first
    else {
      throw .usage("\(predictions.name) predicts no target that \(gold.name) has labels of.")
    }
    let figures = parts.map { part in
      let system = SystemInference(
        part.sample, predictions: part.predictions, options: options.inference)
      return (part.target, TargetScores(system, options, primary: definition.primary.metric))
    }
    func digest(_ table: PredictionTable) -> String {
      Digest.sha256(definition.targetNames.compactMap { table.columns[$0]?.values })
    }
    let report = PrivateReport(
      benchmark: definition.id, split: gold.name, n: main.predictions.count,
      clusters: main.sample.clusterCount, level: options.inference.level,
      targets: Dictionary(uniqueKeysWithValues: figures),
      wassa: Scorer.wassa(parts, of: definition),
      digests: Digests(
        gold: digest(gold), order: Digest.sha256("\(gold.rowCount) rows in file order"),
        predictions: digest(predictions)),
      signature: options.signature(
        cluster: BenchmarkDefinition.rows, goldDigest: digest(gold), grouped: Self.groupCount),
      notes: Scorer.unclusteredNotes(definition) + Scorer.copyNotes(definition, copies))
    return (report, faults)
  }
}
