import Basics
public import Foundation
public import Harness
public import Reference

/// The rows that a run trains and validates on, with what a reader should know of them.
public struct TrainingRows: Sendable {
  public let training, validation: LabelledRows
  /// How the training rows' labels were rescaled, a target each; empty where they were not.
  public let scalings: [LabelScaling]
  /// In words: rows that were left out, sets of a table, overlaps.
  public let notes: [String]

  /// What is trained on.
  public enum Source: Sendable {
    /// Splits of the benchmark, with labels of the crowd or, where a file is given, of a model.
    case splits([String], labels: URL?)
    /// A table of `invitro curate`.
    case table(URL)
  }

  /// The rows that have a label of one of `targets` or more, as `input` reads them.
  /// - Parameter like: what the training rows' labels are given the mean and SD of; validation rows
  ///   keep theirs.
  /// - Throws: ``StudyError/usage(_:)`` where a split is to be trained and validated on, a table
  ///   is to be read with more than its texts, or the crowd's labels are to be like the crowd's;
  ///   ``StudyError/tooFew(what:found:needed:)``; and what reading a file throws.
  public init(
    _ source: Source, of definition: BenchmarkDefinition, validation split: String,
    targets: [Target], input: InputSettings = InputSettings(), like: ReferenceLabels? = nil,
    home: DataHome
  ) throws {
    let held = try home.load(definition, split: split)
    validation = try LabelledRows(held, targets.map { held.gold($0.name) }, input)
    let names = targets.map(\.name)
    switch source {
    case .table(let file):
      guard input.isPlain else {
        throw StudyError.usage("A table of `invitro curate` holds no context and no second text.")
      }
      let table = try TableRows(file, targets: targets)
      let rescaled =
        try like.map { like in
          try ReferenceLabels.scalings(
            table.rows.map(\.labels), like: like.labels(of: table, targets: targets, home: home),
            targets: names)
        } ?? []
      scalings = rescaled
      let rows = table.rows.filter { $0.labels.contains { $0 != nil } }
      training = LabelledRows(
        rows.map { TextInput($0.text) }, labels: rows.map { rescaled.apply($0.labels) })
      let shared = table.overlap(with: held.rows.map(\.text))
      let warning =
        "\(shared) of them also stand in \(definition.id)/\(split), which validates: its figures "
        + "will be too good"
      notes =
        [table.summary] + (shared > 0 ? [warning] : []) + scalings.notes
        + training.gaps(names, of: table.rows.count, noun: definition.rowNoun)
    case .splits(let splits, let labels):
      guard !splits.contains(split) else {
        throw StudyError.usage("\(split) cannot be both a train and the validation split.")
      }
      guard like != .crowd || labels != nil else {
        throw StudyError.usage("The labels are the crowd's: they are like the crowd's already.")
      }
      let datasets = try splits.map { try home.load(definition, split: $0) }
      func all(_ file: URL?) throws -> [[[Double?]]] {
        try datasets.map { try Self.labels(of: $0, definition, targets, from: file) }
      }
      let own = try all(labels)
      let rescaled =
        try like.map { like in
          try ReferenceLabels.scalings(
            own.flatMap(\.rows), like: all(like.file).flatMap(\.rows), targets: names)
        } ?? []
      scalings = rescaled
      let parts = try zip(datasets, own).map { dataset, labels in
        try LabelledRows(dataset, rescaled.apply(columns: labels), input)
      }
      training = LabelledRows(parts.flatMap(\.inputs), labels: parts.flatMap(\.labels))
      let count = datasets.reduce(0) { $0 + $1.rows.count }
      notes = scalings.notes + training.gaps(names, of: count, noun: definition.rowNoun)
    }
    let empty = targets.indices.filter { validation.missing($0) == validation.count }
    if let first = empty.first, validation.count > 0 {
      throw StudyError.tooFew(
        what: "labels of \(targets[first].name) in \(definition.id)/\(split)", found: 0, needed: 1)
    }
  }

  /// The crowd's labels of `dataset`, or those of a file with its ids; a list a target.
  private static func labels(
    of dataset: Dataset, _ definition: BenchmarkDefinition, _ targets: [Target], from file: URL?
  ) throws -> [[Double?]] {
    guard let file else { return targets.map { dataset.gold($0.name) } }
    let read = try PredictionReader(definition, dataset: dataset, dropMissing: true).read(file)
    let outside = read.warnings.filter { warning in
      warning.code == .range && targets.contains { $0.name == warning.field }
    }
    guard outside.isEmpty else { throw HarnessError.invalid(outside.map(\.refusedLabel)) }
    return try targets.map { target in
      guard let column = read.columns[target.name] else {
        throw StudyError.usage("\(file.relativePath) has no column of \(target.name).")
      }
      let missing = Set(column.missing)
      return column.values.indices.map { missing.contains($0) ? nil : column.values[$0] }
    }
  }
}

extension Diagnostic {
  /// The warning of a prediction outside the range as the error that it is for a label, which is
  /// not shown.
  fileprivate var refusedLabel: Diagnostic {
    Diagnostic(
      .range, file: file, line: line, column: column, field: field,
      found: "a label outside the range",
      expected: String(expected.prefix { $0 != ";" }))
  }
}

extension TrainingRun {
  /// Begins a run in `folder`, or continues the one that is there with its own model and
  /// configuration.
  public static func start(
    _ model: URL, training: LabelledRows, validation: LabelledRows, maxLength: Int,
    configuration: TrainingConfiguration, input: InputSettings = InputSettings(), folder: URL,
    source: RunSource? = nil, resume: Bool
  ) throws -> TrainingRun {
    let tokenizer = try Tokenizer.load(directory: resume ? tokenizerFolder(of: folder) : model)
    let rows = training.examples(tokenizer, maxLength: maxLength)
    let held = validation.examples(tokenizer, maxLength: maxLength)
    if resume { return try .resume(folder: folder, training: rows, validation: held) }
    return try TrainingRun(
      model: model, training: rows, validation: held, configuration: configuration, input: input,
      folder: folder, source: source)
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
