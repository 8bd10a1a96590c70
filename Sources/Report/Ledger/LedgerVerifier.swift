import Basics
public import Foundation
public import Harness
public import Ledger

/// Verifies a log from its tiles alone, and that receipts, older checkpoints, witnesses and boards
/// agree with it. It needs no access to labels; with them it checks the commitments of phases too.
public struct LedgerVerifier: Sendable {
  /// A file that the user brought.
  public struct NamedFile: Sendable {
    var name: String
    var bytes: Data

    public init(name: String, bytes: Data) { (self.name, self.bytes) = (name, bytes) }
  }

  /// Keys of the log; without any, those that it names itself.
  public var keys: [VerifierKey] = []
  /// An older checkpoint that the log must go on from.
  public var since: NamedFile?
  public var receipts: [NamedFile] = []
  public var witnesses: [VerifierKey] = []
  /// How many of ``witnesses`` must have cosigned a tree of the log; nil for all of them.
  public var quorum: Int?
  /// Checkpoints of the log that witnesses have cosigned.
  public var cosigned: [NamedFile] = []
  /// Boards to compare (`benchmark/split`); nil for all that the log names.
  public var boards: [String]?
  /// Data with which commitments are made again.
  public var home: DataHome?
  public var benchmarks: [BenchmarkDefinition] = []

  public init() {}

  /// - Throws: what keeps the log from being read at all: a source without an answer, a checkpoint or
  ///   a file of the user's of another form.
  public func verdict(of source: any LedgerSource) async throws -> LedgerVerdict {
    let files = try await LedgerFiles(source)
    let trust = try await LogTrust(files, pinned: keys)
    var verdict = LedgerVerdict(source: source.name, origin: trust.origin, pinned: trust.isPinned)
    verdict.findings = trust.unreadable
    var log = Log(files: files, trust: trust)
    guard try await log.refresh(&verdict) else { return verdict }
    try await compareBoards(&log, &verdict)
    try checkEarlier(log, &verdict)
    try checkReceipts(log, &verdict)
    try checkWitnesses(log, &verdict)
    if let home { checkCommitments(log, home, &verdict) }
    return verdict
  }

  /// A log while it is verified.
  struct Log {
    let files: LedgerFiles
    let trust: LogTrust
    private(set) var copy = LedgerCopy()
    /// The newest checkpoint that was read.
    private(set) var head = TreeHead.empty
    private(set) var checkpoint = Data()

    init(files: LedgerFiles, trust: LogTrust) { (self.files, self.trust) = (files, trust) }

    /// Whether all entries were read and lead to the signed root.
    var isWhole: Bool { copy.head == head }

    /// Reads the present checkpoint and the entries up to it.
    /// - Returns: false where nobody trusted signed it, so that nothing can be said of the rest.
    mutating func refresh(_ verdict: inout LedgerVerdict) async throws -> Bool {
      let bytes = try await files.checkpoint()
      let opened: VerifiedCheckpoint
      do throws(LedgerError) { opened = try trust.open(bytes) } catch {
        guard error.exitStatus == .checkFailed else { throw error }
        let hint =
          trust.isPinned
          ? ". No signed change of keys leads from the pinned key to the one that signs now" : ""
        verdict.findings.append(LedgerFinding(.signature, "checkpoint", "\(error)\(hint)"))
        return false
      }
      let old = head
      (head, checkpoint) = (opened.head, bytes)
      (verdict.size, verdict.root) = (head.size, head.root.base64)
      verdict.keys = opened.signatures.map(\.key.description)
      verdict.findings += try await copy.extend(to: head, from: files)
      if let forked = difference(from: old, of: "checkpoint, a moment ago") {
        verdict.findings.append(forked)
      }
      noteKeys(try trust.changes(to: opened), &verdict)
      return true
    }

    /// What is wrong where the log once had the tree `old`.
    func difference(from old: TreeHead, of place: String) -> LedgerFinding? {
      .comparing(old, of: place, with: head, now: copy.root(at: old.size))
    }

