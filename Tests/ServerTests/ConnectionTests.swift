import Foundation
import Glibc
import Server
import TestSupport
import Testing

@Suite("Server: connections")
struct ConnectionTests {
  private static let halfHead = "GET /api/v1/healthz HTTP/1.1\r\nHost: a\r\nX-"

  @Test("1,100 half-open heads behind a proxy do not keep healthz from answering")
  func halfOpenHeads() async throws {
    try await onOwnThread {
      Connection.allow(1100)
      let arena = try Arena(teams: [])
      // No head is late here: room is made because it is needed.
      let server = try arena.process(["--api-only", "--trust-proxy", "--head-seconds", "600"])
      let halfOpen = try (0..<1100).map { _ in
        let connection = try Connection(port: server.port)
        connection.send(Self.halfHead)
        return connection
      }
      #expect(try Connection.isHealthy(server.port))
      let open = halfOpen.count { !$0.isClosed }
      #expect((900...1024).contains(open), "of the others so many are still open: \(open)")
    }
  }

  @Test("where the system allows few open files, so few connections are open")
  func fewFiles() async throws {
    try await onOwnThread {
      Connection.allow(700)
      let arena = try Arena(teams: [])
      let server = try arena.process(
        ["--api-only", "--trust-proxy", "--head-seconds", "600"], prefix: "ulimit -n 600 &&")
      let told = server.log.firstMatch(of: /leaves room for (\d+) connections/)
      let room = try #require(told.flatMap { Int($0.1) })
      #expect(room < 600)
      let halfOpen = try (0..<700).map { _ in
        let connection = try Connection(port: server.port)
        connection.send(Self.halfHead)
        return connection
      }
      #expect(try Connection.isHealthy(server.port))
      #expect(halfOpen.count { !$0.isClosed } <= room)
    }
  }

  @Test("a head that is not complete in time loses its connection, an idle connection stays")
  func lateHeads() async throws {
    let arena = try Arena(teams: [])
    let request = "GET /api/v1/healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    try await arena.live(change: { $0.limits.headSeconds = 3 }) { port in
      let silent = try Connection(port: port)
      let first = try Connection(port: port)
      first.send(Self.halfHead)
      func asked() throws -> Connection {
        let connection = try Connection(port: port)
        connection.send(request)
        #expect(connection.receiveOnce().hasPrefix("HTTP/1.1 200 "))
        return connection
      }
      let (second, idle) = (try asked(), try asked())
      second.send(Self.halfHead)
      for late in [silent, first, second] { #expect(late.receive().isEmpty) }
      idle.send(request)
      #expect(idle.receiveOnce().hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test(
    "a full server closes an idle connection for a new one, and lets it wait while all are busy")
  func full() async throws {
    let arena = try Arena()
    try await arena.live(change: { $0.limits.connections = 2 }) { port in
      let idle = try Connection(port: port)
      idle.send("GET /api/v1/healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(idle.receiveOnce().hasPrefix("HTTP/1.1 200 "))
      #expect(try Connection.isHealthy(port))
      #expect(idle.receive().isEmpty, "closed for the other one")
      var busy = try (0..<2).map { _ in
        let connection = try Connection(port: port)
        connection.send(try arena.uploadHead(length: 1000) + Data("1\t2\n".utf8))
        #expect(eventually { connection.isReadByServer })
        return connection
      }
      let waiting = try Connection(port: port)
      waiting.send(Connection.health)
      #expect(!waiting.isReadByServer, "it waits for its turn")
      #expect(busy.allSatisfy { !$0.isClosed })
      busy.removeAll()
      #expect(waiting.receive().hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test("so many requests at once are answered by forwarded address, and with a token")
  func atOnce() async throws {
    let arena = try Arena()
    try await arena.live(change: {
      $0.trustsProxy = true
      $0.limits.connectionsPerAddress = 2
      $0.limits.requestsPerToken = 3
    }) { port in
      func upload(from address: String) throws -> Connection {
        let connection = try Connection(port: port)
        connection.send(try arena.uploadHead(length: 1000, forwarded: address) + Data("1".utf8))
        #expect(eventually { connection.isReadByServer })
        return connection
      }
      func ask(from address: String, token: String? = nil) throws -> String {
        let connection = try Connection(port: port)
        let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        connection.send(
          "GET /api/v1/submissions?team=x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            + "X-Forwarded-For: 198.51.100.9, \(address)\r\n\(authorization)\r\n")
        return connection.receive()
      }
      var uploads = [try upload(from: "203.0.113.5"), try upload(from: "203.0.113.5")]
      #expect(try eventually { try ask(from: "203.0.113.5").hasPrefix("HTTP/1.1 429 ") })
      let refusal = try ask(from: "203.0.113.5")
      #expect(refusal.contains("Retry-After: 1") && refusal.contains("application/problem+json"))
      #expect(try ask(from: "203.0.113.6").hasPrefix("HTTP/1.1 200 "), "another address")
      let token = try #require(arena.tokens["Team A"])
      #expect(try ask(from: "203.0.113.6", token: token).hasPrefix("HTTP/1.1 200 "))
      uploads.append(try upload(from: "203.0.113.6"))
      #expect(
        try eventually { try ask(from: "203.0.113.7", token: token).hasPrefix("HTTP/1.1 429 ") })
      uploads.removeAll()
      #expect(
        try eventually { try ask(from: "203.0.113.5", token: token).hasPrefix("HTTP/1.1 200 ") },
        "what is over does not count")
    }
  }

  @Test("a large answer counts until it is out, and no longer")
  func largeAnswer() async throws {
    let arena = try Arena(teams: [])
    let server = try await arena.server(
      site: true,
      change: {
        $0.trustsProxy = true
        $0.limits.connectionsPerAddress = 1
      })
    let large = String(repeating: "a", count: 200_000)
    try arena.folder.write(large, to: "site/large.txt")
    for _ in 0..<3 {
      let answer = try await server.get("/large.txt")
      #expect(answer.status == 200 && answer.text == large)
    }
  }

  @Test("a client that sends on after a refusal gets to see it, but may not go on for ever")
  func refusedBody() async throws {
    let arena = try Arena()
    try await arena.live { port in
      let connection = try Connection(port: port)
      connection.send(try arena.uploadHead(length: 30 << 20))
      let piece = Data(count: 1 << 20)
      // Later than a server that only waits a moment would have closed.
      for index in 0..<30 {
        if index == 10 { usleep(1_500_000) }
        #expect(connection.send(piece))
      }
      #expect(connection.receive().hasPrefix("HTTP/1.1 413 "))
      let endless = try Connection(port: port)
      endless.send(try arena.uploadHead(length: 1 << 30))
      #expect((0..<200).contains { _ in !endless.send(piece) }, "closed after 64 MiB")
    }
    try await arena.live(change: { $0.limits.lingerSeconds = 1 }) { port in
      let patient = try Connection(port: port)
      patient.send(try arena.uploadHead(length: 30 << 20))
      #expect(patient.receive().hasPrefix("HTTP/1.1 413 "))
      #expect(eventually { !patient.send("1") }, "closed, though it never ends")
    }
  }
}
