import Foundation
import Reference
import TestSupport
import Testing

/// The strings of `../shared/fixtures/deberta`, whose README says how they were made.
@Suite("DeBERTa's tokenizer against Hugging Face's")
struct DebertaParityTests {
  private struct Goldens: Decodable {
    var cases: [Case]
    var truncationCases: [Case]
    var pairCases: [StringGoldens.PairCase]

    struct Case: Decodable {
      var text: String
      var ids: [Int32]
      /// Where the scores of `tokenizer.json` decide a tie otherwise.
      var idsTokenizerJson: [Int32]?
      var maxLength: Int?
    }
  }

  private static let files = ["tokenizer.json", "spm.model"]

  private static func goldens() throws -> Goldens {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Goldens.self, from: Shared.data("fixtures/deberta/tok.json"))
  }

  /// The tokenizer read from `file` alone, with the configuration beside it.
  private static func tokenizer(_ file: String) throws -> Tokenizer {
    let folder = try TemporaryFolder()
    for name in [file, "tokenizer_config.json"] {
      try folder.write(try Shared.data("fixtures/deberta/tokenizer/\(name)"), to: name)
    }
    return try Tokenizer.load(directory: folder.url)
  }

  @Test("All strings", .enabled(if: Shared.exists, Shared.missing), arguments: files)
  func strings(file: String) throws {
    let tokenizer = try Self.tokenizer(file)
    #expect(tokenizer.vocabularySize == 3001)
    let cases = try Self.goldens().cases
    #expect(cases.count == 400)
    for item in cases {
      let ids = tokenizer.encode(item.text)
      let isTie = file == "tokenizer.json" && ids == item.idsTokenizerJson
      #expect(ids == item.ids || isTie, "\(item.text.debugDescription)")
    }
  }

  @Test("Truncation and pairs", .enabled(if: Shared.exists, Shared.missing), arguments: files)
  func lengths(file: String) throws {
    let tokenizer = try Self.tokenizer(file)
    let goldens = try Self.goldens()
    #expect(goldens.truncationCases.count == 18 && goldens.pairCases.count == 6)
    for item in goldens.truncationCases {
      #expect(tokenizer.encode(item.text, maxLength: item.maxLength) == item.ids)
    }
    for item in goldens.pairCases {
      let encoding = tokenizer.encode(item.a, and: item.b)
      #expect(encoding.ids == item.ids)
      #expect(encoding.typeIDs == item.tokenTypeIds)
    }
  }
}