    private func noteKeys(_ changes: [KeyChange], _ verdict: inout LedgerVerdict) {
      for change in changes {
        let text = "the key \(change.old) was replaced by \(change.new); both signed the change"
        if !verdict.notes.contains(text) { verdict.notes.append(text) }
        let note = String(decoding: change.note.bytes, as: UTF8.self)
        guard isWhole, !copy.entries.contains(where: { $0.event == .key && $0.note == note }) else {
          continue
        }
        verdict.findings.append(
          LedgerFinding(
            .keyChange, "rotations.json",
            "the change from \(change.old) to \(change.new) is not an entry of the log"))
      }
    }
  }

  private func checkEarlier(_ log: Log, _ verdict: inout LedgerVerdict) throws {
    guard let since else { return }
    guard let old = try open(since, by: log.trust, .signature, &verdict)?.head else { return }
    if let finding = log.difference(from: old, of: since.name) {
      verdict.findings.append(finding)
    } else if log.isWhole {
      verdict.notes.append("the log goes on from \(since.name), \(old.size) entries")
    }
  }

  private func checkReceipts(_ log: Log, _ verdict: inout LedgerVerdict) throws {
    for file in receipts {
      let receipt = try Receipt(file.bytes)
      func wrong(_ text: String) -> LedgerFinding { LedgerFinding(.receipt, file.name, text) }
      guard let leaf = receipt.extra else {
        throw LedgerError.malformed(
          what: file.name, found: "a receipt without an entry", expected: "a line 'extra'")
      }
      let bytes = NamedFile(name: file.name, bytes: receipt.checkpoint)
      guard let old = try open(bytes, by: log.trust, .receipt, &verdict)?.head else { continue }
      let index = receipt.proof.index
      let entry = LedgerOutline(leaf, index: index)
      do throws(LedgerError) { try receipt.proof.verify(.leaf(leaf), in: old) } catch {
        verdict.findings.append(wrong("its proof is not of the entry that it holds: \(error)"))
        continue
      }
      if let finding = log.difference(from: old, of: file.name) {
        verdict.findings.append(finding)
      } else if log.isWhole, log.copy.leaf(at: index) != .leaf(leaf) {
        verdict.findings.append(wrong("\(entry.text) is not in the log at its place"))
      } else if log.isWhole {
        verdict.receipts.append(
          LedgerVerdict.ReceiptState(
            file: file.name, index: index, event: entry.event?.rawValue, id: entry.id, at: entry.at)
        )
      }
    }
  }

  /// Opens a checkpoint that the user kept; a signature that does not hold is a finding.
  private func open(
    _ file: NamedFile, by trust: LogTrust, _ kind: LedgerFinding.Kind,
    _ verdict: inout LedgerVerdict
  ) throws -> VerifiedCheckpoint? {
    do throws(LedgerError) { return try trust.openEarlier(file.bytes) } catch {
      guard error.exitStatus == .checkFailed else { throw error }
      verdict.findings.append(LedgerFinding(kind, file.name, "\(error)"))
      return nil
    }
  }

  private func checkWitnesses(_ log: Log, _ verdict: inout LedgerVerdict) throws {
    guard !witnesses.isEmpty else { return }
    var seen: [String: LedgerVerdict.WitnessSeen] = [:]
    for file in cosigned + [NamedFile(name: "checkpoint", bytes: log.checkpoint)] {
      do throws(LedgerError) {
        let opened = try log.trust.openEarlier(file.bytes, witnesses: witnesses)
        if let finding = log.difference(from: opened.head, of: file.name) {
          verdict.findings.append(finding)
          continue
        }
        for signature in opened.signatures {
          let (key, size) = (signature.key.description, opened.head.size)
          guard let seconds = signature.seconds, size > seen[key]?.size ?? -1 else { continue }
          let at = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
          seen[key] = LedgerVerdict.WitnessSeen(key: key, size: size, at: at)
        }
      } catch {
        guard error.exitStatus == .checkFailed else { throw error }
        verdict.findings.append(LedgerFinding(.witnesses, file.name, "\(error)"))
      }
    }
    verdict.witnesses = witnesses.compactMap { seen[$0.description] }
    let quorum = quorum ?? witnesses.count
    if verdict.witnesses.count < quorum {
      verdict.findings.append(
        LedgerFinding(
          .witnesses, "witnesses",
          "\(verdict.witnesses.count) of \(witnesses.count) have cosigned a tree of this log, "
            + "expected \(quorum)"))
    }
  }
}
