import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Server: boards and who sees them")
struct BoardTests {
  @Test("a board shows each team's best, best first, as JSON and as CSV")
  func board() throws {
    let teams = ["Team A", "Team B"]
    let arena = try Arena(teams: teams)
    let server = try arena.server()
    let sample = try SampleFolder.shared.get()
    for (team, index) in [("Team A", 0), ("Team A", 3), ("Team B", 1), ("Team B", 2)] {
      let file = sample.folder.file(try sample.system(index))
      #expect(try arena.submit(file, to: server, team: team, system: "S\(index)").status == 201)
    }
    let board = try Curl(server.url("/api/v1/leaderboard?benchmark=sample24&split=test"))
    let rows = try #require(try board.object()["rows"] as? [[String: Any]])
    #expect(Set(rows.compactMap { $0["team"] as? String }) == Set(teams) && rows.count == 2)
    let values = try rows.map(pcc)
    #expect(values == values.sorted(by: >))
    let csv = try Curl(
      "--header", "Accept: text/csv",
      server.url("/api/v1/leaderboard?benchmark=sample24&split=test"))
    #expect(csv.headers["content-type"] == "text/csv; charset=utf-8")
    let lines = csv.text.split(separator: "\n").map { $0.split(separator: ",") }
    let column = try #require(lines.first?.firstIndex(of: "empathy_pcc"))
    #expect(
      lines.dropFirst().compactMap { $0.indices.contains(column) ? Double($0[column]) : nil }
        == values)
  }

  private func pcc(_ row: [String: Any]) throws -> Double {
    let scores = try #require(row["scores"] as? [String: Any])
    let targets = try #require(scores["targets"] as? [String: [String: Any]])
    return try #require((targets["empathy"]?["pcc"] as? [String: Double])?["value"])
  }

  @Test("the visibility of a phase says who sees scores", arguments: ["hidden", "own", "public"])
  func visibility(_ visibility: String) throws {
    let arena = try Arena(teams: ["Team A", "Team B"], phase: ["--visibility", visibility])
    let server = try arena.server()
    let answer = try arena.submit(try arena.predictions(1), to: server)
    #expect(answer.status == 201)
    let submission = try answer.object()
    #expect((submission["scores"] != nil) == (visibility != "hidden"))
    #expect((submission["verdict"] != nil) == (visibility != "hidden"))
    let id = try #require(submission["id"] as? String)
    let page = server.url("/api/v1/submissions/\(id)")
    #expect(try Curl(page).status == (visibility == "public" ? 200 : 404))
    #expect(
      try Curl(arena.authorization("Team B") + [page]).status
        == (visibility == "public" ? 200 : 404))
    #expect(try Curl(arena.authorization("Team A") + [page]).status == 200)
    let board = try Curl(server.url("/api/v1/leaderboard?benchmark=sample24&split=test")).object()
    #expect((board["rows"] as? [Any])?.count == (visibility == "public" ? 1 : 0))
    let listed = try Curl(server.url("/api/v1/submissions?team=Team+A")).object()
    #expect((listed["submissions"] as? [Any])?.count == (visibility == "public" ? 1 : 0))
    try arena.set(["--visibility", "public"])
    #expect(try eventually { try Curl(page).status == 200 }, "the phase was set beside the server")
  }

  @Test(
    "of guarded labels a team learns two decimals of a new best, and of the rest that it is none")
  func guarded() throws {
    let arena = try Arena(phase: ["--visibility", "public", "--labels", "hidden"])
    let server = try arena.server()
    let file = try arena.predictions(1)
    let first = try arena.submit(file, to: server).object()
    #expect(first["verdict"] as? String == "first")
    let value = try pcc(first)
    #expect((value * 100).rounded() / 100 == value)
    // The same up to the fourth decimal: no better by any error.
    let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    let moved = rows.map { row in
      row.split(separator: "\t").map { "\((Double($0) ?? 0) * 0.999 + 0.002)" }
        .joined(separator: "\t")
    }
    let copy = try arena.folder.write(moved.joined(separator: "\n") + "\n", to: "copy.tsv")
    let second = try arena.submit(copy, to: server).object()
    #expect(second["verdict"] as? String == "notBetter" && second["scores"] == nil)
    let id = try #require(second["id"] as? String)
    #expect(try Curl(server.url("/api/v1/submissions/\(id)")).status == 404)
    let board = try Curl(server.url("/api/v1/leaderboard?benchmark=sample24&split=test")).object()
    let shown = try #require(board["rows"] as? [[String: Any]])
    #expect(shown.compactMap { $0["id"] as? String } == [try #require(first["id"] as? String)])
    let far = try arena.folder.write(
      (["8.5\t4"] + moved.dropFirst()).joined(separator: "\n") + "\n", to: "far.tsv")
    let refused = try arena.submit(far, to: server)
    #expect(refused.status == 422)
    let faults = try #require(try refused.object()["faults"] as? [[String: Any]])
    #expect(faults.contains { $0["code"] as? String == "range" && $0["line"] as? Int == 1 })
  }

  @Test("a withdrawn entry leaves its board, keeps a tombstone with the reason, and may come back")
  func withdrawn() throws {
    let arena = try Arena()
    let server = try arena.server()
    let sample = try SampleFolder.shared.get()
    var ids: [String] = []
    let files = try (0..<4).map { sample.folder.file(try sample.system($0)) }
    for file in files {
      let submission = try arena.submit(file, to: server).object()
      ids.append(try #require(submission["id"] as? String))
    }
    let board = server.url("/api/v1/leaderboard?benchmark=sample24&split=test")
    func onBoard() throws -> [String] {
      let rows = try Curl(board).object()["rows"] as? [[String: Any]]
      return rows?.compactMap { $0["id"] as? String } ?? []
    }
    let best = try #require(try onBoard().first)
    let out = try arena.program.run("submission", "withdraw", best, "--why", "trained on test")
    #expect(out.status == 0, "\(out.err)")
    #expect(try eventually { try !onBoard().contains(best) })
    let next = try onBoard()
    #expect(next.allSatisfy(ids.contains))
    let tombstone = try Curl(server.url("/api/v1/submissions/\(best)")).object()
    #expect(tombstone["state"] as? String == "withdrawn" && tombstone["scores"] == nil)
    let history = tombstone["history"] as? [[String: String]]
    #expect(history?.last?["why"] == "trained on test")
    #expect(try arena.program.run("submission", "withdraw", best, "--why", "x").status == 65)
    #expect(try arena.program.run("submission", "restore", best, "--why", "a mistake").status == 0)
    #expect(try eventually { try onBoard() == [best] })
    #expect(try arena.program.run("submission", "withdraw", "none", "--why", "x").status == 66)
    let listed = try arena.program.run("submission", "list", "--json")
    #expect(listed.status == 0 && listed.out.contains(best))
  }

  @Test("a restored entry stands before a worse one that took its place")
  func restoredBest() throws {
    let arena = try Arena()
    let server = try arena.server()
    let sample = try SampleFolder.shared.get()
    let systems = try (0..<4).map { index -> (Double, URL) in
      let file = sample.folder.file(try sample.system(index))
      let report = try arena.program.run(
        "score", file.path, "-b", "sample24", "-s", "test", "--json")
      return (try pcc(["scores": try report.object()]), file)
    }.sorted { $0.0 > $1.0 }
    let board = server.url("/api/v1/leaderboard?benchmark=sample24&split=test")
    func onBoard() throws -> [String] {
      let rows = try Curl(board).object()["rows"] as? [[String: Any]]
      return rows?.compactMap { $0["id"] as? String } ?? []
    }
    func send(_ file: URL) throws -> String {
      try #require(try arena.submit(file, to: server).object()["id"] as? String)
    }
    let best = try send(systems[0].1)
    #expect(try arena.program.run("submission", "withdraw", best, "--why", "why").status == 0)
    let worse = try send(systems[1].1)
    #expect(try eventually { try onBoard() == [worse] })
    #expect(try arena.program.run("submission", "restore", best, "--why", "sound").status == 0)
    #expect(try eventually { try onBoard() == [best] })
    let third = try arena.submit(systems[2].1, to: server).object()
    #expect(third["verdict"] as? String == "notBetter")
    #expect(try arena.program.run("submission", "withdraw", best, "--why", "again").status == 0)
    #expect(try eventually { try onBoard() == [worse] })
  }

  @Test("answers carry an ETag, are not sent twice, and are packed where asked")
  func caching() throws {
    let arena = try Arena()
    let server = try arena.server()
    for path in ["benchmarks", "openapi.json", "leaderboard?benchmark=sample24&split=test"] {
      let url = server.url("/api/v1/\(path)")
      let plain = try Curl(url)
      let etag = try #require(plain.headers["etag"])
      let same = try Curl("--header", "If-None-Match: \(etag)", url)
      #expect(same.status == 304 && same.body.isEmpty)
      let other = try Curl("--header", "If-None-Match: \"other\"", url)
      #expect(other.status == 200 && other.body == plain.body)
      let unpacked = try Curl("--compressed", url)
      #expect(unpacked.body == plain.body)
      let head = try Curl("--head", url)
      #expect(head.status == 200 && head.headers["content-length"] == "\(plain.body.count)")
    }
    let packed = try Curl(
      "--header", "Accept-Encoding: gzip", server.url("/api/v1/openapi.json"))
    #expect(packed.headers["content-encoding"] == "gzip" && packed.body.starts(with: [0x1F, 0x8B]))
  }

  @Test("what is not there, or not for this method, is refused with a problem document")
  func refused() throws {
    let arena = try Arena()
    let server = try arena.server()
    let cases: [(Int, [String])] = [
      (404, [server.url("/api/v1/nothing")]), (404, [server.url("/api/v2/submissions")]),
      (404, [server.url("/api/v1/submissions/unknown")]),
      (405, ["-X", "DELETE", server.url("/api/v1/submissions")]),
      (405, ["-X", "PUT", "-d", "x", server.url("/api/v1/benchmarks")]),
      (404, [server.url("/api/v1/leaderboard?benchmark=none")]),
      (404, [server.url("/api/v1/leaderboard?benchmark=sample24&split=dev")]),
      (400, [server.url("/api/v1/leaderboard")]),
      (400, [server.url("/api/v1/leaderboard?benchmark=sample24&format=xml")]),
      (400, [server.url("/api/v1/leaderboard?benchmark=%C3%28")]),
      (400, [server.url("/api/v1/submissions")]),
      (400, [server.url("/api/v1/submissions?team=Team+A&limit=0")]),
      (400, [server.url("/api/v1/submissions?team=a&team=b")]),
      (
        415,
        arena.authorization("Team A") + [
          "-H", "Content-Type: image/png", "-d", "x", server.url("/api/v1/submissions"),
        ]
      ),
    ]
    for (status, arguments) in cases {
      let answer = try Curl(arguments)
      #expect(answer.status == status, "\(arguments)")
      #expect(answer.headers["content-type"] == "application/problem+json")
      #expect(try answer.object()["status"] as? Int == status)
    }
  }
}

/// Whether `holds` comes true; other processes' writes are noticed a little later.
func eventually(_ holds: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<400 {
    if try holds() { return true }
    usleep(25_000)
  }
  return false
}
