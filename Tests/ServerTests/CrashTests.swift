import Foundation
import GRDB
import Glibc
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
    let arena = try Arena(
      teams: teams, phase: ["--visibility", "public", "--daily", "1000", "--total", "1000"])
    let files = try (0..<Self.submissions).map { try Data(contentsOf: arena.predictions($0)) }
    let host = Host(try arena.server(), arena: arena)
    let progress = Progress(kills: Self.kills, each: Self.submissions / Self.clients + 1)
    let acknowledged = try await withThrowingTaskGroup(of: [Acknowledged].self) { group in
      group.addTask {
        try await Self.killAndRestart(host, progress)
        return []
      }
      for client in 0..<Self.clients {
        let token = try #require(arena.tokens[teams[client]])
        let own = files.indices.filter { $0 % Self.clients == client }
        group.addTask {
          var done: [Acknowledged] = []
          for (step, index) in own.enumerated() {
            await progress.wait(beforeStep: step)
            done.append(
              try await Self.submit(files[index], "\(index)", token: token, port: host.port))
          }
          return done
        }
      }
      var all: [Acknowledged] = []
      for try await part in group { all += part }
      return all
    }
    #expect(acknowledged.count == Self.submissions)
    #expect(progress.killed == Self.kills)
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
      // One that had to wait has both events, once each; any other has none.
      #expect(
        try count(
          """
          SELECT count(*) FROM (SELECT 1 FROM event GROUP BY submission
            HAVING count(*) <> 2 OR sum(kind = 'accepted') <> 1 OR sum(kind = 'released') <> 1)
          """) == 0)
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

  /// Kills the server at moments that have nothing to do with what it does, and starts it again.
  private static func killAndRestart(_ host: Host, _ progress: Progress) async throws {
    for _ in 0..<kills {
      try await Task.sleep(for: .milliseconds(Int.random(in: 5...250)))
      try host.killAndRestart()
      progress.addKill()
    }
  }

  /// Sends a file until it is acknowledged.
  private static func submit(
    _ file: Data, _ name: String, token: String, port: Int
  ) async throws -> Acknowledged {
    let query = "benchmark=sample24&split=test&system=System+\(name)"
    let url = try #require(URL(string: "http://127.0.0.1:\(port)/api/v1/submissions?\(query)"))
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
        // The server is gone: it comes back.
        try await Task.sleep(for: .milliseconds(10))
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

  /// The server under attack, on one port whatever happens to it.
  private final class Host: @unchecked Sendable {
    // One task restarts it; the test stops it after that task has ended.
    private var server: RunningServer
    private let arena: Arena
    let port: Int

    init(_ server: RunningServer, arena: Arena) {
      self.server = server
      self.arena = arena
      port = server.port
    }

    func killAndRestart() throws {
      server.kill()
      server = try arena.server(port: port)
    }

    func stop() -> Int32 { server.stop() }
  }

  /// Keeps the clients from being done before the last kill: so many steps a kill.
  private final class Progress: Sendable {
    private let count = Mutex(0)
    private let kills: Int
    private let steps: Int

    init(kills: Int, each steps: Int) {
      self.kills = kills
      self.steps = steps
    }

    var killed: Int { count.withLock { $0 } }
    func addKill() { count.withLock { $0 += 1 } }

    func wait(beforeStep step: Int) async {
      while killed < min(kills, step * kills / steps) {
        try? await Task.sleep(for: .milliseconds(2))
      }
    }
  }

  @Test("a full disk is answered with 507 and harms nothing; it goes on when there is room again")
  func fullDisk() throws {
    let arena = try Arena(
      phase: ["--visibility", "public", "--daily", "10000", "--total", "10000"])
    // No file of the server may grow beyond 600 KiB; the hard limit stays.
    let server = try arena.server(prefix: "ulimit -S -f 600 &&")
    var answers: [Int] = []
    for seed in 0..<400 {
      answers.append(try arena.submit(try arena.predictions(seed), to: server).status)
      if answers.last == 507 { break }
    }
    #expect(answers.last == 507)
    #expect(answers.dropLast().allSatisfy { $0 == 201 })
    #expect(try Curl(server.url("/api/v1/healthz")).status == 200)
    let listed = try Curl(
      arena.authorization("Team A") + [server.url("/api/v1/submissions?limit=200")])
    #expect(listed.status == 200, "reading goes on")
    let room = try Process.run(
      URL(filePath: "/usr/bin/env"),
      arguments: ["prlimit", "--pid", "\(server.identifier)", "--fsize=unlimited:unlimited"])
    room.waitUntilExit()
    #expect(room.terminationStatus == 0)
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
  func waiting() throws {
    let arena = try Arena()
    var server = try arena.server()
    let file = try arena.predictions(1)
    let key = ["--header", "Idempotency-Key: once"]
    let id = try #require(
      try arena.submit(file, to: server, options: key).object()["id"] as? String)
    server.stop()
    // As a crash between acceptance and score leaves it.
    func change(_ sql: String...) throws {
      let database = try DatabaseQueue(path: arena.folder.file("data/server.sqlite").path)
      try database.write { database in
        for statement in sql { try database.execute(sql: statement) }
      }
    }
    let unscored = "UPDATE submission SET best = NULL, verdict = NULL, report = NULL, state = "
    try change(
      "DELETE FROM board", "DELETE FROM usage", unscored + "'pending'",
      "INSERT INTO queue SELECT id, 'gone', 4102444800, 1 FROM submission")
    server = try arena.server()
    func state() throws -> String? {
      try Curl(arena.authorization("Team A") + [server.url("/api/v1/submissions/\(id)")])
        .object()["state"] as? String
    }
    #expect(try eventually { try state() == "released" })
    #expect(try arena.submit(file, to: server).status == 200)
    server.stop()
    // One that was given up is tried again when it comes again.
    try change("DELETE FROM board", "DELETE FROM usage", unscored + "'failed'")
    server = try arena.server()
    #expect(try state() == "failed")
    let again = try arena.submit(file, to: server, options: key)
    #expect(again.status == 201, "\(again.text)")
    #expect(try arena.submit(file, to: server, options: key).status == 200)
    #expect(try again.object()["id"] as? String == id)
    #expect(try state() == "released")
    let database = try DatabaseQueue(path: arena.folder.file("data/server.sqlite").path)
    let counts = try database.read { database in
      try ["sum(valid) FROM usage", "count(*) FROM queue", "count(*) FROM board"].map {
        try Int.fetchOne(database, sql: "SELECT \($0)")
      }
    }
    #expect(counts == [1, 0, 1])
  }

  @Test("SIGTERM lets an upload that is on its way finish")
  func graceful() throws {
    let arena = try Arena()
    let server = try arena.server()
    let file = try Data(contentsOf: arena.predictions(1))
    let connection = try Connection(port: server.port)
    connection.send(try arena.uploadHead(length: file.count) + file.prefix(100))
    #expect(eventually { connection.isReadByServer })
    usleep(100_000)
    kill(server.identifier, SIGTERM)
    usleep(200_000)
    connection.send(file.dropFirst(100))
    #expect(connection.receive().hasPrefix("HTTP/1.1 201 "))
    #expect(server.stop() == 0)
  }
}
