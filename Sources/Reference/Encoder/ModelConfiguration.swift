public import Foundation

/// The encoder families that a checkpoint's `config.json` may name as `model_type`.
public enum ModelKind: String, Sendable, Codable, CaseIterable {
  case roberta
  case bert
}

/// What `config.json` of a Hugging Face model directory says about an encoder.
public struct ModelConfiguration: Equatable, Sendable {
  public var kind: ModelKind
  public var vocabularySize: Int
  /// C, the width of a hidden state.
  public var hiddenSize: Int
  public var layerCount: Int
  /// H; divides ``hiddenSize``.
  public var headCount: Int
  public var intermediateSize: Int
  /// Rows of the position table. RoBERTa uses two fewer for tokens: see ``maximumLength``.
  public var positionCount: Int
  public var tokenTypeCount: Int
  public var paddingToken: Int
  public var layerNormEpsilon: Double
  public var hiddenDropout: Double
  public var attentionDropout: Double
  /// Dropout in front of the head's projection; the hidden one where the file names none.
  public var classifierDropout: Double
  /// Standard deviation of newly initialised weights.
  public var initializerRange: Double

  /// Channels of an attention head.
  public var headSize: Int { hiddenSize / headCount }

  /// The longest sequence: RoBERTa's positions start at the padding index + 1.
  public var maximumLength: Int {
    kind == .roberta ? positionCount - paddingToken - 1 : positionCount
  }

  public init(
    kind: ModelKind, vocabularySize: Int, hiddenSize: Int, layerCount: Int, headCount: Int,
    intermediateSize: Int, positionCount: Int, tokenTypeCount: Int, paddingToken: Int,
    layerNormEpsilon: Double = 1e-5, hiddenDropout: Double = 0.1, attentionDropout: Double = 0.1,
    classifierDropout: Double? = nil, initializerRange: Double = 0.02
  ) {
    self.kind = kind
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.layerCount = layerCount
    self.headCount = headCount
    self.intermediateSize = intermediateSize
    self.positionCount = positionCount
    self.tokenTypeCount = tokenTypeCount
    self.paddingToken = paddingToken
    self.layerNormEpsilon = layerNormEpsilon
    self.hiddenDropout = hiddenDropout
    self.attentionDropout = attentionDropout
    self.classifierDropout = classifierDropout ?? hiddenDropout
    self.initializerRange = initializerRange
  }

  /// The published shape of roberta-base.
  public static let robertaBase = ModelConfiguration(
    kind: .roberta, vocabularySize: 50265, hiddenSize: 768, layerCount: 12, headCount: 12,
    intermediateSize: 3072, positionCount: 514, tokenTypeCount: 1, paddingToken: 1)

  /// Reads and checks `config.json`.
  ///
  /// Throws ``ReferenceError/invalid(path:faults:)`` for a field that is missing, out of range, or
  /// asks for what the encoder does not support (an activation other than exact GELU, relative
  /// positions, decoder mode).
  public init(contentsOf url: URL) throws {
    let fields = ConfigurationFields(
      file: url,
      document: try ByteJSON(contentsOf: url, expected: "a Hugging Face config.json"))
    guard let kind = ModelKind(rawValue: try fields.text("model_type")) else {
      throw fields.fault("model_type", expected: "roberta or bert")
    }
    try fields.expect("hidden_act", oneOf: ["gelu", "gelu_python"])
    try fields.expect("position_embedding_type", oneOf: ["absolute"])
    if fields.document["is_decoder"]?.bool == true {
      throw fields.fault("is_decoder", expected: "false")
    }
    let hiddenDropout = try fields.probability("hidden_dropout_prob", default: 0.1)
    self.init(
      kind: kind,
      vocabularySize: try fields.count("vocab_size"),
      hiddenSize: try fields.count("hidden_size"),
      layerCount: try fields.count("num_hidden_layers"),
      headCount: try fields.count("num_attention_heads"),
      intermediateSize: try fields.count("intermediate_size"),
      positionCount: try fields.count("max_position_embeddings"),
      tokenTypeCount: try fields.count("type_vocab_size", default: 2),
      paddingToken: try fields.count("pad_token_id", minimum: 0, default: kind == .roberta ? 1 : 0),
      layerNormEpsilon: try fields.number("layer_norm_eps", default: 1e-12),
      hiddenDropout: hiddenDropout,
      attentionDropout: try fields.probability("attention_probs_dropout_prob", default: 0.1),
      classifierDropout: try fields.probability("classifier_dropout", default: hiddenDropout),
      initializerRange: try fields.number("initializer_range", default: 0.02))
    guard hiddenSize % headCount == 0 else {
      throw fields.fault("num_attention_heads", expected: "a divisor of hidden_size \(hiddenSize)")
    }
    guard paddingToken < vocabularySize else {
      throw fields.fault("pad_token_id", expected: "a token below vocab_size \(vocabularySize)")
    }
    guard maximumLength > 0 else {
      throw fields.fault("max_position_embeddings", expected: "more than pad_token_id + 1")
    }
  }
}

/// Typed access to the fields of `config.json`; a null counts as missing.
private struct ConfigurationFields {
  let file: URL
  let document: ByteJSON

  private func present(_ name: String) -> ByteJSON? {
    document[name].flatMap { $0.isNull ? nil : $0 }
  }

  func fault(_ name: String, expected: String) -> ReferenceError {
    .invalid(
      file, at: .field(name), found: present(name)?.kind ?? "nothing", expected: expected)
  }

  func text(_ name: String) throws -> String {
    guard let text = present(name)?.string else { throw fault(name, expected: "a text") }
    return text
  }

  func expect(_ name: String, oneOf values: [String]) throws {
    guard let value = present(name) else { return }
    guard let text = value.string, values.contains(text) else {
      throw fault(name, expected: values.joined(separator: " or "))
    }
  }

  func count(_ name: String, minimum: Int = 1, default standard: Int? = nil) throws -> Int {
    if present(name) == nil, let standard { return standard }
    guard let count = present(name)?.count, (minimum...1 << 24).contains(count) else {
      throw fault(name, expected: "a whole number from \(minimum) to \(1 << 24)")
    }
    return count
  }

  func number(_ name: String, default standard: Double) throws -> Double {
    guard let value = present(name) else { return standard }
    guard let number = value.number, number > 0 else {
      throw fault(name, expected: "a positive number")
    }
    return number
  }

  func probability(_ name: String, default standard: Double) throws -> Double {
    guard let value = present(name) else { return standard }
    guard let number = value.number, (0..<1).contains(number) else {
      throw fault(name, expected: "a probability below 1")
    }
    return number
  }
}
