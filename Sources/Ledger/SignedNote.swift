public import Foundation

/// One line below a note: who signed, and the bytes after the key's id.
public struct NoteSignature: Sendable {
  public let name: String
  public let keyID: UInt32
  /// 64 bytes of Ed25519, after 8 bytes of time in a cosignature; anything of unknown keys.
  public let bytes: Data

  /// The line with its newline.
  public var line: String {
    let id = withUnsafeBytes(of: keyID.bigEndian) { Data($0) }
    return "\(Self.dash)\(name) \((id + bytes).base64EncodedString())\n"
  }

  fileprivate static let dash = "\u{2014} "
}

extension NoteSignature {
  init?(line: Data) {
    guard let rest = StrictText.after(Self.dash, in: line),
      let space = rest.firstIndex(of: UInt8(ascii: " ")),
      let name = String(validating: rest[..<space], as: UTF8.self), KeyText.isName(name),
      let bytes = StrictText.base64(rest[(space + 1)...]), bytes.count > 4
    else { return nil }
    self.init(
      name: name, keyID: bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) },
      bytes: Data(bytes.dropFirst(4)))
  }
}

/// A text with signatures below an empty line (C2SP signed-note).
public struct SignedNote: Sendable {
  /// The longest note that is read.
  public static let maxBytes = 1_000_000
  public static let maxSignatures = 100

  /// The signed text with its last newline.
  public let text: Data
  public private(set) var signatures: [NoteSignature]

  /// A note that is yet to be signed.
  /// - Parameter text: UTF-8 that ends with a newline, without other control characters.
  public init(text: Data) throws(LedgerError) {
    try Self.check(text)
    self.text = text
    signatures = []
  }

  /// Reads a note. It says nothing yet: see ``verified(by:)``.
  public init(_ bytes: Data) throws(LedgerError) {
    try Self.check(bytes)
    guard let end = bytes.lastRange(of: Data("\n\n".utf8)) else {
      throw .malformed(
        what: "a signed note", found: "no empty line", expected: "one above the signatures")
    }
    text = Data(bytes[..<(end.lowerBound + 1)])
    let lines = StrictText.lines(bytes[end.upperBound...]) ?? []
    guard (1...Self.maxSignatures).contains(lines.count) else {
      throw .malformed(
        what: "a signed note", found: "\(lines.count) signatures",
        expected: "1 to \(Self.maxSignatures)")
    }
    let above = text.count { $0 == StrictText.newline } + 1
    signatures = try lines.enumerated().map { place, line throws(LedgerError) in
      guard let signature = NoteSignature(line: line) else {
        throw .malformed(
          what: "a signed note", line: above + place + 1, found: StrictText.shown(line),
          expected: "an em dash, a name and a signature in base64")
      }
      return signature
    }
  }

  private static func check(_ bytes: Data) throws(LedgerError) {
    let found: String? =
      if bytes.count > maxBytes {
        "\(bytes.count) bytes"
      } else if bytes.last != StrictText.newline {
        "an end without a newline"
      } else if bytes.contains(where: { $0 < 0x20 && $0 != StrictText.newline }) {
        "a control character"
      } else if String(validating: bytes, as: UTF8.self) == nil {
        "bytes that are not UTF-8"
      } else {
        nil
      }
    if let found {
      throw .malformed(
        what: "a signed note", found: found,
        expected: "lines of UTF-8, at most \(maxBytes) bytes")
    }
  }

  public mutating func add(_ signature: NoteSignature) { signatures.append(signature) }

  /// The note as it is stored and sent.
  public var bytes: Data { text + Data("\n\(signatures.map(\.line).joined())".utf8) }

  /// The keys of `keys` that signed, each once, in the order of the lines. Lines of unknown keys are
  /// ignored.
  /// - Throws: ``LedgerError/wrongSignature(key:)`` for any wrong signature of a known key,
  ///   ``LedgerError/notSigned(by:found:expected:)`` where none of the keys signed.
  public func verified(by keys: [VerifierKey]) throws(LedgerError) -> [VerifiedSignature] {
    var verified: [VerifiedSignature] = []
    for signature in signatures {
      guard let key = keys.first(where: { $0.made(signature) }) else { continue }
      let seconds = try key.verify(signature, of: text)
      if !verified.contains(where: { $0.key.made(signature) }) {
        verified.append(VerifiedSignature(key: key, seconds: seconds))
      }
    }
    guard !verified.isEmpty else {
      throw .notSigned(by: keys.names, found: 0, expected: 1)
    }
    return verified
  }
}

/// A known key's signature that was verified.
public struct VerifiedSignature: Sendable {
  public let key: VerifierKey
  /// When a witness signed, in POSIX seconds; nil for a log's signature.
  public let seconds: Int?
}
