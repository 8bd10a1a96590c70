public import Foundation

/// The change of a log's key: a note that the old key and the new one sign. Who trusts the old key
/// learns the new one from it, and who knows the new one learns which key was before it.
///
/// The text has four lines: `invitro key change`, the log's origin, the old and the new vkey.
public struct KeyChange: Sendable {
  public let origin: String
  public let old, new: VerifierKey
  /// With both signatures.
  public let note: SignedNote

  /// Makes and signs a change.
  /// - Parameter origin: of the log; nil for the name of the old key.
  /// - Throws: ``LedgerError/malformed(what:line:found:expected:)`` unless both are different keys of a
  ///   log.
  public static func make(
    old: SigningKey, new: SigningKey, origin: String? = nil
  ) throws(LedgerError) -> KeyChange {
    let origin = origin ?? old.verifier.name
    let lines = [title, origin, old.verifier.vkey, new.verifier.vkey]
    var note = try SignedNote(text: Data(lines.map { "\($0)\n" }.joined().utf8))
    for key in [old, new] { note.add(try key.sign(note.text)) }
    return try KeyChange(note.bytes)
  }

  /// Reads a change and verifies both signatures. Whether ``old`` is to be trusted is for the reader
  /// to know (``keys(from:origin:by:)``).
  public init(_ bytes: Data) throws(LedgerError) {
    note = try SignedNote(bytes)
    let lines = (StrictText.lines(note.text) ?? []).map { String(decoding: $0, as: UTF8.self) }
    guard lines.count == 4, StrictText.same(lines[0], Self.title) else {
      throw .malformed(
        what: "a change of keys", found: StrictText.shown(note.text),
        expected: "the lines '\(Self.title)', origin, old key, new key")
    }
    origin = lines[1]
    old = try VerifierKey(vkey: lines[2])
    new = try VerifierKey(vkey: lines[3])
    guard old.kind == .ed25519, new.kind == .ed25519, old.vkey != new.vkey else {
      throw .malformed(
        what: "a change of keys", found: "\(old) and \(new)",
        expected: "two different keys of type 1")
    }
    for key in [old, new] { _ = try note.verified(by: [key]) }
  }

  /// The keys of the log `origin` to which `changes` lead from a trusted one, which comes first; each
  /// key has replaced the one before.
  /// - Throws: ``LedgerError/malformed(what:line:found:expected:)`` where a key was replaced by two
  ///   others: one of the two changes was made by somebody else who has the key.
  public static func keys(
    from trusted: VerifierKey, origin: String, by changes: [KeyChange]
  ) throws(LedgerError) -> [VerifierKey] {
    let own = changes.filter { StrictText.same($0.origin, origin) }
    var keys = [trusted]
    while let last = keys.last {
      let next = Set(own.filter { $0.old.vkey == last.vkey }.map(\.new.vkey))
      guard next.count < 2 else {
        throw .malformed(
          what: "the changes of keys", found: "two successors of \(last)", expected: "at most one")
      }
      guard let vkey = next.first, !keys.contains(where: { $0.vkey == vkey }) else { break }
      keys.append(try VerifierKey(vkey: vkey))
    }
    return keys
  }

  private static let title = "invitro key change"
}
