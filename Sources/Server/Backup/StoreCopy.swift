import Basics
public import Foundation
import GRDB
public import Harness
import Ledger

/// A copy of a store in one file, with what was found in it when it was checked.
public struct StoreCopy: Sendable {
  public let url: URL
  public let submissions: Int
  /// Events of the ledger, and accepted submissions among them.
  public let events, accepted: Int
  let head: TreeHead
  /// Of its ledger; nil for one without events.
  let origin: String?

  /// Copies the store at `source` as it is at this moment to a new file, while it is in use, and
  /// checks the copy. It appears under its name once it is complete and on the disk.
  /// - Throws: ``ServerError``: `refused` where `target` exists, `store`, `full`.
  @discardableResult
  public static func make(of source: URL, at target: URL) throws(ServerError) -> StoreCopy {
    guard !FileManager.default.fileExists(atPath: target.path) else {
      throw .refused("\(target.relativePath) exists already; a backup overwrites nothing.")
    }
    let draft = draft(of: target)
    defer { removeDraft(of: target) }
    do {
      removeDraft(of: target)
      guard
        FileManager.default.createFile(
          atPath: draft.path, contents: nil, attributes: [.posixPermissions: 0o600])
      else { throw ServerError.store(path: target.relativePath, reason: "it cannot be created") }
      // It makes no database where there is none, and merges nothing.
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(10)
      let store = try DatabaseQueue(path: source.path, configuration: configuration)
      let copy = try DatabaseQueue(path: draft.path)
      try store.backup(to: copy)
      // One file to keep, without a journal beside it.
      try copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
      try copy.close()
      let checked = try StoreCopy(checking: draft, as: target)
      try FileHandle(forUpdating: draft).synchronize()
      try FileManager.default.moveItem(at: draft, to: target)
      AtomicFile.sync(folder: target.deletingLastPathComponent())
      return checked
    } catch {
      throw ServerError(error, path: target.relativePath)
    }
  }

  private static func draft(of target: URL) -> URL {
    target.deletingLastPathComponent().appending(path: ".\(target.lastPathComponent).part")
  }

  /// Removes what an interrupted copy left.
  static func removeDraft(of target: URL) {
    for suffix in ["", "-journal"] {
      try? FileManager.default.removeItem(atPath: draft(of: target).path + suffix)
    }
  }

  /// Opens a copy and checks it: pages, references between tables, and that the ledger's hashes lead
  /// to its checkpoint.
  /// - Parameter name: the file that errors are about.
  init(checking file: URL, as name: URL) throws(ServerError) {
    func refuse(_ found: String) -> ServerError {
      .store(
        path: name.relativePath, reason: "\(found). It is no sound copy of a server's database.")
    }
    do {
      var configuration = Configuration()
      configuration.readonly = true
      let database = try DatabaseQueue(path: file.path, configuration: configuration)
      (submissions, events, accepted, head, origin) = try database.read { database in
        let pages = try String.fetchAll(database, sql: "PRAGMA integrity_check(3)")
        guard pages == ["ok"] else { throw refuse(pages.joined(separator: "; ")) }
        guard try Row.fetchOne(database, sql: "PRAGMA foreign_key_check") == nil else {
          throw refuse("a row refers to another one that is not there")
        }
        guard try database.tableExists("submission"), try database.tableExists("ledger_checkpoint")
        else { throw refuse("its tables are not those of a server") }
        guard try !SubmissionStore.migrator.hasBeenSuperseded(database) else {
          throw refuse("it was written by a newer version of this program")
        }
        let stored = try StoredHead.read(in: database)
        let events = try Int.fetchOne(database, sql: "SELECT count(*) FROM ledger") ?? 0
        guard events == stored.head.size, stored.note != nil || events == 0,
          try CompactRange(size: events, from: StoredHashes(database)).root == stored.head.root
        else { throw refuse("its ledger of \(events) events does not lead to a signed checkpoint") }
        let submissions = try Int.fetchOne(database, sql: "SELECT count(*) FROM submission") ?? 0
        let origin = try stored.note.map { try Checkpoint(text: try SignedNote($0).text).origin }
        return (submissions, events, stored.accepted, stored.head, origin)
      }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB {
      throw refuse("it is no SQLite database")
    } catch {
      throw ServerError(error, path: name.relativePath)
    }
    url = name
  }
}

extension DataHome {
  /// Keys that a database cannot be served without: those that sign its ledger, and that of digests.
  static var keyNames: [String] { ["ledger.key", "release.key"] }

  /// Copies the keys beside a copy of the database, readable by their owner alone: `COPY.ledger.key`
  /// and `COPY.release.key`.
  /// - Returns: the files.
  @discardableResult
  public func copyKeys(beside copy: URL) throws(ServerError) -> [URL] {
    var files: [URL] = []
    for name in Self.keyNames {
      guard let key = try? Data(contentsOf: url.appending(path: name)) else { continue }
      let file = Self.key(name, beside: copy)
      do throws(BasicsError) { try AtomicFile.write(key, to: file, permissions: 0o600) } catch {
        throw .store(path: file.relativePath, reason: error.description)
      }
      files.append(file)
    }
    return files
  }

  static func key(_ name: String, beside copy: URL) -> URL {
    URL(filePath: "\(copy.path).\(name)")
  }
}
