import Foundation
import Harness
import Server
import Testing

@Suite("Server: what an answer tells of hidden labels besides its content")
struct GuardedAnswerTests {
  /// An answer without its content: what somebody sees who can't read it.
  private static func shape(_ answer: Answer) -> String {
    let fields = answer.headers.sorted { $0.key < $1.key }.map { name, value in
      // An id is new each time.
      name == "location" ? "\(name): \(value.count)" : "\(name): \(value)"
    }
    return "\(answer.status) \(answer.body.count) \(fields)"
  }

  /// Labels that agree with `file` to the degree `share`, from -1 to 1.
  private func plant(_ share: Double, _ file: URL, in arena: Arena) throws {
    var datasets = try ["train", "dev", "test"].map {
      try arena.home.load(try BenchmarkRegistry(folder: nil).find("sample24"), split: $0)
    }
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    for (row, line) in lines.enumerated() {
      let value = try #require(line.split(separator: "\t").first.flatMap { Double($0) })
      let noise = Double(row * 37 % 83) / 20 - 2
      let label = 4 + share * (value - 4) + (1 - abs(share)) * noise
      datasets[2].rows[row].labels["empathy"] = (min(7, max(1, label)) * 1e4).rounded() / 1e4
    }
    _ = try arena.home.save(datasets, of: "sample24", sources: [:])
  }

  @Test(
    "answers have the same size and header fields whatever the labels are",
    arguments: Phase.Visibility.allCases)
  func sizes(_ visibility: Phase.Visibility) async throws {
    var shapes: Set<[String]> = []
    var outcomes: Set<[String]> = []
    for (share, base) in [(-1, 0), (0.3, 0), (0.6, 0), (1, 0), (1, 1)] as [(Double, Int)] {
      let arena = try Arena(phase: .open(visibility, labels: .hidden))
      let files = try [arena.predictions(1), arena.predictions(2)]
      try plant(share, files[base], in: arena)
      let server = try await arena.server()
      let token = arena.authorization("Team A")
      var seen: [Answer] = []
      var ids: [String] = []
      for file in files {
        let key = ["Idempotency-Key": file.lastPathComponent]
        let answer = try await arena.submit(file, to: server, headers: key)
        ids.append(try #require(try answer.object()["id"] as? String))
        seen += [answer, try await arena.submit(file, to: server, headers: key)]
      }
      for id in ids { seen.append(try await server.get("/api/v1/submissions/\(id)", token)) }
      seen.append(try await server.get("/api/v1/submissions", token))
      if visibility != .public {
        server.publish()
        let board = "/api/v1/leaderboard?benchmark=sample24&split=test"
        seen.append(try await server.get(board))
        #expect(seen.last?.headers["etag"] != nil)
      }
      shapes.insert(seen.map(Self.shape))
      outcomes.insert(
        try arena.store.submissions(limit: 5).reversed().compactMap(\.verdict?.rawValue))
    }
    #expect(shapes.count == 1, "\(shapes)")
    #expect(
      outcomes == [["notBetter", "notBetter"], ["first", "notBetter"], ["first", "better"]])
  }

  @Test("a body is filled up by whole reserves, beyond what does not depend on labels")
  func padding() {
    let reserve = GuardedAnswer.reservedBytes
    func size(_ labels: Int, count: Int = 1) -> Int {
      GuardedAnswer.paddedSize(1000 + labels, least: 1000, count: count)
    }
    #expect([0, 1, reserve].map { size($0) } == [1000, 1000, 1000].map { $0 + reserve })
    #expect(size(reserve + 1) == 1000 + 2 * reserve)
    #expect(size(reserve + 1, count: 2) == 1000 + 2 * reserve)
    #expect(size(0, count: 0) == 1000 + reserve)
  }

  @Test("a page is filled up with digits that differ each time")
  func comment() {
    let (one, two) = (GuardedAnswer.comment(of: 64), GuardedAnswer.comment(of: 64))
    #expect(one.count == two.count && one.count == GuardedAnswer.comment(of: 0).count + 64)
    #expect(one != two)
  }

  @Test("an answer waits for a whole tick, and one of a board with open labels does not")
  func ticks() async throws {
    let waits = [0, 1, 50, 51, 149].map { GuardedAnswer.wait(after: .milliseconds($0)) }
    #expect(waits == [50, 50, 50, 100, 150].map { .milliseconds($0) })
    let arena = try Arena(phase: .open(.own, labels: .hidden))
    let server = try await arena.server()
    let token = arena.authorization("Team A")
    var paths = ["/api/v1/submissions"]
    for seed in 1...2 {
      let start = ContinuousClock.now
      let answer = try await arena.submit(try arena.predictions(seed), to: server)
      #expect(ContinuousClock.now - start >= GuardedAnswer.tick)
      #expect(answer.headers["cache-control"] == "no-store, no-transform")
      paths.append(try #require(answer.headers["location"]))
    }
    for path in paths {
      let start = ContinuousClock.now
      #expect(try await server.get(path, token).status == 200)
      #expect(ContinuousClock.now - start >= GuardedAnswer.tick)
    }
    let start = ContinuousClock.now
    #expect(try await server.get(paths[2]).status == 404, "without its token")
    #expect(ContinuousClock.now - start >= GuardedAnswer.tick)
    try arena.store.setPhase(.open(.own))
    let open = try await arena.submit(try arena.predictions(3), to: server)
    #expect(open.headers["cache-control"] == "no-store" && open.text.hasSuffix("}"))
  }
}
