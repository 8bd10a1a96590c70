import Foundation
import Reference
import TestSupport
import Testing

/// These need nothing but the small vocabularies beside them.
@Suite("Tokenizers with a small vocabulary")
struct TinyVocabularyTests {
  struct Golden: Decodable {
    struct Text: Decodable {
      var text: String
      var ids: [Int32]
    }
    struct Pair: Decodable {
      var a: String
      var b: String
      var maxLength: Int
      var ids: [Int32]
      var types: [Int32]
    }
    var pairs: [Pair]
    var lower: [Text]
    var cased: [Text]
    var added: [Text]
  }

  let golden: Golden
  let bert: Tokenizer

  init() throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    golden = try decoder.decode(Golden.self, from: Goldens.data("tiny.json"))
    bert = try Tokenizer.load(directory: Goldens.folder.appending(path: "tiny-bert"))
  }

  @Test("A pair that is too long loses from the longer part first")
  func pairs() {
    for pair in golden.pairs {
      let found = bert.encode(pair.a, and: pair.b, maxLength: pair.maxLength)
      #expect(found.ids == pair.ids && found.typeIDs == pair.types, "\(pair)")
    }
  }

  @Test("Marks, ideographs, controls and overlong words are cleaned as BERT does")
  func lowerCase() {
    for text in golden.lower {
      #expect(bert.encode(text.text) == text.ids, "\(text.text.debugDescription)")
    }
  }

  @Test("A cased vocabulary keeps capitals and accents")
  func cased() throws {
    let folder = try TemporaryFolder()
    try folder.write(Goldens.data("tiny-bert/vocab.txt"), to: "vocab.txt")
    try folder.write(#"{"do_lower_case": false}"#, to: "tokenizer_config.json")
    let tokenizer = try Tokenizer.load(directory: folder.url)
    for text in golden.cased {
      #expect(tokenizer.encode(text.text) == text.ids, "\(text.text.debugDescription)")
    }
  }

  @Test("Added tokens take the white space that they are said to take")
  func addedTokens() throws {
    let folder = Goldens.folder.appending(path: "tiny-added")
    let tokenizer = try Tokenizer.load(directory: folder)
    for text in golden.added {
      #expect(tokenizer.encode(text.text) == text.ids, "\(text.text.debugDescription)")
    }
  }

  @Test("A limit under the number of special tokens leaves these alone", arguments: [-1, 0, 1, 2])
  func tinyLimit(_ limit: Int) {
    #expect(bert.encode("the feeling", maxLength: limit) == [2, 3])
    #expect(bert.encode("the", and: "feel", maxLength: limit).ids == [2, 3, 3])
  }

  @Test("An empty text is the special tokens alone")
  func empty() {
    #expect(bert.encode("") == [2, 3])
    #expect(bert.encode("", and: "").typeIDs == [0, 0, 1])
  }

  @Test("Many threads get the ids that one thread gets")
  func threads() async {
    let texts = (0..<200).map { "the unfeeling \($0 % 7 == 0 ? "été" : "feels") x\($0)" }
    let alone = texts.map { bert.encode($0) }
    let tokenizer = bert
    await withTaskGroup(of: (Int, [Int32]).self) { group in
      for round in 0..<4 {
        for (index, text) in texts.enumerated() {
          group.addTask { (index, tokenizer.encode(text, maxLength: round == 9 ? 1 : nil)) }
        }
      }
      for await (index, ids) in group { #expect(ids == alone[index]) }
    }
  }

  @Test("A cache that fills up and is emptied changes no id")
  func fullCache() {
    // More different words than the cache holds.
    var seen = 0
    for start in stride(from: 0, to: 90_000, by: 3_000) {
      let text = (start..<start + 3_000).map { "w\(String($0, radix: 26, uppercase: false))" }
      let ids = bert.encode(text.joined(separator: " "))
      seen += ids.count
    }
    #expect(seen > 90_000)
    for text in golden.lower { #expect(bert.encode(text.text) == text.ids) }
  }
}
