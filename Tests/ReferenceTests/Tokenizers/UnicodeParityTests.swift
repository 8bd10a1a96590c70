import Basics
import Foundation
import Reference
import TestSupport
import Testing

/// All 1,112,064 scalars, against what Hugging Face's library does with them.
@Suite("Unicode as the published tokenizers know it")
struct UnicodeParityTests {
  struct Golden: Decodable {
    struct Run: Decodable {
      var first: UInt32
      var name: String
      init(from decoder: any Decoder) throws {
        var parts = try decoder.unkeyedContainer()
        first = try parts.decode(UInt32.self)
        name = try parts.decode(String.self)
      }
    }
    var byteLevel: [Run]
    var bert: [Run]
    var bertCased: [Run]
  }

  let golden: Golden

  init() throws {
    golden = try JSONDecoder().decode(Golden.self, from: Goldens.data("unicode.json"))
  }

  @Test("Every scalar has the class that the expression of byte-level BPE gives it")
  func byteLevel() {
    var run = 0
    var wrong: [UInt32] = []
    for scalar in Unicode.Scalar.all {
      while run + 1 < golden.byteLevel.count, golden.byteLevel[run + 1].first <= scalar.value {
        run += 1
      }
      let name =
        switch ByteLevelWords.classify(scalar) {
        case .letter: "L"
        case .number: "N"
        case .space: "S"
        case .other: "O"
        }
      if name != golden.byteLevel[run].name { wrong.append(scalar.value) }
    }
    #expect(wrong.isEmpty)
  }

  @Test(
    "Every scalar is cleaned, put in lower case and split as BERT does", arguments: [true, false])
  func bert(lowercases: Bool) {
    var words = BertWords(
      normalizer: BertNormalizer(stripsAccents: lowercases, lowercases: lowercases))
    var hashes: [UInt32: UInt64] = [:]
    for scalar in Unicode.Scalar.all {
      var hash = hashes[scalar.value >> 12] ?? 0xCBF2_9CE4_8422_2325
      func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      let text = Array("a\(scalar)b".utf8)
      var found: [[UInt8]] = []
      if !words.forEachWord(in: text.span, 0..<text.count, { found.append(copy $0) }) {
        found = []
        words.forEachWordByDefinition(in: text.span, 0..<text.count) { found.append(copy $0) }
      }
      for word in found {
        word.forEach(add)
        add(0xFF)
      }
      add(0xFE)
      hashes[scalar.value >> 12] = hash
    }
    for block in lowercases ? golden.bert : golden.bertCased {
      let found = String(hashes[block.first] ?? 0, radix: 16)
      let padded = String(repeating: "0", count: 16 - found.count) + found
      #expect(padded == block.name, "scalars from U+\(String(block.first << 12, radix: 16))")
    }
  }

  @Test("The table's words are the definition's words", arguments: UInt64(1)...4)
  func definition(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    // Marks, letters with marks, punctuation, spaces, controls, ideographs.
    let pool: [Unicode.Scalar] = [
      "a", "Z", " ", "!", "é", "É", "\u{301}", "\u{323}", "\u{338}", "=", "≠", "中", "\u{1D15E}",
      "\u{302E}", "\u{1B44}", "\u{0}", "\u{200B}", "\u{85}", "ß", "İ", "ǆ", "한", "\u{F900}", "’",
    ]
    var words = BertWords(normalizer: BertNormalizer())
    for _ in 0..<2_000 {
      var text: [UInt8] = []
      for _ in 0..<Int.random(in: 0..<9, using: &generator) {
        text += Array(String(pool.randomElement(using: &generator) ?? "a").utf8)
      }
      var (fast, slow): ([[UInt8]], [[UInt8]]) = ([], [])
      let isWhole = words.forEachWord(in: text.span, 0..<text.count) { fast.append(copy $0) }
      words.forEachWordByDefinition(in: text.span, 0..<text.count) { slow.append(copy $0) }
      if isWhole { #expect(fast == slow, "\(String(decoding: text, as: UTF8.self))") }
    }
  }
}

extension Unicode.Scalar {
  fileprivate static var all: some Sequence<Unicode.Scalar> {
    (UInt32(0)..<0x11_0000).lazy.compactMap(Unicode.Scalar.init)
  }
}
