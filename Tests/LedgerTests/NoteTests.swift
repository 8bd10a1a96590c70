import Basics
import Foundation
import Ledger
import Testing

@Suite("Signed texts")
struct NoteTests {
  let key: SigningKey
  let witness: SigningKey
  let log: TestLog
  let checkpoint: Data

  init() throws {
    key = try SigningKey(name: "example.org/log")
    witness = try SigningKey(name: "example.org/witness", kind: .cosignature)
    log = try TestLog((0..<20).map(leaf))
    checkpoint = try Checkpoint(origin: "example.org/log", head: log.head).signed(by: key).bytes
  }

  private func policy(quorum: Int = 0) throws -> LogPolicy {
    try LogPolicy(keys: [key.verifier], witnesses: [witness.verifier], quorum: quorum)
  }

  private func cosigned(at seconds: Int) throws -> Data {
    var note = try SignedNote(checkpoint)
    note.add(try witness.sign(note.text, at: seconds))
    return note.bytes
  }

  @Test("The example of the specification verifies (C2SP signed-note)")
  func published() throws {
    let key = try VerifierKey(
      vkey: "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    let note = try SignedNote(
      Data(
        """
        This is an example message.

        \u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj\
        OBH3mFXmRKuwHjG1Yu72IneyaQM=

        """.utf8))
    #expect(try note.verified(by: [key]).count == 1)
  }

