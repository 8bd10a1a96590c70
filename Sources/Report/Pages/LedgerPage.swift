import Foundation
import Harness
import Ledger

/// `ledger.html`: the log's checkpoint in words; the page's script verifies it.
struct LedgerPage: Encodable, Sendable {
  static let path = "ledger.html"

  let logOrigin, eventCount, treeRoot, command: String
  /// Who signed the checkpoint, by name and key id.
  let signers: [String]
  let checkpointLines, keyLines: [String]

  static func page(_ ledger: SiteLedger, in context: SiteContext) -> Page {
    context.page(
      .ledger, path: path, title: "The ledger of these leaderboards",
      description: "\(FigureText.counted(ledger.head.size, "event")), signed and verifiable.",
      section: .ledger, LedgerPage(ledger, address: context.address))
  }

  private init(_ ledger: SiteLedger, address: URL?) {
    (logOrigin, treeRoot) = (ledger.origin, ledger.head.root.base64)
    eventCount = FigureText.count(ledger.head.size)
    checkpointLines = String(decoding: ledger.checkpoint, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    signers = ledger.signers.map(\.description)
    keyLines = ledger.keys.map(\.vkey)
    command = "invitro ledger verify \(address?.absoluteString ?? "ADDRESS") --key '\(keyLines[0])'"
  }

  /// What a board's page says of the log that it was made from.
  struct Line: Encodable, Sendable {
    let events, rootStart: String

    init?(_ state: Board.LedgerState?) {
      guard let state, let note = try? SignedNote(state.checkpoint),
        let head = try? Checkpoint(text: note.text).head
      else { return nil }
      events = FigureText.counted(state.size, "event")
      rootStart = String(head.root.base64.prefix(8))
    }
  }
}
