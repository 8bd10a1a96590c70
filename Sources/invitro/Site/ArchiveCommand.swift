import ArgumentParser
import Basics
import Foundation
import Harness
import Report
import Server

struct ArchiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "archive", abstract: "Write a board as one zip for a repository such as Zenodo.",
    discussion: """
      The zip holds the board as JSON, CSV and LaTeX, each entry's metadata and
      released report, the ledger, a Croissant description of the benchmark without
      its data, metadata for DataCite, and checksums. It holds what the board's
      pages show and no label, prediction or contact. The board is that of the
      server where its database has a phase of it (also while it runs), else that of
      the folders of submissions. The same input and --date give the same bytes.

      Example:
        invitro archive newsemp24/test --creator "Doe, Jane|0000-0002-1825-0097" \\
          --licence CC-BY-4.0
      """)

  @Argument(help: "The board as benchmark/split, in place of --benchmark and --split.")
  var board: String?

  @OptionGroup var split: SplitOptions

  @Option(
    help: .value(
      "name",
      "Who made the archive: \"Family, Given\", \"Family, Given|ORCID\" or an organisation; may be repeated."
    ))
  var creator: [String] = []

  @Option(help: "Day of the archive, YYYY-MM-DD. Default: today (UTC).") var date: String?

  @Option(help: "Who publishes it.") var publisher = "Zenodo"

  @Option(
    help: .value(
      "spdx", "The archive's licence in the SPDX list, such as CC-BY-4.0. Default: none is named."))
  var licence: String?

  @Option(help: .value("file", "The zip. Default: BENCHMARK-SPLIT-DATE.zip.")) var out: String?

  @Option(help: "Folders of submissions; may be given several times. Default: submissions.")
  var submissions: [String] = []

  @OptionGroup var inference: InferenceArguments
  @OptionGroup var data: DataOptions

  func validate() throws {
    try require(!creator.isEmpty, "Give at least one --creator, such as --creator \"Doe, Jane\".")
    try require(
      board == nil || split.benchmark == nil && split.split == nil,
      "Name the board as benchmark/split or with --benchmark and --split, not both.")
    try require(
      date.map { (try? Date($0, strategy: .iso8601.year().month().day())) != nil } ?? true,
      "--date takes a day as YYYY-MM-DD, not '\(date ?? "")'.")
    try require(
      licence?.wholeMatch(of: /[A-Za-z0-9.+\-]+/) != nil || licence == nil,
      "--licence takes an identifier of the SPDX list, such as CC-BY-4.0, not '\(licence ?? "")'.")
  }

  func run() throws {
    let (definition, name) = try resolved()
    let record = ArchiveRecord(
      creators: try creator.map(ArchiveCreator.init),
      day: date ?? Date().formatted(.iso8601.year().month().day()), publisher: publisher,
      licence: licence)
    let key = BoardKey(benchmark: definition.id, split: name)
    let known = try data.home.known(
      adding: split.benchmark.map { $0.hasSuffix(".json") ? [$0] : [] } ?? [])
    let bar = ProgressBar("scoring", unit: "entries")
    let publication = try PublishedBoards(
      data.home, definitions: known, folders: submissionFolders(submissions),
      options: try inference.scoringOptions()
    ).board(key) { bar.update($0, of: $1) }
    let ledger = publication.ledger.first {
      FileManager.default.fileExists(atPath: $0.appending(path: "checkpoint").path)
    }
    if ledger == nil {
      let places = publication.ledger.map { $0.appending(path: "checkpoint").relativePath }
      Console.message("without a ledger: there is no \(places.joined(separator: " or "))")
    }
    let archive = try BoardArchive(
      publication.board, record, manifest: try data.home.manifest(definition.id),
      hidden: publication.hidden, ledger: ledger
    ).zip()
    let file = out ?? "\(definition.id)-\(name)-\(record.day).zip"
    try AtomicFile.write(archive, to: URL(filePath: file))
    Console.print(file)
  }

  private func resolved() throws -> (BenchmarkDefinition, String) {
    guard let board else { return try split.resolve(data.home) }
    let parts = board.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else {
      throw ValidationError("A board is benchmark/split, such as newsemp24/test, not '\(board)'.")
    }
    let definition = try data.home.benchmarks.find(parts[0])
    try definition.checkSplit(parts[1])
    return (definition, parts[1])
  }
}
