import Basics
import Foundation
import Ledger
import Testing

@Suite("Properties of trees and proofs")
struct TreePropertyTests {
  let log: TestLog

  init() throws { log = try TestLog((0..<700).map(leaf)) }

  @Test("Roots of stored hashes are the recursive definition's")
  func definition() throws {
    for size in Array(0...70) + [255, 256, 257, 700] {
      #expect(log.heads[size].root == definedRoot(log.leaves.prefix(size)), "size \(size)")
      #expect(try CompactRange(size: size, from: log.hashes).root == log.heads[size].root)
    }
  }

  @Test("Appending stores each full subtree's hash once")
  func stored() throws {
    var range = CompactRange()
    var seen: Set<HashPosition> = []
    for (place, hash) in log.leaves.enumerated() {
      for (position, hash) in range.append(hash) {
        #expect(seen.insert(position).inserted && position.isFull(in: place + 1))
        let start = position.index << position.level
        #expect(hash == definedRoot(log.leaves[start..<(start + 1 << position.level)]))
      }
    }
    #expect(seen.count == 700 + 350 + 175 + 87 + 43 + 21 + 10 + 5 + 2 + 1)
  }

  @Test("All proofs of small trees verify, and only for their own leaf and index")
  func smallTrees() throws {
    for size in 1...17 {
      for index in 0..<size {
        let proof = try InclusionProof(of: index, size: size, from: log.hashes)
        for other in 0..<size {
          for claimed in 0..<size {
            let accepted = accepts {
              try InclusionProof(index: claimed, hashes: proof.hashes)
                .verify(log.leaves[other], in: log.heads[size])
            }
            #expect(accepted == (other == index && claimed == index), "\(index) of \(size)")
          }
        }
      }
      for old in 0...size {
        let proof = try ConsistencyProof(from: old, to: size, from: log.hashes)
        for claimed in 0...size {
          let accepted = accepts { try proof.verify(from: log.heads[claimed], to: log.heads[size]) }
          // Equal sizes have an empty proof, and so has the empty tree.
          let isEmptyBoth = proof.hashes.isEmpty && (claimed == 0 || claimed == size)
          #expect(accepted == (claimed == old || isEmptyBoth), "\(old) to \(size) as \(claimed)")
        }
      }
    }
  }

