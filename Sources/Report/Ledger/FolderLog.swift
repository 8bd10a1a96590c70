import Basics
public import Foundation
public import Harness
import Ledger

/// The log of boards that are kept in a folder of submissions: `<folder>/ledger/`, static tiles beside
/// the public keys (`key`) and the changes of them (`rotations.json`).
public struct FolderLog: Sendable {
  private let tiles: TileFolder

  /// - Parameter submissions: the folder of submissions.
  public init(submissions: URL) {
    tiles = TileFolder(submissions.appending(path: SubmissionFolder.ledgerName))
  }

  /// What became of a log.
  public struct Outcome: Sendable {
    /// Nil where there is no log.
    public var ledger: SiteLedger?
    /// Leaves that were appended.
    public var appended = 0
    /// Entries of the boards that the log lacks, or of which it says something else.
    public var unlogged = 0
  }

  /// Brings the log up to what `boards` show, and begins it where there is none and something to log.
  /// Where none of the private keys is one of the log's, it is verified and stays as it is.
  /// - Parameters:
  ///   - benchmarks: whose boards were left out, and whose entries are not withdrawn by that.
  ///   - keyFile: where the private keys stand, or one is made; nil to append nothing.
  ///   - predictionsKey: of the digests of predictions in leaves.
  ///   - now: the time of new leaves.
  /// - Throws: ``ReportError/ledger(place:error:)`` for a log that does not verify.
  public func update(
    _ boards: [Board], leaving benchmarks: Set<String> = [], keyFile: URL?, predictionsKey: Data,
    at now: Date
  ) throws(ReportError) -> Outcome {
    do {
      return isBegun
        ? try goOn(boards, leaving: benchmarks, keyFile, predictionsKey, at: now)
        : try begin(boards, keyFile, predictionsKey, at: now)
    } catch let error as LedgerError {
      throw .ledger(place: tiles.url.relativePath, error: error)
    } catch let error as ReportError {
      throw error
    } catch {
      throw .notWritable(path: tiles.url.relativePath, reason: "\(error)")
    }
  }

  /// A log without its checkpoint is a damaged one, and none that can be begun.
  private var isBegun: Bool {
    ["checkpoint", "tile"].contains { name in
      FileManager.default.fileExists(atPath: tiles.url.appending(path: name).path)
    }
  }

  private func begin(
    _ boards: [Board], _ keyFile: URL?, _ predictionsKey: Data, at now: Date
  ) throws -> Outcome {
    let missing = try BoardLog().missing(for: boards, predictionsKey: predictionsKey, at: now)
    guard !missing.isEmpty, let keyFile else {
      return Outcome(unlogged: Self.entries(in: missing))
    }
    let keys = try LedgerKeys.readOrMake(keyFile)
    let publicKey = Data("\(keys.newest.verifier.vkey)\n".utf8)
    try AtomicFile.write(publicKey, to: tiles.url.appending(path: "key"))
    try AtomicFile.write(Data("[]\n".utf8), to: tiles.url.appending(path: "rotations.json"))
    try tiles.create(key: keys.newest)
    return try goOn(boards, leaving: [], keyFile, predictionsKey, at: now)
  }

  private func goOn(
    _ boards: [Board], leaving benchmarks: Set<String>, _ keyFile: URL?, _ predictionsKey: Data,
    at now: Date
  ) throws -> Outcome {
    let verifiers = try publicKeys()
    let policy = try LogPolicy(keys: verifiers)
    let head = try policy.open(try tiles.checkpoint()).head
    var log = BoardLog()
    for event in try events(of: head) { log.append(event) }
    let keys = try keyFile.flatMap { try LedgerKeys.read($0) }
    let own = keys.map { Self.own($0, of: verifiers) } ?? []
    let missing = try log.missing(
      for: boards, leaving: benchmarks, predictionsKey: predictionsKey, at: now)
    var outcome = Outcome()
    if let first = own.first {
      try tiles.append(
        try missing.map { try $0.leaf() }, policy: policy, key: first,
        beside: Array(own.dropFirst()))
      for event in missing { log.append(event) }
      outcome.appended = missing.count
    } else {
      outcome.unlogged = Self.entries(in: missing)
    }
    outcome.ledger = try SiteLedger(
      checkpoint: try tiles.checkpoint(), keys: verifiers,
      rotations: try contents("rotations.json"),
      leaves: log.leaves, folder: tiles)
    return outcome
  }

