import Basics
import Foundation
import GRDB
import HTTPTypes
import Harness
import Metrics
import Report
import Server
import TestSupport
import Testing

@Suite("Server: the phases of a board", .serialized)
struct PhaseTests {
  static let board = BoardKey(benchmark: "sample24", split: "test")

  private func day(_ number: Int) -> Date {
    Date(timeIntervalSince1970: 4_000_000_000 + Double(number) * 86_400)
  }

  private func names(_ arena: Arena, _ now: Date) throws -> [String] {
    try arena.store.phases(at: now).map { $0.isCurrent ? "*\($0.phase.name)" : $0.phase.name }
  }

  @Test("a phase that is set ahead ends the current one when it opens, and not before")
  func scheduled() async throws {
    let arena = try Arena(phase: .open(name: "warm-up", opens: day(1), closes: day(2)))
    #expect(try names(arena, day(0)) == ["*warm-up"])
    try arena.store.setPhase(.open(.own, name: "main", opens: day(3), closes: day(4)))
    try arena.store.setPhase(.open(name: "warm-up", opens: day(0), closes: day(2)))
    #expect(try names(arena, day(0) - 1) == ["*warm-up", "main"])
    #expect(try names(arena, day(0)) == ["*warm-up", "main"])
    #expect(try names(arena, day(2)) == ["*warm-up", "main"], "it has ended, and nothing follows")
    #expect(try names(arena, day(3)) == ["warm-up", "*main"])
    #expect(try arena.store.phases().first?.phase.opens == day(0))

    let server = try await arena.server()
    let refused = try await arena.submit(try arena.predictions(1), to: server)
    #expect(refused.status == 403 && refused.text.contains("warm-up"))
    let list = try await server.get("/api/v1/benchmarks").object()
    let benchmarks = try #require(list["benchmarks"] as? [[String: Any]])
    let splits = try #require(
      benchmarks.first { $0["id"] as? String == "sample24" }?["splits"] as? [[String: Any]])
    let split = try #require(splits.first { $0["name"] as? String == "test" })
    #expect((split["phase"] as? [String: Any])?["name"] as? String == "warm-up")
    let phases = try #require(split["phases"] as? [[String: Any]])
    #expect(phases.compactMap { $0["name"] as? String } == ["warm-up", "main"])

