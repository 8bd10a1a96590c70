import Foundation
import Reference

/// Models of two layers with random weights, in the forms that a model folder can have.
enum TinyModels {
  enum Form: CaseIterable {
    /// BERT with vocab.txt; BERT and RoBERTa with tokenizer.json.
    case bertVocabulary, bert, roberta

    var kind: ModelKind { self == .roberta ? .roberta : .bert }
  }

  /// Writes a model's folder: configuration, weights with a head, tokenizer.
  static func write(_ form: Form, to folder: URL) throws {
    let pieces = form == .roberta ? bytePieces : wordPieces
    let configuration = ModelConfiguration(
      kind: form.kind, vocabularySize: pieces.count, hiddenSize: 16, layerCount: 2, headCount: 2,
      intermediateSize: 32, positionCount: 48, tokenTypeCount: 2,
      paddingToken: form == .roberta ? 1 : 0)
    let engine = EncoderEngine(
      configuration: configuration, head: .classification, threadCount: 1)
    engine.initialise(seed: 1)
    try engine.save(to: folder, companionsFrom: nil)
    let fields: [String: Any] = [
      "model_type": form.kind.rawValue, "vocab_size": pieces.count, "hidden_size": 16,
      "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
      "max_position_embeddings": 48, "type_vocab_size": 2, "hidden_act": "gelu",
      "pad_token_id": configuration.paddingToken, "layer_norm_eps": 1e-5,
      "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "initializer_range": 0.02,
      "is_decoder": false, "position_embedding_type": "absolute",
    ]
    try json(fields).write(to: folder.appending(path: "config.json"))
    if form == .bertVocabulary {
      try Data((pieces.joined(separator: "\n") + "\n").utf8)
        .write(to: folder.appending(path: "vocab.txt"))
    } else {
      let document = form == .bert ? wordPieceTokenizer : byteTokenizer
      try json(document).write(to: folder.appending(path: "tokenizer.json"))
    }
  }

  private static func json(_ fields: [String: Any]) throws -> Data {
    try JSONSerialization.data(withJSONObject: fields, options: .sortedKeys)
  }

  private static let wordPieces =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", "'", "!"]
    + "abcdefghijklmnopqrstuvwxyz".flatMap { ["\($0)", "##\($0)"] } + ["the", "##ing", "sad"]

  /// RoBERTa's special tokens, GPT-2's 256 characters for bytes, and the results of the merges.
  private static let bytePieces: [String] = {
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

  private static func added(_ names: ArraySlice<String>) -> [[String: Any]] {
    names.enumerated().map {
      ["id": $0, "content": $1, "special": true, "lstrip": $1 == "<mask>", "normalized": false]
    }
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
