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

  @Test("documents that are written down directly have the encoder's bytes")
  func text() throws {
    var figure = ScoredFigure(value: 0.5, low: -1, high: 1e-4)
    figure.undefinedReplicates = 3
    var scores = TargetScores()
    (scores[.pcc], scores[.mae], scores.bias) = (
      figure, ScoredFigure(undefined: "no \"rows\"\n"), 2
    )
    (scores.rowwise, scores[.kendall]) = (figure, figure)
    for step in 0..<4 {
      let report = ReleaseRule.open.release(
        PrivateReport(
          benchmark: "b", split: "s/\\", n: 83, clusters: 57, level: 0.95,
          dropped: step > 1 ? 2 : nil,
          targets: step > 0 ? ["empathy": scores, "distress": scores] : ["empathy": scores],
          groups: step > 2 ? [GroupScores(attribute: "a", group: "g")] : [],
          disparities: step > 1 ? [] : nil,
          wassa: WASSAScores(
            averaged: nil, targets: ["empathy", "distress"],
            figures: ["empathy": 0.25, "distress": 1]),
          digests: Digests(gold: "g", order: "o", predictions: "p"), signature: "a|b",
          version: "1", notes: step > 1 ? ["é", "\u{1}"] : []))
      #expect(try ReleasedReport(report).read() == report)
      guard report.groups.isEmpty else {
        #expect(DirectJSON(report) == nil)
        continue
      }
      let encoded = try CanonicalJSON.compact(report)
      #expect(DirectJSON(report)?.json == String(decoding: encoded, as: UTF8.self))
    }
    var metadata = SubmissionMetadata(
      benchmark: "b", split: "s", team: "T \u{7F}é\r\u{8}\u{C}", system: "\t\"", kind: .fineTuned)
    metadata.submitted = "2026-01-01"
    metadata.targets = ["empathy", "distress"]
    let encoded = try CanonicalJSON.compact(metadata)
    #expect(DirectJSON(metadata)?.json == String(decoding: encoded, as: UTF8.self))
    metadata.contact = "c"
    #expect(DirectJSON(metadata) == nil)
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
      try SubmissionStore.event("accepted", 1, at: Date(), in: database)
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

  @Test("a store of the first version keeps all it has, and its rules")
  func upgrade() throws {
    let place = try TemporaryFolder()
    let url = place.file("server.sqlite")
    let old = try DatabasePool(path: url.path)
    try SubmissionStore.migrator.migrate(old, upTo: "submissions")
    let before = try old.write { database in
      try database.execute(
        sql: """
          INSERT INTO team VALUES (1, 'Team', zeroblob(32), 0, NULL);
          INSERT INTO submission (id, public_id, team, benchmark, split, phase, digest, metadata,
            received, state, verdict, report, best) VALUES
            (1, 'a', 1, 'b', 's', 'p', printf('%064d', 1), '{}', 5, 'released', 'first', '{}', 1),
            (2, 'b', 1, 'b', 's', 'p', printf('%064d', 2), '{}', 6, 'pending', NULL, NULL, NULL);
          INSERT INTO board VALUES ('b', 's', 1, 1);
          INSERT INTO prediction VALUES (1, x'00'), (2, x'01');
          INSERT INTO queue VALUES (2, 'o', 0, 1);
          INSERT INTO event (submission, at, kind) VALUES (1, 5, 'accepted'), (1, 5, 'released');
          """)
      return try Row.fetchAll(database, sql: "SELECT * FROM submission ORDER BY id")
    }
    try old.close()
    let store = try SubmissionStore(url)
    let after = try store.write { database in
      #expect(try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").isEmpty)
      let rows = try Row.fetchAll(database, sql: "SELECT * FROM submission ORDER BY id")
      try database.execute(sql: "UPDATE submission SET state = 'released', verdict = 'better'")
      try database.execute(sql: "UPDATE submission SET best = 2 WHERE id = 2")
      return rows
    }
    #expect(before == after)
    #expect(try board(store) == [2], "the board still follows")
    try store.withdraw("b", why: "a test")
    #expect(try board(store) == [1])
    #expect(try store.explainBoard().allSatisfy { $0.hasPrefix("SEARCH") })
  }

  private func board(_ store: SubmissionStore) throws -> [Int] {
    try store.write { try Int.fetchAll($0, sql: "SELECT submission FROM board") }
  }

  @Test("times are those of the calendar, from the first day on")
  func times() {
    #expect(Date(timeIntervalSince1970: 0).stamp == "1970-01-01T00:00:00Z")
    #expect(Date(timeIntervalSince1970: 951_825_599.75).stamp == "2000-02-29T11:59:59Z")
    for step in 0..<400 {
      let date = Date(timeIntervalSince1970: Double(step) * 11_234_567)
      #expect(date.stamp == date.formatted(.iso8601))
      #expect(date.day == String(date.formatted(.iso8601).prefix(10)))
    }
  }

  @Test("a token is read back, matches its own hash alone, and is never guessed from its text")
  func tokens() throws {
    let token = TeamToken(team: 7)
    let read = try #require(TeamToken(token.text))
    #expect(read == token && read.team == 7)
    #expect(token.matches(token.hash))
    #expect(!TeamToken(team: 7).matches(token.hash))
    #expect(!token.matches(token.hash.dropLast()))
    #expect(token.text.wholeMatch(of: /invitro_7_[0-9a-f]{64}/) != nil)
    for wrong in [
      "", "invitro_7_", "invitro_0_\(String(repeating: "a", count: 64))",
      "invitro_7_\(String(repeating: "g", count: 64))", "other_7_\(token.text.suffix(64))",
      "invitro_99999999999999999999_\(token.text.suffix(64))",
    ] {
      #expect(TeamToken(wrong) == nil)
    }
  }

  @Test("a rate lets a burst pass, then one as each is earned, and keys do not share")
  func rate() {
    let limiter = RateLimiter<Int>(.init(perSecond: 2, burst: 3))
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
    let limiter = RateLimiter<Int>(.init(perSecond: 1, burst: 1), most: 100)
    let start = ContinuousClock.now
    for key in 0..<1000 { #expect(limiter.wait(key, at: start) == nil) }
    #expect(limiter.wait(999, at: start) != nil)
  }

  @Test(
    "paths of the site are taken apart safely",
    arguments: [
      ("/", "index.html"), ("/a/", "a/index.html"), ("/a%20b.html", "a b.html"),
      ("/a//b", "a/b"), ("/..", nil), ("/a/../b", nil), ("/.git/config", nil), ("/a%2f..%2fb", nil),
      ("/%ff", nil), ("/a%00", nil), ("/a\\b", nil), ("a", nil),
    ])
  func paths(path: String, name: String?) {
    #expect(SiteCache.name(path) == name)
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
