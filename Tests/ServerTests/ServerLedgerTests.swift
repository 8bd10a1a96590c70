import Foundation
import GRDB
import Harness
import Ledger
import Metrics
import Report
import Server
import TestSupport
import Testing

@Suite("Server: the ledger", .serialized)
struct ServerLedgerTests {
  /// Everything that the log says over HTTP, from tiles alone.
  private func events(_ server: TestServer) async throws -> [LedgerEvent] {
    try await leaves(server).map { try LedgerEvent(leaf: $0) }
  }

  private func leaves(_ server: TestServer) async throws -> [Data] {
    let key = try await server.get("/ledger/key")
    let checkpoint = try await server.get("/ledger/checkpoint")
    #expect(checkpoint.headers["cache-control"] == "no-cache")
    #expect(checkpoint.headers["content-type"] == "text/plain; charset=utf-8")
    let head = try Self.head(of: checkpoint.body, keys: key.text)
    let paths = Tile.tiles(of: head.size).map(\.path)
    let answers = try await files(paths, server)
    return try Self.leaves(head, answers)
  }

  private func files(_ paths: [String], _ server: TestServer) async throws -> [String: Data] {
    var files: [String: Data] = [:]
    for path in paths {
      let answer = try await server.get("/ledger/" + path)
      try #require(answer.status == 200 && answer.headers["cache-control"] != nil)
      files[path] = answer.body
    }
    return files
  }

  private static func head(of checkpoint: Data, keys: String) throws -> TreeHead {
    let keys = try keys.split(separator: "\n").map { try VerifierKey(vkey: String($0)) }
    return try LogPolicy(keys: keys).open(checkpoint).head
  }

  private static func leaves(_ head: TreeHead, _ files: [String: Data]) throws -> [Data] {
    let tiles = VerifiedTiles(head: head) { tile throws(LedgerError) in files[tile.path] }
    var leaves: [Data] = []
    for tile in Tile.tiles(of: head.size) where tile.content == .entries {
      leaves += try tiles.entries(of: tile)
    }
    return leaves
  }

  private func id(_ answer: Answer) throws -> String {
    try #require(try answer.object()["id"] as? String, "\(answer.text)")
  }

