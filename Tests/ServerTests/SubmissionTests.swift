import Foundation
import GRDB
import Harness
import HTTPTypes
import Server
import Testing
import TestSupport

@Suite("Server: submissions over HTTP")
struct SubmissionTests {
  @Test("a submission is answered with its id, digest and the scores that `score` prints")
  func accepted() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let file = try arena.predictions(1)
    let answer = try await arena.submit(file, to: server)
    #expect(answer.status == 201, "\(answer.text)")
    let submission = try answer.object()
    let id = try #require(submission["id"] as? String)
    #expect(answer.headers["location"] == "/api/v1/submissions/\(id)")
    #expect(submission["state"] as? String == "released")
    #expect(submission["team"] as? String == "Team A")
    let own = try arena.program.run(
      "score", file.path, "-b", "sample24", "-s", "test", "--format=json")
    let report = try own.object()
    let digests = try #require(report["digests"] as? [String: String])
    #expect(submission["digest"] as? String == digests["predictions"])
    let scores = try #require(submission["scores"] as? [String: Any])
    let theirs = try Answer.pcc(scores)
    #expect(try Answer.pcc(report) == theirs)
    #expect(scores["signature"] as? String == report["signature"] as? String)
    let again = try await server.get("/api/v1/submissions/\(id)").object()
    #expect(try Answer.pcc(try #require(again["scores"] as? [String: Any])) == theirs)
    let history = try #require(again["history"] as? [[String: String]])
    #expect(history.compactMap { $0["kind"] } == ["accepted", "released"])
  }

  @Test(
    "a raw body is taken like a form, in each accepted form of file",
    arguments: [
      ("text/tab-separated-values", "tsv"), ("application/x-ndjson", "jsonl"), ("text/csv", "csv"),
      ("application/octet-stream", "tsv"),
    ])
  func rawBody(type: String, form: String) async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let file = try Forms.write(try arena.predictions(2), as: form, in: arena)
    let query = "benchmark=sample24&split=test&system=Raw+%26+ready&kind=prompted"
    let headers = arena.authorization("Team A").merging(["Content-Type": type]) { $1 }
    let answer = try await server.request(
      .post, "/api/v1/submissions?\(query)", headers, try Data(contentsOf: file))
    #expect(answer.status == 201, "\(answer.text)")
    let submission = try answer.object()
    #expect(submission["system"] as? String == "Raw & ready")
    #expect(submission["kind"] as? String == "prompted")
  }

  @Test("a faulty file is answered with the faults that `validate --format json` prints")
  func faults() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let lines = try String(contentsOf: try arena.predictions(3), encoding: .utf8)
      .split(separator: "\n").map(String.init)
    var broken = lines
    broken[4] = "3,5\t4"
    broken[7] = "NaN\t2"
    let file = try arena.folder.write(
      broken.dropLast().joined(separator: "\n") + "\n", to: "broken.tsv")
    let answer = try await arena.submit(file, to: server)
    #expect(answer.status == 422)
    #expect(answer.headers["content-type"] == "application/problem+json")
    let validated = try arena.program.run(
      ["validate", "broken.tsv", "-b", "sample24", "-s", "test", "--format=json"])
    let theirs = try #require(try validated.object()["faults"] as? [[String: Any]])
    let ours = try #require(try answer.object()["faults"] as? [[String: Any]])
    #expect(ours.count >= 3)
    #expect(
      ours.map { "\($0.sorted { $0.key < $1.key })" }
        == theirs.map { "\($0.sorted { $0.key < $1.key })" })
  }

  @Test("the same request twice, by key or by predictions, is one submission")
  func idempotent() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"])
    let server = try await arena.server()
    let file = try arena.predictions(4)
    let key = ["Idempotency-Key": "one"]
    let first = try await arena.submit(file, to: server, headers: key)
    let second = try await arena.submit(file, to: server, headers: key)
    let third = try await arena.submit(file, to: server, system: "Another name")
    #expect([first, second, third].map(\.status) == [201, 200, 200])
    let ids = try [first, second, third].map { try $0.object()["id"] as? String }
    #expect(Set(ids).count == 1)
    let other = try await arena.submit(try arena.predictions(5), to: server, headers: key)
    #expect(other.status == 409, "the key came with another file")
    let stolen = try await arena.submit(file, to: server, team: "Team B")
    #expect(stolen.status == 201, "it is not told that another team has these predictions")
    let listed = try await server.get("/api/v1/submissions", arena.authorization("Team A")).object()
    #expect((listed["submissions"] as? [Any])?.count == 1)
  }

  @Test(
    "without a good token nothing is taken",
    arguments: [
      "Bearer invitro_1_" + String(repeating: "0", count: 64), "Bearer nonsense", "Basic YTpi",
      "Bearer invitro_99_" + String(repeating: "a", count: 64),
    ])
  func unauthorized(field: String) async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let answer = try await server.request(
      .post, "/api/v1/submissions?benchmark=sample24&split=test&system=x",
      ["Authorization": field, "Content-Type": "text/csv"], Data("1\t2".utf8))
    #expect(answer.status == 401)
    #expect(answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
  }

  @Test("a revoked token is refused at once, and a new one works")
  func revoked() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    #expect(try await arena.submit(try arena.predictions(6), to: server).status == 201)
    try arena.store.revokeTokens(of: "Team A")
    #expect(try await arena.submit(try arena.predictions(7), to: server).status == 401)
    let old = arena.tokens["Team A"]
    try arena.renew("Team A")
    #expect(arena.tokens["Team A"] != old)
    let listed = try await server.get("/api/v1/submissions", arena.authorization("Team A"))
      .object()
    #expect((listed["submissions"] as? [Any])?.count == 1)
  }

  @Test("quotas count valid and failing uploads apart, and never a repeated one")
  func quotas() async throws {
    let arena = try Arena(
      phase: .open(daily: 2, dailyFailing: 3))
    let server = try await arena.server()
    let bad = try arena.folder.write("1\t2\n", to: "bad.tsv")
    let first = try arena.predictions(8)
    #expect(try await arena.submit(first, to: server).status == 201)
    #expect(try await arena.submit(bad, to: server).status == 422)
    let repeated = try await arena.submit(first, to: server)
    #expect(repeated.status == 200)
    let (own, id) = (arena.authorization("Team A"), try repeated.object()["id"] as? String ?? "")
    let listed = try await server.get("/api/v1/submissions", own).object()
    let left = try #require((listed["left"] as? [[String: Any]])?.first)
    #expect(left["benchmark"] as? String == "sample24" && left["split"] as? String == "test")
    #expect((left["valid"] as? [String: Int])?["daily"] == 1)
    #expect((left["failing"] as? [String: Int])?["daily"] == 2)
    let one = try await server.get("/api/v1/submissions/\(id)", own).object()["left"]
    #expect(NSDictionary(dictionary: left).isEqual(to: one as? [String: Any] ?? [:]))
    #expect(try await server.get("/api/v1/submissions/\(id)").object()["left"] == nil)
    #expect(try await server.get("/api/v1/submissions?team=Team%20A").object()["left"] == nil)
    #expect(try await arena.submit(try arena.predictions(9), to: server).status == 201)
    let third = try await arena.submit(try arena.predictions(10), to: server)
    #expect(third.status == 429)
    #expect((third.headers["retry-after"].flatMap { Int($0) } ?? 0) > 0)
    #expect(try await arena.submit(bad, to: server).status == 422)
    #expect(try await arena.submit(bad, to: server).status == 422)
    #expect(try await arena.submit(bad, to: server).status == 429)
    #expect(try await arena.submit(first, to: server).status == 200, "valid ones are counted apart")
    try arena.store.setPhase(.open(name: "second"))
    #expect(try await arena.submit(try arena.predictions(10), to: server).status == 201)
  }

  @Test("failing uploads that come at once are counted one by one")
  func failingAtOnce() async throws {
    let arena = try Arena(phase: .open(dailyFailing: 3))
    let server = try await arena.server()
    let bad = try arena.folder.write("1\t2\n", to: "bad.tsv")
    let all = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<12 {
        group.addTask { try await arena.submit(bad, to: server).status }
      }
      return try await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(all.count { $0 == 422 } == 3 && all.count { $0 == 429 } == 9, "\(all)")
  }

  @Test("a faulty upload that is sent again by its key is told its faults again and counts once")
  func failingAgain() async throws {
    let arena = try Arena(phase: .open(dailyFailing: 2))
    let server = try await arena.server()
    func send(_ text: String, key: String) async throws -> Answer {
      try await arena.submit(
        try arena.folder.write(text, to: "bad.tsv"), to: server,
        headers: ["Idempotency-Key": "\(key)"])
    }
    let first = try await send("1\t2\n", key: "a")
    for _ in 0..<3 {
      let again = try await send("1\t2\n", key: "a")
      #expect(again.status == 422 && again.text == first.text)
    }
    #expect(try await send("1\t3\n", key: "a").status == 422, "another file counts by itself")
    #expect(try await send("1\t2\n", key: "b").status == 429, "and so does another key")
    #expect(try await send("1\t2\n", key: "a").status == 422)
    let mended = try await arena.submit(
      try arena.predictions(80), to: server, headers: ["Idempotency-Key": "a"])
    #expect(mended.status == 201, "a mended file may keep its key")
  }

  @Test("a request that is sent again after its phase closed gets the answer it had")
  func replay() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let key = ["Idempotency-Key": "lost"]
    let file = try arena.predictions(20)
    let first = try await arena.submit(file, to: server, headers: key)
    #expect(first.status == 201)
    try arena.store.setPhase(.open(closes: Date(timeIntervalSince1970: 1_580_515_200)))
    let again = try await arena.submit(file, to: server, headers: key)
    #expect(again.status == 200)
    #expect(try again.object()["id"] as? String == first.object()["id"] as? String)
    #expect(
      try await arena.submit(file, to: server).status == 403, "without the key it is a new one")
  }

  @Test("an answer says the same as the submission's own page")
  func answer() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    for (index, metadata) in [
      [:], ["description": "Says \"more\" \\ 'ä'\u{1}"], ["seeds": [1, 2], "usesDevLabels": true],
    ].enumerated() as EnumeratedSequence<[[String: Any]]> {
      var answer = try await arena.submit(
        try arena.predictions(30 + index), to: server, metadata: metadata
      ).object()
      let id = try #require(answer["id"] as? String)
      var page = try await server.get("/api/v1/submissions/\(id)", arena.authorization("Team A"))
        .object()
      #expect(page.removeValue(forKey: "history") != nil)
      answer["history"] = nil
      #expect(NSDictionary(dictionary: answer) == NSDictionary(dictionary: page))
    }
  }

  @Test("a description over 4,000 characters is refused with its place, and costs nothing")
  func longDescription() async throws {
    let arena = try Arena(phase: .open(dailyFailing: 1))
    let server = try await arena.server()
    let file = try arena.predictions(33)
    func send(_ length: Int) async throws -> Answer {
      let text = String(repeating: "ä", count: length)
      return try await arena.submit(file, to: server, metadata: ["description": text])
    }
    for _ in 0..<2 {
      let refused = try await send(4001)
      #expect(refused.status == 422)
      let faults = try #require(try refused.object()["faults"] as? [[String: Any]])
      #expect(faults.map { $0["field"] as? String } == ["description"])
      #expect(faults.first?["found"] as? String == "4001 characters")
    }
    #expect(try await send(4000).status == 201)
  }

  @Test("a client cannot write its submission's history")
  func ownHistory() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let history = [["day": "2026-01-01", "kind": "withdrawn", "text": "by itself"]]
    let answer = try await arena.submit(
      try arena.predictions(40), to: server, metadata: ["history": history])
    #expect(answer.status == 201)
    #expect(try answer.object()["state"] as? String == "released")
    let stored = try await DatabaseQueue(path: arena.folder.file("data/server.sqlite").path).read {
      try String.fetchAll($0, sql: "SELECT metadata FROM submission")
    }
    #expect(stored.allSatisfy { !$0.contains("by itself") })
  }

  @Test("numbers as large as they come have a score or none, and never fail the server")
  func hugeNumbers() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    for (seed, number) in ["1e307", "-1.7e308", "1e15", "4.9e-324"].enumerated() {
      var lines = try String(contentsOf: arena.predictions(50 + seed), encoding: .utf8)
        .split(separator: "\n").map(String.init)
      lines[3] = "\(number)\t\(number)"
      let file = try arena.folder.write(lines.joined(separator: "\n") + "\n", to: "huge.tsv")
      let answer = try await arena.submit(file, to: server)
      #expect(answer.status == 201, "\(number): \(answer.text)")
    }
  }

  @Test("a phase that is closed, or none, takes nothing")
  func closed() async throws {
    let arena = try Arena(phase: nil)
    let server = try await arena.server()
    let file = try arena.predictions(11)
    #expect(try await arena.submit(file, to: server).status == 403)
    try arena.store.setPhase(.open(closes: Date(timeIntervalSince1970: 1_580_515_200)))
    #expect(try await arena.submit(file, to: server).status == 403)
    try arena.store.setPhase(.open())
    #expect(try await arena.submit(file, to: server).status == 201)
  }

  @Test("what a server remembers of a team never outlives what the store says")
  func remembered() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"])
    let server = try await arena.server()
    // The first is looked up, the next one goes by what is remembered.
    for seed in 60..<62 {
      #expect(try await arena.submit(try arena.predictions(seed), to: server).status == 201)
    }
    // Within a quarter of a second, before the server looks for what others wrote.
    try arena.store.setPhase(.open(.own, name: "second", daily: 1))
    let second = try await arena.submit(try arena.predictions(62), to: server)
    #expect(try second.object()["phase"] as? String == "second")
    #expect(try await arena.submit(try arena.predictions(63), to: server).status == 429)
    #expect(
      try await arena.submit(try arena.predictions(64), to: server, team: "Team B").status == 201)
    let bad = try arena.folder.write("1\t2\n", to: "bad.tsv")
    let key = ["Idempotency-Key": "b"]
    let sent = try arena.predictions(64)
    #expect(try await arena.submit(sent, to: server, team: "Team B", headers: key).status == 200)
    for (file, headers) in [(try arena.predictions(65), [:]), (bad, [:]), (sent, key)] {
      try arena.store.revokeTokens(of: "Team B")
      let refused = try await arena.submit(file, to: server, team: "Team B", headers: headers)
      #expect(refused.status == 401)
      try arena.renew("Team B")
      let taken = try await arena.submit(file, to: server, team: "Team B", headers: headers)
      #expect([200, 422, 429].contains(taken.status))
    }
    let kept = try await DatabaseQueue(path: arena.folder.file("data/server.sqlite").path).read {
      try Int.fetchAll(
        $0, sql: "SELECT count(*) FROM submission GROUP BY team, phase ORDER BY team, phase")
    }
    #expect(kept == [2, 1, 1], "by team and phase; nothing came in with a revoked token")
  }

}

/// The same predictions in another form.
enum Forms {
  static func write(_ wassa: URL, as form: String, in arena: Arena) throws -> URL {
    guard form != "tsv" else { return wassa }
    let rows = try String(contentsOf: wassa, encoding: .utf8).split(separator: "\n")
      .map { $0.split(separator: "\t").map(String.init) }
    let ids = try arena.dataset().rows.map(\.id)
    return try arena.folder.write(
      (form == "csv" ? "id,empathy,distress\n" : "")
        + rows.enumerated().map { index, row in
          form == "jsonl"
            ? "{\"id\": \"\(ids[index])\", \"empathy\": \(row[0]), \"distress\": \(row[1])}"
            : "\(ids[index]),\(row[0]),\(row[1])"
        }.joined(separator: "\n"), to: "predictions.\(form)")
  }
}
