import ArgumentParser
import Foundation
import Harness
import Sample

struct DataSampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Make the synthetic set sample24, which has the shape and quirks of NewsEmp24.",
    discussion: HelpText.reflow(
      """
      Writes files like the organisers' to --out, with simulated LLM labels and four example
      systems (systems/), and imports them as the benchmark sample24. No person wrote these essays,
      so scores on them say nothing about empathy. The same seed gives the same bytes.
      """))

  @Option(help: "Folder to write; it must be empty or absent. Default: <data home>/sample24-files.")
  var out: String?

  @Option(help: "Seed of everything random.")
  var seed: UInt64 = 24

  @Flag(help: "Write the files without importing them.")
  var noImport = false

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func run() throws {
    if out == nil { try data.home.create() }
    let folder = out.map { URL(filePath: $0) } ?? data.home.url.appending(path: "sample24-files")
    let summary = try SampleGenerator(seed: seed).write(to: folder)
    Console.message("wrote \(summary.files.count) files to \(folder.relativePath), seed \(seed)")
    if noImport {
      if output.json { try Console.json(summary) } else { Console.print(folder.relativePath) }
      return
    }
    let definition = try BenchmarkRegistry.find("sample24")
    let imported = try DatasetImporter.run(definition, from: folder, into: data.home)
    try ImportReport.show(imported, definition, json: output.json)
  }
}
