import Basics
public import Foundation
import Glibc
public import Harness

/// The folder of an experiment.
///
/// ```
/// experiment.json         the experiment's file
/// index.json              the cell of each row and seed
/// cells/HASH/cell.json    what the cell depends on
/// cells/HASH/run          the training run: run.json, steps.jsonl, epochs.jsonl, curve.svg
/// cells/HASH/SPLIT.tsv    predictions of an evaluated split
/// cells/HASH/SPLIT.json   its score report, where the split has labels
/// cells/HASH/done.json    written last: the cell is finished
/// ```
public struct ExperimentFolder {
  public let url: URL

  public init(_ url: URL) { self.url = url }

  public var experimentURL: URL { url.appending(path: "experiment.json") }
  public var indexURL: URL { url.appending(path: "index.json") }

  public func cell(_ name: String) -> URL { url.appending(path: "cells/\(name)") }

  public func predictions(_ cell: String, _ split: String) -> URL {
    self.cell(cell).appending(path: "\(split).tsv")
  }

  /// The folder of a cell's training.
  public func run(_ cell: String) -> URL { self.cell(cell).appending(path: "run") }

  /// Whether a cell's training was begun.
  public func isBegun(_ cell: String) -> Bool {
    FileManager.default.fileExists(atPath: run(cell).appending(path: "run.json").path)
  }

  public func report(_ cell: String, _ split: String) -> URL {
    self.cell(cell).appending(path: "\(split).json")
  }

  /// `done.json`.
  public struct Done: Codable, Equatable {
    public var schema = 1
    public var splits: [Split]
    public var epochs: Int
    public var steps: Int
    /// Why the training ended.
    public var reason: String
    /// OpenBLAS' kernels on the machine that trained.
    public var kernel: String
    public var version: String = ScoreReport.toolVersion

    public struct Split: Codable, Equatable {
      public var split: String
      public var rows: Int
      /// SHA-256 over the ids and essays that were predicted.
      public var essays: String
      /// SHA-256 of the prediction file.
      public var predictions: String
    }
  }

  /// Writes the experiment and its index, which say what belongs to it.
  ///
  /// - Parameter sharded: other processes write the same: an index that differs for the same file
  ///   means that they do not see the same data, models or threads.
  public func begin(_ experiment: Experiment, index: ExperimentIndex, sharded: Bool) throws {
    let source = try CanonicalJSON.document(experiment.source)
    let manager = FileManager.default
    if sharded, let earlier = try? Data(contentsOf: experimentURL), earlier == source,
      manager.fileExists(atPath: indexURL.path)
    {
      let known = try self.index()
      guard known == index else {
        throw StudyError.folder(
          path: url.relativePath,
          problem: "another shard has other cells for the same file: its data, model, labels or "
            + "--threads differ from those here. Mend that, or remove index.json")
      }
      return
    }
    try AtomicFile.write(source, to: experimentURL)
    try AtomicFile.write(try CanonicalJSON.document(index), to: indexURL)
  }

  public func index() throws -> ExperimentIndex {
    guard FileManager.default.fileExists(atPath: indexURL.path) else {
      throw HarnessError.missing(
        path: indexURL.relativePath, hint: "Make it with `invitro experiment run`.")
    }
    return try Documents.decode(ExperimentIndex.self, from: indexURL)
  }

  /// The experiment that was run here.
  public func experiment() throws -> Experiment {
    guard FileManager.default.fileExists(atPath: experimentURL.path) else {
      throw HarnessError.missing(
        path: experimentURL.relativePath, hint: "Make it with `invitro experiment run`.")
    }
    return try Experiment(contentsOf: experimentURL)
  }

  /// What `done.json` of a cell says; nil where the cell is not finished.
  public func done(_ cell: String) throws -> Done? {
    let file = self.cell(cell).appending(path: "done.json")
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    return try Documents.decode(Done.self, from: file)
  }

  /// Whether a cell has predictions of every evaluated split as its essays are now.
  public func isFinished(_ cell: ExperimentPlan.Cell, _ inputs: ExperimentInputs) throws -> Bool {
    guard let done = try done(cell.name) else { return false }
    return try inputs.experiment.evaluate.allSatisfy { split in
      let essays = Self.digest(try inputs.dataset(cell.row.settings.benchmark, split))
      return done.splits.contains { $0.split == split && $0.essays == essays }
        && FileManager.default.fileExists(atPath: predictions(cell.name, split).path)
    }
  }

  /// SHA-256 over the ids and essays of a split.
  public static func digest(_ dataset: Dataset) -> String {
    let texts = dataset.rows.map { "\($0.id)\u{0}\($0.text)" }
    return LabelledRows(texts, labels: texts.map { _ in 0 }).digest
  }
}

/// Keeps two processes from working on one cell; released when the value goes away or its process
/// ends.
public final class CellLock {
  private let descriptor: Int32

  /// Nil where another process has it.
  public init?(_ cell: URL) throws {
    let file = cell.appending(path: "lock")
    descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw HarnessError.system(
        path: file.relativePath, reason: String(cString: strerror(errno)))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
  }

  deinit { close(descriptor) }
}
