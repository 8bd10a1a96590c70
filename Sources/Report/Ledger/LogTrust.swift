public import Foundation
public import Ledger

/// The keys by which a log is known, and those that signed changes of keys join to them.
public struct LogTrust: Sendable {
  public let origin: String
  /// What the caller knew beforehand, or what the log itself says.
  public let known: [VerifierKey]
  /// Whether the caller knew the keys; a log that names its own only agrees with itself.
  public let isPinned: Bool
  /// Which changes of keys could not be read.
  public let unreadable: [LedgerFinding]
  private let changes: [KeyChange]

  /// - Parameter pinned: the caller's keys; without any, those that the log names.
  public init(_ files: LedgerFiles, pinned: [VerifierKey]) async throws {
    isPinned = !pinned.isEmpty
    var keys = pinned
    if keys.isEmpty {
      guard let text = try await files.read("key") else {
        throw LedgerError.missing(
          "\(files.source.name): the log's public key; give it with --key NAME+ID+BASE64, it")
      }
      keys = try VerifierKey.list(text)
    }
    guard let first = keys.first else {
      throw LedgerError.malformed(
        what: "the log's keys", found: "nothing", expected: "at least one key")
    }
    (origin, known) = (first.name, keys)
    (changes, unreadable) = try await Self.changes(files)
  }

  /// Opens a checkpoint that the log shows now, by a known key or one that has replaced it.
  public func open(_ bytes: Data) throws(LedgerError) -> VerifiedCheckpoint {
    try policy().open(bytes)
  }

  /// Whoever reads the log as it is now.
  func policy() throws(LedgerError) -> LogPolicy { try LogPolicy(origin: origin, keys: present()) }

  /// Opens a checkpoint of some time ago, which a key may have signed that was replaced since.
  /// - Parameter witnesses: their cosignatures are verified where there are any.
  func openEarlier(
    _ bytes: Data, witnesses: [VerifierKey] = []
  ) throws(LedgerError) -> VerifiedCheckpoint {
    var keys = try present()
    while let key = changes.first(where: { change in
      change.origin == origin && keys.has(change.new) && !keys.has(change.old)
    })?.old {
      keys.append(key)
    }
    return try LogPolicy(origin: origin, keys: keys, witnesses: witnesses).open(bytes)
  }

  /// The changes that lead from the known keys to those that signed `checkpoint`; none where a known
  /// key signed it.
  func changes(to checkpoint: VerifiedCheckpoint) throws(LedgerError) -> [KeyChange] {
    let signing = checkpoint.signatures.map(\.key)
    guard !signing.contains(where: known.has) else { return [] }
    let present = try present()
    return changes.filter { present.has($0.old) && present.has($0.new) }
  }

  private func present() throws(LedgerError) -> [VerifierKey] {
    var keys: [VerifierKey] = []
    for key in known { keys += try KeyChange.keys(from: key, origin: origin, by: changes) }
    return keys.reduce(into: []) { if !$0.has($1) { $0.append($1) } }
  }

  private static func changes(
    _ files: LedgerFiles
  ) async throws -> ([KeyChange], [LedgerFinding]) {
    let path = "rotations.json"
    guard let bytes = try await files.read(path) else { return ([], []) }
    guard let notes = try? JSONDecoder().decode([String].self, from: bytes) else {
      return ([], [LedgerFinding(.keyChange, path, "expected a JSON list of signed notes")])
    }
    var (changes, findings): ([KeyChange], [LedgerFinding]) = ([], [])
    for (place, note) in notes.enumerated() {
      do throws(LedgerError) { changes.append(try KeyChange(Data(note.utf8))) } catch {
        findings.append(LedgerFinding(.keyChange, path, "change \(place + 1): \(error)"))
      }
    }
    return (changes, findings)
  }
}

extension [VerifierKey] {
  func has(_ key: VerifierKey) -> Bool { contains { $0.vkey == key.vkey } }
}

extension VerifierKey {
  /// Reads keys, a vkey a line, as `ledger/key` has them.
  public static func list(_ text: Data) throws(LedgerError) -> [VerifierKey] {
    try String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).map {
      line throws(LedgerError) in try VerifierKey(vkey: String(line))
    }
  }
}
