import Foundation
import Reference
import Testing

/// `context.json` is of `Goldens/make_task_goldens.py`.
@Suite("Contexts and pairs")
struct TextInputTests {
  struct Golden: Decodable {
    struct Joined: Decodable {
      var context: [String]
      var text: String
      var ids: [Int32]
    }
    struct Pair: Decodable {
      var a, b: String
      var limit: Int
      var ids, types: [Int32]
    }
    var joined: [Joined]
    var pairs: [Pair]
  }

  private static let folder = "bpe-2000"
  private let tokenizer: Tokenizer
  private let bert: Tokenizer
  private let golden: Golden

  init() throws {
    tokenizer = try Tokenizer.load(directory: Goldens.url(Self.folder))
    bert = try Tokenizer.load(directory: Goldens.url("tiny-bert"))
    let document = try JSONSerialization.jsonObject(with: Goldens.data("context.json"))
    let part = try #require((document as? [String: Any])?[Self.folder])
    golden = try JSONDecoder().decode(
      Golden.self, from: JSONSerialization.data(withJSONObject: part))
  }

  @Test("a context is joined as Python's sep_token.join does it")
  func joined() {
    #expect(golden.joined.count == 18)
    for example in golden.joined {
      let found = tokenizer.encode(TextInput(example.text, context: example.context))
      #expect(found.ids == example.ids, "\(example)")
      #expect(found.typeIDs == example.ids.map { _ in 0 })
    }
  }

  @Test("a pair is cut as transformers cuts it, longest_first")
  func pairs() {
    #expect(golden.pairs.count == 24)
    for pair in golden.pairs {
      let found = tokenizer.encode(TextInput(pair.a, pair: pair.b), maxLength: pair.limit)
      #expect(found.ids == pair.ids && found.typeIDs == pair.types, "\(pair)")
    }
  }

  @Test("BERT's second text is of type 1, the context is not")
  func types() {
    let found = bert.encode(TextInput("feel", context: ["the"], pair: "un"))
    let (the, feel, un) = (bert.encode("the")[1], bert.encode("feel")[1], bert.encode("un")[1])
    #expect(found.ids == [2, the, 3, feel, 3, un, 3])
    #expect(found.typeIDs == [0, 0, 0, 0, 0, 1, 1])
  }

  @Test("the oldest context is left out first, as a whole, and the text stays", arguments: 2...14)
  func truncation(limit: Int) {
    // Lengths with the separators: 3, 2, 4, and the text of 3.
    let input = TextInput("feel feel feel", context: ["the the", "un", "a a a"])
    let (the, feel, un, a) = (
      bert.encode("the")[1], bert.encode("feel")[1], bert.encode("un")[1], bert.encode("a")[1]
    )
    let text = [feel, feel, feel]
    let expected: [Int32] =
      switch limit {
      case ...4: Array(text.prefix(max(0, limit - 2)))
      case ..<9: text
      case ..<11: [a, a, a, 3] + text
      case ..<14: [un, 3, a, a, a, 3] + text
      default: [the, the, 3, un, 3, a, a, a, 3] + text
      }
    #expect(bert.encode(input, maxLength: limit).ids == [2] + expected + [3])
  }

  @Test("a pair comes before the context where there is not room for all")
  func pairFirst() {
    let input = TextInput("feel feel", context: ["a"], pair: "the the")
    let pair = bert.encode("feel feel", and: "the the")
    for limit in 4...8 {
      #expect(
        bert.encode(input, maxLength: limit).ids
          == bert.encode("feel feel", and: "the the", maxLength: limit).ids)
    }
    #expect(bert.encode(input, maxLength: 9).ids.count == pair.ids.count + 2)
  }
}
