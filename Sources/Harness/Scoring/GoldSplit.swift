import Basics
public import Foundation
import Metrics

/// A file of gold labels as the split of a benchmark that nobody had to define: what its columns mean is
/// said by a request or guessed from it and from the prediction files that are scored against it.
public struct GoldSplit {
  /// Its id is `files`, its only split has the file's name.
  public private(set) var definition: BenchmarkDefinition
  /// What was guessed, and the columns that were taken for it; none where there is no such column.
  public let guessed: [ColumnUse: [String]]
  let content: Content
  /// Columns of the predictions by target, where they have other names.
  private let named: TargetTable<String>

  enum Content {
    case rows(Dataset)
    /// Of a file without a header, whose rows follow the same order as those of the predictions.
    case columns(PredictionTable)
  }

  /// - Parameters:
  ///   - request: the file, and what its columns mean. The cluster `row` names no column: rows are then
  ///     no part of others unless other clusters are named too.
  ///   - predictions: what is to be scored against it.
  ///   - columns: `target=name` of columns of the predictions.
  /// - Throws: ``HarnessError/invalid(_:)`` with the faults of the labels and the predictions,
  ///   ``HarnessError/usage(_:)`` where the request is malformed or something cannot be guessed.
  public init(
    _ request: DraftRequest, beside predictions: [PredictionFile], columns: [String] = []
  ) throws(HarnessError) {
    let model = try BenchmarkRegistry.standard()
    let headers = try predictions.map { file throws(HarnessError) in try file.header() }
    let targets = try request.targets.map { text throws(HarnessError) in
      try DraftRequest.named(text, option: "target")
    }
    let names = targets.isEmpty ? model.targetNames : targets.map(\.name)
    if let twice = names.indices.first(where: { names[..<$0].contains(names[$0]) }) {
      throw .usage("--target names \(names[twice]) twice; NAME=COLUMN gives another name.")
    }
    var request = request
    let isByRow = request.clusters.contains(BenchmarkDefinition.rows)
    request.clusters.removeAll { $0 == BenchmarkDefinition.rows }
    switch try GoldFile.read(request.file, name: request.file.relativePath, targets: names) {
    case .columns(let table):
      (definition, guessed) = (.bare(split: table.name, like: model, clusters: []), [:])
      named = try PredictionColumns.parse(columns, targets: names)
      content = .columns(table)
      if !targets.isEmpty { definition.targets = targets.map(Target.init) }
      if request.primary != nil || !targets.isEmpty {
        definition.primary = try request.primary(of: definition.targets)
      }
      var faults = Self.faults(of: table, targets, request, definition)
      for (file, header) in zip(predictions, headers) where header != nil {
        faults.add(
          .header, file: file.name, found: "a header",
          expected: "\(table.rowCount) rows without header, in the order of \(table.name)")
      }
      try check(faults, predictions)
    case .table(let table, let format):
      var guesser = try Guesser(request, table: table, format: format)
      try GoldFile.hidingLabels { () throws(HarnessError) in
        try guesser.guess(
          beside: headers, named: columns.map { String($0.prefix { $0 != "=" }) },
          usual: model.targetNames, clusters: !isByRow)
      }
      // Files without a header are joined by the order of rows.
      let isNumbered = guesser.ids.isEmpty && headers.allSatisfy { $0 == nil }
      definition = try guesser.splitDefinition(isNumbered: isNumbered)
      guessed = guesser.guesses(clusters: !isByRow)
      let said = try PredictionColumns.parse(columns, targets: definition.targetNames)
      named = guesser.names(in: headers).merging(said) { $1 }
      var (source, faults) = (definition, [Diagnostic]())
      if isNumbered { source.columns.id = nil }
      var dataset = Dataset(definition, split: table.name, rows: [], hasGold: false)
      do throws(HarnessError) { dataset = try source.rows(of: table) } catch {
        try faults.take(error)
      }
      content = .rows(dataset)
      try check(faults, predictions)
    }
  }

