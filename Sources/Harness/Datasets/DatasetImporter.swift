public import Foundation

/// Reads the organisers' files of a benchmark and writes them into the data home.
public enum DatasetImporter {
  /// What an import found, in numbers.
  public struct Summary: Codable, Sendable, Equatable {
    public var benchmark: String
    public var splits: [Split]
    /// Splits whose files were not in the folder.
    public var absent: [String]
    public var warnings: [Diagnostic]

    public struct Split: Codable, Sendable, Equatable {
      public var name: String
      public var rows: Int
      /// Number of clusters by clustering.
      public var clusters: [String: Int]
      public var hasGold: Bool
      /// Rows without a label, by target; all rows of a blind split.
      public var missingLabels: TargetTable<Int>
      /// Rows whose text stands on an earlier row of the split too; nil where rows have no text.
      public var duplicateTexts: Int?
      /// Rows without any attribute; nil where the benchmark has none.
      public var withoutAttributes: Int?
      public var sha256: String
    }
  }

  /// Imports from `folder`. Nothing is written unless every file that is there is sound.
  public static func run(
    _ definition: BenchmarkDefinition, from folder: URL, into home: DataHome
  ) throws(HarnessError) -> Summary {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder),
      isFolder.boolValue
    else {
      throw .missing(
        path: folder.relativePath, hint: "Give the folder that holds the organisers' files.")
    }
    let outcome = try DatasetReader(definition, from: folder).read()
    let manifest = try home.save(outcome.datasets, of: definition.id, sources: outcome.sources)
    let splits = zip(outcome.datasets, manifest.splits).map { dataset, entry in
      split(dataset, definition: definition, sha256: entry.sha256, outcome: outcome)
    }
    return Summary(
      benchmark: definition.id, splits: splits, absent: outcome.absent, warnings: outcome.warnings)
  }

  private static func split(
    _ dataset: Dataset, definition: BenchmarkDefinition, sha256: String,
    outcome: DatasetReader.Outcome
  ) -> Summary.Split {
    var missing: TargetTable<Int> = [:]
    for target in definition.targetNames {
      missing[target] = dataset.gold(target).count { $0 == nil }
    }
    return Summary.Split(
      name: dataset.split, rows: dataset.rows.count, clusters: dataset.clusterCounts,
      hasGold: dataset.hasGold, missingLabels: missing,
      duplicateTexts: definition.columns.text.map { _ in
        dataset.rows.count - Set(dataset.rows.map(\.normalisedText)).count
      },
      withoutAttributes: definition.attributeNames.isEmpty
        ? nil : dataset.rows.count { $0.attributes.isEmpty }, sha256: sha256)
  }
}
