import Basics
public import Foundation
public import Ledger

/// What a witness remembers of one log, in a folder: `log-key`, the log's keys; `seen`, the last
/// checkpoint that was verified; and `checkpoint`, the same one cosigned, for everybody to read.
public struct WitnessFolder: Sendable {
  public let url: URL

  public init(_ url: URL) { self.url = url }

  /// What a round came to.
  public enum Outcome: Sendable {
    /// The log goes on from the tree `old`, which is empty the first time.
    case cosigned(note: Data, old: TreeHead, new: TreeHead)
    /// The log does not go on from what was seen; both checkpoints were kept.
    case refused(LedgerFinding, evidence: [URL])
  }

  /// Reads the log, checks that it goes on from the last round, remembers it, and cosigns it.
  /// - Parameters:
  ///   - key: of the witness.
  ///   - logKeys: of the log, where they are known beforehand; else those of the folder, or, the first
  ///     time, those that the log names.
  /// - Throws: ``LedgerError/busy(path:)`` where another round goes on, signatures that do not verify,
  ///   tiles that are not of the signed tree, and what keeps the log from being read.
  public func round(
    of source: any LedgerSource, by key: SigningKey, logKeys: [VerifierKey] = [],
    at now: Date = Date()
  ) async throws -> Outcome {
    guard key.verifier.kind == .cosignature else {
      throw LedgerError.malformed(
        what: "the key of a witness", found: "\(key)", expected: "one of ledger witness-key")
    }
    let lock = try FolderLock(url)
    defer { lock.release() }
    let files = try await LedgerFiles(source)
    let pinned = try logKeys.isEmpty ? VerifierKey.list(read("log-key") ?? Data()) : logKeys
    let trust = try await LogTrust(files, pinned: pinned)
    let seen = try read("seen")
    let old = try seen.map { try trust.openEarlier($0).head } ?? .empty
    let served = try await files.checkpoint()
    let new = try trust.open(served).head
    let root =
      try await new.size < old.size
      ? nil
      : files.reading(new) { tiles throws(LedgerError) in
        try CompactRange(size: old.size, from: tiles).root
      }
    if let finding = LedgerFinding.comparing(old, of: source.name, with: new, now: root) {
      return .refused(finding, evidence: try keep(seen ?? Data(), against: served, at: now))
    }
    if try read("log-key") == nil {
      try write(Data(trust.known.map { "\($0.vkey)\n" }.joined().utf8), to: "log-key")
    }
    // Remembered before it is cosigned: a witness that forgets could cosign a fork.
    try write(served, to: "seen")
    var note = try SignedNote(served)
    note.add(try key.sign(note.text, at: max(0, Int(now.timeIntervalSince1970))))
    try write(note.bytes, to: "checkpoint")
    return .cosigned(note: note.bytes, old: old, new: new)
  }

  private func keep(_ seen: Data, against served: Data, at now: Date) throws -> [URL] {
    let time = Int(now.timeIntervalSince1970)
    return try [("seen", seen), ("served", served)].map { name, bytes in
      let path = "evidence/\(time)-\(name)"
      try write(bytes, to: path)
      return url.appending(path: path)
    }
  }

  private func read(_ name: String) throws -> Data? {
    try FolderSource(url).read(name)
  }

  private func write(_ bytes: Data, to name: String) throws {
    try AtomicFile.write(bytes, to: url.appending(path: name))
  }
}
