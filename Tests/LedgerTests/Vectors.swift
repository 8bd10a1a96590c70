import Foundation
import Ledger
import Testing

/// `fixtures/ledger/vectors.json` of the folder `shared` beside a checkout, or of the one that
/// `INVITRO_SHARED` names. Its field `note` says what is in it.
struct Vectors: Decodable {
  let leafHashes: [String: Hex]
  let roots: [String: Hex]
  let inclusion: [Inclusion]
  let consistency: [Consistency]
  let special: Special
  let ctReference: CTReference
  let tiles: [Tiles]
  let tilePaths: [TilePath]
  let tilePathsBad: [String]
  let bundles: [Bundle]
  let bundleExample: Example
  let bundlesBad: [Example]
  let badProofs: [BadProof]
  let sizeIsNotBound: Unbound
  let emptyOld: EmptyOld
  let keys: [String: KeyOrNote]
  let notes: [Note]
  let vkeysBad: [BadKey]
  let cosignatures: [Cosignature]
  let receipts: [ReceiptCase]
  let witnessRequests: [WitnessCase]
  let publishedExamples: Published

  struct Inclusion: Decodable {
    let size: Int
    let index: Int
    let leafHash: Hex
    let proof: [Hex]
  }
  struct Consistency: Decodable {
    let old: Int
    let new: Int
    let proof: [Hex]
  }
  struct Special: Decodable {
    let logs: [Log]
    struct Log: Decodable {
      let name: String
      let leaves: [Leaf]
      let root: Hex
      let inclusion: [[Hex]]
    }
    struct Leaf: Decodable {
      let length: Int
      let sha256: String
      let leafHash: Hex
    }
  }
  struct CTReference: Decodable {
    let leaves: [Hex]
    let roots: [Hex]
  }
  struct Tiles: Decodable {
    let size: Int
    let count: Int
    let full: Int
    let partial: Int
    let tiles: [File]
    struct File: Decodable {
      let path: String
      let width: Int
      let sha256: String
    }
  }
  struct TilePath: Decodable {
    let level: Level
    let index: Int
    let width: Int
    let path: String
    struct Level: Decodable {
      let content: Tile.Content
      init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let level = try? value.decode(Int.self) {
          content = .hashes(level: level)
        } else {
          try #require(value.decode(String.self) == "entries")
          content = .entries
        }
      }
    }
  }
  struct Bundle: Decodable {
    let size: Int
    let path: String
    let entries: Int
    let bytes: Int
    let sha256: String
  }
  struct Example: Decodable {
    let why: String?
    let hex: Hex
    let entries: Int
  }
  struct BadProof: Decodable {
    let kind: String
    let why: String
    let index: Int?
    let size: Int?
    let leafHash: Hex?
    let root: Hex?
    let old: Int?
    let new: Int?
    let oldRoot: Hex?
    let newRoot: Hex?
    let proof: [Hex]
  }
  struct Unbound: Decodable {
    let index: Int
    let trueSize: Int
    let alsoVerifiesWith: Int
    let leafHash: Hex
    let root: Hex
    let proof: [Hex]
  }
  struct EmptyOld: Decodable {
    let old: Int
    let oldRoot: Hex
    let new: Int
    let newRoot: Hex
    let proof: [Hex]
  }
  /// The table of keys has a note beside them.
  enum KeyOrNote: Decodable {
    case key(Key)
    case note
    init(from decoder: any Decoder) throws {
      let isNote = (try? decoder.singleValueContainer().decode(String.self)) != nil
      self = isNote ? .note : .key(try Key(from: decoder))
    }
  }
  struct Key: Decodable {
    let name: String
    let seed: Hex
    let algorithm: UInt8
    let keyId: Hex
    let vkey: String
    let skey: String?
    let spkiDer: Hex?
  }
  struct Note: Decodable {
    let name: String
    let expect: String
    let keys: [String]
    let text: String?
    let bytesHex: Hex?
    let textRule: Rule?
    let checkpoint: Bool?
    let checkpointOnly: Bool?
    let origin: String?
    let size: Int?
    let root: Hex?
    let body: String?
    let signature: Hex?
    let verified: Int?
    let timestamp: Int?
    struct Rule: Decodable {
      let prefix: String
      let `repeat`: String
      let times: Int
    }
    var bytes: Data {
      if let bytesHex { return bytesHex.data }
      if let textRule {
        let lines = Array(repeating: textRule.repeat, count: textRule.times).joined()
        return Data((textRule.prefix + lines).utf8)
      }
      return Data((text ?? "").utf8)
    }
  }
  struct BadKey: Decodable {
    let why: String
    let vkey: String
  }
  struct Cosignature: Decodable {
    let name: String
    let body: String
    let line: String
    let key: String
    let expect: String
    let timestamp: Int?
    let payloadHex: Hex?
  }
  struct ReceiptCase: Decodable {
    let name: String
    let leafHex: Hex
    let text: String
    let expect: String
  }
  struct WitnessCase: Decodable {
    let name: String
    let state: State?
    let request: String
    let status: Int
    let body: String?
    struct State: Decodable {
      let size: Int
      let root: Hex
    }
  }
  struct Published: Decodable {
    let vkey: String
    let note: String
  }

  static let file: URL = {
    let shared =
      ProcessInfo.processInfo.environment["INVITRO_SHARED"].map { URL(filePath: $0) }
      ?? goldens.appending(path: "../../../../shared").standardized
    return shared.appending(path: "fixtures/ledger/vectors.json")
  }()

  static let exists = FileManager.default.fileExists(atPath: file.path)

  static var missing: Comment { "\(file.path) is not there" }

  static let loaded = Result {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Vectors.self, from: Data(contentsOf: file))
  }

  func root(_ size: Int) throws -> TreeHead {
    try TreeHead(size: size, root: #require(roots["\(size)"]).hash())
  }

  var namedKeys: [String: Key] {
    keys.compactMapValues { if case .key(let key) = $0 { key } else { nil } }
  }

  func key(_ name: String) throws -> VerifierKey {
    try VerifierKey(vkey: #require(namedKeys[name]).vkey)
  }

  /// The signing key of a name: from its seed.
  func signingKey(_ name: String) throws -> SigningKey {
    let key = try #require(namedKeys[name])
    let id = key.keyId.data.map { String(format: "%02x", $0) }.joined()
    let secret = (Data([key.algorithm]) + key.seed.data).base64EncodedString()
    return try SigningKey(privateText: "PRIVATE+KEY+\(key.name)+\(id)+\(secret)")
  }

  /// A client that pins the log of the vectors and knows `names`.
  func policy(_ names: [String], quorum: Int = 0) throws -> LogPolicy {
    let known = try names.map(key)
    return try LogPolicy(
      origin: #require(namedKeys["log"]).name, keys: known.filter { $0.kind == .ed25519 },
      witnesses: known.filter { $0.kind == .cosignature }, quorum: quorum)
  }
}
