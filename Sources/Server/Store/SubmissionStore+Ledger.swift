import Basics
import Foundation
package import GRDB
import Harness
import Ledger
package import Report

extension SubmissionStore {
  /// Appends a leaf within the caller's transaction, at whose end the log is sealed.
  /// - Returns: its index.
  @discardableResult
  package static func log(_ event: LedgerEvent, in database: Database) throws -> Int {
    try append(try event.leaf(), of: event, in: database)
  }

  static func append(
    _ leaf: Data, of event: LedgerEvent, in database: Database
  ) throws -> Int {
    let index: Int? = try database.value(
      """
      INSERT INTO ledger (idx, leaf, hash, entry, event)
      VALUES ((SELECT coalesce(max(idx) + 1, 0) FROM ledger), ?, ?, ?, ?) RETURNING idx
      """, [leaf, TreeHash.leaf(leaf).bytes, event.id, event.event.rawValue])
    return index ?? 0
  }

  /// The newest signed checkpoint; nil for a log without leaves.
  func checkpoint() throws(ServerError) -> Data? {
    try read { try StoredHead.read(in: $0).note }
  }

  /// The bytes of a tile; nil for one that the log has not.
  func bytes(of tile: Tile) throws(ServerError) -> Data? {
    try read { database in
      tile.exists(in: try StoredHead.read(in: database).head.size)
        ? try Self.bytes(of: tile, in: database) : nil
    }
  }

  static func bytes(of tile: Tile, in database: Database) throws(LedgerError) -> Data {
    guard tile.content == .entries else { return try tile.bytes(from: StoredHashes(database)) }
    let start = tile.index * Tile.fullWidth
    let leaves: [Data]
    do {
      leaves = try Data.fetchAll(
        database, sql: "SELECT leaf FROM ledger WHERE idx >= ? AND idx < ? ORDER BY idx",
        arguments: [start, start + tile.width])
    } catch {
      throw .file(.file(path: "the ledger", reason: "\(error)"))
    }
    return try EntryBundle.encode(leaves)
  }

  /// The proof that the leaf at `index` is in the log as it is now; nil for no such leaf.
  func receipt(of index: Int) throws(ServerError) -> Receipt? {
    try read { database in
      let stored = try StoredHead.read(in: database)
      guard index >= 0, index < stored.head.size, let note = stored.note,
        let leaf = try leaf(at: index, in: database)
      else { return nil }
      return Receipt(
        extra: leaf,
        proof: try InclusionProof(
          of: index, size: stored.head.size, from: StoredHashes(database)), checkpoint: note)
    }
  }

  private func leaf(at index: Int, in database: Database) throws -> Data? {
    try database.value("SELECT leaf FROM ledger WHERE idx = ?", [index])
  }

  /// The signed notes by which keys followed each other, as a JSON list.
  func rotations() throws(ServerError) -> Data {
    let query = "SELECT leaf FROM ledger WHERE event = 'key' ORDER BY idx"
    return try read { database in
      let notes = try Data.fetchAll(database, sql: query).compactMap {
        try LedgerEvent(leaf: $0).note
      }
      return try CanonicalJSON.document(notes)
    }
  }

  /// What the answer to a submission says of the ledger: the leaf of its acceptance and a checkpoint
  /// that covers it.
  struct Acceptance: Encodable, Sendable {
    /// The leaf, byte for byte.
    var leaf: String
    var index: Int
    var checkpoint: String
  }

  /// Nil for a submission that is not in the log, which no accepted one is.
  func acceptance(of id: String) throws(ServerError) -> Acceptance? {
    try read { database in
      let query =
        "SELECT idx, leaf FROM ledger WHERE entry = ? AND event = 'accepted' ORDER BY idx LIMIT 1"
      guard let row = try Row.fetchOne(database.cachedStatement(sql: query), arguments: [id]),
        let note = try StoredHead.read(in: database).note
      else { return nil }
      return Acceptance(
        leaf: String(decoding: row["leaf"] as Data, as: UTF8.self), index: row["idx"],
        checkpoint: String(decoding: note, as: UTF8.self))
    }
  }
}

