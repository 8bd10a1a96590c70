import Foundation
import Server
import TestSupport
import Testing

@Suite("Server: the grammar of HTTP")
struct GrammarTests {
  private static let path = "/api/v1/healthz"

  private static func answer(_ request: String, _ port: Int) throws -> String {
    let connection = try Connection(port: port)
    connection.send(request)
    return connection.receive()
  }

  private static func isRefused(_ request: String, _ port: Int) throws -> Bool {
    try answer(request, port).hasPrefix("HTTP/1.1 400 ")
  }

  @Test("a target with a fragment or with characters that no URI has is refused with 400")
  func targets() async throws {
    let arena = try Arena(teams: [])
    try await arena.live { port in
      for target in [
        "/api/v1/leaderboard?benchmark=sample24#csv", "\(Self.path)#", "http://a\(Self.path)#csv",
        "\(Self.path)?é", "\(Self.path)?a|b", "\(Self.path)?\"", "\(Self.path)?<a>", "/{a}",
        "/a\\b",
        "/%", "/%4", "/%zz", "/a^b", "/[a]", "api", "*", "ftp://a/", "",
      ] {
        let request = "GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        let answer = try Self.answer(request, port)
        #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(target)")
      }
      for target in [
        "\(Self.path)?a=%20%C3%A9", "\(Self.path)?~!$&'()*+,;=:@/?-._", "http://a:80\(Self.path)",
        "HTTPS://[::1]\(Self.path)",
      ] {
        let request = "GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        let answer = try Self.answer(request, port)
        #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(target)")
      }
    }
  }

  @Test("a request has one Host, but in HTTP/1.0 it may have none")
  func hosts() async throws {
    let arena = try Arena(teams: [])
    try await arena.live { port in
      for fields in [
        "", "Host: a\r\nHost: a\r\n", "Host: a\r\nhost: b\r\n", "Host: a/b\r\n", "Host: a b\r\n",
        "Host: u@a\r\n", "Host: a#b\r\n",
      ] {
        let request = "GET \(Self.path) HTTP/1.1\r\n\(fields)Connection: close\r\n\r\n"
        let answer = try Self.answer(request, port)
        #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(fields)")
      }
      for head in [
        "HTTP/1.0\r\n", "HTTP/1.1\r\nHost: [::1]:8080\r\n", "HTTP/1.1\r\nhOST: board.example\r\n",
      ] {
        let request = "GET \(Self.path) \(head)Connection: close\r\n\r\n"
        let answer = try Self.answer(request, port)
        #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(head)")
      }
    }
  }

  /// An upload in chunks that closes its connection.
  private static func upload(_ body: String, _ arena: Arena) throws -> String {
    String(decoding: try arena.uploadHead(length: 0), as: UTF8.self)
      .replacing("Content-Length: 0", with: "Transfer-Encoding: chunked\r\nConnection: close")
      + body
  }

  @Test("chunk extensions over 1 kB are refused, however they come")
  func chunkExtensions() async throws {
    let arena = try Arena()
    let file = try String(contentsOf: arena.predictions(1), encoding: .utf8)
    /// The file in chunks, each with an extension of so many bytes.
    func chunks(of count: Int, extension length: Int) -> String {
      var (out, rest) = ("", file[...])
      while !rest.isEmpty {
        let chunk = rest.prefix(count)
        let more = length > 0 ? ";" + String(repeating: "e", count: length - 1) : ""
        out += "\(String(chunk.utf8.count, radix: 16))\(more)\r\n\(chunk)\r\n"
        rest = rest.dropFirst(count)
      }
      return out + "0\r\nX-Trailer: a\r\n\r\n"
    }
    let bodies = (
      long: chunks(of: file.count, extension: 1025), many: chunks(of: 50, extension: 100),
      short: chunks(of: file.count, extension: 1024), none: chunks(of: 7, extension: 0)
    )
    try await arena.live { port in
      #expect(try Self.isRefused(Self.upload(bodies.long, arena), port))
      #expect(try Self.isRefused(Self.upload(bodies.many, arena), port))
      let accepted = try Self.answer(Self.upload(bodies.short, arena), port)
      #expect(accepted.hasPrefix("HTTP/1.1 201 "), "\(accepted)")
      #expect(try Self.answer(Self.upload(bodies.none, arena), port).hasPrefix("HTTP/1.1 200 "))
      // A byte at a time, head and all.
      let slow = try Connection(port: port)
      for byte in try Self.upload(bodies.long, arena).utf8 where slow.send(Data([byte])) {}
      #expect(slow.receive().hasPrefix("HTTP/1.1 400 "))
      // Where nobody reads the body.
      #expect(
        try Self.answer(
          "GET \(Self.path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "1;\(String(repeating: "e", count: 3000))\r\n1\r\n0\r\n\r\n", port
        ).hasPrefix("HTTP/1.1 "))
      #expect(try Connection.isHealthy(port))
    }
  }

  @Test("requests that follow a body on the same connection are read where the body ends")
  func pipelined() async throws {
    let arena = try Arena()
    let file = try String(contentsOf: arena.predictions(2), encoding: .utf8)
    let size = String(file.utf8.count, radix: 16)
    try await arena.live { port in
      let head = String(decoding: try arena.uploadHead(length: file.utf8.count), as: UTF8.self)
      let chunked = head.replacing(
        "Content-Length: \(file.utf8.count)", with: "Transfer-Encoding: chunked")
      let health = "GET \(Self.path) HTTP/1.1\r\nHost: a\r\n\r\n"
      let answers = try Self.answer(
        health + chunked + "\(size);a=b\r\n\(file)\r\n0\r\n\r\n" + health + head + file
          + Connection.health, port)
      let statuses = answers.matches(of: /HTTP\/1\.1 (\d+)/).map { String($0.1) }
      #expect(statuses == ["200", "201", "200", "200", "200"], "\(answers)")
    }
  }

  @Test("who asks for another protocol gets an answer in this one, and then nothing more is kept")
  func upgrade() async throws {
    let arena = try Arena(teams: [])
    try await arena.live { port in
      let connection = try Connection(port: port)
      connection.send(
        "GET \(Self.path) HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
      let answer = connection.receive()
      #expect(
        answer.hasPrefix("HTTP/1.1 200 ") && answer.lowercased().contains("connection: close"))
      let piece = Data(count: 1 << 20)
      #expect((0..<200).contains { _ in !connection.send(piece) }, "closed after 64 MiB")
    }
  }
}
