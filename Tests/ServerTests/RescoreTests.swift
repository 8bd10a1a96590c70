import Foundation
import GRDB
import Glibc
import Harness
import Metrics
import Server
import TestSupport
import Testing

@Suite("Server: rescoring", .serialized)
struct RescoreTests {
  private let board = BoardKey(benchmark: "sample24", split: "test")
  private let reason = "Label of row 5 corrected"

  @Test("one corrected label supersedes, then changes exactly the figures that depend on it")
  func open() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"])
    let server = try await arena.server(site: true)
    let bench = try LabelBench(arena)
    // The first is worse by the old label and better by the new one.
    let rising = try await arena.submit(bench.predictions(row: bench.new), to: server).id()
    let falling = try await arena.submit(bench.predictions(row: bench.old), to: server).id()
    let distress = try await arena.submit(bench.distress(), to: server).id()
    let other = try await arena.submit(try arena.predictions(7), to: server, team: "Team B").id()
    #expect(Set(try await server.idsOnBoard()) == [falling, other])
    let ids = [rising, falling, distress, other]
    let before = try await documents(ids, arena, server)
    let state = try await leaderboard(server)["state"] as? [String: Any]
    let used = try bench.value("SELECT sum(valid) FROM usage")

    try bench.correct()
    let refused = try await arena.submit(try arena.predictions(8), to: server)
    #expect(refused.status == 503 && refused.headers["retry-after"] == "600")
    let apart = try await leaderboard(server)
    #expect((apart["rows"] as? [Any])?.isEmpty == true)
    let reasons = try #require(apart["apart"] as? [[String: Any]])
    #expect(reasons.count == 2 && reasons.allSatisfy { $0["superseded"] as? Bool == true })
    #expect(
      reasons.allSatisfy {
        ($0["reason"] as? String)?.hasPrefix(
          "superseded: scored by scorer \(Scorer.version) with labels") == true
      })
    let page = try await server.get("/sample24/test/").text
    #expect(page.contains("superseded: scored by scorer \(Scorer.version)"))

    let rescorer = try bench.rescorer(replicates: 200)
    #expect(throws: ServerError.self) { try rescorer.run(board) }
    let would = try rescorer.run(board, isDry: true)
    #expect(!would.isApplied && Set(would.changes.map(\.id)) == [rising, falling, other])
    #expect(would.alreadyScored == 4 && would.newBests == [rising])
    let untouched = try await documents(ids, arena, server)
    #expect(NSDictionary(dictionary: untouched) == NSDictionary(dictionary: before))
    let outcome = try rescorer.run(board, why: reason)
    #expect(outcome.isApplied && outcome.changes == would.changes && outcome.bits == nil)

    let after = try await documents(ids, arena, server)
    for id in ids {
      let (old, new) = (try #require(before[id]), try #require(after[id]))
      let (was, now) = (try report(old), try report(new))
      #expect(try now.state == ScoringState(arena.dataset()) && was.state != now.state)
      #expect(was.targets["distress"] == now.targets["distress"])
      let history = try #require(new["history"] as? [[String: Any]])
      let event = history.last { $0["kind"] as? String == "rescored" }
      if id == distress {
        #expect(was.hasFigures(of: now) && event == nil)
        continue
      }
      #expect(was.targets["empathy"] != now.targets["empathy"] && was.n == now.n)
      #expect(event?["why"] as? String == reason)
      let replaced = try #require(event?["replaced"] as? [String: Any])
      #expect(try report(["scores": replaced]) == was)
    }
    let exact = try bench.whole(bench.predictions(row: bench.new))
    #expect(try report(after[rising]).targets == exact.targets)
    #expect(try bench.value("SELECT sum(valid) FROM usage") == used)
    #expect(Set(try await server.idsOnBoard()) == [rising, other])
    let now = try await leaderboard(server)
    #expect((now["apart"] as? [Any])?.isEmpty == true)
    let (old, new) = (
      state?["gold"] as? String, (now["state"] as? [String: Any])?["gold"] as? String
    )
    #expect(try old != new && new == arena.dataset().goldDigest)
    let row = try #require(
      (now["rows"] as? [[String: Any]])?.first { $0["slug"] as? String != nil })
    let entry = try await server.get("/sample24/test/\(row["page"] as? String ?? "")").text
    #expect(entry.contains("PCC of empathy 0.") && entry.contains(reason))
    // Nothing is left to do, and submissions are taken again.
    let again = try rescorer.run(board)
    #expect(again.changes.isEmpty && again.newBests.isEmpty)
    #expect(try bench.value("SELECT count(*) FROM event WHERE kind = 'rescored'") == 3)
    try LedgerCheck(store: arena.store).run()
    #expect(try await arena.submit(try arena.predictions(8), to: server).status == 201)
  }

  @Test("another version of the scorer supersedes; where no figure changes nothing needs a reason")
  func scorer() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let id = try await arena.submit(try arena.predictions(1), to: server).id()
    try arena.store.write { database in
      try database.execute(
        sql: """
          UPDATE submission SET report = json_set(report, '$.scorer', 0);
          INSERT INTO scoring (benchmark, split, at, scorer, gold, row_order)
            SELECT benchmark, split, at, 0, gold, row_order FROM scoring;
          """)
    }
    #expect(try await arena.submit(try arena.predictions(2), to: server).status == 503)
    let apart = try await leaderboard(server)
    #expect("\(apart["apart"] ?? "")".contains("scored by scorer 0 with labels"))
    let outcome = try LabelBench(arena).rescorer().run(board)
    #expect(outcome.changes.isEmpty && outcome.before?.scorer == 0)
    #expect(try await server.idsOnBoard() == [id])
    let history = try await server.get("/api/v1/submissions/\(id)").object()["history"] as? [Any]
    #expect(history?.count == 2)
  }

  @Test("reports that were made with other options are not mixed with these")
  func options() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    _ = try await arena.submit(try arena.predictions(1), to: server)
    var options = ScoringOptions()
    options.inference.level = 0.9
    let rescorer = Rescorer(
      arena.store, try BenchmarkRegistry.shipped(), home: arena.home, options: options)
    #expect(throws: ServerError.self) { try rescorer.run(board, why: reason) }
  }

  @Test("hidden labels: each team's best on the grid anew, charged, and no old figure is shown")
  func hidden() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"], phase: nil)
    let bench = try LabelBench(arena)
    let grid = try bench.setHidden(entropy: 2000)
    let server = try await arena.server(site: true)
    let rising = try await arena.submit(bench.predictions(row: bench.new), to: server).id()
    let falling = try await arena.submit(bench.predictions(row: bench.old), to: server).id()
    let other = try await arena.submit(try arena.predictions(7), to: server, team: "Team B").id()
    #expect(Set(try await server.idsOnBoard()) == [falling, other])
    let was = try await documents([rising, falling, other], arena, server)
    let told = try #require(try arena.store.accounts().first).told

    try bench.correct()
    #expect(try await arena.submit(try arena.predictions(8), to: server).status == 503)
    let superseded = try await leaderboard(server)
    #expect((superseded["rows"] as? [Any])?.isEmpty == true)
    let rescorer = try bench.rescorer(replicates: 200)
    let outcome = try rescorer.run(board, why: reason)
    #expect(outcome.newBests == [rising])
    let bits = 2 * log2(Double(grid.levels + 1))
    #expect(abs(try #require(outcome.bits) - bits) < 1e-9)
    #expect(abs(try #require(try arena.store.accounts().first).told - told - bits) < 1e-9)

    #expect(Set(try await server.idsOnBoard()) == [rising, other])
    let now = try await documents([rising, falling, other], arena, server)
    let exact = try bench.whole(bench.predictions(row: bench.new))
    let value = try #require(exact.targets["empathy"]?[.pcc]?.value)
    #expect(try report(now[rising]).targets["empathy"]?[.pcc]?.value == grid.level(value))
    #expect(now[falling]?["scores"] == nil)
    #expect("\(now[falling]?["note"] ?? "")".hasPrefix("Superseded"))
    let gold = try arena.dataset().goldDigest
    let shown = try await server.get("/api/v1/leaderboard?benchmark=sample24&split=test").text
    let pages = try arena.sitePaths.filter { $0.contains(rising) || $0.contains(falling) }
      .map {
        try String(contentsOf: arena.folder.file("site").appending(path: $0), encoding: .utf8)
      }
    for text in [shown] + pages + now.values.map({ "\($0)" }) {
      #expect(!text.contains(gold.prefix(12)) && !text.contains("replaced"))
      #expect(!text.contains(" until 20"))
    }
    #expect(try pages.contains { $0.contains("It was rescored: \(reason)") })
    #expect(try report(was[falling]).state != report(now[rising]).state)
    try LedgerCheck(store: arena.store).run()
    // A second time nothing is told.
    #expect(try rescorer.run(board).bits == 0)
    #expect(abs(try #require(try arena.store.accounts().first).told - told - bits) < 1e-9)
  }

  @Test("hidden labels that would tell more than their budget are not rescored without a reason")
  func budget() async throws {
    let arena = try Arena(phase: nil)
    let bench = try LabelBench(arena)
    try bench.setHidden(entropy: 100, total: 5)
    let server = try await arena.server()
    let id = try await arena.submit(try arena.predictions(1), to: server).id()
    try bench.correct()
    let rescorer = try bench.rescorer()
    #expect(throws: ServerError.self) { try rescorer.run(board, why: reason) }
    #expect(try bench.value("SELECT count(*) FROM event WHERE kind = 'rescored'") == 0)
    #expect(try await server.idsOnBoard().isEmpty)
    _ = try rescorer.run(board, why: reason, overBudget: "a test")
    #expect(try await server.idsOnBoard() == [id])
    #expect(try arena.store.accounts().first?.exceptions.map(\.why) == ["a test"])
  }

  @Test("a closed board gets a new revision of its close, by the rule of the close")
  func closed() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"], phase: nil)
    let bench = try LabelBench(arena)
    let grid = try bench.setHidden(entropy: 2000)
    let server = try await arena.server()
    let rising = try await arena.submit(bench.predictions(row: bench.new), to: server).id()
    let falling = try await arena.submit(bench.predictions(row: bench.old), to: server).id()
    let chosen = try await arena.submit(arena.predictions(7), to: server, team: "Team B").id()
    _ = try await arena.submit(arena.predictions(9), to: server, team: "Team B")
    try arena.store.choose(chosen)
    let closer = BoardCloser(arena.store, try BenchmarkRegistry.shipped(), home: arena.home)
    try closer.close(board)
    #expect(Set(try await server.idsOnBoard()) == [falling, chosen])
    let told = try #require(try arena.store.accounts().first).told
    try bench.correct()
    let outcome = try bench.rescorer().run(board, why: reason)
    #expect(Set(try await server.idsOnBoard()) == [rising, chosen])
    let exact = try bench.whole(bench.predictions(row: bench.new))
    let value = try #require(exact.targets["empathy"]?[.pcc]?.value)
    let row = try #require(
      try await server.board().first { ($0["slug"] as? String)?.hasSuffix(rising) == true })
    #expect(try Answer.pcc(row) == grid.atClose.level(value))
    try LedgerCheck(store: arena.store).run()
    #expect(try bench.value("SELECT count(*) FROM closing WHERE revision = 0") == 2)
    #expect(try bench.value("SELECT count(*) FROM closing WHERE revision = 1") == 2)
    let bits = 2 * log2(Double(grid.atClose.levels + 1))
    #expect(abs(try #require(outcome.bits) - bits) < 1e-9)
    #expect(abs(try #require(try arena.store.accounts().first).told - told - bits) < 1e-9)
  }

  @Test("a board whose labels changed is not closed before it is rescored, and others are")
  func notClosed() async throws {
    let arena = try Arena(phase: nil)
    let bench = try LabelBench(arena)
    try bench.setHidden(entropy: 2000)
    let server = try await arena.server()
    _ = try await arena.submit(try arena.predictions(1), to: server)
    try bench.correct()
    let closer = BoardCloser(arena.store, try BenchmarkRegistry.shipped(), home: arena.home)
    #expect(throws: ServerError.self) { try closer.close(board) }
    #expect(try bench.value("SELECT count(closed) FROM phase") == 0)
    _ = try bench.rescorer().run(board, why: reason)
    #expect(try closer.closeDue() == [board])
  }

  @Test(
    "killed in the middle it has released nothing, and goes on where it ended, beside the server")
  func killed() async throws {
    let arena = try Arena(phase: .open(daily: 1000, total: 1000))
    let bench = try LabelBench(arena)
    let count = 150
    do {
      let server = try await arena.server()
      for seed in 1...count { _ = try await arena.submit(try arena.predictions(seed), to: server) }
    }
    let server = try arena.process()
    try bench.correct()
    #expect(try arena.submit(try arena.predictions(200), to: server).status == 503)
    let arguments = [
      "submission", "rescore", "--board", "sample24/test", "--why", reason, "--json",
    ]
    let process = Process()
    process.executableURL = arena.program.binary
    process.arguments = arguments
    process.currentDirectoryURL = arena.program.folder
    process.environment = Program.environment
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let begun = try eventually {
      let done = try bench.value("SELECT count(*) FROM rescoring")
      return done >= 20 || !process.isRunning
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(begun && process.terminationReason == .uncaughtSignal)
    let done = try bench.value("SELECT count(*) FROM rescoring")
    #expect(done >= 20 && done < count)
    #expect(try bench.value("SELECT count(*) FROM event WHERE kind = 'rescored'") == 0)
    #expect(try arena.submit(try arena.predictions(200), to: server).status == 503)
    let finished = try arena.program.run(arguments)
    #expect(finished.status == 0, "\(finished.err)")
    let outcome = try finished.object()
    #expect(outcome["entries"] as? Int == count && outcome["alreadyScored"] as? Int == done)
    #expect((outcome["changes"] as? [Any])?.count == count)
    #expect(try bench.value("SELECT count(*) FROM event WHERE kind = 'rescored'") == count)
    #expect(try bench.value("SELECT count(*) FROM rescoring") == 0)
    #expect(try arena.submit(try arena.predictions(200), to: server).status == 201)
    #expect(server.stop() == 0)
  }

  private func documents(
    _ ids: [String], _ arena: Arena, _ server: TestServer
  ) async throws -> [String: [String: Any]] {
    var documents: [String: [String: Any]] = [:]
    for id in ids {
      for team in arena.tokens.keys.sorted() {
        let answer = try await server.get(
          "/api/v1/submissions/\(id)", arena.authorization(team))
        if answer.status == 200 { documents[id] = try answer.object() }
      }
    }
    return documents
  }

  private func leaderboard(_ server: TestServer) async throws -> [String: Any] {
    server.publish()
    return try await server.get("/api/v1/leaderboard?benchmark=sample24&split=test").object()
  }

  private func report(_ document: [String: Any]?) throws -> ScoreReport {
    let scores = try #require(document?["scores"])
    return try JSONDecoder().decode(
      ScoreReport.self, from: try JSONSerialization.data(withJSONObject: scores))
  }
}

