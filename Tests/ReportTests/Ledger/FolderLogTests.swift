import Foundation
import Harness
import Ledger
import Report
import TestSupport
import Testing

@Suite("The log of boards in a folder")
struct FolderLogTests {
  private let place: TemporaryFolder
  private let log: FolderLog
  private let key: URL
  private let now = Date(timeIntervalSince1970: 1_800_000_000)

  init() throws {
    place = try TemporaryFolder()
    log = FolderLog(submissions: place.file("submissions"))
    key = place.file("home/ledger.key")
  }

  private var folder: URL { place.file("submissions/ledger") }

  private func boards(_ entries: [Board.Entry]) throws -> [Board] {
    try SampleInput.input(entries).boards
  }

  private func events() throws -> [LedgerEvent] {
    let keys = try String(contentsOf: folder.appending(path: "key"), encoding: .utf8)
    let tiles = TileFolder(folder)
    let policy = try LogPolicy(
      keys: keys.split(separator: "\n").map { try VerifierKey(vkey: String($0)) })
    let head = try policy.open(try tiles.checkpoint()).head
    return try Tile.tiles(of: head.size).filter { $0.content == .entries }.flatMap {
      try tiles.tiles(of: head).entries(of: $0).map { try LedgerEvent(leaf: $0) }
    }
  }

  /// Logs `entries` and gives the new events as `kind id`. Who replays the whole log has the ids that
  /// the board ranks.
  private func logged(_ entries: [Board.Entry]) throws -> [String] {
    let boards = try boards(entries)
    let outcome = try log.update(boards, keyFile: key, predictionsKey: Data([1]), at: now)
    let all = try events()
    var replayed = BoardLog()
    for event in all { replayed.append(event) }
    #expect(replayed.boards["toy/test"]?.shown == Set(boards[0].scored.map(\.id)))
    #expect(outcome.ledger?.head.size == all.count && outcome.unlogged == 0)
    return all.suffix(outcome.appended).map { "\($0.event) \($0.id ?? "")" }
  }

  private func entry(
    _ slug: String, pcc: Double = 0.5, _ history: [SubmissionMetadata.Event] = []
  ) -> Board.Entry {
    var entry = SampleInput.entry(slug, pcc: pcc)
    entry.metadata.history = history
    return entry
  }

