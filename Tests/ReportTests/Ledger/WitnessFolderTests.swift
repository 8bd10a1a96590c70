import Foundation
import Ledger
import Report
import TestSupport
import Testing

@Suite("A witness's rounds") struct WitnessFolderTests {
  let site: LoggedSite
  let key: SigningKey
  let state: TemporaryFolder

  init() throws {
    site = try LoggedSite(accepted: 254)
    key = try SigningKey(name: "witness.example", kind: .cosignature)
    state = try TemporaryFolder()
  }

  private func round() async throws -> WitnessFolder.Outcome {
    try await WitnessFolder(state.url).round(of: site.source, by: key, at: LoggedSite.now)
  }

  private func cosigned() throws -> TreeHead {
    let policy = try LogPolicy(keys: [site.key.verifier], witnesses: [key.verifier], quorum: 1)
    return try policy.open(try Data(contentsOf: state.file("checkpoint"))).head
  }

  @Test("A log that grows is cosigned round by round")
  func grows() async throws {
    for count in [1, 3, 300] {
      guard case .cosigned(let note, _, let new) = try await round() else {
        Issue.record("not cosigned")
        return
      }
      #expect(new == site.head)
      #expect(try cosigned() == site.head)
      #expect(try Data(contentsOf: state.file("checkpoint")) == note)
      try site.append(
        (0..<count).map {
          LedgerEvent(.chosen, board: LoggedSite.board, id: "\($0)", at: LoggedSite.now)
        })
    }
  }

  @Test("A rollback is refused, and both checkpoints are kept")
  func rollback() async throws {
    let old = try site.checkpoint
    try site.append([try site.scored("a", pcc: 0.5)])
    let new = try site.checkpoint
    _ = try await round()
    try site.tamper("checkpoint") { $0 = old }
    guard case .refused(let finding, let evidence) = try await round() else {
      Issue.record("cosigned")
      return
    }
    #expect(finding.kind == .truncated)
    #expect(try evidence.map { try Data(contentsOf: $0) } == [new, old])
    #expect(try cosigned() == site.head)
  }

  @Test("A fork is refused, whatever its size", arguments: [256, 260])
  func fork(size: Int) async throws {
    _ = try await round()
    let seen = try cosigned()
    try FileManager.default.removeItem(at: site.folder.file("ledger/tile"))
    let note = try Checkpoint(origin: site.key.verifier.name, head: .empty).signed(by: site.key)
    try site.tamper("checkpoint") { $0 = note.bytes }
    try site.append(
      (0..<size).map {
        LedgerEvent(.chosen, board: LoggedSite.board, id: "\($0)", at: LoggedSite.now)
      })
    guard case .refused(let finding, _) = try await round() else {
      Issue.record("cosigned")
      return
    }
    #expect(finding.kind == .forked)
    #expect(finding.text.contains("\(seen.root)") && finding.text.contains("\(site.head.root)"))
    #expect(try cosigned() == seen)
  }

  @Test("The key that was seen first is the log's")
  func pinned() async throws {
    _ = try await round()
    let thief = try SigningKey(name: site.key.verifier.name)
    try site.folder.write("\(thief.verifier.vkey)\n", to: "ledger/key")
    try site.append([try site.scored("a", pcc: 0.5)], by: thief)
    await #expect(throws: LedgerError.self) { try await round() }
  }

  @Test("A log's key does not cosign")
  func wrongKind() async throws {
    await #expect(throws: LedgerError.self) {
      try await WitnessFolder(state.url).round(of: site.source, by: site.key)
    }
  }
}

@Suite("Receipts beside files") struct ReceiptFileTests {
  @Test("A receipt replaces its own earlier form, and keeps another's under a number")
  func numbered() async throws {
    let site = try LoggedSite(accepted: 3)
    let place = try TemporaryFolder()
    let file = place.file("predictions.tsv.receipt")
    let (one, two) = (try await site.receipt(of: 1), try await site.receipt(of: 2))
    #expect(try ReceiptFile.write(one, to: file) == nil)
    #expect(try ReceiptFile.write(one, to: file) == nil)
    #expect(try ReceiptFile.write(two, to: file)?.lastPathComponent == "predictions.tsv.receipt.1")
    #expect(try ReceiptFile.write(one, to: file)?.lastPathComponent == "predictions.tsv.receipt.2")
    #expect(try Data(contentsOf: file) == one.bytes)
    #expect(try Data(contentsOf: place.file("predictions.tsv.receipt.2")) == two.bytes)
  }

  @Test("A receipt must be of the entry and submission that the answer names")
  func answer() async throws {
    let site = try LoggedSite(accepted: 3)
    let (one, two) = (try await site.receipt(of: 1), try await site.receipt(of: 2))
    func answer(_ receipt: Receipt) throws -> LoggedAnswer {
      LoggedAnswer(
        leaf: String(decoding: try #require(receipt.extra), as: UTF8.self),
        index: receipt.proof.index, checkpoint: String(decoding: try site.checkpoint, as: UTF8.self)
      )
    }
    let keys = [site.key.verifier]
    let stale = try answer(one)
    try stale.verify(one, of: "other-1", keys: keys)
    #expect(throws: LedgerError.self) { try stale.verify(one, of: "other-2", keys: keys) }
    #expect(throws: LedgerError.self) { try stale.verify(two, of: "other-1", keys: keys) }
    let forged = Receipt(extra: one.extra, proof: two.proof, checkpoint: one.checkpoint)
    #expect(throws: LedgerError.self) { try stale.verify(forged, of: "other-1", keys: keys) }
    try site.append([try site.scored("a", pcc: 0.5)])
    try stale.verify(try await site.receipt(of: 1), of: "other-1", keys: keys)
    let newer = try answer(one)
    #expect(throws: LedgerError.self) { try newer.verify(one, of: "other-1", keys: keys) }
  }
}
