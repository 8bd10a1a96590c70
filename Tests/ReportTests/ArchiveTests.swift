import Basics
import Foundation
import Harness
import Ledger
import Report
import TestSupport
import Testing

@Suite("The archive of a board")
struct ArchiveTests {
  private let record = ArchiveRecord(
    creators: [], day: "2026-01-31", publisher: "Zenodo", licence: "CC-BY-4.0")

  private func board(
    _ entries: [Board.Entry], _ benchmark: BenchmarkDefinition? = nil
  ) throws -> Board {
    Board(
      definition: try benchmark ?? SampleInput.benchmark(), split: "test", level: 0.95,
      entries: entries)
  }

  private func files(_ archive: BoardArchive) throws -> [String: Data] {
    Dictionary(uniqueKeysWithValues: try archive.files().map { ($0.path, $0.data) })
  }

  private func object(_ data: Data?) throws -> [String: Any] {
    let data = try #require(data)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func croissant(
    _ id: String, sources: [String: String] = [:], hidden: Set<String> = [],
    entries: [Board.Entry] = []
  ) throws -> [String: Any] {
    let benchmark = try BenchmarkRegistry(folder: nil).find(id)
    let list = try String(decoding: CanonicalJSON.compact(sources), as: UTF8.self)
    let manifest = try JSONDecoder().decode(
      DataHome.Manifest.self,
      from: Data(
        #"{"schema": 1, "benchmark": "\#(id)", "splits": [], "sources": \#(list), "repairs": []}"#
          .utf8))
    let archive = try BoardArchive(
      try board(entries, benchmark), record, manifest: manifest, hidden: hidden)
    return try object(try files(archive)["croissant.json"])
  }

  private func resources(_ croissant: [String: Any]) throws -> [String: [String: Any]] {
    let files = try #require(croissant["distribution"] as? [[String: Any]])
    return Dictionary(uniqueKeysWithValues: files.map { ($0["@id"] as? String ?? "", $0) })
  }

  @Test("the same input gives the same bytes, with what the board shows and its checksums")
  func bytes() throws {
    var entry = SampleInput.entry("a", pcc: 0.5)
    var metadata = entry.metadata
    metadata.contact = "contact-7f3a@example.org"
    entry = Board.Entry(slug: "a", metadata: metadata, report: entry.report)
    let entries = [entry, SampleInput.entry("b", pcc: 0.2), SampleInput.published("p", pcc: 0.6)]
    let one = try BoardArchive(board(entries), record, manifest: nil)
    let other = try BoardArchive(board(entries.reversed()), record, manifest: nil)
    let zip = try one.zip()
    #expect(try zip == other.zip())
    let files = try one.files()
    #expect(files.map(\.path) == files.map(\.path).sorted())
    let sums = files.filter { $0.path != "SHA256SUMS" }
      .map { "\(Digest.sha256($0.data))  \($0.path)\n" }.joined()
    #expect(files.first { $0.path == "SHA256SUMS" }?.data == Data(sums.utf8))
    let paths = Set(files.map(\.path))
    for path in ["leaderboard.json", "leaderboard.csv", "leaderboard.tex", "systems/p.json"] {
      #expect(paths.contains("toy/test/\(path)"))
    }
    // Nothing is compressed, so that whatever the zip holds is found in it.
    for file in files { #expect(zip.range(of: file.data) != nil, "\(file.path)") }
    #expect(zip.range(of: Data("contact-7f3a".utf8)) == nil)
    #expect(zip.range(of: Data("Team of a".utf8)) != nil)
  }

  @Test("the ledger goes with it: exactly the tiles of its checkpoint, which lead to its root")
  func ledger() throws {
    let (place, target) = try (TemporaryFolder(), TemporaryFolder())
    let key = try SigningKey(name: "example.org/log")
    let policy = try LogPolicy(origin: "example.org/log", keys: [key.verifier])
    let log = TileFolder(place.url)
    try log.create(key: key)
    for batch in [0..<10, 10..<700] {
      try log.append(batch.map { Data("entry \($0)".utf8) }, policy: policy, key: key)
    }
    try Data("vkey\n".utf8).write(to: place.file("key"))
    try Data("3\n".utf8).write(to: place.file("head"))
    let archive = try BoardArchive(
      board([SampleInput.entry("a", pcc: 0.5)]), record, manifest: nil, ledger: place.url)
    let files = try files(archive).filter { $0.key.hasPrefix("ledger/") }
    #expect(
      Set(files.keys.filter { !$0.contains("/tile/") }) == ["ledger/checkpoint", "ledger/key"])
    for (path, data) in files { try target.write(data, to: path) }
    let copy = TileFolder(target.file("ledger"))
    let head = try policy.open(try copy.checkpoint()).head
    #expect(head.size == 700)
    let tiles = Tile.tiles(of: head.size)
    #expect(files.count == tiles.count + 2)
    let entries = try tiles.filter { $0.content == .entries }
      .flatMap { try copy.tiles(of: head).entries(of: $0) }
    #expect(entries == (0..<700).map { Data("entry \($0)".utf8) })

    try FileManager.default.removeItem(at: place.file(tiles[0].path))
    #expect(throws: LedgerError.self) { try archive.zip() }
  }

