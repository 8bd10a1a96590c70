import Crypto
public import Foundation

/// How a key signs; the raw value is the type byte of C2SP signed-note.
public enum KeyKind: UInt8, Sendable {
  /// A log's key: signs the text of a note.
  case ed25519 = 1
  /// A witness's key: signs the text with a time (tlog-cosignature, version 1).
  case cosignature = 4
}

/// A name and public key, in text a vkey: `NAME+ID+BASE64`.
public struct VerifierKey: Sendable, CustomStringConvertible {
  public let name: String
  public let kind: KeyKind
  /// The first four bytes of SHA-256 over the name, a newline, the type byte and the public key.
  public let id: UInt32
  let publicKey: Curve25519.Signing.PublicKey

  init(name: String, kind: KeyKind, publicKey: Curve25519.Signing.PublicKey) {
    self.name = name
    self.kind = kind
    self.publicKey = publicKey
    let form = Data(name.utf8) + [StrictText.newline, kind.rawValue] + publicKey.rawRepresentation
    id = SHA256.hash(data: form).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Reads a vkey. Throws ``LedgerError/malformed(what:line:found:expected:)`` also for an id that is
  /// not the key's.
  public init(vkey: String) throws(LedgerError) {
    guard let form = KeyText(Data(vkey.utf8)),
      let publicKey = try? Curve25519.Signing.PublicKey(rawRepresentation: form.key)
    else {
      throw .malformed(
        what: "a public key", found: StrictText.shown(Data(vkey.utf8)),
        expected: "NAME+ID+BASE64 of an Ed25519 key")
    }
    self.init(name: form.name, kind: form.kind, publicKey: publicKey)
    guard form.id == id else {
      throw .malformed(
        what: "the id of the public key \(name)", found: KeyText.hexadecimal(form.id),
        expected: KeyText.hexadecimal(id))
    }
  }

  public var vkey: String { KeyText(self, publicKey.rawRepresentation).text }

  public var description: String { "\(name)+\(KeyText.hexadecimal(id))" }

  /// Whether a signature line names this key.
  func made(_ signature: NoteSignature) -> Bool {
    signature.keyID == id && StrictText.same(signature.name, name)
  }

  /// The time of a cosignature in POSIX seconds, nil for a log's signature.
  func verify(_ signature: NoteSignature, of text: Data) throws(LedgerError) -> Int? {
    let wrong = LedgerError.wrongSignature(key: description)
    switch kind {
    case .ed25519:
      guard publicKey.isValidSignature(signature.bytes, for: text) else { throw wrong }
      return nil
    case .cosignature:
      let time = signature.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
      guard signature.bytes.count == 72, let seconds = Int(exactly: time),
        publicKey.isValidSignature(
          signature.bytes.dropFirst(8), for: Self.cosigned(text, at: seconds))
      else { throw wrong }
      return seconds
    }
  }

  /// The message that a witness signs.
  static func cosigned(_ text: Data, at seconds: Int) -> Data {
    Data("cosignature/v1\ntime \(seconds)\n".utf8) + text
  }
}

extension [VerifierKey] {
  var names: String { isEmpty ? "nobody" : map(\.description).joined(separator: ", ") }
}

/// A name and private key, in text `PRIVATE+KEY+NAME+ID+BASE64` (golang.org/x/mod/sumdb/note).
public struct SigningKey: Sendable, CustomStringConvertible {
  public let verifier: VerifierKey
  private let privateKey: Curve25519.Signing.PrivateKey

  /// Makes a new key. The name of a log's key should be the log's origin.
  public init(name: String, kind: KeyKind = .ed25519) throws(LedgerError) {
    guard KeyText.isName(name) else {
      throw .malformed(
        what: "the name of a key", found: StrictText.shown(Data(name.utf8)),
        expected: "text without spaces, control characters and +")
    }
    self.init(name: name, kind: kind, privateKey: Curve25519.Signing.PrivateKey())
  }

  private init(name: String, kind: KeyKind, privateKey: Curve25519.Signing.PrivateKey) {
    self.privateKey = privateKey
    verifier = VerifierKey(name: name, kind: kind, publicKey: privateKey.publicKey)
  }

  /// Reads the private form. Errors do not repeat what was found.
  public init(privateText: String) throws(LedgerError) {
    let malformed = LedgerError.malformed(
      what: "a private key", found: "something else",
      expected: "PRIVATE+KEY+NAME+ID+BASE64 of an Ed25519 seed")
    guard let rest = StrictText.after(Self.prefix, in: Data(privateText.utf8)),
      let form = KeyText(rest),
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: form.key)
    else { throw malformed }
    self.init(name: form.name, kind: form.kind, privateKey: key)
    guard form.id == verifier.id else { throw malformed }
  }

  /// The private form: a secret.
  public var privateText: String {
    Self.prefix + KeyText(verifier, privateKey.rawRepresentation).text
  }

  /// The name and id, which are no secret.
  public var description: String { verifier.description }

  private static let prefix = "PRIVATE+KEY+"

  /// Signs the text of a note; a witness's key signs it with the time.
  /// - Parameter seconds: POSIX seconds, 0 or more; of no meaning to a log's key.
  public func sign(_ text: Data, at seconds: Int = 0) throws(LedgerError) -> NoteSignature {
    precondition(seconds >= 0)
    let time = withUnsafeBytes(of: UInt64(seconds).bigEndian) { Data($0) }
    let message = verifier.kind == .ed25519 ? text : VerifierKey.cosigned(text, at: seconds)
    guard let signature = try? privateKey.signature(for: message) else {
      throw .wrongSignature(key: verifier.description)
    }
    return NoteSignature(
      name: verifier.name, keyID: verifier.id,
      bytes: verifier.kind == .ed25519 ? signature : time + signature)
  }
}

/// `NAME+ID+BASE64`, as both forms of a key have it.
struct KeyText {
  let name: String
  let id: UInt32
  let kind: KeyKind
  let key: Data

  init?(_ text: Data) {
    // Base64 holds + too.
    let parts = text.split(
      separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let name = String(validating: parts[0], as: UTF8.self),
      Self.isName(name), let id = UInt32(String(decoding: parts[1], as: UTF8.self), radix: 16),
      Data(Self.hexadecimal(id).utf8) == parts[1],
      let bytes = StrictText.base64(parts[2]), let kind = bytes.first.flatMap(KeyKind.init)
    else { return nil }
    (self.name, self.id, self.kind, key) = (name, id, kind, bytes.dropFirst())
  }

  init(_ key: VerifierKey, _ bytes: Data) {
    (name, id, kind, self.key) = (key.name, key.id, key.kind, bytes)
  }

  var text: String {
    let bytes = Data([kind.rawValue]) + key
    return "\(name)+\(Self.hexadecimal(id))+\(bytes.base64EncodedString())"
  }

  /// Eight lower-case digits.
  static func hexadecimal(_ id: UInt32) -> String {
    let digits = String(id, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  static func isName(_ name: String) -> Bool {
    !name.isEmpty
      && name.unicodeScalars.allSatisfy {
        !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20
      }
  }
}
