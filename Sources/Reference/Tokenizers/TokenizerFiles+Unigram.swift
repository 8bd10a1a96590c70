import Basics
import Foundation

extension TokenizerFiles {
  /// DeBERTa from `spm.model`, as `DebertaV2TokenizerFast` of transformers 4 reads it: without byte
  /// fallback, and with the flags of added tokens from `tokenizer_config.json`, else
  /// `added_tokens.json`.
  func deberta() throws(ReferenceError) -> Tokenizer {
    let file = url("spm.model")
    let model = try SentencePieceModel(contentsOf: file)
    let options = try config()
    for option in ["do_lower_case", "split_by_punct"] where options[option]?.bool == true {
      throw .invalid(
        url("tokenizer_config.json"), at: .field(option), found: "true",
        expected: "false: this form is not supported")
    }
    let vocabulary = try Vocabulary(pieces: model.pieces.map(\.text), file: file) {
      .field("piece \($0)")
    }
    var added = AddedTokenTable(vocabulary)
    for (id, piece) in model.pieces.enumerated()
    where piece.type == .control || piece.type == .userDefined {
      added.add(AddedTokens.Token(content: piece.text, id: Int32(id)))
    }
    try addTokens(options, to: &added)
    let tokens = added.tokens
    return Tokenizer(
      kind: .debertaV2, vocabulary: vocabulary,
      special: try vocabulary.specialTokens(Vocabulary.bertNames, tokens),
      segments: UnigramSegmentEncoder(
        model: Unigram(
          pieces: vocabulary.trie, scores: model.pieces.map(\.score),
          unknownID: Int32(model.unknownID)),
        normalizer: UnigramNormalizer(map: model.map), added: tokens), added: tokens)
  }

  /// Adds the tokens that the folder's files name, then the special ones that they leave out:
  /// `[UNK]` is found in the normalised text, `[MASK]` is not.
  private func addTokens(_ options: ByteJSON, to added: inout AddedTokenTable)
    throws(ReferenceError)
  {
    var named = options
    if let decoder = options["added_tokens_decoder"] {
      let file = url("tokenizer_config.json")
      for member in try members(decoder, file).sorted(by: { $0.id < $1.id }) {
        guard let content = member.value["content"]?.string else {
          throw .invalid(
            file, at: .field("added_tokens_decoder.\(member.id)"), found: member.value.kind,
            expected: "a token with its content")
        }
        try added.add(content, id: member.id, options: member.value, file: file)
      }
    } else {
      let map = try document("special_tokens_map.json")
      if case .object(let own) = options, case .object(let more) = map {
        named = .object(own + more)
      } else if options.isNull {
        named = map
      }
      try addLegacyTokens(named, to: &added)
    }
    for (role, name) in zip(["unk", "mask"], ["[UNK]", "[MASK]"]) where !added.contains(name) {
      let token = named["\(role)_token"] ?? .null
      added.add(
        name, options: token, normalized: token["normalized"]?.bool ?? (role == "unk"))
    }
  }

  /// The tokens of `added_tokens.json`; one that no file names as special is found in the
  /// normalised text.
  private func addLegacyTokens(_ named: ByteJSON, to added: inout AddedTokenTable)
    throws(ReferenceError)
  {
    let file = url("added_tokens.json")
    let tokens = try document("added_tokens.json")
    guard !tokens.isNull else { return }
    let special = Set(
      (named.members ?? []).filter { String(decoding: $0.name, as: UTF8.self).hasSuffix("_token") }
        .compactMap { $0.value.string ?? $0.value["content"]?.string })
    var entries: [(name: String, id: Int32)] = []
    for member in tokens.members ?? [] {
      let name = String(decoding: member.name, as: UTF8.self)
      guard let id = member.value.id else {
        throw .invalid(
          file, at: .field(name), found: member.value.kind, expected: "an id of 0 or more")
      }
      entries.append((name, id))
    }
    for (name, id) in entries.sorted(by: { $0.id < $1.id }) {
      let options = ByteJSON.object([
        .init(name: Array("normalized".utf8), value: .bool(!special.contains(name)))
      ])
      try added.add(name, id: id, options: options, file: file)
    }
  }

  /// The members of `added_tokens_decoder`, whose names are ids.
  private func members(_ decoder: ByteJSON, _ file: URL) throws(ReferenceError)
    -> [(id: Int32, value: ByteJSON)]
  {
    var members: [(id: Int32, value: ByteJSON)] = []
    for member in decoder.members ?? [] {
      let name = String(decoding: member.name, as: UTF8.self)
      guard let id = Int32(name), id >= 0 else {
        throw .invalid(
          file, at: .field("added_tokens_decoder"), found: name, expected: "an id of 0 or more")
      }
      members.append((id, member.value))
    }
    return members
  }
}

/// The added tokens of a folder as they are found, file by file; a later one of the same content
/// replaces the earlier one.
private struct AddedTokenTable {
  private let vocabulary: Vocabulary
  private var places: [[UInt8]: Int] = [:]
  private(set) var tokens: [AddedTokens.Token] = []
  /// The id of the next token that the vocabulary does not have.
  private var nextID: Int32

  init(_ vocabulary: Vocabulary) {
    (self.vocabulary, nextID) = (vocabulary, Int32(vocabulary.size))
  }

  func contains(_ name: String) -> Bool { places[Array(name.utf8)] != nil }

  mutating func add(_ token: AddedTokens.Token) {
    if let place = places[token.content] {
      tokens[place] = token
    } else {
      places[token.content] = tokens.count
      tokens.append(token)
      nextID = max(nextID, token.id + 1)
    }
  }

