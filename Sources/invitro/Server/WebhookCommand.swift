public import ArgumentParser
import Basics
import Foundation
import Harness
import Report
public import Server

struct WebhookCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "webhook",
    abstract: "Manage addresses that the server tells of scores, bests and phases.",
    discussion: """
      Messages are signed after the Standard Webhooks specification and hold only
      what the public may see. The running server sends them; see "Webhooks" in
      docs/reference/server.md for the events and how a receiver checks them.
      """,
    subcommands: [
      Add.self, List.self, Remove.self, Test.self, Deliveries.self, Retry.self,
    ])

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add a webhook and print its number and its secret, once.",
      discussion: """
        The address begins with https://; http:// is for this machine, or elsewhere
        with --allow-http. The server sends to any address that it reaches, so only
        add one that you know.

        Example:
          invitro webhook add https://chat.example/hooks/17 --event submission.best
        """)

    @Argument(help: .value("url", "Where messages are posted to.")) var address: String
    @Option(help: "An event to tell of; may be repeated. Default: all.")
    var event: [Webhook.Event] = []
    @Option(
      help: .value("benchmark/split", "Tell of this board alone. Default: all boards."),
      completion: Completions.boards)
    var board: String?
    @Flag(name: .customLong("allow-http"), help: "Allow http:// to another machine.")
    var allowsHTTP = false
    @OptionGroup var shared: SharedOptions

    func validate() throws {
      try require(
        board == nil || key != nil, "--board takes benchmark/split, such as newsemp24/test.")
    }

    private var key: BoardKey? {
      let parts = (board ?? "").split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, !parts.contains("") else { return nil }
      return BoardKey(benchmark: String(parts[0]), split: String(parts[1]))
    }

    private struct Added: Encodable {
      var id: Int64
      var secret: String
    }

    func run() throws {
      let store = try shared.store()
      let boards = try store.phases().map {
        BoardKey(benchmark: $0.phase.benchmark, split: $0.phase.split)
      }
      if let key, !boards.contains(key) {
        Console.message("\(key.path) has no phase yet.")
      }
      let (webhook, secret) = try store.addWebhook(
        address, events: event, board: key, allowsHTTP: allowsHTTP)
      if shared.json { return try Console.json(Added(id: webhook.id, secret: secret)) }
      Console.message("The webhook's number, and its secret, which is not shown again:")
      Console.print("\(webhook.id) \(secret)")
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List webhooks.")

    @OptionGroup var shared: SharedOptions

    private struct Line: Encodable {
      var id: Int64
      var url: String
      var events: [Webhook.Event]
      var board: String?
      var created: Date
      var gone: Date?
    }

    func run() throws {
      let lines = try shared.store().webhooks().map {
        Line(
          id: $0.id, url: $0.url, events: $0.selected, board: $0.board?.path,
          created: $0.created, gone: $0.gone)
      }
      try shared.show(
        lines,
        as: TextTable.text(
          ["id", "state", "board", "events", "created", "url"],
          lines.map { line in
            let state = line.gone.map { "gone since \($0.formatted(.iso8601))" } ?? "active"
            let events = line.events.map(\.rawValue).joined(separator: ", ")
            return [
              "\(line.id)", state, line.board ?? "all", events, line.created.formatted(.iso8601),
              line.url,
            ]
          }))
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove a webhook, with what still waits for it.")

    @Argument(help: "The webhook's number.") var id: Int64
    @OptionGroup var data: DataOptions

    func run() throws {
      try data.store().removeWebhook(id)
      Console.print("Webhook \(id) is removed.")
    }
  }

  struct Test: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Send one message of the event webhook.test now, from this command.")

    @Argument(help: "The webhook's number.") var id: Int64
    @OptionGroup var data: DataOptions

    func run() async throws {
      let outcome = try await data.store().webhook(id).sendTest()
      if let problem = outcome.problem {
        Console.message("Webhook \(id) did not take the message: \(problem).")
      } else {
        Console.print("Webhook \(id) took the message.")
      }
      try end(with: .unavailable, unless: outcome.problem == nil)
    }
  }

  struct Deliveries: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List messages to webhooks, newest first, and what became of them.")

    @Flag(help: "Only those that were given up.") var failed = false
    @Option(help: "The largest number to list.") var limit: Int = 100
    @OptionGroup var shared: SharedOptions

    func validate() throws { try require(limit > 0, "--limit must be 1 or more.") }

    private struct Line: Encodable {
      var id: String
      var webhook: Int64
      var event: Webhook.Event
      var made: Date
      var state: WebhookDelivery.State
      var attempts: Int
      var tried: Date?
      /// Only of one that waits.
      var due: Date?
      var status: Int?
      var problem: String?

      init(_ delivery: WebhookDelivery) {
        (id, webhook, event) = (delivery.message, delivery.webhook, delivery.event)
        (made, state, attempts) = (delivery.made, delivery.state, delivery.attempts)
        (tried, status, problem) = (delivery.tried, delivery.status, delivery.problem)
        due = state == .waiting ? delivery.due : nil
      }
    }

    func run() throws {
      let lines = try shared.store().deliveries(failedOnly: failed, limit: limit).map(Line.init)
      try shared.show(
        lines,
        as: TextTable.text(
          ["id", "webhook", "event", "made", "state", "attempts", "last problem"],
          lines.map {
            [
              $0.id, "\($0.webhook)", $0.event.rawValue, $0.made.formatted(.iso8601),
              $0.state.rawValue, "\($0.attempts)", $0.problem ?? "",
            ]
          }))
    }
  }

  struct Retry: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Have the server send a message again, with the same id.")

    @Argument(help: "The message's id, as `webhook deliveries` shows it.") var id: String
    @OptionGroup var data: DataOptions

    func run() throws {
      try data.store().retryDelivery(id)
      Console.print("\(id) is sent again.")
    }
  }
}

extension Webhook.Event: ExpressibleByArgument {}
