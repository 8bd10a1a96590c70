import Foundation
import GRDB
import Ledger
import Server
import TestSupport
import Testing

@Suite("Server: a board verified from outside")
struct LedgerVerifyTests {
  private func push(_ arena: Arena, _ seed: Int, _ team: String, port: Int) throws
    -> Program.Outcome
  {
    let file = try arena.predictions(seed).lastPathComponent
    return try arena.program.run(
      [
        "submit", "push", file, "--server", "http://127.0.0.1:\(port)", "-b", "sample24", "-s",
        "test",
      ]
        + ["--system", "System of \(team)"],
      environment: ["INVITRO_TOKEN": arena.tokens[team] ?? ""])
  }

  private func verify(_ arena: Arena, port: Int, _ options: String...) throws -> Program.Outcome {
    try arena.program.run(["ledger", "verify", "http://127.0.0.1:\(port)"] + options)
  }

  @Test("push keeps a receipt, and the log, the receipts and the board hold together")
  func holds() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"])
    try await arena.live { port in
      for (seed, team) in [(1, "Team A"), (2, "Team B")] {
        let pushed = try self.push(arena, seed, team, port: port)
        #expect(pushed.status == 0, "\(pushed.err)")
        #expect(pushed.err.contains("receipt: predictions-\(seed).tsv.receipt"), "\(pushed.err)")
      }
      try self.waiting {
        try self.verify(arena, port: port).out.contains("board sample24/test: 2 rows")
      }
      let outcome = try self.verify(
        arena, port: port, "--receipt", "predictions-1.tsv.receipt", "--receipt",
        "predictions-2.tsv.receipt")
      #expect(outcome.status == 0, "\(outcome.out)\(outcome.err)")
      #expect(outcome.out.contains("predictions-2.tsv.receipt: entry"))
      let wanted = try #require(outcome.out.firstMatch(of: /entry (\d+) \(accepted, (\w+)/))
      let later = try arena.program.run(
        "ledger", "receipt", "http://127.0.0.1:\(port)", "--id", String(wanted.2), "--out",
        "later.receipt")
      #expect(later.status == 0, "\(later.err)")
      #expect(try self.verify(arena, port: port, "--receipt", "later.receipt").status == 0)
    }
  }

  @Test("an entry that was taken off the board behind the log's back is named")
  func removed() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"])
    try await arena.live { port in
      #expect(try self.push(arena, 1, "Team A", port: port).status == 0)
      try self.waiting {
        try self.verify(arena, port: port).out.contains("board sample24/test: 1 rows")
      }
      let database = try DatabaseQueue(path: arena.home.submissionStoreURL.path)
      try database.write { try $0.execute(sql: "DELETE FROM board") }
      #expect(try self.push(arena, 2, "Team B", port: port).status == 0)
      try self.waiting { try self.verify(arena, port: port).out.contains("WRONG") }
      let outcome = try self.verify(arena, port: port)
      #expect(outcome.status == 1)
      #expect(outcome.out.contains("WRONG (missingOnBoard) sample24/test:"), "\(outcome.out)")
    }
  }

  private func waiting(_ condition: () throws -> Bool) throws {
    for _ in 0..<100 {
      if try condition() { return }
      usleep(200_000)
    }
    Issue.record("the board was not published")
  }
}
