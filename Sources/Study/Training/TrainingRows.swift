import Basics
public import Foundation
public import Harness
public import Reference

/// The rows that a run trains and validates on, with what a reader should know of them.
public struct TrainingRows: Sendable {
  public let training, validation: LabelledRows
  /// In words: rows that were left out, sets of a table, overlaps.
  public let notes: [String]

  /// What is trained on.
  public enum Source: Sendable {
    /// Splits of the benchmark, with labels of the crowd or, where a file is given, of a model.
    case splits([String], labels: URL?)
    /// A table of `invitro curate`.
    case table(URL)
  }

  /// - Throws: ``StudyError/usage(_:)`` where a split is to be trained and validated on, and what
  ///   reading a file throws.
  public init(
    _ source: Source, of definition: BenchmarkDefinition, validation split: String,
    target: Target, home: DataHome
  ) throws {
    let held = try home.load(definition, split: split)
    validation = LabelledRows(held, held.gold(target.name))
    switch source {
    case .table(let file):
      let table = try TableRows(file, target: target.name, range: target.range)
      training = LabelledRows(table.rows)
      let shared = table.overlap(with: held.rows.map(\.text))
      let warning =
        "\(shared) of them also stand in \(definition.id)/\(split), which validates: its figures "
        + "will be too good"
      notes = [table.summary] + (shared > 0 ? [warning] : [])
    case .splits(let splits, let labels):
      guard !splits.contains(split) else {
        throw StudyError.usage("\(split) cannot be both a train and the validation split.")
      }
      let datasets = try splits.map { try home.load(definition, split: $0) }
      let parts = try datasets.map {
        LabelledRows($0, try Self.labels(of: $0, definition, target.name, from: labels))
      }
      training = LabelledRows(parts.flatMap(\.texts), labels: parts.flatMap(\.labels))
      let dropped = datasets.reduce(-training.texts.count) { $0 + $1.rows.count }
      notes = dropped > 0 ? ["\(dropped) rows without a label are left out"] : []
    }
  }

  /// The crowd's labels of `dataset`, or those of a file with its ids.
  private static func labels(
    of dataset: Dataset, _ definition: BenchmarkDefinition, _ target: String, from file: URL?
  ) throws -> [Double?] {
    guard let file else { return dataset.gold(target) }
    let read = try PredictionReader(definition, dataset: dataset, dropMissing: true).read(file)
    guard let column = read.columns[target] else {
      throw StudyError.usage("\(file.relativePath) has no column of \(target).")
    }
    let missing = Set(column.missing)
    return column.values.indices.map { missing.contains($0) ? nil : column.values[$0] }
  }
}

extension TrainingRun {
  /// Begins a run in `folder`, or continues the one that is there with its own model and
  /// configuration.
  public static func start(
    _ model: URL, training: LabelledRows, validation: LabelledRows, maxLength: Int,
    configuration: TrainingConfiguration, folder: URL, resume: Bool
  ) throws -> TrainingRun {
    let tokenizer = try Tokenizer.load(directory: resume ? tokenizerFolder(of: folder) : model)
    let rows = training.examples(tokenizer, maxLength: maxLength)
    let held = validation.examples(tokenizer, maxLength: maxLength)
    if resume { return try .resume(folder: folder, training: rows, validation: held) }
    return try TrainingRun(
      model: model, training: rows, validation: held, configuration: configuration, folder: folder)
  }

  /// Where the tokenizer's files of the run in `folder` stand: its last checkpoint, or the model
  /// that it was begun from.
  private static func tokenizerFolder(of folder: URL) -> URL {
    let last = folder.appending(path: "last")
    if FileManager.default.fileExists(atPath: last.path) { return last }
    let description = try? Documents.object(from: folder.appending(path: "run.json"))
    return URL(filePath: description?["model"] as? String ?? last.path)
  }
}

/// The rows of a training table that `invitro curate` wrote.
public struct TableRows {
  public let rows: [CuratedEssay]

  private static let columns = ["set", "id", "person", "provenance", "essay"]

