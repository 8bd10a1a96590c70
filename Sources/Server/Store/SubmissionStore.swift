import Basics
import CSQLite
public import Foundation
public import GRDB
public import Harness
import Synchronization

/// Teams, phases and submissions with their history: SQLite in the data home. A write that returned
/// is on the disk. Several processes may use it; only the server merges the write-ahead log.
public final class SubmissionStore: Sendable {
  public let url: URL
  let pool: DatabasePool
  /// The pool, or the store as it was at one moment.
  private let reader: any DatabaseReader
  let ledger: StoreLedger
  private let commits: GroupCommit

  public enum Role: Sendable {
    /// The server merges the write-ahead log every 64 MiB; a command beside it never does.
    case server, command
  }

  /// Opens the store, or makes it, readable by its owner alone.
  /// - Throws: ``ServerError/store(path:reason:)``, ``ServerError/full(path:)``.
  public init(_ url: URL, as role: Role = .command) throws(ServerError) {
    self.url = url
    do {
      try AtomicFile.createFolder(url.deletingLastPathComponent(), permissions: 0o700)
      // SQLite gives its journal files the mode of the database.
      if !FileManager.default.fileExists(atPath: url.path) { Self.createPrivateFile(url) }
      pool = try DatabasePool(path: url.path, configuration: Self.configuration(role))
      // Opening a pool sets NORMAL, with which a power failure may take the last commits.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      try Self.migrator.migrate(pool)
      reader = pool
      ledger = try StoreLedger(home: url.deletingLastPathComponent())
    } catch {
      throw ServerError(error, path: url.relativePath)
    }
    commits = GroupCommit(pool, ledger: ledger)
  }

  /// The store as it is now, whatever is written later: for what is read by several queries.
  func frozen() throws(ServerError) -> SubmissionStore { try SubmissionStore(frozen: self) }

  private init(frozen store: SubmissionStore) throws(ServerError) {
    (url, pool, ledger, commits) = (store.url, store.pool, store.ledger, store.commits)
    do {
      reader = try store.pool.makeSnapshot()
    } catch {
      throw ServerError(error, path: store.url.relativePath)
    }
  }

  private static func createPrivateFile(_ url: URL) {
    _ = FileManager.default.createFile(
      atPath: url.path, contents: nil, attributes: [.posixPermissions: 0o600])
  }

  private static func configuration(_ role: Role) -> Configuration {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.maximumReaderCount = 4
    configuration.prepareDatabase { database in
      let pages = role == .server ? 16_000 : 0
      try database.execute(sql: "PRAGMA wal_autocheckpoint = \(pages)")
      // The indexes of 100,000 submissions stay in 16 MiB of memory.
      try database.execute(sql: "PRAGMA cache_size = -16384")
      let merges = role == .server && !database.configuration.readonly
      if !merges, let connection = database.sqliteConnection {
        _ = invitro_no_checkpoint_on_close(connection)
      }
    }
    return configuration
  }

  /// A warning where SQLite `version` may lose commits while the write-ahead log is merged.
  package static func warning(ofSQLite version: String) -> String? {
    let parts = version.split(separator: ".").compactMap { Int($0) }
    let isAffected =
      !parts.lexicographicallyPrecedes([3, 7, 0]) && parts.lexicographicallyPrecedes([3, 51, 3])
    guard isAffected else { return nil }
    return "SQLite \(version) may lose commits where two connections merge the write-ahead log at "
      + "once (fixed in 3.51.3). This server and its commands never do; other programs should not "
      + "write to server.sqlite while it runs."
  }

  func libraryVersion() throws(ServerError) -> String {
    try read { try $0.value("SELECT sqlite_version()") ?? "unknown" }
  }

  package func read<Value>(_ body: (Database) throws -> Value) throws(ServerError) -> Value {
    try translated { try reader.read(body) }
  }

  /// A transaction of a command.
  package func write<Value>(_ body: (Database) throws -> Value) throws(ServerError) -> Value {
    try translated {
      let (value, sealed) = try pool.write { database in
        (try body(database), try ledger.seal(in: database))
      }
      sealed.map(ledger.committed)
      return value
    }
  }

  func translated<Value>(_ body: () throws -> Value) throws(ServerError) -> Value {
    do {
      return try body()
    } catch {
      throw ServerError(error, path: url.relativePath)
    }
  }

