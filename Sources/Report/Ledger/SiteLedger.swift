import Basics
public import Foundation
public import Harness
public import Ledger

/// The log of a site's boards as its pages show it.
public struct SiteLedger: Sendable {
  public let origin: String
  public let head: TreeHead
  /// The signed checkpoint, byte for byte.
  public let checkpoint: Data
  /// The keys of ``keys`` that signed the checkpoint.
  public let signers: [VerifierKey]
  /// The keys that sign now, the newest first.
  public let keys: [VerifierKey]
  /// `rotations.json`: the signed notes of changes of keys.
  public let rotations: Data
  /// By `benchmark/split` and id, the leaf that has an entry's outcome.
  public let leaves: [String: [String: Int]]
  /// Where the log's files are copied from; nil where the server answers below `ledger/`.
  public let folder: TileFolder?

  /// - Throws: ``ReportError/ledger(place:error:)`` for a checkpoint that none of `keys` signed.
  public init(
    checkpoint: Data, keys: [VerifierKey], rotations: Data = Data("[]\n".utf8),
    leaves: [String: [String: Int]], folder: TileFolder? = nil
  ) throws(ReportError) {
    do throws(LedgerError) {
      let verified = try LogPolicy(keys: keys).open(checkpoint)
      (origin, head) = (verified.checkpoint.origin, verified.head)
      signers = verified.signatures.map(\.key)
    } catch {
      throw .ledger(place: folder?.url.relativePath ?? "the ledger", error: error)
    }
    (self.checkpoint, self.keys, self.rotations) = (checkpoint, keys, rotations)
    (self.leaves, self.folder) = (leaves, folder)
  }

  /// What a board says that was made from the whole log.
  public var state: Board.LedgerState {
    Board.LedgerState(origin: origin, size: head.size, checkpoint: checkpoint)
  }

  /// `key`: a public key a line.
  var keyFile: Data { Data(keys.map { "\($0.vkey)\n" }.joined().utf8) }

  /// The tiles in the folder that belong to the log, those of its earlier sizes too.
  func tiles() -> [Tile] {
    guard let folder, let walk = FileManager.default.enumerator(atPath: folder.url.path) else {
      return []
    }
    return walk.compactMap { ($0 as? String).flatMap { try? Tile(path: $0) } }
      .filter { $0.exists(in: head.size) }
  }
}

extension BoardLog {
  /// By `benchmark/split` and id, the leaf that has an entry's outcome.
  public var leaves: [String: [String: Int]] { boards.mapValues { $0.entries.mapValues(\.leaf) } }
}
