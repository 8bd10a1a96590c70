import Foundation
import Harness
import Ledger
import Report
import TestSupport
import Testing

/// A folder with a log of one board and the board's document, as a site has them.
final class LoggedSite {
  static let board = BoardKey(benchmark: "toy", split: "test")
  static let now = Date(timeIntervalSince1970: 1_770_000_000)

  let folder: TemporaryFolder
  let key: SigningKey
  private(set) var head = TreeHead.empty

  /// - Parameter accepted: submissions that were accepted and are not on the board.
  init(accepted: Int = 0) throws {
    folder = try TemporaryFolder()
    key = try SigningKey(name: "toy.example/ledger")
    try log.create(key: key)
    try folder.write("\(key.verifier.vkey)\n", to: "ledger/key")
    let first = (0..<accepted).map {
      LedgerEvent(.accepted, board: Self.board, id: "other-\($0)", at: Self.now)
    }
    try append(first + [try scored("a", pcc: 0.5), try scored("b", pcc: 0.6)])
    try publish()
  }

  var log: TileFolder { TileFolder(folder.file("ledger")) }

  var policy: LogPolicy { get throws { try LogPolicy(keys: [key.verifier]) } }

  var checkpoint: Data { get throws { try log.checkpoint() } }

  func scored(_ id: String, pcc: Double) throws -> LedgerEvent {
    var event = LedgerEvent(.scored, board: Self.board, id: id, at: Self.now)
    event.report = try #require(SampleInput.entry(id, pcc: pcc).report)
    event.stands = id
    return event
  }

  func append(_ events: [LedgerEvent], by key: SigningKey? = nil) throws {
    let key = key ?? self.key
    let policy = try LogPolicy(keys: [self.key.verifier, key.verifier])
    head = try log.append(try events.map { try $0.leaf() }, policy: policy, key: key)
  }

  /// Writes the board of `entries`, made from the log as it is now.
  func publish(_ entries: [Board.Entry]? = nil, size: Int? = nil) throws {
    let entries =
      entries ?? [
        SampleInput.entry("a", pcc: 0.5), SampleInput.entry("b", pcc: 0.6),
      ]
    var board = Board(
      definition: try SampleInput.benchmark(), split: "test", level: 0.95, entries: entries)
    board.ledger = Board.LedgerState(
      origin: key.verifier.name, size: size ?? head.size, checkpoint: try checkpoint)
    try folder.write(
      try LeaderboardDocument.json(of: board), to: "toy/test/leaderboard.json")
  }

  func receipt(of index: Int) async throws -> Receipt {
    let files = try await LedgerFiles(source)
    return try await files.receipt(of: index, by: LogTrust(files, pinned: [key.verifier]))
  }

  var source: FolderSource { FolderSource(folder.url) }

  func verdict(_ change: (inout LedgerVerifier) throws -> Void = { _ in }) async throws
    -> LedgerVerdict
  {
    var verifier = LedgerVerifier()
    verifier.keys = [key.verifier]
    try change(&verifier)
    return try await verifier.verdict(of: source)
  }

  /// Changes the file `name` below the log.
  func tamper(_ name: String, _ change: (inout Data) throws -> Void) throws {
    let file = folder.file("ledger/\(name)")
    var bytes = try Data(contentsOf: file)
    try change(&bytes)
    try bytes.write(to: file)
  }
}

extension LedgerVerdict {
  /// Kinds and texts of what is wrong.
  var wrong: String { findings.map { "\($0.kind.rawValue) \($0)" }.joined(separator: "\n") }
}
