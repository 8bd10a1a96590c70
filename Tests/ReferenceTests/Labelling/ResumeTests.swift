import Foundation
import Reference
import Synchronization
import TestSupport
import Testing

@Suite("An interrupted labelling run")
struct ResumeTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  static let essays = (0..<1_000).map {
    UnlabelledEssay(id: "e\($0)", text: "number=\($0)= and more")
  }

  static func labeller(port: UInt16) throws -> Labeller {
    var options = Labeller.Options()
    options.concurrency = 32
    options.backoff = Backoff(firstSeconds: 0.01, maxSeconds: 0.1, retries: 8)
    let url = try #require(URL(string: "http://127.0.0.1:\(port)/v1"))
    return try Labeller(
      client: ChatClient(ChatEndpoint(baseURL: url, model: "test"), connections: 32),
      prompt: .plain, options: options)
  }

  /// The essay that a question is about.
  static func id(_ question: ChatServer.Question) -> String {
    "e" + (question.user.split(separator: "=").dropFirst().first ?? "?")
  }

  /// Some of everything that goes wrong, by the number of the request.
  static func reply(_ question: ChatServer.Question) -> ChatServer.Reply {
    switch question.number % 50 {
    case 7: .raw(status: 429, fields: ["Retry-After: 0"], body: "{}")
    case 19: .raw(status: 500, fields: [], body: "")
    case 31: .cut
    default: .answer("\(1 + (Int(id(question).dropFirst()) ?? 0) % 7)")
    }
  }

  private func check(_ result: LabellingResult) {
    #expect(result.failures.isEmpty)
    for (index, label) in result.labels.enumerated() {
      #expect(label.id == "e\(index)")
      #expect(label.label == Double(1 + index % 7))
    }
  }

  @Test("1,000 essays at 32 a time lose nothing over ten interruptions, and none is asked twice")
  func tenTimes() async throws {
    // From this number on the server answers nothing, so that each round ends in the middle.
    let limit = Mutex(0)
    let server = try ChatServer { question in
      question.number < limit.withLock { $0 } ? Self.reply(question) : .hang
    }
    defer { server.close() }
    let file = folder.file("journal.jsonl")
    for round in 0..<10 {
      let before = server.questions.count
      let journalled = try Self.open(file).map(\.question.id)
      let last = before + 60 + round * 7
      limit.withLock { $0 = last }
      let run = Task {
        let journal = try Journal(file)
        return try await Self.labeller(port: server.port).run(Self.essays, journal: journal)
      }
      while server.questions.count <= last {
        try await Task.sleep(for: .milliseconds(1))
      }
      run.cancel()
      await #expect(throws: CancellationError.self) { try await run.value }
      let asked = Set(server.questions[before...].map(Self.id))
      #expect(asked.isDisjoint(with: journalled))
      // What a crash in the middle of a line leaves behind.
      let handle = try FileHandle(forWritingTo: file)
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(#"{"answer":"4","id":"e9"#.utf8))
      try handle.close()
    }
    limit.withLock { $0 = .max }
    let before = server.questions.count
    let journalled = try Self.open(file).map(\.question.id)
    #expect(journalled.count > 300)
    #expect(Set(journalled).count == journalled.count)
    let journal = try Journal(file)
    check(try await Self.labeller(port: server.port).run(Self.essays, journal: journal))
    let asked = Set(server.questions[before...].map(Self.id))
    #expect(asked.isDisjoint(with: journalled))
    #expect(asked.union(journalled).count == 1_000)
    #expect(journal.entries.count == 1_000)
  }

  private static func open(_ file: URL) throws -> [JournalEntry] {
    FileManager.default.fileExists(atPath: file.path) ? try Journal.content(of: file).entries : []
  }

  @Test("A process that is killed leaves a journal that the next one goes on from")
  func killed() async throws {
    let server = try ChatServer { question in
      Self.reply(question)
    }
    defer { server.close() }
    let path = folder.file("journal.jsonl").path
    let port = server.port
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [port = port as UInt16, path = path as String] in
      let journal = try Journal(URL(filePath: path))
      _ = try await Self.labeller(port: port).run(Self.essays, journal: journal) { progress in
        if progress.done >= 200 { kill(getpid(), SIGKILL) }
      }
    }
    let before = server.questions.count
    let file = URL(filePath: path)
    let journal = try Journal(file)
    let journalled = journal.entries.map(\.question.id)
    #expect(journalled.count >= 200)
    check(try await Self.labeller(port: port).run(Self.essays, journal: journal))
    let asked = Set(server.questions[before...].map(Self.id))
    #expect(asked.isDisjoint(with: journalled))
  }

  @Test("A damaged line in the middle of a journal is an error with its number")
  func damage() throws {
    let file = try folder.write("{}\n{}\n", to: "journal.jsonl")
    let error = #expect(throws: ReferenceError.self) { try Journal(file) }
    guard case .invalid(_, let faults) = error else {
      Issue.record("another error than invalid")
      return
    }
    #expect(faults.map(\.place) == [.line(1)])
  }

  @Test("A disk that fills up in the middle of a line leaves whole lines, and an error says so")
  func fullDisk() async throws {
    let path = folder.file("journal.jsonl").path
    await #expect(processExitsWith: .exitCode(7)) { [path = path as String] in
      let journal = try Journal(URL(filePath: path))
      let entry = JournalEntry(
        .init(id: "a", essay: "e", sample: 0, prompt: "p", model: "m"), attempt: 0,
        promptName: "plain-1", ChatAnswer("4"), RatingAnswer("4", items: ["empathy"]), seconds: 0)
      try journal.append(entry)
      let size = try Data(contentsOf: URL(filePath: path)).count
      // From here on a file may grow by 20 bytes only, as on a disk that is full.
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: rlim_t(size + 20), rlim_max: rlim_t(size + 20))
      setrlimit(__rlimit_resource_t(1), &limit)
      do {
        try journal.append(entry)
      } catch ReferenceError.file {
        exit(7)
      }
    }
    let journal = try Journal(URL(filePath: path))
    #expect(!journal.wasTruncated)
    #expect(journal.entries.map(\.question.id) == ["a"])
  }

  @Test("A journal has one writer")
  func oneWriter() throws {
    let file = folder.file("journal.jsonl")
    let first = try Journal(file)
    #expect(throws: ReferenceError.inUse(path: file.path)) { try Journal(file) }
    withExtendedLifetime(first) {}
  }
}
