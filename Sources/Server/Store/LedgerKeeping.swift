import Basics
public import Foundation
import GRDB
public import Harness
import Ledger
public import Report

extension SubmissionStore {
  /// Makes a new key that signs beside the present one from now on, and logs the change, which both
  /// sign.
  /// - Returns: the keys that sign, the new one first.
  /// - Throws: ``ServerError/refused(_:)`` while two keys sign already.
  public func rotateLedgerKey(at now: Date = Date()) throws(ServerError) -> LedgerKeys {
    try write { database in
      let keys = try ledger.currentKeys()
      guard keys.all.count == 1 else {
        throw ServerError.refused(
          "Two keys sign already. Once everybody knows the new one: invitro ledger key --retire")
      }
      let rotated = try keys.rotated()
      let change = try KeyChange.make(old: keys.newest, new: rotated.newest)
      var event = LedgerEvent(.key, at: now)
      event.note = String(decoding: change.note.bytes, as: UTF8.self)
      try Self.log(event, in: database)
      // Before the commit, so that the checkpoint of this event has both signatures.
      try rotated.save(to: DataHome(ledger.home).ledgerKeyURL)
      return rotated
    }
  }

  /// Ends signing with the key that was replaced.
  /// - Throws: ``ServerError/refused(_:)`` where one key signs.
  public func retireLedgerKey() throws(ServerError) -> LedgerKeys {
    try write { _ in
      let keys = try ledger.currentKeys()
      guard keys.all.count > 1 else {
        throw ServerError.refused("One key signs. First: invitro ledger key --rotate")
      }
      try keys.retired.save(to: DataHome(ledger.home).ledgerKeyURL)
      return keys.retired
    }
  }

  /// Brings the files of the data home's `ledger/` up to the log: what a start is compared with, and
  /// what can be served or kept elsewhere as it is.
  public func exportLedger() throws(ServerError) {
    try translated {
      for (name, bytes) in [
        ("key", try ledger.currentKeys().document), ("rotations.json", try rotations()),
      ] {
        let file = ledger.folder.appending(path: name)
        if (try? Data(contentsOf: file)) != bytes { try AtomicFile.write(bytes, to: file) }
      }
    }
    try read { database in
      let stored = try StoredHead.read(in: database)
      guard let note = stored.note else { return }
      let folder = TileFolder(ledger.folder)
      // Another process may be ahead.
      guard try folder.written() < stored.head.size else { return }
      try folder.update(to: stored.head, note: note) { tile throws(LedgerError) in
        try Self.bytes(of: tile, in: database)
      }
    }
  }

  /// Begins a new ledger with a new key after the database lost what the old one has. Its first leaf
  /// names the old log's last checkpoint and the reason; then everything in the database is logged
  /// again. The old files and key stay beside the new ones.
  /// - Parameter name: of the new log; nil for the old name with a number.
  /// - Throws: ``ServerError/refused(_:)`` for a log that agrees with its database.
  /// - Returns: the new keys.
  public func continueLedger(
    as name: String? = nil, why: String, at now: Date = Date()
  ) throws(ServerError) -> LedgerKeys {
    guard (1...1000).contains(why.unicodeScalars.count) else {
      throw .refused("Give a reason of 1 to 1000 characters.")
    }
    // A server that runs has checked its ledger.
    let lock = try ServerLock(ledger.home.appending(path: "server.lock"))
    defer { withExtendedLifetime(lock) {} }
    do {
      try LedgerCheck(store: self).run()
    } catch .ledger {
      return try beginLedger(as: name, why: why, at: now)
    }
    throw .refused("The database agrees with its ledger: there is no reason to begin a new one.")
  }

  private func beginLedger(
    as name: String?, why: String, at now: Date
  ) throws(ServerError) -> LedgerKeys {
    try write { database in
      let old = try ledger.currentKeys()
      let stored = try StoredHead.read(in: database).note
      let last = LedgerHead(ledger.home)?.note ?? (try? TileFolder(ledger.folder).checkpoint())
      let keys = LedgerKeys(try SigningKey(name: name ?? Self.next(old.origin)))
      let moved = "ledger-until-\(now.stamp.replacing(":", with: ""))"
      try database.execute(sql: "DROP TRIGGER ledger_is_kept")
      for table in ["ledger", "ledger_hash", "ledger_checkpoint", "ledger_shown"] {
        try database.execute(sql: "DELETE FROM \(table)")
      }
      try database.execute(sql: Self.ledgerIsKept)
      try database.execute(sql: "UPDATE phase SET opening_leaf = NULL, closing_leaf = NULL")
      var event = LedgerEvent(.continued, at: now)
      event.note = (last ?? stored).map { String(decoding: $0, as: UTF8.self) }
      event.why = why
      try Self.log(event, in: database)
      let submissions: [StoredSubmission] = try database.all(
        "\(StoredSubmission.selection) ORDER BY s.id")
      for submission in submissions {
        try scribe(at: submission.received, in: database).accepted(submission)
      }
      try logPhases(at: now, in: database)
      // Last, so that whatever fails before leaves the files as they are.
      try old.save(to: ledger.home.appending(path: "\(moved).key"))
      try? FileManager.default.moveItem(
        at: ledger.folder, to: ledger.home.appending(path: moved))
      try keys.save(to: DataHome(ledger.home).ledgerKeyURL)
      ledger.begin()
      return keys
    }
  }

  /// `board.example/ledger` is followed by `board.example/ledger/2`.
  private static func next(_ origin: String) -> String {
    guard let slash = origin.lastIndex(of: "/"), let number = Int(origin[slash...].dropFirst())
    else {
      return origin + "/2"
    }
    return "\(origin[...slash])\(number + 1)"
  }
}

extension SubmissionStore {
  /// Makes known the keys of the commitments of a board's phases that have opened: whoever has the labels
  /// can then check that neither they nor the scorer were changed. Where labels are hidden a key lets
  /// anybody try guesses at all of them together.
  /// - Parameter name: of the phase; nil for all.
  /// - Returns: the names of the phases whose keys are told now.
  @discardableResult
  public func revealCommitments(
    of board: BoardKey, phase name: String? = nil, at now: Date = Date()
  ) throws(ServerError) -> [String] {
    try write { database in
      let told = try Set(
        Data.fetchAll(
          database, sql: "SELECT leaf FROM ledger WHERE event IN ('closed', 'opened')"
        ).compactMap { try LedgerEvent(leaf: $0).commitmentKey })
      let phases: [Phase] = try database.all(
        """
        SELECT * FROM phase WHERE benchmark = ? AND split = ? AND commitment IS NOT NULL
          AND opening_leaf IS NOT NULL ORDER BY id
        """, [board.benchmark, board.split])
      var keys = told
      let due = phases.filter { phase in
        name.map { $0 == phase.name } ?? true
          && phase.commitment.map { keys.insert($0.keyText).inserted } ?? false
      }
      for phase in due { try scribe(at: now, in: database).openedCommitment(of: phase) }
      return due.map(\.name)
    }
  }
}
