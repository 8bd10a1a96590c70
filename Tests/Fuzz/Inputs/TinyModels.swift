import Basics
import Foundation
import Reference
import TestFiles

/// Models of two layers with random weights, in the forms that a model folder can have.
enum TinyModels {
  enum Form: CaseIterable {
    /// BERT with vocab.txt and DeBERTa with spm.model; all families with tokenizer.json.
    case bertVocabulary, debertaPieces, bert, roberta, deberta

    var kind: ModelKind {
      switch self {
      case .bertVocabulary, .bert: .bert
      case .roberta: .roberta
      case .debertaPieces, .deberta: .debertaV2
      }
    }

    fileprivate var vocabularySize: Int {
      switch kind {
      case .bert: wordPieces.count
      case .roberta: bytePieces.count
      // The mask, and rows to spare.
      case .debertaV2: pieceModel.pieces.count + 4
      }
    }
  }

  /// Writes a model's folder: configuration, weights with a head, tokenizer.
  static func write(_ form: Form, to folder: URL) throws {
    let isDeberta = form.kind == .debertaV2
    let configuration = ModelConfiguration(
      kind: form.kind, vocabularySize: form.vocabularySize, hiddenSize: 16, layerCount: 2,
      headCount: 2,
      intermediateSize: 32, positionCount: 48, tokenTypeCount: isDeberta ? 0 : 2,
      paddingToken: form == .roberta ? 1 : 0,
      relativePositions: isDeberta
        ? RelativePositions(bucketCount: 4, maximumDistance: 48) : nil)
    let engine = EncoderEngine(
      configuration: configuration, head: .classification, threadCount: 1)
    engine.initialise(seed: 1)
    try engine.save(to: folder, companionsFrom: nil)
    var fields: [String: Any] = [
      "model_type": form.kind.rawValue, "vocab_size": form.vocabularySize, "hidden_size": 16,
      "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
      "max_position_embeddings": 48, "type_vocab_size": 2, "hidden_act": "gelu",
      "pad_token_id": configuration.paddingToken, "layer_norm_eps": 1e-5,
      "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "initializer_range": 0.02,
      "is_decoder": false, "position_embedding_type": "absolute",
    ]
    if isDeberta {
      fields.merge([
        "type_vocab_size": 0, "position_biased_input": false, "relative_attention": true,
        "position_buckets": 4, "norm_rel_ebd": "layer_norm", "share_att_key": true,
        "pos_att_type": "p2c|c2p", "max_relative_positions": -1,
      ]) { $1 }
    }
    try json(fields).write(to: folder.appending(path: "config.json"))
    switch form {
    case .bertVocabulary:
      try Data((wordPieces.joined(separator: "\n") + "\n").utf8)
        .write(to: folder.appending(path: "vocab.txt"))
    case .debertaPieces:
      try Data(pieceModel.bytes).write(to: folder.appending(path: "spm.model"))
    case .bert: try json(wordPieceTokenizer).write(to: folder.appending(path: "tokenizer.json"))
    case .roberta: try json(byteTokenizer).write(to: folder.appending(path: "tokenizer.json"))
    case .deberta: try json(unigramTokenizer).write(to: folder.appending(path: "tokenizer.json"))
    }
  }

  private static func json(_ fields: [String: Any]) throws -> Data {
    try JSONSerialization.data(withJSONObject: fields, options: .sortedKeys)
  }

  fileprivate static let wordPieces =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", "'", "!"]
    + "abcdefghijklmnopqrstuvwxyz".flatMap { ["\($0)", "##\($0)"] } + ["the", "##ing", "sad"]

  /// RoBERTa's special tokens, GPT-2's 256 characters for bytes, and the results of the merges.
  fileprivate static let bytePieces: [String] = {
    var pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    var next = UInt32(0x100)
    for byte in UInt32(0)..<256 {
      let isVisible = 0x21...0x7E ~= byte || byte >= 0xA1 && byte != 0xAD
      pieces.append(Unicode.Scalar(isVisible ? byte : next).map(String.init) ?? "")
      next += isVisible ? 0 : 1
    }
    return pieces + merges.map { $0.joined() }
  }()

  private static let merges = [["t", "h"], ["th", "e"], ["Ġ", "the"], ["s", "a"], ["sa", "d"]]

  private static func vocabulary(_ pieces: [String]) -> [String: Int] {
    Dictionary(pieces.enumerated().map { ($1, $0) }) { first, _ in first }
  }

  private static func added(_ names: some Sequence<String>) -> [[String: Any]] {
    names.enumerated().map {
      ["id": $0, "content": $1, "special": true, "lstrip": $1 == "<mask>", "normalized": false]
    }
  }

  /// DeBERTa's special tokens, letters and a few words, with a map from A to a.
  fileprivate static let pieceModel: PieceModel = {
    var model = PieceModel(
      [("<0x0A>", 0, 6), ("▁", -3, 1), ("▁the", -3.5, 1), ("▁sad", -5, 1), ("ness", -6, 1)]
        + "abcdefghijklmnopqrstuvwxyz.,'!:".map { ("\($0)", -7, 1) })
    model.map = PieceModel.map("A", to: "a")
    return model
  }()

