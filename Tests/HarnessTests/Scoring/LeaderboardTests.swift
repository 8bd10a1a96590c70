import Basics
import Foundation
import Harness
import Metrics
import Sample
import TestSupport
import Testing

/// A data home with the synthetic set, made once for all tests that only read it.
private struct SampleHome {
  static let shared = Result { try SampleHome() }

  let folder: TemporaryFolder
  let home: DataHome
  let definition: BenchmarkDefinition
  let test: Dataset
  /// Names of the example systems.
  let systems: [String]

  init() throws {
    folder = try TemporaryFolder()
    home = DataHome(folder.file("home"))
    definition = try BenchmarkRegistry(folder: nil).find("sample24")
    _ = try SampleGenerator(seed: 24).write(to: folder.file("files"))
    _ = try DatasetImporter.run(definition, from: folder.file("files"), into: home)
    test = try home.load(definition, split: "test")
    systems = try FileManager.default.contentsOfDirectory(
      atPath: folder.file("files/systems").path
    ).sorted()
  }

  func predictions(_ system: String) throws -> Predictions {
    try PredictionReader(definition, dataset: test).read(
      folder.file("files/systems/\(system)/predictions_EMP.tsv"))
  }

  /// The example systems as entries of a fresh folder.
  func submissions(_ count: Int? = nil) throws -> (TemporaryFolder, SubmissionFolder) {
    let place = try TemporaryFolder()
    let submissions = SubmissionFolder(place.file("submissions"))
    for system in systems.prefix(count ?? systems.count) {
      var metadata = SubmissionMetadata(
        benchmark: "sample24", split: "test", team: "T", system: system, kind: .baseline)
      metadata.submitted = "2026-01-02"
      _ = try submissions.add(
        predictions(system), dataset: test, metadata: metadata, slug: Slug.make(system))
    }
    return (place, submissions)
  }
}

@Suite("Boards and the store of reports")
struct LeaderboardTests {
  private let benchmarks: [BenchmarkDefinition]

  init() throws { benchmarks = try BenchmarkRegistry.shipped() }

  private func builder(
    _ submissions: SubmissionFolder, home: DataHome, store: ReportStore?, seed: UInt64 = 1
  ) -> FolderBoards {
    FolderBoards(
      [submissions], home: home, benchmarks: benchmarks,
      options: ScoringOptions(inference: InferenceOptions(replicates: 200, seed: seed)),
      store: store)
  }

  private func same(
    _ one: [Board], _ other: [Board]
  ) -> Bool {
    one.map(\.entries) == other.map(\.entries) && one.map(\.comparison) == other.map(\.comparison)
      && one.map(\.split) == other.map(\.split)
  }

  @Test("what the store keeps gives the boards that were computed", arguments: [1, 4])
  func store(count: Int) throws {
    let sample = try SampleHome.shared.get()
    let (place, submissions) = try sample.submissions(count)
    let file = place.file("store/invitro.sqlite")
    let computed = try builder(submissions, home: sample.home, store: nil).boards()
    let first = try builder(submissions, home: sample.home, store: ReportStore(file)).boards()
    let size = try Data(contentsOf: file).count
    let second = try builder(submissions, home: sample.home, store: ReportStore(file)).boards()
    #expect(same(computed, first) && same(first, second))
    #expect(computed.first?.entries.count == count)
    #expect(computed.first?.comparison?.pairs.isEmpty == (count == 1))
    // What the split can tell apart is known from one system on.
    #expect(computed.first?.comparison?.detectable?.difference != nil)
    #expect(try Data(contentsOf: file).count == size, "the second run keeps nothing new")
  }

  @Test("another seed is another report, not the kept one")
  func otherChoices() throws {
    let sample = try SampleHome.shared.get()
    let (place, submissions) = try sample.submissions(2)
    let store = try ReportStore(place.file("invitro.sqlite"))
    let one = try builder(submissions, home: sample.home, store: store, seed: 1).boards()
    let two = try builder(submissions, home: sample.home, store: store, seed: 2).boards()
    #expect(one.first?.entries.first?.report?.signature.contains("seed:1|") == true)
    #expect(two.first?.entries.first?.report?.signature.contains("seed:2|") == true)
  }