  private static func own(_ keys: LedgerKeys, of verifiers: [VerifierKey]) -> [SigningKey] {
    keys.all.filter { key in verifiers.contains { $0.vkey == key.verifier.vkey } }
  }

  /// Replaces the log's key in two steps: with `retires` false a new key signs beside the old one, and
  /// the change, which both sign, is logged; with true the old one signs no more.
  /// - Returns: the keys that sign since, the newest first.
  /// - Throws: ``ReportError/ledger(place:error:)`` for a log that does not verify, a key that is not at
  ///   hand, and a step that is not due.
  public func changeKey(
    _ keyFile: URL, retires: Bool, at now: Date
  ) throws(ReportError) -> LedgerKeys {
    do {
      let verifiers = try publicKeys()
      let policy = try LogPolicy(keys: verifiers)
      _ = try policy.open(try tiles.checkpoint())
      guard let keys = try LedgerKeys.read(keyFile),
        Self.own(keys, of: verifiers).count == keys.all.count, keys.all.count == (retires ? 2 : 1)
      else {
        throw LedgerError.malformed(
          what: keyFile.relativePath, found: "other keys, or none",
          expected: retires ? "the log's two keys" : "the log's one key")
      }
      let changed = try retires ? keys.retired : keys.rotated()
      if !retires {
        let change = try KeyChange.make(old: keys.newest, new: changed.newest)
        let note = String(decoding: change.note.bytes, as: UTF8.self)
        let notes = try JSONDecoder().decode([String].self, from: contents("rotations.json"))
        var event = LedgerEvent(.key, at: now)
        event.note = note
        try AtomicFile.write(
          try CanonicalJSON.document(notes + [note]),
          to: tiles.url.appending(path: "rotations.json"))
        try tiles.append(
          [try event.leaf()], policy: policy, key: keys.newest, beside: [changed.newest])
      }
      try changed.save(to: keyFile)
      try AtomicFile.write(changed.document, to: tiles.url.appending(path: "key"))
      return changed
    } catch let error as LedgerError {
      throw .ledger(place: tiles.url.relativePath, error: error)
    } catch let error as ReportError {
      throw error
    } catch {
      throw .notWritable(path: tiles.url.relativePath, reason: "\(error)")
    }
  }

  private static func entries(in events: [LedgerEvent]) -> Int {
    Set(events.map { [$0.board, $0.id] }).count
  }

  private func publicKeys() throws -> [VerifierKey] {
    try String(decoding: contents("key"), as: UTF8.self).split(separator: "\n").map {
      try VerifierKey(vkey: String($0))
    }
  }

  /// All leaves of the tree, each checked against the root.
  private func events(of head: TreeHead) throws -> [LedgerEvent] {
    let verified = tiles.tiles(of: head)
    return try Tile.tiles(of: head.size).filter { $0.content == .entries }.flatMap { tile in
      try verified.entries(of: tile).enumerated().map { place, leaf in
        do {
          return try LedgerEvent(leaf: leaf)
        } catch {
          throw LedgerError.malformed(
            what: "\(tile.path), entry \(place)", found: "something else",
            expected: "an event of a leaderboard as this version of the program knows it")
        }
      }
    }
  }

  private func contents(_ name: String) throws(LedgerError) -> Data {
    let file = tiles.url.appending(path: name)
    guard let bytes = try? Data(contentsOf: file) else { throw .missing(file.relativePath) }
    return bytes
  }
}
