import Basics
import Foundation
import Harness
import Ledger
import Report
import TestSupport
import Testing

@Suite("A board held against its log") struct BoardAuditTests {
  private func entries(_ a: Double? = 0.5, _ b: Double? = 0.6) -> [Board.Entry] {
    [a.map { SampleInput.entry("a", pcc: $0) }, b.map { SampleInput.entry("b", pcc: $0) }]
      .compactMap(\.self)
  }

  @Test("A changed figure is named with both values")
  func changed() async throws {
    let site = try LoggedSite()
    try site.publish(entries(0.7))
    let verdict = try await site.verdict()
    #expect(verdict.findings.allSatisfy { $0.kind == .differentFigure && $0.place == "toy/test" })
    #expect(
      verdict.wrong.contains(
        "a, empathy PCC: the board shows 0.7, the log has 0.5 in entry 0 (scored, a)"))
  }

  @Test("A removed row is named")
  func removed() async throws {
    let site = try LoggedSite()
    try site.publish(entries(nil))
    let verdict = try await site.verdict()
    #expect(verdict.findings.map(\.kind) == [.missingOnBoard])
    #expect(
      verdict.wrong.contains(
        "a stands in the log since entry 0 (scored, a), and the board lacks it"))
  }

  @Test("An added row is named")
  func added() async throws {
    let site = try LoggedSite()
    try site.publish(entries() + [SampleInput.entry("c", pcc: 0.99)])
    let verdict = try await site.verdict()
    #expect(verdict.findings.map(\.kind) == [.notInLog])
    #expect(
      verdict.wrong.contains(
        "the board shows c ('System c' of 'Team of c'); the log does not know it"))
  }

  @Test("A row that was withdrawn or replaced does not stand")
  func replaced() async throws {
    let site = try LoggedSite()
    var withdrawn = LedgerEvent(.withdrawn, board: LoggedSite.board, id: "a", at: LoggedSite.now)
    (withdrawn.replaces, withdrawn.why) = ("a", "a mistake")
    var better = try site.scored("c", pcc: 0.8)
    better.replaces = "b"
    try site.append([withdrawn, better])
    try site.publish([SampleInput.entry("c", pcc: 0.8)])
    let sound = try await site.verdict()
    #expect(sound.holds, "\(sound.wrong)")
    try site.publish([SampleInput.entry("c", pcc: 0.8), SampleInput.entry("a", pcc: 0.5)])
    #expect(
      try await site.verdict().wrong.contains(
        "the log has it leave the board by entry 2 (withdrawn, a)"))
  }

  @Test("Figures of a rescore replace the old ones, and a sealed outcome does not")
  func rescored() async throws {
    let site = try LoggedSite()
    var rescored = try site.scored("a", pcc: 0.55)
    (rescored.event, rescored.stands) = (.rescored, nil)
    var sealed = LedgerEvent(.rescored, board: LoggedSite.board, id: "b", at: LoggedSite.now)
    sealed.sealed = String(repeating: "0", count: 64)
    try site.append([rescored, sealed])
    try site.publish(entries(0.55))
    let verdict = try await site.verdict()
    #expect(verdict.holds, "\(verdict.wrong)")
    try site.publish(entries(0.5))
    #expect(try await !site.verdict().holds)
  }

  @Test("A board is compared at the size that it was made from")
  func older() async throws {
    let site = try LoggedSite()
    try site.append([try site.scored("c", pcc: 0.8)])
    try site.publish(size: 2)
    let verdict = try await site.verdict()
    #expect(verdict.holds, "\(verdict.wrong)")
    #expect(verdict.notes.contains { $0.contains("toy/test is older than the log") })
    try site.publish(size: 4)
    #expect(try await site.verdict().findings.map(\.kind) == [.truncated])
  }

  @Test("Nothing stands where a phase hides its scores")
  func hidden() async throws {
    let site = try LoggedSite()
    var phase = LedgerEvent(.phase, board: LoggedSite.board, at: LoggedSite.now)
    (phase.phase, phase.visibility) = ("final", "hidden")
    try site.append([phase])
    try site.publish([])
    let verdict = try await site.verdict()
    #expect(verdict.holds, "\(verdict.wrong)")
    try site.publish()
    #expect(try await site.verdict().findings.map(\.kind) == [.notInLog, .notInLog])
  }

  @Test("A report of which the log has a digest alone is read from its document")
  func digest() async throws {
    let site = try LoggedSite()
    let report = try #require(SampleInput.entry("c", pcc: 0.8).report)
    var event = LedgerEvent(.scored, board: LoggedSite.board, id: "c", at: LoggedSite.now)
    (event.reportDigest, event.stands) = (
      Digest.sha256(try CanonicalJSON.compact(report)), "c"
    )
    try site.append([event])
    try site.publish(entries() + [SampleInput.entry("c", pcc: 0.8)])
    struct System: Encodable { var report: ScoreReport }
    func write(_ pcc: Double) throws {
      let report = try #require(SampleInput.entry("c", pcc: pcc).report)
      try site.folder.write(
        try CanonicalJSON.document(System(report: report)), to: "toy/test/systems/c.json")
    }
    try write(0.8)
    let verdict = try await site.verdict()
    #expect(verdict.holds && verdict.notes.isEmpty, "\(verdict.text)")
    try site.publish(entries() + [SampleInput.entry("c", pcc: 0.9)])
    #expect(try await site.verdict().wrong.contains("the board shows 0.9, the log has 0.8"))
    try write(0.9)
    #expect(
      try await site.verdict().wrong.contains(
        "the report in toy/test/systems/c.json has the digest"))
  }

  @Test("A board that is gone is missed where entries stand on it")
  func gone() async throws {
    let site = try LoggedSite()
    try FileManager.default.removeItem(at: site.folder.file("toy"))
    #expect(try await site.verdict().findings.map(\.kind) == [.board])
  }
}
