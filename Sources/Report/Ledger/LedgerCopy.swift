import Foundation
public import Ledger

/// The entries of a log, read from its bundles and checked against a signed tree.
public struct LedgerCopy: Sendable {
  /// The tree that was read; the empty one at first, and where a log is damaged.
  public private(set) var head = TreeHead.empty
  public private(set) var entries: [LedgerOutline] = []
  private var hashes: [HashPosition: TreeHash] = [:]
  private var range = CompactRange()

  public init() {}

  /// Reads on up to the tree `new`, which comes from a verified checkpoint. Every bundle and every
  /// tile is read once.
  /// - Returns: what is wrong. The copy has grown where the entries lead to the signed root; a tile of
  ///   hashes may be damaged beside them.
  public mutating func extend(
    to new: TreeHead, from files: LedgerFiles
  ) async throws -> [LedgerFinding] {
    guard new.size > head.size else { return [] }
    let (old, tiles) = (head.size, Tile.tiles(of: new.size, since: head.size))
    let bundles = try await concurrently(tiles.filter { $0.content == .entries }) { tile in
      try await Bundle(tile, from: files)
    }
    let damaged = bundles.compactMap(\.damage)
    var grown = self
    if damaged.isEmpty {
      for bundle in bundles { grown.append(bundle, after: old) }
    }
    guard damaged.isEmpty, grown.range.root == new.root else {
      return damaged + (try await Self.changes(in: bundles, of: new, from: files))
    }
    self = grown
    head = new
    return try await wrongTiles(tiles.filter { $0.content != .entries }, from: files)
  }

  /// The root of the first `size` entries; nil where they are not here.
  public func root(at size: Int) -> TreeHash? {
    guard size <= head.size else { return nil }
    return try? CompactRange(size: size, from: hashes).root
  }

  /// The hash of an entry; nil where it is not here.
  func leaf(at index: Int) -> TreeHash? { hashes[HashPosition(level: 0, index: index)] }

  /// A proof that the entry at `index` is in the tree.
  func proof(of index: Int) throws(LedgerError) -> InclusionProof {
    try InclusionProof(of: index, size: head.size, from: hashes)
  }

  private mutating func append(_ bundle: Bundle, after size: Int) {
    let known = max(0, size - bundle.first)
    entries += bundle.entries.dropFirst(known)
    for leaf in bundle.leaves.dropFirst(known) { hashes.merge(range.append(leaf)) { $1 } }
  }

  /// Tiles whose bytes are not the hashes of the entries.
  private func wrongTiles(
    _ tiles: [Tile], from files: LedgerFiles
  ) async throws -> [LedgerFinding] {
    let hashes = hashes
    let findings = try await concurrently(tiles) { tile -> LedgerFinding? in
      let expected = try tile.bytes(from: hashes)
      guard let (bytes, found) = try await files.read(tile) else {
        return LedgerFinding(.missingFile, tile.path, "the file is missing")
      }
      let count = found.width * TreeHash.byteCount
      guard bytes.count == count, bytes.prefix(expected.count) == expected else {
        return LedgerFinding(
          .damagedTile, found.path,
          "its hashes are not those of the entries; the file is damaged or forged")
      }
      return nil
    }
    return findings.compactMap { $0 }
  }

  /// Where entries that were read are not those of the signed tree: the tiles of hashes tell, as far
  /// as they lead to the root themselves.
  private static func changes(
    in bundles: [Bundle], of head: TreeHead, from files: LedgerFiles
  ) async throws -> [LedgerFinding] {
    let tiles = Tile.tiles(of: head.size).filter { $0.content != .entries }
    let read = try await concurrently(tiles) { tile in try await files.read(tile) }
    let bytes = Dictionary(
      read.compactMap { $0.map { ($0.tile, $0.bytes) } }, uniquingKeysWith: { first, _ in first })
    let verified = VerifiedTiles(head: head) { tile throws(LedgerError) in bytes[tile] }
    var findings: [LedgerFinding] = []
    for bundle in bundles {
      do throws(LedgerError) {
        findings += try bundle.changes(by: verified)
      } catch .wrongRoot(let size, let found, let expected) {
        // The tiles of the right edge make up the whole tree: no bundle can be placed without them.
        return [
          LedgerFinding(
            .changedEntry, "checkpoint",
            "the tiles lead to the root \(found), the signed checkpoint of \(size) entries says "
              + "\(expected): entries were changed or removed after it was signed, or a tile is "
              + "damaged")
        ]
      } catch .wrongTile(let path, _, _) {
        let text = "its hashes do not lead to the signed root; the file is damaged or forged"
        findings.append(LedgerFinding(.damagedTile, path, text))
      } catch {
        findings.append(LedgerFinding(.damagedTile, bundle.tile.path, "\(error)"))
      }
    }
    return findings.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

/// A bundle of entries as it was read.
private struct Bundle: Sendable {
  let tile: Tile
  private(set) var entries: [LedgerOutline] = []
  private(set) var leaves: [TreeHash] = []
  /// Why it could not be read.
  private(set) var damage: LedgerFinding?

  /// The place of its first entry.
  var first: Int { tile.index * Tile.fullWidth }

  init(_ tile: Tile, from files: LedgerFiles) async throws {
    self.tile = tile
    guard let (bytes, found) = try await files.read(tile) else {
      damage = LedgerFinding(.missingFile, tile.path, "the file is missing")
      return
    }
    do throws(LedgerError) {
      let read = try EntryBundle.decode(bytes, count: found.width, place: found.path)
        .prefix(tile.width)
      entries = read.enumerated().map { LedgerOutline($1, index: first + $0) }
      leaves = read.map { TreeHash.leaf($0) }
    } catch {
      damage = LedgerFinding(.changedEntry, found.path, "entries are missing or cut: \(error)")
    }
  }

  /// The entries that have other hashes than the tree.
  func changes(by tiles: VerifiedTiles) throws(LedgerError) -> [LedgerFinding] {
    let expected = try tiles.hashes(
      at: leaves.indices.map { HashPosition(level: 0, index: first + $0) })
    let changed = leaves.indices.filter { leaves[$0] != expected[$0] }
    guard let one = changed.first else { return [] }
    let others = changed.count > 1 ? " and \(changed.count - 1) more in this file" : ""
    return [
      LedgerFinding(
        .changedEntry, tile.path,
        "\(entries[one].text)\(others): changed, removed or inserted since it was signed; its hash "
          + "is \(leaves[one]), the signed tree has \(expected[one])")
    ]
  }
}
