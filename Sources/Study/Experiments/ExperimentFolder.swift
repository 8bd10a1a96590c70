import Basics
public import Foundation
import Glibc
public import Harness

/// The folder of an experiment.
///
/// ```
/// experiment.json         the experiment's file
/// index.json              the cell of each row and seed
/// cells/HASH/cell.json           what the cell depends on
/// cells/HASH/claim-N             who works on it, see ``CellClaim``
/// cells/HASH/run-N               the training of that claim: run.json, steps.jsonl, epochs.jsonl,
///                                curve.svg, checkpoints until it is finished
/// cells/HASH/result/SPLIT.tsv    predictions of an evaluated split
/// cells/HASH/result/SPLIT.json   its score report, where the split has labels
/// cells/HASH/result/done.json    what was done
/// ```
/// `result` is renamed into place as a whole: the cell is finished, and the first result stays.
public struct ExperimentFolder {
  public let url: URL

  public init(_ url: URL) { self.url = url }

  public var experimentURL: URL { url.appending(path: "experiment.json") }
  public var indexURL: URL { url.appending(path: "index.json") }

  public func cell(_ name: String) -> URL { url.appending(path: "cells/\(name)") }

  /// What a finished cell left.
  public func result(_ cell: String) -> URL { self.cell(cell).appending(path: "result") }

  public func predictions(_ cell: String, _ split: String) -> URL {
    result(cell).appending(path: "\(split).tsv")
  }

  /// The folder of the training of a cell's claim.
  public func run(_ cell: String, _ claim: Int) -> URL {
    self.cell(cell).appending(path: "run-\(claim)")
  }

  /// The folder in which a claim's result is made.
  func draft(_ cell: String, _ claim: Int) -> URL {
    self.cell(cell).appending(path: "result-\(claim)")
  }