  @Test("a guarded board shows what its rule releases, of reports, pairs and cached ones alike")
  func guarded() throws {
    let sample = try SampleHome.shared.get()
    let (place, submissions) = try sample.submissions(2)
    let store = try ReportStore(place.file("invitro.sqlite"))
    let builder = builder(submissions, home: sample.home, store: store)
    let open = try #require(try builder.boards().first)
    let grid = ReleaseGrid(sample.definition.primary, step: 0.1, floor: 0.1)
    let key = Data("sixteen bytes ok".utf8)
    let board = try #require(try builder.boards(rule: { _ in .hidden(grid, key: key) }).first)
    #expect(!open.isGuarded && board.isGuarded && board.level == 0.95)
    #expect(open.labels != nil && board.labels == nil)
    #expect(open.scored.allSatisfy { $0.report?.groups.isEmpty == false })
    #expect(board.scored.allSatisfy { $0.report?.groups.isEmpty == true })
    let values = board.scored.compactMap { board.primary($0)?.value }
    #expect(values.count == 2 && values == values.sorted(by: >))
    #expect(values.allSatisfy { abs(($0 * 10).rounded() / 10 - $0) < 1e-12 })
    // Ranks follow from the released values alone.
    let comparison = try #require(board.comparison)
    #expect(comparison.pairs.isEmpty && comparison.standings.count == 2)
    let ranks = comparison.standings.map { [$0.lowRank, $0.highRank] }
    #expect(ranks == (values[0] == values[1] ? [[1, 2], [1, 2]] : [[1, 1], [2, 2]]))
  }

  @Test("entries of another source stand beside the folders', and are not read where all is cached")
  func twoFeeders() throws {
    let sample = try SampleHome.shared.get()
    let (place, submissions) = try sample.submissions(2)
    let store = try ReportStore(place.file("invitro.sqlite"))
    let predictions = try sample.predictions(sample.systems[2])
    let alone = Board.Builder(
      definition: sample.definition, split: "test", dataset: sample.test,
      options: ScoringOptions(inference: InferenceOptions(replicates: 200)), store: store)
    var metadata = SubmissionMetadata(
      benchmark: "sample24", split: "test", team: "T", system: "S", kind: .baseline)
    metadata.contact = "someone@example.org"
    var candidate = Board.Candidate(slug: "of-the-server", metadata: metadata) {
      _ throws(HarnessError) in predictions
    }
    candidate.report = try alone.board([candidate]).scored.first?.report
    candidate.digest = predictions.digest
    let builder = builder(submissions, home: sample.home, store: store)
    let first = try #require(try builder.boards(adding: [candidate]).first)
    #expect(first.scored.count == 3 && first.comparison?.pairs.count == 3)
    #expect(first.entries.allSatisfy { $0.metadata.contact == nil })
    candidate.read = { _ throws(HarnessError) in throw .usage("read again") }
    let second = try #require(try builder.boards(adding: [candidate]).first)
    #expect(first.scored == second.scored && first.comparison == second.comparison)
  }

  @Test("a private report can be neither encoded nor decoded")
  func privateReport() {
    #expect((PrivateReport.self as Any) is any Encodable.Type == false)
    #expect((PrivateReport.self as Any) is any Decodable.Type == false)
    #expect((LocalReport.self as Any) is any Decodable.Type == false)
  }

  @Test("the store is readable by its owner alone")
  func mode() throws {
    let place = try TemporaryFolder()
    let file = place.file("home/invitro.sqlite")
    _ = try ReportStore(file)
    let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
    #expect((mode as? NSNumber)?.intValue == 0o600)
  }

  @Test("a file that is no database is refused, not overwritten")
  func notADatabase() throws {
    let place = try TemporaryFolder()
    let file = try place.write(String(repeating: "words ", count: 500), to: "invitro.sqlite")
    #expect(throws: HarnessError.self) { try ReportStore(file) }
    #expect(try String(contentsOf: file, encoding: .utf8).hasPrefix("words"))
  }

  @Test("progress is told for every entry")
  func progress() throws {
    let sample = try SampleHome.shared.get()
    let (place, submissions) = try sample.submissions(3)
    defer { withExtendedLifetime(place) {} }
    var seen: [Int] = []
    _ = try builder(submissions, home: sample.home, store: nil).boards(progress: { done, total in
      #expect(total == 3)
      seen.append(done)
    })
    #expect(seen == [1, 2, 3])
  }

  @Test("without the split's labels an entry is listed, and says why it has no score")
  func withoutData() throws {
    let sample = try SampleHome.shared.get()
    let (place, submissions) = try sample.submissions(1)
    let empty = DataHome(place.file("nothing"))
    let board = try #require(try builder(submissions, home: empty, store: nil).boards().first)
    #expect(board.entries.count == 1)
    #expect(board.entries[0].report == nil)
    #expect(board.entries[0].unscored?.contains("not on the machine") == true)
  }

