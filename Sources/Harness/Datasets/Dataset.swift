import Basics
public import Foundation

/// One split of a benchmark: checked rows in their order.
public struct Dataset: Sendable, Equatable {
  public var benchmark, split: String
  /// Names of the columns that the benchmark defines, each kind in its order.
  public var targets: [String]
  public var clusters, attributes: [String]
  /// Whether rows have a second text.
  public var hasPairs: Bool
  public var rows: [DatasetRow]
  /// Whether the split has labels; a blind test split has none.
  public var hasGold: Bool

  public init(_ definition: BenchmarkDefinition, split: String, rows: [DatasetRow], hasGold: Bool) {
    benchmark = definition.id
    self.split = split
    targets = definition.targetNames
    clusters = definition.clusters
    attributes = definition.attributeNames
    hasPairs = definition.hasPairs
    self.rows = rows
    self.hasGold = hasGold
  }

  /// Gold labels of `target` in row order; nil where the row has none.
  public func gold(_ target: String) -> [Double?] { rows.map { $0.labels[target] } }

  /// The cluster that each row belongs to, (n,): of the clustering `name`, or the row itself where
  /// there is no such clustering.
  public func clusterNames(_ name: String?) -> [String] {
    guard let name, clusters.contains(name) else { return rows.map(\.id) }
    return rows.map { $0.clusters[name] ?? "" }
  }

  /// The main cluster of each row, (n,).
  public var mainClusters: [String] { clusterNames(clusters.first) }

  /// Number of clusters of each clustering.
  public var clusterCounts: [String: Int] {
    Dictionary(uniqueKeysWithValues: clusters.map { ($0, Set(clusterNames($0)).count) })
  }

  /// Digest of everything in the split: text, labels and attributes.
  public var contentDigest: String { Digest.sha256(NormalForm.data(self)) }

  /// Digest of the row ids in order.
  public var orderDigest: String { Digest.sha256(rows.map(\.id).joined(separator: "\n")) }

  /// Digest of the gold labels in row order.
  public var goldDigest: String { Digest.sha256(targets.map(gold)) }
}

/// One row: a text or a person, what it belongs to, and how it is labelled.
public struct DatasetRow: Sendable, Equatable {
  /// Unique within its split.
  public var id: String
  /// What a person wrote; empty where rows hold no text.
  public var text: String
  /// The second text; empty where there is none.
  public var pair: String
  /// Gold labels by target, in the target's range; a missing one is absent.
  public var labels: TargetTable<Double>
  /// What the row belongs to, by clustering: its person, its article. Rows of one cluster are not
  /// independent.
  public var clusters: [String: String]
  /// Attribute to code or number as in the files, `1.0` written `1`; a missing one is absent.
  public var attributes: [String: String]

  public init(
    id: String, text: String = "", pair: String = "", labels: TargetTable<Double> = [:],
    clusters: [String: String] = [:], attributes: [String: String] = [:]
  ) {
    (self.id, self.text, self.pair, self.labels) = (id, text, pair, labels)
    (self.clusters, self.attributes) = (clusters, attributes)
  }

  /// The text for matching across sets.
  public var normalisedText: String { MatchingText(text).text }
}

extension Dataset {
  /// A split of which only the ids are known, a line each in `file`, in its order: enough to check
  /// the form of predictions where the labels are not.
  /// - Throws: ``HarnessError/invalid(_:)`` with the lines that are empty or repeat an id.
  public init(
    _ definition: BenchmarkDefinition, split: String, ids file: URL
  ) throws(HarnessError) {
    let name = file.relativePath
    var lines = String(decoding: try SourceText.read(file), as: UTF8.self)
      .split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
    if lines.last == "" { lines.removeLast() }
    var faults: [Diagnostic] = []
    var first: [String: Int] = [:]
    for (place, id) in lines.enumerated() {
      if id.isEmpty {
        faults.add(.missingID, file: name, line: place + 1, found: "", expected: "an id")
      } else if let earlier = first.updateValue(place + 1, forKey: id) {
        faults.add(
          .repeatedID, file: name, line: place + 1, found: id,
          expected: "each id once; it stands on line \(earlier) already")
      }
    }
    if lines.isEmpty {
      faults.add(.rowCount, file: name, found: "no ids", expected: "an id a line")
    }
    if !faults.isEmpty { throw .invalid(faults) }
    self.init(definition, split: split, rows: lines.map { DatasetRow(id: $0) }, hasGold: false)
  }
}

/// The CSV form (RFC 4180) that imported splits have in the data home: id, clusters, targets,
/// attributes, text and, where the benchmark has any, second texts.
enum NormalForm {
  private static func header(_ dataset: Dataset) -> [String] {
    ["id"] + dataset.clusters + dataset.targets + dataset.attributes + ["text"]
      + (dataset.hasPairs ? ["pair"] : [])
  }

  /// The cells are exact: what is read back must be the text that was imported.
  static func data(_ dataset: Dataset) -> Data {
    var table = CSVWriter(header(dataset))
    for row in dataset.rows {
      table.add(
        ([row.id] + dataset.clusters.map { row.clusters[$0] ?? "" }).map { .exact($0) }
          + CSVWriter.Cell.numbers(dataset.targets.map { row.labels[$0] })
          + dataset.attributes.map { .exact(row.attributes[$0] ?? "") } + [.exact(row.text)]
          + (dataset.hasPairs ? [.exact(row.pair)] : []))
    }
    return Data(table.text.utf8)
  }

  static func read(
    _ text: SourceText, _ definition: BenchmarkDefinition, split: String, hasGold: Bool
  ) throws(HarnessError) -> Dataset {
    let table = try DelimitedTable(text, format: .csv)
    var dataset = Dataset(definition, split: split, rows: [], hasGold: hasGold)
    let header = header(dataset)
    guard table.header == header else {
      throw .fault(
        .header, file: text.name, line: 1, found: table.header.joined(separator: ","),
        expected: header.joined(separator: ",") + "; import the benchmark again")
    }
    dataset.rows = table.records.map { record in
      var cells = record.fields.dropFirst()
      func take(_ names: [String]) -> [(String, String)] {
        defer { cells = cells.dropFirst(names.count) }
        return Array(zip(names, cells))
      }
      var row = DatasetRow(id: record.fields[0])
      for (name, cell) in take(dataset.clusters) { row.clusters[name] = cell }
      for (name, cell) in take(dataset.targets) { row.labels[name] = Double(cell) }
      for (name, cell) in take(dataset.attributes) where !cell.isEmpty {
        row.attributes[name] = cell
      }
      row.text = cells.popFirst() ?? ""
      row.pair = cells.first ?? ""
      return row
    }
    return dataset
  }
}
