/// The hashes by which an entry leads to the root (RFC 9162, section 2.1.3), the leaf's sibling
/// first.
public struct InclusionProof: Hashable, Sendable {
  /// The entry's place in the log, from 0.
  public let index: Int
  public let hashes: [TreeHash]

  public init(index: Int, hashes: [TreeHash]) {
    self.index = index
    self.hashes = hashes
  }

  /// Makes the proof of the entry at `index` in the tree of the first `size` entries.
  public init(
    of index: Int, size: Int, from source: some HashSource
  ) throws(LedgerError) {
    guard index >= 0, index < size else {
      throw .outOfRange(what: "an index", found: index, expected: "below the size, \(size)")
    }
    self.index = index
    hashes = try Subtree.hashes(of: Subtree.siblings(to: index..<(index + 1), size), from: source)
  }

  /// Checks that the entry with the hash `leaf` stands at ``index`` in the tree `head`. Size and
  /// root must come from one verified checkpoint.
  public func verify(_ leaf: TreeHash, in head: TreeHead) throws(LedgerError) {
    guard index >= 0, index < head.size else {
      throw .outOfRange(
        what: "an index", found: index, expected: "below the size, \(head.size)")
    }
    guard let root = Subtree.climb(from: index, last: head.size - 1, leaf, by: hashes[...])?.whole
    else { throw .proofLength(hashes: hashes.count, start: index, size: head.size) }
    guard root == head.root else {
      throw .wrongRoot(size: head.size, found: root, expected: head.root)
    }
  }
}

/// The hashes which show that an older tree is the beginning of a newer one (RFC 9162, section
/// 2.1.4).
public struct ConsistencyProof: Hashable, Sendable {
  public let hashes: [TreeHash]

  public init(hashes: [TreeHash]) { self.hashes = hashes }

  /// Makes the proof from the first `old` to the first `new` entries; it is empty from 0 and between
  /// equal sizes.
  public init(
    from old: Int, to new: Int, from source: some HashSource
  ) throws(LedgerError) {
    guard old >= 0, old <= new else {
      throw .outOfRange(what: "an older size", found: old, expected: "0 to \(new)")
    }
    guard old > 0, old < new else {
      hashes = []
      return
    }
    // The largest full subtree that ends where the old tree ends; the old tree itself is known.
    let start = old & (old - 1)
    let ranges = Subtree.siblings(to: start..<old, new)
    hashes = try Subtree.hashes(of: (start > 0 ? [start..<old] : []) + ranges, from: source)
  }

  /// Checks that `old` is the beginning of `new`. From the empty tree the proof is empty
  /// (C2SP tlog-witness; the RFC has none).
  public func verify(from old: TreeHead, to new: TreeHead) throws(LedgerError) {
    guard old.size <= new.size else {
      throw .outOfRange(
        what: "the newer size", found: new.size, expected: "at least the older one, \(old.size)")
    }
    guard old.size > 0, old.size < new.size else {
      guard hashes.isEmpty else { throw wrongLength(old, new) }
      guard old.size == 0 || old.root == new.root else {
        throw .wrongRoot(size: new.size, found: new.root, expected: old.root)
      }
      return
    }
    // Of a full old tree the verifier knows the first hash.
    let path = old.size & (old.size - 1) == 0 ? [old.root] + hashes : hashes
    guard !hashes.isEmpty, let first = path.first else { throw wrongLength(old, new) }
    let shift = old.size.trailingZeroBitCount
    let roots = Subtree.climb(
      from: (old.size - 1) >> shift, last: (new.size - 1) >> shift, first, by: path.dropFirst())
    guard let roots else { throw wrongLength(old, new) }
    guard roots.left == old.root else {
      throw .wrongRoot(size: old.size, found: roots.left, expected: old.root)
    }
    guard roots.whole == new.root else {
      throw .wrongRoot(size: new.size, found: roots.whole, expected: new.root)
    }
  }

  private func wrongLength(_ old: TreeHead, _ new: TreeHead) -> LedgerError {
    .proofLength(hashes: hashes.count, start: old.size, size: new.size)
  }
}

/// Parts of the tree as ranges of leaves.
private enum Subtree {
  /// The siblings on the way from `target` to the root of a tree of `size` leaves, the nearest
  /// first.
  static func siblings(to target: Range<Int>, _ size: Int) -> [Range<Int>] {
    var (start, end, siblings) = (0, size, [Range<Int>]())
    while start..<end != target {
      let middle = start + leftSize(end - start)
      if target.lowerBound < middle {
        siblings.append(middle..<end)
        end = middle
      } else {
        siblings.append(start..<middle)
        start = middle
      }
    }
    return siblings.reversed()
  }

  /// The largest power of two below `size`, which is above 1.
  private static func leftSize(_ size: Int) -> Int {
    1 << (Int.bitWidth - 1 - (size - 1).leadingZeroBitCount)
  }

  /// Climbs from a node to the root along its siblings (RFC 9162, sections 2.1.3.2 and 2.1.4.2).
  /// - Parameters:
  ///   - node: the node's place on its level.
  ///   - last: the place of the last node on that level.
  /// - Returns: the root over the node and all on its left, and the root of the whole tree; nil where
  ///   `siblings` are too few or too many.
  static func climb(
    from node: Int, last: Int, _ hash: TreeHash, by siblings: ArraySlice<TreeHash>
  ) -> (left: TreeHash, whole: TreeHash)? {
    var (node, last, left, whole) = (node, last, hash, hash)
    for sibling in siblings {
      guard last > 0 else { return nil }
      if node & 1 == 1 || node == last {
        (left, whole) = (.node(sibling, left), .node(sibling, whole))
        while node & 1 == 0 && node > 0 { (node, last) = (node >> 1, last >> 1) }
      } else {
        whole = .node(whole, sibling)
      }
      (node, last) = (node >> 1, last >> 1)
    }
    return last == 0 ? (left, whole) : nil
  }

  /// The roots over `ranges`, read at once.
  static func hashes(
    of ranges: [Range<Int>], from source: some HashSource
  ) throws(LedgerError) -> [TreeHash] {
    let positions = ranges.map(HashPosition.covering)
    var rest = try source.hashes(at: positions.flatMap { $0 })[...]
    return positions.compactMap { part in
      defer { rest = rest.dropFirst(part.count) }
      return CompactRange.root(of: rest.prefix(part.count))
    }
  }
}
