import Basics
public import Foundation
public import Ledger

/// The keys of a ledger as its owner keeps them: a file with a private key a line, the newest first.
/// All of them sign; there are two while clients change over to a new one.
public struct LedgerKeys: Sendable {
  /// At least one; all have one name, the log's origin.
  public private(set) var signing: [SigningKey]

  public static let fileName = "ledger.key"

  public var origin: String { signing[0].verifier.name }

  public var verifiers: [VerifierKey] { signing.map(\.verifier) }

  /// The keys that sign, as `ledger/key` shows them: a vkey a line, the newest first.
  public var document: Data { Data(verifiers.map { "\($0.vkey)\n" }.joined().utf8) }

  /// Makes a key. The name should be the log's address without its scheme, such as
  /// `board.example/ledger`.
  /// - Throws: ``LedgerError/malformed(what:line:found:expected:)`` for a name with spaces or `+`.
  public init(name: String) throws(LedgerError) { signing = [try SigningKey(name: name)] }

  /// Reads the file of a data home; nil where there is none.
  public init?(home: URL) throws(LedgerError) {
    let file = home.appending(path: Self.fileName)
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    guard let text = try? String(contentsOf: file, encoding: .utf8) else {
      throw .file(.file(path: file.relativePath, reason: "the file cannot be read"))
    }
    signing = try text.split(separator: "\n").map { line throws(LedgerError) in
      try SigningKey(privateText: String(line))
    }
    guard let first = signing.first,
      signing.allSatisfy({ $0.verifier.kind == .ed25519 && $0.verifier.name == first.verifier.name }
      )
    else {
      throw .malformed(
        what: file.relativePath, found: "\(signing.count) keys",
        expected: "one or more Ed25519 keys of one name")
    }
  }

  /// The keys of a data home; the first time they are made, with a random name.
  public static func ofHome(_ home: URL) throws(LedgerError) -> LedgerKeys {
    if let keys = try LedgerKeys(home: home) { return keys }
    var generator = SystemRandomNumberGenerator()
    let digits = String(UInt32.random(in: 0...UInt32.max, using: &generator), radix: 16)
    let name = "leaderboard-" + String(repeating: "0", count: 8 - digits.count) + digits
    let keys = try LedgerKeys(name: name)
    try keys.save(to: home, replacing: false)
    // Another process may have been quicker.
    return try LedgerKeys(home: home) ?? keys
  }

  /// Writes the file, readable by its owner alone.
  /// - Parameter replacing: whether a file that is there is replaced; else it stays.
  public func save(to home: URL, replacing: Bool) throws(LedgerError) {
    if !replacing, FileManager.default.fileExists(atPath: home.appending(path: Self.fileName).path)
    {
      return
    }
    try keep(in: home, as: Self.fileName)
  }

  /// Writes the keys to a file of this name, readable by its owner alone.
  public func keep(in home: URL, as name: String) throws(LedgerError) {
    let file = home.appending(path: name)
    let text = signing.map { "\($0.privateText)\n" }.joined()
    do throws(BasicsError) {
      try AtomicFile.createFolder(home, permissions: 0o700)
      try AtomicFile.write(Data(text.utf8), to: file, permissions: 0o600)
    } catch {
      throw .file(error)
    }
  }

  /// A new key of the same name that signs beside the others from now on.
  public func rotated() throws(LedgerError) -> LedgerKeys {
    var keys = self
    keys.signing.insert(try SigningKey(name: origin), at: 0)
    return keys
  }

  /// The newest key alone.
  public var newest: LedgerKeys {
    var keys = self
    keys.signing = [signing[0]]
    return keys
  }

  /// Whoever reads this log by these keys.
  public func policy() throws(LedgerError) -> LogPolicy { try LogPolicy(keys: verifiers) }

  /// The checkpoint of `head`, signed by all keys.
  public func checkpoint(_ head: TreeHead) throws(LedgerError) -> Data {
    let text = try Checkpoint(origin: origin, head: head).text
    var note = try SignedNote(text: text)
    for key in signing { note.add(try key.sign(text)) }
    return note.bytes
  }
}