  /// Reads `file`, whose labels stand in the column of `target`. Throws with all its faults, a
  /// manifest of other content among them.
  public init(_ file: URL, target: String, range: ClosedRange<Double>) throws {
    let table = try DelimitedTable(csv: file)
    var faults: [Diagnostic] = []
    let places = (Self.columns + [target]).map { table.require($0, faults: &faults) }
    guard faults.isEmpty else { throw HarnessError.invalid(faults) }
    var seen: Set<[String]> = []
    rows = table.records.map { record in
      let fields = places.map { $0.map { record.fields[$0] } ?? "" }
      let (set, id, essay, text) = (fields[0], fields[1], fields[4], fields[5])
      func fault(_ code: Diagnostic.Code, _ field: String, _ found: String?, _ expected: String) {
        faults.append(
          Diagnostic(
            code, file: table.name, line: record.line, field: field, found: found,
            expected: expected))
      }
      let label = Double(text)
      if !(label.map(range.contains) ?? false) {
        fault(.number, target, text, "a label from \(range.lowerBound) to \(range.upperBound)")
      }
      if essay.isEmpty { fault(.text, "essay", "", "an essay") }
      if !seen.insert([set, id]).inserted { fault(.repeatedID, "id", id, "each id of a set once") }
      return CuratedEssay(
        id: id, text: essay, person: fields[2].isEmpty ? nil : fields[2], set: set,
        label: label ?? .nan, provenance: fields[3])
    }
    if rows.isEmpty {
      faults.append(
        Diagnostic(.rowCount, file: table.name, found: "no rows", expected: "some rows"))
    }
    faults += try Self.manifestFaults(file)
    guard faults.isEmpty else { throw HarnessError.invalid(faults) }
  }

  /// A table that was changed after its manifest was written doesn't say where its labels come from.
  private static func manifestFaults(_ file: URL) throws -> [Diagnostic] {
    let beside = file.appendingPathExtension("manifest.json")
    guard FileManager.default.fileExists(atPath: beside.path) else { return [] }
    let said = try Documents.decode(TrainingTable.Manifest.self, from: beside).table
    let digest = try Digest.sha256(of: file)
    let fault = Diagnostic(
      .metadata, file: file.relativePath, found: "SHA-256 \(digest.prefix(12))…",
      expected: "\(said.prefix(12))… as in \(beside.lastPathComponent); curate again, or remove "
        + "the manifest of a table that you changed")
    return digest == said ? [] : [fault]
  }

  /// How many rows each set and provenance has, in words.
  public var summary: String {
    func counts(_ key: (CuratedEssay) -> String) -> String {
      Dictionary(grouping: rows, by: key).sorted { $0.key < $1.key }
        .map { "\($0.value.count) \($0.key)" }.joined(separator: ", ")
    }
    return "\(rows.count) rows (\(counts(\.set))) with labels from: \(counts(\.provenance))"
  }

  /// Rows whose essay also stands among `essays`.
  public func overlap(with essays: [String]) -> Int {
    let held = Set(essays.map { MatchingText($0) })
    return rows.count { held.contains(MatchingText($0.text)) }
  }
}

/// Texts with one label each, and their digest.
public struct LabelledRows: Sendable, Equatable {
  public let texts: [String]
  public let labels: [Double]
  /// SHA-256 over every text (its length before it) and the bits of every label.
  public let digest: String

  public init(_ texts: [String], labels: [Double]) {
    precondition(texts.count == labels.count, "a label for each text")
    (self.texts, self.labels) = (texts, labels)
    var digest = Digest()
    for (text, label) in zip(texts, labels) {
      digest.update(UInt64(text.utf8.count))
      digest.update(label.bitPattern)
      digest.update(text)
    }
    self.digest = digest.hexadecimal
  }

  init(_ essays: [CuratedEssay]) { self.init(essays.map(\.text), labels: essays.map(\.label)) }

  /// The rows of a split that have one of `labels`, which are in their order.
  init(_ dataset: Dataset, _ labels: [Double?]) {
    let pairs = zip(dataset.rows, labels).compactMap { row, label in label.map { (row.text, $0) } }
    self.init(pairs.map(\.0), labels: pairs.map(\.1))
  }

  /// The rows as a run takes them.
  public func examples(_ tokenizer: Tokenizer, maxLength: Int) -> [TrainingExample] {
    zip(texts, labels).map {
      TrainingExample($0, target: Float($1), tokenizer: tokenizer, maxLength: maxLength)
    }
  }
}

/// A model's predictions of a split as a prediction file.
public enum PredictionTable {
  /// TSV with a header and the ids of the split.
  public static func data(_ values: [Float], of dataset: Dataset, target: String) -> Data {
    precondition(values.count == dataset.rows.count, "a prediction for each row")
    var text = "id\t\(target)\n"
    for (row, value) in zip(dataset.rows, values) { text += "\(row.id)\t\(value)\n" }
    return Data(text.utf8)
  }
}
