import Foundation
import TestSupport
import Testing

/// A benchmark that has nothing of NewsEmp: turns of conversations with a valence from 0 to 10, by
/// platform. Its commands run as a user runs them, with the definition as a file.
@Suite("A benchmark of one's own, from its files to the server")
struct OwnBenchmarkTests {
  private let folder: TemporaryFolder
  private let program: Program
  private let board = ["-b", "moods.json", "-s", "test"]
  private let quick = ["--replicates", "200"]

  init() throws {
    folder = try TemporaryFolder()
    program = try Program(in: folder.url)
    try folder.write(
      """
      {"schema": 1, "id": "moods", "title": "Moods", "description": "Turns.", "licence": "CC0",
       "source": "https://example.org", "open": true, "rowNoun": "turn",
       "targets": [{"name": "valence", "low": 0, "high": 10}], "clusters": ["conversation"],
       "primary": {"target": "valence", "metric": "ccc"}, "defaultSplit": "test",
       "splits": [{"name": "test", "rows": 60, "file": "turns.csv", "format": "csv"}],
       "columns": {"id": ["turn"], "text": "words", "targets": {"valence": "mood"},
        "clusters": {"conversation": "talk"}, "attributes": {"platform": "app"}},
       "groups": [{"attribute": "platform", "codes": {"p": "Phone", "w": "Web"}}],
       "missing": [], "quirks": []}
      """, to: "moods.json")
    let rows = (0..<60).map { row in
      "t\(row),c\(row % 12),Turn number \(row).,\(Self.mood(row)),\(row % 12 < 6 ? "p" : "w")\n"
    }
    try folder.write("turn,talk,words,mood,app\n" + rows.joined(), to: "files/turns.csv")
    // Without a header: the target's column alone, in the split's order.
    let near = (0..<60).map { "\(Self.mood($0) * 0.8 + Double($0 % 5) * 0.4)\n" }
    try folder.write(near.joined(), to: "near.tsv")
    let far = (0..<60).reversed().map { "t\($0),\(Self.mood($0) * 0.3 + Double($0 % 7))\n" }
    try folder.write("id,valence\n" + far.joined(), to: "far.csv")
  }

  private static func mood(_ row: Int) -> Double { Double((row * 37 + row % 12 * 5) % 41) / 4.1 }

  private func run(_ arguments: [String], status: Int32 = 0) throws -> Program.Outcome {
    let outcome = try program.run(arguments)
    #expect(outcome.status == status, "\(arguments): \(outcome.err)")
    return outcome
  }

  @Test("files are imported, validated, scored by platform and compared")
  func scored() throws {
    let summary = try run(["data", "import", "moods.json", "--from", "files", "--json"]).object()
    let split = try #require((summary["splits"] as? [[String: Any]])?.first)
    #expect(split["clusters"] as? [String: Int] == ["conversation": 12])
    #expect(split["withoutAttributes"] as? Int == 0)
    let verdict = try run(["validate", "near.tsv", "--format=json"] + board).object()
    #expect(verdict["targets"] as? [String] == ["valence"])
    let report = try run(["score", "near.tsv", "--format=json", "--sensitivity"] + board + quick)
      .object()
    #expect(report["clusters"] as? Int == 12)
    #expect((report["targets"] as? [String: Any])?.keys.sorted() == ["valence"])
    #expect((report["signature"] as? String)?.contains("|cluster:conversation|") == true)
    #expect((report["wassa"] as? [String: Any])?.keys.sorted() == ["averaged", "valence"])
    let groups = try #require(report["groups"] as? [[String: Any]])
    #expect(groups.compactMap { $0["group"] as? String } == ["Phone", "Web"])
    #expect(groups.allSatisfy { ($0["valence"] as? [String: Any])?["ccc"] != nil })
    let other = try #require(report["sensitivity"] as? [[String: Any]])
    #expect(other.compactMap { $0["cluster"] as? String } == ["row"])
    let shown = try run(["score", "near.tsv", "--by", "platform"] + board + quick).out
    #expect(shown.contains("valence") && shown.contains("Phone") && !shown.contains("empathy"))
    let refused = try run(["score", "near.tsv", "--cluster", "person"] + board, status: 64)
    #expect(refused.err.contains("conversation, row"))
    let pair = try run(["compare", "near.tsv", "far.csv", "--format=json"] + board + quick).object()
    #expect((pair["conclusion"] as? String)?.contains("CCC of valence") == true)
  }

  /// An entry of a benchmark that nobody here knows.
  private func writeStranger() throws {
    let entry = folder.file("submissions/moods/t-near")
    for name in ["submission.json", "predictions.tsv"] {
      let text = try String(contentsOf: entry.appending(path: name), encoding: .utf8)
      let other = text.replacing("\"moods\"", with: "\"strange\"")
      try folder.write(other, to: "submissions/strange/t-near/\(name)")
    }
  }

  @Test("its entries stand on a site, and a server takes and ranks submissions")
  func served() throws {
    _ = try run(["data", "import", "moods.json", "--from", "files"])
    for (file, system) in [("near.tsv", "Near"), ("far.csv", "Far")] {
      _ = try run(
        ["submit", "add", file, "--team", "T", "--system", system, "--date", "2026-01-02"] + board)
    }
    try writeStranger()
    let built = try run(["site", "build", "--out", "built", "-b", "moods.json"] + quick)
    #expect(built.err.contains("submissions/strange: skipped"), "\(built.err)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("built/newsemp24").path))
    _ = try run(["site", "check", "built", "-b", "moods.json"])
    let page = try String(contentsOf: folder.file("built/moods/test/index.html"), encoding: .utf8)
    #expect(page.contains("Valence") && !page.lowercased().contains("empathy"))
    let token = try run(["team", "add", "Ours"]).out.trimmingCharacters(in: .newlines)
    _ = try run(["phase", "set", "--visibility", "public", "--opens", "2026-01-01"] + board)
    let server = try RunningServer(
      program, ["-b", "moods.json", "--site", "served", "--rebuild-seconds", "1"] + quick)
    let listed = try Curl(server.url("/api/v1/benchmarks")).text
    #expect(listed.contains("\"moods\"") && !listed.contains("newsemp24"))
    let sent = try program.run(
      ["submit", "push", "near.tsv", "--server", server.url(""), "--system", "Sent"] + board,
      environment: ["INVITRO_TOKEN": token])
    #expect(sent.status == 0 && sent.out.contains("valence CCC"), "\(sent.err)")
    let address = server.url("/api/v1/leaderboard?benchmark=moods&split=test")
    let isRanked = eventually {
      let answer = try? Curl(address)
      return answer?.text.contains("Sent") == true && answer?.text.contains("\"valence\"") == true
    }
    #expect(isRanked)
    #expect(server.stop() == 0)
  }
}
