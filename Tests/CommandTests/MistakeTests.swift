import Foundation
import TestSupport
import Testing

@Suite("Commands: mistakes are told with what was meant")
struct MistakeTests {
  @Test(
    "a command that does not exist ends with 64 and names the nearest one, with its usage",
    arguments: [
      (
        ["scroe"], "'invitro' has no command 'scroe'. Did you mean 'invitro score'?",
        "invitro score"
      ),
      (["help", "valdate"], "Did you mean 'invitro validate'?", "invitro validate"),
      (["submit", "psuh", "x.tsv"], "Did you mean 'invitro submit push'?", "invitro submit push"),
      (["push"], "Did you mean 'invitro submit push'?", "invitro submit push"),
      (["help", "nothing"], "'invitro' has no command 'nothing'. It has: data, ", "invitro <"),
      (["ledger", "frobnicate"], "'invitro ledger' has no command", "invitro ledger <"),
    ])
  func unknown(arguments: [String], hint: String, usage: String) throws {
    let place = try TemporaryFolder()
    let outcome = try Program(in: place.url).run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.out.isEmpty)
    #expect(outcome.err.contains(hint), "\(outcome.err)")
    #expect(outcome.err.contains("\nUsage: \(usage)"), "\(outcome.err)")
  }

  @Test(
    "what a command finds out late is told with its own usage",
    arguments: [
      (["score", "x.tsv", "-b", "sampel24"], "Did you mean sample24?", "invitro score"),
      (["data", "stats", "nothing"], "There is no benchmark", "invitro data stats"),
      (
        ["score", "x.tsv", "--benchmrk", "sample24"],
        "Unknown option '--benchmrk'. Did you mean '--benchmark'?", "invitro score"
      ),
      (["submit", "status"], "Give --server, or set INVITRO_SERVER.", "invitro submit status"),
    ])
  func late(arguments: [String], reason: String, usage: String) throws {
    let place = try TemporaryFolder()
    let outcome = try Program(in: place.url).run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.err.contains(reason))
    #expect(outcome.err.contains("Usage: \(usage) "), "\(outcome.err)")
    #expect(outcome.err.contains("See '\(usage) --help'"))
  }

  @Test("help of commands that there are is printed as before")
  func help() throws {
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    #expect(
      try program.run("help", "submit", "push").out == program.run("submit", "push", "-h").out)
    #expect(try program.run("help").status == 0)
  }

  @Test("thousands of missing predictions are one line")
  func grouped() throws {
    let sample = try SampleFolder.shared.get()
    let outcome = try sample.program.run(
      "score", "-", "-b", "sample24", "-s", "train", input: "id\tempathy\nnobody\t2\n")
    #expect(outcome.status == 65)
    #expect(outcome.err.split(separator: "\n").count == 3, "\(outcome.err)")
    #expect(outcome.err.contains("(1000 times)\n1001 errors"))
    let verdict = try sample.program.run(
      "validate", "-", "-b", "sample24", "-s", "train", "--format", "json",
      input: "id\tempathy\nnobody\t2\n")
    #expect((try verdict.object()["faults"] as? [Any])?.count == 1001)
  }

  @Test("score tells of swapped columns and of reversed rows, where the labels are here")
  func misfit() throws {
    let sample = try SampleFolder.shared.get()
    let text = try String(contentsOf: sample.folder.file(sample.system(0)), encoding: .utf8)
    let rows = text.split(separator: "\n")
    let swapped = rows.map { $0.split(separator: "\t").reversed().joined(separator: "\t") }
    let arguments = ["score", "-", "-b", "sample24", "-s", "test", "--replicates", "100"]
    let first = try sample.program.run(arguments, input: swapped.joined(separator: "\n"))
    #expect(first.status == 0)
    #expect(first.err.contains("Are the columns swapped?"), "\(first.err)")
    let reversed = rows.reversed().joined(separator: "\n")
    let second = try sample.program.run(arguments, input: reversed)
    #expect(second.err.contains("in reverse order"), "\(second.err)")
    #expect(!(try sample.program.run(arguments, input: text)).err.contains("fit"))
    let plain = try sample.program.run(
      "validate", "-", "-b", "sample24", "-s", "test", input: reversed)
    #expect(plain.status == 0 && plain.err.isEmpty, "validate does not look at labels")
  }

  @Test("submit status lists what the server tells a team, and ends with 77 without a valid token")
  func status() throws {
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    let known = #"""
      {"submissions": [{"id": "3k7q", "state": "released", "benchmark": "sample24", "split": "test",
       "system": "S", "received": "2026-05-01T12:00:00Z", "verdict": "better", "chosen": true}],
       "left": [{"benchmark": "sample24", "split": "test", "phase": "main",
       "valid": {"daily": 3, "total": 98}, "failing": {"daily": 20, "total": 400}}]}
      """#
    let server = try LoopbackServer { request, _ in
      guard request.headers["authorization"] == "Bearer invitro_1_good" else {
        return .init(401, Data(#"{"detail": "This needs a team's token."}"#.utf8))
      }
      return .init(200, Data(known.utf8))
    }
    let arguments = ["submit", "status", "--server", server.url.absoluteString]
    let good = try program.run(arguments, environment: ["INVITRO_TOKEN": "invitro_1_good"])
    #expect(good.status == 0, "\(good.err)")
    #expect(good.out.contains("sample24/test"))
    #expect(good.out.contains("released, chosen"))
    #expect(good.out.contains("Your team’s new best."))
    #expect(
      good.out.hasSuffix(
        """
        left for sample24/test, phase 'main': 3 more today, 98 in this phase; files with errors: \
        20 more today, 400 in this phase

        """), "\(good.out)")
    let json = try program.run(
      arguments + ["--format", "json"], environment: ["INVITRO_TOKEN": "invitro_1_good"])
    #expect((try json.object()["left"] as? [Any])?.count == 1)
    let bad = try program.run(arguments, environment: ["INVITRO_TOKEN": "invitro_1_bad"])
    #expect(bad.status == 77)
    #expect(bad.err.contains("401: This needs a team's token."))
    #expect(server.requests.first?.target == "/api/v1/submissions?limit=50")
  }

  @Test("submit open prints the address where there is no desktop")
  func open() throws {
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    let nowhere = ["DISPLAY": "", "WAYLAND_DISPLAY": "", "INVITRO_SERVER": "https://board.example"]
    let page = try program.run("submit", "open", environment: nowhere)
    #expect(page.status == 0 && page.out == "https://board.example/submit\n")
    let board = try program.run(
      "submit", "open", "-b", "sample24", "-s", "dev", environment: nowhere)
    #expect(board.out == "https://board.example/sample24/dev/\n")
  }

  @Test("a shell completes benchmarks, the splits of the one that is named, and teams")
  func completion() throws {
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    func complete(_ words: [String], _ option: String) throws -> [Substring] {
      let request = ["---completion"] + words + ["--", option, "\(words.count + 1)", "0"]
      let outcome = try program.run(request + ["invitro"] + words + [""])
      #expect(outcome.status == 0, "\(outcome.err)")
      return outcome.out.split(separator: "\n")
    }
    #expect(try complete(["score"], "--benchmark").contains { $0.contains("newsemp24") })
    let script = try program.run("--generate-completion-script", "bash")
    #expect(script.status == 0 && script.out.contains("---completion"))
    #expect(!FileManager.default.fileExists(atPath: place.file("data").path))
  }
}
