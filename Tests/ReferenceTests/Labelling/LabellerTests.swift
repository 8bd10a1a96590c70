import Foundation
import Reference
import Synchronization
import TestSupport
import Testing

@Suite("Labelling over HTTP")
struct LabellerTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  static let essays = (0..<12).map { UnlabelledEssay(id: "e\($0)", text: "essay number \($0).") }

  private var journalFile: URL { folder.file("journal.jsonl") }

  /// A labeller that waits milliseconds where a real one waits seconds.
  private func labeller(
    _ server: ChatServer, prompt: RatingPrompt = .scaleAware, timeoutSeconds: Double = 20,
    limit: Int = 1 << 20, prices: Prices = Prices(), model: String = "test",
    change: (inout Labeller.Options) -> Void = { _ in }
  ) throws -> Labeller {
    var options = Labeller.Options()
    options.concurrency = 4
    options.backoff = Backoff(firstSeconds: 0.01, maxSeconds: 0.05, retries: 4)
    change(&options)
    let endpoint = ChatEndpoint(
      baseURL: try #require(URL(string: "http://127.0.0.1:\(server.port)/v1")), model: model,
      keyVariable: "INVITRO_TEST_KEY", timeoutSeconds: timeoutSeconds, maxAnswerBytes: limit)
    return try Labeller(
      client: ChatClient(
        endpoint, connections: options.concurrency,
        environment: ["INVITRO_TEST_KEY": "secret-key"]),
      prompt: prompt, options: options, prices: prices)
  }

  @Test("Each essay gets the mean of its six scores, and every request is as it should be")
  func normal() async throws {
    let server = try ChatServer { _ in .answer("4, 5, 4.5, 3, 2.5, 5") }
    defer { server.close() }
    let journal = try Journal(journalFile)
    let result = try await labeller(server).run(Self.essays, journal: journal)
    #expect(result.labels.map(\.id) == Self.essays.map(\.id))
    #expect(result.labels.allSatisfy { $0.label == 4 })
    #expect(result.requests == 12)
    #expect(result.failures.isEmpty)
    let first = try #require(server.questions.first)
    #expect(first.head.hasPrefix("POST /v1/chat/completions HTTP/1.1"))
    #expect(first.head.contains("Authorization: Bearer secret-key"))
    #expect(first.system == RatingPrompt.scaleAware.system)
    #expect(first.user.hasPrefix("```\nessay number "))
    let written = try String(contentsOf: journalFile, encoding: .utf8)
    #expect(!written.contains("secret-key"))
    #expect(journal.entries.allSatisfy { $0.promptTokens == 100 && $0.answerTokens == 12 })
  }

  /// What goes wrong with the first request of each essay; the second is answered.
  static let passingFaults: [(name: String, reply: ChatServer.Reply)] = [
    ("500", .raw(status: 500, fields: [], body: "oops")),
    ("503", .raw(status: 503, fields: ["Content-Type: text/html"], body: "<p>")),
    ("429", .raw(status: 429, fields: ["Retry-After: 0"], body: "{}")),
    ("a cut connection", .cut),
    ("malformed JSON", .raw(status: 200, fields: ["Content-Type: application/json"], body: "{")),
    ("no choices", .raw(status: 200, fields: ["Content-Type: application/json"], body: "{}")),
    ("the wrong content type", .raw(status: 200, fields: ["Content-Type: text/plain"], body: "4")),
  ]

  @Test("What may pass is asked again", arguments: passingFaults.indices)
  func passing(_ index: Int) async throws {
    let fault = Self.passingFaults[index]
    let seen = Mutex<Set<String>>([])
    let server = try ChatServer { question in
      seen.withLock { $0.insert(question.user).inserted } ? fault.reply : .answer("4,4,4,4,4,4")
    }
    defer { server.close() }
    let result = try await labeller(server).run(Self.essays, journal: Journal(journalFile))
    #expect(result.labels.allSatisfy { $0.label == 4 }, "\(fault.name)")
    #expect(result.requests == 24)
  }

  @Test("A hang ends at the time-out and is asked again")
  func hang() async throws {
    let server = try ChatServer { $0.number == 0 ? .hang : .answer("1,1,1,1,1,7") }
    defer { server.close() }
    let result = try await labeller(server, timeoutSeconds: 2)
      .run(Self.essays, journal: Journal(journalFile))
    #expect(result.labels.allSatisfy { $0.label == 2 })
    // A busy machine may let more than the one question time out.
    #expect(result.requests >= 13)
  }

  @Test("Retry-After holds all workers back for as long as the server asks")
  func retryAfter() async throws {
    let times = Mutex<[ContinuousClock.Instant]>([])
    let server = try ChatServer { question in
      times.withLock { $0.append(.now) }
      return question.number == 0
        ? .raw(status: 429, fields: ["Retry-After: 1"], body: "{}") : .answer("4,4,4,4,4,4")
    }
    defer { server.close() }
    let labeller = try labeller(server) { $0.concurrency = 1 }
    _ = try await labeller.run(Array(Self.essays.prefix(3)), journal: Journal(journalFile))
    let asked = times.withLock { $0 }
    #expect(asked.count == 4)
    // The server asked for a second; nothing may come earlier, however late it comes.
    #expect(asked[1] - asked[0] >= .seconds(1))
  }

  @Test("A body over the limit fails that essay and is not read to its end")
  func huge() async throws {
    let server = try ChatServer {
      $0.user.contains("number 3.") ? .huge(1 << 30) : .answer("4,4,4,4,4,4")
    }
    defer { server.close() }
    let result = try await labeller(server, limit: 1 << 16)
      .run(Self.essays, journal: Journal(journalFile))
    #expect(result.failures.map(\.id) == ["e3"])
    #expect(result.failures.first?.error == .chat(.tooLarge(limit: 1 << 16)))
    #expect(result.labels.count { $0.label == nil } == 1)
  }

  @Test("A refused key ends the run at once, and the error doesn't show the key")
  func refused() async throws {
    let server = try ChatServer { _ in
      .raw(status: 401, fields: [], body: "bad key secret-key")
    }
    defer { server.close() }
    let labeller = try labeller(server)
    let error = await #expect(throws: ReferenceError.self) {
      try await labeller.run(Self.essays, journal: Journal(journalFile))
    }
    #expect(error == .chat(.refused(status: 401, message: "bad key (key)")))
    #expect(server.questions.count <= 4)
  }

  @Test(
    "A web page ends the run at the first answer, whatever its status", arguments: [200, 403, 404])
  func webPage(status: Int) async throws {
    let server = try ChatServer { _ in
      .raw(status: status, fields: ["Content-Type: text/html"], body: "<!DOCTYPE html><p>Hello")
    }
    defer { server.close() }
    let labeller = try labeller(server) { $0.concurrency = 1 }
    let error = await #expect(throws: ReferenceError.self) {
      try await labeller.run(Self.essays, journal: Journal(journalFile))
    }
    #expect(error?.description.contains("found a web page (status \(status)") == true)
    #expect(server.questions.count == 1)
  }

  @Test(
    "A redirect is told with its target at the first answer, and nothing is sent there",
    arguments: [301, 302, 303, 307, 308])
  func redirect(status: Int) async throws {
    let login = try ChatServer { _ in
      .raw(status: 200, fields: ["Content-Type: text/html"], body: "<!DOCTYPE html>Sign in")
    }
    defer { login.close() }
    let target = "http://127.0.0.1:\(login.port)/login?next=%2Fv1"
    let server = try ChatServer { question in
      let location = question.user.contains("number 0.") ? target : "/login"
      return .raw(
        status: status, fields: ["Content-Type: text/html", "Location: \(location)"],
        body: "<html>moved</html>")
    }
    defer { server.close() }
    let labeller = try labeller(server) { $0.concurrency = 1 }
    func told(_ essays: [UnlabelledEssay], _ journal: String) async throws -> ReferenceError? {
      await #expect(throws: ReferenceError.self) {
        try await labeller.run(essays, journal: Journal(folder.file(journal)))
      }
    }
    let address = "http://127.0.0.1:\(server.port)"
    let asked = "\(address)/v1/chat/completions"
    #expect(
      try await told(Self.essays, "a.jsonl")
        == .chat(.redirect(url: asked, status: status, target: target)))
    #expect(
      try await told([Self.essays[1]], "b.jsonl")
        == .chat(.redirect(url: asked, status: status, target: "\(address)/login")))
    #expect(server.questions.count == 2 && login.questions.isEmpty)
  }

  @Test("A web page ends a run at its first answer although the journal has answers")
  func webPageOnResume() async throws {
    let isOpen = Mutex(true)
    let server = try ChatServer { _ in
      isOpen.withLock { $0 }
        ? .answer("4,4,4,4,4,4")
        : .raw(status: 200, fields: ["Content-Type: text/html"], body: "<html>Sign in")
    }
    defer { server.close() }
    let journal = try Journal(journalFile)
    let labeller = try labeller(server) { $0.concurrency = 1 }
    _ = try await labeller.run(Array(Self.essays.prefix(3)), journal: journal)
    isOpen.withLock { $0 = false }
    await #expect(throws: ReferenceError.self) {
      try await labeller.run(Self.essays, journal: journal)
    }
    #expect(server.questions.count == 4)
  }

  @Test("A schema is sent in the form that the server takes", arguments: [422, 500])
  func schemaForm(status: Int) async throws {
    let server = try ChatServer { question in
      let body = String(decoding: question.body, as: UTF8.self)
      return body.contains(#""type":"json_object""#)
        ? .answer(#"{"empathy": 5}"#)
        : .raw(
          status: status, fields: ["Content-Type: application/json"],
          body: #"{"error": "response_format.type: expected 'text' or 'json_object'"}"#)
    }
    defer { server.close() }
    var settings = ChatSettings()
    settings.format = .jsonSchema
    let url = try #require(URL(string: "http://127.0.0.1:\(server.port)/v1"))
    var options = Labeller.Options()
    options.concurrency = 1
    let labeller = try Labeller(
      client: ChatClient(ChatEndpoint(baseURL: url, model: "test", settings: settings)),
      prompt: .plain, options: options)
    let result = try await labeller.run(Self.essays, journal: Journal(journalFile))
    #expect(result.labels.allSatisfy { $0.label == 5 } && result.failures.isEmpty)
    #expect(result.requests == Self.essays.count + 1)
    let last = try #require(server.questions.last).body
    let request = try #require(try JSONSerialization.jsonObject(with: last) as? [String: Any])
    let format = try #require(request["response_format"] as? [String: Any])
    #expect((format["schema"] as? [String: Any])?["required"] as? [String] == ["empathy"])
  }

  @Test("A web page after the first answer is asked again")
  func laterWebPage() async throws {
    let page = ChatServer.Reply.raw(
      status: 200, fields: ["Content-Type: text/html"], body: "<html>")
    let server = try ChatServer { $0.number == 1 ? page : .answer("4,4,4,4,4,4") }
    defer { server.close() }
    let result = try await labeller(server) { $0.concurrency = 1 }
      .run(Self.essays, journal: Journal(journalFile))
    #expect(result.requests == 13 && result.failures.isEmpty)
  }

  @Test("Unreadable answers in a row stop the run, and a readable one between them does not")
  func givesUp() async throws {
    let server = try ChatServer { .answer($0.number == 2 ? "4,4,4,4,4,4" : "no idea") }
    defer { server.close() }
    let labeller = try labeller(server) {
      $0.concurrency = 1
      $0.maxUnreadable = 5
    }
    let result = try await labeller.run(Self.essays, journal: Journal(journalFile))
    #expect(server.questions.count == 8 && result.stoppedBy == .unreadable)
    #expect(result.unreadableSample == "no idea")
  }

  @Test("The request has the settings, and the journal what the server says of its answer")
  func settings() async throws {
    let body = """
      {"model": "test-2026", "system_fingerprint": "fp_1", "usage": {"prompt_tokens": 7, \
      "prompt_tokens_details": {"cached_tokens": 3}, "completion_tokens": 2}, "choices": \
      [{"finish_reason": "length", "message": {"content": "{\\"empathy\\": 5.2}"}}]}
      """
    let server = try ChatServer { _ in
      .raw(status: 200, fields: ["Content-Type: application/json"], body: body)
    }
    defer { server.close() }
    var settings = ChatSettings()
    (settings.temperature, settings.topP, settings.seed) = (0.7, 0.9, 40)
    settings.format = .jsonSchema
    let url = try #require(URL(string: "http://127.0.0.1:\(server.port)/v1"))
    var options = Labeller.Options()
    (options.samples, options.concurrency) = (2, 1)
    let labeller = try Labeller(
      client: ChatClient(ChatEndpoint(baseURL: url, model: "test", settings: settings)),
      prompt: .plain, options: options)
    let journal = try Journal(journalFile)
    let result = try await labeller.run([Self.essays[0]], journal: journal)
    #expect(result.labels.map(\.label) == [5.2])
    #expect(result.finishReasons == ["length": 2])
    let requests = try server.questions.map {
      try #require(try JSONSerialization.jsonObject(with: $0.body) as? [String: Any])
    }
    #expect(requests.map { $0["seed"] as? Int } == [40, 41])
    #expect(requests[0]["temperature"] as? Double == 0.7 && requests[0]["top_p"] as? Double == 0.9)
    let format = try #require(requests[0]["response_format"] as? [String: Any])
    let schema = (format["json_schema"] as? [String: Any])?["schema"] as? [String: Any]
    let score = (schema?["properties"] as? [String: [String: Any]])?["empathy"]
    #expect(score?["minimum"] as? Double == 1 && score?["maximum"] as? Double == 7)
    #expect((score?["enum"] as? [Double])?.count == 61)
    let entry = try #require(journal.entries.first)
    #expect(entry.model == "test-2026" && entry.systemFingerprint == "fp_1")
    #expect(entry.finishReason == "length" && entry.promptName == "plain-1")
    #expect(
      entry.usage
        == ["prompt_tokens": 7, "prompt_tokens_details.cached_tokens": 3, "completion_tokens": 2])
    #expect(entry.question.settings == settings)
  }

  @Test("An essay that always fails is reported, and too many end the run")
  func failures() async throws {
    let server = try ChatServer { _ in .raw(status: 500, fields: [], body: "") }
    defer { server.close() }
    let few = try labeller(server) { $0.maxFailures = 100 }
    let result = try await few.run(Self.essays, journal: Journal(journalFile))
    #expect(result.failures.count == 12)
    #expect(result.requests == 12 * 5)
    let strict = try labeller(server) { $0.maxFailures = 2 }
    await #expect(throws: ReferenceError.self) {
      try await strict.run(Self.essays, journal: Journal(journalFile))
    }
  }

  @Test("An unreadable answer is asked for once more, then recorded as missing with its text")
  func unreadable() async throws {
    let server = try ChatServer {
      $0.user.contains("number 5.") ? .answer("I can't rate this.") : .answer("4,4,4,4,4,4")
    }
    defer { server.close() }
    let journal = try Journal(journalFile)
    let result = try await labeller(server).run(Self.essays, journal: journal)
    #expect(result.labels[5].label == nil)
    #expect(result.labels[5].unreadable == 1)
    #expect(result.requests == 13)
    #expect(
      journal.entries.filter { $0.question.id == "e5" }.map(\.answer)
        == ["I can't rate this.", "I can't rate this."])
    let again = try await labeller(server).run(Self.essays, journal: journal)
    #expect(again.requests == 0)
    #expect(again.labels == result.labels)
  }

  @Test("Several samples give a mean and a deviation")
  func samples() async throws {
    let server = try ChatServer { .answer($0.number.isMultiple(of: 2) ? "3" : "5") }
    defer { server.close() }
    let labeller = try labeller(server, prompt: .plain) {
      $0.samples = 4
      $0.concurrency = 1
    }
    let result = try await labeller.run(
      Array(Self.essays.prefix(2)), journal: Journal(journalFile))
    #expect(result.labels.map(\.label) == [4, 4])
    #expect(result.labels.map(\.deviation) == [(4.0 / 3).squareRoot(), (4.0 / 3).squareRoot()])
  }

  @Test("A cap on requests leaves the rest unasked, and the next run asks only that")
  func requestCap() async throws {
    let server = try ChatServer { _ in .answer("4,4,4,4,4,4") }
    defer { server.close() }
    let journal = try Journal(journalFile)
    let capped = try await labeller(server) { $0.maxRequests = 5 }
      .run(Self.essays, journal: journal)
    #expect(capped.stoppedBy == .requests)
    #expect(capped.notAsked == 7)
    #expect(server.questions.count == 5)
    let rest = try await labeller(server).run(Self.essays, journal: journal)
    #expect(rest.requests == 7)
    #expect(rest.stoppedBy == nil)
  }

  @Test("A cap on spend stops before it is passed, and needs a price")
  func spendCap() async throws {
    let server = try ChatServer { _ in .answer("4,4,4,4,4,4") }
    defer { server.close() }
    // 100 tokens sent and 12 received: 0.112 dollars a question.
    let prices = Prices(["test": Prices.Price(prompt: 1_000, answer: 1_000)])
    let labeller = try labeller(server, prices: prices) {
      $0.maxSpend = 0.5
      $0.concurrency = 1
    }
    let result = try await labeller.run(Self.essays, journal: Journal(journalFile))
    #expect(result.stoppedBy == .spend && (result.spent ?? 1) <= 0.5)
    #expect(server.questions.count == 4)
    #expect(throws: ReferenceError.chat(.noPrice(model: "unheard-of"))) {
      try self.labeller(server, model: "unheard-of") { $0.maxSpend = 1 }
    }
  }

  @Test("A plan says what a run would ask and cost, and asks nothing")
  func plan() async throws {
    let server = try ChatServer { _ in .answer("4") }
    defer { server.close() }
    let prices = Prices(["test": Prices.Price(prompt: 2, answer: 10)])
    let plan = try await labeller(server, prices: prices) { $0.samples = 2 }.plan(Self.essays)
    #expect(plan.questions == 24 && plan.toAsk == 24 && (plan.cost ?? 0) > 0)
    #expect(try await labeller(server).plan(Self.essays).cost == nil, "no price is built in")
    #expect(plan.firstUserText?.contains("essay number 0.") == true)
    #expect(server.questions.isEmpty)
  }

  @Test("A key is never sent unencrypted to another machine, and a missing one is named")
  func keys() throws {
    let away = ChatEndpoint(
      baseURL: try #require(URL(string: "http://example.org/v1")), model: "m", keyVariable: "K")
    #expect(throws: ReferenceError.chat(.insecureURL("http://example.org/v1"))) {
      try ChatClient(away, environment: ["K": "x"])
    }
    #expect(throws: ReferenceError.chat(.missingKey(variable: "K"))) {
      try ChatClient(away, environment: [:])
    }
  }
}
