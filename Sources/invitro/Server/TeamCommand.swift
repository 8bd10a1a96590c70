import ArgumentParser
import Foundation
import Harness
import Report
import Server

struct TeamCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "team", abstract: "Manage the teams that may submit to the server.",
    subcommands: [
      Add.self, List.self, Link.self, Rename.self, Revoke.self, TokenCommand.self,
    ])

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add a team and print its first token, once.",
      discussion: """
        The token is 256 random bits. The database keeps its SHA-256 and cannot show it
        again. `invitro team token` adds further tokens and revokes lost ones.

        A name that looks like another team's is refused, also like that of a team in
        the folders of submissions. The name of a published entry or a baseline there
        is taken.

        A team of the organisers (--organiser) has no quotas and needs no earlier
        phase. Its submissions are baselines, and what it learns is not charged to
        hidden labels.
        """)

    @Argument(help: "The team's name, as boards show it.") var name: String
    @Option(
      help: "Folders of submissions whose teams' names are taken. Default: submissions.",
      completion: .directory)
    var submissions: [String] = []
    @Flag(help: "A team of the organisers, for their baselines.") var organiser = false
    @OptionGroup var expiry: ExpiryOption
    @OptionGroup var budget: BudgetOption
    @OptionGroup var shared: SharedOptions

    func run() throws {
      let entries = try submissionFolders(submissions).flatMap { try $0.entries() }.map(\.metadata)
      let expires = try expiry.date()
      let token = try shared.store().addTeam(
        name, organiser: organiser, beside: entries, expires: expires,
        overBudget: budget.overBudget)
      try NewToken(
        team: name, name: SubmissionStore.firstTokenName, token: token.text, expires: expires
      ).show(asJSON: shared.json)
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List all teams.")

    @OptionGroup var shared: SharedOptions

    func run() throws {
      let teams = try shared.store().teams()
      try shared.show(
        teams,
        as: TextTable.text(
          ["team", "since", "valid tokens", "last used", "kind"],
          teams.map { team in
            [
              team.name, team.created.formatted(.iso8601), "\(team.tokens)",
              team.lastUsed?.formatted(.iso8601) ?? "never", team.organiser ? "organisers" : "team",
            ]
          }))
    }
  }

  struct Link: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a link that signs a browser in as a team, once.",
      discussion: """
        Send it to the team. Who opens it and presses the button is signed in for 12
        hours; then the link is used up. `invitro team token list` shows it, and `team
        token revoke` revokes it before it is used.

        Example:
          invitro team link "My team" --server https://board.example/
        """)

    @Argument(help: "The team's name.", completion: Completions.teams) var team: String
    @Option(help: "Public address of the site.") var server: String
    @Option(help: "Days until it expires.") var days: Int = 7
    @OptionGroup var budget: BudgetOption
    @OptionGroup var shared: SharedOptions

    func validate() throws { try require((1...365).contains(days), "--days takes 1 to 365.") }

    func run() throws {
      let address = try siteAddress(server, option: "--server")
      let expires = Date(timeIntervalSinceNow: Double(days) * 86_400)
      let secret = try shared.store().addLink(
        to: team, expires: expires, overBudget: budget.overBudget)
      let link = (address ?? URL(filePath: "/")).appending(path: "submit/link/\(secret.text)")
      if shared.json {
        return try Console.json(NewLink(team: team, link: link.absoluteString, expires: expires))
      }
      Console.message(
        "A link for '\(team)', which works once and until \(expires.formatted(.iso8601)):")
      Console.print(link.absoluteString)
    }

    private struct NewLink: Encodable {
      var team, link: String
      var expires: Date
    }
  }

  struct Rename: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a team another name, which its submissions then have too.",
      discussion: "The change is written to the security log. Names are checked as by `team add`.")

    @Argument(help: "The team's name.", completion: Completions.teams) var team: String
    @Argument(help: "The new one.") var name: String
    @Option(
      help: "Folders of submissions whose teams' names are taken. Default: submissions.",
      completion: .directory)
    var submissions: [String] = []
    @Option(
      help: "The server's security log. Default: security.log in the data home.",
      completion: .file())
    var securityLog: String?
    @OptionGroup var data: DataOptions

    func run() throws {
      let entries = try submissionFolders(submissions).flatMap { try $0.entries() }.map(\.metadata)
      try data.store().renameTeam(team, to: name, beside: entries)
      let log = securityLog.map { URL(filePath: $0) } ?? data.home.securityLogURL
      try SecurityLog(log).recordRename(of: team, to: name)
      Console.print("'\(team)' is named '\(name)' now.")
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Revoke all tokens of a team; its submissions stay.",
      discussion: "`invitro team token revoke` revokes a single one, `token add` gives a new one.")

    @Argument(help: "The team's name.", completion: Completions.teams) var name: String
    @OptionGroup var data: DataOptions

    func run() throws {
      try data.store().revokeTokens(of: name)
      Console.print("All tokens of '\(name)' are revoked.")
    }
  }
}
