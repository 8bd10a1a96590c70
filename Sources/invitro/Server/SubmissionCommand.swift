import ArgumentParser
import Foundation
import Harness
import Report
import Server

struct SubmissionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submission", abstract: "Manage submissions sent to the server.",
    subcommands: [List.self, Withdraw.self, Restore.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List submissions, newest first, with the released scores' verdicts.")

    @Option(help: "Only the submissions of this team.") var team: String?
    @Option(help: "The largest number to list.") var limit: Int = 100
    @OptionGroup var shared: SharedOptions

    func validate() throws { try require(limit > 0, "--limit must be 1 or more.") }

    func run() throws {
      let store = try shared.store()
      let (twins, signs) = (try store.sharedDigests(), try store.probingSigns())
      let lines = try store.submissions(team: team, limit: limit).map {
        SubmissionLine($0, shared: twins, signs: signs[$0.id] ?? [])
      }
      if shared.json { return try Console.json(lines) }
      Console.print(
        TextTable.text(
          [
            "id", "received", "board", "team", "system", "state", "verdict", "same predictions",
            "signs of probing",
          ],
          lines.map { line in
            [
              line.id, line.received.formatted(.iso8601), "\(line.benchmark)/\(line.split)",
              line.team, line.system, line.state, line.verdict ?? "",
              line.isShared ? "as another team's" : "",
              line.signs.map(\.text).joined(separator: "; "),
            ]
          }))
    }
  }

  struct Withdraw: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Withdraw a submission from its board; its page stays and gives the reason.")

    @Argument(help: "The submission's id.") var id: String
    @Option(help: "The reason, which is published.") var why: String
    @OptionGroup var data: DataOptions

    func run() throws {
      try data.store().withdraw(id, why: why)
      Console.print("\(id) is withdrawn: \(why)")
    }
  }

  struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Restore a withdrawn submission; its history keeps both events.")

    @Argument(help: "The submission's id.") var id: String
    @Option(help: "The reason, which is published.") var why: String
    @OptionGroup var benchmarks: BenchmarkFiles
    @OptionGroup var data: DataOptions

    func run() throws {
      try data.store().withdraw(id, restore: true, why: why, benchmarks: try benchmarks.known())
      Console.print("\(id) is restored: \(why)")
    }
  }
}

struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Back up the server's database to a file, also while the server runs.",
    discussion: """
      The copy is the database as it is at one moment, checked for integrity and
      readable by you alone. It holds predictions, contacts and the hashes of tokens.
      To restore it: stop the server, replace <data home>/server.sqlite with the copy,
      remove server.sqlite-wal and server.sqlite-shm, and start the server.
      """)

  @Argument(help: "The new file.") var file: String
  @OptionGroup var data: DataOptions

  func run() throws {
    let source = data.home.submissionStoreURL
    _ = try existing(source.relativePath, hint: "`invitro team add` or `invitro serve` creates it.")
    try SubmissionStore(source).backup(to: URL(filePath: file))
    Console.print(file)
  }
}