  /// Adds `name` with the id that it has already, or the next one.
  mutating func add(_ name: String, options: ByteJSON, normalized: Bool) {
    let content = Array(name.utf8)
    var token = AddedTokens.Token(
      content: content, id: vocabulary.trie.id(of: content) ?? nextID, options: options)
    token.isNormalized = normalized
    add(token)
  }

  /// Adds `name`, whose `id` has to be the vocabulary's or the next one: an id is a row of the
  /// embeddings.
  mutating func add(_ name: String, id: Int32, options: ByteJSON, file: URL)
    throws(ReferenceError)
  {
    let content = Array(name.utf8)
    let known = places[content].map { tokens[$0].id }
    let expected = known ?? vocabulary.trie.id(of: content) ?? nextID
    guard id == expected, options["single_word"]?.bool != true, !content.isEmpty else {
      throw .invalid(
        file, at: .field("token \(name)"),
        found: id == expected ? "no text, or single_word" : "id \(id)",
        expected: "id \(expected) and no single_word")
    }
    add(AddedTokens.Token(content: content, id: id, options: options))
  }
}

extension TokenizerDocument {
  /// DeBERTa's form of a unigram tokenizer, as transformers 4 writes it.
  func unigram(_ model: ByteJSON, _ added: [AddedTokens.Token]) throws(ReferenceError) -> Tokenizer
  {
    guard model["byte_fallback"]?.bool != true else {
      throw unsupported("model", "Unigram with byte_fallback", "Unigram without it")
    }
    let (pieces, scores) = try scoredPieces(model)
    let vocabulary = try Vocabulary(pieces: pieces, file: file) { .field("model.vocab[\($0)]") }
    guard let unknown = model["unk_id"]?.id, Int(unknown) < pieces.count else {
      throw fault(
        "model.unk_id", expected: "the id of a piece", found: model["unk_id"]?.kind ?? "nothing")
    }
    try checkMetaspace()
    return Tokenizer(
      kind: .debertaV2, vocabulary: vocabulary,
      special: try vocabulary.specialTokens(Vocabulary.bertNames, added),
      segments: UnigramSegmentEncoder(
        model: Unigram(pieces: vocabulary.trie, scores: scores, unknownID: unknown),
        normalizer: UnigramNormalizer(map: try characterMap()), added: added), added: added,
      template: try template())
  }

  /// The entries of `model.vocab`, each a piece and its score.
  private func scoredPieces(_ model: ByteJSON) throws(ReferenceError) -> ([[UInt8]], [Double]) {
    var pieces: [[UInt8]] = []
    var scores: [Double] = []
    for (index, entry) in (model["vocab"]?.array ?? []).enumerated() {
      guard let pair = entry.array, pair.count == 2, case .string(let piece) = pair[0],
        !piece.isEmpty, let score = pair[1].number
      else {
        throw fault(
          "model.vocab[\(index)]", expected: "a piece and its score", found: entry.kind)
      }
      pieces.append(piece)
      scores.append(score)
    }
    return (pieces, scores)
  }

  private static let forms = """
    Sequence of Strip (both ends), Precompiled and Replace of " {2,}" by " ", \
    as transformers 4 writes it (5 leaves out the map: remove tokenizer.json, and spm.model is read)
    """

  /// The map of the normaliser, whose other stages have to be DeBERTa's.
  private func characterMap() throws(ReferenceError) -> CharacterMap {
    let stages = root["normalizer"]?["normalizers"]?.array ?? []
    let types = stages.map { $0["type"]?.string ?? $0.kind }
    guard types == ["Strip", "Precompiled", "Replace"] || types == ["Strip", "Replace"],
      ["strip_left", "strip_right"].allSatisfy({ stages[0][$0]?.bool == true }),
      let last = stages.last, last["pattern"]?["Regex"]?.string == " {2,}",
      last["content"]?.string == " "
    else {
      let found = root["normalizer"]?["type"]?.string ?? root["normalizer"]?.kind ?? "nothing"
      throw unsupported(
        "normalizer", types.isEmpty ? found : types.joined(separator: ", "), Self.forms)
    }
    guard types.count == 3 else { return CharacterMap() }
    guard let text = stages[1]["precompiled_charsmap"]?.string,
      let bytes = Data(base64Encoded: text), let map = CharacterMap(Array(bytes))
    else {
      throw fault(
        "normalizer.precompiled_charsmap", expected: "a map of characters in base 64",
        found: stages[1]["precompiled_charsmap"]?.kind ?? "nothing")
    }
    return map
  }

  /// Refuses every pre-tokenizer but "▁" in front of each word.
  private func checkMetaspace() throws(ReferenceError) {
    let stage = root["pre_tokenizer"] ?? .null
    let parts = stage["type"]?.string == "Sequence" ? stage["pretokenizers"]?.array ?? [] : [stage]
    // Files of 2021 have a flag in place of the scheme.
    let prepends = parts.first.map {
      $0["prepend_scheme"]?.string ?? ($0["add_prefix_space"]?.bool == true ? "always" : "")
    }
    guard parts.count == 1, parts[0]["type"]?.string == "Metaspace", prepends == "always",
      parts[0]["replacement"]?.string == "▁", parts[0]["split"]?.bool != false
    else {
      let found = parts.map { $0["type"]?.string ?? $0.kind }.joined(separator: ", ")
      throw unsupported(
        "pre_tokenizer", found, "Metaspace alone, with ▁ in front of every word")
    }
  }
}