  @Test("the key of a folder's log is replaced in two steps, and the old one leads to the new one")
  func keyChange() throws {
    #expect(try logged([entry("one")]) == ["scored one"])
    let old = try #require(try LedgerKeys.read(key)).newest.verifier
    #expect(throws: ReportError.self) { try log.changeKey(key, retires: true, at: now) }
    let both = try log.changeKey(key, retires: false, at: now)
    #expect(both.all.count == 2)
    #expect(throws: ReportError.self) { try log.changeKey(key, retires: false, at: now) }
    _ = try LogPolicy(keys: [old]).open(try TileFolder(folder).checkpoint())
    #expect(try logged([entry("one"), entry("two")]) == ["scored two"])
    _ = try LogPolicy(keys: [old]).open(try TileFolder(folder).checkpoint())
    let new = try log.changeKey(key, retires: true, at: now).newest.verifier
    #expect(try logged([entry("one"), entry("two"), entry("three")]) == ["scored three"])
    #expect(throws: LedgerError.self) {
      try LogPolicy(keys: [old]).open(try TileFolder(folder).checkpoint())
    }
    let notes = try JSONDecoder().decode(
      [String].self, from: Data(contentsOf: folder.appending(path: "rotations.json")))
    let changes = try notes.map { try KeyChange(Data($0.utf8)) }
    let keys = try KeyChange.keys(from: old, origin: old.name, by: changes)
    #expect(keys.map(\.vkey) == [old.vkey, new.vkey])
  }

  @Test("what changes on a board is logged once, and replaying the log gives the board")
  func builds() throws {
    let paper = SampleInput.published("paper", pcc: 0.7)
    #expect(try logged([paper, entry("b"), entry("a")]) == ["scored a", "scored b"])
    let checkpoint = try TileFolder(folder).checkpoint()
    #expect(try logged([entry("a"), entry("b")]) == [])
    #expect(try TileFolder(folder).checkpoint() == checkpoint)
    #expect(try logged([entry("a", pcc: 0.4), entry("b")]) == ["scored a"])
    let gone = SubmissionMetadata.Event(day: "2026-01-02", kind: .withdrawn, text: "A leak.")
    #expect(try logged([entry("a", pcc: 0.4, [gone])]) == ["withdrawn a", "withdrawn b"])
    #expect(try events().suffix(2).map(\.why) == ["A leak.", "taken out of the folder"])
    #expect(try logged([entry("a", pcc: 0.4, [gone])]) == [])
    let back = SubmissionMetadata.Event(day: "2026-01-03", kind: .restored, text: "There was none.")
    #expect(
      try logged([entry("a", pcc: 0.4, [gone, back]), entry("b", pcc: 0.3)])
        == ["restored a", "restored b", "scored b"])
    #expect(try logged([]) == ["withdrawn a", "withdrawn b"])
  }

  @Test("a leaf has the report that the page shows, and of the predictions a keyed digest")
  func leaf() throws {
    let entry = entry("a")
    _ = try logged([entry])
    let event = try #require(try events().first)
    #expect(event.report == entry.report && event.board == "toy/test" && event.at == now)
    #expect(event.predictions?.count == 64 && event.predictions != entry.predictionsDigest)
    let leaf = String(decoding: try event.leaf(), as: UTF8.self)
    #expect(!leaf.contains("Team of a") && !leaf.contains("System a"))
  }

  @Test("a report too long for a leaf is logged by its digest, once")
  func longReport() throws {
    let long = SampleInput.entry(
      "a", pcc: 0.5, notes: [String(repeating: "A long note. ", count: 6000)])
    #expect(try logged([long]) == ["scored a"])
    let event = try #require(try events().first)
    #expect(event.report == nil && event.reportDigest?.count == 64)
    #expect(try logged([long]) == [])
  }

  @Test("where the key is not at hand the log is verified and left, and entries are counted")
  func cloned() throws {
    _ = try logged([entry("a")])
    let before = try BuiltSite.contents(of: folder)
    let boards = try boards([entry("a"), entry("b")])
    for other in [nil, place.file("absent/ledger.key"), place.file("other.key")] {
      if let other, other.lastPathComponent == "other.key" { _ = try LedgerKeys.readOrMake(other) }
      let outcome = try log.update(boards, keyFile: other, predictionsKey: Data([1]), at: now)
      #expect(outcome.appended == 0 && outcome.unlogged == 1)
      #expect(outcome.ledger?.leaves == ["toy/test": ["a": 0]])
    }
    #expect(try BuiltSite.contents(of: folder) == before)
    #expect(!FileManager.default.fileExists(atPath: place.file("absent").path))
  }

  @Test(
    "a damaged log is an error that names the file",
    arguments: ["tile/entries/000.p/2", "tile/0/000.p/2", "checkpoint", "key"])
  func damaged(path: String) throws {
    _ = try logged([entry("a"), entry("b")])
    let file = folder.appending(path: path)
    let whole = try Data(contentsOf: file)
    var bytes = whole
    bytes[30] ^= 1
    try bytes.write(to: file)
    let boards = try boards([entry("a"), entry("b")])
    var error = #expect(throws: ReportError.self) {
      try log.update(boards, keyFile: key, predictionsKey: Data([1]), at: now)
    }
    #expect(error?.description.hasPrefix(folder.relativePath) == true, "\(error as Any)")
    try FileManager.default.removeItem(at: file)
    error = #expect(throws: ReportError.self) {
      try log.update(boards, keyFile: key, predictionsKey: Data([1]), at: now)
    }
    #expect(error?.description.contains(path) == true, "\(error as Any)")
    try whole.write(to: file)
    #expect(try logged([entry("a"), entry("b")]) == [])
  }

  @Test("no log is begun where nothing is scored")
  func nothing() throws {
    var unscored = entry("a")
    unscored.report = nil
    let boards = try boards([unscored, SampleInput.published("paper", pcc: 0.7)])
    #expect(try log.update(boards, keyFile: key, predictionsKey: Data([1]), at: now).ledger == nil)
    #expect(!FileManager.default.fileExists(atPath: folder.path))
    #expect(!FileManager.default.fileExists(atPath: key.path))
  }

  @Test("entries of a server's database are logged with their events, not by the board")
  func accepted() throws {
    var own = entry("team-a-x1y2")
    own.id = "x1y2"
    var log = BoardLog()
    for kind in [LedgerEvent.Kind.accepted, .scored] {
      var event = LedgerEvent(kind, id: "x1y2", at: now)
      event.board = "toy/test"
      if kind == .scored { (event.report, event.stands) = (own.report, "x1y2") }
      log.append(event)
    }
    func missing(_ entries: [Board.Entry]) throws -> [String?] {
      try log.missing(for: boards(entries), predictionsKey: Data(), at: now).map(\.id)
    }
    #expect(try missing([own, entry("of-a-folder")]) == ["of-a-folder"])
    #expect(try missing([]) == [])
    #expect(log.leaves == ["toy/test": ["x1y2": 1]])
  }

  @Test("entries of a benchmark that is left out are not withdrawn; those of one that is gone are")
  func leftOut() throws {
    _ = try logged([entry("a")])
    func appended(leaving: Set<String>) throws -> Int {
      try log.update([], leaving: leaving, keyFile: key, predictionsKey: Data([1]), at: now)
        .appended
    }
    #expect(try appended(leaving: ["toy"]) == 0)
    #expect(try appended(leaving: ["other"]) == 1)
    #expect(try events().last?.event == .withdrawn)
  }

  @Test("the folder of the log is no folder of a benchmark")
  func notABenchmark() throws {
    _ = try logged([entry("a")])
    #expect(try SubmissionFolder(place.file("submissions")).entries().isEmpty)
  }
}