  /// The piece model with one to three changes in its fields.
  static func changedPieces(_ random: inout SplitMix64) -> [UInt8] {
    var model = pieceModel
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let place = Int.random(in: 0..<model.pieces.count, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0:
        let texts = ["", "▁", "[MASK]", "[UNK]", "a b", " ", "\u{0}", "▁▁▁", "\u{301}", "the▁"]
        model.pieces[place].text = texts.randomElement(using: &random) ?? ""
      case 1:
        let scores: [Float] = [.nan, .infinity, -3e38, 3e38, 0, 1e-45, -1e30]
        model.pieces[place].score = scores.randomElement(using: &random) ?? 0
      case 2: model.pieces[place].type = UInt64.random(in: 0...7, using: &random)
      case 3: model.pieces.remove(at: place)
      case 4:
        let piece = (String(repeating: "a", count: 5000), Float(-1), UInt64(1))
        model.pieces.insert(piece, at: place)
      case 5: model.unknownID = [0, 3, 4, .max].randomElement(using: &random) ?? 0
      case 6: model.modelType = UInt64.random(in: 0...5, using: &random)
      default:
        for _ in 0..<Int.random(in: 1...20, using: &random) {
          let byte = Int.random(in: 0..<model.map.count, using: &random)
          model.map[byte] = UInt8.random(in: 0...255, using: &random)
        }
      }
      if model.pieces.isEmpty { break }
    }
    return model.bytes
  }

  private static var unigramTokenizer: [String: Any] {
    func special(_ name: String, _ type: Int) -> [String: Any] {
      ["SpecialToken": ["id": name, "type_id": type]]
    }
    func sequence(_ name: String, _ type: Int) -> [String: Any] {
      ["Sequence": ["id": name, "type_id": type]]
    }
    let single = [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)]
    let names = pieceModel.pieces.prefix(4).map(\.text)
    var tokens = added(names)
    tokens[3]["normalized"] = true
    tokens.append(["id": pieceModel.pieces.count, "content": "[MASK]", "special": true])
    return [
      "version": "1.0", "added_tokens": tokens,
      "normalizer": [
        "type": "Sequence",
        "normalizers": [
          ["type": "Strip", "strip_left": true, "strip_right": true],
          [
            "type": "Precompiled",
            "precompiled_charsmap": Data(pieceModel.map).base64EncodedString(),
          ],
          ["type": "Replace", "pattern": ["Regex": " {2,}"], "content": " "],
        ] as [[String: Any]],
      ] as [String: Any],
      "pre_tokenizer": ["type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"],
      "post_processor": [
        "type": "TemplateProcessing", "single": single,
        "pair": single + [sequence("B", 1), special("[SEP]", 1)],
        "special_tokens": [
          "[CLS]": ["id": "[CLS]", "ids": [1]], "[SEP]": ["id": "[SEP]", "ids": [2]],
        ],
      ] as [String: Any],
      "model": [
        "type": "Unigram", "unk_id": 3, "byte_fallback": false,
        "vocab": pieceModel.pieces.map { [$0.text, Double($0.score)] as [Any] },
      ] as [String: Any],
    ]
  }

  private static var wordPieceTokenizer: [String: Any] {
    func special(_ name: String) -> [String: Any] { ["SpecialToken": ["id": name, "type_id": 0]] }
    func sequence(_ name: String) -> [String: Any] { ["Sequence": ["id": name, "type_id": 0]] }
    let single = [special("[CLS]"), sequence("A"), special("[SEP]")]
    return [
      "version": "1.0", "added_tokens": added(wordPieces.prefix(5)),
      "normalizer": [
        "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
        "strip_accents": NSNull(), "lowercase": true,
      ] as [String: Any],
      "pre_tokenizer": ["type": "BertPreTokenizer"],
      "post_processor": [
        "type": "TemplateProcessing", "single": single,
        "pair": single + [sequence("B"), special("[SEP]")],
        "special_tokens": [
          "[CLS]": ["id": "[CLS]", "ids": [2]], "[SEP]": ["id": "[SEP]", "ids": [3]],
        ],
      ] as [String: Any],
      "model": [
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100, "vocab": vocabulary(wordPieces),
      ] as [String: Any],
    ]
  }

  private static var byteTokenizer: [String: Any] {
    [
      "version": "1.0", "added_tokens": added(bytePieces.prefix(5)), "normalizer": NSNull(),
      "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false, "use_regex": true]
        as [String: Any],
      "post_processor": ["type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]]
        as [String: Any],
      "model": [
        "type": "BPE", "dropout": NSNull(), "vocab": vocabulary(bytePieces),
        "merges": merges.map { $0.joined(separator: " ") },
      ] as [String: Any],
    ]
  }
}
