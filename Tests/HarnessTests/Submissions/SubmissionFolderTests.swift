import Basics
import Foundation
import Harness
import TestSupport
import Testing

@Suite("The folder of submissions")
struct SubmissionFolderTests {
  private let place: TemporaryFolder
  private let folder: SubmissionFolder
  private let dataset: Dataset

  init() throws {
    place = try TemporaryFolder()
    folder = SubmissionFolder(place.file("submissions"))
    var dataset = Synthetic.dataset(rows: 83, persons: 57)
    dataset.benchmark = "sample24"
    dataset.split = "test"
    self.dataset = dataset
  }

  private func metadata(_ change: (inout SubmissionMetadata) -> Void = { _ in })
    -> SubmissionMetadata
  {
    var metadata = SubmissionMetadata(
      benchmark: "sample24", split: "test", team: "Team", system: "System", kind: .baseline)
    metadata.submitted = "2026-01-02"
    change(&metadata)
    return metadata
  }

  private func predictions(_ seed: UInt64) -> Predictions {
    Synthetic.predictions(of: dataset, noise: 1, seed: seed)
  }

  /// Every file below the folder, hidden ones too.
  private func files() -> [String] {
    (FileManager.default.enumerator(atPath: folder.url.path)?.allObjects as? [String] ?? [])
      .sorted()
  }

