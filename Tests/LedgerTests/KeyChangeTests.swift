import Foundation
import Ledger
import Testing

@Suite struct KeyChangeTests {
  let old: SigningKey
  let new: SigningKey

  init() throws {
    old = try SigningKey(name: "board.example")
    new = try SigningKey(name: "board.example")
  }

  @Test func `a change names both keys and survives writing and reading`() throws {
    let change = try KeyChange(KeyChange.make(old: old, new: new).note.bytes)
    #expect(change.origin == "board.example")
    #expect(change.old.vkey == old.verifier.vkey)
    #expect(change.new.vkey == new.verifier.vkey)
    let text = String(decoding: change.note.text, as: UTF8.self)
    #expect(
      text == "invitro key change\nboard.example\n\(old.verifier.vkey)\n\(new.verifier.vkey)\n")
  }

  @Test(arguments: [0, 1]) func `a change without one of the signatures is refused`(
    missing: Int
  ) throws {
    let whole = try KeyChange.make(old: old, new: new).note
    var note = try SignedNote(text: whole.text)
    note.add(whole.signatures[1 - missing])
    #expect(throws: LedgerError.self) { try KeyChange(note.bytes) }
  }

  @Test func `a change signed by somebody else is refused`() throws {
    let thief = try SigningKey(name: "board.example")
    var note = try SignedNote(text: KeyChange.make(old: old, new: new).note.text)
    for key in [thief, new] { note.add(try key.sign(note.text)) }
    #expect(throws: LedgerError.self) { try KeyChange(note.bytes) }
  }

  @Test func `any changed byte is noticed`() throws {
    let bytes = try KeyChange.make(old: old, new: new).note.bytes
    for bit in 0..<(bytes.count * 8) {
      #expect(throws: LedgerError.self) { try KeyChange(bytes.flippingBit(bit)) }
    }
  }

  @Test func `changes lead from a trusted key to the present one`() throws {
    let third = try SigningKey(name: "board.example")
    let changes = [
      try KeyChange.make(old: new, new: third), try KeyChange.make(old: old, new: new),
    ]
    let keys = try KeyChange.keys(from: old.verifier, origin: "board.example", by: changes)
    #expect(keys.map(\.vkey) == [old, new, third].map(\.verifier.vkey))
    let elsewhere = try KeyChange.keys(from: old.verifier, origin: "other.example", by: changes)
    #expect(elsewhere.map(\.vkey) == [old.verifier.vkey])
  }

  @Test func `two successors of a key are an error`() throws {
    let thief = try SigningKey(name: "board.example")
    let changes = [
      try KeyChange.make(old: old, new: new), try KeyChange.make(old: old, new: thief),
    ]
    #expect(throws: LedgerError.self) {
      try KeyChange.keys(from: old.verifier, origin: "board.example", by: changes)
    }
  }

  @Test func `a key that comes back does not lead round in a circle`() throws {
    let changes = [
      try KeyChange.make(old: old, new: new), try KeyChange.make(old: new, new: old),
    ]
    let keys = try KeyChange.keys(from: old.verifier, origin: "board.example", by: changes)
    #expect(keys.count == 2)
  }

  @Test func `a witness's key cannot replace a log's`() throws {
    let witness = try SigningKey(name: "witness.example", kind: .cosignature)
    #expect(throws: LedgerError.self) { try KeyChange.make(old: old, new: witness) }
  }
}
