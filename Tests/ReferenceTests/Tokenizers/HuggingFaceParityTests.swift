import Foundation
import Reference
import TestSupport
import Testing

@Suite("Tokenizers give the ids that Hugging Face gives")
struct HuggingFaceParityTests {
  /// A golden file and the directory of its vocabulary, seen through some of its files.
  struct Source: CustomTestStringConvertible, Sendable {
    var golden: String
    var directory: URL
    var files: [String]
    var testDescription: String { "\(golden) from \(files.joined(separator: " + "))" }

    /// The directory's tokenizer, loaded from `files` alone.
    func load() throws -> Tokenizer {
      let folder = try TemporaryFolder()
      for name in files {
        try folder.write(Data(contentsOf: directory.appending(path: name)), to: name)
      }
      return try Tokenizer.load(directory: folder.url)
    }
  }

  static let small = Shared.url("fixtures/bpe-2000")
  static let open: [Source] = [
    Source(golden: "bpe_roberta_2000", directory: small, files: ["vocab.json", "merges.txt"]),
    Source(golden: "bpe_roberta_2000", directory: small, files: ["tokenizer.json"]),
    Source(
      golden: "bpe_roberta_base", directory: Shared.url("data/roberta-tokenizer"),
      files: ["vocab.json", "merges.txt"]),
  ]
  static let miniLM: [Source] = [
    Source(golden: "wordpiece_minilm", directory: MiniLM.folder, files: ["vocab.txt"]),
    Source(golden: "wordpiece_minilm", directory: MiniLM.folder, files: ["tokenizer.json"]),
  ]

  func check(_ source: Source) throws {
    let tokenizer = try source.load()
    let goldens = try StringGoldens.load(source.golden)
    #expect(goldens.cases.count == 400)
    // Twice: the second time the words come from the cache.
    for _ in 0..<2 {
      for golden in goldens.cases {
        #expect(tokenizer.encode(golden.text) == golden.ids, "\(golden.text.debugDescription)")
      }
    }
    for golden in goldens.truncationCases ?? [] {
      #expect(tokenizer.encode(golden.text, maxLength: golden.maxLength) == golden.ids)
    }
    for golden in goldens.pairCases ?? [] {
      let pair = tokenizer.encode(golden.a, and: golden.b)
      #expect(pair.ids == golden.ids)
      #expect(pair.typeIDs == golden.tokenTypeIds ?? golden.ids.map { _ in 0 })
    }
  }

  @Test("RoBERTa's byte-level BPE", .enabled(if: Shared.exists, Shared.missing), arguments: open)
  func roberta(_ source: Source) throws { try check(source) }

  @Test(
    "MiniLM's WordPiece",
    .enabled(
      if: Shared.exists && MiniLM.exists,
      "MiniLM is not in data/models/minilm: run scripts/fetch-minilm"), arguments: miniLM)
  func bert(_ source: Source) throws { try check(source) }

  @Test("Hello world has roberta-base's ids", .enabled(if: Shared.exists, Shared.missing))
  func helloWorld() throws {
    let tokenizer = try Tokenizer.load(directory: Shared.url("data/roberta-tokenizer"))
    #expect(tokenizer.encode("Hello world") == [0, 31414, 232, 2])
    #expect(tokenizer.vocabularySize == 50265)
    #expect(tokenizer.specialTokens.padding == 1)
    #expect(tokenizer.specialTokens.mask == 50264)
    #expect(tokenizer.kind == .roberta)
  }
}
