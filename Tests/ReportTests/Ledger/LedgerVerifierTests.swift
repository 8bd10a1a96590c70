import Basics
import Foundation
import Ledger
import Report
import TestSupport
import Testing

@Suite("Verifying a log") struct LedgerVerifierTests {
  @Test("A sound log and its board hold", arguments: [0, 254, 255, 600])
  func sound(accepted: Int) async throws {
    let site = try LoggedSite(accepted: accepted)
    let verdict = try await site.verdict()
    #expect(verdict.holds, "\(verdict.wrong)")
    #expect(verdict.size == accepted + 2 && verdict.pinned)
    #expect(verdict.boards.map(\.rows) == [2])
  }

  @Test("Without a key the log's own is used, and the verdict says so")
  func unpinned() async throws {
    let verdict = try await LoggedSite().verdict { $0.keys = [] }
    #expect(verdict.holds && !verdict.pinned)
    #expect(verdict.text.contains("(not pinned)"))
  }

  @Test("A log by itself is verified without boards")
  func alone() async throws {
    let site = try LoggedSite()
    var verifier = LedgerVerifier()
    verifier.keys = [site.key.verifier]
    let verdict = try await verifier.verdict(of: FolderSource(site.folder.file("ledger")))
    #expect(verdict.holds && verdict.boards.isEmpty && verdict.size == 2)
  }

