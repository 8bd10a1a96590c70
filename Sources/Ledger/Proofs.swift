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
    var (node, last, root) = (index, head.size - 1, leaf)
    for hash in hashes {
      guard last > 0 else { throw wrongLength(head) }
      if node & 1 == 1 || node == last {
        root = .node(hash, root)
        while node & 1 == 0 && node > 0 { (node, last) = (node >> 1, last >> 1) }
      } else {
        root = .node(root, hash)
      }
      (node, last) = (node >> 1, last >> 1)
    }
    guard last == 0 else { throw wrongLength(head) }
    guard root == head.root else {
      throw .wrongRoot(size: head.size, found: root, expected: head.root)
    }
  }

  private func wrongLength(_ head: TreeHead) -> LedgerError {
    .proofLength(hashes: hashes.count, start: index, size: head.size)
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
    let shift = (~(old.size - 1)).trailingZeroBitCount
    var (node, last) = ((old.size - 1) >> shift, (new.size - 1) >> shift)
    var (oldRoot, newRoot) = (first, first)
    for hash in path.dropFirst() {
      guard last > 0 else { throw wrongLength(old, new) }
      if node & 1 == 1 || node == last {
        (oldRoot, newRoot) = (.node(hash, oldRoot), .node(hash, newRoot))
        while node & 1 == 0 && node > 0 { (node, last) = (node >> 1, last >> 1) }
      } else {
        newRoot = .node(newRoot, hash)
      }
      (node, last) = (node >> 1, last >> 1)
    }
    guard last == 0 else { throw wrongLength(old, new) }
    guard oldRoot == old.root else {
      throw .wrongRoot(size: old.size, found: oldRoot, expected: old.root)
    }
    guard newRoot == new.root else {
      throw .wrongRoot(size: new.size, found: newRoot, expected: new.root)
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