@Suite("The log on a site")
struct LedgerPageTests {
  private func input() throws -> (TemporaryFolder, SiteInput) {
    let place = try TemporaryFolder()
    var input = try SampleInput.input([SampleInput.entry("a", pcc: 0.5)])
    input.ledger = try FolderLog(submissions: place.file("submissions")).update(
      input.boards, keyFile: place.file("ledger.key"), predictionsKey: Data([1]), at: Date()
    ).ledger
    input.boards[0].ledger = input.ledger?.state
    return (place, input)
  }

  @Test("a static site holds the log's files, and its pages name it")
  func staticSite() throws {
    let (place, input) = try input()
    let site = try BuiltSite(input)
    var log = try BuiltSite.contents(of: place.file("submissions/ledger"))
    log[".lock"] = nil
    let copied = try BuiltSite.contents(of: site.url.appending(path: "ledger"))
    #expect(copied == log && copied.keys.contains("tile/entries/000.p/1"))
    let ledger = try #require(input.ledger)
    let checkpoint = String(decoding: ledger.checkpoint, as: UTF8.self)
    #expect(try site.text("ledger.html").contains(">\(Escaping.markup(checkpoint))</pre>"))
    let root = ledger.head.root.base64
    #expect(try site.text("ledger.html").contains("<code>\(Escaping.markup(root))</code>"))
    #expect(
      try site.text("toy/test/index.html").contains("1 event, root <code>\(root.prefix(8))…"))
    #expect(try site.text("toy/test/systems/a.html").contains("is entry 0 of the"))
    #expect(try site.text("index.html").contains("href=\"ledger.html\""))
    #expect(try site.text("toy/test/leaderboard.json").contains("\"ledger\""))
    #expect(try SiteChecker().check(site.url).isEmpty)
  }

  @Test("a served site leaves the log's files to the server")
  func servedSite() throws {
    var (_, input) = try input()
    (input.isServed, input.server) = (true, URL(string: "https://example.org/"))
    let site = try BuiltSite(input)
    #expect(site.exists("ledger.html") && !site.exists("ledger"))
    #expect(try SiteChecker().check(site.url).isEmpty)
  }

  @Test("a site without a log does not speak of one")
  func without() throws {
    let site = try BuiltSite(SampleInput.input([SampleInput.entry("a", pcc: 0.5)]))
    #expect(!site.exists("ledger.html"))
    #expect(try !site.text("toy/test/index.html").lowercased().contains("ledger"))
  }
}
