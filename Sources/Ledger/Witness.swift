public import Foundation

/// What is asked of a witness: to cosign a checkpoint that goes on from the one of size `old`
/// (C2SP tlog-witness, `add-checkpoint`).
public struct WitnessRequest: Sendable {
  /// The size that the witness is thought to have cosigned last.
  public let old: Int
  public let proof: ConsistencyProof
  public let checkpoint: Data

  public init(old: Int, proof: ConsistencyProof, checkpoint: Data) {
    self.old = old
    self.proof = proof
    self.checkpoint = checkpoint
  }

  public init(_ bytes: Data) throws(LedgerError) {
    let head = try HeadedCheckpoint(bytes, what: "a request to a witness")
    guard let text = head.lines.first.flatMap({ StrictText.after("old ", in: $0) }),
      let old = StrictText.decimal(text)
    else { throw head.malformed(1, expected: "old and a size") }
    self.old = old
    proof = ConsistencyProof(hashes: try head.hashes(from: 1))
    checkpoint = head.checkpoint
  }

  public var bytes: Data {
    HeadedCheckpoint.bytes(
      lines: ["old \(old)"] + proof.hashes.map(\.base64), checkpoint: checkpoint)
  }
}

/// Cosigns the checkpoints of one log, each of which must go on from the one before.
public struct Witness: Sendable {
  public let key: SigningKey
  public let log: LogPolicy

  /// - Throws: for a key that does not cosign.
  public init(key: SigningKey, log: LogPolicy) throws(LedgerError) {
    guard key.verifier.kind == .cosignature else {
      throw .malformed(
        what: "the key of a witness", found: "\(key.verifier)", expected: "a key of type 4")
    }
    self.key = key
    self.log = log
  }

  /// What to answer, and what to remember.
  public struct Answer: Sendable {
    /// An HTTP status: 200, 400, 403, 404, 409 or 422.
    public let status: Int
    /// Signature lines for 200, the last cosigned size for 409, else what is wrong.
    public let body: String
    /// The tree to store before answering, nil where nothing changes.
    public let newState: TreeHead?

    public var contentType: String {
      status == 409 ? "text/x.tlog.size" : "text/plain; charset=utf-8"
    }
  }

  /// Answers a request. Reading `state`, this call and storing the new state must be one step that
  /// no other request can come between.
  /// - Parameters:
  ///   - state: the tree that was cosigned last, nil for none.
  ///   - seconds: the time now, in POSIX seconds.
  public func answer(_ request: Data, state: TreeHead?, at seconds: Int) -> Answer {
    do throws(LedgerError) {
      return try cosign(WitnessRequest(request), state: state ?? .empty, at: seconds)
    } catch {
      let status =
        switch error {
        case .wrongOrigin: 404
        case .notSigned, .wrongSignature: 403
        case .proofLength, .wrongRoot: 422
        default: 400
        }
      return Answer(status: status, body: "\(error)\n", newState: nil)
    }
  }

  private func cosign(
    _ request: WitnessRequest, state: TreeHead, at seconds: Int
  ) throws(LedgerError) -> Answer {
    let note = try SignedNote(request.checkpoint)
    // The origin comes first: an unknown log has no keys to check a signature with.
    guard note.text.starts(with: Data("\(log.origin)\n".utf8)) else {
      let origin = note.text.prefix { $0 != StrictText.newline }
      throw .wrongOrigin(
        found: String(decoding: origin.prefix(80), as: UTF8.self), expected: log.origin)
    }
    _ = try note.verified(by: log.keys)
    let checkpoint = try Checkpoint(text: note.text)
    guard request.old <= checkpoint.head.size else {
      throw .outOfRange(
        what: "the old size", found: request.old, expected: "at most \(checkpoint.head.size)")
    }
    guard request.old == state.size else {
      return Answer(status: 409, body: "\(state.size)\n", newState: nil)
    }
    try request.proof.verify(from: state, to: checkpoint.head)
    return Answer(
      status: 200, body: try key.sign(note.text, at: seconds).line, newState: checkpoint.head)
  }
}
