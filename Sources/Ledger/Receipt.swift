public import Foundation

/// A proof that one entry is in a log, in one file (C2SP tlog-proof). The holder brings the entry.
public struct Receipt: Sendable {
  /// Data for the holder, which nothing vouches for.
  public let extra: Data?
  public let proof: InclusionProof
  /// The signed checkpoint, byte for byte.
  public let checkpoint: Data

  public init(extra: Data? = nil, proof: InclusionProof, checkpoint: Data) {
    self.extra = extra
    self.proof = proof
    self.checkpoint = checkpoint
  }

  /// Reads a receipt; its checkpoint is read by ``verify(entry:policy:)``.
  public init(_ bytes: Data) throws(LedgerError) {
    let head = try HeadedCheckpoint(bytes, what: "a receipt")
    var lines = head.lines[...]
    guard lines.popFirst() == Data(Self.version.utf8) else {
      throw head.malformed(1, expected: Self.version)
    }
    if let text = lines.first.flatMap({ StrictText.after("extra ", in: $0) }) {
      guard let extra = StrictText.base64(text) else {
        throw head.malformed(2, expected: "extra data in base64")
      }
      self.extra = extra
      lines = lines.dropFirst()
    } else {
      extra = nil
    }
    let place = lines.startIndex
    guard let text = lines.popFirst().flatMap({ StrictText.after("index ", in: $0) }),
      let index = StrictText.decimal(text)
    else { throw head.malformed(place + 1, expected: "index and a number") }
    proof = InclusionProof(index: index, hashes: try head.hashes(from: place + 1))
    checkpoint = head.checkpoint
  }

  public var bytes: Data {
    let lines =
      [Self.version] + (extra.map { ["extra \($0.base64EncodedString())"] } ?? [])
      + ["index \(proof.index)"] + proof.hashes.map(\.base64)
    return HeadedCheckpoint.bytes(lines: lines, checkpoint: checkpoint)
  }

  /// Checks that `entry` is in the log of `policy`, as its checkpoint says.
  @discardableResult
  public func verify(
    entry: Data, policy: LogPolicy
  ) throws(LedgerError) -> VerifiedCheckpoint {
    let verified = try policy.open(checkpoint)
    try proof.verify(.leaf(entry), in: verified.head)
    return verified
  }

  private static let version = "c2sp.org/tlog-proof@v1"
}

/// Lines, an empty line and a checkpoint: the form of receipts and of requests to a witness.
struct HeadedCheckpoint {
  let what: String
  let lines: [Data]
  let checkpoint: Data

  init(_ bytes: Data, what: String) throws(LedgerError) {
    guard let end = bytes.firstRange(of: Data("\n\n".utf8)) else {
      throw .malformed(
        what: what, found: "no empty line", expected: "one above the checkpoint")
    }
    self.what = what
    lines = StrictText.lines(bytes[...end.lowerBound]) ?? []
    checkpoint = Data(bytes[end.upperBound...])
  }

  static func bytes(lines: [String], checkpoint: Data) -> Data {
    Data(lines.map { "\($0)\n" }.joined().utf8) + [StrictText.newline] + checkpoint
  }

  /// The lines from `start` as hashes: at most 63, as no log has more than 2^63 entries.
  func hashes(from start: Int) throws(LedgerError) -> [TreeHash] {
    guard lines.count - start <= 63 else {
      throw .malformed(
        what: what, found: "\(lines.count - start) hashes", expected: "at most 63")
    }
    return try (start..<lines.count).map { place throws(LedgerError) in
      try TreeHash(base64: lines[place], in: what, line: place + 1)
    }
  }

  func malformed(_ line: Int, expected: String) -> LedgerError {
    let found = line <= lines.count ? lines[line - 1] : Data()
    return .malformed(
      what: what, line: line, found: StrictText.shown(found), expected: expected)
  }
}
