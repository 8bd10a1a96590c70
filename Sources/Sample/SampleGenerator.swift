import Basics
public import Foundation
import Harness

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
  /// - Throws: ``HarnessError/conflict(what:hint:)`` for a folder that holds something, `BasicsError`.
  public func write(to folder: URL) throws -> SampleSummary {
    try Self.checkIsFree(folder)
    let splits = SampleSplits(try SamplePhrases(), seed: seed)
    let files = try content(splits)
    let draft = folder.deletingLastPathComponent()
      .appending(path: ".\(folder.lastPathComponent).\(UUID().uuidString).part")
    do {
      for file in files {
        try AtomicFile.write(Data(file.text.utf8), to: draft.appending(path: file.path))
      }
      // An empty folder gives way; one that filled up in the meantime makes this fail.
      try AtomicFile.rename(draft, to: folder)
    } catch {
      try? FileManager.default.removeItem(at: draft)
      throw error
    }
    return SampleSummary(seed: seed, splits: splits.all.map(Self.summary), files: files.map(\.path))
  }

  private func content(_ splits: SampleSplits) throws -> [(path: String, text: String)] {
    var files = SampleFiles(splits: splits).all
    for system in SampleSystems(seed: seed, splits: splits).all {
      let card = String(decoding: try CanonicalJSON.document(system.card), as: UTF8.self)
      files.append(("systems/\(system.slug)/system.json", card))
      let lines = system.predictions.map { row in
        SampleFiles.decimals(row.empathy, 4) + "\t" + SampleFiles.decimals(row.distress, 4) + "\n"
      }
      files.append(("systems/\(system.slug)/predictions_EMP.tsv", lines.joined()))
    }
    return files
  }

  private static func checkIsFree(_ folder: URL) throws(HarnessError) {
    let manager = FileManager.default
    guard manager.fileExists(atPath: folder.path) else { return }
    let names = try? manager.contentsOfDirectory(atPath: folder.path)
    guard names?.isEmpty == true else {
      throw .conflict(
        what: names == nil
          ? "\(folder.path) is not a folder that can be read"
          : "\(folder.path) holds files already", hint: "Name a folder that is new or empty.")
    }
  }

  private static func summary(_ split: SampleSplit) -> SampleSummary.Split {
    let used = split.rows.map { split.essays[$0.essay] }
    return SampleSummary.Split(
      name: split.name, rows: split.rows.count, essays: split.essays.count,
      persons: Set(used.map(\.person)).count, articles: Set(used.map(\.article)).count)
  }
}