  /// The last claim that began to train, if one did.
  public func lastRun(_ cell: String) -> Int? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: self.cell(cell).path)) ?? []
    let numbers = names.filter { $0.hasPrefix("run-") }.compactMap { Int($0.dropFirst(4)) }
    return numbers.filter { isThere(run(cell, $0).appending(path: "run.json")) }.max()
  }

  /// Whether a cell's training was begun.
  public func isBegun(_ cell: String) -> Bool { lastRun(cell) != nil }

  /// Who has a cell, by its last claim; nil where nobody has.
  public func worker(_ cell: String) -> String? {
    ClaimFile.last(in: self.cell(cell)).flatMap { $0.isGone ? nil : $0.title }
  }

  /// Puts what the claim before this one trained into this one's folder: moved where its process is
  /// gone, copied where it may still write. A copy that fails is dropped: the training begins anew,
  /// as it does where there is no checkpoint.
  func takeOver(_ cell: String, by claim: CellClaim) throws {
    guard let last = lastRun(cell), last < claim.number else { return }
    let (old, new) = (run(cell, last), run(cell, claim.number))
    guard isThere(old.appending(path: "last/state.json")) else { return }
    if claim.before?.isGone ?? false { return try AtomicFile.rename(old, to: new) }
    let draft = self.cell(cell).appending(path: ".run-\(claim.number).part")
    do { try FileManager.default.copyItem(at: old, to: draft) } catch {
      return try remove(draft)
    }
    // An owner that still writes may have moved on to a checkpoint that was not yet there to copy.
    guard isThere(draft.appending(path: "last/state.json")) else { return try remove(draft) }
    try AtomicFile.rename(draft, to: new)
  }

  /// Renames the folder `draft` to the cell's result, unless it has one with these splits already.
  /// - Returns: whether the draft became the result.
  package func publish(_ cell: String, _ draft: URL, _ splits: [Done.Split]) throws -> Bool {
    let result = result(cell)
    while rename(draft.path, result.path) != 0 {
      let reason = errno
      guard reason == EEXIST || reason == ENOTEMPTY else {
        throw HarnessError.system(
          path: result.relativePath, reason: String(cString: strerror(reason)))
      }
      if let done = try done(cell), splits.allSatisfy({ done.covers($0.split, $0.essays) }) {
        try remove(draft)
        return false
      }
      // Of other essays, or from before a split was added to the experiment.
      try remove(result)
    }
    AtomicFile.sync(folder: self.cell(cell))
    return true
  }

  /// What attempts that did not give the result of a finished cell left.
  func leftovers(_ cell: String) throws -> [URL] {
    guard let done = try done(cell) else { return [] }
    let run = run(cell, done.claim)
    func names(_ folder: URL) -> [String] {
      (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    }
    let attempts = names(self.cell(cell)).filter {
      $0.hasSuffix(".part") || $0.hasPrefix("result-")
        || $0.hasPrefix("run-") && $0 != run.lastPathComponent
    }
    let drafts = names(run).filter { name in
      [".part", ".partial", ".new"].contains { name.hasSuffix($0) }
        || !done.keepsModels && ["checkpoint-", "best-"].contains { name.hasPrefix($0) }
    }
    return attempts.map { self.cell(cell).appending(path: $0) }
      + drafts.map { run.appending(path: $0) }
  }

  func remove(_ file: URL) throws {
    do { try FileManager.default.removeItem(at: file) } catch  where isThere(file) {
      throw HarnessError.system(path: file.relativePath, reason: error.localizedDescription)
    } catch {}
  }

  /// `done.json`.
  public struct Done: Codable, Equatable {
    public var schema = 1
    public var splits: [Split]
    public var epochs, steps: Int
    /// Why the training ended.
    public var reason: String
    /// OpenBLAS' kernels on the machine that trained.
    public var kernel: String
    /// The claim whose run gave the result.
    public var claim: Int
    /// Whether the run's models are kept.
    public var keepsModels: Bool
    public var version: String = ScoreReport.toolVersion

    public struct Split: Codable, Equatable {
      public var split: String
      public var rows: Int
      /// SHA-256 over the ids and essays that were predicted.
      public var essays: String
      /// SHA-256 of the prediction file.
      public var predictions: String
    }

    /// Whether a split was predicted with the essays of this digest.
    func covers(_ split: String, _ essays: String) -> Bool {
      splits.contains { $0.split == split && $0.essays == essays }
    }
  }

  /// Writes the experiment and its index, which say what belongs to it.
  /// - Parameter sharded: other processes write the same: an index that differs for the same file
  ///   means that they do not see the same data, models or threads.
  public func begin(_ experiment: Experiment, index: ExperimentIndex, sharded: Bool) throws {
    let source = try CanonicalJSON.document(experiment.source)
    if sharded, (try? Data(contentsOf: experimentURL)) == source, isThere(indexURL) {
      guard try self.index() == index else {
        throw problem(
          "another process has other cells for the same file: its data, model, labels or "
            + "--threads differ from those here. Mend that, or remove index.json")
      }
      return
    }
    try AtomicFile.write(source, to: experimentURL)
    try AtomicFile.write(try CanonicalJSON.document(index), to: indexURL)
  }

  fileprivate func problem(_ text: String) -> StudyError {
    .folder(path: url.relativePath, problem: text)
  }

  public func index() throws -> ExperimentIndex {
    try Documents.decode(ExperimentIndex.self, from: existing(indexURL))
  }

  /// The experiment that was run here.
  public func experiment() throws -> Experiment {
    try Experiment(contentsOf: existing(experimentURL))
  }

  private func existing(_ file: URL) throws(HarnessError) -> URL {
    guard isThere(file) else {
      throw .missing(path: file.relativePath, hint: "Make it with `invitro experiment run`.")
    }
    return file
  }

  /// The predictions of a finished cell. Throws where they are not what `split` records.
  public func verified(_ cell: String, _ split: Done.Split) throws -> URL {
    let file = predictions(cell, split.split)
    guard isThere(file), try Digest.sha256(of: file) == split.predictions else {
      throw problem(
        "\(file.relativePath) is missing or not what its cell wrote; remove the cell's folder and "
          + "run the experiment again")
    }
    return file
  }

  /// What `done.json` of a cell says; nil where the cell is not finished.
  public func done(_ cell: String) throws -> Done? {
    let file = result(cell).appending(path: "done.json")
    return try !isThere(file) ? nil : Documents.decode(Done.self, from: file)
  }

  /// Whether a cell has predictions of every evaluated split as its essays are now.
  public func isFinished(_ cell: ExperimentPlan.Cell, _ inputs: ExperimentInputs) throws -> Bool {
    guard let done = try done(cell.name) else { return false }
    return try inputs.experiment.evaluate.allSatisfy { split in
      let essays = Self.digest(
        try inputs.evaluated(cell.row.settings, split, fold: cell.fold))
      return done.covers(split, essays)
        && isThere(predictions(cell.name, split))
    }
  }

  /// SHA-256 over the ids and essays of a split.
  public static func digest(_ dataset: Dataset) -> String {
    let texts = dataset.rows.map { "\($0.id)\u{0}\($0.text)" }
    return LabelledRows(texts, labels: texts.map { _ in 0 }).digest
  }
}