/// One label of the sample's test split and what it is corrected to, far from it.
private struct LabelBench {
  private let arena: Arena
  private let definition: BenchmarkDefinition
  private let row = 5
  let old, new: Double

  init(_ arena: Arena) throws {
    (self.arena, definition) = (arena, try BenchmarkRegistry(folder: nil).find("sample24"))
    old = try #require(try arena.dataset().rows[row].labels["empathy"])
    new = old < 4 ? 7 : 1
  }

  /// Writes the split again with the corrected label, as an import does.
  func correct() throws {
    var datasets = try arena.home.loadAll(definition)
    let place = try #require(datasets.firstIndex { $0.split == "test" })
    datasets[place].rows[row].labels["empathy"] = new
    _ = try arena.home.save(datasets, of: "sample24", sources: [:])
  }

  /// The same predictions each time but for the row, in the WASSA form.
  func predictions(row value: Double) throws -> URL {
    let text = try String(contentsOf: arena.predictions(1), encoding: .utf8)
    var lines = text.split(separator: "\n").map(String.init)
    lines[row] = "\(value)\t" + lines[row].split(separator: "\t")[1]
    return try arena.folder.write(lines.joined(separator: "\n") + "\n", to: "row-\(value).tsv")
  }

  /// Predictions of distress alone.
  func distress() throws -> URL {
    let text = try String(contentsOf: arena.predictions(3), encoding: .utf8)
    let lines = zip(try arena.dataset().rows, text.split(separator: "\n")).map { row, line in
      "\(row.id)\t" + line.split(separator: "\t")[1]
    }
    return try arena.folder.write(
      (["id\tdistress"] + lines).joined(separator: "\n") + "\n", to: "distress.tsv")
  }

