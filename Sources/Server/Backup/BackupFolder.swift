import Basics
public import Foundation
import Glibc
public import Harness

/// A folder of backups, named by the time at which they were made (UTC). The last ones are kept.
/// What it made is written down in a list; no other file is ever removed.
public final class BackupFolder {
  private static let listName = ".invitro-backups"

  private let url: URL
  private let keep: Int
  private let descriptor: Int32
  private var listed: [Entry]

  /// A line of the list: the name, and how many events of the ledger the backup has.
  private struct Entry {
    var name: String
    var events: Int
  }

  /// What was made, and what gave place to it.
  public struct Addition: Sendable {
    public var copy: StoreCopy
    public var kept, removed: Int
    /// It has fewer events than an earlier one: then nothing is removed.
    public var isBehind: Bool
  }

  /// Makes the folder where it does not exist, for its owner alone.
  /// - Parameter keep: the number of backups that stay; 1 or more.
  /// - Throws: ``ServerError``: `store`; `refused` while another process works on it.
  public init(_ url: URL, keep: Int) throws(ServerError) {
    precondition(keep > 0, "at least one backup is kept")
    (self.url, self.keep) = (url, keep)
    do throws(BasicsError) { try AtomicFile.createFolder(url, permissions: 0o700) } catch {
      throw .store(path: url.relativePath, reason: error.description)
    }
    let list = url.appending(path: Self.listName)
    let lock = open("\(list.path).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else {
      throw .store(path: url.relativePath, reason: String(cString: strerror(errno)))
    }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw .refused("Another `invitro backup --every` works on \(url.relativePath).")
    }
    descriptor = lock
    let text = (try? String(contentsOf: list, encoding: .utf8)) ?? ""
    listed = text.split(separator: "\n").compactMap { line in
      let parts = line.split(separator: " ")
      // Nothing but a name of its own form is ever joined to a path.
      guard parts.count == 2, let events = Int(parts[1]),
        parts[0].wholeMatch(of: /server-\d{8}T\d{6}Z\.sqlite/) != nil
      else { return nil }
      return Entry(name: String(parts[0]), events: events)
    }
    for entry in listed { StoreCopy.removeDraft(of: file(entry)) }
  }

  deinit { close(descriptor) }

  private func file(_ entry: Entry) -> URL { url.appending(path: entry.name) }

  /// Backs a data home up, and removes the oldest backups beyond the number to keep.
  /// - Throws: ``ServerError``: `store`, `full`, `refused`; then nothing is removed.
  public func add(_ home: DataHome, withKeys: Bool, at now: Date = Date()) throws(ServerError)
    -> Addition
  {
    let stamp = now.stamp.filter { $0 != "-" && $0 != ":" }
    var entry = Entry(name: "server-\(stamp).sqlite", events: 0)
    guard !FileManager.default.fileExists(atPath: file(entry).path) else {
      throw .refused("\(file(entry).relativePath) exists already; a backup overwrites nothing.")
    }
    let most = listed.map(\.events).max() ?? 0
    // Before it is made, so that whatever happens it is known as its own.
    try write(listed + [entry])
    let copy = try StoreCopy.make(of: home.submissionStoreURL, at: file(entry))
    if withKeys { try home.copyKeys(beside: file(entry)) }
    entry.events = copy.events
    listed = (listed + [entry]).filter { FileManager.default.fileExists(atPath: file($0).path) }
    let isBehind = copy.events < most
    let old = isBehind ? [] : listed.dropLast(keep)
    for entry in old { remove(entry) }
    listed.removeFirst(old.count)
    try write(listed)
    return Addition(
      copy: copy, kept: listed.count, removed: old.count, isBehind: isBehind)
  }

  private func remove(_ entry: Entry) {
    let backup = file(entry)
    for file in [backup] + DataHome.keyNames.map({ DataHome.key($0, beside: backup) }) {
      try? FileManager.default.removeItem(at: file)
    }
  }

  private func write(_ entries: [Entry]) throws(ServerError) {
    let text = entries.map { "\($0.name) \($0.events)\n" }.joined()
    let list = url.appending(path: Self.listName)
    do throws(BasicsError) {
      try AtomicFile.write(Data(text.utf8), to: list, permissions: 0o600)
    } catch { throw .store(path: list.relativePath, reason: error.description) }
  }
}
