import ArgumentParser
import Foundation
import Harness
import Report
import Server

struct TeamCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "team", abstract: "Manage the teams that may submit to the server.",
    subcommands: [Add.self, List.self, Revoke.self])

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add a team and print its token, once.",
      discussion: """
        The token is 256 random bits. The database keeps its SHA-256 and cannot show it
        again. To replace a lost or leaked token, revoke it and add the team again: it
        gets a new token.
        """)

    @Argument(help: "The team's name, as boards show it.") var name: String
    @OptionGroup var budget: BudgetOption
    @OptionGroup var shared: SharedOptions

    func run() throws {
      let token = try shared.store().addTeam(name, overBudget: budget.overBudget)
      if shared.json { return try Console.json(["team": name, "token": token.text]) }
      Console.message("The token of '\(name)', which is not shown again:")
      Console.print(token.text)
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List all teams.")

    @OptionGroup var shared: SharedOptions

    func run() throws {
      let teams = try shared.store().teams()
      if shared.json { return try Console.json(teams) }
      let rows = teams.map { team in
        [
          team.name, team.created.formatted(.iso8601),
          team.revoked.map { "revoked \($0.formatted(.iso8601))" } ?? "valid",
        ]
      }
      Console.print(TextTable.text(["team", "since", "token"], rows))
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Revoke a team's token; its submissions stay.")

    @Argument(help: "The team's name.") var name: String
    @OptionGroup var data: DataOptions

    func run() throws {
      try data.store().revokeTeam(name)
      Console.print("The token of '\(name)' is revoked.")
    }
  }
}
