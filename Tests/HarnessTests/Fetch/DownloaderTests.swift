import Basics
import Foundation
import Harness
import Synchronization
import TestSupport
import Testing

/// 300,000 bytes: the numbers below 100,000, three bytes each, so that no two places look alike.
let remoteBody: Data = {
  var out = Data()
  for number in 0..<100_000 {
    out.append(UInt8(number & 255))
    out.append(UInt8((number >> 8) & 255))
    out.append(UInt8(number >> 16))
  }
  return out
}()

/// What every test of the downloader needs: a folder, a file and quick settings.
struct FetchFixture {
  let folder: TemporaryFolder
  var downloader: Downloader

  init() throws {
    folder = try TemporaryFolder()
    var settings = Downloader.Settings()
    settings.timeoutSeconds = 60
    settings.attempts = 3
    settings.firstPauseSeconds = 0.01
    downloader = Downloader(settings: settings)
  }

  func list(_ server: LoopbackServer, _ paths: [String] = ["a/b.bin"], body: Data = remoteBody)
    -> FetchList
  {
    FetchList(
      set: "set", title: "A set", licence: "CC0", source: server.url,
      files: paths.map {
        RemoteFile(
          path: $0, url: server.url.appending(path: $0), bytes: body.count,
          sha256: Digest.sha256(body))
      })
  }

  var home: URL { folder.file("home") }

  /// Everything below the home, by path.
  func contents() -> [String: Data] {
    guard let walk = FileManager.default.enumerator(atPath: home.path) else { return [:] }
    var out: [String: Data] = [:]
    for case let path as String in walk {
      let url = home.appending(path: path)
      if !url.hasDirectoryPath, let data = try? Data(contentsOf: url) { out[path] = data }
    }
    return out
  }
}

@Suite("Fetching over HTTP")
struct DownloaderTests {
  var fixture: FetchFixture

  init() throws { fixture = try FetchFixture() }

  /// Fetches from a server that answers so, and gives back the server for its requests.
  @discardableResult
  private func fetch(_ answer: @escaping LoopbackServer.Answer) async throws -> LoopbackServer {
    let server = try LoopbackServer(answer)
    try await fixture.downloader.fetch(fixture.list(server), to: fixture.home)
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
    return server
  }

