import Basics
import Foundation
import GRDB
import Glibc
import Harness
import Ledger
import Report
import Synchronization

/// Seals the leaves that a transaction appended: their hashes, the new tree and its signed
/// checkpoint are committed with them.
final class StoreLedger: Sendable {
  /// A file in the data home's `ledger/` that is written after each commit, without waiting for the
  /// disk: by it the start sees whether the database lost what was acknowledged.
  static let headName = "head"

  let home: URL
  /// For what leaves must not tell: digests of predictions and outcomes that are not public.
  private let secret: Data
  private let keys: Mutex<(keys: LedgerKeys, changed: Date?)>
  private let edge = Mutex<CompactRange?>(nil)
  /// Size of the tree that ``headName`` has.
  private let written = Mutex(0)

  /// A checkpoint that a transaction commits.
  struct Sealed: Sendable {
    var head: TreeHead
    /// The signed note.
    var note: Data
    /// Submissions that were accepted up to it.
    var accepted: Int
  }

  /// - Parameter home: the data home; its keys are made where there are none.
  init(home: URL) throws {
    self.home = home
    secret = try DataHome(home).releaseKey()
    keys = Mutex((try LedgerKeys.readOrMake(DataHome(home).ledgerKeyURL), Self.changed(home)))
  }

  private static func changed(_ home: URL) -> Date? {
    var facts = stat()
    guard stat(DataHome(home).ledgerKeyURL.path, &facts) == 0 else { return nil }
    return Date(
      timeIntervalSince1970: Double(facts.st_mtim.tv_sec) + Double(facts.st_mtim.tv_nsec) / 1e9)
  }

  /// Where the log's files are for whoever wants them without a database.
  var folder: URL { home.appending(path: "ledger") }

  /// The keys that sign now; a command may change them while the server runs.
  func currentKeys() throws -> LedgerKeys {
    let changed = Self.changed(home)
    return try keys.withLock { known in
      if known.changed != changed, let keys = try LedgerKeys.read(DataHome(home).ledgerKeyURL) {
        known = (keys, changed)
      }
      return known.keys
    }
  }

  /// A keyed digest for a leaf.
  func keyed(_ purpose: String, _ text: String) -> String {
    Digest.hmac("ledger \(purpose)\n\(text)", key: secret)
  }

  /// - Parameter report: its compact canonical JSON; nil for none.
  func sealOfOutcome(_ verdict: String, _ report: String?) -> String {
    keyed("outcome", "\(verdict)\n\(report ?? "")")
  }

  /// Signs the tree over all leaves, where the transaction appended some.
  /// - Returns: what ``committed(_:)`` is called with once the transaction is on the disk; nil for
  ///   nothing new.
  func seal(in database: Database) throws -> Sealed? {
    let old = try StoredHead.read(in: database)
    let leaves = try Row.fetchAll(
      database.cachedStatement(sql: "SELECT hash FROM ledger WHERE idx >= ? ORDER BY idx"),
      arguments: [old.head.size]
    ).map { try TreeHash($0[0] as Data) }
    guard !leaves.isEmpty else { return nil }
    var range =
      try edge.withLock { $0 }.flatMap { $0.head == old.head ? $0 : nil }
      ?? range(after: old, in: database)
    for leaf in leaves {
      for (place, hash) in range.append(leaf) where place.level > 0 && place.level % 8 == 0 {
        try database.run(
          "INSERT INTO ledger_hash (level, idx, hash) VALUES (?, ?, ?)",
          [place.level, place.index, hash.bytes])
      }
    }
    let head = try TreeHead(size: range.size, root: range.root)
    let note = try currentKeys().checkpoint(head)
    let accepted: Int? = try database.value(
      """
      INSERT INTO ledger_checkpoint (one, size, root, note, accepted)
      VALUES (1, :size, :root, :note, :accepted)
      ON CONFLICT DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note,
        accepted = excluded.accepted
      RETURNING accepted
      """,
      [
        "size": head.size, "root": head.root.bytes, "note": note,
        "accepted": old.accepted + accepted(from: old.head.size, in: database),
      ])
    edge.withLock { $0 = range }
    return Sealed(head: head, note: note, accepted: accepted ?? 0)
  }

  /// How many leaves from `start` on are of accepted submissions.
  private func accepted(from start: Int, in database: Database) throws -> Int {
    try database.value(
      "SELECT count(*) FROM ledger WHERE idx >= ? AND event = 'accepted'", [start]) ?? 0
  }

