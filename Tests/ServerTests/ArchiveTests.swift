import Foundation
import Harness
import Metrics
import Report
import Server
import Testing
import TestSupport

@Suite("The archive of a server's board")
struct ArchiveTests {
  private static let key = BoardKey(benchmark: "sample24", split: "test")
  private static let contact = "contact-7f3a@example.org"
  private static let fileDigest = String(repeating: "7", count: 64)

  private func publication(_ arena: Arena) throws -> PublishedBoards.Publication {
    var options = ScoringOptions()
    options.inference.replicates = 200
    return try PublishedBoards(
      arena.home, definitions: BenchmarkRegistry.shipped(),
      folders: [SubmissionFolder(arena.folder.file("submissions"))], options: options
    ).board(Self.key)
  }

  private func zip(_ arena: Arena) throws -> Data {
    let published = try publication(arena)
    return try BoardArchive(
      published.board, ArchiveRecord(creators: [], day: "2026-01-31"),
      manifest: arena.home.manifest("sample24"), hidden: published.hidden
    ).zip()
  }

  /// Gives the test split labels and texts that are found wherever they go; the file that they came from
  /// has a digest that is found, too.
  private func plant(in arena: Arena) throws -> [String] {
    let definition = try BenchmarkRegistry(folder: nil).find("sample24")
    var datasets = try definition.splitNames.map { try arena.home.load(definition, split: $0) }
    let test = try #require(datasets.firstIndex { $0.split == "test" })
    var secrets: [String] = []
    for row in datasets[test].rows.indices {
      for (target, start) in [("empathy", 1.2), ("distress", 1.3)] {
        let label = start + Double(row % 70) * 0.073 + Double(1001 + row) * 1e-7
        datasets[test].rows[row].labels[target] = (label * 1e7).rounded() / 1e7
        secrets.append("\((label * 1e7).rounded() / 1e7)")
      }
      datasets[test].rows[row].text = "Planted essay number \(row): zanzibar\(row)quagga."
      secrets.append("zanzibar\(row)quagga")
    }
    _ = try arena.home.save(
      datasets, of: "sample24", sources: ["goldstandard_EMP.csv": Self.fileDigest])
    return secrets
  }

  @Test(
    "holds the board of open and of guarded labels, and no label, text, contact, token or prediction",
    arguments: [Phase.Labels.open, .hidden])
  func planted(labels: Phase.Labels) async throws {
    let arena = try Arena(teams: ["Team A", "Team B"], phase: nil)
    let secrets = try plant(in: arena)
    try arena.store.setPhase(.open(labels: labels))
    let server = try await arena.server()
    var predictions: [String] = []
    for (seed, team) in ["Team A", "Team B"].enumerated() {
      let file = try arena.predictions(seed)
      predictions += try String(contentsOf: file, encoding: .utf8).split(
        whereSeparator: \.isNewline
      )
      .map(String.init)
      let answer = try await arena.submit(
        file, to: server, team: team, metadata: ["contact": Self.contact])
      #expect(answer.status == 201)
    }
    let zip = try zip(arena)
    func holds(_ text: String) -> Bool { zip.range(of: Data(text.utf8)) != nil }
    #expect(holds("leaderboard.json") && holds("\"team\" : \"Team A\""))
    for secret in secrets + predictions + Array(arena.tokens.values) + ["contact-7f3a"] {
      #expect(!holds(secret), "\(secret)")
    }
    // The digest of the labels' file tells who guesses right; groups and intervals tell of labels.
    #expect(holds(Self.fileDigest) == (labels == .open))
    #expect(holds("\"attribute\" : \"gender\"") == (labels == .open))
    #expect(holds("\"rmse\" : {") == (labels == .open))
  }

  @Test(
    "is refused where the scores are not public", arguments: [Phase.Visibility.own, .hidden])
  func notPublic(visibility: Phase.Visibility) throws {
    let arena = try Arena(phase: .open(visibility))
    let error = #expect(throws: ServerError.self) { try publication(arena) }
    #expect(error?.description.contains("sample24/test is not public") == true)
  }

  @Test(
    "a board that the server has no phase of comes from the folders; without entries there is none")
  func folders() throws {
    let arena = try Arena(phase: nil)
    #expect(throws: HarnessError.self) { try publication(arena) }
    let sample = try SampleFolder.shared.get()
    let system = sample.folder.file(try sample.system(2)).path
    try arena.folder.write("{\"contact\": \"\(Self.contact)\"}", to: "meta.json")
    let added = try arena.program.run(
      "submit", "add", system, "-b", "sample24", "-s", "test", "--team", "T", "--system", "S",
      "--kind", "baseline", "--meta", "meta.json")
    #expect(added.status == 0, "\(added.err)")
    let published = try publication(arena)
    #expect(published.board.scored.count == 1 && published.hidden.isEmpty)
    let arguments = [
      "archive", "sample24/test", "--creator", "Doe, Jane", "--date", "2026-01-31", "--replicates",
      "200",
    ]
    let first = try arena.program.run(arguments)
    #expect(first.status == 0 && first.out == "sample24-test-2026-01-31.zip\n")
    #expect(first.err.contains("without a ledger"))
    let zip = try Data(contentsOf: arena.folder.file("sample24-test-2026-01-31.zip"))
    let second = try arena.program.run(
      arguments + ["--out", "second.zip"], environment: ["TZ": "Asia/Tokyo"])
    #expect(second.status == 0)
    #expect(try Data(contentsOf: arena.folder.file("second.zip")) == zip)
    #expect(zip.range(of: Data("contact-7f3a".utf8)) == nil)
  }

  @Test(
    "wrong usage is told",
    arguments: [
      ["archive", "sample24/test"],
      ["archive", "sample24", "--creator", "A"],
      ["archive", "sample24/none", "--creator", "A"],
      ["archive", "sample24/test", "-b", "sample24", "--creator", "A"],
      ["archive", "sample24/test", "--creator", "A", "--date", "today"],
      ["archive", "sample24/test", "--creator", "Doe, Jane|0000-0002-1825-0098"],
    ])
  func usage(_ arguments: [String]) throws {
    let arena = try Arena(phase: nil)
    #expect(try arena.program.run(arguments).status == 64)
  }
}
