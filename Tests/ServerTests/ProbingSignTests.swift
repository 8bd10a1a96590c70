import Basics
import Foundation
import GRDB
import Harness
import Metrics
import Server
import Synchronization
import Testing
import TestSupport

@Suite("Server: signs of probing")
struct ProbingSignTests {
  /// A submission as the maintainer's list has it.
  private struct Line: Decodable {
    var id, team: String
    var signs: [ProbingSign]
  }

  private func list(_ arena: Arena) throws -> [String: [ProbingSign]] {
    let run = try arena.program.run("submission", "list", "--json")
    let lines = try JSONDecoder().decode([Line].self, from: Data(run.out.utf8))
    return Dictionary(lines.map { ($0.id, $0.signs) }) { $1 }
  }

  private func send(
    _ values: [Double], _ name: String, _ team: String, _ arena: Arena, _ server: TestServer
  ) async throws -> String {
    let text = values.map { "\(($0 * 1e4).rounded() / 1e4)\t4.\(Int($0))\n" }.joined()
    let file = try arena.folder.write(text, to: "\(name).tsv")
    let answer = try await arena.submit(file, to: server, team: team)
    #expect(answer.status == 201, "\(answer.text)")
    return try #require(try answer.object()["id"] as? String)
  }

  private func values(_ seed: Int, _ arena: Arena) throws -> [Double] {
    try String(contentsOf: arena.predictions(seed), encoding: .utf8).split(separator: "\n")
      .compactMap { $0.split(separator: "\t").first.flatMap { Double($0) } }
  }

  @Test("signs stand in the maintainer's list and log, once, and in no answer or page")
  func told() async throws {
    let teams = ["Team A", "Team B", "Team C", "Team D"]
    let arena = try Arena(teams: teams, phase: .open(labels: .hidden, daily: 100))
    let log = Mutex<[String]>([])
    let server = try await arena.server(site: true) { line in log.withLock { $0.append(line) } }
    var expected: [String: [ProbingSign]] = [:]
    for (seed, team) in teams.prefix(3).enumerated() {
      let id = try await send(try values(seed, arena), "system", team, arena, server)
      expected[id] = []
    }
    func probe(_ values: [Double], _ name: String, _ signs: [ProbingSign]) async throws {
      expected[try await send(values, name, "Team D", arena, server)] = signs
    }
    let (own, theirs) = (try values(11, arena), try values(0, arena))
    try await probe(try values(10, arena).map { 8 - $0 }, "opposite", [.opposite])
    try await probe(own, "own", [])
    try await probe([own[0] + 0.3, own[1] - 0.3] + own.dropFirst(2), "rows", [.builtFromOwn])
    try await probe(own.indices.map { $0 % 2 == 0 ? 3 : 5 }, "halves", [.fewValues])
    try await probe(theirs.map { 0.5 * $0 + 2 }, "copy", [.builtFromOthers])
    #expect(try list(arena).values.allSatisfy(\.isEmpty), "no answer waits for it")
    for _ in 0..<2 { await server.server.examine() }
    #expect(try list(arena) == expected)
    let warnings = log.withLock { $0 }.filter { $0.contains("warning") }.map { $0.dropFirst(21) }
    let texts = expected.flatMap { id, signs in
      signs.map { "warning: submission \(id) of team Team D: \($0.text)" }
    }
    #expect(warnings.map(String.init).sorted() == texts.sorted())
    let table = try arena.program.run("submission", "list").out
    for sign in Set(expected.values.joined()) { #expect(table.contains(sign.text)) }
    server.publish()
    var seen: [String] = []
    for id in expected.keys {
      for team in ["Team A", "Team D"] {
        let page = "/api/v1/submissions/\(id)"
        seen.append(try await server.get(page, arena.authorization(team)).text)
      }
    }
    for path in ["submissions", "leaderboard?benchmark=sample24&split=test", "metrics"] {
      seen.append(try await server.get("/api/v1/\(path)", arena.authorization("Team D")).text)
    }
    for path in arena.sitePaths where path.contains(".") {
      seen.append(try await server.get("/\(path)").text)
    }
    #expect(seen.contains { $0.contains("Team D") })
    for sign in ProbingSign.allCases {
      #expect(!seen.contains { $0.contains(sign.text) || $0.contains(sign.rawValue) })
    }
  }

  @Test("releases that climb by single steps are a sign, from the fourth on")
  func climbing() async throws {
    let arena = try Arena(phase: .open(.own, labels: .hidden, daily: 100))
    let server = try await arena.server()
    let gold = try arena.dataset().gold("empathy").compactMap { $0 }
    var random = SplitMix64(seed: 4, stream: .simulation)
    var ids: [String] = []
    for r in [0.15, 0.25, 0.35, 0.05, 0.45, 0.55, 0.75] {
      let system = correlated(gold, r, &random).map { 4 + 0.7 * $0 }
      ids.append(try await send(system, "climb", "Team A", arena, server))
    }
    await server.server.examine()
    let signs = try list(arena)
    #expect(
      ids.map { signs[$0] ?? [] } == [[], [], [], [], [.smallSteps], [.smallSteps], []])
  }

  /// Values whose PCC with `gold` is `r`, of variance 1.
  private func correlated(
    _ gold: [Double], _ r: Double, _ random: inout SplitMix64
  ) -> [Double] {
    func unit(_ x: [Double]) -> [Double] {
      let mean = x.reduce(0, +) / Double(x.count)
      let length = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot()
      return x.map { ($0 - mean) / length }
    }
    let (z, noise) = (unit(gold), unit(gold.map { _ in random.normal() }))
    let shared = zip(z, noise).reduce(0) { $0 + $1.0 * $1.1 }
    let rest = unit(zip(z, noise).map { $1 - shared * $0 })
    let scale = Double(gold.count).squareRoot()
    return zip(z, rest).map { scale * (r * $0 + (1 - r * r).squareRoot() * $1) }
  }

  @Test("where labels are open nothing is looked for, and what lacks the figure shows no sign")
  func open() async throws {
    let arena = try Arena(phase: .open(daily: 100))
    let server = try await arena.server()
    let halves = try (0..<83).map { "\($0 % 2 == 0 ? 3 : 5)\t4.\($0)\n" }
    let file = try arena.folder.write(halves.joined(), to: "halves.tsv")
    let open = try await arena.submit(file, to: server).object()
    func waiting() throws -> Int? {
      try arena.store.write { try Int.fetchOne($0, sql: "SELECT count(*) FROM unexamined") }
    }
    #expect(open["verdict"] as? String == "first")
    #expect(try waiting() == 0)
    try arena.store.setPhase(.open(labels: .hidden, daily: 100))
    let ids = try arena.dataset().rows.map(\.id)
    let rows = ids.enumerated().map { "\($1),\($0 % 2 == 0 ? 3 : 5)\n" }
    let other = try arena.folder.write("id,distress\n" + rows.joined(), to: "other.csv")
    let answer = try await arena.submit(other, to: server)
    #expect(try answer.object()["verdict"] as? String == "incomplete", "\(answer.text)")
    #expect(try waiting() == 1)
    await server.server.examine()
    #expect(try waiting() == 0)
    #expect(try list(arena).values.allSatisfy(\.isEmpty))
  }
}
