import ArgumentParser
import Foundation
import Harness
import Report
import Server

struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Manage the tokens of a team.",
    discussion: """
      A team may have several tokens. To replace one without a gap, add a new one,
      let the team change over, and revoke the old one.
      """,
    subcommands: [Add.self, List.self, Revoke.self])

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a team a further token and print it, once.",
      discussion: """
        Example:
          invitro team token add "My team" --name CI --expires 90d
        """)

    @Argument(help: "The team's name.", completion: Completions.teams) var team: String
    @Option(help: "The token's name, such as what it is used for.") var name: String
    @OptionGroup var expiry: ExpiryOption
    @OptionGroup var budget: BudgetOption
    @OptionGroup var shared: SharedOptions

    func run() throws {
      let expires = try expiry.date()
      let token = try shared.store().addToken(
        name, to: team, expires: expires, overBudget: budget.overBudget)
      try NewToken(team: team, name: name, token: token.text, expires: expires)
        .show(asJSON: shared.json)
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List a team's tokens, revoked ones too.")

    @Argument(help: "The team's name.", completion: Completions.teams) var team: String
    @OptionGroup var shared: SharedOptions

    func run() throws {
      let tokens = try shared.store().tokens(of: team)
      try shared.show(
        tokens,
        as: TextTable.text(
          ["id", "name", "kind", "state", "created", "expires", "last used"],
          tokens.map { token in
            [
              "\(token.id)", token.name, token.kind.rawValue, token.state().rawValue,
              token.created.formatted(.iso8601),
              token.expires?.formatted(.iso8601) ?? "never",
              token.lastUsed?.formatted(.iso8601) ?? "never",
            ]
          }))
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Revoke a team's token, from the next request on.")

    @Argument(help: "The team's name.", completion: Completions.teams) var team: String
    @Argument(help: "The token's name or id.") var token: String
    @OptionGroup var data: DataOptions

    func run() throws {
      try data.store().revokeToken(token, of: team)
      Console.print("The token '\(token)' of '\(team)' is revoked.")
    }
  }
}

/// A token that was just made, the only time that it is shown.
struct NewToken: Encodable {
  var team, name, token: String
  var expires: Date?

  func show(asJSON: Bool) throws {
    if asJSON { return try Console.json(self) }
    Console.message("The token '\(name)' of '\(team)', which is not shown again:")
    Console.print(token)
  }
}

/// Until when a token is valid.
struct ExpiryOption: ParsableArguments {
  @Option(
    help: .value(
      "when",
      "When the token expires: after days, such as 90d, or at YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ, UTC. Default: never."
    ))
  var expires: String?

  func date() throws -> Date? {
    guard let expires else { return nil }
    if expires.hasSuffix("d"), let days = Int(expires.dropLast()) {
      try require((1...36_500).contains(days), "--expires takes 1d to 36500d.")
      return Date(timeIntervalSinceNow: Double(days) * 86_400)
    }
    return try moment(expires, option: "--expires")
  }
}
