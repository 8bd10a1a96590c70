import Foundation
import Harness
import HTTPTypes
import Metrics
import Server
import Synchronization
import Testing
import TestSupport

@Suite("Server: nothing private is shown")
struct PrivacyTests {
  /// What must be nowhere: every label and residual has digits that nothing else has.
  private struct Secrets {
    var texts: [String] = []
    static let contact = "contact-7f3a@example.org"
  }

  @Test("planted labels, essays, residuals, contacts and tokens are in no answer, page or log")
  func planted() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"], phase: nil)
    var (secrets, predictions) = try plant(in: arena)
    try arena.store.setPhase(.open(daily: 100, dailyFailing: 1000))
    let log = Mutex("")
    let server = try await arena.server(site: true) { line in log.withLock { $0 += line + "\n" } }
    secrets.texts += arena.tokens.values
    var seen: [(String, Data)] = []
    func keep(_ what: String, _ answer: Answer) {
      let fields = answer.headers.map { "\($0): \($1)" }.joined(separator: "\n")
      seen.append((what, Data(fields.utf8) + answer.body))
    }
    let meta: [String: Any] = ["contact": Secrets.contact]
    let first = try await arena.submit(predictions, to: server, metadata: meta)
    #expect(first.status == 201)
    keep("submission", first)
    for seed in 0..<3 {
      let file = try arena.predictions(seed)
      keep(
        "submission \(seed)",
        try await arena.submit(file, to: server, team: "Team B", metadata: meta))
    }
    for (index, content) in try faulty(predictions).enumerated() {
      let file = try arena.folder.write(content, to: "faulty-\(index)")
      let answer = try await arena.submit(file, to: server, metadata: meta)
      #expect((400..<500).contains(answer.status), "faulty upload \(index)")
      keep("faulty upload \(index)", answer)
    }
    server.publish()
    let id = try #require(try first.object()["id"] as? String)
    for path in paths(id) {
      for headers in [[:], arena.authorization("Team A"), ["Accept": "text/csv"]] {
        keep(path, try await server.get(path, headers))
      }
      keep(path, try await server.request(.put, path))
    }
    let board = "/sample24/test/leaderboard.json"
    #expect(try await server.get(board).text.contains("Team B"))
    try arena.store.withdraw(id, why: "a test of privacy")
    server.publish()
    #expect(try await server.get(board).text.contains("withdrawn"))
    let pages = try await pages(of: server, in: arena)
    try checkGroups(pages)
    seen += pages
    seen.append(("log", Data(log.withLock { $0 }.utf8)))
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
    let home = arena.home
    let definition = try BenchmarkRegistry(folder: nil).find("sample24")
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
  private func pages(
    of server: TestServer, in arena: Arena
  ) async throws -> [(String, Data)] {
    var pages: [(String, Data)] = []
    for path in arena.sitePaths where path.contains(".") {
      let answer = try await server.get("/\(path)")
      #expect(answer.status == 200, "\(path)")
      pages.append((path, answer.body))
    }
    return pages
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
