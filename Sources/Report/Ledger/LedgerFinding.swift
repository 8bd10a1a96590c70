import Ledger

/// One thing that is wrong with a log, or with what stands beside it.
public struct LedgerFinding: Codable, Sendable, Hashable, CustomStringConvertible {
  public var kind: Kind
  /// The board, file or path that it is about.
  public var place: String
  /// What was found and what was expected, in a sentence.
  public var text: String

  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// A signature that does not verify, or none of an expected key; a checkpoint of another log.
    case signature
    /// A log that is shorter than it was.
    case truncated
    /// Two trees of one log that do not go on from each other.
    case forked
    case changedEntry, damagedTile, missingFile
    case receipt
    /// An entry that stands in the log and is not on its board.
    case missingOnBoard
    /// A row of a board that does not stand in the log.
    case notInLog
    case differentFigure
    /// A board's document that is not there, or of another board or log.
    case board
    case commitment, keyChange
    /// Fewer witnesses than asked for.
    case witnesses
  }

  public init(_ kind: Kind, _ place: String, _ text: String) {
    (self.kind, self.place, self.text) = (kind, place, text)
  }

  public var description: String { "\(place): \(text)" }
}

extension LedgerFinding {
  /// What is wrong where a log once had the tree `old`, as `place` shows, and has `new` now; nil for
  /// nothing.
  /// - Parameter now: the root of the first `old.size` entries now; nil where they cannot be read.
  static func comparing(_ old: TreeHead, of place: String, with new: TreeHead, now: TreeHash?)
    -> LedgerFinding?
  {
    if old.size > new.size {
      return LedgerFinding(
        .truncated, place,
        "the log had \(old.size) entries (root \(old.root)) and has \(new.size) now "
          + "(root \(new.root)): \(old.size - new.size) are gone, or an older state is shown")
    }
    guard let now = old.size == new.size ? new.root : now, now != old.root else { return nil }
    return LedgerFinding(
      .forked, place,
      "the first \(old.size) entries had the root \(old.root) and have \(now) now; the log now has "
        + "\(new.size) entries (root \(new.root)). Both states are signed: entries were changed, or "
        + "two logs are kept")
  }
}
