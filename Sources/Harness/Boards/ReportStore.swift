import Basics
public import Foundation
import GRDB

/// Scored reports and board comparisons that need not be computed again: SQLite in the data home. A
/// document's key is made of everything it depends on; nothing is ever updated.
public final class ReportStore: Sendable {
  private let database: DatabaseQueue

  /// What a document is.
  enum Kind: String { case report, comparison }

  /// Opens the store at `url`, or makes it, readable by its owner alone.
  public init(_ url: URL) throws(HarnessError) {
    do {
      try AtomicFile.createFolder(url.deletingLastPathComponent(), permissions: 0o700)
      if !FileManager.default.fileExists(atPath: url.path) {
        _ = FileManager.default.createFile(
          atPath: url.path, contents: nil, attributes: [.posixPermissions: 0o600])
      }
      var configuration = Configuration()
      configuration.busyMode = .timeout(10)
      database = try DatabaseQueue(path: url.path, configuration: configuration)
      try Self.migrator.migrate(database)
    } catch {
      throw .system(path: url.relativePath, reason: "\(error)")
    }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("documents") { database in
      try database.execute(
        sql: """
          CREATE TABLE document (
            kind TEXT NOT NULL CHECK (kind IN ('report', 'comparison')),
            key TEXT NOT NULL CHECK (length(key) = 64),
            json TEXT NOT NULL CHECK (json_valid(json)),
            PRIMARY KEY (kind, key)
          ) STRICT, WITHOUT ROWID
          """)
    }
    return migrator
  }

  /// The kept document, or the one that `make` makes, which is then kept.
  func document<Value: Codable>(
    _ kind: Kind, key: String, make: () throws(HarnessError) -> Value
  ) throws(HarnessError) -> Value {
    if let kept: Value = try read(kind, key: key) { return kept }
    let value = try make()
    try save(value, kind, key: key)
    return value
  }

  private func read<Value: Decodable>(_ kind: Kind, key: String) throws(HarnessError) -> Value? {
    do {
      let json = try database.read { database in
        try String.fetchOne(
          database, sql: "SELECT json FROM document WHERE kind = ? AND key = ?",
          arguments: [kind.rawValue, key])
      }
      // A document of an older form is made anew.
      return json.flatMap { try? JSONDecoder().decode(Value.self, from: Data($0.utf8)) }
    } catch {
      throw .system(path: database.path, reason: "\(error)")
    }
  }

  private func save(_ value: some Encodable, _ kind: Kind, key: String) throws(HarnessError) {
    do {
      let json = String(decoding: try CanonicalJSON.compact(value), as: UTF8.self)
      try database.write { database in
        try database.execute(
          sql: "INSERT OR REPLACE INTO document (kind, key, json) VALUES (?, ?, ?)",
          arguments: [kind.rawValue, key, json])
      }
    } catch {
      throw .system(path: database.path, reason: "\(error)")
    }
  }
}

extension DataHome {
  /// Where the store of scored reports stands.
  public var storeURL: URL { url.appending(path: "invitro.sqlite") }
}
