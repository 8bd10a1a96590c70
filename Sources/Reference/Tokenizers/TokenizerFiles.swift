import Foundation

/// The files of a tokenizer in a Hugging Face model directory.
struct TokenizerFiles {
  let directory: URL

  func load() throws(TokenizerError) -> Tokenizer {
    let config = try exists("tokenizer_config.json") ? json("tokenizer_config.json") : .null
    if exists("tokenizer.json") { return try TokenizerDocument(files: self, config: config).load() }
    if exists("vocab.json"), exists("merges.txt") { return try roberta(config) }
    if exists("vocab.txt") { return try bert(config) }
    throw .noTokenizer(directory: directory.path)
  }

  func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: directory.appending(path: name).path)
  }

  func path(_ name: String) -> String { directory.appending(path: name).path }

  func bytes(_ name: String) throws(TokenizerError) -> [UInt8] {
    do {
      return Array(try Data(contentsOf: directory.appending(path: name)))
    } catch {
      throw .unreadable(file: path(name), reason: "\(error.localizedDescription)")
    }
  }

  func json(_ name: String) throws(TokenizerError) -> ByteJSON {
    try ByteJSON(bytes: try bytes(name), file: path(name))
  }

  /// The lines of a UTF-8 text file, with their numbers from 1, without line ends.
  func lines(_ name: String) throws(TokenizerError) -> [(number: Int, text: ArraySlice<UInt8>)] {
    let bytes = try bytes(name)
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.enumerated().map { index, line in
      (index + 1, line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
  }

  /// RoBERTa from `vocab.json` and `merges.txt`, as `RobertaTokenizer` reads them.
  private func roberta(_ config: ByteJSON) throws(TokenizerError) -> Tokenizer {
    let vocabulary = try Vocabulary(object: json("vocab.json"), file: path("vocab.json"))
    var pairs: [BytePairFile.Pair] = []
    var faults: [TokenizerError.Fault] = []
    for (number, line) in try lines("merges.txt") {
      if number == 1, line.starts(with: "#version".utf8) { continue }
      if line.isEmpty { continue }
      let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        faults.append(
          TokenizerError.Fault(
            place: "line \(number)", expected: "two symbols with a space between",
            found: "\"\(String(decoding: line.prefix(60), as: UTF8.self))\""))
        continue
      }
      pairs.append(
        BytePairFile.Pair(place: "line \(number)", left: Array(parts[0]), right: Array(parts[1])))
    }
    let model = try BytePairFile(file: path("merges.txt"), vocabulary: vocabulary)
      .model(pairs, faults)
    let special = try vocabulary.specialTokens(
      start: "<s>", end: "</s>", padding: "<pad>", unknown: "<unk>", mask: "<mask>")
    let added = [("<s>", special.start), ("<pad>", special.padding), ("</s>", special.end)]
    var tokens = added.map { AddedTokens.Token(content: $0.0, id: $0.1) }
    tokens.append(AddedTokens.Token(content: "<unk>", id: special.unknown))
    if let mask = special.mask {
      tokens.append(AddedTokens.Token(content: "<mask>", id: mask, takesSpaceBefore: true))
    }
    return Tokenizer(
      kind: .roberta, vocabularySize: vocabulary.size, specialTokens: special,
      modelMaxLength: modelMaxLength(config),
      segments: ByteLevelSegmentEncoder(
        model: model, addsPrefixSpace: config["add_prefix_space"]?.bool ?? false),
      addedTokens: AddedTokens(tokens),
      template: .roberta(start: special.start, end: special.end))
  }

  /// BERT from `vocab.txt`, as `BertTokenizer` reads it.
  private func bert(_ config: ByteJSON) throws(TokenizerError) -> Tokenizer {
    let vocabulary = try Vocabulary(lines: lines("vocab.txt"), file: path("vocab.txt"))
    let special = try vocabulary.specialTokens(
      start: "[CLS]", end: "[SEP]", padding: "[PAD]", unknown: "[UNK]", mask: "[MASK]")
    let lowercases = config["do_lower_case"]?.bool ?? true
    let normalizer = BertNormalizer(
      separatesChinese: config["tokenize_chinese_chars"]?.bool ?? true,
      stripsAccents: config["strip_accents"]?.bool ?? lowercases, lowercases: lowercases)
    let named = [
      ("[PAD]", special.padding), ("[UNK]", special.unknown), ("[CLS]", special.start),
      ("[SEP]", special.end),
    ]
    var tokens = named.map { AddedTokens.Token(content: $0.0, id: $0.1) }
    if let mask = special.mask { tokens.append(AddedTokens.Token(content: "[MASK]", id: mask)) }
    let model = WordPiece(
      vocabulary: vocabulary.trie, unknownID: special.unknown, prefix: "##", longestWord: 100)
    return Tokenizer(
      kind: .bert, vocabularySize: vocabulary.size, specialTokens: special,
      modelMaxLength: modelMaxLength(config),
      segments: BertSegmentEncoder(model: model, normalizer: normalizer),
      addedTokens: AddedTokens(tokens), template: .bert(start: special.start, end: special.end))
  }

  /// The longest input, where the file gives one; Hugging Face writes 1e30 for none.
  func modelMaxLength(_ config: ByteJSON) -> Int? {
    config["model_max_length"]?.id.map(Int.init)
  }
}