    let shown = try arena.program.run("phase", "show").out.split(separator: "\n")
    #expect(
      shown.map { $0.prefix(34) } == [
        "* sample24/test: phase 'warm-up' f", "  sample24/test: phase 'main' from",
      ])
  }

  @Test("time alone makes the boards anew")
  func published() async throws {
    let arena = try Arena(phase: .open(name: "first"))
    try arena.store.setPhase(.open(.own, name: "second", opens: day(1)))
    let server = try await arena.server()
    _ = try await arena.submit(try arena.predictions(1), to: server)
    let path = "/api/v1/leaderboard?benchmark=sample24&split=test"
    server.server.publish(at: day(0))
    #expect((try await server.get(path).object()["rows"] as? [Any])?.count == 1)
    server.server.publish(at: day(1))
    #expect(try await server.get(path).status == 404, "its scores are not public any more")
    server.server.publish(at: day(0))
    #expect(try await server.get(path).status == 200)
  }

  @Test("a phase that has not opened can be removed, and others stay")
  func removed() throws {
    let arena = try Arena(phase: .open(name: "first"))
    let store = arena.store
    try store.setPhase(.open(name: "second", opens: day(1)))
    var third = Phase.open(name: "third", opens: day(2))
    third.after = .init(
      "second", of: try BenchmarkRegistry(folder: nil).find("sample24"), split: "test")
    try store.setPhase(third)
    for (name, now) in [("first", day(0)), ("second", day(0)), ("second", day(1)), ("x", day(0))] {
      #expect(throws: ServerError.self, "\(name)") {
        try store.removePhase(name, of: Self.board, at: now)
      }
    }
    try store.removePhase("third", of: Self.board)
    try store.removePhase("second", of: Self.board)
    #expect(try names(arena, day(3)) == ["*first"])
    try store.setPhase(.open(name: "second", opens: day(1)))
    #expect(try names(arena, day(3)) == ["first", "*second"])
  }

  @Test("a freeze outside its phase, an unknown phase before and no entries are refused")
  func refused() throws {
    let arena = try Arena(phase: nil)
    let definition = try BenchmarkRegistry(folder: nil).find("sample24")
    func refuses(_ closes: Date?, _ change: (inout Phase) -> Void) {
      var phase = Phase.open(name: "one", opens: day(0), closes: closes)
      change(&phase)
      #expect(throws: ServerError.self, "\(phase.text)") { try arena.store.setPhase(phase) }
    }
    refuses(nil) { $0.freeze = day(1) }
    for freeze in [day(0), day(2), day(3)] { refuses(day(2)) { $0.freeze = freeze } }
    for after in ["one", "none", "dev/none"] {
      refuses(day(2)) { $0.after = .init(after, of: definition, split: "test") }
    }
    for entries in [0, 101] { refuses(day(2)) { $0.entries = entries } }
    #expect(try arena.store.phases().isEmpty)
    let other = Phase.Prerequisite("dev/a/b", of: definition, split: "test")
    #expect(other.split == "dev" && other.name == "a/b")
  }

  @Test(
    "from the freeze to the close the public sees the board as it was, and a team its own",
    arguments: Phase.Labels.allCases)
  func frozen(_ labels: Phase.Labels) async throws {
    var phase = Phase.open(labels: labels, closes: day(0))
    if labels == .hidden {
      phase.grid = ReleaseGrid(.init(target: "empathy", metric: .pcc), step: 0.01, floor: 0.1)
    }
    let arena = try Arena(teams: ["Team A", "Team B"], phase: phase)
    let files = try PhaseFiles.sorted(4, arena)
    let server = try await arena.server(site: true)
    func send(_ file: URL, _ team: String) async throws -> String {
      let answer = try await arena.submit(file, to: server, team: team)
      #expect(answer.status == 201)
      return try #require(try answer.object()["id"] as? String)
    }
    let old = try await send(files[0], "Team A")
    let freeze = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down) + 1)
    phase.freeze = freeze
    try arena.store.setPhase(phase)
    while Date() < freeze { try await Task.sleep(for: .milliseconds(50)) }
    let better = try await send(files[2], "Team A")
    let other = try await send(files[1], "Team B")

    #expect(try await server.idsOnBoard() == [old])
    for id in [better, other] {
      #expect(try await server.get("/api/v1/submissions/\(id)").status == 404)
      #expect(
        try await server.get("/api/v1/submissions/\(id)", arena.authorization("Team A")).status
          == (id == better ? 200 : 404))
    }
    func listed(_ team: String, _ now: Date) throws -> [String] {
      try arena.store.submissions(team: team, publicOnly: true, limit: 10, at: now).map(\.id)
    }
    #expect(try listed("Team A", Date()) == [old] && listed("Team B", Date()).isEmpty)
    let seen = labels == .open ? [better, old] : [old]
    #expect(try listed("Team A", day(0)) == seen, "hidden labels stay frozen until they are closed")
    let own = try await server.get("/api/v1/submissions", arena.authorization("Team A")).object()
    #expect((own["submissions"] as? [Any])?.count == 2)
    let page = arena.folder.file("site/sample24/test/index.html")
    #expect(try String(contentsOf: page, encoding: .utf8).contains("The board stands still."))
    #expect(!arena.sitePaths.contains { $0.contains(better) || $0.contains(other) })

    // What is withdrawn leaves it at once; what was not seen leaves no trace.
    try arena.store.withdraw(other, why: "a test")
    try arena.store.withdraw(old, why: "a test")
    #expect(try await server.idsOnBoard().isEmpty)
    #expect(!arena.sitePaths.contains { $0.contains(other) })
    server.server.closeDue(at: day(0))
    server.server.publish(at: day(0))
    #expect(try listed("Team A", day(0)).contains(better))
    let rows = try await server.get("/api/v1/leaderboard?benchmark=sample24&split=test").object()
    let slugs = (rows["rows"] as? [[String: Any]])?.compactMap { $0["slug"] as? String }
    #expect(slugs?.count == 1 && slugs?.first?.hasSuffix(better) == true)
    #expect(try !String(contentsOf: page, encoding: .utf8).contains("The board stands still."))
  }

  @Test("a phase that comes after another takes only teams with a sound submission there")
  func after() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"], phase: .open(name: "warm-up"))
    let server = try await arena.server()
    let first = try await arena.submit(try arena.predictions(1), to: server).object()
    let rows = try arena.dataset().rows.enumerated().map { "\($1.id),\($0 % 2 == 0 ? 3 : 5)\n" }
    let part = try arena.folder.write("id,distress\n" + rows.joined(), to: "part.csv")
    #expect(
      try await arena.submit(part, to: server, team: "Team B").object()["verdict"] as? String
        == "incomplete")
    var phase = Phase.open(name: "main", opens: Date(timeIntervalSince1970: 1))
    phase.after = .init(
      "warm-up", of: try BenchmarkRegistry(folder: nil).find("sample24"), split: "test")
    try arena.store.setPhase(phase)
    #expect(try await arena.submit(try arena.predictions(3), to: server).status == 201)
    let refused = try await arena.submit(try arena.predictions(4), to: server, team: "Team B")
    #expect(refused.status == 403 && refused.text.contains("'warm-up' of split test"))
    try arena.store.withdraw(try #require(first["id"] as? String), why: "a test")
    #expect(try await arena.submit(try arena.predictions(5), to: server).status == 403)
  }

  @Test(
    "late submissions are scored and shown apart, and the ranking stays",
    arguments: Phase.Labels.allCases)
  func late(_ labels: Phase.Labels) async throws {
    var phase = Phase.open(labels: labels)
    if labels == .hidden {
      phase.grid = ReleaseGrid(.init(target: "empathy", metric: .pcc), step: 0.01, floor: 0.1)
    }
    let arena = try Arena(teams: ["Team A", "Team B"], phase: phase)
    let files = try PhaseFiles.sorted(4, arena)
    let server = try await arena.server(site: true)
    _ = try await arena.submit(files[1], to: server)
    let ranked = try await server.idsOnBoard()
    (phase.name, phase.opens, phase.isLate) = ("late", Date(timeIntervalSince1970: 1), true)
    try arena.store.setPhase(phase)
    var ids: [String] = []
    for (file, verdict) in [(files[0], "first"), (files[3], "better"), (files[2], "notBetter")] {
      let answer = try await arena.submit(file, to: server).object()
      #expect(answer["verdict"] as? String == verdict)
      ids.append(try #require(answer["id"] as? String))
    }
    #expect(try await server.idsOnBoard() == ranked)
    let document = try await server.get("/api/v1/leaderboard?benchmark=sample24&split=test")
      .object()
    let apart = try #require(document["apart"] as? [[String: Any]])
    let entry = try #require(apart.first)
    #expect(apart.count == 1 && (entry["slug"] as? String)?.hasSuffix(ids[1]) == true)
    #expect(entry["reason"] as? String == "late: scored after the deadline, not ranked")
    let exact = try PhaseFiles.pcc(files[3], arena)
    #expect(abs(try Answer.pcc(entry) - exact) < (labels == .open ? 1e-4 : 0.01))
    let targets = try #require(entry["targets"] as? [String: [String: Any]])
    #expect((targets.count == 1 && targets["empathy"]?.count == 1) == (labels == .hidden))
    let page = arena.folder.file("site/sample24/test/index.html")
    #expect(
      try String(contentsOf: page, encoding: .utf8)
        .contains("late: scored after the deadline, not ranked (PCC "))
    let own = try #require(arena.sitePaths.first { $0.hasSuffix("\(ids[1]).html") })
    #expect(
      try String(contentsOf: arena.folder.file("site/\(own)"), encoding: .utf8)
        .contains("Not ranked: late"))
    #expect(try await server.get("/api/v1/submissions/\(ids[1])").status == 200)
    phase.visibility = .own
    try arena.store.setPhase(phase)
    #expect(try await server.idsOnBoard() == ranked, "the board is that of the phase before")
    #expect(try await server.get("/api/v1/submissions/\(ids[1])").status == 404)
    #expect(try await server.get("/api/v1/submissions/\(ranked[0])").status == 200)
  }

  @Test("the close of a phase takes no bests of one that has opened since")
  func overtaken() async throws {
    let arena = try Arena(phase: nil)
    let files = try PhaseFiles.sorted(4, arena)
    var phase = Phase.open(name: "first", labels: .hidden, closes: day(0))
    phase.entropy = 2000
    try arena.store.setPhase(phase)
    let server = try await arena.server()
    let first = try await arena.submit(files[0], to: server).object()
    (phase.name, phase.opens, phase.closes) = ("second", Date(timeIntervalSince1970: 1), day(1))
    phase.grid = ReleaseGrid(.init(target: "empathy", metric: .pcc), step: 0.01, floor: 0.1)
    try arena.store.setPhase(phase)
    let second = try await arena.submit(files[3], to: server).object()
    #expect(second["verdict"] as? String == "better")
    server.server.closeDue(at: day(0))
    func closed() throws -> [String] {
      try arena.store.read {
        try String.fetchAll(
          $0,
          sql: """
            SELECT public_id FROM closing c JOIN submission s ON s.id = submission ORDER BY c.phase
            """
        )
      }
    }
    #expect(try closed() == [first["id"] as? String])
    server.server.closeDue(at: day(1))
    #expect(try closed() == [first["id"] as? String, second["id"] as? String])
  }

  @Test("between two phases the board shows what the close of the first released")
  func between() async throws {
    let arena = try Arena(phase: nil)
    var phase = Phase.open(name: "first", labels: .hidden, closes: day(0))
    phase.entropy = 2000
    try arena.store.setPhase(phase)
    (phase.name, phase.opens, phase.closes) = ("second", day(2), day(3))
    try arena.store.setPhase(phase)
    let server = try await arena.server()
    let file = try PhaseFiles.sorted(3, arena)[2]
    let coarse = try Answer.pcc(try await arena.submit(file, to: server).object())
    server.server.closeDue(at: day(0))
    let fine = (try PhaseFiles.pcc(file, arena) * 100 + 1e-9).rounded(.down) / 100
    for (now, value) in [(day(1), fine), (day(2), coarse)] {
      server.server.publish(at: now)
      let board = try await server.get("/api/v1/leaderboard?benchmark=sample24&split=test")
      let rows = try #require(try board.object()["rows"] as? [[String: Any]])
      #expect(try rows.map(Answer.pcc) == [value])
    }
  }
}

/// Prediction files of the sample, and what they score.
enum PhaseFiles {
  static func pcc(_ file: URL, _ arena: Arena) throws -> Double {
    let (definition, dataset) = (
      try BenchmarkRegistry(folder: nil).find("sample24"), try arena.dataset()
    )
    let predictions = try PredictionReader(definition, dataset: dataset).read(file)
    let report = ReleaseRule.open.release(
      try Scorer(definition, dataset: dataset).score(predictions))
    return try #require(report.targets["empathy"]?[.pcc]?.value)
  }

  /// So many files, the worst first.
  static func sorted(_ count: Int, _ arena: Arena) throws -> [URL] {
    try (1...count).map { try arena.predictions($0) }.map { ($0, try pcc($0, arena)) }
      .sorted { $0.1 < $1.1 }.map(\.0)
  }
}
