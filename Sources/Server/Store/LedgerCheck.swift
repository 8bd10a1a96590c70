import Basics
import Foundation
import GRDB
import Harness
import Ledger
import Report

/// Compares a store with its ledger, and the ledger with what was seen of it outside the database.
package struct LedgerCheck {
  private let store: SubmissionStore

  package init(store: SubmissionStore) { self.store = store }

  private var home: URL { store.ledger.home }

  /// - Throws: ``ServerError/ledger(_:)`` with everything that does not agree, in words.
  package func run() throws(ServerError) {
    let findings = try store.read { database in
      let stored = try StoredHead.read(in: database)
      let lost = loss(stored)
      guard lost.isEmpty else { return lost }
      let changed = try contents(stored, in: database)
      return try changed.isEmpty ? fork(in: database) : changed
    }
    if !findings.isEmpty { throw .ledger(findings) }
  }

  /// The trees that were signed, as the last commit and the exported tiles have them.
  private var seen: [TreeHead] {
    [LedgerHead(home)?.checkpoint.head, exported].compactMap { $0 }
  }

  private var exported: TreeHead? {
    try? Checkpoint(text: try SignedNote(try folder.checkpoint()).text).head
  }

  private var folder: TileFolder { TileFolder(store.ledger.folder) }

  /// What was committed and the database has not.
  private func loss(_ stored: StoredHead) -> [String] {
    guard let newest = seen.map(\.size).max(), newest > stored.head.size else { return [] }
    let accepted = LedgerHead(home).map { $0.accepted - stored.accepted }
    let ids =
      exported.map { Self.missing(from: folder, $0, since: stored.head.size) } ?? []
    let count = max(accepted ?? 0, ids.count)
    let names = ids.prefix(20).joined(separator: ", ") + (ids.count > 20 ? ", …" : "")
    return [
      "\(count) acknowledged submission\(count == 1 ? " is" : "s are") missing"
        + "\(ids.isEmpty ? "" : " (\(names))"): the database has \(stored.head.size) events of the "
        + "ledger, and \(newest) were signed."
    ]
  }

  /// Whether the first events are those that were signed before.
  private func fork(in database: Database) throws -> [String] {
    try seen.filter { head in
      try head.size > 0
        && CompactRange(size: head.size, from: StoredHashes(database)).root != head.root
    }.map { head in
      "the ledger of the database is another one than was seen before: of its first \(head.size) events "
        + "the root was \(head.root), and is not now. Both are signed: the log was forked."
    }
  }

  /// The submissions that exported tiles know beyond what the database has.
  static func missing(from folder: TileFolder, _ head: TreeHead, since start: Int) -> [String] {
    let tiles = Tile.tiles(of: head.size, since: start).filter { $0.content == .entries }
    let entries = tiles.flatMap { tile -> [(Int, Data)] in
      let leaves = (try? folder.tiles(of: head).entries(of: tile)) ?? []
      return leaves.enumerated().map { (tile.index * Tile.fullWidth + $0.offset, $0.element) }
    }
    return entries.filter { $0.0 >= start }.compactMap { try? LedgerEvent(leaf: $0.1) }
      .filter { $0.event == .accepted }.compactMap(\.id)
  }

  /// Whether the leaves lead to the signed root, and submissions and boards are what they say.
  private func contents(_ stored: StoredHead, in database: Database) throws -> [String] {
    guard let note = stored.note else { return [] }
    do {
      _ = try store.ledger.currentKeys().policy().open(note)
    } catch let error as LedgerError {
      return [
        "ledger.key is not the key that signed the log, or its last checkpoint was changed: \(error). "
          + "Put the right key back."
      ]
    }
    var range = CompactRange()
    var replay = LedgerReplay()
    let rows = try Row.fetchCursor(database, sql: "SELECT idx, leaf, hash FROM ledger ORDER BY idx")
    while let row = try rows.next() {
      let leaf: Data = row["leaf"]
      let hash = TreeHash.leaf(leaf)
      guard row["idx"] == range.size, hash.bytes == row["hash"] else {
        return ["event \(range.size) of the ledger was changed or removed"]
      }
      _ = range.append(hash)
      try replay.add(try LedgerEvent(leaf: leaf))
    }
    guard range.size == stored.head.size, range.root == stored.head.root else {
      return [
        "the \(range.size) events of the database do not lead to its signed checkpoint of "
          + "\(stored.head.size) events"
      ]
    }
    guard try CompactRange(size: range.size, from: StoredHashes(database)).root == range.root else {
      return ["a hash over events of the ledger was changed"]
    }
    var known: Set<String> = []
    return try
      (submissions(replay, in: database) + outcomes(replay, in: database)
      + boards(replay, in: database)).filter { known.insert($0).inserted }
  }

  private func submissions(_ replay: LedgerReplay, in database: Database) throws -> [String] {
    let rows = try Row.fetchAll(database, sql: "SELECT public_id, digest FROM submission")
    let digests: [String: String] = Dictionary(
      uniqueKeysWithValues: rows.map { ($0["public_id"], $0["digest"]) })
    let accepted = replay.accepted
    return accepted.keys.filter { digests[$0] == nil }.sorted().map {
      "submission \($0) was accepted and is not in the database"
    }
      + digests.keys.sorted().compactMap { id in
        guard let logged = accepted[id] else { return "submission \(id) is not in the ledger" }
        return logged == digests[id].map { store.ledger.keyed("predictions", $0) }
          ? nil : "the predictions of \(id) are not those that were accepted"
      }
  }

  /// Of all that is released, what the board does not show too. A rescore seals what changed alone, so
  /// its boards are left out.
  private func outcomes(_ replay: LedgerReplay, in database: Database) throws -> [String] {
    let query = """
      SELECT public_id, verdict, report FROM submission s WHERE state = 'released' AND 2 > (
        SELECT count(*) FROM scoring WHERE benchmark = s.benchmark AND split = s.split)
      ORDER BY id
      """
    return try Row.fetchAll(database, sql: query).compactMap { row in
      let (id, report): (String, String?) = (row["public_id"], row["report"])
      let seal = store.ledger.sealOfOutcome(row["verdict"], report)
      if replay.has(seal, of: id) { return nil }
      // A figure of -0 is 0 once it was read, as in a leaf.
      let read = try report.map { try JSONDecoder().decode(ScoreReport.self, from: Data($0.utf8)) }
      return try read.map { try replay.has($0, of: id) } ?? false ? nil : Self.changed(id)
    }
  }

  private static func changed(_ id: String) -> String {
    "the score of \(id) is not the one that the ledger has"
  }

  private func boards(_ replay: LedgerReplay, in database: Database) throws -> [String] {
    let now = Date()
    let list = try PhaseList(in: database)
    let phases = list.boards.compactMap { list.shown(of: $0, at: now) }
    return try phases.filter { $0.visibility == .public && !$0.isLate }.flatMap { phase in
      var shown = replay.shown(on: phase.board)
      var findings: [String] = []
      for submission in try SubmissionStore.standing(in: phase, at: now, in: database) {
        let report = phase.closed != nil ? submission.closing : submission.report
        guard let report else { continue }
        guard shown.remove(submission.id) != nil else {
          findings.append("\(phase.board.path) shows \(submission.id), which the ledger does not")
          continue
        }
        // A close that changes no value has no leaf of its own.
        let isSame = phase.closed != nil && replay.hasValues(of: report, of: submission.id)
        if try !isSame && !replay.has(report, of: submission.id) {
          findings.append(Self.changed(submission.id))
        }
      }
      // Entries of folders are not in the database.
      let gone = try shown.filter { try StoredSubmission.find(publicID: $0, in: database) != nil }
      return findings
        + gone.sorted().map {
          "\($0) stands on \(phase.board.path) by the ledger, and is not there"
        }
    }
  }
}

