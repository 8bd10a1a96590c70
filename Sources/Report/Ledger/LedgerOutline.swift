public import Foundation
public import Harness

/// An entry of a ledger without its report, which is read when it is asked for: most reports of a
/// long log are never looked at.
public struct LedgerOutline: Sendable {
  /// Its place in the log, from 0.
  public let index: Int
  /// Nil for an entry that is no event, or one that this version does not know.
  public let event: LedgerEvent.Kind?
  public let at: String?
  public let board, phase, id: String?
  public let replaces, stands: String?
  public let scorer, commitment, commitmentKey: String?
  public let visibility, reportDigest, note: String?
  public let hasReport: Bool
  /// The entry itself where it has a report, else nothing.
  private let leaf: Data

  /// Reads an entry; one that is no event has no fields.
  public init(_ leaf: Data, index: Int) {
    let fields = try? JSONDecoder().decode(Fields.self, from: leaf)
    self.index = index
    event = fields.flatMap { LedgerEvent.Kind(rawValue: $0.event) }
    at = fields?.at
    (board, phase, id) = (fields?.board, fields?.phase, fields?.id)
    (replaces, stands) = (fields?.replaces, fields?.stands)
    (scorer, commitment) = (fields?.scorer, fields?.commitment)
    (commitmentKey, visibility) = (fields?.commitmentKey, fields?.visibility)
    (reportDigest, note) = (fields?.reportDigest, fields?.note)
    hasReport = fields?.report != nil
    self.leaf = hasReport ? leaf : Data()
  }

  public func report() -> ScoreReport? { hasReport ? (try? LedgerEvent(leaf: leaf))?.report : nil }

  /// Place and event in words: `entry 12 (scored, abc)`.
  var text: String {
    let parts = [event?.rawValue ?? "no event known here", id].compactMap { $0 }
    return "entry \(index) (\(parts.joined(separator: ", ")))"
  }

  private struct Fields: Decodable {
    var event: String
    var at, board, phase, id, replaces, stands: String?
    var scorer, commitment, commitmentKey, visibility, reportDigest, note: String?
    var report: Present?
  }

  /// Something that is not read.
  private struct Present: Decodable {
    init(from decoder: any Decoder) {}
  }
}
