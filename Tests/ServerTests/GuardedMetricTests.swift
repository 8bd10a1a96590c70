import Foundation
import Harness
import Metrics
import Server
import TestSupport
import Testing

@Suite("Server: hidden labels under any primary metric")
struct GuardedMetricTests {
  /// What a board orders by, and the floor that its organiser gives.
  struct Case: CustomTestStringConvertible, Sendable {
    var metric: Metric
    var isAverage = false
    var floor: String

    var target: String { isAverage ? "both" : "empathy" }
    var testDescription: String { "\(metric) of \(target)" }

    var primary: [String: Any] {
      var primary: [String: Any] = ["target": target, "metric": metric.id]
      if isAverage { primary["weights"] = ["empathy": 2, "distress": 1] }
      return primary
    }
  }

  static let cases =
    Metric.all.map { Case(metric: $0, floor: $0.higherIsBetter ? "0.1" : "2") }
    + [Metric.pcc, .kendall, .mae].map {
      Case(metric: $0, isAverage: true, floor: $0.higherIsBetter ? "0.1" : "2")
    }

  /// The sample under an id of its own, ranked by `primary`; `change` is made to its definition.
  private func arena(
    _ primary: [String: Any], change: (inout [String: Any]) -> Void = { _ in }
  ) throws -> Arena {
    let arena = try Arena(teams: ["Team A", "Team B"], phase: nil)
    let shipped = Shared.checkout.appending(
      path: "Sources/Harness/Resources/Benchmarks/sample24.json")
    var definition = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: shipped)) as? [String: Any])
    (definition["id"], definition["primary"], definition["open"]) = ("ranked", primary, false)
    change(&definition)
    try arena.folder.write(
      JSONSerialization.data(withJSONObject: definition), to: "ranked.json")
    let made = try arena.program.run(
      "data", "import", "ranked.json", "--from", "data/sample24-files")
    #expect(made.status == 0, "\(made.err)")
    return arena
  }

  private func phase(_ arena: Arena, floor: String) throws -> Program.Outcome {
    try arena.program.run(
      "phase", "set", "-b", "ranked", "-s", "test", "--visibility", "public", "--floor", floor,
      "--closes", "2100-01-01", "--over-budget", "A test.")
  }

  private func figure(_ object: [String: Any], _ one: Case) throws -> [String: Any] {
    let targets = try #require(object["targets"] as? [String: [String: Any]], "\(object)")
    #expect(targets.keys.sorted() == [one.target], "no other target is told")
    let figures = try #require(targets[one.target])
    #expect(Set(figures.keys) == [one.metric.id], "no other metric is told")
    return try #require(figures[one.metric.id] as? [String: Any])
  }

  @Test(
    "one figure on the grid is told until the close and one on a finer grid after it",
    arguments: cases)
  func board(one: Case) async throws {
    let arena = try arena(one.primary)
    let set = try phase(arena, floor: one.floor)
    #expect(set.status == 0, "\(set.err)")
    let listed = try #require(try arena.store.phases().first?.phase)
    let grid = try #require(listed.grid)
    #expect(grid.metric == one.metric && grid.target == one.target && listed.entropy != nil)
    let definitions = [try arena.home.benchmarks.find("ranked")]
    let server = try await arena.server(change: { $0.definitions = definitions })

    var exact: [String: Double] = [:]
    for (team, seeds) in [("Team A", [1, 2]), ("Team B", [3])] {
      var told: Double?
      for seed in seeds {
        let file = try arena.predictions(seed)
        let scored = try arena.program.run(
          "score", file.path, "-b", "ranked", "-s", "test", "--replicates", "100", "--format=json"
        ).object()
        let targets = try #require(scored["targets"] as? [String: [String: Any]])
        let value = try #require(
          (targets[one.target]?[one.metric.id] as? [String: Any])?["value"] as? Double)
        let level = try #require(grid.level(value), "beyond the floor")
        let answer = try await arena.submit(
          file, to: server, team: team, metadata: ["benchmark": "ranked"])
        #expect(answer.status == 201, "\(answer.text)")
        let isBest = told.map { one.metric.higherIsBetter ? level > $0 : level < $0 } ?? true
        let object = try answer.object()
        #expect((object["scores"] != nil) == isBest, "\(one) \(seed)")
        guard isBest else { continue }
        let shown = try figure(try #require(object["scores"] as? [String: Any]), one)
        #expect(shown["value"] as? Double == level)
        #expect((shown["low"] != nil) == (one.metric == .pcc))
        #expect((shown["intervalUndefined"] != nil) == (one.metric != .pcc))
        (told, exact[team]) = (level, value)
      }
    }
    try await ranks(server, one, exact.mapValues(grid.level))
    let before = try #require(try arena.store.accounts().first).told
    try BoardCloser(arena.store, definitions, home: arena.home)
      .close(BoardKey(benchmark: "ranked", split: "test"))
    try await ranks(server, one, exact.mapValues(grid.atClose.level))
    let after = try #require(try arena.store.accounts().first).told
    #expect(after > before && after - before <= 2 * log2(10) + 1e-9)
  }

  /// The board's rows are in the order of the levels, which they show and nothing else.
  private func ranks(_ server: TestServer, _ one: Case, _ levels: [String: Double?]) async throws {
    server.publish()
    let answer = try await server.get("/api/v1/leaderboard?benchmark=ranked&split=test")
    let rows = try #require(try answer.object()["rows"] as? [[String: Any]], "\(answer.text)")
    #expect(rows.count == levels.count)
    let shown = try rows.map { row in
      let value = try #require(try figure(row, one)["value"] as? Double)
      let team = try #require(row["team"] as? String)
      #expect(value == levels[team] ?? nil, "\(team)")
      return value
    }
    #expect(shown == shown.sorted { one.metric.higherIsBetter ? $0 > $1 : $0 < $1 })
  }

  @Test("a board whose labels allow no grid is refused at phase set, with 65 and the reason")
  func refused() throws {
    let arena = try Arena(phase: nil)
    let rows = (0..<60).map { "r\($0),p\($0 % 20),\(Double($0 * 7 % 10) / 1000)\n" }
    try arena.folder.write("row_id,person,score\n" + rows.joined(), to: "files/all.csv")
    let made = try arena.program.run(
      "benchmark", "init", "tiny", "--from", "files/all.csv", "--target", "score:0:0.01",
      "--primary", "score:mae")
    #expect(made.status == 0, "\(made.err)")
    let imported = try arena.program.run("data", "import", "tiny", "--from", "files")
    #expect(imported.status == 0, "\(imported.err)")
    let set = try arena.program.run(
      "phase", "set", "-b", "tiny", "-s", "all", "--visibility", "public", "--floor", "0.003")
    #expect(set.status == 65)
    #expect(set.err.contains("tiny/all differ too little for MAE"), "\(set.err)")
    #expect(set.err.contains("rank by a correlation"))
    #expect(try arena.store.phases().isEmpty)
  }
}
