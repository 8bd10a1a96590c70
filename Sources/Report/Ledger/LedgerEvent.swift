import Basics
public import Foundation
public import Harness

/// An event of a leaderboard as its ledger keeps it: one leaf, in compact canonical JSON. Anybody can
/// read it for ever, so that it holds what its board shows and nothing else: no label, text, contact
/// or token, and no plain digest of something that could be guessed.
public struct LedgerEvent: Codable, Sendable, Equatable {
  /// Version of this document's form.
  public var schema = 1
  public var event: Kind
  /// UTC, in whole seconds.
  public var at: Date
  /// `benchmark/split`; absent where the event is none of a board.
  public var board: String?
  public var phase: String?
  /// Of the submission; an entry of a folder has its slug.
  public var id: String?
  /// The entry that leaves the public board by this event, and the one that stands on it since. Who
  /// replays both has the ids that a board shows.
  public var replaces, stands: String?

  public var opens, closes: Date?
  public var visibility, labels: String?
  /// Version of the program that scores.
  public var scorer: String?
  /// Binds the organiser to labels, order and scorer before anything is scored, and tells nothing of
  /// them: an HMAC with a random key of that phase alone.
  public var commitment: String?
  /// The commitment's key, 64 hexadecimal digits.
  public var commitmentKey: String?

  /// An HMAC of the predictions' digest, whose key is never shown.
  public var predictions: String?
  /// What was released.
  public var report: ScoreReport?
  /// SHA-256 of the report's compact canonical JSON, where the leaf would be too long with it.
  public var reportDigest: String?
  /// An HMAC of an outcome that is not public.
  public var sealed: String?
  public var why: String?
  /// Ids that stand at a close.
  public var entries: [String]?
  /// SHA-256 of these ids, a line each, where they would be too long.
  public var entriesDigest: String?
  /// A signed note, byte for byte.
  public var note: String?

  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// A phase was set, or set anew.
    case phase
    case accepted, scored, withdrawn, restored, chosen, rescored
    /// A phase ended.
    case closed
    /// A commitment's key is made known after its phase was closed.
    case opened
    /// All figures of an entry are shown.
    case revealed
    /// A key signs from now on.
    case key
    /// A log begins anew after a loss; the note is the last checkpoint of the one before.
    case continued
  }

  public init(_ event: Kind, board: BoardKey? = nil, id: String? = nil, at now: Date) {
    (self.event, self.board, self.id) = (event, board?.path, id)
    at = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
  }

  /// The entry of the log: at most 65,535 bytes. A report or a list that does not fit is left out, its
  /// digest takes its place.
  public func leaf() throws -> Data {
    var event = self
    var leaf = try CanonicalJSON.compact(event)
    if leaf.count > Self.maxBytes, let report = event.report {
      event.reportDigest = Digest.sha256(try CanonicalJSON.compact(report))
      event.report = nil
      leaf = try CanonicalJSON.compact(event)
    }
    if leaf.count > Self.maxBytes, let entries = event.entries {
      event.entriesDigest = Digest.sha256(entries.joined(separator: "\n"))
      event.entries = nil
      leaf = try CanonicalJSON.compact(event)
    }
    return leaf
  }

  /// Reads a leaf.
  public init(leaf: Data) throws {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    self = try decoder.decode(LedgerEvent.self, from: leaf)
  }

  private static let maxBytes = 65_535
}
