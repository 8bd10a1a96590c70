import ArgumentParser
import Basics
import Foundation
import Harness
import Report
import Server

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a board's figures in the form of another collection.",
    discussion: """
      For one submission: `invitro score FILE --model-index README.md` writes its
      figures into a model card for the Hugging Face Hub. For a repository such as
      Zenodo: `invitro archive`.
      """, subcommands: [EveryEvalEverCommand.self])
}

struct EveryEvalEverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "every-eval-ever",
    abstract: "Write a record for Every Eval Ever of each system on a board.",
    discussion: """
      Every Eval Ever (https://evalevalai.com) collects results of evaluations in one
      schema. Of each scored system a JSON file is written, schema version 0.3.0,
      where that collection's datastore expects it:
        OUT/data/BENCHMARK/TEAM/SYSTEM/UUID.json

      A record has every figure that the board shows of the system, with its
      interval, and what the team says of it. It holds no figure of a row or of a
      group, no prediction, label or contact. Published claims, which were not scored
      here, are left out. The board is that of the server where its database has a
      phase of it, else that of the folders of submissions; of a board with hidden
      labels a record has the released figures alone.

      The same board and options give the same bytes. A record is dated by the
      system's day of submission, or by --date. To offer the records, open a pull
      request to https://huggingface.co/datasets/evaleval/EEE_datastore.

      Examples:
        invitro export every-eval-ever newsemp24/dev --organisation "My group"
        invitro export every-eval-ever newsemp24/test --organisation "My group" \\
          --url https://board.example --date 2026-01-31
      """)

  @OptionGroup var source: PublishedBoardOptions

  @Option(
    help: .value(
      "name",
      "Who runs the leaderboard. A team of this name counts as the evaluator of its own system."))
  var organisation: String

  @Option(help: "Address of the leaderboard or of who runs it.") var url: String?

  @Option(help: "Day of all records, YYYY-MM-DD. Default: each system's day of submission.")
  var date: String?

  @Option(
    help: .value("folder", "The folder that gets data/…; it is made if it does not exist."),
    completion: .directory)
  var out = "every-eval-ever"

  func validate() throws {
    try require(
      organisation.contains { !$0.isWhitespace }, "--organisation takes a name, found an empty one."
    )
    try require(isDay(date), "--date takes a day as YYYY-MM-DD, not '\(date ?? "")'.")
  }

  func run() throws {
    let evaluation = EvaluationSource(
      organisation: organisation, url: try siteAddress(url, option: "--url"), day: date)
    let board = try source.publication().board
    let files = try EveryEvalEver(board, source: evaluation).files()
    for (path, data) in files {
      let file = URL(filePath: out, directoryHint: .isDirectory).appending(path: path)
      try AtomicFile.createFolder(file.deletingLastPathComponent())
      try AtomicFile.write(data, to: file)
      Console.print(file.relativePath)
    }
    if files.isEmpty {
      Console.message("\(board.key.path) has no scored system; nothing was written")
    }
  }
}
