import Foundation
import HTTPTypes
import Harness
import Metrics
import Server
import Testing
import TestSupport

@Suite("The close of a board with hidden labels", .serialized)
struct CloseTests {
  private let end = Date(timeIntervalSince1970: 4_000_000_000)
  private var later: Date { end + 1 }

  private func arena(
    teams: [String] = ["Team A", "Team B"], isFinal: Bool = false
  ) throws -> Arena {
    let arena = try Arena(teams: teams, phase: nil)
    var phase = Phase.open(labels: .hidden, closes: end)
    (phase.isFinal, phase.entropy) = (isFinal, 2000)
    try arena.store.setPhase(phase)
    return arena
  }

  /// Everything that an open board would show of a file.
  private func whole(_ file: URL, _ arena: Arena) throws -> ScoreReport {
    let (definition, dataset) = (
      try BenchmarkRegistry(folder: nil).find("sample24"), try arena.dataset()
    )
    let predictions = try PredictionReader(definition, dataset: dataset).read(file)
    return ReleaseRule.open.release(try Scorer(definition, dataset: dataset).score(predictions))
  }

  private func pcc(_ file: URL, _ arena: Arena) throws -> Double {
    try #require(try whole(file, arena).targets["empathy"]?[.pcc]?.value)
  }

  private func choose(_ id: String, _ team: String, _ arena: Arena, _ server: TestServer)
    async throws -> Answer
  {
    try await server.request(
      .post, "/api/v1/submissions/\(id)/choice", arena.authorization(team))
  }

  private func id(_ answer: Answer) throws -> String {
    try #require(try answer.object()["id"] as? String)
  }

  @Test("Each team's choice, else its best, is shown in two decimals rounded down, and no more")
  func close() async throws {
    let arena = try arena()
    let server = try await arena.server()
    let files = try (1...6).map { try arena.predictions($0) }
    let sorted = try files.map { ($0, try pcc($0, arena)) }.sorted { $0.1 < $1.1 }
    let (worst, best) = (sorted[0], sorted[5])
    let first = try id(try await arena.submit(worst.0, to: server))
    let second = try await arena.submit(best.0, to: server)
    #expect(second.status == 201)
    let other = try id(try await arena.submit(best.0, to: server, team: "Team B"))
    #expect(try await choose(first, "Team B", arena, server).status == 404)
    let chosen = try await choose(first, "Team A", arena, server)
    #expect(chosen.status == 200)
    #expect(try chosen.object()["chosen"] as? Bool == true)
    #expect(try await server.get("/api/v1/submissions/\(first)").object()["chosen"] == nil)
    #expect(try BoardCloser(arena.store, [], home: arena.home).closeDue(at: end - 1).isEmpty)

    server.server.closeDue(at: later)
    let rows = try await server.board()
    #expect(rows.count == 2)
    for row in rows {
      let targets = try #require(row["targets"] as? [String: [String: Any]])
      #expect(Array(targets.keys) == ["empathy"])
      #expect(targets["empathy"].map { Array($0.keys) } == ["pcc"])
    }
    #expect(try await server.idsOnBoard() == [other, first])
    #expect(try Answer.pcc(rows[0]) == (best.1 * 100 + 1e-9).rounded(.down) / 100)
    #expect(try Answer.pcc(rows[1]) == (worst.1 * 100 + 1e-9).rounded(.down) / 100)
    let document = try await server.get("/api/v1/submissions/\(first)").object()
    #expect(try Answer.pcc(document) == Answer.pcc(rows[1]))
    #expect(try await choose(other, "Team B", arena, server).status == 409)

    // Closed once, whoever asks again; a withdrawn entry leaves the board.
    #expect(try BoardCloser(arena.store, [], home: arena.home).closeDue(at: later).isEmpty)
    try arena.store.withdraw(other, why: "a test")
    #expect(try await server.idsOnBoard() == [first])
  }

