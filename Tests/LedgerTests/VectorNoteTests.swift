import Foundation
import Ledger
import Testing

@Suite("Shared vectors of signed texts", .enabled(if: Vectors.exists, Vectors.missing))
struct VectorNoteTests {
  let vectors: Vectors

  init() throws { vectors = try Vectors.loaded.get() }

  @Test("84 notes and checkpoints are read or refused")
  func notes() throws {
    #expect(vectors.notes.count == 84)
    for vector in vectors.notes {
      let comment = Comment(rawValue: vector.name)
      let policy = try vectors.policy(vector.keys)
      let opened = Result { try policy.open(vector.bytes) }
      let isCheckpoint = vector.expect == "accept" && vector.checkpoint != false
      #expect(accepts { _ = try opened.get() } == isCheckpoint, comment)
      let isNote = vector.expect == "accept" || vector.checkpointOnly == true
      let read = Result {
        let note = try SignedNote(vector.bytes)
        return (note, try note.verified(by: policy.keys + policy.witnesses))
      }
      #expect(accepts { _ = try read.get() } == isNote, comment)
      guard isNote else { continue }
      let (note, signatures) = try read.get()
      #expect(note.bytes == vector.bytes, comment)
      if let verified = vector.verified { #expect(signatures.count == verified, comment) }
      if let time = vector.timestamp {
        #expect(signatures.compactMap(\.seconds) == [time], comment)
      }
      if let body = vector.body { #expect(note.text == Data(body.utf8), comment) }
      if let signature = vector.signature {
        #expect(note.signatures[0].bytes == signature.data, comment)
      }
      if let size = vector.size {
        let checkpoint = try opened.get().checkpoint
        #expect(checkpoint.head.size == size && checkpoint.origin == vector.origin, comment)
        #expect(try checkpoint.head.root == #require(vector.root).hash(), comment)
        #expect(checkpoint.text == note.text, comment)
        if checkpoint.extensions.isEmpty {
          let made = try Checkpoint(origin: checkpoint.origin, head: checkpoint.head)
            .signed(by: vectors.signingKey("log"))
          #expect(made.bytes == vector.bytes, comment)
        }
      }
    }
  }

  @Test("Keys in text")
  func keys() throws {
    for (name, vector) in vectors.namedKeys {
      let key = try vectors.key(name)
      #expect(key.vkey == vector.vkey && key.name == vector.name)
      #expect(key.kind.rawValue == vector.algorithm)
      #expect(withUnsafeBytes(of: key.id.bigEndian) { Data($0) } == vector.keyId.data)
      let signing = try vectors.signingKey(name)
      #expect(signing.verifier.vkey == vector.vkey)
      if let text = vector.skey { #expect(signing.privateText == text) }
    }
    for bad in vectors.vkeysBad {
      #expect(throws: LedgerError.self, "\(bad.why)") { try VerifierKey(vkey: bad.vkey) }
    }
    let published = vectors.publishedExamples
    let note = try SignedNote(Data(published.note.utf8))
    #expect(try note.verified(by: [VerifierKey(vkey: published.vkey)]).count == 1)
  }

  @Test("Cosignatures")
  func cosignatures() throws {
    for vector in vectors.cosignatures {
      let bytes = Data("\(vector.body)\n\(vector.line)".utf8)
      let verified = Result {
        try SignedNote(bytes).verified(by: [vectors.key(vector.key)])
      }
      let isValid = vector.expect == "accept"
      #expect(accepts { _ = try verified.get() } == isValid, "\(vector.name)")
      guard isValid else { continue }
      let time = try #require(vector.timestamp)
      #expect(try verified.get().map(\.seconds) == [time])
      let made = try vectors.signingKey(vector.key).sign(Data(vector.body.utf8), at: time)
      #expect(made.line == vector.line, "\(vector.name)")
      if let payload = vector.payloadHex {
        #expect(withUnsafeBytes(of: made.keyID.bigEndian) { Data($0) } + made.bytes == payload.data)
      }
    }
  }

  @Test("Receipts")
  func receipts() throws {
    for vector in vectors.receipts {
      let bytes = Data(vector.text.utf8)
      let verified = Result {
        try Receipt(bytes).verify(
          entry: vector.leafHex.data, policy: vectors.policy(["log", "witness"]))
      }
      #expect(accepts { _ = try verified.get() } == (vector.expect == "accept"), "\(vector.name)")
      guard vector.expect == "accept" else { continue }
      #expect(try Receipt(bytes).bytes == bytes, "\(vector.name)")
      let isCosigned = accepts {
        try Receipt(bytes).verify(
          entry: vector.leafHex.data, policy: vectors.policy(["log", "witness"], quorum: 1))
      }
      #expect(isCosigned == (vector.name == "with a cosignature"), "\(vector.name)")
    }
  }

  @Test("Requests to a witness")
  func witness() throws {
    let witness = try Witness(key: vectors.signingKey("witness"), log: vectors.policy(["log"]))
    for vector in vectors.witnessRequests {
      let state = try vector.state.map { try TreeHead(size: $0.size, root: $0.root.hash()) }
      let bytes = Data(vector.request.utf8)
      let answer = witness.answer(bytes, state: state, at: 1_700_000_000)
      #expect(answer.status == vector.status, "\(vector.name): \(answer.body)")
      if let body = vector.body { #expect(answer.body == body, "\(vector.name)") }
      #expect((answer.newState != nil) == (vector.status == 200), "\(vector.name)")
      guard vector.status == 200 else { continue }
      let request = try WitnessRequest(bytes)
      #expect(request.bytes == bytes)
      let opened = try vectors.policy(["log", "witness"], quorum: 1)
        .open(request.checkpoint + Data(answer.body.utf8))
      #expect(opened.head == answer.newState && opened.signatures.last?.seconds == 1_700_000_000)
    }
  }
}
