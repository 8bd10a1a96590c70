import Basics
import Foundation
import Harness
import TestSupport
import Testing

@Suite("Fetching from a mirror, and the shipped lists")
struct MirrorTests {
  let fixture: FetchFixture

  init() throws { fixture = try FetchFixture() }

  private func list(_ paths: [String]) throws -> FetchList {
    let nowhere = try #require(URL(string: "http://127.0.0.1:1/"))
    return FetchList(
      set: "set", title: "A set", licence: "CC0", source: nowhere,
      files: paths.map {
        RemoteFile(path: $0, url: nowhere, bytes: 300_000, sha256: Digest.sha256(remoteBody))
      })
  }

  @Test("a folder gives its files by set and path")
  func folder() async throws {
    try fixture.folder.write(remoteBody, to: "mirror/set/a/b.bin")
    let mirror = try Mirror(fixture.folder.file("mirror").path)
    let summary = try await fixture.downloader.fetch(
      try list(["a/b.bin"]), to: fixture.home, mirror: mirror)
    #expect(summary.fetched == ["a/b.bin"])
    #expect(fixture.contents() == ["a/b.bin": remoteBody])
  }

  @Test("files that a folder lacks are all named")
  func missing() async throws {
    try fixture.folder.write(remoteBody, to: "mirror/set/b")
    let mirror = try Mirror(fixture.folder.file("mirror").path)
    let (list, home) = (try list(["a", "b", "c"]), fixture.home)
    func path(_ name: String) -> String { fixture.folder.file("mirror/set/\(name)").path }
    let error = await #expect(throws: HarnessError.self) {
      try await fixture.downloader.fetch(list, to: home, mirror: mirror)
    }
    #expect(error?.description.contains("\(path("a")), \(path("c"))") == true)
    #expect(error?.exitStatus == .missingInput)
    #expect(fixture.contents() == ["b": remoteBody])
  }

  @Test("a folder's file of another size or content is refused, and nothing stays")
  func wrong() async throws {
    let mirror = try Mirror(fixture.folder.file("mirror").path)
    let list = try list(["a"])
    for content in [Data(count: 300_000), remoteBody.dropLast(1), remoteBody + Data(count: 7)] {
      try fixture.folder.write(content, to: "mirror/set/a")
      let error = await #expect(throws: HarnessError.self) {
        try await fixture.downloader.fetch(list, to: fixture.home, mirror: mirror)
      }
      #expect(error?.description.contains("found '\(content.count) bytes, SHA-256 ") == true)
      #expect(error?.exitStatus == .badData)
      #expect(fixture.contents().isEmpty)
    }
  }

  @Test("an address takes the place of the files' own, with its base path")
  func address() async throws {
    let server = try LoopbackServer { _, _ in LoopbackServer.Reply(200, remoteBody) }
    let mirror = try Mirror(server.url.absoluteString + "base")
    try await fixture.downloader.fetch(try list(["a/b c.bin"]), to: fixture.home, mirror: mirror)
    #expect(server.requests.map(\.target) == ["/base/set/a/b%20c.bin"])
    #expect(fixture.contents() == ["a/b c.bin": remoteBody])
  }

  @Test("a mirror is a path, a file address, or http and https with a host")
  func forms() throws {
    #expect(try Mirror("some/folder").url == URL(filePath: "some/folder"))
    #expect(try Mirror("file:///tmp/x").url.path == "/tmp/x")
    #expect(throws: Never.self) { try Mirror("https://example.org/m") }
    for text in ["", "ftp://example.org", "http://", "gopher://x/"] {
      let error = #expect(throws: HarnessError.self) { try Mirror(text) }
      #expect(error?.exitStatus == .usage)
    }
  }

  @Test("the shipped lists parse, pin every file and use https", arguments: FetchList.names)
  func shipped(name: String) throws {
    let list = try FetchList.shipped(name)
    #expect(list.set == name)
    #expect(!list.files.isEmpty)
    #expect(Set(list.files.map(\.path)).count == list.files.count)
    for file in list.files {
      for url in [file.url] + (file.otherURLs ?? []) { #expect(url.scheme == "https") }
      #expect(file.bytes > 0)
      #expect(file.sha256.count == 64)
    }
  }

  @Test("a set that is not open is refused with the names of those that are")
  func unknown() {
    let error = #expect(throws: HarnessError.self) { try FetchList.shipped("newsemp24") }
    #expect(error?.description.contains("newsemp18, llmpathy") == true)
    #expect(error?.exitStatus == .usage)
  }

  @Test(
    "the open sets come whole from a mirror of the real files",
    .enabled(if: Shared.exists, Shared.missing), arguments: FetchList.names)
  func real(name: String) async throws {
    let list = try FetchList.shipped(name)
    let summary = try await Downloader().fetch(
      list, to: fixture.home, mirror: try Mirror(Shared.url("data").path))
    #expect(summary.fetched == list.files.map(\.path))
    let again = try await Downloader().fetch(list, to: fixture.home)
    #expect(again.present == list.files.map(\.path))
  }
}