  /// Fetches from a server that answers so, in vain; gives the server and the words of the error.
  private func unavailable(
    _ answer: @escaping LoopbackServer.Answer
  ) async throws -> (server: LoopbackServer, reason: String) {
    let server = try LoopbackServer(answer)
    let list = fixture.list(server)
    let error = await #expect(throws: HarnessError.self) {
      try await fixture.downloader.fetch(list, to: fixture.home)
    }
    #expect(fixture.contents().isEmpty)
    #expect(error?.exitStatus == .unavailable)
    guard case .system(let path, let reason)? = error else {
      Issue.record("unavailable was expected, not \(String(describing: error))")
      return (server, "")
    }
    #expect(path == server.url.absoluteString + "a/b.bin")
    return (server, reason)
  }

  @Test("a file comes whole, and nothing else stays")
  func whole() async throws {
    let server = try await fetch { _, _ in LoopbackServer.Reply(200, remoteBody) }
    #expect(server.requests.count == 1)
  }

  @Test("an empty file comes too")
  func empty() async throws {
    let server = try LoopbackServer { _, _ in LoopbackServer.Reply(200) }
    try await fixture.downloader.fetch(fixture.list(server, body: Data()), to: fixture.home)
    #expect(fixture.contents() == ["a/b.bin": Data()])
  }

  @Test("a file that is there with its digest costs no request")
  func present() async throws {
    let server = try LoopbackServer { _, _ in LoopbackServer.Reply(200, remoteBody) }
    let list = fixture.list(server, ["a.bin", "b.bin"])
    try fixture.folder.write(remoteBody, to: "home/a.bin")
    let summary = try await fixture.downloader.fetch(list, to: fixture.home)
    #expect(summary.fetched == ["b.bin"])
    #expect(summary.present == ["a.bin"])
    #expect(server.requests.map(\.target) == ["/b.bin"])
  }

  @Test("a file that is there with another content is replaced")
  func stale() async throws {
    try fixture.folder.write("old", to: "home/a/b.bin")
    try await fetch { _, _ in LoopbackServer.Reply(200, remoteBody) }
  }

  @Test("a body that ends early is asked for again", arguments: [true, false])
  func cut(hasLength: Bool) async throws {
    let server = try await fetch { _, number in
      var reply = LoopbackServer.Reply(200, remoteBody)
      if !hasLength { reply.declaredLength = nil }
      if number == 0 { reply.stopAfter = 100_000 }
      return reply
    }
    #expect(server.requests.count == 2)
  }

  @Test("a silent server is cut off, asked again and given up")
  mutating func stall() async throws {
    fixture.downloader.settings.timeoutSeconds = 1
    let (server, _) = try await unavailable { _, _ in
      var reply = LoopbackServer.Reply(200, remoteBody)
      reply.stopAfter = 1000
      reply.thenStall = true
      return reply
    }
    #expect(server.requests.count == 3)
  }

  @Test("what may pass is tried again", arguments: [500, 503, 429, 408])
  func serverError(status: Int) async throws {
    let server = try await fetch { _, number in
      number < 2 ? LoopbackServer.Reply(status, Data("busy".utf8)) : .init(200, remoteBody)
    }
    #expect(server.requests.count == 3)
  }

  @Test(
    "500 for ever is given up, 404 at once, and no file stays", arguments: [(500, 3), (404, 1)])
  func givenUp(status: Int, requests: Int) async throws {
    let (server, reason) = try await unavailable { _, _ in
      LoopbackServer.Reply(status, Data("no such page".utf8))
    }
    #expect(server.requests.count == requests)
    #expect(reason.hasPrefix("the server answers \(status)."))
    #expect(reason.contains("--mirror"))
  }

  @Test("a server that is not there is unavailable")
  func nobodyThere() async throws {
    let nowhere = try #require(URL(string: "http://127.0.0.1:1/"))
    let list = FetchList(
      set: "set", title: "", licence: "", source: nowhere,
      files: [
        RemoteFile(path: "a", url: nowhere, bytes: 1, sha256: String(repeating: "0", count: 64))
      ])
    let error = await #expect(throws: HarnessError.self) {
      try await fixture.downloader.fetch(list, to: fixture.home)
    }
    #expect(error?.exitStatus == .unavailable)
  }

  @Test("progress rises to the sum of all files")
  func progress() async throws {
    let seen = Mutex<[Downloader.Progress]>([])
    let server = try LoopbackServer { _, _ in LoopbackServer.Reply(200, remoteBody) }
    let list = fixture.list(server, ["a.bin", "b.bin"])
    try await fixture.downloader.fetch(list, to: fixture.home) { step in
      seen.withLock { $0.append(step) }
    }
    let steps = seen.withLock { $0 }
    #expect(steps.last?.path == "b.bin")
    #expect(steps.last?.bytes == 600_000)
    #expect(steps.last?.total == 600_000)
    #expect(steps.map(\.bytes) == steps.map(\.bytes).sorted())
  }

  @Test("a cancelled fetch stops soon and leaves nothing")
  func cancelled() async throws {
    let server = try LoopbackServer { _, _ in
      var reply = LoopbackServer.Reply(200, remoteBody)
      reply.stopAfter = 100_000
      reply.thenStall = true
      return reply
    }
    let (list, downloader, home) = (fixture.list(server), fixture.downloader, fixture.home)
    let arrived = AsyncStream<Int>.makeStream()
    let task = Task {
      try await downloader.fetch(list, to: home) { arrived.continuation.yield($0.bytes) }
    }
    for await bytes in arrived.stream where bytes > 0 { break }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(fixture.contents().isEmpty)
  }

  @Test("a content with another digest is refused with both digests, and nothing stays")
  func digest() async throws {
    let other = Data(remoteBody.reversed())
    let server = try LoopbackServer { _, _ in LoopbackServer.Reply(200, other) }
    let error = await #expect(throws: HarnessError.self) {
      try await fixture.downloader.fetch(fixture.list(server), to: fixture.home)
    }
    guard case .invalid(let faults)? = error else { return _ = Issue.record("\(error as Any)") }
    #expect(faults.map(\.file) == ["a/b.bin"])
    #expect(faults[0].found?.contains(Digest.sha256(other).prefix(12)) == true)
    #expect(faults[0].expected.contains(Digest.sha256(remoteBody).prefix(12)))
    #expect(server.requests.count == 1)
    #expect(fixture.contents().isEmpty)
  }

  @Test("a body that is too long is cut off, with a length and without", arguments: [true, false])
  func tooLong(hasLength: Bool) async throws {
    let endless = Data(count: 50_000_000)
    let (server, reason) = try await unavailable { _, _ in
      var reply = LoopbackServer.Reply(200, endless)
      if !hasLength { reply.declaredLength = nil }
      return reply
    }
    #expect(reason.hasPrefix("it sends more than the 300000 bytes"))
    #expect(server.requests.count == 1)
  }

  @Test("five redirects are followed, relative ones too")
  func redirects() async throws {
    let server = try await fetch { _, number in
      number < 5 ? .redirect(to: "/hop\(number)?x=1") : LoopbackServer.Reply(200, remoteBody)
    }
    #expect(server.requests.last?.target == "/hop4?x=1")
  }

  @Test("a loop of redirects ends after five")
  func redirectLoop() async throws {
    let (server, reason) = try await unavailable { request, _ in .redirect(to: request.target) }
    #expect(reason.hasPrefix("more than 5 redirects"))
    #expect(server.requests.count == 6)
  }

  @Test(
    "a redirect to another scheme, or to nowhere, is not followed",
    arguments: ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:text/plain,x", nil])
  func redirectScheme(location: String?) async throws {
    let (server, _) = try await unavailable { _, _ in
      location.map { .redirect(to: $0) } ?? LoopbackServer.Reply(302)
    }
    #expect(server.requests.count == 1)
  }

  @Test("a redirect from https to http is refused, from http to https followed")
  func redirectDowngrade() throws {
    let secure = try #require(URL(string: "https://example.org/a"))
    let plain = try #require(URL(string: "http://example.org/a"))
    #expect(Transfer.refusal(of: plain, from: secure)?.contains("not encrypted") == true)
    #expect(Transfer.refusal(of: secure, from: plain) == nil)
    #expect(Transfer.refusal(of: secure, from: secure) == nil)
  }

  @Test(
    "a path that leaves the folder is refused before any request",
    arguments: ["../x", "/etc/x", "a/../../x", "a//b", "./x", "", "a\\b"])
  func unsafePath(path: String) async throws {
    let server = try LoopbackServer { _, _ in LoopbackServer.Reply(200, remoteBody) }
    let list = fixture.list(server, [path])
    let error = await #expect(throws: HarnessError.self) {
      try await fixture.downloader.fetch(list, to: fixture.home)
    }
    #expect(error?.exitStatus == .badData)
    #expect(server.requests.isEmpty)
  }

  @Test("a wrong file does not keep the others from coming, and all faults come together")
  func several() async throws {
    let server = try LoopbackServer { request, _ in
      LoopbackServer.Reply(200, request.target == "/b.bin" ? remoteBody : Data(count: 300_000))
    }
    let list = fixture.list(server, ["a.bin", "b.bin", "c.bin"])
    let error = await #expect(throws: HarnessError.self) {
      try await fixture.downloader.fetch(list, to: fixture.home)
    }
    guard case .invalid(let faults)? = error else { return _ = Issue.record("\(error as Any)") }
    #expect(faults.map(\.file) == ["a.bin", "c.bin"])
    #expect(fixture.contents() == ["b.bin": remoteBody])
  }

  /// A list of one file with two addresses on one server.
  private func twoAddresses(_ server: LoopbackServer) -> FetchList {
    FetchList(
      set: "set", title: "", licence: "", source: server.url,
      files: [
        RemoteFile(
          path: "a.bin", url: server.url.appending(path: "first"),
          otherURLs: [server.url.appending(path: "second")], bytes: remoteBody.count,
          sha256: Digest.sha256(remoteBody))
      ])
  }

  @Test(
    "a file that the first address lacks, or has with another content, comes from the second",
    arguments: [404, 200])
  func secondAddress(status: Int) async throws {
    let server = try LoopbackServer { request, _ in
      request.target == "/second"
        ? LoopbackServer.Reply(200, remoteBody)
        : LoopbackServer.Reply(status, Data(count: remoteBody.count))
    }
    try await fixture.downloader.fetch(twoAddresses(server), to: fixture.home)
    #expect(fixture.contents() == ["a.bin": remoteBody])
    #expect(server.requests.map(\.target) == ["/first", "/second"])
  }

  @Test("where no address has the file, the first one's failure is told")
  func noAddress() async throws {
    let server = try LoopbackServer { request, _ in
      LoopbackServer.Reply(request.target == "/first" ? 410 : 404)
    }
    let error = await #expect(throws: HarnessError.self) {
      try await fixture.downloader.fetch(twoAddresses(server), to: fixture.home)
    }
    #expect(error?.description.contains("first: the server answers 410.") == true)
    #expect(fixture.contents().isEmpty)
  }
}
