public import Foundation
import Basics
import Glibc

/// A log in a folder: tiles and entry bundles at the paths of C2SP tlog-tiles beside `checkpoint`,
/// ready to be served as they are.
///
/// Files appear whole, and the checkpoint last. A reader that begins with the checkpoint finds
/// everything it names, also where a writer was interrupted. Partial tiles are kept.
public struct TileFolder: Sendable {
  public let url: URL

  public init(_ url: URL) { self.url = url }

  /// The bytes of a tile, nil where there is no such file.
  public func read(_ tile: Tile) throws(LedgerError) -> Data? { try contents(tile.path) }

  /// The signed checkpoint. Throws ``LedgerError/missing(_:)`` for a folder without a log.
  public func checkpoint() throws(LedgerError) -> Data {
    guard let bytes = try contents(Self.checkpointName) else {
      throw .missing(url.appending(path: Self.checkpointName).relativePath)
    }
    return bytes
  }

  /// The hashes of the tree `head`, which must come from a verified checkpoint.
  public func tiles(of head: TreeHead) -> VerifiedTiles {
    VerifiedTiles(head: head) { tile throws(LedgerError) in try read(tile) }
  }

  /// Begins an empty log, named after its key. Throws ``LedgerError/busy(path:)`` while somebody
  /// writes and ``LedgerError/malformed(what:line:found:expected:)`` where a log stands.
  public func create(key: SigningKey) throws(LedgerError) {
    let lock = try FolderLock(url)
    defer { lock.release() }
    guard try contents(Self.checkpointName) == nil else {
      throw .malformed(
        what: url.relativePath, found: "a log", expected: "a folder without a checkpoint")
    }
    let note = try Checkpoint(origin: key.verifier.name, head: .empty).signed(by: key)
    try write(note.bytes, to: Self.checkpointName)
  }

  /// Appends entries and signs the new checkpoint, after the old one and its tiles were verified.
  /// - Parameters:
  ///   - entries: at most 65,535 bytes each.
  ///   - policy: whose checkpoint the old one must be.
  ///   - others: keys that sign beside `key`, while one follows another.
  /// - Returns: the new tree; its last entries are the given ones.
  @discardableResult
  public func append(
    _ entries: [Data], policy: LogPolicy, key: SigningKey, beside others: [SigningKey] = []
  ) throws(LedgerError) -> TreeHead {
    if let entry = entries.first(where: { $0.count > EntryBundle.maxEntryBytes }) {
      throw .entryTooLong(bytes: entry.count)
    }
    _ = try checkpoint()
    let lock = try FolderLock(url)
    defer { lock.release() }
    let old = try policy.open(try checkpoint()).head
    guard !entries.isEmpty else { return old }
    let stored = tiles(of: old)
    var range = try CompactRange(size: old.size, from: stored)
    var hashes: [HashPosition: TreeHash] = [:]
    for entry in entries { hashes.merge(range.append(.leaf(entry))) { $1 } }
    let new = try TreeHead(size: range.size, root: range.root)
    var note = try Checkpoint(origin: policy.origin, head: new).signed(by: key)
    for other in others { note.add(try other.sign(note.text)) }
    // A key that the policy does not have would lock the log.
    _ = try policy.open(note.bytes)

    let partial = old.size % Tile.fullWidth
    let first = old.size / Tile.fullWidth
    let before =
      partial > 0 ? try stored.entries(of: Tile(.entries, index: first, width: partial)) : []
    let all = before + entries
    let tiles = Tile.tiles(of: new.size, since: old.size)
    let known = tiles.flatMap(\.positions).filter { $0.isFull(in: old.size) }
    hashes.merge(zip(known, try stored.hashes(at: known))) { $1 }
    for tile in tiles {
      let bytes =
        switch tile.content {
        case .hashes: try tile.bytes(from: hashes)
        case .entries:
          try EntryBundle.encode(
            all.dropFirst((tile.index - first) * Tile.fullWidth).prefix(tile.width))
        }
      try write(bytes, to: tile.path)
    }
    try write(note.bytes, to: Self.checkpointName)
    return new
  }

  static let checkpointName = "checkpoint"

  func contents(_ path: String) throws(LedgerError) -> Data? {
    let file = url.appending(path: path)
    do { return try Data(contentsOf: file) } catch CocoaError.fileReadNoSuchFile {
      return nil
    } catch {
      throw .file(.file(path: file.relativePath, reason: error.localizedDescription))
    }
  }

  /// Writes a file, and syncs the folders above it, which may be new.
  func write(_ bytes: Data, to path: String) throws(LedgerError) {
    try LedgerError.wrapping { () throws(BasicsError) in
      try AtomicFile.write(bytes, to: url.appending(path: path))
    }
    var folder = path.split(separator: "/").dropLast(2)
    while !folder.isEmpty {
      AtomicFile.sync(folder: url.appending(path: folder.joined(separator: "/")))
      folder = folder.dropLast()
    }
    AtomicFile.sync(folder: url)
  }
}

/// Keeps two writers from signing two checkpoints beside each other; the system releases it when a
/// process ends.
package struct FolderLock: Sendable {
  private let descriptor: Int32

  /// - Throws: ``LedgerError/busy(path:)`` where another process has it.
  package init(_ folder: URL) throws(LedgerError) {
    try LedgerError.wrapping { () throws(BasicsError) in try AtomicFile.createFolder(folder) }
    let file = folder.appending(path: ".lock")
    descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw .file(.file(path: file.relativePath, reason: String(cString: strerror(errno))))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw .busy(path: folder.relativePath)
    }
  }

  package func release() { close(descriptor) }
}
