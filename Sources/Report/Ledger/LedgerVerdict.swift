import Foundation
import Ledger

/// What a verification of a log, and of what stands beside it, found.
public struct LedgerVerdict: Encodable, Sendable {
  /// Version of this document's form.
  public let schema = 1
  /// What was verified, as the user named it.
  public var source: String
  public var origin: String
  public var size: Int?
  /// In base64.
  public var root: String?
  /// The keys that signed the checkpoint.
  public var keys: [String] = []
  /// Whether the user brought the key.
  public var pinned: Bool
  public var boards: [BoardState] = []
  public var receipts: [ReceiptState] = []
  public var witnesses: [WitnessSeen] = []
  /// Phases whose commitment was made again from local data.
  public var commitments: [String] = []
  /// Nothing of it makes the log wrong.
  public var notes: [String] = []
  public var findings: [LedgerFinding] = [] { didSet { holds = findings.isEmpty } }

  public struct BoardState: Encodable, Sendable {
    public var board: String
    /// Rows with figures.
    public var rows: Int
    /// The entries of the log that the board was made from.
    public var size: Int
  }

  public struct ReceiptState: Encodable, Sendable {
    public var file: String
    public var index: Int
    public var event, id, at: String?
  }

  public struct WitnessSeen: Encodable, Sendable {
    public var key: String
    /// Of the newest tree that it cosigned.
    public var size: Int
    public var at: String
  }

  /// Whether nothing is wrong.
  public private(set) var holds = true
}

extension LedgerVerdict {
  /// The verdict for a terminal.
  public var text: String {
    var lines = ["\(source): log \(origin)"]
    if let size, let root { lines.append("  \(size) entries, root \(root)") }
    if !keys.isEmpty {
      lines.append("  signed by \(keys.joined(separator: ", "))\(pinned ? "" : " (not pinned)")")
    }
    lines += receipts.map { receipt in
      let event = [receipt.event, receipt.id, receipt.at].compactMap { $0 }.joined(separator: ", ")
      return "  \(receipt.file): entry \(receipt.index) (\(event))"
    }
    lines += witnesses.map { "  witness \($0.key): \($0.size) entries at \($0.at)" }
    lines += boards.map { state in
      "  board \(state.board): \(state.rows) rows, made from \(state.size) entries"
    }
    lines += commitments.map { "  \($0)" }
    lines += notes.map { "note: \($0)" }
    guard !holds else { return (lines + ["All of it holds."]).joined(separator: "\n") }
    lines += findings.map { "WRONG (\($0.kind.rawValue)) \($0)" }
    lines.append(findings.count == 1 ? "1 thing is wrong." : "\(findings.count) things are wrong.")
    return lines.joined(separator: "\n")
  }
}
