import Basics
import Foundation
import Harness

/// What came of bringing the finished cells of several folders of one experiment together.
public struct ExperimentMerge: Encodable, Sendable, Equatable {
  public var schema = 1
  public let folder: String
  public private(set) var copied = 0
  public private(set) var thereAlready = 0
  public private(set) var unfinished = 0
  public private(set) var missing = 0

  /// Copies the finished cells of `sources` that `target` does not have yet.
  ///
  /// All are checked before one is copied: the folders have to be of one experiment with the same
  /// cells, and cells that several of them finished have to have the same predictions.
  ///
  /// - Parameter sources: at least one.
  /// - Throws: ``StudyError/folder(path:problem:)``, and what reading and writing throw.
  public init(_ sources: [ExperimentFolder], into target: ExperimentFolder) throws {
    precondition(!sources.isEmpty, "a folder to merge")
    let index = try Self.commonIndex(sources, target)
    folder = target.url.relativePath
    var copies: [(name: String, from: ExperimentFolder)] = []
    for name in Set(index.rows.flatMap { $0.cells.values }).sorted() {
      let finished = try ([target] + sources).filter { try $0.done(name) != nil }
      try Self.check(name, finished)
      if try target.done(name) != nil {
        thereAlready += 1
      } else if let source = finished.first {
        copies.append((name, source))
      } else if sources.contains(where: {
        FileManager.default.fileExists(atPath: $0.cell(name).path)
      }) {
        unfinished += 1
      } else {
        missing += 1
      }
    }
    try AtomicFile.write(
      try CanonicalJSON.document(try sources[0].experiment().source), to: target.experimentURL)
    try AtomicFile.write(try CanonicalJSON.document(index), to: target.indexURL)
    for (name, source) in copies {
      try target.adopt(name, from: source)
      copied += 1
    }
  }

  /// The index that all folders share.
  private static func commonIndex(
    _ sources: [ExperimentFolder], _ target: ExperimentFolder
  ) throws -> ExperimentIndex {
    let index = try sources[0].index()
    let source = try sources[0].experiment().source
    let present = FileManager.default.fileExists(atPath: target.indexURL.path) ? [target] : []
    for other in sources.dropFirst() + present {
      guard try other.experiment().source == source else {
        throw StudyError.folder(
          path: other.url.relativePath,
          problem: "it is of another experiment than \(sources[0].url.relativePath)")
      }
      guard try other.index() == index else {
        throw StudyError.folder(
          path: other.url.relativePath,
          problem: "its cells are not those of \(sources[0].url.relativePath): the data, models, "
            + "labels or --threads differ")
      }
    }
    return index
  }

  /// The finished copies of a cell have the same predictions, and those are what `done.json` says.
  private static func check(_ name: String, _ folders: [ExperimentFolder]) throws {
    let records = try folders.compactMap { folder in try folder.done(name).map { (folder, $0) } }
    for (folder, done) in records {
      for split in done.splits {
        let file = folder.predictions(name, split.split)
        guard FileManager.default.fileExists(atPath: file.path),
          try Digest.sha256(of: file) == split.predictions
        else {
          throw StudyError.folder(
            path: folder.url.relativePath,
            problem: "\(file.relativePath) is missing or not what its cell wrote")
        }
      }
      if done.splits != records[0].1.splits {
        throw StudyError.folder(
          path: folder.url.relativePath,
          problem: "cell \(name) has other predictions than in "
            + "\(records[0].0.url.relativePath) (OpenBLAS kernels \(done.kernel) and "
            + "\(records[0].1.kernel)); keep one of them")
      }
    }
  }
}

extension ExperimentFolder {
  /// Copies a finished cell from another folder, whole or not at all.
  func adopt(_ name: String, from source: ExperimentFolder) throws {
    let manager = FileManager.default
    let target = cell(name)
    let draft = url.appending(path: "cells/.\(name).part")
    do {
      try AtomicFile.createFolder(url.appending(path: "cells"))
      if manager.fileExists(atPath: draft.path) { try manager.removeItem(at: draft) }
      try manager.copyItem(at: source.cell(name), to: draft)
      // An unfinished copy gives way to the finished one.
      if manager.fileExists(atPath: target.path) { try manager.removeItem(at: target) }
      try manager.moveItem(at: draft, to: target)
    } catch let error as HarnessError {
      throw error
    } catch {
      throw HarnessError.system(path: target.relativePath, reason: error.localizedDescription)
    }
  }
}