  /// - Throws: ``ServerError/ledger(_:)`` where the log was seen longer: nothing is signed beside that.
  private func range(after old: StoredHead, in database: Database) throws -> CompactRange {
    if let seen = LedgerHead(home)?.checkpoint.head, seen.size >= old.head.size, seen != old.head {
      throw ServerError.ledger([
        "the database has \(old.head.size) events of the ledger, and \(seen.size) were signed: "
          + "some are missing, or it is another log. Nothing can be logged."
      ])
    }
    return try CompactRange(size: old.head.size, from: StoredHashes(database))
  }

  /// Writes down what is on the disk now. Commits may be told out of order; the newest stays.
  func committed(_ sealed: Sealed) {
    written.withLock { size in
      guard sealed.head.size > size else { return }
      size = sealed.head.size
      writeHead(sealed)
    }
  }

  /// A new log begins, whose sizes start again.
  func begin() { written.withLock { $0 = 0 } }

  /// A start without this file looks for nothing, so that a failure here costs no submission.
  private func writeHead(_ sealed: Sealed) {
    mkdir(folder.path, 0o700)
    let file = folder.appending(path: Self.headName).path
    let descriptor = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let bytes = LedgerHead.bytes(sealed)
    // In place and by one call: a rename would have the next commit wait for the disk twice.
    let written = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    if written == bytes.count { ftruncate(descriptor, off_t(written)) }
  }
}

extension CompactRange {
  fileprivate var head: TreeHead? { try? TreeHead(size: size, root: root) }
}

/// The tree that the database last sealed.
struct StoredHead {
  var head: TreeHead
  /// The signed checkpoint; nil for an empty log.
  var note: Data?
  var accepted = 0

  static func read(in database: Database) throws -> StoredHead {
    let query = "SELECT size, root, note, accepted FROM ledger_checkpoint"
    guard let row = try Row.fetchOne(database.cachedStatement(sql: query)) else {
      return StoredHead(head: .empty)
    }
    return StoredHead(
      head: try TreeHead(size: row["size"], root: try TreeHash(row["root"] as Data)),
      note: row["note"], accepted: row["accepted"])
  }
}

/// What the data home's `ledger/head` says: the number of accepted submissions, an empty line, and
/// the checkpoint.
struct LedgerHead {
  var size: Int
  var accepted: Int
  var checkpoint: Checkpoint
  /// The signed checkpoint, byte for byte.
  var note: Data

  /// Nil where there is none, or it cannot be read.
  init?(_ home: URL) {
    let file = home.appending(path: "ledger/\(StoreLedger.headName)")
    guard let bytes = try? Data(contentsOf: file),
      let end = bytes.firstRange(of: Data("\n\n".utf8)),
      let accepted = Int(String(decoding: bytes[..<end.lowerBound], as: UTF8.self)),
      let note = try? SignedNote(Data(bytes[end.upperBound...])),
      let checkpoint = try? Checkpoint(text: note.text)
    else { return nil }
    self.note = note.bytes
    (size, self.accepted, self.checkpoint) = (checkpoint.head.size, accepted, checkpoint)
  }

  static func bytes(_ sealed: StoreLedger.Sealed) -> Data {
    Data("\(sealed.accepted)\n\n".utf8) + sealed.note
  }
}

/// The hashes of full subtrees, from the leaves' and from those of every eighth level.
struct StoredHashes: HashSource {
  private let database: Database

  init(_ database: Database) { self.database = database }

  func hashes(at positions: [HashPosition]) throws(LedgerError) -> [TreeHash] {
    try positions.map { position throws(LedgerError) in
      let count = 1 << (position.level % 8)
      var level = try row(position.level / 8 * 8, from: position.index * count, count)
      while level.count > 1 {
        level = stride(from: 0, to: level.count - 1, by: 2).map { .node(level[$0], level[$0 + 1]) }
      }
      return level[0]
    }
  }

  private func row(
    _ level: Int, from start: Int, _ count: Int
  ) throws(LedgerError) -> [TreeHash] {
    let query =
      level == 0
      ? "SELECT hash FROM ledger WHERE idx >= :start AND idx < :end AND :level = 0 ORDER BY idx"
      : """
      SELECT hash FROM ledger_hash WHERE level = :level AND idx >= :start AND idx < :end
      ORDER BY idx
      """
    let hashes: [TreeHash]
    do {
      hashes = try Row.fetchAll(
        database.cachedStatement(sql: query),
        arguments: ["level": level, "start": start, "end": start + count]
      ).map { try TreeHash($0[0] as Data) }
    } catch let error as LedgerError {
      throw error
    } catch {
      throw .file(.file(path: "the ledger", reason: "\(error)"))
    }
    guard hashes.count == count else { throw .missing("hash \(start) of level \(level)") }
    return hashes
  }
}
