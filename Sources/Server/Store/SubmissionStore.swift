import Basics
public import Foundation
package import GRDB
public import Harness
import Synchronization

/// Teams, phases and submissions with their history: SQLite in the data home.
///
/// It is a file of its own beside the store of scored reports: that one is a cache which may be
/// deleted at any time, this one is the record, is backed up and must not wait for the cache's
/// writes. A write that returned is on the disk (WAL, `synchronous = FULL`). Several processes may
/// use it at once: the server, and the commands that administer it.
public final class SubmissionStore: Sendable {
  public let url: URL
  let pool: DatabasePool
  let writes: WriteQueue
  /// The version of the data is counted a connection, so one looks all the time.
  private let watcher: DatabaseQueue
  private let counter = Counter()

  /// Opens the store, or makes it, readable by its owner alone.
  ///
  /// - Throws: ``ServerError/store(path:reason:)``, ``ServerError/full(path:)``.
  public init(_ url: URL) throws(ServerError) {
    self.url = url
    do {
      try AtomicFile.createFolder(url.deletingLastPathComponent(), permissions: 0o700)
      if !FileManager.default.fileExists(atPath: url.path) {
        // SQLite gives its journal files the mode of the database.
        _ = FileManager.default.createFile(
          atPath: url.path, contents: nil, attributes: [.posixPermissions: 0o600])
      }
      var configuration = Configuration()
      configuration.busyMode = .timeout(10)
      configuration.maximumReaderCount = 4
      configuration.prepareDatabase { database in
        try database.execute(sql: "PRAGMA foreign_keys = ON")
        // 16 MiB: the indexes of 100,000 submissions stay in memory.
        try database.execute(sql: "PRAGMA cache_size = -16384")
        // 64 MiB: see ``mergeJournal()``.
        try database.execute(sql: "PRAGMA wal_autocheckpoint = 16000")
      }
      pool = try DatabasePool(path: url.path, configuration: configuration)
      // Opening a pool sets NORMAL, with which a power failure may take the last commits.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      try Self.migrator.migrate(pool)
      watcher = try DatabaseQueue(path: url.path, configuration: configuration)
    } catch {
      throw ServerError(error, path: url.relativePath)
    }
    let counter = counter
    writes = WriteQueue(pool) { counter.add() }
  }

  /// Grows with every write of this process and, once ``noticeOthers()`` saw it, of others.
  var generation: UInt64 { counter.value.load(ordering: .acquiring) }

  /// Looks whether another process wrote since the last call.
  func noticeOthers() throws(ServerError) {
    let version: Int64
    do {
      version =
        try watcher.read { try Int64.fetchOne($0, sql: "PRAGMA data_version") } ?? 0
    } catch {
      throw ServerError(error, path: url.relativePath)
    }
    let last = counter.version.exchange(version, ordering: .acquiringAndReleasing)
    if last != version { counter.add() }
  }

  /// Merges the journal into the database where it is long, beside the writes that go on.
  ///
  /// The writer would do it between two commits, and all clients wait for as long as it takes. It still
  /// does at four times this length, when little is left to merge, and then begins the journal anew.
  func mergeJournal() {
    let journal = URL(filePath: url.path + "-wal")
    let size = (try? journal.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0
    guard size > 16 << 20 else { return }
    // Nothing is lost where it fails: the writer's own turn comes.
    _ = try? watcher.writeWithoutTransaction { try $0.checkpoint(.passive) }
  }

  func read<Value>(_ body: (Database) throws -> Value) throws(ServerError) -> Value {
    do {
      return try pool.read(body)
    } catch {
      throw ServerError(error, path: url.relativePath)
    }
  }

  /// A read that needs no transaction around it: each statement sees the store as it is then.
  func readOnce<Value>(_ body: (Database) throws -> Value) throws(ServerError) -> Value {
    do {
      return try pool.unsafeRead(body)
    } catch {
      throw ServerError(error, path: url.relativePath)
    }
  }

  /// One transaction of a command; the server's own go through ``WriteQueue``.
  package func write<Value>(_ body: (Database) throws -> Value) throws(ServerError) -> Value {
    do {
      defer { counter.add() }
      return try pool.write(body)
    } catch {
      throw ServerError(error, path: url.relativePath)
    }
  }

  /// Copies the store as it is at this moment to a new file, while it is in use (SQLite's online
  /// backup).
  ///
  /// - Throws: ``ServerError/refused(_:)`` where `target` exists.
  public func backup(to target: URL) throws(ServerError) {
    guard !FileManager.default.fileExists(atPath: target.path) else {
      throw .refused("\(target.relativePath) exists already; a backup overwrites nothing.")
    }
    do {
      let draft = target.deletingLastPathComponent()
        .appending(path: ".\(target.lastPathComponent).part")
      try? FileManager.default.removeItem(at: draft)
      _ = FileManager.default.createFile(
        atPath: draft.path, contents: nil, attributes: [.posixPermissions: 0o600])
      let copy = try DatabaseQueue(path: draft.path)
      try pool.backup(to: copy)
      let report = try copy.writeWithoutTransaction { database in
        // One file to keep, without a journal beside it.
        try database.execute(sql: "PRAGMA journal_mode = DELETE")
        return try String.fetchOne(database, sql: "PRAGMA integrity_check")
      }
      try copy.close()
      guard report == "ok" else {
        throw ServerError.store(path: target.relativePath, reason: report ?? "no integrity report")
      }
      try FileManager.default.moveItem(at: draft, to: target)
    } catch {
      throw ServerError(error, path: target.relativePath)
    }
  }

  private final class Counter: Sendable {
    let value = Atomic<UInt64>(0)
    let version = Atomic<Int64>(0)

    func add() { value.wrappingAdd(1, ordering: .acquiringAndReleasing) }
  }
}

extension DataHome {
  /// Where teams and submissions are kept.
  public var submissionStoreURL: URL { url.appending(path: "server.sqlite") }
}
