import Basics
public import Foundation
import Glibc
public import Harness
public import Ledger

/// The private keys of a leaderboard's ledger: a file that its owner alone can read, a key a line,
/// the newest first. All of them sign; there are two while clients change over to a new one.
public struct LedgerKeys: Sendable {
  /// The newest first; at least one.
  public let all: [SigningKey]

  public init(_ newest: SigningKey, _ older: [SigningKey] = []) { all = [newest] + older }

  public var newest: SigningKey { all[0] }

  /// What others verify with, the newest first.
  public var verifiers: [VerifierKey] { all.map(\.verifier) }

  /// The log's name, which all keys have.
  public var origin: String { newest.verifier.name }

  /// The keys that sign, as `ledger/key` shows them: a vkey a line, the newest first.
  public var document: Data { Data(verifiers.map { "\($0.vkey)\n" }.joined().utf8) }

  /// A new key of the same name that signs beside the others from now on.
  public func rotated() throws(LedgerError) -> LedgerKeys {
    LedgerKeys(try SigningKey(name: origin), all)
  }

  /// The newest key alone.
  public var retired: LedgerKeys { LedgerKeys(newest) }

  /// Whoever reads this log by these keys.
  public func policy() throws(LedgerError) -> LogPolicy { try LogPolicy(keys: verifiers) }

  /// The checkpoint of `head`, signed by all keys.
  public func checkpoint(_ head: TreeHead) throws(LedgerError) -> Data {
    let text = try Checkpoint(origin: origin, head: head).text
    var note = try SignedNote(text: text)
    for key in all { note.add(try key.sign(text)) }
    return note.bytes
  }

  /// Reads the keys at `url`; nil where there is no such file.
  /// - Throws: ``ReportError/exposedKey(path:mode:)`` where others than its owner can read it,
  ///   ``ReportError/ledger(place:error:)`` for a line that is no private key.
  public static func read(_ url: URL) throws(ReportError) -> LedgerKeys? {
    var status = stat()
    guard stat(url.path, &status) == 0 else { return nil }
    let mode = status.st_mode & 0o777
    guard mode & 0o077 == 0 else {
      throw .exposedKey(path: url.relativePath, mode: String(mode, radix: 8))
    }
    let text: String
    do {
      text = try String(contentsOf: url, encoding: .utf8)
    } catch {
      throw .ledger(
        place: url.relativePath, error: .file(.file(path: url.relativePath, reason: "\(error)")))
    }
    var keys: [SigningKey] = []
    for (place, line) in text.split(separator: "\n").enumerated() {
      do throws(LedgerError) {
        keys.append(try SigningKey(privateText: String(line)))
      } catch {
        throw .ledger(place: "\(url.relativePath):\(place + 1)", error: error)
      }
    }
    let names = Set(keys.map(\.verifier.name))
    guard let newest = keys.first, names.count == 1,
      keys.allSatisfy({ $0.verifier.kind == .ed25519 })
    else {
      throw .ledger(
        place: url.relativePath,
        error: .malformed(
          what: "keys", found: "\(keys.count) of \(names.count) names",
          expected: "one or more of a log, a line each, all of one name"))
    }
    return LedgerKeys(newest, Array(keys.dropFirst()))
  }

  /// Reads the keys at `url`, or makes one there. Where two programs do so at once, both get the same.
  /// - Parameter name: of a new key; nil for `leaderboard-` and eight random hexadecimal digits.
  /// - Throws: also ``ReportError/notWritable(path:reason:)``.
  public static func readOrMake(_ url: URL, name: String? = nil) throws(ReportError) -> LedgerKeys {
    if let keys = try read(url) { return keys }
    let digits = String(UInt32.random(in: .min ... .max), radix: 16)
    let random = "leaderboard-" + String(repeating: "0", count: 8 - digits.count) + digits
    let draft = url.deletingLastPathComponent().appending(path: ".ledger-\(UUID().uuidString).key")
    defer { unlink(draft.path) }
    do throws(LedgerError) {
      try LedgerKeys(try SigningKey(name: name ?? random)).save(to: draft)
    } catch {
      throw .ledger(place: url.relativePath, error: error)
    }
    // A rename would replace the key that another program has made meanwhile.
    guard link(draft.path, url.path) == 0 || errno == EEXIST else {
      throw .notWritable(path: url.relativePath, reason: String(cString: strerror(errno)))
    }
    AtomicFile.sync(folder: url.deletingLastPathComponent())
    guard let keys = try read(url) else {
      throw .notWritable(path: url.relativePath, reason: "the new file is gone")
    }
    return keys
  }

  /// Writes the keys to `url` for its owner alone, in the place of what stands there.
  public func save(to url: URL) throws(LedgerError) {
    let lines = all.map { "\($0.privateText)\n" }.joined()
    do throws(BasicsError) {
      try AtomicFile.createFolder(url.deletingLastPathComponent(), permissions: 0o700)
      try AtomicFile.write(Data(lines.utf8), to: url, permissions: 0o600)
    } catch {
      throw .file(error)
    }
  }
}

extension DataHome {
  /// Where the private keys of the server's ledger stand.
  public var ledgerKeyURL: URL { url.appending(path: "ledger.key") }

  /// Those of the log of a folder of submissions. One key for both would sign two histories.
  public var folderLedgerKeyURL: URL { url.appending(path: "submissions.ledger.key") }
}
