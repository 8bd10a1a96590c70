public import Basics
public import Foundation

/// What `SampleGenerator.write` wrote.
public struct SampleSummary: Codable, Equatable, Sendable {
  public struct Split: Codable, Equatable, Sendable {
    public let name: String
    public let rows: Int
    public let essays: Int
    public let persons: Int
    public let articles: Int
  }

  public let seed: UInt64
  /// Train, dev and test, in this order.
  public let splits: [Split]
  /// Paths below the folder, in the order they were written.
  public let files: [String]
}

/// Why a sample could not be written.
public enum SampleError: CommandError {
  /// The folder holds something already.
  case folderInUse(path: String)
  /// Something that is no folder stands there.
  case notAFolder(path: String)
  case notWritable(path: String, reason: String)

  /// The exit code a command ends with.
  public var exitStatus: ExitStatus { .badData }

  public var description: String {
    switch self {
    case .folderInUse(let path):
      "\(path) holds files already: name a folder that is new or empty"
    case .notAFolder(let path):
      "\(path) is a file: name a folder that is new or empty"
    case .notWritable(let path, let reason):
      "could not write \(path): \(reason)"
    }
  }
}

/// Writes `sample24`, a synthetic set in the layout and with the quirks of NewsEmp24.
///
/// The files are `trac3_EMP_train.csv`, `trac3_EMP_dev.csv`, `goldstandard_EMP.csv` (1000, 63 and
/// 83 rows), `trac4_PER_train.csv`, `trac4_PER_dev.csv`, `goldstandard_PER.csv`, simulated labels
/// of language models below `llmpathy/NewsEmp2024` and four example systems for the test split
/// below `systems/<slug>` (`system.json` and `predictions_EMP.tsv`).
///
/// Texts are composed from the program's own phrases around a hidden strength of empathy; labels
/// in [1, 7] are means of simulated clicks. Nothing in it comes from a person. The same seed gives
/// the same bytes on every machine.
public struct SampleGenerator: Sendable {
  public let seed: UInt64

  public init(seed: UInt64) { self.seed = seed }

  /// Writes the set to `folder`, which must be new or empty: everything, or nothing.
  ///
  /// - Throws: `SampleError`.
  public func write(to folder: URL) throws -> SampleSummary {
    try Self.checkIsFree(folder)
    let splits = SampleSplits(seed: seed)
    let files = try content(splits)
    let parent = folder.deletingLastPathComponent()
    let draft = parent.appending(path: ".\(folder.lastPathComponent).\(UUID().uuidString).part")
    let manager = FileManager.default
    do {
      for file in files {
        let target = draft.appending(path: file.path)
        try AtomicFile.write(Data(file.text.utf8), to: target)
      }
      // An empty folder may be replaced; one that filled up in the meantime makes this fail.
      if manager.fileExists(atPath: folder.path) { try Self.removeEmpty(folder) }
      try manager.moveItem(at: draft, to: folder)
      AtomicFile.sync(folder: parent)
    } catch {
      try? manager.removeItem(at: draft)
      if let known = error as? SampleError { throw known }
      if case .system(_, let reason)? = error as? HarnessError {
        throw SampleError.notWritable(path: folder.path, reason: reason)
      }
      throw SampleError.notWritable(path: folder.path, reason: error.localizedDescription)
    }
    return SampleSummary(
      seed: seed, splits: splits.all.map(Self.summary), files: files.map(\.path))
  }

  private func content(_ splits: SampleSplits) throws -> [(path: String, text: String)] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    var files = SampleFiles(splits: splits).all
    for system in SampleSystems(seed: seed, splits: splits).all {
      let card = String(decoding: try encoder.encode(system.card), as: UTF8.self)
      files.append(("systems/\(system.slug)/system.json", card + "\n"))
      let lines = system.predictions.map { row in
        SampleFiles.decimals(row.empathy, 4) + "\t" + SampleFiles.decimals(row.distress, 4) + "\n"
      }
      files.append(("systems/\(system.slug)/predictions_EMP.tsv", lines.joined()))
    }
    return files
  }

  private static func checkIsFree(_ folder: URL) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      return
    }
    guard isFolder.boolValue else { throw SampleError.notAFolder(path: folder.path) }
    do {
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      guard names.isEmpty else { throw SampleError.folderInUse(path: folder.path) }
    } catch let error as SampleError {
      throw error
    } catch {
      throw SampleError.notWritable(path: folder.path, reason: error.localizedDescription)
    }
  }

  private static func removeEmpty(_ folder: URL) throws {
    guard AtomicFile.removeEmptyFolder(folder) else {
      throw SampleError.folderInUse(path: folder.path)
    }
  }

  private static func summary(_ split: SampleSplit) -> SampleSummary.Split {
    let used = split.rows.map { split.essays[$0.essay] }
    return SampleSummary.Split(
      name: split.name, rows: split.rows.count, essays: split.essays.count,
      persons: Set(used.map(\.person)).count, articles: Set(used.map(\.article)).count)
  }
}