/// What the boards show after the events of a log, one after the other.
struct LedgerReplay {
  /// Keyed digests of predictions by id.
  private(set) var accepted: [String: String] = [:]
  private var boards = BoardLog()
  /// Digests of all reports of an entry.
  private var reports: [String: Set<String>] = [:]
  /// Digests of the values in these reports.
  private var values: [String: Set<String>] = [:]
  /// Seals of the outcomes of an entry that are not public.
  private var seals: [String: Set<String>] = [:]
  private var rescored: Set<String> = []

  /// The ids that a board shows.
  func shown(on board: BoardKey) -> Set<String> { boards.boards[board.path]?.shown ?? [] }

  mutating func add(_ event: LedgerEvent) throws {
    if event.event == .accepted, let id = event.id { accepted[id] = event.predictions }
    if let id = event.id {
      let digest = try event.report.map { Digest.sha256(try CanonicalJSON.compact($0)) }
      if let digest = digest ?? event.reportDigest { reports[id, default: []].insert(digest) }
    }
    if let id = event.id, let report = event.report {
      values[id, default: []].insert(LedgerScribe.digest(report))
    }
    if let id = event.id, let seal = event.sealed { seals[id, default: []].insert(seal) }
    if event.event == .rescored, let id = event.id { rescored.insert(id) }
    boards.append(event)
  }

  /// Whether this seal was logged of the entry, or no outcome was, as after a new ledger began.
  func has(_ seal: String, of id: String) -> Bool {
    guard !rescored.contains(id), seals[id] != nil || reports[id] != nil else { return true }
    return seals[id]?.contains(seal) ?? false
  }

  func hasValues(of report: ScoreReport, of id: String) -> Bool {
    values[id]?.contains(LedgerScribe.digest(report)) ?? false
  }

  /// Whether `report` was logged of the entry, now or before.
  func has(_ report: ScoreReport, of id: String) throws -> Bool {
    reports[id]?.contains(Digest.sha256(try CanonicalJSON.compact(report))) ?? false
  }
}