  /// A write of the server, which shares its transaction with others that come at the same time.
  /// - Throws: ``Refusal`` as `body` throws it, ``ServerError``.
  package func commit<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    do {
      return try await commits.write(body)
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      throw ServerError(error, path: url.relativePath)
    }
  }

  /// Merges the write-ahead log now, on the connection that writes.
  package func checkpoint() async throws {
    try await pool.writeWithoutTransaction { _ = try $0.checkpoint(.passive) }
  }
}

/// A record whose times the store keeps as seconds since 1970.
public protocol TimedRecord: FetchableRecord {}

extension TimedRecord {
  public static func databaseDateDecodingStrategy(
    for column: String
  ) -> DatabaseDateDecodingStrategy { .timeIntervalSince1970 }
}

/// Statements that a connection prepares once.
extension Database {
  func run(_ sql: String, _ arguments: StatementArguments) throws {
    try cachedStatement(sql: sql).execute(arguments: arguments)
  }

  /// The first row; nil for none.
  func first<Record: FetchableRecord>(
    _ sql: String, _ arguments: StatementArguments = []
  ) throws -> Record? { try Record.fetchOne(cachedStatement(sql: sql), arguments: arguments) }

  /// The first row's only column; nil for no row.
  func value<Value: DatabaseValueConvertible>(
    _ sql: String, _ arguments: StatementArguments = []
  ) throws -> Value? { try Value.fetchOne(cachedStatement(sql: sql), arguments: arguments) }

  func all<Record: FetchableRecord>(
    _ sql: String, _ arguments: StatementArguments = []
  ) throws -> [Record] { try Record.fetchAll(cachedStatement(sql: sql), arguments: arguments) }
}

extension DataHome {
  /// Where teams and submissions are kept.
  public var submissionStoreURL: URL { url.appending(path: "server.sqlite") }
}

extension Date {
  /// Seconds since 1970, as the store keeps times.
  var seconds: Int64 { Int64(timeIntervalSince1970) }

  /// `2026-01-31T12:00:00Z`.
  var stamp: String { formatted(.iso8601) }

  /// For people: `2026-11-28 17:35 UTC`.
  var minute: String { "\(stamp.prefix(10)) \(stamp.dropFirst(11).prefix(5)) UTC" }

  /// `2026-01-31`, UTC.
  var day: String { String(stamp.prefix(10)) }
}

/// Writes that arrive while a transaction is being committed share the next one. A write that
/// throws is undone alone; where the transaction fails, all of its writes fail.
final class GroupCommit: Sendable {
  private struct Job: Sendable {
    /// Runs it and returns its error, if any.
    var run: @Sendable (Database) -> (any Error)?
    /// Reports it, with the error of the transaction, if any.
    var finish: @Sendable ((any Error)?) -> Void
  }

  private let pool: DatabasePool
  private let ledger: StoreLedger
  private let waiting = Mutex<[Job]>([])

  init(_ pool: DatabasePool, ledger: StoreLedger) { (self.pool, self.ledger) = (pool, ledger) }

  /// What `body` returns, once it is on the disk.
  func write<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let outcome = Mutex<Result<Value, any Error>?>(nil)
      let job = Job { database in
        let result = Result { try body(database) }
        outcome.withLock { $0 = result }
        if case .failure(let error) = result { return error }
        return nil
      } finish: { failure in
        let notRun = failure ?? DatabaseError(resultCode: .SQLITE_ABORT)
        let result = outcome.withLock { $0 } ?? .failure(notRun)
        continuation.resume(with: result.flatMap { failure.map(Result.failure) ?? .success($0) })
      }
      waiting.withLock { $0.append(job) }
      // The first of these to run takes all that wait; those after it find nothing to do.
      pool.asyncWriteWithoutTransaction { self.commit(in: $0) }
    }
  }

  private func commit(in database: Database) {
    let jobs = waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
    guard !jobs.isEmpty else { return }
    var failure: (any Error)?
    var sealed: StoreLedger.Sealed?
    do {
      try database.inTransaction(.immediate) {
        for job in jobs {
          try database.inSavepoint {
            guard let error = job.run(database) else { return .commit }
            // A full disk ends the whole transaction, not this write alone.
            guard database.isInsideTransaction else { throw error }
            return .rollback
          }
        }
        sealed = try ledger.seal(in: database)
        return .commit
      }
      sealed.map(ledger.committed)
    } catch {
      failure = error
    }
    for job in jobs { job.finish(failure) }
  }
}
