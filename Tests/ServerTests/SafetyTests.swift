import Basics
import Foundation
import Glibc
import Harness
import Server
import Testing
import TestSupport

@Suite("Server: hostile clients")
struct SafetyTests {
  private static func permissions(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  @Test("hostile uploads end in a 4xx, and the server goes on with little memory")
  func hostile() async throws {
    let arena = try Arena(phase: .open(daily: 1000, dailyFailing: 1000))
    let server = try arena.process()
    for (seed, upload) in HostileUpload.all.enumerated() {
      let file = try arena.folder.write(try upload.content(), to: "hostile")
      let answer = try arena.submit(file, to: server)
      #expect(
        (400..<500).contains(answer.status),
        "\(upload.name): \(answer.status) \(answer.text.prefix(300))")
      #expect(answer.body.count < 1 << 20, "an answer stays small")
      #expect(try arena.submit(try arena.predictions(seed), to: server).status == 201)
    }
    // The peak of the server's memory, in kB.
    let status = try String(contentsOfFile: "/proc/\(server.identifier)/status", encoding: .utf8)
    let peak = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.1) })
    #expect(peak < 1 << 20, "hostile uploads do not blow up its memory: \(peak) kB")
  }

  struct HostileUpload: Sendable {
    var name: String
    var content: @Sendable () throws -> Data

    static let all: [HostileUpload] = [
      .init(name: "a zip bomb") {
        let zeros = Data(repeating: UInt8(ascii: "0"), count: 1 << 26)
        let packed = try #require(Gzip.compressed(zeros))
        // gzip's head and tail away, what is between is a deflate stream.
        return ZipFile(entries: [
          .init(
            path: "predictions_EMP.tsv", content: Data(packed.dropFirst(10).dropLast(8)),
            checksum: ZipFile.checksum(zeros), unpackedCount: zeros.count)
        ]).data
      },
      .init(name: "a path that leads out") {
        ZipFile(entries: [.init(path: "../../predictions_EMP.tsv", content: Data("1\n".utf8))]).data
      },
      .init(name: "a link in a zip") {
        ZipFile(entries: [
          .init(path: "predictions_EMP.tsv", content: Data("/etc/passwd".utf8), mode: 0o120777)
        ]).data
      },
      .init(name: "rows of 10,000 columns") {
        let row = [String](repeating: "1", count: 10_000).joined(separator: "\t") + "\n"
        return Data(String(repeating: row, count: 83).utf8)
      },
      .init(name: "one row of 4 million columns") {
        Data(String(repeating: "1\t", count: 4_000_000).utf8)
      },
      .init(name: "4 million faulty rows") {
        Data(String(repeating: "x\n", count: 4_000_000).utf8)
      },
      .init(name: "quotes that never close") {
        Data(("id,empathy\n" + String(repeating: "\"a,1\n", count: 300)).utf8)
      },
      .init(name: "bytes that are no text") {
        Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) })
      },
      .init(name: "nested JSON") {
        Data((String(repeating: "{\"a\":", count: 50_000) + "1").utf8)
      },
      .init(name: "nothing") { Data() },
    ]
  }

  @Test("a body over 8 MiB, honest about it or not, is refused with 413, and a head over 16 KiB")
  func tooLarge() async throws {
    let arena = try Arena()
    try await arena.live { port in
      let honest = try Connection(port: port)
      honest.send(try arena.uploadHead(length: (8 << 20) + 1))
      #expect(honest.receive().hasPrefix("HTTP/1.1 413 "))
      let chunked = try Connection(port: port)
      let head = String(decoding: try arena.uploadHead(length: 0), as: UTF8.self)
      chunked.send(
        Data(head.replacing("Content-Length: 0", with: "Transfer-Encoding: chunked").utf8))
      let chunk = Data("100000\r\n".utf8) + Data(count: 1 << 20) + Data("\r\n".utf8)
      for _ in 0..<9 { chunked.send(chunk) }
      #expect(chunked.receive().hasPrefix("HTTP/1.1 413 "))
      let wordy = try Connection(port: port)
      let long = String(repeating: "a", count: 20_000)
      wordy.send(Data("GET /api/v1/healthz HTTP/1.1\r\nHost: a\r\nX-Long: \(long)\r\n\r\n".utf8))
      #expect(wordy.receive().hasPrefix("HTTP/1.1 4"))
      #expect(try Connection.isHealthy(port))
    }
  }

  @Test("a client that asks too often is told to wait, by token and by address")
  func rates() async throws {
    let arena = try Arena()
    let slow = try await arena.server(change: { $0.limits.uploadsPerMinute = 3 })
    let bad = try arena.folder.write("1\n", to: "bad.tsv")
    var answers: [Answer] = []
    for _ in 0..<3 { answers.append(try await arena.submit(bad, to: slow)) }
    #expect(answers.map(\.status).first == 422)
    #expect(answers.last?.status == 429)
    #expect(answers.last?.headers["retry-after"] != nil)
    let shy = try await Arena().server(change: { $0.limits.requestsPerSecond = 0.001 })
    var statuses: [Int] = []
    for _ in 0..<60 { statuses.append(try await shy.get("/api/v1/benchmarks").status) }
    #expect(statuses.first == 200 && statuses.last == 429)
  }

  @Test("behind a proxy each client's rate is its own, and without one the field is not believed")
  func forwarded() async throws {
    for isProxied in [true, false] {
      let arena = try Arena(teams: [])
      let server = try await arena.server(change: {
        // The second request is refused, however slow the machine is.
        $0.limits.requestsPerSecond = 0.001
        $0.trustsProxy = isProxied
      })
      func statuses(_ client: String) async throws -> [Int] {
        var statuses: [Int] = []
        for _ in 0..<8 {
          statuses.append(
            try await server.get(
              "/api/v1/benchmarks", ["X-Forwarded-For": "198.51.100.1, \(client)"]
            ).status)
        }
        return statuses
      }
      #expect(try await statuses("203.0.113.5").contains(429))
      if isProxied {
        #expect(try await statuses("203.0.113.6").first == 200, "another client")
        #expect(try await statuses("::ffff:203.0.113.6").first == 429, "the same one")
        #expect(try await statuses("2001:db8::1").first == 200)
        #expect(try await statuses("2001:db8::2").first == 429, "the same network")
      } else {
        #expect(try await statuses("203.0.113.6").first == 429, "the field says anything")
      }
    }
  }

  @Test("a body that takes too long is answered with 408 and the connection closed")
  func slowBody() async throws {
    let arena = try Arena()
    try await arena.live(change: { $0.limits.bodySeconds = 0 }) { port in
      let connection = try Connection(port: port)
      connection.send(try arena.uploadHead(length: 1000) + Data("1\t2\n".utf8))
      #expect(connection.receive().hasPrefix("HTTP/1.1 408 "))
    }
  }

  @Test("a request without a token, or with a body that nobody reads, loses its connection")
  func unreadBody() async throws {
    let arena = try Arena()
    try await arena.live { port in
      let stranger = try Connection(port: port)
      let posted = String(decoding: try arena.uploadHead(length: 8_000_000), as: UTF8.self)
      stranger.send(Data(posted.replacing("Bearer invitro_1", with: "Bearer invitro_9").utf8))
      let refused = stranger.receive()
      #expect(
        refused.hasPrefix("HTTP/1.1 401 ") && refused.lowercased().contains("connection: close"))
      let talker = try Connection(port: port)
      talker.send(
        Data("GET /api/v1/healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n".utf8))
      #expect(talker.receive().hasPrefix("HTTP/1.1 200 "), "answered, then closed")
    }
  }

  @Test("clients that never read an answer lose their connection")
  func slowReader() async throws {
    let arena = try Arena()
    // While it is open, the address has no other connection.
    try await arena.live(change: {
      $0.limits.answerSeconds = 1
      $0.limits.connectionsPerAddress = 1
    }) { port in
      let connection = try Connection(port: port)
      let request = Data("GET /api/v1/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
      for _ in 0..<2000 { connection.send(request) }
      #expect(try eventually { try Connection.isHealthy(port) })
      let received = connection.receive()
      #expect(received.components(separatedBy: "HTTP/1.1 200").count < 2000)
    }
  }

  @Test("an address has so many connections")
  func connections() async throws {
    let arena = try Arena(teams: [])
    let request = Data("GET /api/v1/healthz HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    try await arena.live(change: { $0.limits.connectionsPerAddress = 2 }) { port in
      var open = [try Connection(port: port), try Connection(port: port)]
      for connection in open {
        connection.send(request)
        #expect(connection.receiveOnce().hasPrefix("HTTP/1.1 200 "))
      }
      let third = try Connection(port: port)
      third.send(request)
      #expect(third.receive().isEmpty, "closed at once")
      open.removeLast()
      #expect(try eventually { try Connection.isHealthy(port) })
    }
  }

  @Test("every answer forbids to run, frame or guess anything, and no path leads out of the site")
  func site() async throws {
    let arena = try Arena(teams: [])
    let server = try await arena.server(site: true)
    #expect(try await server.get("/").status == 200)
    for path in ["/", "/api/v1/benchmarks", "/api/v1/nothing", "/nothing"] {
      let answer = try await server.get(path)
      let policy = try #require(answer.headers["content-security-policy"])
      #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
      #expect(answer.headers["x-content-type-options"] == "nosniff")
      #expect(answer.headers["x-frame-options"] == "DENY")
      #expect(answer.headers["referrer-policy"] == "no-referrer")
    }
    for path in [
      "/../data/server.sqlite", "/%2e%2e/data/server.sqlite", "/..%2fdata/server.sqlite",
      "/.invitro-site.json", "//etc/passwd", "/assets/..%5c..%5cdata", "/%00", "/a%",
    ] {
      let answer = try await server.get(path)
      #expect((400..<500).contains(answer.status), "\(path): \(answer.status)")
      #expect(!answer.body.starts(with: Data("SQLite".utf8)))
    }
  }

  @Test("the server does not start where others can read what it guards, nor twice")
  func exposed() async throws {
    let arena = try Arena()
    for (path, mode) in [
      ("data", 0o755), ("data/sample24/test.csv", 0o644), ("data/server.sqlite", 0o640),
    ] {
      let file = arena.folder.file(path).path
      let before = try Self.permissions(file)
      chmod(file, mode_t(mode))
      let error = #expect(throws: ServerError.self) { try arena.leaderboard() }
      let text = try #require(error).description
      #expect(text.contains("chmod go-rwx") && text.contains(path))
      chmod(file, mode_t(before))
    }
    let server = try arena.leaderboard()
    for file in ["server.sqlite", "server.sqlite-wal", "server.sqlite-shm", "server.lock"] {
      #expect(try Self.permissions(arena.folder.file("data/\(file)").path) == 0o600, "\(file)")
    }
    let error = #expect(throws: ServerError.self) { try arena.leaderboard() }
    #expect(error?.exitStatus.rawValue == 69, "a second one")
    withExtendedLifetime(server) {}
  }
}