  @Test("Each bit of a cosigned checkpoint counts")
  func bits() throws {
    let bytes = try cosigned(at: 1_800_000_000)
    let policy = try policy(quorum: 1)
    #expect(try policy.open(bytes).head == log.head)
    #expect(try policy.open(bytes).signatures.map(\.seconds) == [nil, 1_800_000_000])
    for bit in 0..<(bytes.count * 8) {
      #expect(throws: LedgerError.self, "bit \(bit)") { try policy.open(bytes.flippingBit(bit)) }
    }
    for length in 0..<bytes.count {
      #expect(throws: LedgerError.self, "cut after \(length)") {
        try policy.open(bytes.prefix(length))
      }
    }
  }

  @Test("A quorum counts each witness once, and the log never")
  func quorum() throws {
    #expect(throws: LedgerError.notSigned(by: "\(witness.verifier)", found: 0, expected: 1)) {
      try policy(quorum: 1).open(checkpoint)
    }
    let other = try SigningKey(name: "example.org/other", kind: .cosignature)
    let both = try LogPolicy(
      keys: [key.verifier], witnesses: [witness.verifier, other.verifier], quorum: 2)
    var note = try SignedNote(checkpoint)
    note.add(try witness.sign(note.text, at: 1))
    note.add(try witness.sign(note.text, at: 2))
    #expect(throws: LedgerError.self) { try both.open(note.bytes) }
    note.add(try other.sign(note.text, at: 3))
    #expect(try both.open(note.bytes).signatures.count == 3)
  }

  @Test("A witness alone does not make a checkpoint")
  func witnessAlone() throws {
    var note = try SignedNote(text: SignedNote(checkpoint).text)
    note.add(try witness.sign(note.text, at: 1))
    #expect(throws: LedgerError.notSigned(by: "\(key.verifier)", found: 0, expected: 1)) {
      try policy().open(note.bytes)
    }
  }

  @Test("Names that Swift takes for equal are not")
  func composition() throws {
    let (composed, decomposed) = ("log/\u{e9}", "log/e\u{301}")
    let key = try SigningKey(name: composed)
    let policy = try LogPolicy(keys: [key.verifier])
    let honest = try Checkpoint(origin: composed, head: log.head).signed(by: key)
    let other = try Checkpoint(origin: decomposed, head: log.head).signed(by: key)
    #expect(try policy.open(honest.bytes).head == log.head)
    #expect(throws: LedgerError.self) { try policy.open(other.bytes) }
    let renamed = String(decoding: honest.bytes, as: UTF8.self)
      .replacing("\u{2014} \(composed) ", with: "\u{2014} \(decomposed) ")
    #expect(Data(renamed.utf8) != honest.bytes)
    #expect(throws: LedgerError.self) { try policy.open(Data(renamed.utf8)) }
  }

  @Test(
    "Texts that cannot be signed are refused",
    arguments: ["", "no newline", "a\ttab\n", "a carriage return\r\n", "\0\n"])
  func text(_ text: String) {
    #expect(throws: LedgerError.self) { try SignedNote(text: Data(text.utf8)) }
  }

  @Test(
    "Checkpoints have one spelling",
    arguments: [
      "log\n+1\nROOT\n", "log\n01\nROOT\n", "log\n1 \nROOT\n", "log\n\u{0661}\nROOT\n",
      "log\n-1\nROOT\n", "log\n9223372036854775808\nROOT\n", "log\n1\nROOT \n", "log\n1\nROOT\r\n",
      "\n1\nROOT\n", "log\n1\nROOT\n\n", "log\n1\n", "log\n1\nROOT", "log\n\nROOT\n",
      "log\n0\nROOT\n",
    ])
  func checkpoints(_ text: String) throws {
    let root = TreeHash.leaf(Data()).base64
    #expect(throws: LedgerError.self) {
      try Checkpoint(text: Data(text.replacing("ROOT", with: root).utf8))
    }
    // Without its fault each would be read.
    let plain = try Checkpoint(text: Data("log\n1\n\(root)\n".utf8))
    #expect(plain.head.root.base64 == root && plain.text == Data("log\n1\n\(root)\n".utf8))
  }

  @Test("Errors say where, what was found and what was expected")
  func messages() throws {
    let text = Data("log\n007\n\(TreeHash.empty)\n".utf8)
    #expect(throws: LedgerError.self) { try Checkpoint(text: text) }
    do { _ = try Checkpoint(text: text) } catch {
      #expect(
        "\(error)" == """
          a checkpoint, line 2: found "007", expected a size in decimal digits without leading zeros
          """)
      #expect(error.exitStatus == .badData)
    }
    let long = Data(repeating: 0, count: 65_536)
    #expect(throws: LedgerError.entryTooLong(bytes: 65_536)) { try EntryBundle.encode([long]) }
  }

  @Test("Keys go through their text")
  func keyTexts() throws {
    for made in [key, witness] {
      let read = try SigningKey(privateText: made.privateText)
      #expect(read.privateText == made.privateText && read.verifier.vkey == made.verifier.vkey)
      #expect(try VerifierKey(vkey: made.verifier.vkey).vkey == made.verifier.vkey)
      #expect(throws: LedgerError.self) { try VerifierKey(vkey: made.privateText) }
      #expect(throws: LedgerError.self) { try SigningKey(privateText: made.verifier.vkey) }
    }
    #expect(key.verifier.vkey != (try SigningKey(name: "example.org/log")).verifier.vkey)
    for name in ["", "a b", "a+b", "a\u{a0}b", "a\nb", "a\u{1}b"] {
      #expect(throws: LedgerError.self, "\(name)") { try SigningKey(name: name) }
    }
    #expect(throws: LedgerError.self) { try LogPolicy(keys: [witness.verifier]) }
    #expect(throws: LedgerError.self) { try LogPolicy(keys: []) }
    #expect(throws: LedgerError.self) {
      try LogPolicy(keys: [key.verifier], witnesses: [key.verifier])
    }
    #expect(throws: LedgerError.self) { try LogPolicy(keys: [key.verifier], quorum: 1) }
    #expect(throws: LedgerError.self) { try Witness(key: key, log: policy()) }
  }

  @Test("A receipt proves its entry alone, with any extra data")
  func receipt() throws {
    for extra in [nil, Data(), Data("more".utf8)] {
      let receipt = Receipt(
        extra: extra, proof: try InclusionProof(of: 13, size: 20, from: log.hashes),
        checkpoint: checkpoint)
      let read = try Receipt(receipt.bytes)
      #expect(read.bytes == receipt.bytes && read.extra == extra)
      #expect(try read.verify(entry: leaf(13), policy: policy()).head == log.head)
      #expect(throws: LedgerError.self) { try read.verify(entry: leaf(12), policy: policy()) }
    }
  }

  @Test("A witness follows a growing log and never a fork")
  func witnessState() throws {
    let watcher = try Witness(key: witness, log: LogPolicy(keys: [key.verifier]))
    var state: TreeHead?
    for size in [1, 1, 8, 13, 20] {
      let note = try Checkpoint(origin: "example.org/log", head: log.heads[size]).signed(by: key)
      let old = state?.size ?? 0
      let request = WitnessRequest(
        old: old, proof: try ConsistencyProof(from: old, to: size, from: log.hashes),
        checkpoint: note.bytes)
      let answer = watcher.answer(request.bytes, state: state, at: size)
      #expect(answer.status == 200, "\(answer.body)")
      state = answer.newState
      #expect(state == log.heads[size])
      // Sent again, its old size is not the last one any more.
      if old != size {
        let again = watcher.answer(request.bytes, state: state, at: size)
        #expect(again.status == 409 && again.body == "\(size)\n" && again.newState == nil)
      }
    }
    let fork = try TestLog((0..<21).map { leaf($0 == 19 ? 999 : $0) })
    let note = try Checkpoint(origin: "example.org/log", head: fork.head).signed(by: key)
    let request = WitnessRequest(
      old: 20, proof: try ConsistencyProof(from: 20, to: 21, from: fork.hashes),
      checkpoint: note.bytes)
    let answer = watcher.answer(request.bytes, state: state, at: 21)
    #expect(answer.status == 422 && answer.newState == nil)
    #expect(watcher.answer(Data("nonsense".utf8), state: state, at: 21).status == 400)
  }

  static let openssl = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { URL(filePath: "\($0)/openssl") }
    .first { FileManager.default.isExecutableFile(atPath: $0.path) }

  @Test("OpenSSL verifies a signature", .enabled(if: openssl != nil, "openssl is not installed"))
  func verifiedByOpenSSL() throws {
    let scratch = try Scratch()
    let note = try SignedNote(checkpoint)
    let encoded = try #require(key.verifier.vkey.split(separator: "+", maxSplits: 2).last)
    let publicKey = try #require(Data(base64Encoded: String(encoded))).dropFirst()
    // SubjectPublicKeyInfo of Ed25519, RFC 8410.
    try (Hex("302a300506032b6570032100").data + publicKey)
      .write(to: scratch.url.appending(path: "key"))
    try note.signatures[0].bytes.write(to: scratch.url.appending(path: "signature"))
    let program: URL = try #require(Self.openssl)
    func verdict(_ text: Data) throws -> Int32 {
      try text.write(to: scratch.url.appending(path: "text"))
      let process = Process()
      process.executableURL = program
      process.currentDirectoryURL = scratch.url
      process.arguments = [
        "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin", "-in", "text",
        "-sigfile", "signature",
      ]
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      return process.terminationStatus
    }
    #expect(try verdict(note.text) == 0)
    #expect(try verdict(note.text.flippingBit(9)) != 0)
  }
}
