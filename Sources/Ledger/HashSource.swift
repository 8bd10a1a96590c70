/// The place of a full subtree: over the leaves from `index`·2^`level` up to (`index`+1)·2^`level`.
/// Level 0 are the leaves.
public struct HashPosition: Hashable, Sendable {
  /// 0 to 62.
  public let level: Int
  public let index: Int

  public init(level: Int, index: Int) {
    precondition((0..<63).contains(level) && index >= 0)
    self.level = level
    self.index = index
  }

  /// Whether the subtree is a part of a tree of `size` leaves.
  public func isFull(in size: Int) -> Bool { index < size >> level }

  /// The full subtrees that make up the leaves of `range`, from the left; the start must be a
  /// multiple of the largest power of two up to its length.
  static func covering(_ range: Range<Int>) -> [HashPosition] {
    var positions: [HashPosition] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let level = Int.bitWidth - 1 - (range.upperBound - start).leadingZeroBitCount
      positions.append(HashPosition(level: level, index: start >> level))
      start += 1 << level
    }
    return positions
  }
}

/// What reads the hashes of full subtrees: a database, memory, or tiles.
public protocol HashSource {
  /// The hashes at `positions`, in their order; at most about 126 are asked for at once for a proof,
  /// 256 for a tile.
  func hashes(at positions: [HashPosition]) throws(LedgerError) -> [TreeHash]
}

/// Hashes in memory. That of a full subtree never changes, however the log grows.
extension [HashPosition: TreeHash]: HashSource {
  public func hashes(at positions: [HashPosition]) throws(LedgerError) -> [TreeHash] {
    try positions.map { position throws(LedgerError) in
      guard let hash = self[position] else {
        throw .missing("the hash \(position.index) of level \(position.level)")
      }
      return hash
    }
  }
}

/// The full subtrees on a tree's right edge, by which it grows: a compact range that starts at 0.
public struct CompactRange: Hashable, Sendable {
  public private(set) var size = 0
  /// The roots of the full subtrees, the largest first: as many as `size` has bits set.
  public private(set) var hashes: [TreeHash] = []

  public init() {}

  /// Reads the right edge of a tree of `size` leaves. It is not checked against a root.
  public init(size: Int, from source: some HashSource) throws(LedgerError) {
    self.size = size
    hashes = try source.hashes(at: HashPosition.covering(0..<size))
  }

  /// Appends a leaf in O(log n) and returns the hashes to store: the leaf's and those of the
  /// subtrees that it fills.
  public mutating func append(_ leaf: TreeHash) -> [HashPosition: TreeHash] {
    var new = [HashPosition(level: 0, index: size): leaf]
    var hash = leaf
    for level in 0..<(~size).trailingZeroBitCount {
      hash = .node(hashes.removeLast(), hash)
      new[HashPosition(level: level + 1, index: size >> (level + 1))] = hash
    }
    hashes.append(hash)
    size += 1
    return new
  }

  /// The root of the tree, in O(log n).
  public var root: TreeHash { CompactRange.root(of: hashes[...]) ?? .empty }

  /// The root over subtrees that shrink from left to right.
  static func root(of hashes: ArraySlice<TreeHash>) -> TreeHash? {
    guard let last = hashes.last else { return nil }
    return hashes.dropLast().reversed().reduce(last) { .node($1, $0) }
  }
}