  @Test("A changed entry is named with its place")
  func changedEntry() async throws {
    let site = try LoggedSite(accepted: 600)
    try site.tamper("tile/entries/001") { bytes in
      let place = try #require(bytes.firstRange(of: Data("other-300".utf8)))
      bytes.replaceSubrange(place, with: Data("other-301".utf8))
    }
    let verdict = try await site.verdict()
    #expect(verdict.findings.count == 1)
    #expect(
      verdict.wrong.hasPrefix(
        "changedEntry tile/entries/001: entry 300 (accepted, other-301): changed"))
  }

  @Test("A removed entry is named by its file")
  func removedEntry() async throws {
    let site = try LoggedSite(accepted: 300)
    try site.tamper("tile/entries/000") { bytes in
      let length = Int(bytes[0]) << 8 | Int(bytes[1])
      bytes = Data(bytes.dropFirst(2 + length))
    }
    let wrong = try await site.verdict().wrong
    #expect(wrong.contains("changedEntry tile/entries/000: entries are missing or cut"))
    #expect(wrong.contains("found 255 entries, expected 256"))
  }

  @Test("A changed tile is named", arguments: ["tile/0/000", "tile/0/001.p/46", "tile/1/000.p/1"])
  func changedTile(path: String) async throws {
    let site = try LoggedSite(accepted: 300)
    try site.tamper(path) { $0[5] ^= 1 }
    let verdict = try await site.verdict()
    #expect(verdict.findings.map(\.kind) == [.damagedTile] && verdict.findings[0].place == path)
  }

  @Test("A missing file is named", arguments: ["tile/0/000", "tile/entries/000"])
  func missingFile(path: String) async throws {
    let site = try LoggedSite(accepted: 300)
    try FileManager.default.removeItem(at: site.folder.file("ledger/\(path)"))
    let verdict = try await site.verdict()
    #expect(verdict.findings.map(\.kind) == [.missingFile] && verdict.findings[0].place == path)
  }

  @Test("Entries and tiles that were made anew do not lead to the signed root")
  func rewritten() async throws {
    let (site, other) = (try LoggedSite(accepted: 1), try LoggedSite(accepted: 1))
    try other.append([try other.scored("c", pcc: 0.9)])
    try site.append([try site.scored("a", pcc: 0.5)])
    let tiles = site.folder.file("ledger/tile")
    try FileManager.default.removeItem(at: tiles)
    try FileManager.default.copyItem(at: other.folder.file("ledger/tile"), to: tiles)
    let verdict = try await site.verdict()
    #expect(verdict.findings.map(\.kind) == [.changedEntry])
    #expect(verdict.wrong.contains("the tiles lead to the root \(other.head.root)"))
  }

  @Test("An older state than a kept checkpoint is truncated, with both sizes and roots")
  func truncated() async throws {
    let site = try LoggedSite()
    let (old, small) = (try site.checkpoint, site.head)
    try site.append([try site.scored("c", pcc: 0.4)])
    let (since, large) = (try site.checkpoint, site.head)
    try site.tamper("checkpoint") { $0 = old }
    let verdict = try await site.verdict { $0.since = .init(name: "old", bytes: since) }
    #expect(verdict.findings.map(\.kind) == [.truncated])
    for part in ["3 entries (root \(large.root))", "2 now (root \(small.root))", "1 are gone"] {
      #expect(verdict.wrong.contains(part), "\(verdict.wrong)")
    }
  }

  @Test("Another tree of the same or a greater size is forked", arguments: [0, 1])
  func forked(more: Int) async throws {
    let site = try LoggedSite()
    let old = try site.checkpoint
    let (seen, root) = (try site.checkpoint, site.head.root)
    // The same key signs another history of the same length.
    try FileManager.default.removeItem(at: site.folder.file("ledger/tile"))
    let note = try Checkpoint(origin: site.key.verifier.name, head: .empty).signed(by: site.key)
    try site.tamper("checkpoint") { $0 = note.bytes }
    let ids = ["a", "c"] + (more > 0 ? ["d"] : [])
    try site.append(try ids.map { try site.scored($0, pcc: 0.5) })
    #expect(old == seen)
    let verdict = try await site.verdict {
      $0.since = .init(name: "seen", bytes: seen)
      $0.boards = []
    }
    #expect(verdict.findings.map(\.kind) == [.forked])
    #expect(verdict.wrong.contains("\(root)") && verdict.wrong.contains("\(site.head.root)"))
  }

  @Test("A log goes on from a checkpoint of any earlier size")
  func goesOn() async throws {
    let site = try LoggedSite(accepted: 250)
    for round in 0..<9 {
      let since = try site.checkpoint
      try site.append([
        LedgerEvent(.chosen, board: LoggedSite.board, id: "\(round)", at: LoggedSite.now)
      ])
      let verdict = try await site.verdict { $0.since = .init(name: "since", bytes: since) }
      #expect(verdict.holds, "\(verdict.wrong)")
    }
  }

  @Test("A log that another key signs is refused")
  func wrongKey() async throws {
    let other = try SigningKey(name: "toy.example/ledger").verifier
    let verdict = try await LoggedSite().verdict { $0.keys = [other] }
    #expect(verdict.findings.map(\.kind) == [.signature] && verdict.size == nil)
  }

  @Test("A checkpoint that is none is bad data")
  func malformed() async throws {
    let site = try LoggedSite()
    try site.tamper("checkpoint") { $0 = Data("nothing\n".utf8) }
    let error = await #expect(throws: LedgerError.self) { try await site.verdict() }
    #expect(error?.exitStatus == .badData)
  }

  @Test("A changed key is followed where both keys signed the change and the log has it")
  func rotated() async throws {
    let site = try LoggedSite()
    let new = try SigningKey(name: site.key.verifier.name)
    let since = try site.checkpoint
    let note = String(
      decoding: try KeyChange.make(old: site.key, new: new).note.bytes, as: UTF8.self)
    var event = LedgerEvent(.key, at: LoggedSite.now)
    event.note = note
    try site.append([event], by: new)
    #expect(try await site.verdict().findings.map(\.kind) == [.signature])
    try site.folder.write(try JSONEncoder().encode([note]), to: "ledger/rotations.json")
    let verdict = try await site.verdict()
    #expect(verdict.holds, "\(verdict.wrong)")
    #expect(verdict.notes.contains { $0.contains("was replaced by \(new)") })
    // Who pins the new key can still use what the old one signed.
    let pinned = try await site.verdict {
      $0.keys = [new.verifier]
      $0.since = .init(name: "since", bytes: since)
    }
    #expect(pinned.holds, "\(pinned.wrong)")
  }

  @Test("A change of keys that the log does not have is reported")
  func unloggedChange() async throws {
    let site = try LoggedSite()
    let thief = try SigningKey(name: site.key.verifier.name)
    let note = try KeyChange.make(old: site.key, new: thief).note.bytes
    try site.folder.write(
      try JSONEncoder().encode([String(decoding: note, as: UTF8.self)]),
      to: "ledger/rotations.json")
    try site.append([try site.scored("a", pcc: 0.5)], by: thief)
    #expect(try await site.verdict().findings.map(\.kind) == [.keyChange])
  }

  @Test("Receipts hold as the log grows")
  func receipts() async throws {
    let site = try LoggedSite(accepted: 300)
    let receipt = try await site.receipt(of: 17).bytes
    try site.append([try site.scored("a", pcc: 0.5)])
    let verdict = try await site.verdict { $0.receipts = [.init(name: "r", bytes: receipt)] }
    #expect(verdict.holds, "\(verdict.wrong)")
    #expect(verdict.receipts.map(\.id) == ["other-17"])
  }

  @Test("A receipt with another's entry, or of another log, does not hold")
  func wrongReceipts() async throws {
    let site = try LoggedSite(accepted: 3)
    let (one, two) = (try await site.receipt(of: 1), try await site.receipt(of: 2))
    let swapped = Receipt(extra: two.extra, proof: one.proof, checkpoint: one.checkpoint)
    let foreign = try await LoggedSite(accepted: 3).receipt(of: 1)
    let verdict = try await site.verdict {
      $0.receipts = [
        .init(name: "swapped", bytes: swapped.bytes), .init(name: "foreign", bytes: foreign.bytes),
      ]
    }
    #expect(verdict.findings.map(\.kind) == [.receipt, .receipt])
    #expect(verdict.findings.map(\.place) == ["swapped", "foreign"])
  }

  @Test("Witnesses count where they cosigned a tree of this log")
  func witnesses() async throws {
    let site = try LoggedSite()
    let keys = try ["one", "two"].map { try SigningKey(name: $0, kind: .cosignature) }
    var note = try SignedNote(site.checkpoint)
    note.add(try keys[0].sign(note.text, at: 1_770_000_000))
    try site.append([try site.scored("a", pcc: 0.5)])
    func verdict(_ quorum: Int?) async throws -> LedgerVerdict {
      try await site.verdict {
        $0.witnesses = keys.map(\.verifier)
        $0.quorum = quorum
        $0.cosigned = [.init(name: "cosigned", bytes: note.bytes)]
      }
    }
    let enough = try await verdict(1)
    #expect(enough.holds, "\(enough.wrong)")
    #expect(enough.witnesses.map(\.size) == [2])
    #expect(try await verdict(nil).findings.map(\.kind) == [.witnesses])
  }

  @Test("The verdict is one JSON document")
  func document() async throws {
    let site = try LoggedSite()
    try site.publish([SampleInput.entry("a", pcc: 0.5)])
    let data = try CanonicalJSON.document(try await site.verdict())
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object["holds"] as? Bool == false)
    let findings = try #require(object["findings"] as? [[String: String]])
    #expect(findings.map { $0["kind"] } == ["missingOnBoard"])
  }
}
