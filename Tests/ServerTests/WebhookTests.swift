import Foundation
import GRDB
import Harness
import Server
import TestSupport
import Testing

@Suite("Server: webhooks", .serialized)
struct WebhookTests {
  /// The example of docs/reference/server.md, asked about one message.
  static func verifies(
    _ message: WebhookReceiver.Message, secret: String, tolerance: Int = 300
  ) throws -> Bool {
    let page = try String(
      contentsOf: Shared.checkout.appending(path: "docs/reference/server.md"), encoding: .utf8)
    let section = try #require(page.firstRange(of: "## Webhooks"))
    let example = try #require(
      page[section.upperBound...].firstMatch(of: /```python\n((?s:.*?))```/)
    ).1
    let call = """
      import json, sys
      given = json.load(sys.stdin)
      body = base64.b64decode(given["body"])
      print(verify(given["secret"], given["headers"], body, given["tolerance"]))
      """
    let folder = try TemporaryFolder()
    let given: [String: Any] = [
      "secret": secret, "headers": message.headers, "tolerance": tolerance,
      "body": message.body.base64EncodedString(),
    ]
    let input = try folder.write(
      String(decoding: try JSONSerialization.data(withJSONObject: given), as: UTF8.self), to: "in")
    let (process, out) = (Process(), Pipe())
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", try folder.write(example + call, to: "verify.py").path]
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = out
    try process.run()
    process.waitUntilExit()
    let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(process.terminationStatus == 0)
    return text == "True\n"
  }

  private func count(_ condition: String, in arena: Arena) throws -> Int? {
    try arena.store.write {
      try Int.fetchOne($0, sql: "SELECT count(*) FROM webhook_delivery WHERE \(condition)")
    }
  }

  @Test("a score and a new best are told in order, signed, with what the public may see alone")
  func signed() async throws {
    let (arena, receiver) = (try Arena(), try await WebhookReceiver())
    let secret = try arena.store.addWebhook(receiver.url).secret
    let server = try await arena.server()
    let sent = try await arena.submit(
      try arena.predictions(1), to: server, metadata: ["contact": "secret@example.org"])
    #expect(receiver.messages.isEmpty)
    await server.server.deliver()
    let messages = receiver.messages
    #expect(messages.map(\.type) == ["submission.scored", "submission.best"])
    #expect(Set(messages.map(\.id)).count == 2)
    for message in messages {
      #expect(try Self.verifies(message, secret: secret))
      #expect(try !Self.verifies(message, secret: "whsec_" + Data(1...32).base64EncodedString()))
      #expect(try !Self.verifies(message, secret: secret, tolerance: -1), "too old")
      var changed = message
      changed.body.append(UInt8(ascii: " "))
      #expect(try !Self.verifies(changed, secret: secret))
      changed = message
      changed.headers["webhook-id"] = "msg_other"
      #expect(try !Self.verifies(changed, secret: secret))
      #expect(!String(decoding: message.body, as: UTF8.self).contains("secret@example.org"))
    }
    let best = try #require(messages.first { $0.type == "submission.best" })
    let facts = try best.facts()
    #expect(
      Set(facts.keys) == ["board", "phase", "id", "team", "system", "verdict", "score"])
    #expect(facts["id"] as? String == (try sent.object()["id"] as? String))
    #expect(facts["board"] as? String == "sample24/test")
    #expect(
      facts["team"] as? String == "Team A" && facts["system"] as? String == "System of Team A")
    #expect(facts["verdict"] as? String == "first")
    let score = try #require(facts["score"] as? [String: Any])
    #expect(score["target"] as? String == "empathy" && score["metric"] as? String == "pcc")
    #expect(score["value"] as? Double == (try Answer.pcc(try sent.object())))
    let metrics = try await server.get("/api/v1/metrics").text
    #expect(metrics.contains("invitro_webhook_deliveries{state=\"delivered\"} 2\n"))
    #expect(metrics.contains("invitro_webhook_deliveries{state=\"waiting\"} 0\n"))
  }

  @Test(
    "where scores are not public the fact alone is told, and no best",
    arguments: [Phase.Visibility.own, .hidden])
  func notPublic(_ visibility: Phase.Visibility) async throws {
    let (arena, receiver) = (try Arena(phase: .open(visibility)), try await WebhookReceiver())
    _ = try arena.store.addWebhook(
      receiver.url, events: [.submissionScored, .submissionBest])
    let server = try await arena.server()
    let sent = try await arena.submit(try arena.predictions(1), to: server)
    await server.server.deliver()
    #expect(receiver.messages.map(\.type) == ["submission.scored"])
    let facts = try #require(try receiver.messages.first?.facts())
    #expect(Set(facts.keys) == ["board", "phase", "id"])
    #expect(facts["id"] as? String == (try sent.object()["id"] as? String))
  }

  @Test("a submission that is no best is not named, and its score not told")
  func noBest() async throws {
    let (arena, receiver) = (
      try Arena(phase: .open(labels: .hidden)), try await WebhookReceiver()
    )
    _ = try arena.store.addWebhook(receiver.url, events: [.submissionScored])
    let server = try await arena.server()
    for seed in [1, 1000] { _ = try await arena.submit(try arena.predictions(seed), to: server) }
    let worse = try arena.folder.write(
      try String(contentsOf: arena.predictions(1), encoding: .utf8).split(separator: "\n")
        .reversed().joined(separator: "\n") + "\n", to: "worse.tsv")
    #expect(try await arena.submit(worse, to: server).status == 201)
    await server.server.deliver()
    let facts = try #require(try receiver.messages.last?.facts())
    #expect(facts["verdict"] as? String == "notBetter")
    #expect(Set(facts.keys) == ["board", "phase", "id", "verdict"])
  }

  @Test("a 500 is tried again later, by the same id with a new timestamp, and holds back the next")
  func retried() async throws {
    let (arena, receiver) = (try Arena(), try await WebhookReceiver())
    let secret = try arena.store.addWebhook(receiver.url, events: [.submissionBest]).secret
    let server = try await arena.server()
    _ = try await arena.submit(try arena.predictions(1), to: server)
    receiver.answer(.status(500))
    let now = Date()
    await server.server.deliver(at: now)
    await server.server.deliver(at: now.addingTimeInterval(3))
    #expect(receiver.messages.count == 1, "it waits for 3.75 s at least")
    // The next message waits behind it.
    try arena.store.write {
      try $0.execute(
        sql: """
          INSERT INTO webhook_delivery (message, webhook, event, payload, made, due)
          SELECT 'msg_next', webhook, event, payload, made, due - 100 FROM webhook_delivery
          """)
    }
    await server.server.deliver(at: now.addingTimeInterval(3))
    #expect(receiver.messages.count == 1)
    receiver.answer(.status(200))
    await server.server.deliver(at: now.addingTimeInterval(10))
    let messages = receiver.messages
    #expect(messages.count == 3)
    #expect(messages[0].id == messages[1].id && messages[2].id == "msg_next")
    #expect(messages[0].body == messages[1].body)
    let times = messages.compactMap { $0.headers["webhook-timestamp"].flatMap(Int.init) }
    #expect(times[1] - times[0] == 10)
    for message in messages { #expect(try Self.verifies(message, secret: secret)) }
    #expect(try count("state = 'delivered' AND attempts = 2", in: arena) == 1)
  }

  @Test("a message is given up after about three days, and sent again when it is told to")
  func givenUp() async throws {
    let (arena, receiver) = (try Arena(), try await WebhookReceiver())
    _ = try arena.store.addWebhook(receiver.url, events: [.submissionBest])
    let server = try await arena.server()
    _ = try await arena.submit(try arena.predictions(1), to: server)
    receiver.answer(.status(404))
    let start = Date()
    var now = start
    while try count("state = 'waiting'", in: arena) == 1, now < start.addingTimeInterval(864_000) {
      await server.server.deliver(at: now)
      now += 600
    }
    #expect(try count("state = 'failed'", in: arena) == 1)
    #expect(receiver.messages.count == WebhookDelivery.maxAttempts)
    #expect(Set(receiver.messages.map(\.id)).count == 1)
    let days = now.timeIntervalSince(start) / 86_400
    #expect((2...4).contains(days))
    let failed = try arena.program.run("webhook", "deliveries", "--failed", "--json")
    let id = try #require(receiver.messages.first?.id)
    #expect(failed.out.contains(id) && failed.out.contains("the answer was 404"))
    receiver.answer(.status(200))
    #expect(try arena.program.run("webhook", "retry", id).status == 0)
    await server.server.deliver(at: now)
    #expect(try count("state = 'delivered'", in: arena) == 1)
    #expect(try arena.program.run("webhook", "retry", "msg_none").status == 66)
  }

  @Test("pauses grow threefold from 5 seconds and end at 6 hours; their sum is about three days")
  func pauses() {
    let pauses = (1..<WebhookDelivery.maxAttempts).map {
      WebhookDelivery.pause(after: $0, jitter: 1)
    }
    #expect(pauses.prefix(4) == [5, 15, 45, 135] && pauses.max() == 21_600)
    #expect((60..<84).contains(pauses.reduce(0, +) / 3600))
    #expect(WebhookDelivery.pause(after: 2, jitter: 0.75) == 12)
  }

  @Test("410 ends a webhook: what waits has failed, and nothing more is sent")
  func gone() async throws {
    let (arena, receiver) = (try Arena(), try await WebhookReceiver())
    let id = try arena.store.addWebhook(receiver.url, events: [.submissionScored]).webhook.id
    let server = try await arena.server()
    for seed in 1...2 { _ = try await arena.submit(try arena.predictions(seed), to: server) }
    receiver.answer(.status(410))
    await server.server.deliver()
    receiver.answer(.status(200))
    _ = try await arena.submit(try arena.predictions(3), to: server)
    await server.server.deliver(at: Date(timeIntervalSinceNow: 864_000))
    #expect(receiver.messages.count == 1)
    #expect(try count("state = 'failed'", in: arena) == 2)
    #expect(try count("state <> 'failed'", in: arena) == 0)
    #expect(try arena.store.webhook(id).gone != nil)
    let metrics = try await server.get("/api/v1/metrics").text
    #expect(metrics.contains("invitro_webhook_deliveries{state=\"failed\"} 2\n"))
    let again = try arena.program.run("webhook", "retry", try #require(receiver.messages.first).id)
    #expect(again.status == 64 && again.err.contains("410"))
  }

  @Test("a redirect is a failure and is not followed")
  func redirect() async throws {
    let (arena, receiver) = (try Arena(), try await WebhookReceiver())
    let other = try await WebhookReceiver()
    _ = try arena.store.addWebhook(receiver.url, events: [.submissionBest])
    let server = try await arena.server()
    _ = try await arena.submit(try arena.predictions(1), to: server)
    for place in [other.url, receiver.url + "/again"] {
      receiver.answer(.redirect(to: place))
      await server.server.deliver(at: Date(timeIntervalSinceNow: 100))
    }
    #expect(other.messages.isEmpty)
    #expect(!receiver.messages.isEmpty && receiver.messages.allSatisfy { $0.path == "/hook" })
    #expect(try count("state = 'waiting' AND status = 302", in: arena) == 1)
  }

  @Test("a receiver that never answers delays neither submissions nor other receivers")
  func slow() async throws {
    let arena = try Arena()
    let (slow, quick) = (try await WebhookReceiver(), try await WebhookReceiver())
    slow.answer(.hang)
    let hanging = try arena.store.addWebhook(slow.url, events: [.submissionScored]).webhook.id
    _ = try arena.store.addWebhook(quick.url, events: [.submissionScored])
    try await arena.live { port in
      for seed in 1...3 {
        let answer = try Curl([
          "--header", "Authorization: Bearer \(arena.tokens["Team A"] ?? "")", "--form",
          "metadata={\"benchmark\": \"sample24\", \"split\": \"test\", \"system\": \"S\"};type=application/json",
          "--form", "file=@\(try arena.predictions(seed).path)",
          "http://127.0.0.1:\(port)/api/v1/submissions",
        ])
        #expect(answer.status == 201)
      }
      #expect(eventually { quick.messages.count == 3 })
      #expect(slow.messages.count == 1, "one at a time")
      #expect(try count("attempts > 0 AND webhook = \(hanging)", in: arena) == 0)
    }
    // With a time-out of one second.
    let server = try await arena.server(change: { $0.limits.webhookSeconds = 1 })
    await server.server.deliver()
    #expect(
      try count("problem = 'no answer within 1 s' AND webhook = \(hanging)", in: arena) == 1)
  }

  @Test("what waited when the server was killed is sent by the next, each message once")
  func killed() async throws {
    let (arena, receiver) = (try Arena(), try await WebhookReceiver())
    let secret = try arena.store.addWebhook(receiver.url, events: [.submissionScored]).secret
    receiver.answer(.status(503))
    try await onOwnThread {
      var server = try arena.process()
      var acknowledged: Set<String> = []
      for seed in 1...5 {
        let answer = try arena.submit(try arena.predictions(seed), to: server)
        #expect(answer.status == 201)
        acknowledged.insert(try #require(try answer.object()["id"] as? String))
        server.kill()
        server = try arena.process()
      }
      #expect(eventually { !receiver.messages.isEmpty })
      server.kill()
      let refused = receiver.messages.count
      receiver.answer(.status(204))
      // As if the pause were over.
      try arena.store.write { try $0.execute(sql: "UPDATE webhook_delivery SET due = 0") }
      server = try arena.process()
      #expect(eventually { Set(receiver.messages.dropFirst(refused).map(\.id)).count == 5 })
      #expect(try eventually { try count("state = 'delivered'", in: arena) == 5 })
      server.stop()
      let taken = receiver.messages.dropFirst(refused)
      let told = try taken.map { try $0.facts()["id"] as? String }
      #expect(taken.count == 5 && Set(told.compactMap(\.self)) == acknowledged)
      for message in taken { #expect(try Self.verifies(message, secret: secret)) }
      // One that was refused came by the same id.
      #expect(Set(receiver.messages.prefix(refused).map(\.id)).isSubset(of: taken.map(\.id)))
    }
  }

  @Test("a phase is announced once, when it opens, and when it has closed")
  func phases() async throws {
    let (arena, receiver) = (try Arena(phase: nil), try await WebhookReceiver())
    _ = try arena.store.addWebhook(receiver.url)
    let server = try await arena.server()
    let now = Date()
    func at(_ seconds: Double) -> Date { now.addingTimeInterval(seconds) }
    try arena.store.setPhase(
      .open(labels: .hidden, opens: at(100), closes: at(200)), at: now)
    func tick(_ seconds: Double) async {
      server.server.closeDue(at: at(seconds))
      await server.server.deliver(at: at(seconds))
    }
    await tick(99)
    #expect(receiver.messages.isEmpty)
    for _ in 0..<2 { await tick(100) }
    #expect(receiver.messages.map(\.type) == ["phase.opened"])
    #expect(
      try Set(#require(receiver.messages.first).facts().keys)
        == ["board", "phase", "opens", "closes"])
    // Set anew, it does not open again.
    try arena.store.setPhase(
      .open(labels: .hidden, opens: at(90), closes: at(300)), at: at(110))
    await tick(120)
    for _ in 0..<2 { await tick(301) }
    #expect(receiver.messages.map(\.type) == ["phase.opened", "phase.closed"])
    // One with open labels.
    try arena.store.setPhase(
      .open(name: "second", opens: at(400), closes: at(500)), at: at(310))
    for seconds in [399.0, 401, 499, 500, 501] { await tick(seconds) }
    #expect(
      receiver.messages.map(\.type)
        == ["phase.opened", "phase.closed", "phase.opened", "phase.closed"])
    #expect(try receiver.messages.last?.facts()["phase"] as? String == "second")
  }

  @Test("a webhook of one board is told of that board alone")
  func oneBoard() async throws {
    let (arena, receiver) = (try Arena(), try await WebhookReceiver())
    let board = BoardKey(benchmark: "sample24", split: "dev")
    _ = try arena.store.addWebhook(receiver.url, board: board)
    let server = try await arena.server()
    _ = try await arena.submit(try arena.predictions(1), to: server)
    await server.server.deliver()
    #expect(receiver.messages.isEmpty)
  }

  @Test("an upload that is refused leaves no message behind")
  func refused() async throws {
    let arena = try Arena(phase: .open(daily: 1))
    _ = try arena.store.addWebhook("http://127.0.0.1:9/", events: [.submissionScored])
    let server = try await arena.server()
    #expect(try await arena.submit(try arena.predictions(1), to: server).status == 201)
    #expect(try await arena.submit(try arena.predictions(2), to: server).status == 429)
    #expect(try await arena.submit(try arena.predictions(1), to: server).status == 200)
    #expect(try count("TRUE", in: arena) == 1)
  }
}
