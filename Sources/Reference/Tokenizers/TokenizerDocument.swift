import Foundation

/// Reads `tokenizer.json`: the stages that RoBERTa's and BERT's tokenizers use.
struct TokenizerDocument {
  private let file: URL
  private let maxLength: Int?
  private let root: ByteJSON

  init(file: URL, maxLength: Int?) throws(ReferenceError) {
    (self.file, self.maxLength) = (file, maxLength)
    root = try ByteJSON(contentsOf: file, expected: "a tokenizer")
  }

  func load() throws(ReferenceError) -> Tokenizer {
    guard let model = root["model"] else {
      throw fault("model", expected: "an object", found: "nothing")
    }
    let vocabulary = try Vocabulary(
      object: model["vocab"] ?? .null, file: file, place: "model.vocab ")
    let added = try addedTokens()
    // Old files leave out the type of the model.
    switch model["type"]?.string ?? (model["merges"] == nil ? "WordPiece" : "BPE") {
    case "BPE": return try bytePair(model, vocabulary, added)
    case "WordPiece": return try wordPiece(model, vocabulary, added)
    case let other: throw unsupported("model", other, "BPE (byte-level), WordPiece")
    }
  }

  private func fault(_ place: String, expected: String, found: String) -> ReferenceError {
    .invalid(file, at: .field(place), found: found, expected: expected)
  }

  /// The error of a stage that is not built in.
  private func unsupported(_ stage: String, _ found: String, _ supported: String) -> ReferenceError
  {
    fault(stage, expected: "a supported form: \(supported)", found: found)
  }

  /// The tokens to find in the text before normalisation. A token to be found in the normalised
  /// text makes no difference without a normaliser, and is refused with one.
  private func addedTokens() throws(ReferenceError) -> [AddedTokens.Token] {
    var tokens: [AddedTokens.Token] = []
    let normalizes = root["normalizer"].map { !$0.isNull } ?? false
    for (index, entry) in (root["added_tokens"]?.array ?? []).enumerated() {
      guard let content = entry["content"]?.string, let id = entry["id"]?.id else {
        throw fault(
          "added_tokens[\(index)]", expected: "a content and an id of 0 or more", found: entry.kind)
      }
      if entry["single_word"]?.bool == true {
        throw unsupported("added token", "\(content) with single_word", "single_word false")
      }
      if normalizes, entry["normalized"]?.bool == true {
        throw unsupported("added token", "\(content) with normalized", "normalized false")
      }
      tokens.append(
        AddedTokens.Token(
          content: content, id: id, takesSpaceBefore: entry["lstrip"]?.bool ?? false,
          takesSpaceAfter: entry["rstrip"]?.bool ?? false))
    }
    return tokens
  }