  /// A file whose columns have the names of the targets and clusters of `model`, beside `id`.
  init(labels url: URL, name: String, like model: BenchmarkDefinition) throws(HarnessError) {
    (guessed, named) = ([:], [:])
    switch try GoldFile.read(url, name: name, targets: model.targetNames) {
    case .columns(let table):
      definition = .bare(split: table.name, like: model, clusters: [])
      content = .columns(table)
      try table.faults.throwErrors()
    case .table(let table, _):
      let here = Set(table.header)
      func columns(_ names: [String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: names.filter(here.contains).map { ($0, $0) })
      }
      definition = .bare(
        split: table.name, like: model, clusters: model.clusters.filter(here.contains))
      definition.columns = BenchmarkDefinition.ColumnMap(
        id: [here.contains("row_id") && !here.contains("id") ? "row_id" : "id"],
        targets: columns(model.targetNames), clusters: columns(model.clusters))
      let (known, own) = (columns(model.targetNames), definition)
      content = try GoldFile.hidingLabels { () throws(HarnessError) in
        guard !known.isEmpty else {
          throw .fault(
            .header, file: table.name, line: 1, found: table.header.joined(separator: ", "),
            expected: "a column named \(model.targetNames.joined(separator: " or "))")
        }
        return .rows(try own.rows(of: table))
      }
    }
  }

  /// - Throws: `faults` of the labels together with those of the predictions, if there are any.
  private func check(
    _ faults: [Diagnostic], _ predictions: [PredictionFile]
  ) throws(HarnessError) {
    guard faults.contains(where: { $0.severity == .error }) else { return }
    var all = faults
    let columns = reader().columns
    for file in predictions where !faults.contains(where: { $0.file == file.name }) {
      do throws(HarnessError) {
        all += try PredictionTableReader.read(file, columns: columns).faults
      } catch {
        try all.take(error)
      }
    }
    throw .invalid(all)
  }

  /// The labels as a split; rows of a file without a header are numbered from 1.
  public var dataset: Dataset {
    switch content {
    case .rows(let dataset): return dataset
    case .columns(let table):
      let columns = table.columns.sorted { $0.key < $1.key }
      let missing = columns.map { Set($1.missing) }
      let rows = (0..<table.rowCount).map { index in
        var row = DatasetRow(id: "\(index + 1)")
        for ((target, column), missing) in zip(columns, missing) where !missing.contains(index) {
          row.labels[target] = column.values[index]
        }
        return row
      }
      return Dataset(definition, split: table.name, rows: rows, hasGold: true)
    }
  }

  /// Reads prediction files for this split.
  public func reader(dropMissing: Bool = false) -> PredictionReader {
    PredictionReader(definition, dataset: dataset, columns: named, dropMissing: dropMissing)
  }

  /// The report on a prediction file, and what its team should look at although it is valid.
  /// - Parameter look: adds to that; it is not asked about columns of very many rows.
  public func score(
    _ file: PredictionFile, dropMissing: Bool = false, options: ScoringOptions,
    look: (Scorer, Predictions) -> [Diagnostic] = { _, _ in [] }
  ) throws(HarnessError) -> (report: PrivateReport, warnings: [Diagnostic]) {
    if case .columns(let labels) = content, labels.rowCount > Self.groupingThreshold {
      return try scoreColumns(file, labels, options)
    }
    let scorer = try Scorer(definition, dataset: dataset, options: options)
    let predictions = try reader(dropMissing: dropMissing).read(file)
    return (
      try scorer.score(predictions), predictions.warnings + look(scorer, predictions)
    )
  }

  /// What of `uses` was guessed, in a line; nil where nothing was.
  public func choice(_ uses: [ColumnUse] = ColumnUse.allCases) -> String? {
    let name = definition.defaultSplit
    if case .columns = content {
      return uses.contains(.cluster)
        ? "\(name) has no header: each row counts as a cluster of its own." : nil
    }
    let known = uses.compactMap { use in guessed[use].map { (use, $0) } }
    let texts = known.compactMap { use, columns -> String? in
      guard columns.isEmpty else {
        let plural = columns.count > 1 && use != .id ? "s" : ""
        return "\(use.rawValue)\(plural) \(columns.joined(separator: ", "))"
      }
      switch use {
      case .id: return "no id, rows in the file's order"
      case .cluster: return "no cluster, each \(definition.rowNoun) is one of its own"
      case .target, .attribute: return nil
      }
    }
    guard !texts.isEmpty else { return nil }
    let options = known.map { "--\($0.0.rawValue)" }.joined(separator: ", ")
    return "Guessed from \(name): \(texts.joined(separator: "; ")). Override with \(options)."
  }
}

extension BenchmarkDefinition {
  /// The rows of `table`, the file of the only split.
  fileprivate func rows(of table: DelimitedTable) throws(HarnessError) -> Dataset {
    var outcome = DatasetReader.Outcome(datasets: [], warnings: [], sources: [:], absent: [])
    let reader = DatasetReader(self, from: URL(filePath: table.name).deletingLastPathComponent())
    return try reader.dataset(of: splits[0], in: table, outcome: &outcome)
  }
}
