import Basics
import ArgumentParser
import Foundation
import Harness
import Reference

struct ExperimentMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Bring the finished cells of several folders of one experiment together.",
    discussion: HelpText.reflow(
      """
      For shards that ran on machines without a shared file system. Folders of another experiment,
      or of the same file with other data, labels or threads, are refused, and so are cells that
      two folders finished with different predictions.

      Example:
        invitro experiment merge part1 part2 part3 --out runs/grid
        invitro experiment summary runs/grid
      """))

  @Argument(help: "The folders.")
  var folders: [String]

  @Option(
    help: ArgumentHelp("The folder they go to; may hold cells already.", valueName: "dir"))
  var out: String

  @OptionGroup var output: JSONOption

  private struct Document: Encodable {
    var schema = 1
    var folder: String
    var copied: Int
    var thereAlready: Int
    var unfinished: Int
    var missing: Int
  }

  func run() throws {
    let target = ExperimentFolder(URL(filePath: out))
    let sources = folders.map { ExperimentFolder(URL(filePath: $0)) }
    let index = try Self.commonIndex(sources, target)
    var document = Document(
      folder: target.url.relativePath, copied: 0, thereAlready: 0, unfinished: 0, missing: 0)
    let names = Set(index.rows.flatMap { $0.cells.values }).sorted()
    // All are looked at before one is copied.
    var copies: [(name: String, from: ExperimentFolder)] = []
    for name in names {
      let finished = try ([target] + sources).filter { try $0.done(name) != nil }
      try Self.check(name, finished)
      if try target.done(name) != nil {
        document.thereAlready += 1
      } else if let source = finished.first {
        copies.append((name, source))
      } else {
        let begun = sources.contains {
          FileManager.default.fileExists(atPath: $0.cell(name).path)
        }
        if begun { document.unfinished += 1 } else { document.missing += 1 }
      }
    }
    try AtomicFile.write(
      try CanonicalJSON.document(try sources[0].experiment().source), to: target.experimentURL)
    try AtomicFile.write(try CanonicalJSON.document(index), to: target.indexURL)
    for (name, source) in copies {
      try target.adopt(name, from: source)
      document.copied += 1
    }
    if output.json { return try Console.json(document) }
    Console.message(
      "cells: \(document.copied) copied, \(document.thereAlready) there already, "
        + "\(document.unfinished) begun and not finished, \(document.missing) not begun")
    Console.print(target.url.relativePath)
  }

  func validate() throws {
    guard !folders.isEmpty else { throw ValidationError("Give the folders to merge.") }
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
        throw ExperimentError.folder(
          path: other.url.relativePath,
          problem: "it is of another experiment than \(sources[0].url.relativePath)")
      }
      guard try other.index() == index else {
        throw ExperimentError.folder(
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
          throw ExperimentError.folder(
            path: folder.url.relativePath,
            problem: "\(file.relativePath) is missing or not what its cell wrote")
        }
      }
      if done.splits != records[0].1.splits {
        throw ExperimentError.folder(
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
