import Basics
import ArgumentParser
import Foundation
import Harness

struct DataStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Show the labels, groups and overlaps of an imported benchmark.",
    discussion: """
      Shows mean, SD (n-1) and histogram of the labels, the rows and persons of
      demographic groups, and texts that occur in more than one split or year
      (compared by their letters and digits, in lower case). Groups of fewer than 10
      rows or 5 persons are named without numbers.
      """)

  @Argument(help: "A benchmark's id, or the path of a definition.")
  var benchmark: String

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func run() throws {
    let definition = try BenchmarkRegistry.find(benchmark)
    let home = data.home
    let own = try DatasetLoader.all(definition, in: home)
    if own.isEmpty { _ = try home.load(definition, split: definition.defaultSplit) }
    var others: [Dataset] = []
    for other in try BenchmarkRegistry.shipped() where other.id != definition.id {
      others += try DatasetLoader.all(other, in: home)
    }
    let statistics = DatasetStatistics(own, definition: definition, others: others)
    if output.json { return try Console.json(statistics) }
    show(statistics, definition)
  }

  private func show(_ statistics: DatasetStatistics, _ definition: BenchmarkDefinition) {
    Console.print("\(definition.title) · \(definition.licence)\n")
    for split in statistics.splits {
      let clusters = definition.clusters.map { $0.counted(split.clusters[$0] ?? 0) }
      Console.print("\(split.name): " + (["\(split.rows) rows"] + clusters).joined(separator: ", "))
      for target in definition.targets {
        guard let labels = split.labels[target.name] else { continue }
        let sd = labels.sd.map { Rounding.text($0, decimals: 3) } ?? "undefined"
        Console.print(
          "  \(target.name): n \(labels.n), mean \(Rounding.text(labels.mean, decimals: 3))"
            + ", SD \(sd)  \(Self.bars(labels.histogram ?? [])) \(target.low)–\(target.high)")
      }
      for attribute in definition.groups.map(\.attribute) {
        let groups = split.groups.filter { $0.attribute == attribute }
        guard !groups.isEmpty else { continue }
        let parts = groups.map { group in
          guard let n = group.n, let count = group.clusters else { return "\(group.group): small" }
          return "\(group.group) \(n) (\(count))"
        }
        let unit = (definition.clusters.first ?? BenchmarkDefinition.rows).plural
        Console.print("  \(attribute), rows (\(unit)): " + parts.joined(separator: ", "))
      }
    }
    for overlap in statistics.overlaps {
      Console.print(
        "overlap: \(overlap.rows) rows of \(overlap.split) have the text of one of \(overlap.other)"
      )
    }
  }

  /// A histogram in one line; the fullest bin has the highest bar.
  private static func bars(_ counts: [Int]) -> String {
    let most = max(1, counts.max() ?? 1)
    let blocks = Array("▁▂▃▄▅▆▇█")
    return String(counts.map { $0 == 0 ? " " : blocks[min(7, $0 * 8 / (most + 1))] })
  }
}

/// Loads every imported split of a benchmark.
enum DatasetLoader {
  static func all(_ definition: BenchmarkDefinition, in home: DataHome) throws -> [Dataset] {
    try (home.manifest(definition.id)?.splits ?? []).map { split in
      try home.load(definition, split: split.name)
    }
  }
}
