public import ArgumentParser
import Foundation
import Harness
import Report
public import Sample

struct DataCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Bring data into the data home and inspect it.",
    discussion: """
        Synthetic, nothing to download:  invitro data sample
        An open set (CC BY 4.0):         invitro data fetch newsemp18
        The organisers' files:           invitro data import newsemp24 --from DIR

      NewsEmp22, 23 and 24 may be used for research but not redistributed. Keep the
      data home on this machine; its files can be read by their owner only.
      """,
    subcommands: [
      DataImportCommand.self, DataFetchCommand.self, DataSampleCommand.self,
      DataStatsCommand.self, DataCheckCommand.self, DataRepairCommand.self,
    ])
}

struct DataImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Import a benchmark's files as the organisers distribute them.",
    discussion: """
      Checks row counts, ids, label ranges and duplicates, lists every error in every
      file, and writes nothing if there is one. Splits whose files are missing are
      skipped and named. The data home keeps the definition of a benchmark of your
      own: from then on every command knows it by its id.

        Example:  invitro data import newsemp24 --from ~/wassa2024
      """)

  @Argument(
    help: "A benchmark's id, or the path of a definition ending in .json.",
    completion: Completions.benchmarks)
  var benchmark: String

  @Option(help: .value("dir", "Folder with the organisers' files."), completion: .directory)
  var from: String

  @Flag(help: "Import although the definition differs from the one that was imported before.")
  var replace = false

  @OptionGroup var shared: SharedOptions

  func run() throws {
    let definition = try shared.home.benchmarks.find(benchmark)
    if let change = try shared.home.change(by: definition) {
      let what =
        "the definition changes \(change.fields.joined(separator: ", ")) of \(definition.id)"
      let boards =
        change.boards.isEmpty
        ? "no score changes" : "scores on \(change.boards.joined(separator: ", ")) may change"
      guard replace else {
        throw HarnessError.conflict(
          what: "\(what), which was imported before", hint: "--replace imports it; \(boards).")
      }
      Console.message("\(what); \(boards)")
    }
    try shared.importFiles(definition, from: URL(filePath: from, directoryHint: .isDirectory))
  }
}

struct DataFetchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Download an open set from its public repository.",
    discussion: """
        newsemp18  essays and crowd labels, CC BY 4.0; imported at once
        llmpathy   labels by Llama 3 70B and GPT-4o, NewsEmp22 to 24, Apache-2.0

      Sizes and SHA-256 digests are pinned, and a file that differs is refused. Files
      that are already there are not fetched again. --mirror takes a folder or an
      address that holds the sets as <set>/<path>.
      """)

  @Argument(help: "newsemp18 or llmpathy.", completion: .list(["newsemp18", "llmpathy"])) var name:
    String

  @Option(
    help: .value("dir-or-url", "Folder or address to take the files from instead."),
    completion: .directory)
  var mirror: String?

  @OptionGroup var shared: SharedOptions

  func run() async throws {
    let list = try FetchList.shipped(name)
    try shared.home.create()
    let folder = shared.home.url.appending(path: "fetched").appending(path: name)
    let bar = ProgressBar("fetching \(name)", unit: "bytes")
    let summary = try await Downloader().fetch(
      list, to: folder, mirror: try mirror.map(Mirror.init)
    ) { progress in bar.update(progress.bytes, of: progress.total) }
    Console.message(
      "\(summary.fetched.count) files fetched, \(summary.present.count) were there already; "
        + "all digests are as pinned (\(list.licence))")
    if let definition = try BenchmarkRegistry.shipped().first(where: { $0.id == name }) {
      try shared.importFiles(definition, from: folder)
    } else {
      try shared.show(summary, as: folder.relativePath)
    }
  }
}

struct DataSampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Make the synthetic set sample24, which has the shape and quirks of NewsEmp24.",
    discussion: """
      Writes files like the organisers' to --out, with simulated LLM labels and four
      example systems (systems/), and imports them as the benchmark sample24. No
      person wrote these essays, so scores on them say nothing about empathy. The
      same seed gives the same bytes.

      --track convd, convt or per makes the like of another track of WASSA 2024 from
      the same persons and conversations, as the benchmark sample24-convd and so on.
      """)

  @Option(
    help: "Folder to write; it must be empty or absent. Default: <data home>/<benchmark>-files.",
    completion: .directory)
  var out: String?
  @Option(help: "Track of WASSA 2024: emp (essays), convd, convt or per.")
  var track: SampleTrack = .emp

  @Option(help: "Seed of everything random.") var seed: UInt64 = 24
  @Flag(help: "Write the files without importing them.") var noImport = false

  @OptionGroup var shared: SharedOptions

  func run() throws {
    if out == nil { try shared.home.create() }
    let folder =
      out.map { URL(filePath: $0) }
      ?? shared.home.url.appending(path: "\(track.benchmark)-files")
    let summary = try SampleGenerator(seed: seed, track: track).write(to: folder)
    Console.message("wrote \(summary.files.count) files to \(folder.relativePath), seed \(seed)")
    if noImport { return try shared.show(summary, as: folder.relativePath) }
    try shared.importFiles(shared.home.benchmarks.find(track.benchmark), from: folder)
  }
}

extension SampleTrack: ExpressibleByArgument {}

extension SharedOptions {
  /// Imports the files in `folder` and shows what came of it.
  fileprivate func importFiles(_ definition: BenchmarkDefinition, from folder: URL) throws {
    let summary = try DatasetImporter.run(definition, from: folder, into: home)
    if let note = definition.clusterNote { Console.message(note) }
    if json { return try Console.json(summary) }
    FaultListing.show(summary.warnings)
    Console.print(summary.text(definition))
    let absent = summary.absent.joined(separator: ", ")
    if !absent.isEmpty { Console.message("not in the folder: \(absent)") }
  }
}
