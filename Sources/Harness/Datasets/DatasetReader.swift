import Basics
public import Foundation

/// Reads one benchmark's files as its organisers hand them out.
public struct DatasetReader {
  public let definition: BenchmarkDefinition
  public let folder: URL

  public init(_ definition: BenchmarkDefinition, from folder: URL) {
    self.definition = definition
    self.folder = folder
  }

  /// What was read, and what a careful reader should know of it.
  public struct Outcome: Sendable {
    public var datasets: [Dataset]
    public var warnings: [Diagnostic]
    /// Files read, relative to the folder, with their digests.
    public var sources: [String: String]
    /// Source splits whose files are not in the folder.
    public var absent: [String]
  }

  /// Reads every split whose file is there.
  /// - Throws: ``HarnessError/missing(path:hint:)`` where no split's file is there, and
  ///   ``HarnessError/invalid(_:)`` with the faults of all files.
  public func read() throws(HarnessError) -> Outcome {
    var outcome = Outcome(datasets: [], warnings: [], sources: [:], absent: [])
    var faults: [Diagnostic] = []
    for source in definition.splits {
      guard let file = locate(source.file) else {
        outcome.absent.append(source.name)
        continue
      }
      do throws(HarnessError) {
        outcome.datasets.append(try read(source, file: file, outcome: &outcome))
      } catch {
        try faults.take(error)
      }
    }
    if !faults.isEmpty {
      // What is wrong with a file is told once, however many splits it holds.
      var told: Set<Diagnostic> = []
      throw .invalid(faults.filter { told.insert($0).inserted })
    }
    if outcome.datasets.isEmpty {
      throw .missing(
        path: folder.relativePath + "/" + (definition.splits.first?.file ?? ""),
        hint: "\(definition.title) is read from: "
          + definition.splits.map(\.file).joined(separator: ", ") + ". Data: \(definition.source)")
    }
    try addDerivedSplits(to: &outcome)
    return outcome
  }

  /// The files that the definition names and that are here, by those names.
  public var files: [String: URL] {
    let names = definition.splits.flatMap { [$0.file, $0.gold?.file, $0.attributes?.file] }
    return names.reduce(into: [:]) { files, name in
      if let name, let file = locate(name) { files[name] = file }
    }
  }

  /// The file named `name` in the folder or anywhere one or two folders below it.
  private func locate(_ name: String) -> URL? {
    let direct = folder.appending(path: name)
    if FileManager.default.fileExists(atPath: direct.path) { return direct }
    let walker = FileManager.default.enumerator(
      at: folder, includingPropertiesForKeys: nil, options: [.skipsHiddenFiles])
    var found: [URL] = []
    while let url = walker?.nextObject() as? URL {
      if walker?.level ?? 0 > 2 { walker?.skipDescendants() }
      if url.lastPathComponent == name { found.append(url) }
    }
    return found.min { $0.path < $1.path }
  }

  private func read(
    _ source: BenchmarkDefinition.SplitSource, file: URL, outcome: inout Outcome
  ) throws(HarnessError) -> Dataset {
    try dataset(
      of: source, in: rows(of: source, file: file, outcome: &outcome), outcome: &outcome)
  }

  /// The rows of `table`, the file of `source`, and what other files say of them. Without id columns
  /// rows are numbered from 1.
  func dataset(
    of source: BenchmarkDefinition.SplitSource, in table: DelimitedTable,
    outcome: inout Outcome
  ) throws(HarnessError) -> Dataset {
    var faults: [Diagnostic] = []
    let columns = definition.columns(for: source)
    let layout = RowLayout(
      columns, of: source, table: table, in: definition, faults: &faults)
    let gold = try gold(source, rows: table.records.count, outcome: &outcome, faults: &faults)
    let attributes = try attributes(
      source, columns, besides: table, outcome: &outcome, faults: &faults)
    let main = definition.clusters.first ?? ""
    var rows: [DatasetRow] = []
    for (index, record) in table.records.enumerated() {
      var row = layout.row(record, faults: &faults)
      for (target, labels) in gold ?? [:] { row.labels[target] = labels[index] }
      if let known = row.clusters[main].flatMap({ attributes[$0] }) {
        row.attributes.merge(known) { own, _ in own }
      }
      rows.append(row)
    }
    if columns.id == nil { for index in rows.indices { rows[index].id = "\(index + 1)" } }
    if columns.numberRepeats == true { rows.numberRepeatedIDs() }
    let labelled = rows.contains { !$0.labels.isEmpty }
    let dataset = Dataset(definition, split: source.name, rows: rows, hasGold: labelled)
    faults += DatasetCheck.faults(
      dataset, lines: table.records.map(\.line), definition: definition, file: table.name)
    outcome.warnings += faults.filter { $0.severity == .warning }
    let errors = faults.filter { $0.severity == .error }
    if !errors.isEmpty { throw .invalid(errors) }
    return dataset
  }