  @discardableResult
  func setHidden(entropy: Double, total: Int = 10) throws -> ReleaseGrid {
    var phase = Phase.open(labels: .hidden, total: total)
    let grid = ReleaseGrid(.init(target: "empathy", metric: .pcc), step: 0.02, floor: 0.1)
    (phase.grid, phase.entropy) = (grid, entropy)
    try arena.store.setPhase(phase)
    return grid
  }

  /// Everything that an open board shows of a file now.
  func whole(_ file: URL) throws -> ScoreReport {
    let dataset = try arena.dataset()
    let predictions = try PredictionReader(definition, dataset: dataset).read(file)
    return ReleaseRule.open.release(try Scorer(definition, dataset: dataset).score(predictions))
  }

  func rescorer(replicates: Int = ScoringOptions().inference.replicates) throws -> Rescorer {
    var options = ScoringOptions()
    options.inference.replicates = replicates
    return Rescorer(
      arena.store, try BenchmarkRegistry.shipped(), home: arena.home, options: options)
  }

  func value(_ query: String) throws -> Int {
    try arena.store.write { try #require(try Int.fetchOne($0, sql: query)) }
  }
}

extension Answer {
  /// Of the submission that was accepted.
  fileprivate func id() throws -> String {
    try #require(status == 201, "\(text)")
    return try #require(try object()["id"] as? String)
  }
}
