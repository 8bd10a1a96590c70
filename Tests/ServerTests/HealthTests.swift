import Foundation
import GRDB
import Glibc
import Server
import TestSupport
import Testing

@Suite("Server: healthz")
struct HealthTests {
  @discardableResult
  private static func run(_ arguments: String...) throws -> Bool {
    let process = try Process.run(URL(filePath: "/usr/bin/env"), arguments: arguments)
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  /// Whether this process may mount file systems.
  private static let canMount: Bool = {
    guard let place = try? TemporaryFolder() else { return false }
    let isMounted = try? run("mount", "-t", "tmpfs", "none", place.url.path)
    return isMounted == true && (try? run("umount", place.url.path)) == true
  }()

  @Test(
    "a full disk or a read-only one is 503 while it lasts, and reading goes on",
    .enabled(if: canMount))
  func disk() async throws {
    try await onOwnThread {
      let arena = try Arena()
      let (data, copy) = (arena.folder.file("data").path, arena.folder.file("copy").path)
      try FileManager.default.moveItem(atPath: data, toPath: copy)
      try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
      try #require(try Self.run("mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "none", data))
      defer { _ = try? Self.run("umount", "--lazy", data) }
      try #require(try Self.run("cp", "-a", "\(copy)/.", data))
      let server = try arena.process()
      func health() throws -> Int { try Curl(server.url("/api/v1/healthz")).status }
      #expect(try health() == 200)
      let filler = open("\(data)/filler", O_CREAT | O_WRONLY, 0o600)
      try #require(filler >= 0)
      let block = [UInt8](repeating: 0, count: 4096)
      while write(filler, block, block.count) > 0 {}
      close(filler)
      #expect(try eventually { try health() == 503 })
      let answer = try Curl(server.url("/api/v1/healthz"))
      #expect(answer.headers["content-type"] == "application/problem+json")
      #expect(answer.headers["retry-after"] != nil)
      #expect(try Curl(server.url("/api/v1/benchmarks")).status == 200)
      #expect(try arena.submit(try arena.predictions(1), to: server).status >= 500)
      unlink("\(data)/filler")
      #expect(try eventually { try health() == 200 })
      #expect(try arena.submit(try arena.predictions(1), to: server).status == 201)
      try #require(try Self.run("mount", "--bind", "-o", "ro", data, data))
      #expect(try eventually { try health() == 503 })
      #expect(try Curl(server.url("/api/v1/benchmarks")).status == 200)
      try #require(try Self.run("umount", "--lazy", data))
      #expect(try eventually { try health() == 200 })
      #expect(server.log.contains("submissions cannot be kept"))
      #expect(server.log.contains("submissions can be kept again"))
    }
  }

  @Test("however often it is asked, it writes at most once a second")
  func cached() async throws {
    let arena = try Arena(teams: [])
    let server = try await arena.server()
    func stamp() throws -> Int {
      try arena.store.write { database in
        try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
      }
    }
    #expect(try await server.get("/api/v1/healthz").status == 200)
    let first = try stamp()
    #expect(abs(first - Int(Date().timeIntervalSince1970)) < 3600, "it was written")
    try arena.store.write { try $0.execute(sql: "PRAGMA user_version = 1") }
    for _ in 0..<20 { #expect(try await server.get("/api/v1/healthz").status == 200) }
    let second = try stamp()
    #expect(second == 1 || second > first, "remembered, unless the second was over")
  }
}
