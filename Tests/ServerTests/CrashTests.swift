import Basics
import Foundation
import GRDB
import Glibc
import Harness
import Server
import Synchronization
import TestSupport
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

@Suite("Server: under stress", .serialized)
struct CrashTests {
  private static let submissions = 500
  private static let clients = 8
  private static let kills = 20

  @Test("500 submissions of 8 clients and 20 kills: what was acknowledged is there once, scored")
  func killed() async throws {
    let teams = (0..<Self.clients).map { "Team \($0)" }
    let arena = try Arena(teams: teams, phase: .open(daily: 1000, total: 1000))
    let files = try (0..<Self.submissions).map { try Data(contentsOf: arena.predictions($0)) }
    let host = try Host(arena, kills: Self.kills, submissions: Self.submissions)
    let acknowledged = try await withThrowingTaskGroup(of: [Acknowledged].self) { group in
      for client in 0..<Self.clients {
        let token = try #require(arena.tokens[teams[client]])
        let own = files.indices.filter { $0 % Self.clients == client }
        group.addTask {
          var done: [Acknowledged] = []
          for index in own {
            try host.count()
            done.append(try await Self.submit(files[index], "\(index)", token: token, to: host))
          }
          return done
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(acknowledged.count == Self.submissions)
    #expect(Set(acknowledged.map(\.id)).count == Self.submissions)
    for one in acknowledged {
      let answer = try await Self.get(
        "/api/v1/submissions/\(one.id)", token: one.token, port: host.port)
      let submission = try #require(
        try JSONSerialization.jsonObject(with: answer) as? [String: Any])
      #expect(submission["state"] as? String == "released")
      #expect(submission["scores"] != nil)
    }
    #expect(host.stop() == 0)
    try check(arena, acknowledged)
  }

  private func check(_ arena: Arena, _ acknowledged: [Acknowledged]) throws {
    let database = try DatabaseQueue(path: arena.folder.file("data/server.sqlite").path)
    try database.read { database in
      #expect(try String.fetchAll(database, sql: "PRAGMA integrity_check") == ["ok"])
      #expect(try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").isEmpty)
      func count(_ sql: String) throws -> Int? { try Int.fetchOne(database, sql: sql) }
      #expect(try count("SELECT count(*) FROM submission") == Self.submissions)
      #expect(try count("SELECT count(DISTINCT digest) FROM submission") == Self.submissions)
      #expect(try count("SELECT count(*) FROM submission WHERE state <> 'released'") == 0)
      #expect(try count("SELECT count(*) FROM queue") == 0)
      // Each was charged once, however often it was sent and whoever scored it.
      #expect(try count("SELECT sum(valid) FROM usage") == Self.submissions)
      #expect(try count("SELECT sum(failing) FROM usage") == 0)
      // Each was accepted and released once, whether it had to wait or not.
      #expect(
        try count(
          """
          SELECT count(*) FROM (SELECT 1 FROM event GROUP BY submission
            HAVING count(*) = 2 AND sum(kind = 'accepted') = 1 AND sum(kind = 'released') = 1)
          """) == Self.submissions)
      let ids = try String.fetchSet(database, sql: "SELECT public_id FROM submission")
      #expect(ids == Set(acknowledged.map(\.id)))
      // The board shows each team's last best.
      #expect(
        try count(
          """
          SELECT count(*) FROM board b JOIN submission s ON s.id = b.submission
          WHERE s.best = (SELECT max(best) FROM submission x WHERE x.team = b.team)
          """) == Self.clients)
    }
  }

  private struct Acknowledged: Sendable {
    var id: String
    var token: String
  }

  /// Sends a file until it is acknowledged.
  private static func submit(
    _ file: Data, _ name: String, token: String, to host: Host
  ) async throws -> Acknowledged {
    let query = "benchmark=sample24&split=test&system=System+\(name)"
    let url = try #require(URL(string: "http://127.0.0.1:\(host.port)/api/v1/submissions?\(query)"))
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.httpBody = file
    request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
    request.setValue("text/tab-separated-values", forHTTPHeaderField: "Content-Type")
    request.setValue("key-\(name)", forHTTPHeaderField: "Idempotency-Key")
    while true {
      guard let (data, response) = try? await URLSession.shared.data(for: request),
        let status = (response as? HTTPURLResponse)?.statusCode
      else {
        // It was killed.
        host.waitForRestart()
        continue
      }
      try #require(
        status == 200 || status == 201, "\(status) \(String(decoding: data, as: UTF8.self))")
      let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
      return Acknowledged(id: try #require(object?["id"] as? String), token: token)
    }
  }

