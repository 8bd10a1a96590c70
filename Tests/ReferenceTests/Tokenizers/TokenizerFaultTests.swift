import Basics
import Foundation
import Reference
import TestSupport
import Testing

@Suite("Faulty tokenizer files")
struct TokenizerFaultTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func fault() -> ReferenceError? {
    #expect(throws: ReferenceError.self) { try Tokenizer.load(directory: folder.url) }
  }

  private func path(_ name: String) -> String { folder.file(name).path }

  /// A vocabulary of RoBERTa's special tokens and the 256 bytes, and a few more pieces.
  private func writeVocabulary(_ more: [String] = []) throws {
    var pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    for byte in 0..<256 {
      let visible = (0x21...0x7E).contains(byte) || (0xA1...0xFF).contains(byte) && byte != 0xAD
      let hidden = (0..<byte).count {
        !((0x21...0x7E).contains($0) || (0xA1...0xFF).contains($0) && $0 != 0xAD)
      }
      pieces.append(String(Unicode.Scalar(UInt32(visible ? byte : 0x100 + hidden)) ?? "?"))
    }
    let object = Dictionary(
      uniqueKeysWithValues: (pieces + more).enumerated().map { ($1, $0) })
    try folder.write(JSONEncoder().encode(object), to: "vocab.json")
  }

  @Test("A directory without a tokenizer says what to put there")
  func nothing() {
    #expect(fault()?.exitStatus == .missingInput)
    #expect(fault()?.description.contains("merges.txt") == true)
  }

  @Test("All malformed merges are named at once, with their lines")
  func merges() throws {
    try writeVocabulary(["th"])
    try folder.write("#version: 0.2\nt h\nt h e\nt q\nsolo\n", to: "merges.txt")
    let three = [
      (3, "two symbols with a space between", "\"t h e\""),
      (5, "two symbols with a space between", "\"solo\""),
      (4, "a symbol of the vocabulary", "\"tq\""),
    ]
    #expect(
      fault()
        == .invalid(
          path: path("merges.txt"),
          faults: three.map { .init(.line($0.0), found: $0.2, expected: $0.1) }))
  }

  @Test("A vocabulary that lacks a byte is refused")
  func missingByte() throws {
    try folder.write(#"{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3}"#, to: "vocab.json")
    try folder.write("#version: 0.2\n", to: "merges.txt")
    guard case .invalid(_, let faults) = fault() else { return }
    #expect(faults.count == 256)
  }

  @Test(
    "Broken JSON is placed by line and column",
    arguments: [
      ("{\"a\": 1,\n  b}", 2, 3), ("{\"a\": \"\\x\"}", 1, 9), ("{\"a\": 1} x", 1, 10), ("{", 1, 2),
      ("{\"a\": \"\\ud800\"}", 1, 14), ("[" + String(repeating: "[", count: 70), 1, 65),
      ("{\"a\": 1e999}", 1, 7), ("", 1, 1),
    ])
  func brokenJSON(_ text: String, _ line: Int, _ column: Int) throws {
    try folder.write(text, to: "tokenizer.json")
    guard case .invalid(_, let faults) = fault() else {
      Issue.record("another error than invalid")
      return
    }
    #expect(faults.map(\.place) == [.line(line, column: column)])
  }

  @Test("An id that is no whole number, or a piece given twice, is a fault of the vocabulary")
  func badIDs() throws {
    try folder.write(#"{"a": 1, "b": -1, "c": 1.5, "d": "x", "a": 2}"#, to: "vocab.json")
    try folder.write("", to: "merges.txt")
    guard case .invalid(_, let faults) = fault() else { return }
    #expect(faults.map(\.place) == ["b", "c", "d", "a"].map { .field("\"\($0)\"") })
  }

  @Test("Pieces that are canonically equivalent stay two")
  func canonicalEquivalence() throws {
    try folder.write(
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n\u{E9}\ne\u{301}\n", to: "vocab.txt")
    try folder.write(
      #"{"do_lower_case": false, "strip_accents": false}"#, to: "tokenizer_config.json")
    let tokenizer = try Tokenizer.load(directory: folder.url)
    #expect(tokenizer.encode("\u{E9} e\u{301}") == [2, 4, 5, 3])
    #expect(tokenizer.specialTokens.mask == nil)
  }

  @Test("A vocabulary without its special tokens names them")
  func noSpecialTokens() throws {
    try folder.write("a\n[PAD]\n[CLS]\n", to: "vocab.txt")
    guard case .invalid(_, let faults) = fault() else { return }
    #expect(faults.map(\.expected) == ["the special token [SEP]", "the special token [UNK]"])
  }

  @Test(
    "A stage that is not built in is named",
    arguments: [
      (#"{"model": {"type": "WordLevel", "vocab": {}}}"#, "model"),
      (#"{"model": {"type": "BPE", "vocab": {}}, "normalizer": {"type": "NFC"}}"#, "normalizer"),
      (#"{"model": {"type": "BPE", "vocab": {}}, "pre_tokenizer": null}"#, "pre_tokenizer"),
      (#"{"model": {"type": "WordPiece", "vocab": {}}}"#, "normalizer"),
    ])
  func unsupported(_ document: String, _ stage: String) throws {
    try folder.write(document, to: "tokenizer.json")
    guard case .invalid(_, let faults) = fault() else {
      Issue.record("another error than invalid")
      return
    }
    #expect(faults.map(\.place) == [.field(stage)])
    #expect(faults[0].expected.contains("supported"))
  }

  @Test("A template with very many special tokens is refused before a text is encoded")
  func hugeTemplate() throws {
    let whole = String(decoding: try Goldens.data("tiny-added/tokenizer.json"), as: UTF8.self)
    let document = try #require(
      JSONSerialization.jsonObject(with: Data(whole.utf8)) as? [String: Any])
    var changed = document
    let part = ["SpecialToken": ["id": "[CLS]", "type_id": 0]]
    changed["post_processor"] =
      [
        "type": "TemplateProcessing", "single": Array(repeating: part, count: 100_000),
        "pair": [part], "special_tokens": ["[CLS]": ["ids": Array(repeating: 0, count: 1000)]],
      ] as [String: Any]
    try folder.write(JSONSerialization.data(withJSONObject: changed), to: "tokenizer.json")
    guard case .invalid(_, let faults) = fault() else { return }
    #expect(faults.map(\.place) == [.field("post_processor.single")])
  }

  @Test("Any truncated tokenizer.json throws and never traps")
  func truncatedDocuments() throws {
    let whole = try Goldens.data("tiny-added/tokenizer.json")
    for length in stride(from: 0, to: whole.count, by: 37) {
      try folder.write(whole.prefix(length), to: "tokenizer.json")
      #expect(throws: ReferenceError.self) { try Tokenizer.load(directory: folder.url) }
    }
  }
}
