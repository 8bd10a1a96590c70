import Basics
public import Foundation
import Glibc
public import Harness
public import Ledger

/// The private keys of a leaderboard's ledger: a file that its owner alone can read, a key a line,
/// the newest first.
public struct LedgerKeys: Sendable {
  /// The newest first; at least one.
  public let all: [SigningKey]

  public init(_ newest: SigningKey, _ older: [SigningKey] = []) { all = [newest] + older }

  public var newest: SigningKey { all[0] }

  /// What others verify with, the newest first.
  public var verifiers: [VerifierKey] { all.map(\.verifier) }

  /// Key of the digests of predictions in leaves. It follows from the oldest private key, so that
  /// nothing else has to be kept.
  public var predictionsKey: Data {
    Data(Digest.hmac("predictions", key: Data(all[all.count - 1].privateText.utf8)).utf8)
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
    guard let newest = keys.first else {
      throw .ledger(
        place: url.relativePath,
        error: .malformed(what: "keys", found: "none", expected: "a private key a line"))
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
  /// Where the private keys of the ledger stand.
  public var ledgerKeyURL: URL { url.appending(path: "ledger.key") }
}
