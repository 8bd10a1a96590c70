import Foundation

/// The files of a tokenizer in a Hugging Face model directory.
struct TokenizerFiles {
  let directory: URL

  func load() throws(ReferenceError) -> Tokenizer {
    if exists("tokenizer.json") {
      return try TokenizerDocument(file: url("tokenizer.json"), maxLength: maxLength()).load()
    }
    if exists("vocab.json"), exists("merges.txt") { return try roberta() }
    if exists("vocab.txt") { return try bert() }
    throw .missingFile(
      path: directory.path,
      expected: "a tokenizer in it: tokenizer.json, or vocab.json with merges.txt (RoBERTa), "
        + "or vocab.txt (BERT)")
  }

  private func url(_ name: String) -> URL { directory.appending(path: name) }

  private func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: url(name).path)
  }

  /// `tokenizer_config.json`, or null where there is none.
  private func config() throws(ReferenceError) -> ByteJSON {
    guard exists("tokenizer_config.json") else { return .null }
    return try ByteJSON(contentsOf: url("tokenizer_config.json"), expected: "a configuration")
  }

  /// The longest input, where the directory gives one; Hugging Face writes 1e30 for none.
  private func maxLength() throws(ReferenceError) -> Int? {
    try config()["model_max_length"]?.id.map(Int.init)
  }

  /// The lines of a UTF-8 text file, without line ends.
  private func lines(_ name: String) throws(ReferenceError) -> [ArraySlice<UInt8>] {
    let bytes: [UInt8]
    do { bytes = Array(try Data(contentsOf: url(name))) } catch {
      throw .unreadable(url(name), expected: "a file of a tokenizer", error)
    }
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
  }

  /// RoBERTa from `vocab.json` and `merges.txt`, as `RobertaTokenizer` reads them.
  private func roberta() throws(ReferenceError) -> Tokenizer {
    let file = url("vocab.json")
    let vocabulary = try Vocabulary(
      object: ByteJSON(contentsOf: file, expected: "a vocabulary"), file: file)
    var merges: [BytePairEncoding.Merge] = []
    var faults: [ReferenceError.Diagnostic] = []
    for (index, line) in try lines("merges.txt").enumerated() {
      if line.isEmpty || index == 0 && line.starts(with: "#version".utf8) { continue }
      let place = ReferenceError.Diagnostic.Place.line(index + 1)
      let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        faults.append(
          .init(
            place, found: "\"\(String(decoding: line.prefix(60), as: UTF8.self))\"",
            expected: "two symbols with a space between"))
        continue
      }
      merges.append(.init(place: place, left: Array(parts[0]), right: Array(parts[1])))
    }
    let model = try BytePairEncoding(
      merges, vocabulary, file: url("merges.txt"), earlierFaults: faults)
    let special = try vocabulary.specialTokens(Vocabulary.robertaNames)
    return Tokenizer(
      kind: .roberta, vocabulary: vocabulary, specialTokens: special,
      modelMaxLength: try maxLength(),
      segments: ByteLevelSegmentEncoder(
        model: model, addsPrefixSpace: try config()["add_prefix_space"]?.bool ?? false),
      added: special.added(Vocabulary.robertaNames),
      template: .roberta(start: special.start, end: special.end))
  }

  /// BERT from `vocab.txt`, as `BertTokenizer` reads it.
  private func bert() throws(ReferenceError) -> Tokenizer {
    let vocabulary = try Vocabulary(lines: lines("vocab.txt"), file: url("vocab.txt"))
    let special = try vocabulary.specialTokens(Vocabulary.bertNames)
    let config = try config()
    let lowercases = config["do_lower_case"]?.bool ?? true
    let normalizer = BertNormalizer(
      separatesChinese: config["tokenize_chinese_chars"]?.bool ?? true,
      stripsAccents: config["strip_accents"]?.bool ?? lowercases, lowercases: lowercases)
    let model = WordPiece(
      vocabulary: vocabulary.trie, unknownID: special.unknown, prefix: "##", maxWordLength: 100)
    return Tokenizer(
      kind: .bert, vocabulary: vocabulary, specialTokens: special, modelMaxLength: try maxLength(),
      segments: BertSegmentEncoder(model: model, normalizer: normalizer),
      added: special.added(Vocabulary.bertNames),
      template: .bert(start: special.start, end: special.end))
  }
}
