public import Foundation

/// Hashes read from tiles, each checked against a signed root before it is used.
///
/// The partial tiles on the right edge must lead to the root together, and each full tile to its
/// hash in the tile above it.
public struct VerifiedTiles: HashSource {
  /// The tree of the verified checkpoint.
  public let head: TreeHead
  private let read: (Tile) throws(LedgerError) -> Data?

  /// - Parameter read: the bytes of a tile, nil where there is no such file. A full tile is asked
  ///   for where a partial one is gone.
  public init(head: TreeHead, read: @escaping (Tile) throws(LedgerError) -> Data?) {
    self.head = head
    self.read = read
  }

  /// Throws ``LedgerError/wrongRoot(size:found:expected:)`` or
  /// ``LedgerError/wrongTile(path:found:expected:)`` where a tile is not of this tree.
  public func hashes(at positions: [HashPosition]) throws(LedgerError) -> [TreeHash] {
    if positions.isEmpty { return [] }
    var verified = try rightEdge()
    return try positions.map { position throws(LedgerError) in
      guard position.isFull(in: head.size) else {
        throw .outOfRange(
          what: "a subtree of \(1 << position.level) entries", found: position.index,
          expected: "below \(head.size >> position.level)")
      }
      let level = position.level / 8
      let count = 1 << (position.level % 8)
      let first = position.index * count
      let tile = tile(level: level, index: first / Tile.fullWidth)
      let hashes = try hashes(of: tile, &verified)
      return Self.root(hashes.dropFirst(first % Tile.fullWidth).prefix(count))
    }
  }

  /// The entries of the bundle `tile`, checked against their hashes in the tree.
  public func entries(of tile: Tile) throws(LedgerError) -> [Data] {
    let bundle = try bytes(of: tile)
    let count = bundle.isFull ? Tile.fullWidth : tile.width
    let entries = try EntryBundle.decode(bundle.bytes, count: count, place: tile.path)
      .prefix(tile.width)
    let first = tile.index * Tile.fullWidth
    let expected = try hashes(
      at: (0..<tile.width).map { HashPosition(level: 0, index: first + $0) })
    for (entry, hash) in zip(entries, expected) where TreeHash.leaf(entry) != hash {
      throw .wrongTile(path: tile.path, found: .leaf(entry), expected: hash)
    }
    return Array(entries)
  }

  private func tile(level: Int, index: Int) -> Tile {
    let count = head.size >> (8 * level)
    return Tile(
      .hashes(level: level), index: index,
      width: min(count - index * Tile.fullWidth, Tile.fullWidth))
  }

  /// The partial tiles by themselves make up the whole tree, so the root checks all their hashes.
  private func rightEdge() throws(LedgerError) -> [Tile: [TreeHash]] {
    var tiles: [Tile: [TreeHash]] = [:]
    var subtrees: [TreeHash] = []
    var (level, count) = (0, head.size)
    while count > 0 {
      let width = count % Tile.fullWidth
      if width > 0 {
        let tile = Tile(.hashes(level: level), index: count / Tile.fullWidth, width: width)
        let hashes = try unverified(tile)
        tiles[tile] = hashes
        // Larger subtrees stand on the left, and higher levels on the left of lower ones.
        subtrees.insert(
          contentsOf: HashPosition.covering(0..<width).map { part in
            Self.root(hashes.dropFirst(part.index << part.level).prefix(1 << part.level))
          }, at: 0)
      }
      (level, count) = (level + 1, count >> 8)
    }
    let root = CompactRange.root(of: subtrees[...]) ?? .empty
    guard root == head.root else {
      throw .wrongRoot(size: head.size, found: root, expected: head.root)
    }
    return tiles
  }

  /// The hashes of a tile after they led to its hash one level up.
  private func hashes(
    of tile: Tile, _ verified: inout [Tile: [TreeHash]]
  ) throws(LedgerError) -> [TreeHash] {
    if let hashes = verified[tile] { return hashes }
    guard case .hashes(let level) = tile.content else { return [] }
    let above = try hashes(
      of: self.tile(level: level + 1, index: tile.index / Tile.fullWidth), &verified)
    let hashes = try unverified(tile)
    let (found, expected) = (Self.root(hashes[...]), above[tile.index % Tile.fullWidth])
    guard found == expected else {
      throw .wrongTile(path: tile.path, found: found, expected: expected)
    }
    verified[tile] = hashes
    return hashes
  }

  private func unverified(_ tile: Tile) throws(LedgerError) -> [TreeHash] {
    let (bytes, isFull) = try bytes(of: tile)
    return try Array((isFull ? tile.full : tile).hashes(in: bytes).prefix(tile.width))
  }

  private func bytes(of tile: Tile) throws(LedgerError) -> (bytes: Data, isFull: Bool) {
    if let bytes = try read(tile) { return (bytes, tile.isFull) }
    guard !tile.isFull, let bytes = try read(tile.full) else { throw .missing(tile.path) }
    return (bytes, true)
  }

  /// The root over a power of two of hashes.
  private static func root(_ hashes: ArraySlice<TreeHash>) -> TreeHash {
    var level = Array(hashes)
    while level.count > 1 {
      level = stride(from: 0, to: level.count - 1, by: 2).map { .node(level[$0], level[$0 + 1]) }
    }
    return level[0]
  }
}