  @Test(
    "Croissant names files that may not be redistributed by digest alone, and open ones by address")
  func resources() throws {
    let digest = String(repeating: "0", count: 64)
    let closed = try croissant("newsemp24", sources: ["goldstandard_EMP.csv": digest])
    let files = try resources(closed)
    #expect(files.count == 6)
    #expect(files["goldstandard_EMP.csv"]?["sha256"] as? String == digest)
    for file in files.values {
      #expect(file["contentUrl"] == nil && file["@type"] as? String == "cr:FileSet")
    }
    let open = try croissant("newsemp18")
    let messages = try #require(try resources(open)["messages.csv"])
    #expect(messages["@type"] as? String == "cr:FileObject")
    #expect((messages["contentUrl"] as? String)?.hasPrefix("https://github.com/wwbp/") == true)
    #expect((messages["sha256"] as? String)?.hasPrefix("380d2670") == true)
    #expect(open["license"] as? [String] == ["https://spdx.org/licenses/CC-BY-4.0.html"])
    let moved = try croissant("newsemp18", sources: ["messages.csv": digest])
    #expect(try resources(moved)["messages.csv"]?["contentUrl"] == nil)
  }

  @Test("a digest of guarded labels is in no description: guesses could be tried against it")
  func guarded() throws {
    let (labels, persons) = (String(repeating: "1", count: 64), String(repeating: "2", count: 64))
    let sources = ["goldstandard_EMP.csv": labels, "goldstandard_PER.csv": persons]
    let files = try resources(croissant("newsemp24", sources: sources, hidden: ["test"]))
    #expect(files["goldstandard_EMP.csv"]?["sha256"] == nil)
    #expect(files["goldstandard_PER.csv"]?["sha256"] as? String == persons)
    let dev = ["goldstandard_dev_2022.tsv": labels]
    let separate = try resources(croissant("newsemp22", sources: dev, hidden: ["dev"]))
    #expect(separate["goldstandard_dev_2022.tsv"]?["sha256"] == nil)
  }

  @Test("fields come from columns and targets, RAI properties from what the definition says")
  func fields() throws {
    var metadata = SubmissionMetadata(
      benchmark: "newsemp24", split: "test", team: "T", system: "S", kind: .published)
    metadata.claimed = ["empathy": ["pcc": 0.5]]
    metadata.llmLabels = .init(model: "llama3-70b-8192")
    let entry = Board.Entry(slug: "s", metadata: metadata, report: nil)
    let document = try croissant("newsemp24", entries: [entry])
    let sets = try #require(document["recordSet"] as? [[String: Any]])
    #expect(
      sets.map { $0["name"] as? String } == [
        "train", "train-attributes", "dev", "dev-attributes", "test", "test-attributes",
      ])
    let fields = try #require(sets[0]["field"] as? [[String: Any]])
    let empathy = try #require(fields.first { $0["name"] as? String == "person_empathy" })
    #expect(empathy["description"] as? String == "Empathy, 1 to 7, the mean of 7 items")
    #expect(empathy["dataType"] as? String == "sc:Float")
    let person = fields.filter { $0["name"] as? String == "person_id" }
    #expect(person.count == 1)
    #expect(document["rai:annotationsPerItem"] as? String == "1, by the essay's writer")
    let tools = document["rai:machineAnnotationTools"] as? [String]
    #expect(tools?.count == 1 && tools?[0].hasPrefix("llama3-70b-8192: ") == true)
    let sample = try croissant("sample24")
    #expect(sample["rai:personalSensitiveInformation"] == nil)
    #expect(sample["rai:machineAnnotationTools"] == nil && sample["rai:dataSocialImpact"] == nil)
  }

  @Test("papers become related identifiers by DOI, arXiv or address")
  func related() throws {
    var entry = SampleInput.published("p", pcc: 0.6)
    var metadata = entry.metadata
    metadata.paperURL = "https://arxiv.org/abs/2501.00691"
    entry = Board.Entry(slug: "p", metadata: metadata, report: nil)
    let archive = try BoardArchive(
      board([entry], BenchmarkRegistry(folder: nil).find("newsemp18")), record, manifest: nil)
    let document = try object(try files(archive)["datacite.json"])
    let related = try #require(document["relatedIdentifiers"] as? [[String: String]])
    #expect(
      related.map { "\($0["relationType"] ?? "") \($0["relatedIdentifier"] ?? "")" } == [
        "IsDerivedFrom https://github.com/wwbp/empathic_reactions",
        "References 10.18653/v1/D18-1507", "References arXiv:2501.00691",
      ])
    #expect(related.map { $0["relatedIdentifierType"] } == ["URL", "DOI", "arXiv"])
    #expect(document["publicationYear"] as? String == "2026")
    // The data's own licence must not pass for the archive's.
    let rights = try #require(document["rightsList"] as? [[String: String]])
    #expect(rights.map { $0["rightsIdentifier"] } == ["CC-BY-4.0", nil])
    #expect(rights[1]["rights"]?.hasSuffix("not in this archive: CC BY 4.0") == true)
  }

  @Test(
    "a creator is a person with or without an ORCID iD, or an organisation",
    arguments: [
      ("Doe, Jane", true), ("Doe, Jane|0000-0002-1825-0097", true),
      ("Doe, Jane | https://orcid.org/0000-0002-1694-233X", true), ("Example University", true),
      ("Doe, Jane|0000-0002-1825-0098", false), ("Doe, Jane|0000-0002-1694-2330", false),
      ("Doe, Jane|x", false), ("", false), ("Doe,", false), ("a|b|c", false), ("a, b, c", false),
    ])
  func creators(_ text: String, isValid: Bool) throws {
    let creator = try? ArchiveCreator(text)
    #expect((creator != nil) == isValid)
  }
}
