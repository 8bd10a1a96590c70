import Basics
import Foundation
import GRDB
import Harness
import Metrics
import Server
import TestSupport
import Testing

@Suite("Server: the store and the limits")
struct StoreTests {
  @Test("the query of a leaderboard searches its own table and never walks the submissions")
  func plan() throws {
    let place = try TemporaryFolder()
    let plan = try SubmissionStore(place.file("server.sqlite")).explainBoard()
    #expect(plan.count == 3)
    #expect(plan.allSatisfy { $0.hasPrefix("SEARCH") }, "\(plan)")
    #expect(plan.first?.contains("SEARCH b USING PRIMARY KEY (benchmark=? AND split=?)") == true)
  }

  @Test("what is written is on the disk when it is reported, also where the power fails")
  func synchronous() throws {
    let place = try TemporaryFolder()
    let store = try SubmissionStore(place.file("server.sqlite"))
    // 2 is FULL.
    #expect(try store.write { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
    #expect(try store.write { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
    #expect(try store.write { try Int.fetchOne($0, sql: "PRAGMA foreign_keys") } == 1)
  }

  @Test("a history cannot be changed or shortened")
  func history() throws {
    let place = try TemporaryFolder()
    let store = try SubmissionStore(place.file("server.sqlite"))
    _ = try store.addTeam("Team")
    try store.write { database in
      try database.execute(
        sql: """
          INSERT INTO submission (public_id, team, benchmark, split, phase, digest, metadata,
            received) VALUES ('a', 1, 'b', 's', 'p', ?, '{}', 0)
          """, arguments: [String(repeating: "0", count: 64)])
      try SubmissionStore.addEvent("accepted", to: 1, at: Date(), in: database)
    }
    for (change, reason) in [
      ("UPDATE event SET kind = 'failed'", "append-only"), ("DELETE FROM event", "append-only"),
      ("DELETE FROM submission", "never deleted"),
      ("UPDATE submission SET received = 1", "does not change"),
      ("UPDATE submission SET digest = upper(digest)", "does not change"),
    ] {
      let error = #expect(throws: ServerError.self) {
        try store.write { try $0.execute(sql: change) }
      }
      #expect(error?.description.contains(reason) == true, "\(change)")
    }
  }

  @Test("a token is read back, matches its own digest alone, and is never guessed from its text")
  func tokens() throws {
    let token = TokenSecret(number: 7)
    let read = try #require(TokenSecret(token.text))
    #expect(read == token && read.number == 7)
    #expect(token.matches(token.digest))
    #expect(!TokenSecret(number: 7).matches(token.digest))
    #expect(!token.matches(token.digest.dropLast()))
    #expect(token.text.wholeMatch(of: /invitro_7_[0-9a-f]{64}/) != nil)
    for wrong in [
      "", "invitro_7_", "invitro_0_\(String(repeating: "a", count: 64))",
      "invitro_7_\(String(repeating: "g", count: 64))", "other_7_\(token.text.suffix(64))",
      "invitro_99999999999999999999_\(token.text.suffix(64))",
    ] {
      #expect(TokenSecret(wrong) == nil)
    }
  }

  @Test("a rate lets a burst pass, then one as each is earned, and keys do not share")
  func rate() {
    let limiter = RateLimiter<Int>(perSecond: 2, burst: 3)
    let start = ContinuousClock.now
    #expect((0..<3).allSatisfy { _ in limiter.wait(1, at: start) == nil })
    #expect(limiter.wait(1, at: start) == 0.5)
    #expect(limiter.wait(2, at: start) == nil)
    #expect(limiter.wait(1, at: start + .milliseconds(499)) != nil)
    #expect(limiter.wait(1, at: start + .milliseconds(500)) == nil)
    #expect(limiter.wait(1, at: start + .milliseconds(501)) != nil)
  }

  @Test("a crowd of addresses does not grow the memory of a limiter")
  func crowd() {
    let limiter = RateLimiter<Int>(perSecond: 1, burst: 1, maxKeys: 100)
    let start = ContinuousClock.now
    for key in 0..<1000 { #expect(limiter.wait(key, at: start) == nil) }
    #expect(limiter.wait(999, at: start) != nil)
  }

  @Test("no path leads out of the site, to a hidden file or through a link")
  func paths() throws {
    let place = try TemporaryFolder()
    for name in ["site/index.html", "site/a b.html", "site/.git/config", "secret"] {
      try place.write(name, to: name)
    }
    let manager = FileManager.default
    try manager.createSymbolicLink(
      at: place.file("site/link"), withDestinationURL: place.file("secret"))
    let files = SiteFiles(root: place.file("site"))
    #expect(files.getFileIdentifier("/index.html")?.size == "site/index.html".utf8.count)
    #expect(files.getFileIdentifier("/a b.html")?.isFolder == false)
    #expect(files.getFileIdentifier("/")?.isFolder == true)
    for path in [
      "/../secret", "/..", "/a/../../secret", "/.git/config", "/link", "/a\\b", "/index.html\0",
      "//secret", "/none",
    ] {
      #expect(files.getFileIdentifier(path) == nil, "\(path)")
    }
  }

  @Test("a form is read part by part, and one that is broken is refused")
  func form() throws {
    let body = Data(
      "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p.tsv\"\r\n\r\n1\r\n--y\r\n--x--\r\n"
        .utf8)
    let parts = try MultipartForm.parts(of: body, boundary: "x")
    #expect(parts.map(\.name) == ["a", "file"])
    #expect(parts.map { String(decoding: $0.content, as: UTF8.self) } == ["one", "1\r\n--y"])
    #expect(parts.last?.filename == "p.tsv")
    for cut in [0, 3, 20, 60, 80, body.count - 6] {
      #expect(throws: (any Error).self) {
        try MultipartForm.parts(of: body.prefix(cut), boundary: "x")
      }
    }
    #expect(throws: (any Error).self) { try MultipartForm.parts(of: body, boundary: nil) }
    #expect(throws: (any Error).self) { try MultipartForm.parts(of: body, boundary: "other") }
  }
}

@Suite("Server: the SQLite that is linked")
struct SQLiteAdviceTests {
  @Test(
    "a version with the write-ahead log's bug is told, and no other",
    arguments: [
      ("3.6.23", false), ("3.7.0", true), ("3.40.1", true), ("3.51.2", true), ("3.51.3", false),
      ("3.52.0", false), ("4.0.0", false),
    ])
  func affected(version: String, isAffected: Bool) {
    #expect((SubmissionStore.warning(ofSQLite: version) != nil) == isAffected)
  }
}
