import Basics
import Foundation
import Harness
import TestSupport
import Testing

@Suite("Fetching: what is refused")
struct FetchChecksTests {
  let fixture: FetchFixture

  init() throws { fixture = try FetchFixture() }

  private func refusal(_ answer: @escaping LoopbackServer.Answer) async throws
    -> (error: FetchError?, server: LoopbackServer)
  {
    let server = try LoopbackServer(answer)
    let list = try fixture.list(server)
    let error = await #expect(throws: FetchError.self) {
      try await fixture.downloader.fetch(list, to: fixture.home)
    }
    #expect(fixture.contents()["a/b.bin"] == nil)
    return (error, server)
  }

  @Test("a content with another digest is refused with both digests, and nothing stays")
  func digest() async throws {
    let other = Data(remoteBody.reversed())
    let (error, server) = try await refusal { _, _ in LoopbackServer.Reply(200, other) }
    #expect(
      error
        == .digestDiffers(
          path: "a/b.bin", expected: try fixture.digest(remoteBody),
          found: try fixture.digest(other)))
    #expect(error?.exitStatus == .badData)
    #expect(server.requests.count == 1)
    #expect(fixture.contents().isEmpty)
  }

  @Test(
    "a declared length above or below the pinned one is refused", arguments: [299_999, 300_001])
  func declaredLength(length: Int) async throws {
    let (error, server) = try await refusal { _, _ in
      var reply = LoopbackServer.Reply(200, remoteBody)
      reply.declaredLength = length
      return reply
    }
    #expect(error == .sizeDiffers(path: "a/b.bin", expected: 300_000, found: length))
    #expect(server.requests.count == 1)
    #expect(fixture.contents().isEmpty)
  }

  @Test("a body without a length is cut off once it is too long")
  func tooLong() async throws {
    let endless = Data(count: 50_000_000)
    let (error, _) = try await refusal { _, _ in
      var reply = LoopbackServer.Reply(200, endless)
      reply.declaredLength = nil
      return reply
    }
    #expect(error == .sizeDiffers(path: "a/b.bin", expected: 300_000, found: nil))
    #expect(fixture.contents().isEmpty)
  }

  @Test("a part of a file of another size is refused")
  func rangeOfOther() async throws {
    let (error, _) = try await refusal { request, number in
      if let start = request.rangeStart {
        return LoopbackServer.Reply.part(of: remoteBody + Data(count: 1), from: start)
      }
      var reply = LoopbackServer.Reply(200, remoteBody)
      reply.stopAfter = 1000
      return reply
    }
    #expect(error == .sizeDiffers(path: "a/b.bin", expected: 300_000, found: 300_001))
    #expect(fixture.contents().isEmpty)
  }

  @Test("five redirects are followed, relative ones too")
  func redirects() async throws {
    let server = try LoopbackServer { request, number in
      number < 5 ? .redirect(to: "/hop\(number)?x=1") : .file(remoteBody, for: request)
    }
    try await fixture.downloader.fetch(try fixture.list(server), to: fixture.home)
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
    #expect(server.requests.last?.target == "/hop4?x=1")
  }

  @Test("a loop of redirects ends after five")
  func redirectLoop() async throws {
    let (error, server) = try await refusal { request, _ in .redirect(to: request.target) }
    guard case .redirectRefused(_, _, let reason)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason == "more than 5 redirects")
    #expect(server.requests.count == 6)
  }

  @Test(
    "a redirect to another scheme is refused",
    arguments: ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:text/plain,x"])
  func redirectScheme(location: String) async throws {
    let (error, server) = try await refusal { _, _ in .redirect(to: location) }
    #expect(
      error
        == .redirectRefused(
          from: server.url.absoluteString + "a/b.bin", to: location,
          reason: "only http and https are"))
    #expect(server.requests.count == 1)
  }

  @Test("a redirect without a Location is an error")
  func redirectNowhere() async throws {
    let (error, _) = try await refusal { _, _ in LoopbackServer.Reply(302) }
    #expect(error?.exitStatus == .unavailable)
  }

  @Test("a redirect from https to http is refused, from http to https followed")
  func redirectDowngrade() throws {
    let secure = try #require(URL(string: "https://example.org/a"))
    let plain = try #require(URL(string: "http://example.org/a"))
    #expect(
      throws: FetchError.redirectRefused(
        from: secure.absoluteString, to: plain.absoluteString, reason: "it leaves https")
    ) { try RedirectRule.check(plain, from: secure) }
    #expect(throws: Never.self) { try RedirectRule.check(secure, from: plain) }
    #expect(throws: Never.self) { try RedirectRule.check(secure, from: secure) }
  }

  @Test(
    "a path that leaves the folder is refused before any request",
    arguments: ["../x", "/etc/x", "a/../../x", "a//b", "./x", "", "a\\b"])
  func unsafePath(path: String) async throws {
    let server = try LoopbackServer { _, _ in LoopbackServer.Reply(200, remoteBody) }
    let sha = try fixture.digest(remoteBody)
    let list = FetchList(
      set: "set", title: "", licence: "", source: server.url,
      files: [RemoteFile(path: path, url: server.url, bytes: 300_000, sha256: sha)])
    await #expect(throws: FetchError.unsafePath(path)) {
      try await fixture.downloader.fetch(list, to: fixture.home)
    }
    #expect(server.requests.isEmpty)
  }

  @Test("a wrong file does not keep the others from coming, and all faults come together")
  func several() async throws {
    let server = try LoopbackServer { request, _ in
      LoopbackServer.Reply(200, request.target == "/b.bin" ? remoteBody : Data(count: 300_000))
    }
    let list = try fixture.list(server, ["a.bin", "b.bin", "c.bin"])
    let error = await #expect(throws: FetchError.self) {
      try await fixture.downloader.fetch(list, to: fixture.home)
    }
    guard case .several(let errors)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(errors.count == 2)
    #expect(error?.exitStatus == .badData)
    #expect(fixture.contents() == ["b.bin": remoteBody])
  }

  /// A list of one file with two addresses on one server.
  private func twoAddresses(_ server: LoopbackServer) throws -> FetchList {
    FetchList(
      set: "set", title: "", licence: "", source: server.url,
      files: [
        RemoteFile(
          path: "a.bin", url: server.url.appending(path: "first"),
          otherURLs: [server.url.appending(path: "second")], bytes: remoteBody.count,
          sha256: try fixture.digest(remoteBody))
      ])
  }

  @Test(
    "a file that the first address lacks, or has with another content, comes from the second",
    arguments: [404, 200])
  func secondAddress(status: Int) async throws {
    let server = try LoopbackServer { request, _ in
      request.target == "/second"
        ? LoopbackServer.Reply.file(remoteBody, for: request)
        : LoopbackServer.Reply(status, Data(count: remoteBody.count))
    }
    try await fixture.downloader.fetch(try twoAddresses(server), to: fixture.home)
    #expect(fixture.contents() == ["a.bin": remoteBody])
    #expect(server.requests.map(\.target) == ["/first", "/second"])
  }

  @Test("where no address has the file, the first one's failure is told")
  func noAddress() async throws {
    let server = try LoopbackServer { request, _ in
      LoopbackServer.Reply(request.target == "/first" ? 410 : 404)
    }
    let error = await #expect(throws: FetchError.self) {
      try await fixture.downloader.fetch(try twoAddresses(server), to: fixture.home)
    }
    #expect(
      error
        == .unavailable(
          url: server.url.absoluteString + "first", reason: "the server answers 410"))
    #expect(fixture.contents().isEmpty)
  }

  @Test("a file that another process is fetching is left alone")
  func busy() async throws {
    let server = try LoopbackServer { _, _ in
      var reply = LoopbackServer.Reply(200, remoteBody)
      reply.stopAfter = 100_000
      reply.thenStall = true
      return reply
    }
    let list = try fixture.list(server)
    let (patient, home) = (fixture.downloader, fixture.home)
    let arrived = AsyncStream<Int>.makeStream()
    let first = Task {
      try await patient.fetch(list, to: home) { arrived.continuation.yield($0.bytes) }
    }
    for await bytes in arrived.stream where bytes >= 100_000 { break }
    await #expect(throws: FetchError.busy(path: home.appending(path: "a/b.bin").path)) {
      try await patient.fetch(list, to: home)
    }
    first.cancel()
    _ = try? await first.value
  }
}
