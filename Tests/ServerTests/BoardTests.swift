import Foundation
import Harness
import HTTPTypes
import Server
import Testing
import TestSupport

@Suite("Server: boards and who sees them")
struct BoardTests {
  @Test("a board shows each team's best, best first, as JSON and as CSV")
  func board() async throws {
    let teams = ["Team A", "Team B"]
    let arena = try Arena(teams: teams)
    let server = try await arena.server()
    let sample = try SampleFolder.shared.get()
    for (team, index) in [("Team A", 0), ("Team A", 3), ("Team B", 1), ("Team B", 2)] {
      let file = sample.folder.file(try sample.system(index))
      #expect(
        try await arena.submit(file, to: server, team: team, system: "S\(index)").status == 201)
    }
    let rows = try await server.board()
    #expect(Set(rows.compactMap { $0["team"] as? String }) == Set(teams) && rows.count == 2)
    let values = try rows.map(Answer.pcc)
    #expect(values == values.sorted(by: >))
    let csv = try await server.get(
      "/api/v1/leaderboard?benchmark=sample24&split=test", ["Accept": "text/csv"])
    #expect(csv.headers["content-type"] == "text/csv; charset=utf-8")
    let lines = csv.text.split(separator: "\n").map { $0.split(separator: ",") }
    let column = try #require(lines.first?.firstIndex(of: "empathy_pcc"))
    #expect(
      lines.dropFirst().compactMap { $0.indices.contains(column) ? Double($0[column]) : nil }
        == values)
  }

  @Test("the visibility of a phase says who sees scores", arguments: Phase.Visibility.allCases)
  func visibility(_ visibility: Phase.Visibility) async throws {
    let arena = try Arena(teams: ["Team A", "Team B"], phase: .open(visibility))
    let server = try await arena.server()
    let answer = try await arena.submit(try arena.predictions(1), to: server)
    #expect(answer.status == 201)
    let submission = try answer.object()
    #expect((submission["scores"] != nil) == (visibility != .hidden))
    #expect((submission["verdict"] != nil) == (visibility != .hidden))
    let id = try #require(submission["id"] as? String)
    let page = "/api/v1/submissions/\(id)"
    #expect(try await server.get(page).status == (visibility == .public ? 200 : 404))
    #expect(
      try await server.get(page, arena.authorization("Team B")).status
        == (visibility == .public ? 200 : 404))
    #expect(try await server.get(page, arena.authorization("Team A")).status == 200)
    #expect(try await server.board().count == (visibility == .public ? 1 : 0))
    let listed = try await server.get("/api/v1/submissions?team=Team+A").object()
    #expect((listed["submissions"] as? [Any])?.count == (visibility == .public ? 1 : 0))
    try arena.store.setPhase(.open())
    #expect(try await server.get(page).status == 200, "the phase was set beside the server")
    #expect(try await server.board().count == 1)
    try arena.store.setPhase(.open(.hidden))
    let board = try await server.get("/api/v1/leaderboard?benchmark=sample24&split=test").object()
    #expect((board["rows"] as? [Any])?.isEmpty == true, "at once, whatever is published")
  }

  @Test(
    "of guarded labels a team learns one grid value of a new best, and of the rest that it is none")
  func guarded() async throws {
    let arena = try Arena(phase: .open(labels: .hidden))
    let server = try await arena.server()
    let file = try arena.predictions(1)
    let first = try await arena.submit(file, to: server).object()
    #expect(first["verdict"] as? String == "first")
    let value = try Answer.pcc(first)
    #expect(abs((value * 10).rounded() / 10 - value) < 1e-12)
    let scores = try #require(first["scores"] as? [String: Any])
    let targets = try #require(scores["targets"] as? [String: [String: Any]])
    #expect(targets.keys.sorted() == ["empathy"] && targets["empathy"]?.keys.sorted() == ["pcc"])
    // The same up to the fourth decimal: no better on the grid.
    let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    let moved = rows.map { row in
      row.split(separator: "\t").map { "\((Double($0) ?? 0) * 0.999 + 0.002)" }
        .joined(separator: "\t")
    }
    let copy = try arena.folder.write(moved.joined(separator: "\n") + "\n", to: "copy.tsv")
    let second = try await arena.submit(copy, to: server).object()
    #expect(second["verdict"] as? String == "notBetter" && second["scores"] == nil)
    let id = try #require(second["id"] as? String)
    #expect(try await server.get("/api/v1/submissions/\(id)").status == 404)
    #expect(try await server.idsOnBoard() == [try #require(first["id"] as? String)])
    let far = try arena.folder.write(
      (["8.5\t4"] + moved.dropFirst()).joined(separator: "\n") + "\n", to: "far.tsv")
    let refused = try await arena.submit(far, to: server)
    #expect(refused.status == 422)
    let faults = try #require(try refused.object()["faults"] as? [[String: Any]])
    #expect(faults.contains { $0["code"] as? String == "range" && $0["line"] as? Int == 1 })
  }

  @Test("a withdrawn entry leaves its board, keeps a tombstone with the reason, and may come back")
  func withdrawn() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let sample = try SampleFolder.shared.get()
    var ids: [String] = []
    let files = try (0..<4).map { sample.folder.file(try sample.system($0)) }
    for file in files {
      let submission = try await arena.submit(file, to: server).object()
      ids.append(try #require(submission["id"] as? String))
    }
    let best = try #require(try await server.idsOnBoard().first)
    try arena.store.withdraw(best, why: "trained on test")
    #expect(try await !server.idsOnBoard().contains(best))
    let next = try await server.idsOnBoard()
    #expect(next.allSatisfy(ids.contains))
    let tombstone = try await server.get("/api/v1/submissions/\(best)").object()
    #expect(tombstone["state"] as? String == "withdrawn" && tombstone["scores"] == nil)
    let history = tombstone["history"] as? [[String: String]]
    #expect(history?.last?["why"] == "trained on test")
    #expect(throws: ServerError.self) { try arena.store.withdraw(best, why: "x") }
    try arena.store.withdraw(
      best, restore: true, why: "a mistake", benchmarks: BenchmarkRegistry.shipped())
    #expect(try await server.idsOnBoard() == [best])
    #expect(throws: ServerError.unknownSubmission(id: "none")) {
      try arena.store.withdraw("none", why: "x")
    }
    #expect(try arena.store.submissions(limit: 10).contains { $0.id == best })
  }

  @Test("a restored entry stands before a worse one that took its place")
  func restoredBest() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let sample = try SampleFolder.shared.get()
    let systems = try (0..<4).map { index -> (Double, URL) in
      let file = sample.folder.file(try sample.system(index))
      let report = try arena.program.run(
        "score", file.path, "-b", "sample24", "-s", "test", "--format=json")
      return (try Answer.pcc(try report.object()), file)
    }.sorted { $0.0 > $1.0 }
    func send(_ file: URL) async throws -> String {
      try #require(try await arena.submit(file, to: server).object()["id"] as? String)
    }
    let best = try await send(systems[0].1)
    try arena.store.withdraw(best, why: "why")
    let worse = try await send(systems[1].1)
    #expect(try await server.idsOnBoard() == [worse])
    try arena.store.withdraw(
      best, restore: true, why: "sound", benchmarks: BenchmarkRegistry.shipped())
    #expect(try await server.idsOnBoard() == [best])
    let third = try await arena.submit(systems[2].1, to: server).object()
    #expect(third["verdict"] as? String == "notBetter")
    try arena.store.withdraw(best, why: "again")
    #expect(try await server.idsOnBoard() == [worse])
  }

  @Test("answers carry an ETag and are not sent twice")
  func caching() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    for path in ["benchmarks", "openapi.json", "leaderboard?benchmark=sample24&split=test"] {
      let url = "/api/v1/\(path)"
      let plain = try await server.get(url)
      let etag = try #require(plain.headers["etag"])
      let same = try await server.get(url, ["If-None-Match": etag])
      #expect(same.status == 304 && same.body.isEmpty)
      let other = try await server.get(url, ["If-None-Match": "\"other\""])
      #expect(other.status == 200 && other.body == plain.body)
      let head = try await server.request(.head, url)
      #expect(head.status == 200 && head.body.isEmpty)
      #expect(head.headers["content-length"] == "\(plain.body.count)")
    }
  }

  @Test("what is not there, or not for this method, is refused with a problem document")
  func refused() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let gets = [
      (404, "nothing"), (404, "../v2/submissions"), (404, "submissions/unknown"),
      (404, "leaderboard?benchmark=none"), (404, "leaderboard?benchmark=sample24&split=dev"),
      (400, "leaderboard"), (400, "leaderboard?benchmark=sample24&format=xml"),
      (400, "leaderboard?benchmark=%C3%28"), (400, "submissions"),
      (400, "submissions?team=Team+A&limit=0"), (400, "submissions?team=Team+A&limit=many"),
      (400, "submissions?team=a&team=b"),
    ]
    var answers: [(Int, String, Answer)] = []
    for (status, path) in gets {
      answers.append((status, path, try await server.get("/api/v1/\(path)")))
    }
    let (list, all) = ("/api/v1/submissions", "/api/v1/benchmarks")
    answers += [
      (405, "DELETE", try await server.request(.delete, list)),
      (405, "PUT", try await server.request(.put, all, [:], Data("x".utf8))),
      (405, "POST", try await server.request(.post, "\(list)/some", [:], Data("x".utf8))),
      (
        415, "an image",
        try await server.request(
          .post, list, arena.authorization("Team A").merging(["Content-Type": "image/png"]) { $1 },
          Data("x".utf8))
      ),
    ]
    for (status, what, answer) in answers {
      #expect(answer.status == status, "\(what): \(answer.text)")
      #expect(answer.headers["content-type"] == "application/problem+json")
      #expect(try answer.object()["status"] as? Int == status)
      #expect((answer.headers["allow"] != nil) == (status == 405))
    }
  }
}
