import Foundation
import Reference
import TestFiles
import TestSupport
import Testing

/// The unigram tokenizer against `DebertaV2TokenizerFast`, with a small vocabulary of our own that
/// `make_unigram_goldens.py` trained.
@Suite("Unigram pieces")
struct UnigramTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(
    "all strings, truncations and pairs, from either file",
    arguments: [["tokenizer.json"], ["spm.model", "tokenizer_config.json"]])
  func goldens(files: [String]) throws {
    for name in files { try folder.write(try Goldens.data("unigram-tiny/\(name)"), to: name) }
    let tokenizer = try Tokenizer.load(directory: folder.url)
    #expect(tokenizer.vocabularySize == 411)
    let goldens = try StringGoldens.load(try Goldens.data("unigram-tiny.json"))
    #expect(goldens.cases.count == 53)
    for item in goldens.cases {
      #expect(tokenizer.encode(item.text) == item.ids, "\(item.text.debugDescription)")
    }
    let truncated = try #require(goldens.truncationCases)
    let pairs = try #require(goldens.pairCases)
    #expect(truncated.count == 16 && pairs.count == 12)
    for item in truncated {
      #expect(tokenizer.encode(item.text, maxLength: item.maxLength) == item.ids)
    }
    for item in pairs {
      let encoding = tokenizer.encode(item.a, and: item.b)
      #expect(encoding.ids == item.ids)
      #expect(encoding.typeIDs == item.tokenTypeIds)
    }
  }

  private func faults(_ bytes: [UInt8], in name: String = "spm.model") throws
    -> [ReferenceError.Diagnostic]
  {
    try folder.write(Data(bytes), to: name)
    do {
      _ = try Tokenizer.load(directory: folder.url)
      return []
    } catch .invalid(_, let faults) {
      return faults
    }
  }

  private static let model = PieceModel([("▁a", -1, 1), ("a", -2, 1), ("▁", -3, 1)])

  @Test("a model written by hand is read, its map included")
  func sound() throws {
    var model = Self.model
    model.map = PieceModel.map("A", to: "a")
    #expect(try faults(model.bytes).isEmpty)
    #expect(try Tokenizer.load(directory: folder.url).encode("a A Aa") == [1, 4, 4, 4, 5, 2])
  }

  @Test("a model of another type, or without its unknown piece, is refused")
  func otherModels() throws {
    var model = Self.model
    for (type, name) in [(2, "bpe"), (3, "word"), (4, "char"), (9, "9")] {
      model.modelType = UInt64(type)
      #expect(try faults(model.bytes).map(\.found) == [name])
    }
    model.modelType = 1
    for id in [0, 4, 7, UInt64.max] {
      model.unknownID = id
      #expect(try faults(model.bytes).map(\.place) == [.field("trainer_spec.unk_id")])
    }
  }

  @Test("pieces that no SentencePiece model has are refused")
  func pieces() throws {
    func found(_ piece: PieceModel.Piece) throws -> [String] {
      var model = Self.model
      model.pieces.append(piece)
      return try faults(model.bytes).map(\.found)
    }
    #expect(try found(("b", -1, 7)) == ["7"])
    #expect(try found(("b", -1, 0)) == ["0"])
    #expect(try found(("b", .nan, 1)) == ["nan"])
    #expect(try found(("b", .infinity, 1)) == ["inf"])
    #expect(try found(("", -1, 1)) == ["a piece without text"])
    #expect(try found(("▁a", -1, 1)) == ["\"▁a\" again"])
    #expect(try found(("b", -1, 4)).isEmpty)
    var model = Self.model
    model.pieces.removeFirst(3)
    model.unknownID = 0
    #expect(
      try faults(model.bytes).map(\.expected)
        == ["[CLS]", "[SEP]", "[PAD]"].map { "the special token \($0)" })
  }

  @Test("fields of another type, texts and maps that are none are placed by byte")
  func fields() throws {
    let sound = Self.model.bytes
    let cases: [(bytes: [UInt8], found: String)] = [
      (PieceModel.field(1, 5), "field 1 of another type"),
      (PieceModel.field(1, PieceModel.field(1, 5)), "field 1 of another type"),
      (PieceModel.field(1, PieceModel.field(2, 5)), "field 2 of another type"),
      (PieceModel.field(1, PieceModel.field(1, [0xFF])), "a text that is not UTF-8"),
      (PieceModel.field(2, []), "a second message"),
      ([0x0B], "wire type 3"), ([0x02, 0x00], "field number 0"),
      ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], "a length of 4294967295"),
      ([UInt8](repeating: 0xFF, count: 11), "a longer number"),
      ([0x0D, 1], "the end of the message"),
    ]
    for (bytes, found) in cases {
      let faults = try faults(sound + bytes)
      #expect(faults.map(\.found) == [found])
      guard case .byte(let byte)? = faults.first?.place else {
        Issue.record("no byte")
        continue
      }
      #expect(byte >= sound.count)
    }
    var model = Self.model
    let maps: [[UInt8]] = [
      [1, 2, 3], [4, 0, 0, 0, 1], [255, 255, 255, 255, 0, 0, 0, 0],
      [4, 0, 0, 0, 0, 0, 0, 0, 255],
    ]
    for map in maps {
      model.map = map
      #expect(try faults(model.bytes).map(\.expected) == ["a precompiled map of characters"])
    }
  }

  @Test("a model that is cut, or has a byte changed, throws or encodes")
  func damage() throws {
    let whole = [UInt8](try Goldens.data("unigram-tiny/spm.model"))
    // Between two messages at the end, what is left is a model without a map.
    let lengths = (0..<whole.count).filter { $0 % 97 == 0 || $0 > whole.count - 20 }
    let accepted = try lengths.filter { try faults(Array(whole[..<$0])).isEmpty }
    #expect(accepted.count < 4)
    for index in stride(from: 0, to: whole.count, by: 67) {
      var bytes = whole
      bytes[index] ^= index % 2 == 0 ? 0xFF : 1
      guard try faults(bytes).isEmpty else { continue }
      let tokenizer = try Tokenizer.load(directory: folder.url)
      let ids = tokenizer.encode("A [MASK] caf\u{65}\u{301} \u{FF21}\u{FB01} the sad \u{1F622}")
      #expect(ids.allSatisfy { 0..<tokenizer.vocabularySize ~= Int($0) })
    }
  }

  /// Changes the golden `tokenizer.json` at a path of names.
  private func document(_ path: [String], _ value: Any) throws -> [UInt8] {
    func changed(_ node: Any, _ path: ArraySlice<String>) -> Any {
      guard let name = path.first else { return value }
      if var list = node as? [Any], let index = Int(name) {
        list[index] = changed(list[index], path.dropFirst())
        return list
      }
      var object = node as? [String: Any] ?? [:]
      object[name] = changed(object[name] ?? NSNull(), path.dropFirst())
      return object
    }
    let whole = try JSONSerialization.jsonObject(
      with: try Goldens.data("unigram-tiny/tokenizer.json"))
    return [UInt8](
      try JSONSerialization.data(withJSONObject: changed(whole, path[...]), options: .sortedKeys))
  }

  @Test("each fault of a unigram tokenizer.json is placed by its field")
  func documents() throws {
    let cases: [(path: [String], value: Any, place: String)] = [
      (["model", "byte_fallback"], true, "model"),
      (["model", "unk_id"], 410, "model.unk_id"), (["model", "unk_id"], NSNull(), "model.unk_id"),
      (["model", "unk_id"], -1, "model.unk_id"),
      (["model", "vocab", "7"], ["x"], "model.vocab[7]"),
      (["model", "vocab", "7"], [7, 7], "model.vocab[7]"),
      (["model", "vocab", "7"], ["", 7], "model.vocab[7]"),
      (["model", "vocab", "8", "0"], "<0x00>", "model.vocab[8]"),
      (["model", "vocab"], NSNull(), "model.unk_id"),
      (["normalizer"], NSNull(), "normalizer"),
      (["normalizer", "normalizers", "0", "strip_left"], false, "normalizer"),
      (["normalizer", "normalizers", "2", "content"], "", "normalizer"),
      (
        ["normalizer", "normalizers", "1", "precompiled_charsmap"], "!",
        "normalizer.precompiled_charsmap"
      ),
      (
        ["normalizer", "normalizers", "1", "precompiled_charsmap"], "AAAA",
        "normalizer.precompiled_charsmap"
      ),
      (["pre_tokenizer"], NSNull(), "pre_tokenizer"),
      (["pre_tokenizer", "pretokenizers", "0", "replacement"], "_", "pre_tokenizer"),
      (["pre_tokenizer", "pretokenizers", "0", "prepend_scheme"], "never", "pre_tokenizer"),
      (["post_processor"], NSNull(), "post_processor"),
      (["post_processor", "single"], [Any](), "post_processor.single"),
      (["added_tokens", "4", "id"], -1, "added_tokens[4]"),
      (["added_tokens", "4", "single_word"], true, "added token"),
    ]
    #expect(
      try faults([UInt8](try Goldens.data("unigram-tiny/tokenizer.json")), in: "tokenizer.json")
        .isEmpty)
    for (path, value, place) in cases {
      let faults = try faults(document(path, value), in: "tokenizer.json")
      #expect(faults.map(\.place) == [.field(place)], "\(path)")
    }
  }
}
