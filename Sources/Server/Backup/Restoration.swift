import Basics
public import Foundation
import GRDB
import Glibc
public import Harness
import Ledger
import Report

/// Puts a backup in the place of a data home's database, after comparing it with what was signed
/// since. It holds the lock of a server: none runs meanwhile, and none starts.
public final class Restoration {
  /// What the backup has, and what would be missing; nil for nothing.
  public let copy: StoreCopy
  public let loss: Loss?

  private let home: DataHome
  private let draft: URL
  private var lock: ServerLock?
  private let source: URL

  /// Events of the ledger that were signed and that a backup has not.
  public struct Loss: Sendable, Equatable {
    public var events: Int
    /// Accepted submissions among them.
    public var accepted: Int
    /// Their ids, as far as they are known.
    public var ids: [String]

    public var text: String {
      let many = events == 1 ? "event" : "\(events) events"
      let named =
        ids.isEmpty
        ? ""
        : " (\(ids.prefix(20).joined(separator: ", "))"
          + "\(ids.count > 20 ? ", …" : ""))"
      let submissions = accepted == 1 ? "1 accepted submission" : "\(accepted) accepted submissions"
      return "The backup lacks the last \(many) of the ledger, among them \(submissions)\(named)."
    }
  }

  /// What was done.
  public struct Outcome: Sendable {
    /// Where the database that was replaced is now; nil where there was none.
    public var replaced: URL?
    /// Names of keys that the data home lacked and that stood beside the backup, and of those that
    /// neither has.
    public var restoredKeys, missingKeys: [String]
    /// Name of the ledger that begins after a loss.
    public var newLedger: String?
  }

  /// Copies the backup beside the database and checks the copy.
  /// - Throws: ``ServerError``: `alreadyRunning`; `unreadable`; `store` where it is not sound; `ledger`
  ///   where it is of another ledger; `full`.
  public init(of source: URL, to home: DataHome) throws(ServerError) {
    (self.source, self.home) = (source, home)
    draft = home.url.appending(path: ".server.sqlite.restored")
    do {
      try home.create()
      lock = try ServerLock(home.url.appending(path: "server.lock"))
      let journals = ["-wal", "-journal"].map { URL(filePath: source.path + $0) }
      if let journal = journals.first(where: { Self.size($0) > 0 }) {
        throw ServerError.store(
          path: source.relativePath,
          reason:
            "\(journal.lastPathComponent) stands beside it: it is a database in use and no backup")
      }
      try? FileManager.default.removeItem(at: draft)
      try FileManager.default.copyItem(at: source, to: draft)
      guard chmod(draft.path, 0o600) == 0 else { throw POSIXError(.EPERM) }
      try FileHandle(forUpdating: draft).synchronize()
      copy = try StoreCopy(checking: draft, as: source)
      loss = try Self.loss(of: copy, draft, to: home)
    } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
      throw .store(path: source.relativePath, reason: "there is no such file")
    } catch {
      try? FileManager.default.removeItem(at: draft)
      throw ServerError(error, path: source.relativePath)
    }
  }

  deinit { try? FileManager.default.removeItem(at: draft) }

  private static func size(_ url: URL) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
    return attributes?[.size] as? Int ?? 0
  }

  /// Puts the backup in place. The database that was there stays beside it under a dated name.
  /// - Parameter reason: why what is missing may be lost.
  /// - Throws: ``ServerError``: `incompleteBackup` where something is missing and there is no reason;
  ///   `refused` for a reason that is empty or over 1000 characters; `full`, `store`.
  public func commit(acceptingLoss reason: String?, at now: Date = Date()) throws(ServerError)
    -> Outcome
  {
    if let loss, reason == nil { throw .incompleteBackup(loss.text) }
    if let reason, !(1...1000).contains(reason.unicodeScalars.count) {
      throw .refused("Give a reason of 1 to 1000 characters.")
    }
    do {
      let target = home.submissionStoreURL
      let stamp = now.stamp.filter { $0 != "-" && $0 != ":" }
      let aside = home.url.appending(path: "server-replaced-\(stamp).sqlite")
      // The journal belongs to the old database and would damage the new one.
      var replaced: URL?
      for suffix in ["", "-wal"] where Self.exists(target.path + suffix) {
        try AtomicFile.rename(
          URL(filePath: target.path + suffix), to: URL(filePath: aside.path + suffix))
        replaced = aside
      }
      unlink(target.path + "-shm")
      try AtomicFile.rename(draft, to: target)
      var (restored, missing): ([String], [String]) = ([], [])
      for name in DataHome.keyNames where !Self.exists(home.url.appending(path: name).path) {
        guard let key = try? Data(contentsOf: DataHome.key(name, beside: source)) else {
          missing.append(name)
          continue
        }
        try AtomicFile.write(key, to: home.url.appending(path: name), permissions: 0o600)
        restored.append(name)
      }
      var outcome = Outcome(replaced: replaced, restoredKeys: restored, missingKeys: missing)
      lock = nil
      if loss != nil, let reason {
        outcome.newLedger = try SubmissionStore(target).continueLedger(why: reason, at: now).origin
      }
      return outcome
    } catch {
      throw ServerError(error, path: home.submissionStoreURL.relativePath)
    }
  }

  private static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
  }
}

