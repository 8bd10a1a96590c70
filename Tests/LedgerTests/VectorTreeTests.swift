import Basics
import Foundation
import Ledger
import Testing

@Suite("Shared vectors of trees and tiles", .enabled(if: Vectors.exists, Vectors.missing))
struct VectorTreeTests {
  /// The largest log of the vectors; the smaller ones are its beginnings.
  static let log = Result { try TestLog((0..<70_000).map(leaf)) }

  let vectors: Vectors
  let log: TestLog

  init() throws {
    vectors = try Vectors.loaded.get()
    log = try Self.log.get()
  }

  @Test("97 roots, and the hashes of leaves")
  func roots() throws {
    #expect(vectors.roots.count == 97)
    for (size, root) in vectors.roots {
      let size = try #require(Int(size))
      #expect(try log.heads[size].root == root.hash(), "size \(size)")
      #expect(try CompactRange(size: size, from: log.hashes).root == root.hash())
    }
    for (place, hash) in vectors.leafHashes {
      #expect(try TreeHash.leaf(leaf(#require(Int(place)))) == hash.hash())
    }
  }

  @Test("387 inclusion proofs are made alike and verify")
  func inclusion() throws {
    #expect(vectors.inclusion.count == 387)
    for vector in vectors.inclusion {
      let proof = InclusionProof(
        index: vector.index, hashes: try vector.proof.map { try $0.hash() })
      #expect(
        try InclusionProof(of: vector.index, size: vector.size, from: log.hashes) == proof,
        "\(vector.index) of \(vector.size)")
      try proof.verify(vector.leafHash.hash(), in: vectors.root(vector.size))
    }
  }

  @Test("319 consistency proofs are made alike and verify")
  func consistency() throws {
    #expect(vectors.consistency.count == 319)
    for vector in vectors.consistency {
      let proof = ConsistencyProof(hashes: try vector.proof.map { try $0.hash() })
      #expect(
        try ConsistencyProof(from: vector.old, to: vector.new, from: log.hashes) == proof,
        "\(vector.old) to \(vector.new)")
      try proof.verify(from: vectors.root(vector.old), to: vectors.root(vector.new))
    }
    let empty = vectors.emptyOld
    try ConsistencyProof(hashes: empty.proof.map { try $0.hash() }).verify(
      from: TreeHead(size: empty.old, root: empty.oldRoot.hash()),
      to: TreeHead(size: empty.new, root: empty.newRoot.hash()))
  }

  @Test("217 wrong proofs are rejected")
  func badProofs() throws {
    #expect(vectors.badProofs.count == 217)
    for vector in vectors.badProofs {
      let accepted = accepts {
        let hashes = try vector.proof.map { try $0.hash() }
        if vector.kind == "inclusion" {
          try InclusionProof(index: vector.index ?? -1, hashes: hashes).verify(
            #require(vector.leafHash).hash(),
            in: TreeHead(size: vector.size ?? -1, root: #require(vector.root).hash()))
        } else {
          try ConsistencyProof(hashes: hashes).verify(
            from: TreeHead(size: vector.old ?? -1, root: #require(vector.oldRoot).hash()),
            to: TreeHead(size: vector.new ?? -1, root: #require(vector.newRoot).hash()))
        }
      }
      #expect(!accepted, "\(vector.kind): \(vector.why)")
    }
  }

  @Test("A proof does not bind the size")
  func unbound() throws {
    let vector = vectors.sizeIsNotBound
    let proof = InclusionProof(index: vector.index, hashes: try vector.proof.map { try $0.hash() })
    for size in [vector.trueSize, vector.alsoVerifiesWith] {
      try proof.verify(
        vector.leafHash.hash(), in: TreeHead(size: size, root: vector.root.hash()))
    }
  }

  @Test("Empty, long and deceptive leaves")
  func special() throws {
    let hashes = try [0, 1].map { try #require(vectors.leafHashes["\($0)"]).data }
    let pair = hashes[0] + hashes[1]
    for vector in vectors.special.logs {
      let entries = try vector.leaves.map { leaf in
        let patterned = Data((0..<leaf.length).map { UInt8(truncatingIfNeeded: 31 * $0 + 7) })
        return try #require(
          [patterned, Data([1]) + pair, pair, otherLeaf].first {
            Digest.sha256($0) == leaf.sha256
          }, "\(vector.name)")
      }
      let log = try TestLog(entries)
      #expect(try log.head.root == vector.root.hash(), "\(vector.name)")
      for (place, proof) in vector.inclusion.enumerated() {
        #expect(log.leaves[place] == (try vector.leaves[place].leafHash.hash()))
        let made = try InclusionProof(of: place, size: entries.count, from: log.hashes)
        #expect(try made.hashes == proof.map { try $0.hash() }, "\(vector.name)")
      }
      #expect(
        accepts { _ = try EntryBundle.encode(entries) } == entries.allSatisfy { $0.count < 65_536 })
    }
  }

  private let otherLeaf = leaf(2)

  @Test("The roots of the reference leaves of Certificate Transparency")
  func reference() throws {
    let log = try TestLog(vectors.ctReference.leaves.map(\.data))
    #expect(try log.heads.map(\.root) == vectors.ctReference.roots.map { try $0.hash() })
  }

  @Test("Tiles of each size")
  func tiles() throws {
    for vector in vectors.tiles {
      let tiles = Tile.tiles(of: vector.size).filter { $0.content != .entries }
      #expect(tiles.count == vector.count, "size \(vector.size)")
      #expect(tiles.count(where: \.isFull) == vector.full)
      #expect(tiles.count { !$0.isFull } == vector.partial)
      for file in vector.tiles {
        let tile = try Tile(path: file.path)
        #expect(tile.width == file.width && tiles.contains(tile), "\(file.path)")
        #expect(try Digest.sha256(tile.bytes(from: log.hashes)) == file.sha256, "\(file.path)")
      }
    }
  }

  @Test("Paths of tiles have one spelling")
  func paths() throws {
    for vector in vectors.tilePaths {
      let tile = Tile(vector.level.content, index: vector.index, width: vector.width)
      #expect(tile.path == vector.path)
      #expect(try Tile(path: vector.path) == tile)
    }
    for path in vectors.tilePathsBad {
      #expect(throws: LedgerError.self, "\(path)") { try Tile(path: path) }
    }
  }

  @Test("Entry bundles")
  func bundles() throws {
    for vector in vectors.bundles {
      let tile = try Tile(path: vector.path)
      #expect(tile.width == vector.entries && Tile.tiles(of: vector.size).contains(tile))
      let entries = log.entries[(tile.index * 256)...].prefix(tile.width)
      let bundle = try EntryBundle.encode(entries)
      #expect(bundle.count == vector.bytes)
      #expect(Digest.sha256(bundle) == vector.sha256, "\(vector.path)")
      #expect(try EntryBundle.decode(bundle, count: tile.width) == Array(entries))
    }
    let example = vectors.bundleExample
    #expect(try EntryBundle.decode(example.hex.data, count: example.entries) == (0..<3).map(leaf))
    for bad in vectors.bundlesBad {
      #expect(throws: LedgerError.self, "\(bad.why ?? "")") {
        try EntryBundle.decode(bad.hex.data, count: bad.entries)
      }
    }
  }
}