  @Test("A final phase tells nothing before its close, and takes what was sent last")
  func final() async throws {
    let arena = try arena(isFinal: true)
    let server = try await arena.server()
    var ids: [String] = []
    for seed in 1...2 {
      let answer = try await arena.submit(try arena.predictions(seed), to: server)
      let document = try answer.object()
      #expect(document["verdict"] as? String == "atClose")
      #expect(document["scores"] == nil)
      ids.append(try id(answer))
    }
    let other = try await arena.submit(try arena.predictions(3), to: server, team: "Team B")
    _ = try await arena.submit(try arena.predictions(4), to: server, team: "Team B")
    #expect(try await choose(try id(other), "Team B", arena, server).status == 200)
    #expect(try await server.board().isEmpty)
    server.server.closeDue(at: later)
    #expect(Set(try await server.idsOnBoard()) == [ids[1], try id(other)])
  }

  @Test("Three entries of teams, and baselines, can be revealed; the labels' digest stays keyed")
  func reveal() async throws {
    let teams = (1...4).map { "Team \($0)" }
    let arena = try arena(teams: teams)
    let definition = try BenchmarkRegistry(folder: nil).find("sample24")
    let baseline = try arena.predictions(9)
    let predictions = try PredictionReader(definition, dataset: arena.dataset()).read(baseline)
    var metadata = SubmissionMetadata(
      benchmark: "sample24", split: "test", team: "Organisers", system: "Baseline",
      kind: .baseline)
    metadata.submitted = "2026-01-01"
    metadata.targets = predictions.attempted
    _ = try SubmissionFolder(arena.folder.file("submissions")).add(
      predictions, dataset: arena.dataset(), metadata: metadata, slug: "baseline")
    let boards = FolderBoards(
      [SubmissionFolder(arena.folder.file("submissions"))], home: arena.home,
      benchmarks: [definition], store: nil)
    let floor = try boards.bestFigure(of: .baseline, on: definition, arena.dataset())
    #expect(try floor == pcc(baseline, arena))
    #expect(try boards.bestFigure(of: .published, on: definition, arena.dataset()) == nil)
    let server = try await arena.server()
    var ids: [String] = []
    for (seed, team) in teams.enumerated() {
      ids.append(try id(try await arena.submit(arena.predictions(seed), to: server, team: team)))
    }
    func reveal(_ ids: [String], _ baselines: [String] = []) throws {
      try arena.store.reveal(
        ids, baselines: baselines, on: definition, split: "test", overBudget: "a test")
    }
    #expect(throws: ServerError.self) { try reveal([ids[0]]) }
    server.server.closeDue(at: later)
    #expect(throws: ServerError.self) { try reveal(ids) }
    try reveal([ids[0]], ["baseline"])

    let rows = try await server.board()
    #expect(rows.count == 5)
    let gold = try arena.dataset().goldDigest
    for row in rows {
      let slug = try #require(row["slug"] as? String)
      let targets = try #require(row["targets"] as? [String: [String: [String: Any]]])
      guard slug == "baseline" || slug.hasSuffix(ids[0]) else {
        #expect(targets.values.allSatisfy { $0.count == 1 })
        continue
      }
      #expect(targets.count == 2)
      let file = slug == "baseline" ? baseline : try arena.predictions(0)
      let all = try whole(file, arena)
      for (target, figures) in targets {
        for (metric, figure) in figures where (target, metric) != ("empathy", "pcc") {
          let exact = all.targets[target]?[try #require(Metric(named: metric))]?.value
          let shown = try #require(figure["value"] as? Double)
          #expect(abs(shown - (exact ?? 9)) <= 0.005001, "\(target) \(metric)")
          #expect(abs(shown * 100 - (shown * 100).rounded()) < 1e-9)
          #expect(figure["low"] == nil)
        }
      }
    }
    let board = try await server.get("/api/v1/leaderboard?benchmark=sample24&split=test")
    #expect(!board.text.contains(gold.prefix(12)))
    let account = try #require(try arena.store.accounts(at: later).first)
    #expect(account.told > 2 * ReleaseRule.summaryBits(definition))
  }

  @Test("Retired labels show everything of every entry")
  func retire() async throws {
    let arena = try arena()
    let server = try await arena.server(change: { $0.scoring.inference.replicates = 100 })
    let board = BoardKey(benchmark: "sample24", split: "test")
    for team in ["Team A", "Team B"] {
      _ = try await arena.submit(
        try arena.predictions(team == "Team A" ? 1 : 2), to: server, team: team)
    }
    #expect(throws: ServerError.self) { try arena.store.retire(board) }
    try BoardCloser(arena.store, try BenchmarkRegistry.shipped(), home: arena.home).close(board)
    #expect(throws: ServerError.self) {
      try BoardCloser(arena.store, [], home: arena.home).close(board)
    }
    #expect(try arena.store.retire(board).labels == .open)
    let rows = try await server.board()
    #expect(rows.count == 2)
    for row in rows {
      let targets = try #require(row["targets"] as? [String: [String: Any]])
      #expect(targets.count == 2 && (targets["distress"]?.count ?? 0) > 5)
    }
    #expect(try arena.store.accounts().isEmpty)
    #expect(try await arena.submit(arena.predictions(5), to: server).status == 403)
  }

