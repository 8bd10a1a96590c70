public import Foundation

/// What a log signs: its origin, its size and its root (C2SP tlog-checkpoint).
public struct Checkpoint: Sendable {
  /// The name of the log, by convention a URL without scheme; also the name of its key.
  public let origin: String
  public let head: TreeHead
  /// Further lines. This module writes none: old witnesses do not sign them.
  public let extensions: [String]

  public init(origin: String, head: TreeHead) throws(LedgerError) {
    guard !origin.isEmpty, !origin.utf8.contains(StrictText.newline) else {
      throw .malformed(
        what: "an origin", found: StrictText.shown(Data(origin.utf8)),
        expected: "one line that is not empty")
    }
    self.origin = origin
    self.head = head
    extensions = []
  }

  /// Reads the text of a note. Throws ``LedgerError/wrongRoot(size:found:expected:)`` for size 0 with
  /// another root than the empty tree's.
  public init(text: Data) throws(LedgerError) {
    func malformed(_ line: Int, _ found: Data, _ expected: String) -> LedgerError {
      .malformed(
        what: "a checkpoint", line: line, found: StrictText.shown(found), expected: expected)
    }
    let lines = StrictText.lines(text) ?? []
    guard lines.count >= 3 else { throw malformed(1, text, "origin, size and root, a line each") }
    if let empty = lines.firstIndex(of: Data()) {
      throw malformed(empty + 1, Data(), "a line that is not empty")
    }
    guard let size = StrictText.decimal(lines[1]) else {
      throw malformed(2, lines[1], "a size in decimal digits without leading zeros")
    }
    let root = try TreeHash(base64: lines[2], in: "a checkpoint", line: 3)
    head = try TreeHead(size: size, root: root)
    origin = String(decoding: lines[0], as: UTF8.self)
    extensions = lines.dropFirst(3).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The text to sign.
  public var text: Data {
    let lines = [origin, "\(head.size)", head.root.base64] + extensions
    return Data(lines.map { "\($0)\n" }.joined().utf8)
  }

  public func signed(by key: SigningKey) throws(LedgerError) -> SignedNote {
    var note = try SignedNote(text: text)
    note.add(try key.sign(text))
    return note
  }
}

/// What a client knows of a log beforehand, and asks of each of its checkpoints.
public struct LogPolicy: Sendable {
  public let origin: String
  /// The log's keys; one of them must have signed. Two while a key is replaced.
  public let keys: [VerifierKey]
  public let witnesses: [VerifierKey]
  /// How many of ``witnesses`` must have cosigned.
  public let quorum: Int

  /// - Parameter origin: nil for the name of the first key.
  /// - Throws: for no key, keys of the wrong kind, and a quorum that the witnesses cannot make.
  public init(
    origin: String? = nil, keys: [VerifierKey], witnesses: [VerifierKey] = [], quorum: Int = 0
  ) throws(LedgerError) {
    guard let first = keys.first, keys.allSatisfy({ $0.kind == .ed25519 }) else {
      throw .malformed(what: "a log's keys", found: keys.names, expected: "type 1, at least one")
    }
    guard witnesses.allSatisfy({ $0.kind == .cosignature }) else {
      throw .malformed(what: "witnesses' keys", found: witnesses.names, expected: "type 4 alone")
    }
    guard (0...witnesses.count).contains(quorum) else {
      throw .outOfRange(what: "a quorum", found: quorum, expected: "0 to \(witnesses.count)")
    }
    self.origin = origin ?? first.name
    self.keys = keys
    self.witnesses = witnesses
    self.quorum = quorum
  }

  /// Reads a checkpoint's bytes as they came and checks signatures, origin and form.
  public func open(_ bytes: Data) throws(LedgerError) -> VerifiedCheckpoint {
    let note = try SignedNote(bytes)
    let signatures = try note.verified(by: keys + witnesses)
    guard signatures.contains(where: { $0.key.kind == .ed25519 }) else {
      throw .notSigned(by: keys.names, found: 0, expected: 1)
    }
    let checkpoint = try Checkpoint(text: note.text)
    guard StrictText.same(checkpoint.origin, origin) else {
      throw .wrongOrigin(found: checkpoint.origin, expected: origin)
    }
    let cosigned = signatures.count { $0.key.kind == .cosignature }
    guard cosigned >= quorum else {
      throw .notSigned(by: witnesses.names, found: cosigned, expected: quorum)
    }
    return VerifiedCheckpoint(checkpoint: checkpoint, note: note, signatures: signatures)
  }
}

/// A checkpoint whose signatures and origin were checked. A client also checks that it goes on from
/// the last one seen (``ConsistencyProof/verify(from:to:)``).
public struct VerifiedCheckpoint: Sendable {
  public let checkpoint: Checkpoint
  public let note: SignedNote
  public let signatures: [VerifiedSignature]

  public var head: TreeHead { checkpoint.head }
}
