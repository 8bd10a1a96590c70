import Foundation
import Harness
import Reference
import Study
import TestSupport
import Testing

/// A data home with made-up rows of sample24 (train, dev, test) and newsemp18 (all).
///
/// Row n of a split has the crowd's label 1 + n mod 5 and belongs to person n / 2; the model's label
/// is higher by 0.5 or, in every fourth row, by 2.
struct StudyHome {
  let folder: TemporaryFolder
  let home: DataHome
  let definition: BenchmarkDefinition

  init(train: Int = 12) throws {
    folder = try TemporaryFolder()
    home = DataHome(folder.file("data"))
    definition = try BenchmarkRegistry(folder: nil).find("sample24")
    let sets = [("dev", 8), ("test", 12), ("train", train)].map { split, count in
      Self.dataset(definition, split, essays: (0..<count).map { "Essay \($0) of \(split)." })
    }
    _ = try home.save(sets, of: definition.id, sources: [:])
    let other = try BenchmarkRegistry(folder: nil).find("newsemp18")
    // The first two essays also stand in the dev split above.
    let essays = ["essay 0 of DEV", "Essay 1 of dev!"] + (2..<10).map { "Another essay \($0)." }
    _ = try home.save([Self.dataset(other, "all", essays: essays)], of: other.id, sources: [:])
  }

  static func dataset(
    _ definition: BenchmarkDefinition, _ split: String, essays: [String]
  ) -> Dataset {
    let parts = RatedSplit.idColumns(definition, split: split).count
    let rows = essays.enumerated().map { n, essay in
      DatasetRow(
        id: Array(repeating: "\(n + 1)", count: parts).joined(separator: ":"), text: essay,
        labels: TargetTable(
          uniqueKeysWithValues: definition.targetNames.map { ($0, Double(1 + n % 5)) }),
        clusters: Dictionary(
          uniqueKeysWithValues: definition.clusters.map { ($0, "p\(n / 2)") }))
    }
    return Dataset(definition, split: split, rows: rows, hasGold: true)
  }

  func rated(_ split: String) throws -> RatedSplit {
    try RatedSplit.load(definition, split: split, home: home)
  }

  /// Writes the model's labels of `rows`; `blank` rows have none.
  func labels(
    _ name: String, of split: String, in benchmark: String = "sample24", rows: Range<Int>,
    blank: Set<Int> = [], file: String? = nil
  ) throws -> LabelFile {
    let definition = try BenchmarkRegistry(folder: nil).find(benchmark)
    let columns = RatedSplit.idColumns(definition, split: split)
    let lines = rows.map { n in
      let label = Double(1 + n % 5) + (n % 4 == 3 ? 2 : 0.5)
      let fields = columns.map { _ in "\(n + 1)" } + [blank.contains(n) ? "" : "\(label)"]
      return fields.joined(separator: "\t")
    }
    let text = ([(columns + ["llm_empathy"]).joined(separator: "\t")] + lines)
      .map { $0 + "\n" }.joined()
    let url = try folder.write(text, to: file ?? "\(name)-\(benchmark)-\(split).tsv")
    return try LabelFile.parse(["\(name)=\(url.path)"], option: "--labels")[0]
  }
}

/// Collects what a study says.
final class Notes {
  var lines: [String] = []
  func say(_ line: String) { lines.append(line) }
}
