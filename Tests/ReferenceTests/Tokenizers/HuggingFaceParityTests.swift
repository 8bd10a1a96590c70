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

  static let small: [Source] = [["vocab.json", "merges.txt"], ["tokenizer.json"]].map {
    Source(golden: "bpe-2000", directory: Goldens.url("bpe-2000"), files: $0)
  }
  static let essays: [Source] = [
    Source(
      golden: "bpe_roberta_2000", directory: Goldens.url("bpe-2000"),
      files: ["vocab.json", "merges.txt"]),
    Source(
      golden: "bpe_roberta_2000", directory: Goldens.url("bpe-2000"), files: ["tokenizer.json"]),
    Source(
      golden: "bpe_roberta_base", directory: Shared.url("data/roberta-tokenizer"),
      files: ["vocab.json", "merges.txt"]),
  ]
  static let miniLM: [Source] = [
    Source(golden: "wordpiece_minilm", directory: MiniLM.folder, files: ["vocab.txt"]),
    Source(golden: "wordpiece_minilm", directory: MiniLM.folder, files: ["tokenizer.json"]),
  ]

  func check(_ source: Source, _ data: Data, count: Int) throws {
    let tokenizer = try source.load()
    let goldens = try StringGoldens.load(data)
    #expect(goldens.cases.count == count)
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

  @Test("Byte-level BPE with a small vocabulary", arguments: small)
  func smallVocabulary(_ source: Source) throws {
    try check(source, Goldens.data("\(source.golden).json"), count: 147)
  }

  @Test(
    "RoBERTa's byte-level BPE on essays", .enabled(if: Shared.exists, Shared.missing),
    arguments: essays)
  func roberta(_ source: Source) throws {
    try check(source, Shared.data("fixtures/tok/\(source.golden).json"), count: 400)
  }

  @Test(
    "MiniLM's WordPiece",
    .enabled(
      if: Shared.exists && MiniLM.exists,
      "MiniLM is not in data/models/minilm: run scripts/fetch-minilm"), arguments: miniLM)
  func bert(_ source: Source) throws {
    try check(source, Shared.data("fixtures/tok/\(source.golden).json"), count: 400)
  }

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
