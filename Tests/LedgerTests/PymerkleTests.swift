import Crypto
import Foundation
import Ledger
import Testing

/// Random logs by pymerkle: `scripts/make-ledger-goldens` says how they are made.
struct PymerkleGolden: Decodable, Sendable {
  let logs: [Log]

  struct Log: Decodable, Sendable, CustomTestStringConvertible {
    let log: Int
    let size: Int
    let root: String
    let inclusion: [Inclusion]
    let consistency: [Consistency]

    var testDescription: String { "log \(log) of \(size)" }

    var entries: [Data] {
      (0..<size).map { place in
        let digest = Data(SHA256.hash(data: Data("\(log)/\(place)".utf8)))
        return digest.prefix(Int(digest[31]) % 33)
      }
    }
  }
  struct Inclusion: Decodable, Sendable {
    let index: Int
    let hashes: [String]
  }
  struct Consistency: Decodable, Sendable {
    let old: Int
    let root: String
    let accepted: Bool
  }

  static let loaded = Result {
    try JSONDecoder().decode(
      PymerkleGolden.self, from: Data(contentsOf: goldens.appending(path: "pymerkle.json")))
  }
}

@Suite("Agreement with pymerkle")
struct PymerkleTests {
  @Test("The golden has 28 logs of 0 to 5,000 entries")
  func golden() throws {
    let sizes = try PymerkleGolden.loaded.get().logs.map(\.size)
    #expect(sizes.count == 28 && sizes.min() == 0 && sizes.max() == 5000)
  }

  @Test(
    "Roots, inclusion proofs and verdicts on consistency",
    arguments: (try? PymerkleGolden.loaded.get())?.logs ?? [])
  func agrees(_ golden: PymerkleGolden.Log) throws {
    let log = try TestLog(golden.entries)
    #expect(log.head.root.base64 == golden.root)
    for vector in golden.inclusion {
      let proof = try InclusionProof(of: vector.index, size: golden.size, from: log.hashes)
      #expect(proof.hashes.map(\.base64) == vector.hashes, "index \(vector.index)")
    }
    for vector in golden.consistency {
      let proof = try ConsistencyProof(from: vector.old, to: golden.size, from: log.hashes)
      let old = try TreeHead(size: vector.old, root: TreeHash(base64: vector.root))
      #expect(
        accepts { try proof.verify(from: old, to: log.head) } == vector.accepted,
        "from \(vector.old)")
    }
  }
}