  private static func get(_ path: String, token: String, port: Int) async throws -> Data {
    let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
    var request = URLRequest(url: url)
    request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
    return try await URLSession.shared.data(for: request).0
  }

  /// The server under attack, on one port whatever happens to it. It is killed when numbers of
  /// submissions that come from a seed have been begun, while other clients wait for their answers.
  private final class Host: Sendable {
    private struct State {
      var server: RunningServer
      var begun = 0
      var kills: Set<Int>
    }

    private let arena: Arena
    private let state: Mutex<State>
    let port: Int

    init(_ arena: Arena, kills: Int, submissions: Int) throws {
      self.arena = arena
      let server = try arena.process()
      port = server.port
      var random = SplitMix64(seed: 20)
      let moments = Array(10..<submissions).shuffled(using: &random).prefix(kills)
      state = Mutex(State(server: server, kills: Set(moments)))
    }

    /// Counts a submission that begins, and kills and restarts the server where its turn has come.
    func count() throws {
      try state.withLock { state in
        state.begun += 1
        guard state.kills.contains(state.begun) else { return }
        state.server.kill()
        state.server = try arena.process(port: port)
      }
    }

    func waitForRestart() { state.withLock { _ in } }

    func stop() -> Int32 { state.withLock { $0.server.stop() } }
  }

  @Test("a full disk is answered with 507 and harms nothing; it goes on when there is room again")
  func fullDisk() throws {
    let arena = try Arena(phase: .open(daily: 10_000, total: 10_000))
    // No file of the server may grow beyond 600 KiB; the hard limit stays.
    let server = try arena.process(prefix: "ulimit -S -f 600 &&")
    var answers: [Int] = []
    for seed in 0..<400 {
      answers.append(try arena.submit(try arena.predictions(seed), to: server).status)
      if answers.last == 507 { break }
    }
    #expect(answers.last == 507)
    #expect(answers.dropLast().allSatisfy { $0 == 201 })
    let health = try Curl(server.url("/api/v1/healthz"))
    #expect(health.status == 503 && health.headers["retry-after"] != nil)
    #expect(health.headers["content-type"] == "application/problem+json")
    let listed = try Curl(
      ["--header", "Authorization: Bearer \(arena.tokens["Team A"] ?? "")"] + [
        server.url("/api/v1/submissions?limit=200")
      ])
    #expect(listed.status == 200, "reading goes on")
    let room = try Process.run(
      URL(filePath: "/usr/bin/env"),
      arguments: ["prlimit", "--pid", "\(server.identifier)", "--fsize=unlimited:unlimited"])
    room.waitUntilExit()
    #expect(room.terminationStatus == 0)
    #expect(try eventually { try Curl(server.url("/api/v1/healthz")).status == 200 })
    // The one that was refused may have been accepted before the disk was full: it is scored now.
    let stored = answers.count
    let last = try arena.predictions(stored - 1)
    let isScored = try eventually {
      let answer = try arena.submit(last, to: server)
      let state = try answer.object()["state"] as? String
      return [200, 201].contains(answer.status) && state == "released"
    }
    #expect(isScored)
    #expect(server.stop() == 0)
    let database = try DatabaseQueue(path: arena.folder.file("data/server.sqlite").path)
    try database.read { database in
      #expect(try String.fetchAll(database, sql: "PRAGMA integrity_check") == ["ok"])
      let count = try Int.fetchOne(
        database, sql: "SELECT count(*) FROM submission WHERE state = 'released'")
      #expect(count == stored)
      #expect(try Int.fetchOne(database, sql: "SELECT sum(valid) FROM usage") == stored)
    }
  }

