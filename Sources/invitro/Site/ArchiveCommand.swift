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

  @OptionGroup var source: PublishedBoardOptions

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

  @Option(help: .value("file", "The zip. Default: BENCHMARK-SPLIT-DATE.zip."), completion: .file())
  var out: String?

  func validate() throws {
    try require(!creator.isEmpty, "Give at least one --creator, such as --creator \"Doe, Jane\".")
    try require(isDay(date), "--date takes a day as YYYY-MM-DD, not '\(date ?? "")'.")
    try require(
      licence?.wholeMatch(of: /[A-Za-z0-9.+\-]+/) != nil || licence == nil,
      "--licence takes an identifier of the SPDX list, such as CC-BY-4.0, not '\(licence ?? "")'.")
  }

  func run() throws {
    let record = ArchiveRecord(
      creators: try creator.map(ArchiveCreator.init),
      day: date ?? Date().formatted(.iso8601.year().month().day()), publisher: publisher,
      licence: licence)
    let publication = try source.publication()
    let board = publication.board
    let ledger = publication.ledger.first {
      FileManager.default.fileExists(atPath: $0.appending(path: "checkpoint").path)
    }
    if ledger == nil {
      let places = publication.ledger.map { $0.appending(path: "checkpoint").relativePath }
      Console.message("without a ledger: there is no \(places.joined(separator: " or "))")
    }
    let archive = try BoardArchive(
      board, record, manifest: try source.data.home.manifest(board.definition.id),
      hidden: publication.hidden, ledger: ledger
    ).zip()
    let file = out ?? "\(board.definition.id)-\(board.split)-\(record.day).zip"
    try AtomicFile.write(archive, to: URL(filePath: file))
    Console.print(file)
  }
}
