import Foundation
import Reference
import Synchronization
import TestSupport
import Testing

@Suite("Labelling in batches")
struct BatchTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  static let essays = (0..<6).map { UnlabelledEssay(id: "e\($0)", text: "essay number \($0).") }

  /// A server with OpenAI's batch API, whose batches end at the third look.
  final class Server: Sendable {
    struct State {
      var files: [[[String: Any]]] = []
      /// The file and key of each batch, and how often it was looked at.
      var batches: [(file: Int, key: String, looks: Int)] = []
    }
    nonisolated(unsafe) private var state = State()
    private let lock = NSLock()
    /// What becomes of a question with this user text.
    let answer: @Sendable (String) -> (status: Int, text: String)
    let end: String
    /// Whether the answer to the creation of the first batch is lost on its way.
    let losesFirst: Bool

    init(
      end: String = "completed", losesFirst: Bool = false,
      _ answer: @escaping @Sendable (String) -> (status: Int, text: String)
    ) { (self.end, self.losesFirst, self.answer) = (end, losesFirst, answer) }

    var batches: Int { lock.withLock { state.batches.count } }
    var questions: [Int] { lock.withLock { state.files.map(\.count) } }

    func reply(_ question: ChatServer.Question) -> ChatServer.Reply {
      lock.withLock {
        let words = question.head.split(separator: " ")
        let path = String(words[1].split(separator: "?")[0])
        switch (String(words[0]), path) {
        case ("POST", "/v1/files"):
          let lines = String(decoding: question.body, as: UTF8.self).split(
            whereSeparator: \.isNewline
          )
          .filter { $0.hasPrefix("{") }
          state.files.append(lines.compactMap { Self.object(Data($0.utf8)) })
          return json(["id": "file-\(state.files.count - 1)"])
        case ("POST", "/v1/batches"):
          let body = Self.object(question.body) ?? [:]
          let file = Int((body["input_file_id"] as? String ?? "").dropFirst(5)) ?? -1
          let key = (body["metadata"] as? [String: String])?["invitro"] ?? ""
          state.batches.append((file, key, 0))
          return losesFirst && state.batches.count == 1 ? .cut : batch(state.batches.count - 1)
        case ("GET", "/v1/batches"):
          return json(["data": state.batches.indices.map(description)])
        case ("GET", _) where path.hasPrefix("/v1/batches/"):
          let number = Int(path.split(separator: "-").last ?? "") ?? 0
          state.batches[number].looks += 1
          return batch(number)
        case ("GET", _) where path.hasPrefix("/v1/files/"):
          let number = Int(path.split(separator: "/")[2].split(separator: "-")[1]) ?? 0
          return results(of: number, good: path.contains("output"))
        default: return .raw(status: 404, fields: [], body: "no \(path)")
        }
      }
    }

    private static func object(_ data: Data) -> [String: Any]? {
      (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
    }

    private func json(_ object: [String: Any]) -> ChatServer.Reply {
      let data = (try? JSONSerialization.data(withJSONObject: object)) ?? Data()
      return .raw(
        status: 200, fields: ["Content-Type: application/json"],
        body: String(decoding: data, as: UTF8.self))
    }

    private func description(_ number: Int) -> [String: Any] {
      let batch = state.batches[number]
      let hasEnded = batch.looks >= 3
      return [
        "id": "batch-\(number)", "status": hasEnded ? end : "in_progress",
        "metadata": ["invitro": batch.key], "request_counts": ["total": 6, "completed": 0],
        "output_file_id": hasEnded ? "output-\(number)" : NSNull(),
        "error_file_id": hasEnded ? "error-\(number)" : NSNull(),
      ]
    }

    private func batch(_ number: Int) -> ChatServer.Reply { json(description(number)) }

    private func results(of number: Int, good: Bool) -> ChatServer.Reply {
      let lines = state.files[state.batches[number].file].compactMap { line -> String? in
        let messages = (line["body"] as? [String: Any])?["messages"] as? [[String: String]]
        let (status, text) = answer(messages?.last?["content"] ?? "")
        guard (status == 200) == good else { return nil }
        let body: [String: Any] =
          good
          ? ["choices": [["message": ["content": text], "finish_reason": "stop"]]]
          : ["error": ["message": text]]
        let result: [String: Any] = [
          "custom_id": line["custom_id"] ?? "", "response": ["status_code": status, "body": body],
        ]
        return (try? JSONSerialization.data(withJSONObject: result)).map {
          String(decoding: $0, as: UTF8.self)
        }
      }
      return .raw(
        status: 200, fields: ["Content-Type: application/jsonl"],
        body: lines.joined(separator: "\n"))
    }
  }

  private func labeller(_ port: UInt16, model: String = "gpt-4o") throws -> Labeller {
    var options = Labeller.Options()
    options.isBatch = true
    options.batchWaitSeconds = 0.01...0.02
    options.backoff = Backoff(firstSeconds: 0.01, maxSeconds: 0.02, retries: 3)
    let url = try #require(URL(string: "http://127.0.0.1:\(port)/v1"))
    return try Labeller(
      client: ChatClient(ChatEndpoint(baseURL: url, model: model)), prompt: .plain,
      options: options, prices: Prices(["gpt-4o": .init(prompt: 1_000, answer: 1_000)]))
  }

  private var file: URL { folder.file("journal.jsonl") }

  @Test("A batch is submitted, waited for and read, and unreadable answers make a second one")
  func whole() async throws {
    let api = Server { text in
      text.contains("number 2.")
        ? (200, "hm") : text.contains("number 4.") ? (400, "no") : (200, "5")
    }
    let server = try ChatServer { api.reply($0) }
    defer { server.close() }
    let journal = try Journal(file)
    let result = try await labeller(server.port).runInBatches(Self.essays, journal: journal)
    #expect(result.labels.map(\.label) == [5, 5, nil, 5, nil, 5])
    #expect(result.failures.map(\.id) == ["e4"])
    #expect(result.failures.first?.error == .chat(.refused(status: 400, message: "no")))
    #expect(api.questions == [6, 1])
    #expect(journal.openBatch == nil)
    #expect(journal.entries.allSatisfy { $0.batch?.hasPrefix("batch-") == true })
  }

  @Test("An interrupted wait leaves the batch, and the next run fetches it without a second one")
  func resumed() async throws {
    let api = Server { _ in (200, "5") }
    let server = try ChatServer { api.reply($0) }
    defer { server.close() }
    let labeller = try labeller(server.port)
    let first = Task {
      let journal = try Journal(file)
      _ = try await labeller.runInBatches(Self.essays, journal: journal) { progress in
        if case .submitted = progress { withUnsafeCurrentTask { $0?.cancel() } }
      }
    }
    await #expect(throws: CancellationError.self) { try await first.value }
    #expect(api.batches == 1)
    let journal = try Journal(file)
    #expect(journal.openBatch?.batch == "batch-0")
    // Neither one by one nor with other essays is anything asked now.
    await #expect(throws: ReferenceError.self) {
      try await labeller.run(Self.essays, journal: journal)
    }
    await #expect(throws: ReferenceError.self) {
      try await labeller.runInBatches(Array(Self.essays.prefix(2)), journal: journal)
    }
    let result = try await labeller.runInBatches(Self.essays, journal: journal)
    #expect(result.labels.allSatisfy { $0.label == 5 })
    #expect(api.batches == 1)
  }

  @Test("A batch whose creation was not heard of is found again, not paid twice")
  func lost() async throws {
    let api = Server(losesFirst: true) { _ in (200, "5") }
    let server = try ChatServer { api.reply($0) }
    defer { server.close() }
    let result = try await labeller(server.port)
      .runInBatches(Self.essays, journal: Journal(file))
    #expect(result.labels.allSatisfy { $0.label == 5 })
    #expect(api.batches == 1)
  }

  @Test("A batch that expires keeps its answers and ends the run")
  func expired() async throws {
    let api = Server(end: "expired") {
      $0.contains("number 1.") ? (400, "batch_expired") : (200, "5")
    }
    let server = try ChatServer { api.reply($0) }
    defer { server.close() }
    let result = try await labeller(server.port)
      .runInBatches(Self.essays, journal: Journal(file))
    #expect(result.labels.count { $0.label == 5 } == 5)
    #expect(result.notAsked == 1 && result.stoppedBy == .batch && result.failures.isEmpty)
    #expect(api.batches == 1)
  }

  @Test("A batch is planned at half the price")
  func price() async throws {
    let batch = try labeller(9)
    let alone = try Labeller(
      client: batch.client, prompt: .plain, options: .init(), prices: batch.prices)
    let costs = (await batch.plan(Self.essays).cost, await alone.plan(Self.essays).cost)
    #expect(costs.0 != nil && costs.0 == costs.1.map { $0 / 2 })
  }
}
