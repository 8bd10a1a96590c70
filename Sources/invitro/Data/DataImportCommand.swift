import ArgumentParser
import Foundation
import Harness
import Report

struct DataImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Import a benchmark's files as the organisers distribute them.",
    discussion: HelpText.reflow(
      """
      Checks row counts, ids, label ranges and duplicates, lists every error in every file, and
      writes nothing if there is one. Splits whose files are missing are skipped and named.

        Example:  invitro data import newsemp24 --from ~/wassa2024
      """))

  @Argument(help: "A benchmark's id, or the path of a definition ending in .json.")
  var benchmark: String

  @Option(help: ArgumentHelp("Folder with the organisers' files.", valueName: "dir"))
  var from: String

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func run() throws {
    let definition = try BenchmarkRegistry.find(benchmark)
    let summary = try DatasetImporter.run(
      definition, from: URL(filePath: from, directoryHint: .isDirectory), into: data.home)
    try ImportReport.show(summary, definition, json: output.json)
  }
}

/// Prints what an import found.
enum ImportReport {
  static func show(
    _ summary: DatasetImporter.Summary, _ definition: BenchmarkDefinition, json: Bool
  ) throws {
    if json { return try Console.json(summary) }
    FaultListing.show(summary.warnings)
    let texts = "duplicate \(definition.rowNoun.plural)"
    var table = TextTable(
      [("split", .left), ("rows", .right)]
        + definition.clusters.map { ($0.plural, .right) }
        + [
          ("gold", .left), ("missing labels", .right), (texts, .right), ("no attributes", .right),
        ])
    for split in summary.splits {
      let missing = definition.targetNames.compactMap { target in
        split.missingLabels[target].map { "\($0) \(target)" }
      }
      table.add(
        [split.name, "\(split.rows)"] + definition.clusters.map { "\(split.clusters[$0] ?? 0)" }
          + [
            split.hasGold ? "yes" : "blind", missing.joined(separator: ", "),
            split.duplicateTexts.map { "\($0)" } ?? "-",
            split.withoutAttributes.map { "\($0)" } ?? "-",
          ])
    }
    Console.print("\(summary.benchmark)\n" + table.text)
    if !summary.absent.isEmpty {
      Console.message("not in the folder: " + summary.absent.joined(separator: ", "))
    }
  }
}
