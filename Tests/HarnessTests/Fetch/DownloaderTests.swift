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
    settings.stallSeconds = 60
    settings.attempts = 3
    settings.firstPauseSeconds = 0.01
    downloader = Downloader(settings: settings)
  }

  func digest(_ data: Data) throws -> String {
    try Digest.sha256(of: try folder.write(data, to: "digest-of"))
  }

  func list(_ server: LoopbackServer, _ paths: [String] = ["a/b.bin"], body: Data = remoteBody)
    throws -> FetchList
  {
    let sha = try digest(body)
    return FetchList(
      set: "set", title: "A set", licence: "CC0", source: server.url,
      files: paths.map {
        RemoteFile(
          path: $0, url: server.url.appending(path: $0), bytes: body.count, sha256: sha)
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
  let fixture: FetchFixture

  init() throws { fixture = try FetchFixture() }

  private func downloader(stallSeconds: Double) -> Downloader {
    var settings = fixture.downloader.settings
    settings.stallSeconds = stallSeconds
    return Downloader(settings: settings)
  }

  /// Fetches from a server that answers so, and gives back the server for its requests.
  @discardableResult
  private func fetch(
    stallSeconds: Double = 60, _ answer: @escaping LoopbackServer.Answer
  ) async throws -> LoopbackServer {
    let server = try LoopbackServer(answer)
    try await downloader(stallSeconds: stallSeconds).fetch(
      try fixture.list(server), to: fixture.home)
    return server
  }

  private func expectUnavailable(
    stallSeconds: Double = 60, _ answer: @escaping LoopbackServer.Answer
  ) async throws -> LoopbackServer {
    let server = try LoopbackServer(answer)
    let list = try fixture.list(server)
    let downloader = downloader(stallSeconds: stallSeconds)
    let error = await #expect(throws: FetchError.self) {
      try await downloader.fetch(list, to: fixture.home)
    }
    guard case .unavailable? = error else {
      Issue.record("unavailable was expected, not \(String(describing: error))")
      return server
    }
    return server
  }

  @Test("a file comes whole, and nothing else stays")
  func whole() async throws {
    let server = try await fetch { _, _ in LoopbackServer.Reply(200, remoteBody) }
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
    #expect(server.requests.count == 1)
    #expect(server.requests.first?.headers["range"] == nil)
    #expect(server.requests.first?.headers["accept-encoding"] == "identity")
  }

  @Test("an empty file comes too")
  func empty() async throws {
    let server = try LoopbackServer { _, _ in LoopbackServer.Reply(200) }
    try await fixture.downloader.fetch(
      try fixture.list(server, body: Data()), to: fixture.home)
    #expect(fixture.contents() == ["a/b.bin": Data()])
  }

  @Test("a file that is there with its digest costs no request")
  func present() async throws {
    let server = try LoopbackServer { request, _ in .file(remoteBody, for: request) }
    let list = try fixture.list(server, ["a.bin", "b.bin"])
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
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
  }

  @Test("a cut is continued where it came, with the ETag in If-Range")
  func cut() async throws {
    let server = try await fetch { request, number in
      var reply = LoopbackServer.Reply.file(remoteBody, for: request)
      reply.headers["ETag"] = "\"v1\""
      if number == 0 { reply.stopAfter = 100_000 }
      return reply
    }
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
    #expect(server.requests.count == 2)
    #expect(server.requests.last?.rangeStart == 100_000)
    #expect(server.requests.last?.headers["if-range"] == "\"v1\"")
  }

  @Test("a weak ETag is not put in If-Range")
  func weakTag() async throws {
    let server = try await fetch { request, number in
      var reply = LoopbackServer.Reply.file(remoteBody, for: request)
      reply.headers["ETag"] = "W/\"v1\""
      if number == 0 { reply.stopAfter = 100_000 }
      return reply
    }
    #expect(server.requests.last?.headers["range"] == "bytes=100000-")
    #expect(server.requests.last?.headers["if-range"] == nil)
  }

  @Test("many cuts are survived as long as each brings something")
  func manyCuts() async throws {
    let server = try await fetch { request, _ in
      var reply = LoopbackServer.Reply.file(remoteBody, for: request)
      reply.stopAfter = 40_000
      return reply
    }
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
    #expect(server.requests.count == 8)
  }

  @Test("a body without a length that ends early is continued")
  func cutWithoutLength() async throws {
    let server = try await fetch { request, number in
      var reply = LoopbackServer.Reply.file(remoteBody, for: request)
      reply.declaredLength = nil
      if number == 0 { reply.stopAfter = 100_000 }
      return reply
    }
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
    #expect(server.requests.last?.rangeStart == 100_000)
  }

  @Test("a later run continues what an earlier one left")
  func laterRun() async throws {
    let broken = try await expectUnavailable { request, number in
      var reply = LoopbackServer.Reply.file(remoteBody, for: request)
      reply.headers["ETag"] = "\"v1\""
      reply.stopAfter = number == 0 ? 100_000 : 0
      return reply
    }
    #expect(broken.requests.count == 4)
    #expect(fixture.contents()["a/b.bin"] == nil)
    #expect(fixture.contents()["a/b.bin.part"]?.count == 100_000)
    let server = try await fetch { request, _ in .file(remoteBody, for: request) }
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
    #expect(server.requests.map(\.rangeStart) == [100_000])
    #expect(server.requests.last?.headers["if-range"] == "\"v1\"")
  }

  @Test("a file that changed on the server between attempts comes anew")
  func tagChanges() async throws {
    let old = Data(remoteBody.reversed())
    let server = try await fetch { request, number in
      if number == 0 {
        var reply = LoopbackServer.Reply(200, old, headers: ["ETag": "\"old\""])
        reply.stopAfter = 100_000
        return reply
      }
      // If-Range with another tag: the whole file, as the standard says.
      return LoopbackServer.Reply(200, remoteBody, headers: ["ETag": "\"new\""])
    }
    #expect(server.requests.last?.headers["if-range"] == "\"old\"")
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
  }

  @Test("a server that continues another version in spite of If-Range is asked for all of it")
  func tagIgnored() async throws {
    let old = Data(remoteBody.reversed())
    let server = try await fetch { request, number in
      var reply = LoopbackServer.Reply.file(number == 0 ? old : remoteBody, for: request)
      reply.headers["ETag"] = number == 0 ? "\"old\"" : "\"new\""
      if number == 0 { reply.stopAfter = 100_000 }
      return reply
    }
    #expect(server.requests.map(\.rangeStart) == [nil, 100_000, nil])
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
  }

  @Test("parts of two versions without any ETag are thrown away and fetched once more")
  func mixedVersions() async throws {
    let old = Data(remoteBody.reversed())
    let server = try await fetch { request, number in
      var reply = LoopbackServer.Reply.file(number == 0 ? old : remoteBody, for: request)
      if number == 0 { reply.stopAfter = 100_000 }
      return reply
    }
    #expect(server.requests.map(\.rangeStart) == [nil, 100_000, nil])
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
  }

  @Test("a server that ignores Range gives the whole file")
  func rangeIgnored() async throws {
    let server = try await fetch { _, number in
      var reply = LoopbackServer.Reply(200, remoteBody)
      if number == 0 { reply.stopAfter = 100_000 }
      return reply
    }
    #expect(server.requests.last?.rangeStart == 100_000)
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
  }

  @Test("an answer for another range, or 416, leads to a clean start", arguments: [206, 416])
  func wrongRange(status: Int) async throws {
    let server = try await fetch { request, number in
      if number == 0 {
        var reply = LoopbackServer.Reply(200, remoteBody)
        reply.stopAfter = 100_000
        return reply
      }
      guard request.rangeStart != nil else { return LoopbackServer.Reply(200, remoteBody) }
      return status == 416
        ? LoopbackServer.Reply(416) : LoopbackServer.Reply.part(of: remoteBody, from: 50_000)
    }
    #expect(server.requests.map(\.rangeStart) == [nil, 100_000, nil])
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
  }

  @Test("a silent server is cut off and asked again")
  func stall() async throws {
    let server = try await fetch(stallSeconds: 0.5) { request, number in
      var reply = LoopbackServer.Reply.file(remoteBody, for: request)
      if number == 0 {
        reply.stopAfter = 100_000
        reply.thenStall = true
      }
      return reply
    }
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
    #expect(server.requests.last?.rangeStart == 100_000)
  }

  @Test("a server that stays silent is given up")
  func stallForEver() async throws {
    let server = try await expectUnavailable(stallSeconds: 0.5) { _, _ in
      var reply = LoopbackServer.Reply(200, remoteBody)
      reply.stopAfter = 0
      reply.thenStall = true
      return reply
    }
    #expect(server.requests.count == 3)
  }

  @Test("500 and 503 are tried again", arguments: [500, 503, 429])
  func serverError(status: Int) async throws {
    let server = try await fetch { _, number in
      number < 2 ? LoopbackServer.Reply(status, Data("busy".utf8)) : .init(200, remoteBody)
    }
    #expect(server.requests.count == 3)
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
  }

  @Test("500 for ever is given up, and no file stays")
  func serverErrorForEver() async throws {
    let server = try await expectUnavailable { _, _ in LoopbackServer.Reply(500) }
    #expect(server.requests.count == 3)
    #expect(fixture.contents().isEmpty)
  }

  @Test("404 is final at the first request, and no file stays")
  func notFound() async throws {
    let server = try await expectUnavailable { _, _ in
      LoopbackServer.Reply(404, Data("no such page".utf8))
    }
    #expect(server.requests.count == 1)
    #expect(fixture.contents().isEmpty)
  }

  @Test("a server that is not there is unavailable")
  func nobodyThere() async throws {
    var server: LoopbackServer? = try LoopbackServer { _, _ in LoopbackServer.Reply(200) }
    let list = try fixture.list(try #require(server))
    server = nil
    try await Task.sleep(for: .milliseconds(200))
    let error = await #expect(throws: FetchError.self) {
      try await fixture.downloader.fetch(list, to: fixture.home)
    }
    #expect(error?.exitStatus == .unavailable)
  }

  @Test("progress rises to the sum of all files")
  func progress() async throws {
    let seen = Mutex<[Downloader.Progress]>([])
    let server = try LoopbackServer { _, _ in LoopbackServer.Reply(200, remoteBody) }
    let list = try fixture.list(server, ["a.bin", "b.bin"])
    try await fixture.downloader.fetch(list, to: fixture.home) { step in
      seen.withLock { $0.append(step) }
    }
    let steps = seen.withLock { $0 }
    #expect(steps.last?.path == "b.bin")
    #expect(steps.last?.bytes == 600_000)
    #expect(steps.last?.total == 600_000)
    #expect(steps.map(\.bytes) == steps.map(\.bytes).sorted())
  }

  @Test("a cancelled fetch stops soon and keeps what came")
  func cancelled() async throws {
    let server = try LoopbackServer { _, _ in
      var reply = LoopbackServer.Reply(200, remoteBody)
      reply.stopAfter = 100_000
      reply.thenStall = true
      return reply
    }
    let list = try fixture.list(server)
    let (patient, home) = (fixture.downloader, fixture.home)
    let arrived = AsyncStream<Int>.makeStream()
    let task = Task {
      try await patient.fetch(list, to: home) { arrived.continuation.yield($0.bytes) }
    }
    for await bytes in arrived.stream where bytes >= 100_000 { break }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(fixture.contents()["a/b.bin"] == nil)
    #expect(fixture.contents()["a/b.bin.part"]?.count == 100_000)
  }
}