  @Test("a submission that waits with a lease is scored by the server that comes after")
  func waiting() async throws {
    let arena = try Arena()
    let file = try arena.predictions(1)
    let key = ["Idempotency-Key": "once"]
    let id = try await {
      let server = try await arena.server()
      return try await arena.submit(file, to: server, headers: key).object()["id"] as? String
    }()
    // As a crash between acceptance and score leaves it, in the ledger too.
    func change(_ sql: String...) throws {
      try FileManager.default.removeItem(at: arena.folder.file("data/ledger"))
      let ledger = [
        "DROP TRIGGER IF EXISTS ledger_is_kept", "DELETE FROM ledger WHERE event = 'scored'",
        "DELETE FROM ledger_checkpoint", "DELETE FROM ledger_shown",
      ]
      try arena.store.write { database in
        for statement in ledger + sql { try database.execute(sql: statement) }
      }
    }
    let page = "/api/v1/submissions/\(try #require(id))"
    func state(_ server: TestServer) async throws -> String? {
      try await server.get(page, arena.authorization("Team A")).object()["state"] as? String
    }
    let unscored = "UPDATE submission SET best = NULL, verdict = NULL, report = NULL, state = "
    try change(
      "DELETE FROM board", "DELETE FROM usage", unscored + "'pending'",
      "INSERT INTO queue SELECT id, 'gone', 4102444800, 1 FROM submission")
    do {
      let server = try await arena.server()
      #expect(try await state(server) == "pending")
      await server.server.recover()
      #expect(try await state(server) == "released")
      #expect(try await arena.submit(file, to: server).status == 200)
    }
    // One that was given up is tried again when it comes again.
    try change("DELETE FROM board", "DELETE FROM usage", unscored + "'failed'")
    let server = try await arena.server()
    #expect(try await state(server) == "failed")
    let again = try await arena.submit(file, to: server, headers: key)
    #expect(again.status == 201, "\(again.text)")
    #expect(try await arena.submit(file, to: server, headers: key).status == 200)
    #expect(try again.object()["id"] as? String == id)
    #expect(try await state(server) == "released")
    let counts = try arena.store.write { database in
      try ["sum(valid) FROM usage", "count(*) FROM queue", "count(*) FROM board"].map {
        try Int.fetchOne(database, sql: "SELECT \($0)")
      }
    }
    #expect(counts == [1, 0, 1])
  }

  @Test("SIGTERM lets an upload that is on its way finish")
  func graceful() throws {
    let arena = try Arena()
    let server = try arena.process()
    let file = try Data(contentsOf: arena.predictions(1))
    let connection = try Connection(port: server.port)
    connection.send(try arena.uploadHead(length: file.count) + file.prefix(100))
    #expect(eventually { connection.isReadByServer })
    kill(server.identifier, SIGTERM)
    #expect(eventually { (try? Connection(port: server.port)) == nil }, "it listens no longer")
    connection.send(file.dropFirst(100))
    #expect(connection.receive().hasPrefix("HTTP/1.1 201 "))
    #expect(server.stop() == 0)
  }

  @Test("no acknowledged row is lost where commits, commands and checkpoints interleave")
  func checkpoints() async throws {
    let arena = try Arena(teams: [], phase: nil)
    let server = try SubmissionStore(arena.home.submissionStoreURL, as: .server)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask {
          for row in 0..<100 {
            try await server.commit { database in
              try database.execute(
                sql: "INSERT INTO team (name, created) VALUES (?, 0)",
                arguments: ["server \(writer) \(row)"])
              if row.isMultiple(of: 20) { try database.execute(sql: "ANALYZE") }
            }
          }
        }
      }
      group.addTask {
        for row in 0..<50 {
          // As a command: opened, written, closed.
          let url = arena.home.submissionStoreURL
          _ = try SubmissionStore(url).addTeam("command \(row)")
        }
      }
      group.addTask {
        for _ in 0..<50 { try await server.checkpoint() }
      }
      try await group.waitForAll()
    }
    let file = arena.folder.file("data/server.sqlite").path
    let database = try DatabaseQueue(path: file)
    let (teams, integrity) = try await database.read { database in
      (
        try Int.fetchOne(database, sql: "SELECT count(*) FROM team"),
        try String.fetchAll(database, sql: "PRAGMA integrity_check")
      )
    }
    #expect(teams == 450)
    #expect(integrity == ["ok"])
  }

  @Test("a command leaves the write-ahead log as it is, also when it ends")
  func commandsMergeNothing() throws {
    let place = try TemporaryFolder()
    let url = place.file("server.sqlite")
    for name in ["A", "B"] { _ = try SubmissionStore(url).addTeam(name) }
    let log = try Data(contentsOf: place.file("server.sqlite-wal"))
    #expect(!log.isEmpty)
    _ = try SubmissionStore(url).addTeam("C")
    #expect(try Data(contentsOf: place.file("server.sqlite-wal")).count > log.count)
    #expect(try SubmissionStore(url).teams().map(\.name) == ["A", "B", "C"])
  }
}