  private func table(
    _ file: URL, format: TableFormat, outcome: inout Outcome
  ) throws(HarnessError) -> DelimitedTable {
    let data = try SourceText.read(file)
    outcome.sources[file.lastPathComponent] = Digest.sha256(data)
    return try DelimitedTable(SourceText(data, name: file.relativePath), format: format)
  }

  /// The split's file, with the rows that `only` keeps.
  private func rows(
    of source: BenchmarkDefinition.SplitSource, file: URL, outcome: inout Outcome
  ) throws(HarnessError) -> DelimitedTable {
    var table = try table(file, format: source.format, outcome: &outcome)
    guard let only = source.only?.sorted(by: { $0.key < $1.key }) else { return table }
    var faults: [Diagnostic] = []
    let wanted = only.compactMap { column, value in
      table.require(column, faults: &faults).map { ($0, RowLayout.identifier(value)) }
    }
    if !faults.isEmpty { throw .invalid(faults) }
    table.records.removeAll { record in
      wanted.contains { RowLayout.identifier(record.fields[$0]) != $1 }
    }
    if table.records.isEmpty {
      throw .fault(
        .rowCount, file: table.name, found: "no row of split \(source.name)",
        expected: only.map { "\($0) \($1)" }.joined(separator: " and ") + " in at least one row")
    }
    return table
  }

  /// Labels from a header-less file that is joined by row order.
  private func gold(
    _ source: BenchmarkDefinition.SplitSource, rows: Int, outcome: inout Outcome,
    faults: inout [Diagnostic]
  ) throws(HarnessError) -> TargetTable<[Double?]>? {
    guard let gold = source.gold, let file = locate(gold.file) else { return nil }
    let data = try SourceText.read(file)
    outcome.sources[file.lastPathComponent] = Digest.sha256(data)
    let text = try SourceText(data, name: file.relativePath)
    let (records, syntax) = DelimitedReader.records(of: text, format: gold.format)
    faults += syntax
    guard records.count == rows else {
      faults.add(
        .rowCount, file: text.name, found: "\(records.count) rows",
        expected: "\(rows) rows, one for each of \(source.file)")
      return nil
    }
    var table: TargetTable<[Double?]> = [:]
    for (target, position) in gold.positions.sorted(by: { $0.value < $1.value }) {
      table[target] = records.map { record -> Double? in
        guard position <= record.fields.count else {
          faults.add(
            .fieldCount, file: text.name, line: record.line,
            found: "\(record.fields.count) fields", expected: "at least \(position) fields")
          return nil
        }
        return LabelCell.label(
          record.fields[position - 1], target: target, in: definition, file: text.name,
          line: record.line, column: position, field: nil, faults: &faults)
      }
    }
    return table
  }

  /// Attributes by main cluster, repeats removed; one that contradicts itself is reported.
  private func attributes(
    _ source: BenchmarkDefinition.SplitSource, _ columns: BenchmarkDefinition.ColumnMap,
    besides rows: DelimitedTable, outcome: inout Outcome, faults: inout [Diagnostic]
  ) throws(HarnessError) -> [String: [String: String]] {
    guard let joined = source.attributes else { return [:] }
    guard let file = locate(joined.file) else {
      faults.add(
        .demographics, severity: .warning, file: joined.file, found: "no such file",
        expected: "the attributes of split \(source.name), which has none without it")
      return [:]
    }
    let table = try table(file, format: joined.format, outcome: &outcome)
    guard let key = table.require(joined.key, faults: &faults) else { return [:] }
    let optional = Set(source.optional ?? [])
    let named = (columns.attributes ?? [:]).sorted { $0.key < $1.key }
    let present = named.compactMap { attribute, column -> (String, Int)? in
      let isElsewhere = optional.contains(attribute) || rows.index(of: column) != nil
      let index =
        isElsewhere ? table.index(of: column) : table.require(column, faults: &faults)
      return index.map { (attribute, $0) }
    }
    var known: [String: [String: String]] = [:]
    for record in table.records {
      let name = RowLayout.identifier(record.fields[key])
      var values: [String: String] = [:]
      for (attribute, index) in present {
        values[attribute] = definition.attribute(record.fields[index])
      }
      if let before = known[name], before != values {
        faults.add(
          .demographics, severity: .warning, file: table.name, line: record.line,
          column: table.position(key), field: joined.key, found: name,
          expected: "the same attributes as on the first line of "
            + "this \(definition.clusters.first ?? "row"), which are kept")
      } else {
        known[name] = values
      }
    }
    return known
  }