  @Test("an answer holds leaf, index and checkpoint, and a proof can be had later")
  func receipts() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let answer = try await arena.submit(try arena.predictions(1), to: server)
    let ledger = try #require(try answer.object()["ledger"] as? [String: Any])
    let leaf = try #require(ledger["leaf"] as? String)
    let index = try #require(ledger["index"] as? Int)
    let key = try VerifierKey(vkey: String(try await server.get("/ledger/key").text.dropLast()))
    let policy = try LogPolicy(keys: [key])
    let checkpoint = try #require(ledger["checkpoint"] as? String)
    #expect(try policy.open(Data(checkpoint.utf8)).head.size > index)
    for seed in 2...4 { _ = try await arena.submit(try arena.predictions(seed), to: server) }
    let receipt = try Receipt(try await server.get("/ledger/proof/\(index)").body)
    #expect(receipt.extra == Data(leaf.utf8))
    try receipt.verify(entry: Data(leaf.utf8), policy: policy)
    let event = try LedgerEvent(leaf: Data(leaf.utf8))
    #expect(event.event == .accepted)
    #expect(try event.id == id(answer))
    #expect(try await server.get("/ledger/proof/9").status == 404)
    #expect(try await server.get("/ledger/proof/01").status == 400)
    #expect(try await server.get("/ledger/tile/0/001").status == 404)
    #expect(try await server.get("/ledger/tile/0/000.p/200").status == 404)
    #expect(try await server.get("/ledger/tile/0/0").status == 404)
  }

  @Test("the log tells each event once, and nothing that may not be shown")
  func events() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"], phase: nil)
    var phase = Phase.open()
    phase.commitment = Phase.Commitment(try arena.dataset())
    try arena.store.setPhase(phase)
    let server = try await arena.server()
    let file = try arena.predictions(1)
    let first = try id(
      try await arena.submit(file, to: server, metadata: ["contact": "somebody@example.org"]))
    let second = try id(try await arena.submit(try arena.predictions(2), to: server))
    let other = try id(try await arena.submit(file, to: server, team: "Team B"))
    // It is refused, so that nothing is logged of it.
    let broken = try arena.folder.write("1\n", to: "broken.tsv")
    #expect(try await arena.submit(broken, to: server).status == 422)
    let best = try #require(try await server.idsOnBoard().first { $0 != other })
    try arena.store.withdraw(best, why: "A mistake.")
    try arena.store.withdraw(best, restore: true, why: "None.")
    let events = try await events(server)
    #expect(events[0].event == .phase && events[0].commitment?.count == 64)
    #expect(events[0].commitmentKey == nil)
    #expect(events.filter { $0.event == .accepted }.compactMap(\.id) == [first, second, other])
    #expect(events.filter { $0.event == .withdrawn }.map(\.replaces) == [best])
    var shown: Set<String> = []
    for event in events {
      event.replaces.map { _ = shown.remove($0) }
      event.stands.map { _ = shown.insert($0) }
    }
    let onBoard = try await server.idsOnBoard()
    #expect(shown == Set(onBoard))
    let shownValue = try Answer.pcc(try #require(try await server.board().first))
    let logged = events.compactMap { $0.report?.targets["empathy"]?[.pcc]?.value }
    #expect(logged.contains(shownValue))
    let text = try await leaves(server).map { String(decoding: $0, as: UTF8.self) }.joined()
    for secret in ["Team A", "Team B", "somebody@example.org", "contact", "System of"] {
      #expect(!text.contains(secret), "\(secret)")
    }
    let document = try await server.get("/api/v1/submissions/\(first)").object()
    // The report of an open board has the digest itself; the leaf of the acceptance has not.
    let digest = try #require(document["digest"] as? String)
    #expect(!events.contains { $0.predictions == digest })
  }

  @Test(
    "what the public does not see is sealed",
    arguments: [Phase.Visibility.own, .hidden])
  func sealed(_ visibility: Phase.Visibility) async throws {
    let arena = try Arena(phase: .open(visibility))
    let server = try await arena.server()
    let sent = try id(try await arena.submit(try arena.predictions(1), to: server))
    let scored = try await events(server).filter { $0.event == .scored }
    #expect(scored.count == 1 && scored[0].report == nil && scored[0].sealed?.count == 64)
    #expect(scored[0].stands == nil)
    // Once the board is public the log says what it shows.
    try arena.store.setPhase(.open(.public))
    let last = try await events(server).suffix(2)
    #expect(last.map(\.event) == [.phase, .scored] && last.last?.stands == sent)
    #expect(try await server.idsOnBoard() == [sent])
  }

  @Test("the close of a board is logged with what it shows since")
  func close() async throws {
    let end = Date(timeIntervalSince1970: 4_000_000_000)
    let arena = try Arena(teams: ["Team A"], phase: nil)
    var phase = Phase.open(labels: .hidden, closes: end)
    phase.entropy = 2000
    phase.commitment = Phase.Commitment(try arena.dataset())
    try arena.store.setPhase(phase)
    let server = try await arena.server()
    let sent = try id(try await arena.submit(try arena.predictions(1), to: server))
    try arena.store.choose(sent)
    server.server.closeDue(at: end + 1)
    let events = try await events(server)
    #expect(events.suffix(3).map(\.event) == [.chosen, .scored, .closed])
    #expect(events.last?.entries == [sent] && events.last?.commitmentKey == nil)
    let values = events.compactMap { $0.report?.targets["empathy"]?[.pcc]?.value }
    #expect(values.count == 2 && values[1] >= values[0], "first on the grid, then in two decimals")
  }

  @Test("the key of a commitment is told when the labels are open, once, and it fits")
  func commitments() async throws {
    let end = Date(timeIntervalSince1970: 4_000_000_000)
    let arena = try Arena(teams: ["Team A"], phase: nil)
    let dataset = try arena.dataset()
    var phase = Phase.open(labels: .hidden, closes: end)
    phase.entropy = 2000
    phase.commitment = Phase.Commitment(dataset)
    try arena.store.setPhase(phase)
    // The same labels need no other commitment.
    #expect(Phase.Commitment(dataset, unless: phase.commitment) == phase.commitment)
    let server = try await arena.server()
    server.server.closeDue(at: end + 1)
    #expect(try await events(server).allSatisfy { $0.commitmentKey == nil })
    _ = try arena.store.retire(phase.board, at: end + 2)
    #expect(try arena.store.revealCommitments(of: phase.board, at: end + 3).isEmpty)
    let events = try await events(server)
    let told = events.compactMap(\.commitmentKey)
    #expect(told.count == 1 && told[0].count == 64)
    let bytes = stride(from: 0, to: 64, by: 2).compactMap { place in
      UInt8(told[0].dropFirst(place).prefix(2), radix: 16)
    }
    let value = LedgerCommitment.value(
      gold: dataset.goldDigest, order: dataset.orderDigest, scorer: events[0].scorer ?? "",
      key: Data(bytes))
    #expect(value == events[0].commitment)
  }

  @Test("a database that lost submissions is not served, and the missing ones are named")
  func behind() async throws {
    let arena = try Arena()
    let place = arena.folder.file("data/server.sqlite")
    let old = arena.folder.file("old.sqlite")
    var lost: [String] = []
    do {
      let server = try await arena.server()
      _ = try await arena.submit(try arena.predictions(1), to: server)
      _ = try StoreCopy.make(of: place, at: old)
      for seed in 2...4 {
        lost.append(try id(try await arena.submit(try arena.predictions(seed), to: server)))
      }
      server.publish()
    }
    func restore() throws {
      for suffix in ["", "-wal", "-shm"] {
        try? FileManager.default.removeItem(at: URL(filePath: place.path + suffix))
      }
      try FileManager.default.copyItem(at: old, to: place)
    }
    try restore()
    let error = #expect(throws: ServerError.self) { try arena.leaderboard() }
    let text = error?.description ?? ""
    #expect(text.contains("3 acknowledged submissions are missing"), "\(text)")
    #expect(lost.allSatisfy { text.contains($0) }, "\(text)")
    let reopened = try SubmissionStore(place)
    func log(_ number: Int) throws {
      _ = try reopened.write { database in
        try SubmissionStore.log(
          LedgerEvent(.chosen, id: "fork\(number)", at: Date()), in: database)
      }
    }
    let refused = #expect(throws: ServerError.self) { try log(0) }
    #expect(refused?.description.contains("Nothing can be logged") == true)
    // Who takes the ledger's files away signs a second history: it is found when it is as long.
    let (files, kept) = (arena.home.url.appending(path: "ledger"), arena.folder.file("kept"))
    try FileManager.default.moveItem(at: files, to: kept)
    for number in 1...8 { try log(number) }
    try FileManager.default.removeItem(at: files)
    try FileManager.default.moveItem(at: kept, to: files)
    let forked = #expect(throws: ServerError.self) { try arena.leaderboard() }
    #expect(forked?.description.contains("another one than was seen before") == true)
    // The way out: a new log that says what happened.
    try restore()
    let before = try LedgerKeys.read(arena.home.ledgerKeyURL)?.origin
    let keys = try SubmissionStore(place).continueLedger(why: "The disk was lost.")
    #expect(keys.origin == (before ?? "") + "/2")
    let server = try await arena.server()
    let events = try await events(server)
    #expect(events.map(\.event) == [.continued, .accepted, .phase, .scored])
    #expect(
      events[0].why == "The disk was lost." && events[0].note?.contains(before ?? "?") == true)
  }

  @Test("whatever is changed in the database beside its ledger is found and named at the start")
  func tampered() async throws {
    let arena = try Arena()
    let sent: String
    do {
      let server = try await arena.server()
      sent = try id(try await arena.submit(try arena.predictions(1), to: server))
      _ = try await arena.submit(try arena.predictions(2), to: server, metadata: [:])
      server.publish()
    }
    func finding(_ sql: String...) throws -> String {
      let copy = arena.folder.file("copy-\(UUID().uuidString).sqlite")
      _ = try StoreCopy.make(of: arena.home.submissionStoreURL, at: copy)
      defer { try? FileManager.default.removeItem(at: copy) }
      let home = arena.folder.file("home-\(UUID().uuidString)")
      try FileManager.default.copyItem(at: arena.home.url, to: home)
      for suffix in ["", "-wal", "-shm"] {
        try? FileManager.default.removeItem(at: home.appending(path: "server.sqlite\(suffix)"))
      }
      try FileManager.default.copyItem(at: copy, to: home.appending(path: "server.sqlite"))
      try DatabaseQueue(path: home.appending(path: "server.sqlite").path).write { database in
        for trigger in [
          "submission_is_kept", "submission_stays", "ledger_stays", "ledger_is_kept",
          "board_follows",
        ] {
          try database.execute(sql: "DROP TRIGGER \(trigger)")
        }
        try database.execute(sql: "PRAGMA foreign_keys = OFF")
        for statement in sql { try database.execute(sql: statement) }
      }
      var text = ""
      do throws(ServerError) { _ = try LedgerCheck(of: home) } catch { text = error.description }
      return text
    }
    #expect(try finding().isEmpty)
    let best = try #require(
      try arena.store.write { try String.fetchOne($0, sql: Self.bestQuery) })
    #expect(
      try finding(
        "UPDATE submission SET report = json_set(report, '$.targets.empathy.pcc.value', .99) "
          + "WHERE best IS NOT NULL"
      ).contains("the score of \(best)"))
    #expect(
      try finding("UPDATE submission SET verdict = 'first' WHERE public_id <> '\(best)'")
        .contains("the score of "))
    #expect(
      try finding(
        "DELETE FROM board"
      ).contains("\(best) stands on sample24/test by the ledger, and is not there"))
    #expect(
      try finding(
        "UPDATE ledger SET leaf = CAST(replace(leaf, 'accepted', 'Accepted') AS BLOB) WHERE idx = 1"
      )
      .contains("event 1 of the ledger was changed"))
    #expect(
      try finding("DELETE FROM ledger WHERE idx = 2").contains("event 2 of the ledger"))
    #expect(
      try finding("UPDATE submission SET digest = printf('%064d', id)")
        .contains("the predictions of \(sent)"))
    #expect(
      try finding("UPDATE ledger_checkpoint SET note = CAST(replace(note, '=', 'A') AS BLOB)")
        .isEmpty == false)
  }

  private static let bestQuery =
    "SELECT public_id FROM board b JOIN submission s ON s.id = b.submission"

  @Test("a key is replaced without a gap: both sign, and the change is signed by both")
  func rotation() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let old = try VerifierKey(vkey: String(try await server.get("/ledger/key").text.dropLast()))
    _ = try arena.store.rotateLedgerKey()
    #expect(throws: ServerError.self) { try arena.store.rotateLedgerKey() }
    _ = try await arena.submit(try arena.predictions(1), to: server)
    let both = try await server.get("/ledger/checkpoint").body
    _ = try LogPolicy(keys: [old]).open(both)
    let keys = try arena.store.retireLedgerKey()
    _ = try await arena.submit(try arena.predictions(2), to: server)
    let alone = try await server.get("/ledger/checkpoint").body
    #expect(throws: LedgerError.self) { try LogPolicy(keys: [old]).open(alone) }
    _ = try keys.policy().open(alone)
    let rotations = try await server.get("/ledger/rotations.json")
    let notes = try JSONDecoder().decode([String].self, from: rotations.body)
    let change = try KeyChange(Data(try #require(notes.first).utf8))
    #expect(change.old.vkey == old.vkey && change.new.vkey == keys.verifiers[0].vkey)
    #expect(try await leaves(server).count == 6)
  }
}

extension LedgerCheck {
  /// Checks the store of a data home.
  fileprivate init(of home: URL) throws(ServerError) {
    self.init(store: try SubmissionStore(DataHome(home).submissionStoreURL))
    try run()
  }
}