private func isThere(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }

/// What came of bringing the finished cells of several folders of one experiment together.
public struct ExperimentMerge: Encodable, Sendable, Equatable {
  public var schema = 1
  public let folder: String
  public private(set) var copied = 0
  public private(set) var thereAlready = 0
  public private(set) var unfinished = 0
  public private(set) var missing = 0

  /// Copies the finished cells of `sources` (at least one) that `target` does not have yet. Throws
  /// before anything is copied where the folders are not of one experiment with the same cells, or
  /// finished a cell with different predictions.
  public init(_ sources: [ExperimentFolder], into target: ExperimentFolder) throws {
    precondition(!sources.isEmpty, "a folder to merge")
    let (experiment, index) = (try sources[0].experiment(), try sources[0].index())
    folder = target.url.relativePath
    for other in sources.dropFirst() + (isThere(target.indexURL) ? [target] : []) {
      guard try other.experiment().source == experiment.source else {
        throw other.problem("it is of another experiment than \(sources[0].url.relativePath)")
      }
      guard try other.index() == index else {
        throw other.problem(
          "its cells are not those of \(sources[0].url.relativePath): the data, models, labels or "
            + "--threads differ")
      }
    }
    var copies: [(name: String, from: ExperimentFolder)] = []
    for name in Set(index.rows.flatMap { $0.cells.values }).sorted() {
      let finished = try ([target] + sources).filter { try $0.done(name) != nil }
      try Self.check(name, finished)
      if try target.done(name) != nil {
        thereAlready += 1
      } else if let source = finished.first {
        copies.append((name, source))
      } else if sources.contains(where: { isThere($0.cell(name)) }) {
        unfinished += 1
      } else {
        missing += 1
      }
    }
    try target.begin(experiment, index: index, sharded: false)
    for (name, source) in copies { try target.adopt(name, from: source) }
    copied = copies.count
  }

  /// The finished copies of a cell have the same predictions, and those are what `done.json` says.
  private static func check(_ name: String, _ folders: [ExperimentFolder]) throws {
    let records = try folders.compactMap { folder in try folder.done(name).map { (folder, $0) } }
    for (folder, done) in records {
      for split in done.splits { _ = try folder.verified(name, split) }
      let (first, known) = records[0]
      if done.splits != known.splits {
        throw folder.problem(
          "cell \(name) has other predictions than in \(first.url.relativePath) (OpenBLAS kernels "
            + "\(done.kernel) and \(known.kernel)); keep one of them")
      }
    }
  }
}

extension ExperimentFolder {
  /// Copies a finished cell from another folder, whole or not at all.
  fileprivate func adopt(_ name: String, from source: ExperimentFolder) throws {
    let manager = FileManager.default
    let target = cell(name)
    let draft = url.appending(path: "cells/.\(name).part")
    try AtomicFile.createFolder(url.appending(path: "cells"))
    do {
      if isThere(draft) { try manager.removeItem(at: draft) }
      try manager.copyItem(at: source.cell(name), to: draft)
      // An unfinished copy gives way to the finished one.
      if isThere(target) { try manager.removeItem(at: target) }
      try manager.moveItem(at: draft, to: target)
    } catch {
      throw HarnessError.system(path: target.relativePath, reason: error.localizedDescription)
    }
  }
}