  @Test("The ninth team at the defaults would learn too much, unless a reason is given")
  func budget() throws {
    let arena = try Arena(teams: [], phase: nil)
    var phase = Phase.open(labels: .hidden, total: 10)
    phase.grid = ReleaseGrid(.init(target: "empathy", metric: .pcc), step: 0.1, floor: 0.5)
    phase.entropy = 428
    #expect(abs(try #require(phase.bits) - 12.97) < 0.01)
    try arena.store.setPhase(phase)
    for number in 1...8 { _ = try arena.store.addTeam("Team \(number)") }
    #expect(throws: ServerError.self) { try arena.store.addTeam("Team 9") }
    #expect(try arena.store.teams().count == 8)
    #expect(throws: ServerError.self) { try arena.store.addTeam("Team 9", overBudget: "") }
    _ = try arena.store.addTeam("Team 9", overBudget: "They came in time.")
    let account = try #require(try arena.store.accounts().first)
    #expect(account.exceptions.map(\.why) == ["They came in time."])
    #expect(account.told == 0 && abs(account.promised - 9 * 12.97) < 0.1)
    // A phase with nine teams at hand needs a reason too; one with fewer submissions does not.
    phase.name = "second"
    #expect(throws: ServerError.self) { try arena.store.setPhase(phase) }
    phase.valid.total = 5
    try arena.store.setPhase(phase)
  }

  @Test("The maintainer's page tells the account, escaped, to the owner of the data home alone")
  func maintainerPage() async throws {
    let arena = try arena(teams: ["Team A", "<b>Team"])
    let server = try await arena.server()
    _ = try await arena.submit(try arena.predictions(1), to: server)
    server.publish()
    let file = arena.home.url.appending(path: "maintainer.html")
    let page = try String(contentsOf: file, encoding: .utf8)
    #expect(page.contains("2000.0") && page.contains("&lt;b&gt;Team") && !page.contains("<b>"))
    let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
    #expect(mode as? Int == 0o600)
    #expect(try await server.get("/maintainer.html").status == 404)
  }

  @Test("What submissions and the close have told is counted, and a new phase adds to it")
  func account() async throws {
    let arena = try arena()
    let server = try await arena.server()
    func account() throws -> LabelAccount {
      try #require(try arena.store.accounts(at: later).first)
    }
    for seed in 1...3 { _ = try await arena.submit(try arena.predictions(seed), to: server) }
    let grid = ReleaseGrid(.init(target: "empathy", metric: .pcc), step: 0.1, floor: 0.1)
    #expect(abs(try account().told - grid.bits(submissions: 3)) < 1e-9)
    server.server.closeDue(at: later)
    let closed = grid.bits(submissions: 3) + log2(10)
    #expect(abs(try account().told - closed) < 1e-9)
    let metrics = try await server.get("/api/v1/metrics").text
    #expect(metrics.contains("invitro_label_bits_told{board=\"sample24/test\"}"))
    var phase = Phase.open(name: "second", labels: .hidden, closes: end + 1000, total: 10)
    phase.entropy = 2000
    try arena.store.setPhase(phase)
    let next = try account()
    #expect(abs(next.told - closed) < 1e-9)
    #expect(abs(next.promised - 2 * grid.bits(submissions: 10)) < 1e-9)
  }
}
