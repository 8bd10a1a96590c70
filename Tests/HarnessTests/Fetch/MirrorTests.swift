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
    let sha = try fixture.digest(remoteBody)
    let nowhere = try #require(URL(string: "http://127.0.0.1:1/"))
    return FetchList(
      set: "set", title: "A set", licence: "CC0", source: nowhere,
      files: paths.map { RemoteFile(path: $0, url: nowhere, bytes: 300_000, sha256: sha) })
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
    let error = await #expect(throws: FetchError.self) {
      try await fixture.downloader.fetch(list, to: home, mirror: mirror)
    }
    #expect(
      error == .several([.missingMirror(path: path("a")), .missingMirror(path: path("c"))]))
    #expect(error?.exitStatus == .missingInput)
    #expect(fixture.contents() == ["b": remoteBody])
  }

  @Test("a folder's file of another size or content is refused, and nothing stays")
  func wrong() async throws {
    let mirror = try Mirror(fixture.folder.file("mirror").path)
    let list = try list(["a"])
    let cases: [(Data, FetchError)] = [
      (
        Data(count: 300_000),
        .digestDiffers(
          path: "a", expected: try fixture.digest(remoteBody),
          found: try fixture.digest(Data(count: 300_000)))
      ),
      (remoteBody.dropLast(1), .sizeDiffers(path: "a", expected: 300_000, found: 299_999)),
      (remoteBody + Data(count: 7), .sizeDiffers(path: "a", expected: 300_000, found: 300_007)),
    ]
    for (content, expected) in cases {
      try fixture.folder.write(content, to: "mirror/set/a")
      await #expect(throws: expected) {
        try await fixture.downloader.fetch(list, to: fixture.home, mirror: mirror)
      }
      #expect(fixture.contents().isEmpty)
    }
  }

  @Test("an address takes the place of the files' own, with its base path")
  func address() async throws {
    let server = try LoopbackServer { request, _ in .file(remoteBody, for: request) }
    let mirror = try Mirror(server.url.absoluteString + "base")
    try await fixture.downloader.fetch(try list(["a/b c.bin"]), to: fixture.home, mirror: mirror)
    #expect(server.requests.map(\.target) == ["/base/set/a/b%20c.bin"])
    #expect(fixture.contents() == ["a/b c.bin": remoteBody])
  }

  @Test("a mirror is a path, a file address, or http and https with a host")
  func forms() throws {
    #expect(try Mirror("some/folder") == .folder(URL(filePath: "some/folder")))
    #expect(try Mirror("file:///tmp/x") == .folder(URL(filePath: "/tmp/x")))
    #expect(throws: Never.self) { try Mirror("https://example.org/m") }
    for text in ["", "ftp://example.org", "http://", "gopher://x/"] {
      #expect(throws: FetchError.badAddress(text)) { try Mirror(text) }
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
    #expect(throws: FetchError.unknownSet(name: "newsemp24", known: FetchList.names)) {
      try FetchList.shipped("newsemp24")
    }
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

  @Test("SHA-256 agrees with the standard's examples")
  func digests() throws {
    let abc = try fixture.folder.write("abc", to: "abc")
    #expect(
      try Digest.sha256(of: abc)
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    let million = try fixture.folder.write(
      Data(repeating: 0x61, count: 1_000_000), to: "million")
    #expect(
      try Digest.sha256(of: million)
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    let empty = try fixture.folder.write("", to: "empty")
    #expect(
      try Digest.sha256(of: empty)
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }
}
