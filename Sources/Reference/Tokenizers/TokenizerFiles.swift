import Basics
import Foundation

/// Reads the tokenizer of a Hugging Face model directory.
struct TokenizerFiles {
  let directory: URL

  func load() throws(ReferenceError) -> Tokenizer {
    if exists("tokenizer.json") {
      let file = url("tokenizer.json")
      let root = try ByteJSON(contentsOf: file, expected: "a tokenizer")
      return try TokenizerDocument(file: file, root: root).load()
    }
    if exists("spm.model") { return try deberta() }
    if exists("vocab.json"), exists("merges.txt") { return try roberta() }
    if exists("vocab.txt") { return try bert() }
    let form =
      "tokenizer.json, or vocab.json with merges.txt (RoBERTa), vocab.txt (BERT) or "
      + "spm.model (DeBERTa)"
    throw .missingFile(path: directory.path, expected: "a tokenizer in it: \(form)")
  }

  func url(_ name: String) -> URL { directory.appending(path: name) }

  func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: url(name).path)
  }

  /// `tokenizer_config.json`, or null where there is none.
  func config() throws(ReferenceError) -> ByteJSON { try document("tokenizer_config.json") }

  /// The JSON file `name`, or null where there is none.
  func document(_ name: String) throws(ReferenceError) -> ByteJSON {
    guard exists(name) else { return .null }
    return try ByteJSON(contentsOf: url(name), expected: "a configuration")
  }

  /// The lines of a UTF-8 text file, without line ends.
  private func lines(_ name: String) throws(ReferenceError) -> [ArraySlice<UInt8>] {
    let bytes = Array(try ReferenceError.read(url(name), expected: "a file of a tokenizer"))
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
      if parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty {
        merges.append(.init(place: place, left: Array(parts[0]), right: Array(parts[1])))
      } else {
        let text = "\"\(String(decoding: line.prefix(60), as: UTF8.self))\""
        faults.append(.init(place, found: text, expected: "two symbols with a space between"))
      }
    }
    let model = try BytePairEncoding(merges, vocabulary, file: url("merges.txt"), faults: faults)
    return Tokenizer(
      kind: .roberta, vocabulary: vocabulary,
      special: try vocabulary.specialTokens(Vocabulary.robertaNames),
      segments: ByteLevelSegmentEncoder(
        model: model, addsPrefixSpace: try config()["add_prefix_space"]?.bool ?? false))
  }

  /// BERT from `vocab.txt`, as `BertTokenizer` reads it.
  private func bert() throws(ReferenceError) -> Tokenizer {
    let vocabulary = try Vocabulary(lines: lines("vocab.txt"), file: url("vocab.txt"))
    let special = try vocabulary.specialTokens(Vocabulary.bertNames)
    let normalizer = BertNormalizer(
      try config(), lowercase: "do_lower_case", chinese: "tokenize_chinese_chars")
    let model = WordPiece(vocabulary: vocabulary.trie, unknownID: special.unknown)
    return Tokenizer(
      kind: .bert, vocabulary: vocabulary, special: special,
      segments: BertSegmentEncoder(model: model, normalizer: normalizer))
  }
}

extension BertNormalizer {
  /// From a file's options, under these names. Accents are stripped with lower-casing by default.
  fileprivate init(_ options: ByteJSON, lowercase: String, chinese: String) {
    let lowercases = options[lowercase]?.bool ?? true
    self.init(
      cleansText: options["clean_text"]?.bool ?? true,
      separatesChinese: options[chinese]?.bool ?? true,
      stripsAccents: options["strip_accents"]?.bool ?? lowercases, lowercases: lowercases)
  }
}

/// Reads `tokenizer.json`: the stages that the tokenizers of RoBERTa, BERT and DeBERTa use.
struct TokenizerDocument {
  let file: URL
  let root: ByteJSON

  private static let partLimit = 64