  private func addDerivedSplits(to outcome: inout Outcome) throws(HarnessError) {
    guard let derived = definition.derived,
      let whole = outcome.datasets.first(where: { $0.split == derived.from })
    else { return }
    for part in derived.splits {
      let rows = whole.rows.filter { row in
        let cluster = derived.by.flatMap { row.clusters[$0] } ?? row.id
        let bucket = Int(Digest.stableHash(cluster) % UInt64(derived.buckets))
        return part.from <= bucket && bucket < part.to
      }
      if let expected = part.rows, rows.count != expected,
        whole.rows.count == definition.expectedRows(derived.from)
      {
        throw .fault(
          .rowCount, file: definition.id, found: "\(rows.count) rows in split \(part.name)",
          expected: "\(expected) rows")
      }
      outcome.datasets.append(
        Dataset(definition, split: part.name, rows: rows, hasGold: whole.hasGold))
    }
  }
}

/// Reads the organisers' files of a benchmark and writes them into the data home.
public enum DatasetImporter {
  /// What an import found, in numbers.
  public struct Summary: Codable, Sendable, Equatable {
    public var benchmark: String
    public var splits: [Split]
    /// Splits whose files were not in the folder.
    public var absent: [String]
    public var warnings: [Diagnostic]

    public struct Split: Codable, Sendable, Equatable {
      public var name: String
      public var rows: Int
      /// Number of clusters by clustering.
      public var clusters: [String: Int]
      public var hasGold: Bool
      /// Rows without a label, by target; all rows of a blind split.
      public var missingLabels: TargetTable<Int>
      /// Rows whose text stands on an earlier row of the split too; nil where rows have no text.
      public var duplicateTexts: Int?
      /// Rows without any attribute; nil where the benchmark has none.
      public var withoutAttributes: Int?
      public var sha256: String
    }
  }

  /// Imports from `folder`. Nothing is written unless every file that is there is sound.
  public static func run(
    _ definition: BenchmarkDefinition, from folder: URL, into home: DataHome
  ) throws(HarnessError) -> Summary {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder),
      isFolder.boolValue
    else {
      throw .missing(
        path: folder.relativePath, hint: "Give the folder that holds the organisers' files.")
    }
    let outcome = try DatasetReader(definition, from: folder).read()
    try home.keep(definition)
    let manifest = try home.save(
      outcome.datasets, of: definition.id, sources: outcome.sources,
      definition: DefinitionRecord(definition))
    let splits = zip(outcome.datasets, manifest.splits).map { dataset, entry in
      split(dataset, definition: definition, sha256: entry.sha256, outcome: outcome)
    }
    return Summary(
      benchmark: definition.id, splits: splits, absent: outcome.absent, warnings: outcome.warnings)
  }

  private static func split(
    _ dataset: Dataset, definition: BenchmarkDefinition, sha256: String,
    outcome: DatasetReader.Outcome
  ) -> Summary.Split {
    var missing: TargetTable<Int> = [:]
    for target in definition.targetNames {
      missing[target] = dataset.gold(target).count { $0 == nil }
    }
    return Summary.Split(
      name: dataset.split, rows: dataset.rows.count, clusters: dataset.clusterCounts,
      hasGold: dataset.hasGold, missingLabels: missing,
      duplicateTexts: definition.columns.text.map { _ in
        dataset.rows.count - Set(dataset.rows.map(\.normalisedText)).count
      },
      withoutAttributes: definition.attributeNames.isEmpty
        ? nil : dataset.rows.count { $0.attributes.isEmpty }, sha256: sha256)
  }
}
