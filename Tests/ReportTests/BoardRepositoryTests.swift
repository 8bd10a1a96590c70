import Foundation
import Harness
import Report
import TestSupport
import Testing

@Suite("A leaderboard as a git repository")
struct BoardRepositoryTests {
  private let place: TemporaryFolder
  private let home: DataHome
  private let definition: BenchmarkDefinition

  init() throws {
    place = try TemporaryFolder()
    home = DataHome(place.file("data"))
    let rows = (0..<40).map { "t\($0),\(Double($0 % 7) + 0.125)\n" }.joined()
    let file = try place.write("turn_id,valence\n" + rows, to: "files/all.csv")
    var request = DraftRequest(name: "turns", file: file)
    (request.ids, request.targets) = (["turn_id"], ["valence:0:10"])
    definition = try DefinitionDraft(request).definition
  }

  private var files: URL { place.file("files") }

  private func repository(open: Bool) throws -> BoardRepository {
    var definition = definition
    definition.open = open
    return try BoardRepository(
      definition,
      labels: BoardRepository.Labels(of: definition, open: open, from: files, home: home))
  }

  private func texts(_ repository: BoardRepository) throws -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: try repository.files().map {
        ($0.path, String(decoding: $0.data, as: UTF8.self))
      })
  }

  @Test("with open labels it has their file, and its scripts import it")
  func openLabels() throws {
    let texts = try texts(repository(open: true))
    #expect(texts["labels/all.csv"]?.contains("t8,1.125") == true)
    let settings = try #require(texts["scripts/settings"])
    #expect(settings.contains("labels=open\n"))
    #expect(settings.contains("import=(data import benchmark.json --from labels)\n"))
    #expect(settings.contains("version=\(ScoreReport.toolVersion)\n"))
    #expect(texts["benchmark.json"]?.contains("\"open\" : true") == true)
    #expect(texts[".gitignore"]?.contains("/labels/") == false)
    #expect(!texts.values.contains { $0.contains("{{") && !$0.contains("${{") })
  }

  @Test("a file that lies in a folder of the folder is copied under the definition's name")
  func nestedFile() throws {
    let text = try String(contentsOf: place.file("files/all.csv"), encoding: .utf8)
    try place.write(text, to: "deep/below/all.csv")
    var definition = definition
    definition.open = true
    let labels = try BoardRepository.Labels(
      of: definition, open: true, from: place.file("deep"), home: home)
    let files = try texts(BoardRepository(definition, labels: labels))
    #expect(files["labels/all.csv"] == text)
  }

  @Test("with hidden labels it has the rows' ids and no label, and never imports")
  func hiddenLabels() throws {
    let texts = try texts(repository(open: false))
    #expect(texts["ids/all.txt"]?.split(separator: "\n").count == 40)
    #expect(!texts.values.contains { $0.contains("1.125") })
    #expect(texts["scripts/settings"]?.contains("import=()\n") == true)
    #expect(texts[".gitignore"]?.contains("/labels/\n") == true)
    #expect(texts["README.md"]?.contains("must not be committed") == true)
  }

  @Test("labels that a definition does not call open are not published")
  func closedLabels() throws {
    #expect(throws: HarnessError.self) {
      try BoardRepository.Labels(of: definition, open: true, from: files, home: home)
    }
    let shipped = try #require(try BenchmarkRegistry.shipped().first { !$0.open })
    #expect(throws: HarnessError.self) {
      try BoardRepository.Labels(of: shipped, open: true, from: files, home: home)
    }
  }

  @Test("a benchmark that the program gets by itself has no definition and no labels")
  func fetched() throws {
    let shipped = try #require(try BenchmarkRegistry.shipped().first { $0.id == "newsemp18" })
    let labels = try BoardRepository.Labels(of: shipped, open: nil, from: nil, home: home)
    #expect(labels == .made(by: ["data", "fetch", "newsemp18"]))
    let texts = try texts(BoardRepository(shipped, labels: labels))
    #expect(texts["benchmark.json"] == nil && texts.keys.allSatisfy { !$0.hasPrefix("labels/") })
    #expect(texts["scripts/settings"]?.contains("definition=\n") == true)
  }

  @Test("a folder that holds anything but .git is left as it is")
  func fullFolder() throws {
    try place.write("mine", to: "full/note")
    #expect(throws: HarnessError.self) {
      try repository(open: true).write(to: place.file("full"))
    }
    let kept = try FileManager.default.contentsOfDirectory(atPath: place.file("full").path)
    #expect(kept == ["note"])
    try place.write("ref: refs/heads/main", to: "cloned/.git/HEAD")
    try repository(open: true).write(to: place.file("cloned"))
    let written = try FileManager.default.contentsOfDirectory(atPath: place.file("cloned").path)
    #expect(Set(written).isSuperset(of: [".git", ".github", "scripts", "site.json"]))
    #expect(!written.contains { $0.hasSuffix(".part") })
    let script = place.file("cloned/scripts/check-pull-request").path
    #expect(FileManager.default.isExecutableFile(atPath: script))
  }

  @Test("where a file of labels has gone, nothing is written")
  func nothingHalfWritten() throws {
    let repository = try repository(open: true)
    try FileManager.default.removeItem(at: place.file("files/all.csv"))
    #expect(throws: HarnessError.self) { try repository.write(to: place.file("new")) }
    #expect(!FileManager.default.fileExists(atPath: place.file("new").path))
  }

  @Test("a file of ids tells its empty and repeated lines")
  func ids() throws {
    let file = try place.write("a\nb\n\na\n", to: "ids.txt")
    let error = #expect(throws: HarnessError.self) {
      try Dataset(definition, split: "all", ids: file)
    }
    guard case .invalid(let faults) = error else { return #expect(Bool(false), "\(error as Any)") }
    #expect(faults.map(\.line) == [3, 4])
    let sound = try place.write("a\r\nb\r\n", to: "sound.txt")
    let dataset = try Dataset(definition, split: "all", ids: sound)
    #expect(dataset.rows.map(\.id) == ["a", "b"] && !dataset.hasGold)
  }
}