  @Test("an entry is its predictions in a normal form and its metadata with their digest")
  func add() throws {
    let read = predictions(3)
    _ = try folder.add(read, dataset: dataset, metadata: metadata(), slug: "one")
    let entries = try folder.entries()
    #expect(entries.map(\.slug) == ["one"])
    #expect(entries.first?.metadata.predictionsSHA256 == read.digest)
    #expect(entries.first?.metadata.targets == ["empathy", "distress"])
    let file = try #require(entries.first?.predictions)
    let definition = try BenchmarkRegistry(folder: nil).find("sample24")
    #expect(try PredictionReader(definition, dataset: dataset).read(file).digest == read.digest)
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.hasPrefix("id\tempathy\tdistress\nr0\t"))
  }

  @Test("an entry holds nothing of the gold labels or essays")
  func nothingPrivate() throws {
    let added = try folder.add(predictions(3), dataset: dataset, metadata: metadata(), slug: "one")
    let names = try FileManager.default.contentsOfDirectory(atPath: added.path).sorted()
    #expect(names == ["predictions.tsv", "submission.json"])
    for name in names {
      let text = try String(contentsOf: added.appending(path: name), encoding: .utf8)
      #expect(!text.contains("Essay number"))
    }
  }

  @Test("a slug that is taken is a conflict, and the first entry stays as it was")
  func sameSlug() throws {
    _ = try folder.add(predictions(3), dataset: dataset, metadata: metadata(), slug: "one")
    let before = try folder.entries()
    #expect(throws: HarnessError.self) {
      _ = try folder.add(predictions(4), dataset: dataset, metadata: metadata(), slug: "one")
    }
    #expect(try folder.entries() == before)
  }

  @Test("predictions that were added already are a conflict that names the entry")
  func sameDigest() throws {
    _ = try folder.add(predictions(3), dataset: dataset, metadata: metadata(), slug: "one")
    let before = files()
    do {
      _ = try folder.add(predictions(3), dataset: dataset, metadata: metadata(), slug: "two")
      Issue.record("nothing was refused")
    } catch {
      #expect(error.exitStatus == .badData)
      #expect(error.description.contains("'one'"))
    }
    #expect(files() == before)
  }

  @Test("names that look like another team's or its system's are refused, and nothing is written")
  func lookAlikes() throws {
    _ = try folder.add(predictions(3), dataset: dataset, metadata: metadata(), slug: "one")
    let before = files()
    for (team, system, field) in [
      ("T\u{435}am", "Another", "team"), ("Other team", "SYSTEM", "system"),
    ] {
      let error = #expect(throws: HarnessError.self) {
        let names = metadata { ($0.team, $0.system) = (team, system) }
        _ = try folder.add(predictions(4), dataset: dataset, metadata: names, slug: "two")
      }
      let text = error?.description ?? ""
      #expect(text.contains("(\(field)): error: found") && text.contains("one"), "\(text)")
    }
    #expect(files() == before)
    let others: [(inout SubmissionMetadata) -> Void] = [
      { _ in }, { ($0.team, $0.split) = ("Other team", "dev") },
    ]
    for (number, change) in others.enumerated() {
      _ = try folder.add(
        predictions(UInt64(5 + number)), dataset: dataset, metadata: metadata(change),
        slug: "more-\(number)")
    }
    #expect(try folder.entries().count == 3, "a team's own name, and one on another board")
  }

  @Test("published entries may share a name, and a withdrawn entry holds none")
  func sharedNames() throws {
    func write(_ slug: String, _ change: (inout SubmissionMetadata) -> Void) throws {
      let metadata = metadata(change)
      try place.write(
        String(decoding: try CanonicalJSON.document(metadata), as: UTF8.self),
        to: "submissions/sample24/\(slug)/submission.json")
    }
    for team in ["Giorgi", "Fraunhofer"] {
      try write(team.lowercased()) {
        ($0.team, $0.system, $0.kind) = (team, "RoBERTa", .published)
        $0.claimed = ["empathy": ["pcc": 0.5]]
      }
    }
    let event = SubmissionMetadata.Event(day: "2026-01-03", kind: .withdrawn, text: "By mistake.")
    try write("gone") { ($0.system, $0.history) = ("RoBERTa", [event]) }
    #expect(try folder.entries().count == 3)
    try place.write("", to: "submissions/sample24/a-team/predictions.tsv")
    try write("a-team") { ($0.system, $0.history) = ("roberta", nil) }
    let error = #expect(throws: HarnessError.self) { _ = try folder.entries() }
    #expect(error?.description.contains("(system): error: found 'roberta'") == true)
  }

  @Test("the same predictions may stand on two splits")
  func otherSplit() throws {
    _ = try folder.add(predictions(3), dataset: dataset, metadata: metadata(), slug: "one")
    _ = try folder.add(
      predictions(3), dataset: dataset, metadata: metadata { $0.split = "dev" }, slug: "two")
    #expect(try folder.entries().count == 2)
  }

  @Test(
    "a slug that is no plain folder name is refused and writes nothing",
    arguments: ["", "Upper", "a/b", "..", "a b", "-a", "ä", String(repeating: "a", count: 81)])
  func badSlug(slug: String) throws {
    #expect(throws: HarnessError.self) {
      _ = try folder.add(predictions(3), dataset: dataset, metadata: metadata(), slug: slug)
    }
    #expect(files() == [])
  }

  @Test(
    "a slug is made of a name's letters and digits",
    arguments: [
      ("My Team: System №1!", "my-team-system-1"), ("Ünïversity", "university"), ("日本", ""),
      ("--a--b--", "a-b"),
    ])
  func slugs(name: String, slug: String) {
    #expect(Slug.make(name) == slug)
  }

  @Test("metadata that contradicts itself is refused with all faults, and writes nothing")
  func badMetadata() throws {
    let bad = metadata {
      $0.team = " "
      $0.codeURL = "javascript:alert(1)"
      $0.modelURL = "file:///weights"
      $0.parameters = 1.5
      $0.labelCostUSD = -0.5
      $0.submitted = "2.1.2026"
      $0.schema = 9
      $0.description = String(repeating: "é", count: 4001)
    }
    let faults = refusal {
      _ = try folder.add(predictions(3), dataset: dataset, metadata: bad, slug: "one")
    }
    #expect(
      Set(faults.compactMap(\.field)) == [
        "schema", "team", "codeURL", "modelURL", "parameters", "labelCostUSD", "submitted",
        "description",
      ])
    #expect(files() == [])
    let long = metadata { $0.description = String(repeating: "é", count: 4000) }
    _ = try folder.add(predictions(3), dataset: dataset, metadata: long, slug: "one")
  }

  @Test(
    "a field of another type is told as what was found and what JSON calls the expected",
    arguments: [
      (#""parameters": "many""#, "a number"), (#""seeds": [1, "x"]"#, "a whole number"),
      (#""labelCostUSD": "free""#, "a number"), (#""codeURL": 3"#, "text"),
      (#""usesDevLabels": "yes""#, "true or false"), (#""seeds": 3"#, "a list"),
      (#""llmLabels": []"#, "an object"),
    ])
  func fieldOfAnotherType(field: String, expected: String) throws {
    try place.write(
      """
      {"schema": 1, "benchmark": "sample24", "split": "test", "team": "T", "system": "S",
       "kind": "prompted", \(field)}
      """, to: "submissions/sample24/one/submission.json")
    let faults = refusal { _ = try folder.entries() }
    #expect(faults.map(\.expected) == [expected])
    let name = try #require(faults.first?.field?.split(separator: ".").first)
    #expect(field.hasPrefix("\"\(name)\""))
  }

  @Test("a published entry has claimed scores and no predictions")
  func published() throws {
    let entry = "submissions/sample24/paper/submission.json"
    try place.write(
      """
      {"schema": 1, "benchmark": "sample24", "split": "test", "team": "T", "system": "S",
       "kind": "published", "claimed": {"empathy": {"pcc": 0.5}}}
      """, to: entry)
    let read = try #require(try folder.entries().first)
    #expect(read.predictions == nil)
    #expect(read.metadata.claimed == ["empathy": ["pcc": 0.5]])
    try place.write("1\n", to: "submissions/sample24/paper/predictions.tsv")
    #expect(refusal { try folder.entries() }.map(\.found) == ["a file"])
  }

  @Test("faults of all entries come at once, with file and key")
  func allFaults() throws {
    try place.write("{", to: "submissions/sample24/a/submission.json")
    try place.write(
      #"{"schema": 1, "benchmark": "sample24", "split": "test", "team": "T", "kind": "baseline"}"#,
      to: "submissions/sample24/b/submission.json")
    try place.write("", to: "submissions/sample24/c/notes.txt")
    try place.write(
      """
      {"schema": 1, "benchmark": "newsemp24", "split": "test", "team": "T", "system": "S",
       "kind": "baseline"}
      """, to: "submissions/sample24/D/submission.json")
    let faults = refusal { try folder.entries() }
    #expect(faults.of(.json).count == 2)
    #expect(faults.of(.json).contains { $0.expected == "the key system" })
    let rest = faults.of(.metadata)
    #expect(rest.contains { $0.expected == "submission.json" })
    #expect(rest.contains { $0.found == "newsemp24" })
    #expect(rest.contains { $0.found == "D" })
    #expect(rest.contains { $0.expected == "predictions.tsv" })
  }

  @Test("two entries with one digest are refused even where they were put by hand")
  func repeatedDigest() throws {
    _ = try folder.add(predictions(3), dataset: dataset, metadata: metadata(), slug: "one")
    try FileManager.default.copyItem(
      at: folder.url.appending(path: "sample24/one"), to: folder.url.appending(path: "sample24/two")
    )
    let faults = refusal { try folder.entries() }
    #expect(faults.map(\.code) == [.duplicate])
    #expect(faults.first?.found == "the predictions of one")
  }

  @Test("predictions without a digest are a fault, for copies of them would not be seen")
  func noDigest() throws {
    let added = try folder.add(predictions(3), dataset: dataset, metadata: metadata(), slug: "one")
    try CanonicalJSON.document(metadata()).write(to: added.appending(path: "submission.json"))
    let faults = refusal { try folder.entries() }
    #expect(faults.map(\.field) == ["predictionsSHA256"])
  }

  @Test("no folder of submissions means no entries")
  func absent() throws {
    #expect(try folder.entries().isEmpty)
  }
}