  @Test("a published entry stands on the board without report")
  func published() throws {
    let sample = try SampleHome.shared.get()
    let (place, submissions) = try sample.submissions(1)
    try place.write(
      """
      {"schema": 1, "benchmark": "sample24", "split": "test", "team": "T", "system": "S",
       "kind": "published", "claimed": {"empathy": {"pcc": 0.99}}}
      """, to: "submissions/sample24/paper/submission.json")
    let board = try #require(try builder(submissions, home: sample.home, store: nil).boards().first)
    let paper = try #require(board.entries.first { $0.slug == "paper" })
    #expect(paper.report == nil && paper.unscored == nil)
    #expect(
      board.comparison?.pairs.isEmpty == true && board.comparison?.standings.isEmpty == true,
      "one scored entry has nobody to be compared with")
  }

  @Test("a withdrawn entry is compared with nobody, and is sound without its predictions")
  func withdrawn() throws {
    let sample = try SampleHome.shared.get()
    let (place, submissions) = try sample.submissions(3)
    let entry = try #require(try submissions.entries().first)
    let folder = submissions.url.appending(path: "sample24/\(entry.slug)")
    var metadata = entry.metadata
    metadata.history = [.init(day: "2026-02-03", kind: .withdrawn, text: "At the team's wish.")]
    try CanonicalJSON.document(metadata).write(to: folder.appending(path: "submission.json"))
    let board = try #require(try builder(submissions, home: sample.home, store: nil).boards().first)
    #expect(board.comparison?.standings.map(\.slug).contains(entry.slug) == false)
    #expect(board.comparison?.pairs.count == 1)
    try FileManager.default.removeItem(at: folder.appending(path: "predictions.tsv"))
    let outcome = try SubmissionCheck.run(submissions, home: sample.home, benchmarks: benchmarks)
    #expect(outcome.compared == 2 && outcome.withdrawn == 1)
    metadata.history?.append(.init(day: "2026-02-02", kind: .restored, text: " "))
    try CanonicalJSON.document(metadata).write(to: folder.appending(path: "submission.json"))
    let faults = refusal { try submissions.entries() }
    #expect(faults.compactMap(\.field).sorted() == ["history", "history.text"])
    withExtendedLifetime(place) {}
  }

  @Test("a definition of one's own is known beside the shipped ones, unless it takes their id")
  func ownDefinitions() throws {
    let bench = try Workbench(id: "own")
    let known = try BenchmarkRegistry(folder: nil).known(adding: [
      bench.folder.file("definition.json").path, "sample24",
    ])
    #expect(known.map(\.id) == benchmarks.map(\.id) + ["own"])
    let taken = try Workbench(id: "sample24")
    #expect(throws: HarnessError.self) {
      try BenchmarkRegistry(folder: nil).known(adding: [taken.folder.file("definition.json").path])
    }
  }

  @Test("the check of a folder counts entries and finds predictions that were changed")
  func check() throws {
    let sample = try SampleHome.shared.get()
    let (place, submissions) = try sample.submissions(2)
    let sound = try SubmissionCheck.run(
      submissions, home: sample.home, benchmarks: benchmarks)
    #expect(sound.entries == 2 && sound.compared == 2 && sound.withoutSplit == 0)
    let elsewhere = try SubmissionCheck.run(
      submissions, home: DataHome(place.file("none")), benchmarks: benchmarks)
    #expect(elsewhere.compared == 0 && elsewhere.withoutSplit == 2)
    let entry = try #require(try submissions.entries().first?.predictions)
    var text = try String(contentsOf: entry, encoding: .utf8)
    text = text.replacing(/\t[0-9.]+\n/, with: "\t4.4321\n", maxReplacements: 1)
    try text.write(to: entry, atomically: true, encoding: .utf8)
    let faults = refusal {
      try SubmissionCheck.run(submissions, home: sample.home, benchmarks: benchmarks)
    }
    #expect(faults.map(\.code) == [.metadata])
    #expect(faults.first?.expected.hasSuffix("as submission.json says") == true)
  }

  @Test("the home's check finds a changed file and one that others can read")
  func homeCheck() throws {
    let bench = try Workbench(id: "sample24")
    try bench.put(Workbench.header + "1,p,a,x,3,4,1,30,9\n")
    try bench.importAll()
    let sound = try DataHomeCheck.run(bench.home, definitions: [bench.definition])
    #expect(sound.map(\.isSound) == [true])
    let file = bench.home.url.appending(path: "sample24/train.csv")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
    let open = try DataHomeCheck.run(bench.home, definitions: [bench.definition])
    #expect(open.map(\.isSound) == [false] && open[0].text.contains("chmod 600"))
    try Data("changed".utf8).write(to: file)
    let changed = try DataHomeCheck.run(bench.home, definitions: [bench.definition])
    #expect(changed.map(\.isSound) == [false] && changed[0].text.contains("SHA-256"))
  }
}