  @Test("A proof is accepted for another size only where that asks for as many hashes")
  func otherSizes() throws {
    let sizes = 1...16
    func count(_ index: Int, _ size: Int) throws -> Int {
      try InclusionProof(of: index, size: size, from: log.hashes).hashes.count
    }
    for size in sizes {
      for index in 0..<size {
        let hashes = try InclusionProof(of: index, size: size, from: log.hashes).hashes
        for other in sizes {
          let head = try TreeHead(size: other, root: log.heads[size].root)
          for claimed in 0..<other {
            let accepted = accepts {
              try InclusionProof(index: claimed, hashes: hashes).verify(log.leaves[index], in: head)
            }
            if accepted { #expect(try count(claimed, other) == hashes.count) }
          }
        }
      }
      for old in 1..<size {
        let proof = try ConsistencyProof(from: old, to: size, from: log.hashes)
        for (claimedOld, claimedNew) in sizes.flatMap({ new in (1..<new).map { ($0, new) } }) {
          let accepted = accepts {
            let heads = try (
              TreeHead(size: claimedOld, root: log.heads[old].root),
              TreeHead(size: claimedNew, root: log.heads[size].root)
            )
            try proof.verify(from: heads.0, to: heads.1)
          }
          let needed = try ConsistencyProof(from: claimedOld, to: claimedNew, from: log.hashes)
          if accepted { #expect(needed.hashes.count == proof.hashes.count) }
        }
      }
    }
  }

  @Test("A flipped bit, another root and another number of hashes fail", arguments: 0..<60)
  func damage(_ seed: Int) throws {
    var chance = SplitMix64(seed: UInt64(seed))
    let size = Int.random(in: 2...700, using: &chance)
    let index = Int.random(in: 0..<size, using: &chance)
    let head = log.heads[size]
    let proof = try InclusionProof(of: index, size: size, from: log.hashes)
    try proof.verify(log.leaves[index], in: head)
    for hashes in try damaged(proof.hashes, &chance) {
      #expect(throws: LedgerError.self) {
        try InclusionProof(index: index, hashes: hashes).verify(log.leaves[index], in: head)
      }
    }
    let bit = Int.random(in: 0..<256, using: &chance)
    #expect(throws: LedgerError.self) {
      try proof.verify(log.leaves[index].flippingBit(bit), in: head)
    }
    #expect(throws: LedgerError.self) {
      try proof.verify(
        log.leaves[index], in: TreeHead(size: size, root: head.root.flippingBit(bit)))
    }
    // The size is bound only as far as it changes the number of hashes on the way.
    for other in 1...700 where other > index && other % 16 == seed % 16 {
      let needed = try InclusionProof(of: index, size: other, from: log.hashes).hashes.count
      if needed == proof.hashes.count { continue }
      #expect(throws: LedgerError.self, "\(index) of \(size) as of \(other)") {
        try proof.verify(log.leaves[index], in: TreeHead(size: other, root: head.root))
      }
    }

    let old = Int.random(in: 1..<size, using: &chance)
    let growth = try ConsistencyProof(from: old, to: size, from: log.hashes)
    try growth.verify(from: log.heads[old], to: head)
    for hashes in try damaged(growth.hashes, &chance) {
      #expect(throws: LedgerError.self) {
        try ConsistencyProof(hashes: hashes).verify(from: log.heads[old], to: head)
      }
    }
    for (oldFlip, newFlip) in [(true, false), (false, true)] {
      #expect(throws: LedgerError.self) {
        try growth.verify(
          from: TreeHead(size: old, root: log.heads[old].root.flippingBit(oldFlip ? bit : nil)),
          to: TreeHead(size: size, root: head.root.flippingBit(newFlip ? bit : nil)))
      }
    }
  }

  /// `hashes` with one bit changed in each, one missing, one too many, and two exchanged.
  private func damaged(
    _ hashes: [TreeHash], _ chance: inout SplitMix64
  ) throws -> [[TreeHash]] {
    var all: [[TreeHash]] = []
    for place in hashes.indices {
      var copy = hashes
      copy[place] = try hashes[place].flippingBit(Int.random(in: 0..<256, using: &chance))
      all.append(copy)
    }
    all += [Array(hashes.dropFirst()), Array(hashes.dropLast())]
    all += [hashes + [.empty], [.empty] + hashes]
    if hashes.count > 1 { all.append([hashes[1], hashes[0]] + hashes.dropFirst(2)) }
    return all
  }

  @Test("Sizes, indexes and proofs of any length up to 2^63 - 1 are answered", arguments: 0..<50)
  func extremes(_ seed: Int) throws {
    var chance = SplitMix64(seed: UInt64(seed))
    for _ in 0..<10 {
      let sizes = (0..<2).map { _ in
        Int.max >> Int.random(in: 0..<63, using: &chance) - Int.random(in: 0...1, using: &chance)
      }.sorted()
      let hashes = (0..<Int.random(in: 0...70, using: &chance)).map { TreeHash.leaf(leaf($0)) }
      let heads = try sizes.map { try TreeHead(size: $0, root: $0 == 0 ? .empty : .leaf(Data())) }
      #expect(throws: LedgerError.self) {
        try InclusionProof(index: sizes[0], hashes: hashes + [.empty]).verify(.empty, in: heads[1])
      }
      #expect(throws: LedgerError.self) {
        try ConsistencyProof(hashes: hashes + [.empty]).verify(from: heads[0], to: heads[1])
      }
    }
  }

  @Test("An index or size outside the tree is refused by who makes a proof")
  func range() throws {
    #expect(throws: LedgerError.self) { try InclusionProof(of: 5, size: 5, from: log.hashes) }
    #expect(throws: LedgerError.self) { try InclusionProof(of: -1, size: 5, from: log.hashes) }
    #expect(throws: LedgerError.self) { try InclusionProof(of: 0, size: 701, from: log.hashes) }
    #expect(throws: LedgerError.self) { try ConsistencyProof(from: 6, to: 5, from: log.hashes) }
    #expect(throws: LedgerError.self) { try ConsistencyProof(from: 6, to: 701, from: log.hashes) }
    #expect(throws: LedgerError.self) { try TreeHead(size: -1, root: .empty) }
    #expect(throws: LedgerError.self) { try TreeHead(size: 0, root: .leaf(Data())) }
  }
}

extension TreeHash {
  fileprivate func flippingBit(_ bit: Int?) throws -> TreeHash {
    try bit.map { try flippingBit($0) as TreeHash } ?? self
  }
}