extension Restoration {
  /// Compares the copy with what the data home knows of the ledger: the files of `ledger/`, which
  /// follow each commit, and the present database as far as it can be read.
  private static func loss(of copy: StoreCopy, _ file: URL, to home: DataHome) throws -> Loss? {
    let folder = TileFolder(home.url.appending(path: "ledger"))
    let last = LedgerHead(home.url)
    let exported = try? Checkpoint(text: try SignedNote(try folder.checkpoint()).text)
    let present = PresentLedger(home.submissionStoreURL, since: copy.events)
    let seen = [last?.checkpoint, exported, present?.checkpoint].compactMap(\.self)
      .filter { $0.head.size > 0 }
    var configuration = Configuration()
    configuration.readonly = true
    let isSame = try DatabaseQueue(path: file.path, configuration: configuration).read { database in
      try seen.allSatisfy { checkpoint in
        guard copy.origin == nil || copy.origin == checkpoint.origin else { return false }
        guard checkpoint.head.size <= copy.events else { return true }
        return try CompactRange(size: checkpoint.head.size, from: StoredHashes(database)).root
          == checkpoint.head.root
      }
    }
    let isPrefix = present?.start.map { $0 == copy.head.root } ?? true
    guard isSame, isPrefix else {
      throw ServerError.otherLedger(
        found: copy.origin ?? "an empty one", expected: seen.map(\.origin).first ?? "another one")
    }
    guard let newest = seen.map(\.head.size).max(), newest > copy.events else { return nil }
    let exportedIDs = exported.map {
      LedgerCheck.missing(from: folder, $0.head, since: copy.events)
    }
    let ids = [present?.accepted ?? [], exportedIDs ?? []].max { $0.count < $1.count } ?? []
    let accepted = max(ids.count, (last?.accepted ?? 0) - copy.accepted)
    return Loss(events: newest - copy.events, accepted: accepted, ids: ids)
  }
}

/// What a database in place says of its ledger.
private struct PresentLedger {
  var checkpoint: Checkpoint
  /// The root of its first events, as many as the backup has; nil where it has not so many.
  var start: TreeHash?
  /// Ids of the submissions that were accepted after these events.
  var accepted: [String]

  /// Nil where there is no database, it cannot be read, or its ledger is empty.
  init?(_ url: URL, since events: Int) {
    var configuration = Configuration()
    configuration.readonly = true
    guard FileManager.default.fileExists(atPath: url.path),
      let database = try? DatabaseQueue(path: url.path, configuration: configuration),
      let read = try? database.read({ database -> PresentLedger? in
        let stored = try StoredHead.read(in: database)
        guard let note = stored.note else { return nil }
        return PresentLedger(
          checkpoint: try Checkpoint(text: try SignedNote(note).text),
          start: stored.head.size < events
            ? nil : try CompactRange(size: events, from: StoredHashes(database)).root,
          accepted: try String.fetchAll(
            database,
            sql: "SELECT entry FROM ledger WHERE idx >= ? AND event = 'accepted' ORDER BY idx",
            arguments: [events]))
      })
    else { return nil }
    self = read
  }

  private init(checkpoint: Checkpoint, start: TreeHash?, accepted: [String]) {
    (self.checkpoint, self.start, self.accepted) = (checkpoint, start, accepted)
  }
}
