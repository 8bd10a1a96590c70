import Basics
import Foundation
import Harness
import Ledger

extension LedgerVerifier {
  /// Compares the boards that stand beside the log with it, each at the size that it was made from.
  func compareBoards(_ log: inout Log, _ verdict: inout LedgerVerdict) async throws {
    guard log.isWhole else {
      verdict.notes.append("no board was compared: the log itself does not hold")
      return
    }
    guard log.files.hasSite else {
      verdict.notes.append("only the log was verified: no site with boards stands beside it")
      return
    }
    var documents: [(board: String, document: LeaderboardDocument)] = []
    for board in boards ?? named(log.copy.entries) {
      if let document = try await document(of: board, log, &verdict) {
        documents.append((board, document))
      }
    }
    // A board may be newer than the checkpoint that was read before it.
    if documents.contains(where: { $0.document.ledger?.size ?? 0 > log.head.size }) {
      guard try await log.refresh(&verdict), log.isWhole else { return }
    }
    for (board, document) in documents { try await compare(board, document, log, &verdict) }
  }

  private func named(_ entries: [LedgerOutline]) -> [String] {
    var seen: Set<String> = []
    return entries.compactMap(\.board).filter { seen.insert($0).inserted }
  }

  private func document(
    of board: String, _ log: Log, _ verdict: inout LedgerVerdict
  ) async throws -> LeaderboardDocument? {
    // A log may name anything.
    let parts = board.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, parts.allSatisfy(SafeText.isPathComponent) else {
      verdict.findings.append(LedgerFinding(.board, board, "expected benchmark/split"))
      return nil
    }
    let found = try await log.files.source.boards(board)
    for bytes in found {
      if let document = try? JSONDecoder().decode(LeaderboardDocument.self, from: bytes) {
        return document
      }
    }
    let audit = BoardAudit(board: board, entries: log.copy.entries)
    if !found.isEmpty {
      verdict.findings.append(
        LedgerFinding(.board, board, "its leaderboard.json is not of a form that is known here"))
    } else if !audit.standing.isEmpty || boards != nil {
      verdict.findings.append(
        LedgerFinding(
          .board, board,
          "the log has \(audit.standing.count) entries stand on it, and there is no such board"))
    }
    return nil
  }

  private func compare(
    _ board: String, _ document: LeaderboardDocument, _ log: Log, _ verdict: inout LedgerVerdict
  ) async throws {
    if let origin = document.ledger?.origin, origin != log.trust.origin {
      let text = "it was made from the log \(origin), this one is \(log.trust.origin)"
      verdict.findings.append(LedgerFinding(.board, board, text))
      return
    }
    let size = document.ledger?.size ?? log.head.size
    guard size <= log.head.size else {
      verdict.findings.append(
        LedgerFinding(
          .truncated, board,
          "it was made from \(size) entries of the log, which has \(log.head.size) now"))
      return
    }
    let audit = BoardAudit(board: board, entries: log.copy.entries.prefix(size))
    let reports = try await reports(audit, document, log, &verdict)
    verdict.findings += audit.findings(in: document, reports: reports)
    verdict.boards.append(.init(board: board, rows: document.rows.count, size: size))
    if document.ledger == nil {
      verdict.notes.append("\(board) does not say from how many entries it was made")
    }
    let now = Set(BoardAudit(board: board, entries: log.copy.entries).standing.keys)
    if now != Set(audit.standing.keys) {
      verdict.notes.append(
        "\(board) is older than the log: other entries stand on it since entry \(size)")
    }
  }

  /// The reports of which the log has a digest alone, from the documents of their entries.
  private func reports(
    _ audit: BoardAudit, _ document: LeaderboardDocument, _ log: Log,
    _ verdict: inout LedgerVerdict
  ) async throws -> [String: ScoreReport] {
    struct System: Decodable { var report: ScoreReport? }
    let digests = audit.digests
    var reports: [String: ScoreReport] = [:]
    for row in document.rows {
      guard let digest = digests[row.id], SafeText.isPathComponent(row.slug) else { continue }
      let path = "\(audit.board)/\(SitePaths.systemDocument(row.slug))"
      let bytes = try await log.files.source.read(path)
      let system = bytes.flatMap { try? JSONDecoder().decode(System.self, from: $0) }
      guard let report = system?.report else {
        verdict.notes.append("\(row.id): \(path) has no report to compare with the log's digest")
        continue
      }
      let found = Digest.sha256(try CanonicalJSON.compact(report))
      guard found == digest else {
        verdict.findings.append(
          LedgerFinding(
            .differentFigure, audit.board,
            "\(row.id): the report in \(path) has the digest \(found), the log has \(digest)"))
        continue
      }
      reports[row.id] = report
    }
    return reports
  }
}

extension LedgerVerifier {
  /// Makes the commitments of phases again whose keys are known.
  func checkCommitments(_ log: Log, _ home: DataHome, _ verdict: inout LedgerVerdict) {
    let entries = log.copy.entries
    var checked: Set<String> = []
    for entry in entries.reversed() {
      guard entry.event == .closed || entry.event == .opened, let key = entry.commitmentKey,
        let board = entry.board, let phase = entry.phase,
        checked.insert("\(board) \(phase)").inserted
      else { continue }
      let name = "\(board), phase '\(phase)'"
      func wrong(_ text: String) { verdict.findings.append(.init(.commitment, name, text)) }
      let set = entries[..<entry.index].last {
        $0.event == .phase && $0.board == board && $0.phase == phase && $0.commitment != nil
      }
      guard let set, let commitment = set.commitment, let scorer = set.scorer else {
        wrong("\(entry.text) reveals the key of a commitment that was never made")
        continue
      }
      guard let key = Data(hexadecimal: key) else {
        wrong("\(entry.text): the commitment's key is not hexadecimal")
        continue
      }
      do {
        let digests = try digests(of: board, in: home)
        let value = LedgerCommitment.value(
          gold: digests.gold, order: digests.order, scorer: scorer, key: key)
        if value == commitment {
          verdict.commitments.append(
            "\(name): labels, order and scorer \(scorer) are those of \(set.text)")
        } else {
          wrong(
            "\(set.text) committed to other labels, another order or another scorer than "
              + "\(home.url.relativePath) and scorer \(scorer)")
        }
      } catch {
        verdict.notes.append("\(name): its commitment was not checked: \(error)")
      }
    }
    if checked.isEmpty { verdict.notes.append("no commitment's key is in the log yet") }
  }

  private func digests(
    of board: String, in home: DataHome
  ) throws(HarnessError) -> (gold: String, order: String) {
    let parts = board.split(separator: "/", maxSplits: 1).map(String.init)
    let definition = try benchmarks.named(parts[0])
    let dataset = try home.load(definition, split: parts.count > 1 ? parts[1] : "")
    return (dataset.goldDigest, dataset.orderDigest)
  }
}

extension Data {
  /// Two hexadecimal digits a byte; nil for anything else.
  init?(hexadecimal text: String) {
    let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
    self.init(
      stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
  }
}