extension SubmissionStore {
  func scribe(at now: Date, in database: Database) -> LedgerScribe {
    LedgerScribe(ledger: ledger, database: database, now: now)
  }

  /// Logs the phases that have opened or ended since the last time.
  func logPhases(at now: Date = Date()) throws(ServerError) {
    let isDue = try read { database in
      try !Self.opened(at: now, in: database).isEmpty || !Self.ended(at: now, in: database).isEmpty
    }
    if isDue { try write { try logPhases(at: now, in: $0) } }
  }

  func logPhases(at now: Date, in database: Database) throws {
    let scribe = scribe(at: now, in: database)
    func note(_ column: String, _ phase: Phase) throws {
      try database.run(
        "UPDATE phase SET \(column) = (SELECT max(idx) FROM ledger) WHERE id = ?", [phase.id])
    }
    for phase in try Self.opened(at: now, in: database) {
      try scribe.opened(phase)
      try note("opening_leaf", phase)
      try Webhook.announce(.phaseOpened, of: phase, at: now, in: database)
    }
    for phase in try Self.ended(at: now, in: database) {
      try scribe.closed(phase)
      try note("closing_leaf", phase)
      try Webhook.announce(.phaseClosed, of: phase, at: now, in: database)
    }
  }

  /// Of each name the last phase that was set.
  private static let lastOfName = "SELECT * FROM named_phase WHERE TRUE"

  private static func opened(at now: Date, in database: Database) throws -> [Phase] {
    try database.all(
      "\(lastOfName) AND opening_leaf IS NULL AND opens <= ? ORDER BY opens, id", [now.seconds])
  }

  /// Those with hidden labels end when their scores are released.
  private static func ended(at now: Date, in database: Database) throws -> [Phase] {
    try database.all(
      """
      \(lastOfName) AND closing_leaf IS NULL AND opening_leaf IS NOT NULL
        AND (closed IS NOT NULL OR (labels = 'open' AND closes <= ?))
      ORDER BY closes, id
      """, [now.seconds])
  }
}

extension SubmissionStore {
  /// Logs what published boards show beyond the store.
  /// - Parameter seen: the store as it was when the boards were made: what was logged since is newer
  ///   than they are.
  /// - Returns: whether the log lacked nothing.
  func log(
    _ boards: [Board], madeFrom seen: SubmissionStore, at now: Date = Date()
  ) throws(ServerError) -> Bool {
    let lacking = try seen.read { database in
      try boards.map { board in
        (board, Set(try scribe(at: now, in: database).missing(on: board).compactMap(\.id)))
      }.filter { !$0.1.isEmpty }
    }
    if lacking.isEmpty { return true }
    try write { database in
      let scribe = scribe(at: now, in: database)
      for (board, ids) in lacking { try scribe.published(board, ids) }
    }
    return false
  }

  /// The log as the pages of a site show it; nil for one without leaves.
  func siteLedger() throws(ServerError) -> SiteLedger? {
    try read { database in
      guard let note = try StoredHead.read(in: database).note else { return nil }
      let query = """
        SELECT s.board, s.entry, max(l.idx) AS leaf
        FROM ledger_shown s JOIN ledger l ON l.entry = s.entry
        WHERE l.event IN ('scored', 'rescored', 'revealed') GROUP BY s.board, s.entry
        """
      var leaves: [String: [String: Int]] = [:]
      for row in try Row.fetchAll(database, sql: query) {
        leaves[row["board"], default: [:]][row["entry"]] = row["leaf"]
      }
      return try SiteLedger(
        checkpoint: note, keys: ledger.currentKeys().verifiers, leaves: leaves)
    }
  }
}
