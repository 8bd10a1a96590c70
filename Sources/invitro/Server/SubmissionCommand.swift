import ArgumentParser
import Basics
import Foundation
import Harness
import Report
import Server

struct SubmissionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submission", abstract: "Manage submissions sent to the server.",
    subcommands: [List.self, Choose.self, Withdraw.self, Restore.self, Rescore.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List submissions, newest first, with the released scores' verdicts.")

    @Option(help: "Only the submissions of this team.", completion: Completions.teams)
    var team: String?
    @Option(help: "The largest number to list.") var limit: Int = 100
    @OptionGroup var shared: SharedOptions

    func validate() throws { try require(limit > 0, "--limit must be 1 or more.") }

    func run() throws {
      let lines = try shared.store().lines(team: team, limit: limit)
      if shared.json { return try Console.json(lines) }
      Console.print(
        TextTable.text(
          SubmissionLine.header, lines.map(\.cells), style: Terminal.output))
    }
  }

  struct Choose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Choose the submission that stands for its team when a board is closed.",
      discussion: """
        On a board with hidden labels a team's best stands at the close unless the team
        has chosen another of its submissions before. A team says so with --server and
        its token (INVITRO_TOKEN or --token-file), or on the site's page for teams;
        without --server an organiser says it for a team, in the data home. The last
        choice counts.
        """)

    @Argument(help: "The submission's id.") var id: String
    @Option(help: "Address of the server, for a team.") var server: String?
    @Option(help: "File that holds the team's token.", completion: .file()) var tokenFile: String?
    @OptionGroup var data: DataOptions

    func run() async throws {
      guard let server else {
        try data.store().choose(id)
        return Console.print("\(id) stands for its team at the close.")
      }
      let answer = try await SubmissionClient(server, token: teamToken(tokenFile)).choose(id)
      let (text, _) = try answer.read()
      if answer.isAccepted {
        Console.print("\(id) stands for your team at the close.")
      } else {
        Console.message(text)
      }
      try end(with: answer.exitStatus, unless: answer.isAccepted)
    }
  }

  struct Withdraw: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Withdraw a submission from its board; its page stays and gives the reason.",
      discussion: """
        Where labels are hidden, a team whose best is withdrawn may be told lower
        values than before. The account of the labels counts that, and a withdrawal by
        which they might tell more than their budget takes --over-budget and a reason.
        """)

    @Argument(help: "The submission's id.") var id: String
    @Option(help: "The reason, which is published.") var why: String
    @OptionGroup var budget: BudgetOption
    @OptionGroup var data: DataOptions

    func run() throws {
      try data.store().withdraw(id, why: why, overBudget: budget.overBudget)
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
      try data.store().withdraw(
        id, restore: true, why: why, benchmarks: try benchmarks.known(data.home))
      Console.print("\(id) is restored: \(why)")
    }
  }
}