  func load() throws(ReferenceError) -> Tokenizer {
    guard let model = root["model"] else {
      throw fault("model", expected: "an object", found: "nothing")
    }
    let pieces = model["vocab"] ?? .null
    // Old files leave out the type of the model.
    let type = model["type"]?.string ?? (model["merges"] == nil ? "WordPiece" : "BPE")
    let added = try addedTokens(normalized: type == "Unigram")
    if type == "Unigram" { return try unigram(model, added) }
    let vocabulary = try Vocabulary(object: pieces, file: file, place: "model.vocab ")
    switch type {
    case "BPE": return try bytePair(model, vocabulary, added)
    case "WordPiece": return try wordPiece(model, vocabulary, added)
    case let other: throw unsupported("model", other, "BPE (byte-level), WordPiece, Unigram")
    }
  }

  func fault(_ place: String, expected: String, found: String) -> ReferenceError {
    .invalid(file, at: .field(place), found: found, expected: expected)
  }

  /// The error of a stage that is not built in.
  func unsupported(_ stage: String, _ found: String, _ form: String) -> ReferenceError {
    fault(stage, expected: "a supported form: \(form)", found: found)
  }

  /// The stage `name`, which must be of `type`.
  private func stage(_ name: String, _ type: String, _ form: String) throws(ReferenceError)
    -> ByteJSON
  {
    let stage = root[name] ?? .null
    if stage["type"]?.string == type { return stage }
    throw unsupported(name, stage["type"]?.string ?? stage.kind, form)
  }

  /// The tokens to find in the text. One to be found after normalisation is refused, but with
  /// `normalized`.
  private func addedTokens(normalized: Bool) throws(ReferenceError) -> [AddedTokens.Token] {
    var tokens: [AddedTokens.Token] = []
    let normalizes = root["normalizer"].map { !$0.isNull } ?? false && !normalized
    for (index, entry) in (root["added_tokens"]?.array ?? []).enumerated() {
      guard let content = entry["content"]?.string, let id = entry["id"]?.id else {
        let place = "added_tokens[\(index)]"
        throw fault(place, expected: "a content and an id of 0 or more", found: entry.kind)
      }
      for option in ["single_word"] + (normalizes ? ["normalized"] : [])
      where entry[option]?.bool == true {
        throw unsupported("added token", "\(content) with \(option)", "\(option) false")
      }
      var token = AddedTokens.Token(content: Array(content.utf8), id: id, options: entry)
      token.isNormalized = token.isNormalized && normalized
      tokens.append(token)
    }
    return tokens
  }

  private func bytePair(_ model: ByteJSON, _ vocabulary: Vocabulary, _ added: [AddedTokens.Token])
    throws(ReferenceError) -> Tokenizer
  {
    if let normalizer = root["normalizer"], !normalizer.isNull {
      throw unsupported("normalizer", normalizer["type"]?.string ?? "?", "null, with BPE")
    }
    let form = "ByteLevel with its expression"
    let before = try stage("pre_tokenizer", "ByteLevel", form)
    guard before["use_regex"]?.bool ?? true else {
      throw unsupported("pre_tokenizer", "ByteLevel without it", form)
    }
    let options: [(name: String, off: ByteJSON)] =
      ["dropout", "continuing_subword_prefix", "end_of_word_suffix"].map { ($0, .string([])) }
      + ["ignore_merges", "byte_fallback"].map { ($0, .bool(false)) }
    for (name, off) in options where ![off, .null].contains(model[name] ?? .null) {
      throw unsupported("model", "BPE with \(name)", "BPE without it")
    }
    return Tokenizer(
      kind: .roberta, vocabulary: vocabulary,
      special: try vocabulary.specialTokens(Vocabulary.robertaNames, added),
      segments: ByteLevelSegmentEncoder(
        model: try BytePairEncoding(merges(model), vocabulary, file: file),
        addsPrefixSpace: before["add_prefix_space"]?.bool ?? false), added: added,
      template: try template())
  }

  private func merges(_ model: ByteJSON) throws(ReferenceError) -> [BytePairEncoding.Merge] {
    var merges: [BytePairEncoding.Merge] = []
    var faults: [ReferenceError.Diagnostic] = []
    for (index, entry) in (model["merges"]?.array ?? []).enumerated() {
      let place = ReferenceError.Diagnostic.Place.field("model.merges[\(index)]")
      // Written as "a b" by older versions, as ["a", "b"] by newer ones.
      let symbols: [[UInt8]] =
        if case .string(let bytes) = entry {
          bytes.split(separator: UInt8(ascii: " ")).map(Array.init)
        } else {
          entry.array?.compactMap { if case .string(let bytes) = $0 { bytes } else { nil } } ?? []
        }
      if symbols.count == 2 {
        merges.append(.init(place: place, left: symbols[0], right: symbols[1]))
      } else {
        faults.append(.init(place, found: entry.kind, expected: "two symbols"))
      }
    }
    guard faults.isEmpty else { throw .invalid(path: file.path, faults: faults) }
    return merges
  }

