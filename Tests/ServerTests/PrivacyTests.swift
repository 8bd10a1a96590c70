import Foundation
import Harness
import Metrics
import TestSupport
import Testing

@Suite("Server: nothing private is shown")
struct PrivacyTests {
  /// What must be nowhere: every label and residual has digits that nothing else has.
  private struct Secrets {
    var texts: [String] = []
    static let contact = "contact-7f3a@example.org"
  }

  @Test("planted labels, essays, residuals, contacts and tokens are in no answer, page or log")
  func planted() throws {
    let arena = try Arena(teams: ["Team A", "Team B"], phase: nil)
    var (secrets, predictions) = try plant(in: arena)
    try arena.set([
      "--visibility", "public", "--daily", "100", "--daily-failing", "1000", "--name", "open",
    ])
    let server = try arena.server([
      "--site", "site", "--source", Shared.checkout.appending(path: "site").path, "--replicates",
      "200", "--rebuild-seconds", "1",
    ])
    secrets.texts += arena.tokens.values
    var seen: [(String, Data)] = []
    func keep(_ what: String, _ answer: Curl) {
      let fields = answer.headers.map { "\($0): \($1)" }.joined(separator: "\n")
      seen.append((what, Data(fields.utf8) + answer.body))
    }
    let meta: [String: Any] = ["contact": Secrets.contact]
    let first = try arena.submit(predictions, to: server, metadata: meta)
    #expect(first.status == 201)
    keep("submission", first)
    for seed in 0..<3 {
      keep(
        "submission \(seed)",
        try arena.submit(
          try arena.predictions(seed), to: server, team: "Team B", metadata: meta))
    }
    for (index, content) in try faulty(predictions).enumerated() {
      let file = try arena.folder.write(content, to: "faulty-\(index)")
      let answer = try arena.submit(file, to: server, metadata: meta)
      #expect((400..<500).contains(answer.status), "faulty upload \(index)")
      keep("faulty upload \(index)", answer)
    }
    let id = try #require(try first.object()["id"] as? String)
    for path in paths(id) {
      for options in [
        [], arena.authorization("Team A"), ["-H", "Accept: text/csv"], ["-X", "PUT"],
      ] {
        keep(path, try Curl(options + ["--path-as-is", server.url(path)]))
      }
    }
    #expect(
      try eventually {
        try Curl(server.url("/sample24/test/leaderboard.json")).text.contains("Team B")
      })
    _ = try arena.program.run("submission", "withdraw", id, "--why", "a test of privacy")
    #expect(
      try eventually {
        try Curl(server.url("/sample24/test/leaderboard.json")).text.contains("withdrawn")
      })
    let pages = try pages(of: server, in: arena)
    try checkGroups(pages)
    seen += pages
    server.stop()
    seen.append(("log", Data(server.log.utf8)))
    #expect(seen.count > 60)
    for (what, bytes) in seen {
      let text = String(decoding: bytes, as: UTF8.self)
      for secret in secrets.texts where text.contains(secret) {
        Issue.record("\(secret) is in \(what)")
      }
    }
  }

  /// Gives the test split labels and essays that are found wherever they go.
  private func plant(in arena: Arena) throws -> (Secrets, URL) {
    let home = DataHome(arena.folder.file("data"))
    let definition = try BenchmarkRegistry.find("sample24")
    var datasets = try definition.splitNames.map { try home.load(definition, split: $0) }
    var secrets = Secrets(texts: [Secrets.contact])
    var lines: [String] = []
    let test = try #require(datasets.firstIndex { $0.split == "test" })
    for row in datasets[test].rows.indices {
      // Seven digits a label: 1.2731001, 1.3461002, …; a mean of four decimals cannot look so.
      let empathy = 1.2 + Double(row % 70) * 0.073 + Double(1001 + row) * 1e-7
      let distress = 1.3 + Double(row % 60) * 0.081 + Double(5003 + row) * 1e-7
      let residual = 0.4 + Double(row % 9) * 0.037 + Double(3007 + row) * 1e-7
      datasets[test].rows[row].labels["empathy"] = rounded(empathy)
      datasets[test].rows[row].labels["distress"] = rounded(distress)
      datasets[test].rows[row].text = "Planted essay number \(row): zanzibar\(row)quagga."
      secrets.texts += [empathy, distress, residual].map { "\(rounded($0))" }
      secrets.texts += ["zanzibar\(row)quagga"]
      lines.append("\(rounded(empathy + residual))\t\(rounded(distress - residual / 2))")
    }
    _ = try home.save(datasets, of: "sample24", sources: [:])
    let file = try arena.folder.write(
      lines.joined(separator: "\n") + "\n", to: "planted-predictions.tsv")
    return (secrets, file)
  }

  private func rounded(_ value: Double) -> Double { (value * 1e7).rounded() / 1e7 }

  /// Uploads that make the readers complain in different ways.
  private func faulty(_ predictions: URL) throws -> [Data] {
    let lines = try String(contentsOf: predictions, encoding: .utf8).split(separator: "\n")
      .map(String.init)
    func file(_ lines: [String]) -> Data { Data((lines.joined(separator: "\n") + "\n").utf8) }
    var odd = lines
    odd[3] = "abc\t1"
    odd[5] = "inf\t2"
    return [
      file(Array(lines.dropLast(2))), file(lines + ["1\t2"]), file(odd), Data(), Data("\0\0".utf8),
      file(["id,empathy", "nobody,3"]), file(["id,empathy"]), Data("{\"id\": 3}\n".utf8),
      file(["id\tcompassion"] + lines), Data([0x50, 0x4B, 3, 4, 1, 2, 3]),
    ]
  }

  private func paths(_ id: String) -> [String] {
    [
      "/api/v1/submissions/\(id)", "/api/v1/submissions?team=Team+A", "/api/v1/submissions",
      "/api/v1/leaderboard?benchmark=sample24&split=test", "/api/v1/benchmarks",
      "/api/v1/healthz", "/api/v1/metrics", "/api/v1/openapi.json", "/api/v1/none",
      "/api/v1/leaderboard?benchmark=sample24&split=train", "/data/sample24/test.csv",
      "/../data/sample24/test.csv", "/sample24/test.csv",
    ]
  }

  /// Every file of the site as it is served.
  private func pages(of server: RunningServer, in arena: Arena) throws -> [(String, Data)] {
    let root = arena.folder.file("site").path
    let paths = FileManager.default.enumerator(atPath: root)?.allObjects as? [String] ?? []
    return try paths.filter { $0.contains(".") && !$0.hasPrefix(".") }.map { path in
      let answer = try Curl(server.url("/\(path)"))
      #expect(answer.status == 200, "\(path)")
      return (path, answer.body)
    }
  }

  /// Every group in a document is large enough or has no figure.
  private func checkGroups(_ pages: [(String, Data)]) throws {
    var groups: [[String: Any]] = []
    func collect(_ value: Any) {
      if let object = value as? [String: Any] {
        if object["attribute"] is String, object["group"] is String { groups.append(object) }
        for inner in object.values { collect(inner) }
      } else if let list = value as? [Any] {
        for inner in list { collect(inner) }
      }
    }
    for (what, bytes) in pages where what.hasSuffix(".json") {
      collect(try JSONSerialization.jsonObject(with: bytes))
    }
    #expect(groups.contains { $0["suppressed"] != nil }, "the sample has small groups")
    #expect(groups.contains { $0["n"] != nil })
    for group in groups where group["suppressed"] == nil {
      guard let n = group["n"] as? Int, group["empathy"] != nil || group["distress"] != nil else {
        continue
      }
      #expect(n >= PublishingThreshold.standard.minRows)
      #expect((group["clusters"] as? Int ?? 0) >= PublishingThreshold.standard.minClusters)
    }
  }
}
