import Foundation
import Server
import Synchronization
import TestSupport
import Testing

@Suite("Server: the security log")
struct SecurityLogTests {
  private static func lines(_ file: URL) throws -> [[String: Any]] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
      try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }
  }

  @Test(
    "refused tokens and uploads, quotas and rates are told by team and address, without contents")
  func events() async throws {
    let arena = try Arena(phase: .open(daily: 1))
    let server = try await arena.server(change: { $0.trustsProxy = true })
    let from = ["X-Forwarded-For": "203.0.113.5"]
    let token = try #require(arena.tokens["Team A"])
    let secret = token.suffix(64)
    let wrong = token.dropLast() + (token.last == "0" ? "1" : "0")
    for token in [String(token.dropLast()), "invitro_9_\(secret)", String(wrong)] {
      let answer = try await server.get(
        "/api/v1/submissions", from.merging(["Authorization": "Bearer \(token)"]) { $1 })
      #expect(answer.status == 401)
    }
    let bad = try arena.folder.write("secret\t2\n", to: "secret.tsv")
    let statuses = [
      try await arena.submit(bad, to: server, headers: from).status,
      try await arena.submit(try arena.predictions(1), to: server, headers: from).status,
      try await arena.submit(try arena.predictions(2), to: server, headers: from).status,
    ]
    #expect(statuses == [422, 201, 429])
    try arena.store.revokeTokens(of: "Team A")
    #expect(try await arena.submit(bad, to: server, headers: from).status == 401)
    let file = arena.home.securityLogURL
    let lines = try Self.lines(file)
    let told = lines.map { line in
      ["event", "team", "reason"].map { line[$0] as? String ?? "-" }.joined(separator: " | ")
    }
    #expect(told.contains("token-refused | - | malformed"))
    #expect(told.contains("token-refused | - | no such token"))
    #expect(told.contains("token-refused | Team A | wrong secret"))
    #expect(told.contains { $0.hasPrefix("upload-refused | Team A | 422 ") })
    #expect(told.contains("quota-exceeded | Team A | valid submissions a day"))
    #expect(told.contains("token-refused | Team A | revoked"))
    #expect(lines.allSatisfy { $0["address"] as? String == "203.0.113.5" })
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(!text.contains("secret.tsv") && !text.contains(secret.prefix(16)))
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test("rates and requests at once that are used up are told")
  func rates() async throws {
    let arena = try Arena()
    let file = arena.folder.file("logs/events.jsonl")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    let server = try await arena.server(change: {
      $0.securityLog = file
      $0.limits.uploadsPerMinute = 1
    })
    let bad = try arena.folder.write("1\t2\n", to: "bad.tsv")
    for _ in 0..<2 { _ = try await arena.submit(bad, to: server) }
    let other = try Arena()
    let shy = try await other.server(change: { $0.limits.requestsPerSecond = 0.001 })
    for _ in 0..<8 { _ = try await shy.get("/api/v1/benchmarks") }
    let lines = try Self.lines(file).map { "\($0["team"] ?? "-"): \($0["reason"] ?? "-")" }
    #expect(lines.contains("Team A: uploads of a token a minute"))
    #expect(
      try String(contentsOf: other.home.securityLogURL, encoding: .utf8)
        .contains("requests of an address a second"))
    #expect(!FileManager.default.fileExists(atPath: arena.home.securityLogURL.path))
  }

  @Test("a flood is counted, and what is counted is told when a minute is over")
  func flood() throws {
    let place = try TemporaryFolder()
    let file = place.file("security.log")
    let log = try SecurityLog(file)
    let start = ContinuousClock.now
    for _ in 0..<5000 {
      log.record(.tokenRefused, team: nil, address: "203.0.113.5", reason: "malformed", at: start)
    }
    #expect(try Self.lines(file).count == 1)
    log.flush(at: start + .seconds(59))
    #expect(try Self.lines(file).count == 1)
    log.flush(at: start + .seconds(60))
    #expect(try Self.lines(file).last?["repeated"] as? Int == 4999)
    for number in 0..<5000 {
      log.record(
        .tokenRefused, team: nil, address: "\(number)", reason: "malformed",
        at: start + .seconds(60))
    }
    #expect(try Self.lines(file).count == 1002, "1,000 of them, besides the two above")
    log.flush(at: start + .seconds(120))
    let last = try #require(try Self.lines(file).last)
    #expect(last["event"] as? String == "dropped" && last["repeated"] as? Int == 4000)
  }

  @Test("a log that is moved away is begun again, and no name breaks a line")
  func moved() throws {
    let place = try TemporaryFolder()
    let file = place.file("security.log")
    let log = try SecurityLog(file)
    log.recordRename(of: "Old\r\n{\u{1b}[31m", to: "New\u{2028}\"name\"")
    try FileManager.default.moveItem(at: file, to: place.file("security.log.1"))
    log.recordRename(of: "A", to: "B")
    let old = try String(contentsOf: place.file("security.log.1"), encoding: .utf8)
    #expect(old.utf8.count { $0 < 0x20 } == 1, "its line end alone")
    let line = try #require(try Self.lines(place.file("security.log.1")).first)
    #expect(line["team"] as? String == "New\u{2028}\"name\"")
    #expect(line["reason"] as? String == "it was named Old\r\n{\u{1b}[31m")
    #expect(try Self.lines(file).first?["event"] as? String == "team-renamed")
  }

  @Test("where the log cannot be written the operator is told once, and the server goes on")
  func full() throws {
    final class Told: Sendable { let lines = Mutex<[String]>([]) }
    let told = Told()
    let log = try SecurityLog(
      URL(filePath: "/dev/full"), log: ServerLog { line in told.lines.withLock { $0.append(line) } }
    )
    for number in 0..<3 { log.recordRename(of: "A", to: "\(number)") }
    let lines = told.lines.withLock { $0 }
    #expect(lines.count == 1)
    #expect(lines.first?.contains("the security log cannot be written") ?? false)
    #expect(throws: ServerError.self) { try SecurityLog(URL(filePath: "/nowhere/security.log")) }
  }
}
