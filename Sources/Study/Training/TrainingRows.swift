public import Foundation
public import Harness
public import Reference

/// The rows that a run trains and validates on, with what a reader should know of them.
public struct TrainingRows: Sendable {
  public let training: LabelledRows
  public let validation: LabelledRows
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
    validation = Self.labelled(held, held.gold(target.name)).rows
    switch source {
    case .table(let file):
      let table = try TableRows(file, target: target.name, range: target.range)
      training = LabelledRows(table.rows.map(\.text), labels: table.rows.map(\.label))
      let shared = table.overlap(with: held.rows.map(\.text))
      notes =
        [table.summary]
        + (shared > 0
          ? [
            "\(shared) of them also stand in \(definition.id)/\(split), which validates: its "
              + "figures will be too good"
          ] : [])
    case .splits(let splits, let labels):
      guard !splits.contains(split) else {
        throw StudyError.usage("\(split) cannot be both a train and the validation split.")
      }
      var (texts, values, dropped) = ([String](), [Double](), 0)
      for dataset in try splits.map({ try home.load(definition, split: $0) }) {
        let own = try Self.labelled(
          dataset, Self.labels(of: dataset, definition, target.name, from: labels))
        texts += own.rows.texts
        values += own.rows.labels
        dropped += own.dropped
      }
      training = LabelledRows(texts, labels: values)
      notes = dropped > 0 ? ["\(dropped) rows without a label are left out"] : []
    }
  }

  /// The rows that have a label, and how many have none.
  private static func labelled(
    _ dataset: Dataset, _ labels: [Double?]
  ) -> (rows: LabelledRows, dropped: Int) {
    let pairs = zip(dataset.rows, labels).compactMap { row, label in label.map { (row.text, $0) } }
    return (
      LabelledRows(pairs.map(\.0), labels: pairs.map(\.1)), dataset.rows.count - pairs.count
    )
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
  /// Begins a run in `folder`, or continues the one that is there.
  ///
  /// - Parameters:
  ///   - model: the pretrained model's folder; a run that continues takes its own.
  ///   - configuration: of a run that begins.
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