  private func wordPiece(_ model: ByteJSON, _ vocabulary: Vocabulary, _ added: [AddedTokens.Token])
    throws(ReferenceError) -> Tokenizer
  {
    let options = try stage("normalizer", "BertNormalizer", "BertNormalizer, with WordPiece")
    _ = try stage("pre_tokenizer", "BertPreTokenizer", "BertPreTokenizer, with WordPiece")
    let normalizer = BertNormalizer(
      options, lowercase: "lowercase", chinese: "handle_chinese_chars")
    var names = Vocabulary.bertNames
    names[3] = model["unk_token"]?.string ?? names[3]
    let special = try vocabulary.specialTokens(names, added)
    let pieces = WordPiece(
      vocabulary: vocabulary.trie, unknownID: special.unknown,
      prefix: model["continuing_subword_prefix"]?.string ?? "##",
      maxWordLength: model["max_input_chars_per_word"]?.id.map(Int.init) ?? 100)
    return Tokenizer(
      kind: .bert, vocabulary: vocabulary, special: special,
      segments: BertSegmentEncoder(model: pieces, normalizer: normalizer), added: added,
      template: try template())
  }

  func template() throws(ReferenceError) -> SpecialTokenTemplate {
    let stage = root["post_processor"] ?? .null
    switch stage["type"]?.string {
    case let type? where type == "RobertaProcessing" || type == "BertProcessing":
      let kind = type == "BertProcessing" ? ModelKind.bert : .roberta
      return .standard(kind, start: try pairID(stage, "cls"), end: try pairID(stage, "sep"))
    case "TemplateProcessing":
      return SpecialTokenTemplate(
        single: try parts(stage, "single"), pair: try parts(stage, "pair"))
    case let other:
      let forms = "RobertaProcessing, BertProcessing, TemplateProcessing"
      throw unsupported("post_processor", other ?? stage.kind, forms)
    }
  }

  /// The id in `["</s>", 2]`.
  private func pairID(_ stage: ByteJSON, _ name: String) throws(ReferenceError) -> Int32 {
    if let parts = stage[name]?.array, parts.count == 2, let id = parts[1].id { return id }
    let found = stage[name]?.kind ?? "nothing"
    throw fault("post_processor.\(name)", expected: "a token and its id", found: found)
  }

  private func parts(_ stage: ByteJSON, _ name: String) throws(ReferenceError)
    -> [SpecialTokenTemplate.Part]
  {
    var parts: [SpecialTokenTemplate.Part] = []
    for (index, entry) in (stage[name]?.array ?? []).enumerated() {
      if let sequence = entry["Sequence"], let type = sequence["type_id"]?.id {
        parts.append(sequence["id"]?.string == "B" ? .second(type: type) : .first(type: type))
      } else if let token = entry["SpecialToken"], let type = token["type_id"]?.id,
        let key = token["id"]?.string,
        let ids = stage["special_tokens"]?[key]?["ids"]?.array?.compactMap(\.id), !ids.isEmpty
      {
        parts.append(.special(ids: ids, type: type))
      } else {
        let place = "post_processor.\(name)[\(index)]"
        throw fault(place, expected: "a Sequence or a known SpecialToken", found: entry.kind)
      }
    }
    guard !parts.isEmpty else {
      throw fault("post_processor.\(name)", expected: "a list of parts", found: "nothing")
    }
    // Every text is encoded with them.
    let ids = parts.reduce(0) { if case .special(let ids, _) = $1 { $0 + ids.count } else { $0 } }
    guard parts.count <= Self.partLimit, ids <= Self.partLimit else {
      throw fault(
        "post_processor.\(name)", expected: "at most \(Self.partLimit) parts and special tokens",
        found: "\(parts.count) parts with \(ids) special tokens")
    }
    return parts
  }
}