  private func bytePair(
    _ model: ByteJSON, _ vocabulary: Vocabulary, _ added: [AddedTokens.Token]
  ) throws(ReferenceError) -> Tokenizer {
    guard root["normalizer"]?.isNull ?? true else {
      throw unsupported("normalizer", root["normalizer"]?["type"]?.string ?? "?", "null, with BPE")
    }
    let before = root["pre_tokenizer"] ?? .null
    guard before["type"]?.string == "ByteLevel", before["use_regex"]?.bool ?? true else {
      throw unsupported(
        "pre_tokenizer", before["type"]?.string ?? before.kind, "ByteLevel with its expression")
    }
    for option in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] {
      let value = model[option] ?? .null
      guard value.isNull || value.string == "" else {
        throw unsupported("model", "BPE with \(option)", "BPE without it")
      }
    }
    for option in ["ignore_merges", "byte_fallback"] where model[option]?.bool == true {
      throw unsupported("model", "BPE with \(option)", "BPE without it")
    }
    return Tokenizer(
      kind: .roberta, vocabulary: vocabulary,
      specialTokens: try specialTokens(vocabulary, added, Vocabulary.robertaNames),
      modelMaxLength: maxLength,
      segments: ByteLevelSegmentEncoder(
        model: try BytePairEncoding(merges(model), vocabulary, file: file),
        addsPrefixSpace: before["add_prefix_space"]?.bool ?? false),
      added: added, template: try template())
  }

  private func merges(_ model: ByteJSON) throws(ReferenceError) -> [BytePairEncoding.Merge] {
    var pairs: [BytePairEncoding.Merge] = []
    var faults: [ReferenceError.Diagnostic] = []
    for (index, entry) in (model["merges"]?.array ?? []).enumerated() {
      let place = ReferenceError.Diagnostic.Place.field("model.merges[\(index)]")
      // Written as "a b" by older versions, as ["a", "b"] by newer ones.
      switch entry {
      case .string(let bytes):
        let parts = bytes.split(separator: UInt8(ascii: " "))
        if parts.count == 2 {
          pairs.append(.init(place: place, left: Array(parts[0]), right: Array(parts[1])))
          continue
        }
      case .array(let parts):
        if parts.count == 2, case .string(let left) = parts[0], case .string(let right) = parts[1] {
          pairs.append(.init(place: place, left: left, right: right))
          continue
        }
      default: break
      }
      faults.append(.init(place, found: entry.kind, expected: "two symbols"))
    }
    guard faults.isEmpty else { throw .invalid(path: file.path, faults: faults) }
    return pairs
  }

  private func wordPiece(
    _ model: ByteJSON, _ vocabulary: Vocabulary, _ added: [AddedTokens.Token]
  ) throws(ReferenceError) -> Tokenizer {
    let options = root["normalizer"] ?? .null
    guard options["type"]?.string == "BertNormalizer" else {
      throw unsupported(
        "normalizer", options["type"]?.string ?? options.kind, "BertNormalizer, with WordPiece")
    }
    let before = root["pre_tokenizer"] ?? .null
    guard before["type"]?.string == "BertPreTokenizer" else {
      throw unsupported(
        "pre_tokenizer", before["type"]?.string ?? before.kind, "BertPreTokenizer, with WordPiece")
    }
    let lowercases = options["lowercase"]?.bool ?? true
    let normalizer = BertNormalizer(
      cleansText: options["clean_text"]?.bool ?? true,
      separatesChinese: options["handle_chinese_chars"]?.bool ?? true,
      stripsAccents: options["strip_accents"]?.bool ?? lowercases, lowercases: lowercases)
    var names = Vocabulary.bertNames
    names[3] = model["unk_token"]?.string ?? names[3]
    let special = try specialTokens(vocabulary, added, names)
    let pieces = WordPiece(
      vocabulary: vocabulary.trie, unknownID: special.unknown,
      prefix: model["continuing_subword_prefix"]?.string ?? "##",
      maxWordLength: model["max_input_chars_per_word"]?.id.map(Int.init) ?? 100)
    return Tokenizer(
      kind: .bert, vocabulary: vocabulary, specialTokens: special, modelMaxLength: maxLength,
      segments: BertSegmentEncoder(model: pieces, normalizer: normalizer), added: added,
      template: try template())
  }

  /// The special tokens by their names: start, end, padding, unknown, mask. An added token may
  /// stand outside the vocabulary.
  private func specialTokens(
    _ vocabulary: Vocabulary, _ added: [AddedTokens.Token], _ names: [String]
  ) throws(ReferenceError) -> Tokenizer.SpecialTokens {
    var vocabulary = vocabulary
    for token in added { vocabulary.trie.insert(token.content.utf8, id: token.id) }
    return try vocabulary.specialTokens(names)
  }

  private func template() throws(ReferenceError) -> SpecialTokenTemplate {
    let stage = root["post_processor"] ?? .null
    switch stage["type"]?.string {
    case "RobertaProcessing":
      return .roberta(start: try pairID(stage, "cls"), end: try pairID(stage, "sep"))
    case "BertProcessing":
      return .bert(start: try pairID(stage, "cls"), end: try pairID(stage, "sep"))
    case "TemplateProcessing":
      return SpecialTokenTemplate(
        single: try parts(stage, "single"), pair: try parts(stage, "pair"))
    case let other:
      throw unsupported(
        "post_processor", other ?? stage.kind,
        "RobertaProcessing, BertProcessing, TemplateProcessing")
    }
  }

  /// The id in `["</s>", 2]`.
  private func pairID(_ stage: ByteJSON, _ name: String) throws(ReferenceError) -> Int32 {
    guard let parts = stage[name]?.array, parts.count == 2, let id = parts[1].id else {
      throw fault(
        "post_processor.\(name)", expected: "a token and its id",
        found: stage[name]?.kind ?? "nothing")
    }
    return id
  }

  private func parts(
    _ stage: ByteJSON, _ name: String
  ) throws(ReferenceError) -> [SpecialTokenTemplate.Part] {
    var parts: [SpecialTokenTemplate.Part] = []
    for (index, entry) in (stage[name]?.array ?? []).enumerated() {
      let place = "post_processor.\(name)[\(index)]"
      if let sequence = entry["Sequence"], let type = sequence["type_id"]?.id {
        parts.append(sequence["id"]?.string == "B" ? .second(type: type) : .first(type: type))
      } else if let token = entry["SpecialToken"], let type = token["type_id"]?.id,
        let key = token["id"]?.string,
        let ids = stage["special_tokens"]?[key]?["ids"]?.array?.compactMap(\.id), !ids.isEmpty
      {
        parts.append(.special(ids: ids, type: type))
      } else {
        throw fault(place, expected: "a Sequence or a known SpecialToken", found: entry.kind)
      }
    }
    guard !parts.isEmpty else {
      throw fault("post_processor.\(name)", expected: "a list of parts", found: "nothing")
    }
    return parts
  }
}
