import Basics
public import Foundation
import Ledger

/// Where a site with a ledger is read from: a server, or a folder.
public protocol LedgerSource: Sendable {
  /// As the user named it.
  var name: String { get }

  /// The bytes at `path`, nil where nothing is there.
  /// - Throws: an error of the command's kind where the source cannot be read.
  func read(_ path: String) async throws -> Data?

  /// The possible documents of the board `benchmark/split`, the likeliest first.
  func boards(_ key: String) async throws -> [Data]
}

/// A built site, or a folder that holds a log.
public struct FolderSource: LedgerSource {
  private let url: URL

  public init(_ url: URL) { self.url = url }

  public var name: String { url.relativePath }

  public func read(_ path: String) throws -> Data? {
    let file = url.appending(path: path)
    do { return try Data(contentsOf: file) } catch CocoaError.fileReadNoSuchFile {
      return nil
    } catch {
      throw BasicsError.file(path: file.relativePath, reason: error.localizedDescription)
    }
  }

  public func boards(_ key: String) throws -> [Data] {
    try read("\(key)/leaderboard.json").map { [$0] } ?? []
  }
}

/// The files of a log: below `ledger/` of a site, or a log by itself.
public struct LedgerFiles: Sendable {
  let source: any LedgerSource
  private let folder: String

  /// Whether the log stands below a site, with boards beside it.
  var hasSite: Bool { !folder.isEmpty }

  /// - Throws: ``LedgerError/missing(_:)`` where neither place has a checkpoint.
  public init(_ source: any LedgerSource) async throws {
    self.source = source
    for folder in ["ledger/", ""] where try await source.read("\(folder)checkpoint") != nil {
      self.folder = folder
      return
    }
    throw LedgerError.missing("\(source.name): ledger/checkpoint")
  }

  func read(_ path: String) async throws -> Data? { try await source.read(folder + path) }

  /// The signed checkpoint as it is now.
  public func checkpoint() async throws -> Data {
    guard let bytes = try await read("checkpoint") else {
      throw LedgerError.missing("\(source.name): checkpoint")
    }
    return bytes
  }

  /// The bytes of a tile, or of the full one in its place, and which one it is.
  func read(_ tile: Tile) async throws -> (bytes: Data, tile: Tile)? {
    if let bytes = try await read(tile.path) { return (bytes, tile) }
    guard !tile.isFull, let bytes = try await read(tile.full.path) else { return nil }
    return (bytes, tile.full)
  }

  /// What `body` makes of the tiles of the tree `head`, which are read as it asks for them.
  func reading<Value>(
    _ head: TreeHead, _ body: (VerifiedTiles) throws(LedgerError) -> Value
  ) async throws -> Value {
    let cache = TileCache()
    while true {
      do throws(LedgerError) { return try body(cache.tiles(of: head)) } catch {
        guard let wanted = cache.wanted else { throw error }
        cache.keep(try await read(wanted.path), of: wanted)
      }
    }
  }

  /// Tiles that were read, and the next one that is needed.
  private final class TileCache {
    private var known: [Tile: Data?] = [:]
    private(set) var wanted: Tile?

    func tiles(of head: TreeHead) -> VerifiedTiles {
      VerifiedTiles(head: head) { tile throws(LedgerError) in
        if let bytes = self.known[tile] { return bytes }
        self.wanted = tile
        throw .missing(tile.path)
      }
    }

    func keep(_ bytes: Data?, of tile: Tile) {
      known[tile] = .some(bytes)
      wanted = nil
    }
  }
}

/// The results of `work` on every item, in their order; eight items are worked on at a time.
func concurrently<Item: Sendable, Value: Sendable>(
  _ items: [Item], _ work: @escaping @Sendable (Item) async throws -> Value
) async throws -> [Value] {
  try await withThrowingTaskGroup(of: (Int, Value).self) { group in
    var values: [Int: Value] = [:]
    for (place, item) in items.enumerated() {
      if place >= 8, let (done, value) = try await group.next() { values[done] = value }
      group.addTask { (place, try await work(item)) }
    }
    for try await (done, value) in group { values[done] = value }
    return items.indices.compactMap { values[$0] }
  }
}
