import Foundation
import Glibc
import Harness
import TestSupport
import Testing

@Suite("Server: hostile clients")
struct SafetyTests {
  private static func permissions(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  @Test("hostile uploads end in a 4xx, and the server goes on", arguments: HostileUpload.all)
  func hostile(_ upload: HostileUpload) throws {
    let arena = try Arena(phase: ["--visibility", "public", "--daily-failing", "1000"])
    let server = try arena.server()
    let file = try arena.folder.write(try upload.content(), to: "hostile")
    let answer = try arena.submit(file, to: server)
    #expect((400..<500).contains(answer.status), "\(answer.status) \(answer.text.prefix(300))")
    #expect(answer.body.count < 1 << 20, "an answer stays small")
    #expect(try arena.submit(try arena.predictions(1), to: server).status == 201)
    // The peak of the server's memory, in kB.
    let status = try String(contentsOfFile: "/proc/\(server.identifier)/status", encoding: .utf8)
    let peak = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.1) })
    #expect(peak < 1 << 20, "hostile uploads do not blow up its memory: \(peak) kB")
  }

  struct HostileUpload: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var content: @Sendable () throws -> Data

    static let all: [HostileUpload] = [
      .init(testDescription: "a zip bomb") {
        let zeros = Data(repeating: UInt8(ascii: "0"), count: 1 << 26)
        let packed = try #require(Gzip.compressed(zeros))
        // gzip's head and tail away, what is between is a deflate stream.
        return ZipFile(entries: [
          .init(
            path: "predictions_EMP.tsv", content: Data(packed.dropFirst(10).dropLast(8)),
            checksum: ZipFile.checksum(zeros), unpackedCount: zeros.count)
        ]).data
      },
      .init(testDescription: "a path that leads out") {
        ZipFile(entries: [.init(path: "../../predictions_EMP.tsv", content: Data("1\n".utf8))]).data
      },
      .init(testDescription: "a link in a zip") {
        ZipFile(entries: [
          .init(path: "predictions_EMP.tsv", content: Data("/etc/passwd".utf8), mode: 0o120777)
        ]).data
      },
      .init(testDescription: "rows of 10,000 columns") {
        let row = [String](repeating: "1", count: 10_000).joined(separator: "\t") + "\n"
        return Data(String(repeating: row, count: 83).utf8)
      },
      .init(testDescription: "one row of 4 million columns") {
        Data(String(repeating: "1\t", count: 4_000_000).utf8)
      },
      .init(testDescription: "4 million faulty rows") {
        Data(String(repeating: "x\n", count: 4_000_000).utf8)
      },
      .init(testDescription: "quotes that never close") {
        Data(("id,empathy\n" + String(repeating: "\"a,1\n", count: 300)).utf8)
      },
      .init(testDescription: "bytes that are no text") {
        Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) })
      },
      .init(testDescription: "nested JSON") {
        Data((String(repeating: "{\"a\":", count: 50_000) + "1").utf8)
      },
      .init(testDescription: "nothing") { Data() },
    ]
  }

  @Test("a body over 8 MiB, honest about it or not, is refused with 413")
  func tooLarge() throws {
    let arena = try Arena()
    let server = try arena.server()
    let big = try arena.folder.write(Data(count: (8 << 20) + 1), to: "big")
    let url = server.url("/api/v1/submissions?benchmark=sample24&split=test&system=x")
    let type = ["-H", "Content-Type: application/octet-stream", "--data-binary", "@\(big.path)"]
    for extra in [[], ["-H", "Transfer-Encoding: chunked"]] {
      #expect(try Curl(arena.authorization("Team A") + type + extra + [url]).status == 413)
    }
    #expect(try Curl(server.url("/api/v1/healthz")).status == 200)
  }

  @Test("a head over 16 KiB is refused")
  func largeHead() throws {
    let arena = try Arena(teams: [])
    let server = try arena.server()
    let answer = try Curl(
      "-H", "X-Long: \(String(repeating: "a", count: 20_000))", server.url("/api/v1/healthz"))
    #expect((400..<500).contains(answer.status))
  }

  @Test("who asks too often is told to wait, by token and by address")
  func rates() throws {
    let arena = try Arena()
    let slow = try RunningServer(
      arena.program, ["--api-only", "--upload-rate", "3", "--request-rate", "0"])
    let bad = try arena.folder.write("1\n", to: "bad.tsv")
    let answers = try (0..<3).map { _ in try arena.submit(bad, to: slow) }
    #expect(answers.map(\.status).first == 422)
    #expect(answers.last?.status == 429)
    #expect(answers.last?.headers["retry-after"] != nil)
    slow.stop()
    let shy = try RunningServer(arena.program, ["--api-only", "--request-rate", "1"])
    let statuses = try Curl.statuses(of: shy.url("/api/v1/healthz?[1-60]"))
    #expect(statuses.first == 200 && statuses.last == 429)
  }

  @Test("behind a proxy each client's rate is its own, and without one the field is not believed")
  func forwarded() throws {
    let arena = try Arena(teams: [])
    func statuses(_ server: RunningServer, _ client: String) throws -> [Int] {
      try (0..<8).map { _ in
        try Curl("-H", "X-Forwarded-For: 198.51.100.1, \(client)", server.url("/api/v1/healthz"))
          .status
      }
    }
    let proxied = try RunningServer(
      arena.program, ["--api-only", "--request-rate", "1", "--trust-proxy"])
    #expect(try statuses(proxied, "203.0.113.5").contains(429))
    #expect(try statuses(proxied, "203.0.113.6").first == 200, "another client")
    #expect(try statuses(proxied, "::ffff:203.0.113.6").first == 429, "the same one")
    #expect(try statuses(proxied, "2001:db8::1").first == 200)
    #expect(try statuses(proxied, "2001:db8::2").first == 429, "the same network")
    proxied.stop()
    let plain = try RunningServer(arena.program, ["--api-only", "--request-rate", "1"])
    #expect(try statuses(plain, "203.0.113.5").contains(429))
    #expect(try statuses(plain, "203.0.113.6").first == 429, "the field says anything")
  }

  @Test("a body that takes too long is answered with 408 and the connection closed")
  func slowBody() throws {
    let arena = try Arena()
    let server = try arena.server(["--api-only", "--body-seconds", "1"])
    let connection = try Connection(port: server.port)
    connection.send(try arena.uploadHead(length: 1000))
    for _ in 0..<5 {
      usleep(300_000)
      connection.send(Data("1\t2\n".utf8))
    }
    #expect(connection.receive().hasPrefix("HTTP/1.1 408 "))
  }

  @Test("who has no token, or announces a body that nobody reads, is not listened to")
  func unreadBody() throws {
    let arena = try Arena()
    let server = try arena.server()
    let stranger = try Connection(port: server.port)
    let posted = String(decoding: try arena.uploadHead(length: 8_000_000), as: UTF8.self)
    stranger.send(Data(posted.replacing("Bearer invitro_1", with: "Bearer invitro_9").utf8))
    let refused = stranger.receive()
    #expect(
      refused.hasPrefix("HTTP/1.1 401 ") && refused.lowercased().contains("connection: close"))
    let talker = try Connection(port: server.port)
    talker.send(
      Data("GET /api/v1/healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n".utf8))
    #expect(talker.receive().hasPrefix("HTTP/1.1 200 "), "answered, then closed")
  }

  @Test("clients that never read an answer lose their connection")
  func slowReader() throws {
    let arena = try Arena()
    let server = try arena.server(["--api-only", "--answer-seconds", "1"])
    let connection = try Connection(port: server.port)
    let request = Data("GET /api/v1/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    for _ in 0..<2000 { connection.send(request) }
    usleep(3_000_000)
    // It ends, and before all 2,000 answers.
    let received = connection.receive()
    #expect(received.components(separatedBy: "HTTP/1.1 200").count < 2000)
    #expect(try Curl(server.url("/api/v1/healthz")).status == 200)
  }

  @Test("an address has so many connections and the server so many in all")
  func connections() throws {
    let arena = try Arena(teams: [])
    let request = Data("GET /api/v1/healthz HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    let shared = try arena.server(["--api-only", "--connections-per-address", "2"])
    var open = [try Connection(port: shared.port), try Connection(port: shared.port)]
    for connection in open { connection.send(request) }
    #expect(eventually { open.allSatisfy(\.isReadByServer) })
    let third = try Connection(port: shared.port)
    third.send(request)
    #expect(third.receive().isEmpty, "closed at once")
    open.removeLast()
    #expect(try eventually { try Curl(shared.url("/api/v1/healthz")).status == 200 })
    shared.stop()
    let small = try arena.server(["--api-only", "--connections", "1"])
    open = [try Connection(port: small.port)]
    open[0].send(request)
    #expect(eventually { open[0].isReadByServer })
    let waiting = try Curl("--max-time", "1", small.url("/api/v1/healthz"))
    #expect(waiting.status == 0, "it waits for its turn")
    open.removeAll()
    #expect(try eventually { try Curl(small.url("/api/v1/healthz")).status == 200 })
  }

  @Test("every answer forbids to run, frame or guess anything, and no path leads out of the site")
  func site() throws {
    let arena = try Arena(teams: [])
    let server = try arena.server([
      "--site", "site", "--source", Shared.checkout.appending(path: "site").path,
    ])
    #expect(try eventually { try Curl(server.url("/")).status == 200 })
    for path in ["/", "/api/v1/benchmarks", "/api/v1/nothing", "/nothing"] {
      let answer = try Curl(server.url(path))
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
      let answer = try Curl("--path-as-is", server.url(path))
      #expect((400..<500).contains(answer.status), "\(path): \(answer.status)")
      #expect(!answer.body.starts(with: Data("SQLite".utf8)))
    }
  }

  @Test("the server does not start where others can read what it guards")
  func exposed() throws {
    let arena = try Arena()
    for (path, mode) in [
      ("data", 0o755), ("data/sample24/test.csv", 0o644),
      ("data/server.sqlite", 0o640),
    ] {
      let file = arena.folder.file(path).path
      let before = try Self.permissions(file)
      chmod(file, mode_t(mode))
      let outcome = try arena.program.run("serve", "--port", "0", "--api-only")
      #expect(outcome.status == 65)
      #expect(outcome.err.contains("chmod go-rwx") && outcome.err.contains(path))
      chmod(file, mode_t(before))
    }
    let server = try arena.server()
    for file in ["server.sqlite", "server.sqlite-wal", "server.sqlite-shm", "server.lock"] {
      #expect(try Self.permissions(arena.folder.file("data/\(file)").path) == 0o600, "\(file)")
    }
    #expect(
      try arena.program.run("serve", "--port", "0", "--api-only").status == 69, "a second one")
    server.stop()
  }
}
