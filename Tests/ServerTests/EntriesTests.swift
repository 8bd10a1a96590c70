import Foundation
import Harness
import Metrics
import Server
import TestSupport
import Testing

@Suite("Server: several entries of a team, and the organisers' own", .serialized)
struct EntriesTests {
  private let end = Date(timeIntervalSince1970: 4_000_000_000)

  private func guarded(entries: Int = 2) -> Phase {
    var phase = Phase.open(labels: .hidden, closes: end)
    phase.grid = ReleaseGrid(.init(target: "empathy", metric: .pcc), step: 0.01, floor: 0.1)
    (phase.entropy, phase.entries) = (4000, entries)
    return phase
  }

  private func send(
    _ file: URL, _ system: String, _ arena: Arena, _ server: TestServer, team: String = "Team A"
  ) async throws -> (status: Int, document: [String: Any]) {
    let answer = try await arena.submit(file, to: server, team: team, system: system)
    return (answer.status, try answer.object())
  }

  @Test("each system has its own best, a further one is refused and not charged")
  func entries() async throws {
    var phase = Phase.open(daily: 4)
    phase.entries = 2
    let arena = try Arena(phase: phase)
    let files = try PhaseFiles.sorted(6, arena)
    let server = try await arena.server(change: { $0.scoring.inference.replicates = 100 })
    let one = try await send(files[5], "One", arena, server)
    let two = try await send(files[0], "Two", arena, server)
    #expect(two.document["verdict"] as? String == "first", "worse than the other system")
    let further = try await send(files[3], "Three", arena, server)
    #expect(further.status == 409)
    let detail = try #require(further.document["detail"] as? String)
    #expect(detail.contains("'One', 'Two'"))
    // The name looks like the first one's.
    let worse = try await send(files[2], "ОNE", arena, server)
    #expect(worse.document["verdict"] as? String == "notBetter")
    let better = try await send(files[1], "two", arena, server)
    #expect(better.document["verdict"] as? String == "better")
    #expect(try await send(files[4], "One", arena, server).status == 429, "four were charged")
    let ids = [one, better].map { $0.document["id"] as? String }
    #expect(try await server.idsOnBoard() == ids)

    // Off the board, a system makes room.
    for submission in [two, better] {
      try arena.store.withdraw(
        try #require(submission.document["id"] as? String), why: "a test")
    }
    phase.valid.daily = 10
    try arena.store.setPhase(phase)
    let third = try await send(files[3], "Three", arena, server)
    #expect(third.status == 201)
    // With one entry a team, a best takes the place of all.
    phase.entries = 1
    try arena.store.setPhase(phase)
    let poor = try await send(files[4], "Four", arena, server)
    #expect(poor.document["verdict"] as? String == "notBetter", "than the better of the two")
    #expect(try await server.idsOnBoard().count == 2)
    let best = try arena.folder.write(
      try arena.dataset().gold("empathy").map { "\($0 ?? 4)\t4" }.joined(separator: "\n") + "\n",
      to: "gold.tsv")
    let alone = try await send(best, "Four", arena, server)
    #expect(try await server.idsOnBoard() == [alone.document["id"] as? String])
  }

  @Test("where labels are hidden each entry is judged by its own best, chosen and closed by itself")
  func closed() async throws {
    let arena = try Arena(phase: nil)
    try arena.store.setPhase(guarded())
    let files = try PhaseFiles.sorted(5, arena)
    let server = try await arena.server()
    var ids: [String] = []
    for (file, system) in [(files[0], "One"), (files[3], "One"), (files[1], "Two")] {
      let sent = try await send(file, system, arena, server)
      #expect(["first", "better"].contains(sent.document["verdict"] as? String))
      ids.append(try #require(sent.document["id"] as? String))
    }
    #expect(Set(try await server.idsOnBoard()) == Set(ids[1...]))
    let account = try #require(try arena.store.accounts().first)
    let grid = try #require(guarded().grid)
    #expect(abs(account.told - grid.bits(submissions: 3, systems: 2)) < 1e-9)
    #expect(
      abs(account.total - grid.bits(submissions: 100, systems: 2)) < 1e-9, "of the whole phase")
    try arena.store.choose(ids[0])
    server.server.closeDue(at: end)
    #expect(Set(try await server.idsOnBoard()) == [ids[0], ids[2]])
  }

  @Test("a best that the organiser withdraws is charged, as what comes after it may be lower")
  func withdrawn() async throws {
    let arena = try Arena(phase: nil)
    var phase = guarded(entries: 1)
    let grid = try #require(phase.grid)
    phase.valid.total = 10
    phase.entropy = 4.01 * grid.bits(submissions: 10, systems: 2)
    try arena.store.setPhase(phase)
    let files = try PhaseFiles.sorted(3, arena)
    let server = try await arena.server()
    func best(_ file: URL) async throws -> String {
      let sent = try await send(file, "One", arena, server)
      #expect(sent.document["verdict"] as? String == "first")
      return try #require(sent.document["id"] as? String)
    }
    let high = try await best(files[2])
    #expect(
      try await send(files[0], "One", arena, server).document["verdict"] as? String
        == "notBetter")
    try arena.store.withdraw(high, why: "trained on test")
    let low = try await best(files[1])
    let account = try #require(try arena.store.accounts().first)
    #expect(abs(account.told - grid.bits(submissions: 3, systems: 2)) < 1e-9)
    #expect(abs(account.total - grid.bits(submissions: 10, systems: 2)) < 1e-9)
    #expect(throws: ServerError.self, "once more is over the budget") {
      try arena.store.withdraw(low, why: "a test")
    }
    #expect(try await server.idsOnBoard() == [low])
    try arena.store.withdraw(low, why: "a test", overBudget: "it must go")
    #expect(try await server.idsOnBoard() == [])
    #expect(try arena.store.accounts().first?.exceptions.count == 1)
  }

  @Test("what is promised counts the phases to come")
  func promised() throws {
    let arena = try Arena(phase: nil)
    var phase = guarded(entries: 1)
    phase.valid.total = 10
    let one = try #require(phase.bits)
    phase.entropy = 4 * 2.5 * one
    try arena.store.setPhase(phase)
    (phase.name, phase.opens, phase.closes) = ("next", end, end + 1000)
    try arena.store.setPhase(phase)
    func account(_ now: Date) throws -> LabelAccount {
      try #require(try arena.store.accounts(at: now).first)
    }
    #expect(abs(try account(end - 1).promised - 2 * one) < 1e-9)
    #expect(abs(try account(end).promised - one) < 1e-9)
    #expect(try account(end + 1000).promised == 0)
    phase.name = "third"
    #expect(throws: ServerError.self, "three are over the budget of two and a half") {
      try arena.store.setPhase(phase)
    }
    try arena.store.removePhase("next", of: phase.board)
    try arena.store.setPhase(phase)
  }

  @Test("the organisers' team has no quotas, its entries are baselines, and no account counts it")
  func organisers() async throws {
    let arena = try Arena(phase: nil)
    var phase = guarded(entries: 1)
    (phase.valid, phase.failing) = (.init(daily: 1, total: 1), .init(daily: 1, total: 1))
    try arena.store.setPhase(phase)
    let before = try #require(try arena.store.accounts().first)
    #expect(throws: ServerError.self) { try arena.store.addTeam("Organisers") }
    let added = try arena.program.run("team", "add", "Organisers", "--organiser")
    arena.keep(
      added.out.trimmingCharacters(in: .whitespacesAndNewlines), of: "Organisers")
    let server = try await arena.server()
    let files = try PhaseFiles.sorted(3, arena)
    for (file, system) in [(files[0], "Mean"), (files[1], "Bag of words")] {
      let answer = try await arena.submit(
        file, to: server, team: "Organisers", system: system, metadata: ["kind": "ensemble"])
      #expect(answer.status == 201)
      #expect(try answer.object()["kind"] as? String == "baseline")
    }
    let broken = try arena.folder.write("none\n", to: "broken.tsv")
    for _ in 0..<2 {
      #expect(try await arena.submit(broken, to: server, team: "Organisers").status == 422)
    }
    #expect(try await arena.submit(files[2], to: server).status == 201)
    #expect(try await arena.submit(files[0], to: server).status == 429)
    #expect(try await server.board().count == 3)
    let after = try #require(try arena.store.accounts().first)
    #expect(abs(after.told + after.promised - before.told - before.promised) < 1e-9)
    server.server.closeDue(at: end)
    let told = try #require(try arena.store.accounts(at: end).first).told
    #expect(abs(told - after.told - (try #require(phase.grid)).bitsAtClose(ofBest: true)) < 1e-9)
    #expect(try await server.board().count == 3)
    #expect(try arena.program.run("team", "list").out.contains("organisers"))
  }
}
