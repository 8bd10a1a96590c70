// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics
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
  public var tokenTypeCount, paddingToken: Int
  public var layerNormEpsilon, hiddenDropout, attentionDropout: Double
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
    (self.kind, self.vocabularySize, self.hiddenSize) = (kind, vocabularySize, hiddenSize)
    (self.layerCount, self.headCount) = (layerCount, headCount)
    (self.intermediateSize, self.positionCount) = (intermediateSize, positionCount)
    (self.tokenTypeCount, self.paddingToken) = (tokenTypeCount, paddingToken)
    (self.layerNormEpsilon, self.initializerRange) = (layerNormEpsilon, initializerRange)
    (self.hiddenDropout, self.attentionDropout) = (hiddenDropout, attentionDropout)
    self.classifierDropout = classifierDropout ?? hiddenDropout
  }

  /// The shape of roberta-base.
  public static let robertaBase = ModelConfiguration(
    kind: .roberta, vocabularySize: 50265, hiddenSize: 768, layerCount: 12, headCount: 12,
    intermediateSize: 3072, positionCount: 514, tokenTypeCount: 1, paddingToken: 1)

  /// `roberta-base` where every size is that encoder's; nil for another.
  public var publishedName: String? {
    kind == .roberta && sizes == Self.robertaBase.sizes ? "roberta-base" : nil
  }

  private var sizes: [Int] {
    [
      vocabularySize, hiddenSize, layerCount, headCount, intermediateSize, positionCount,
      tokenTypeCount, paddingToken,
    ]
  }

  /// Reads and checks `config.json`. Throws ``ReferenceError`` with every field that is missing, out
  /// of range, or not supported (another activation than exact GELU, relative positions, a decoder).
  public init(contentsOf url: URL) throws {
    var fields = ConfigurationFields(
      document: try ByteJSON(contentsOf: url, expected: "a Hugging Face config.json"))
    let kind = fields.kind()
    fields.expect("hidden_act", oneOf: ["gelu", "gelu_python"])
    fields.expect("position_embedding_type", oneOf: ["absolute"])
    fields.check("is_decoder", expected: "false") { $0.bool != true }
    let hiddenDropout = fields.probability("hidden_dropout_prob", default: 0.1)
    self.init(
      kind: kind, vocabularySize: fields.count("vocab_size"),
      hiddenSize: fields.count("hidden_size", maximum: 1 << 20),
      layerCount: fields.count("num_hidden_layers"),
      headCount: fields.count("num_attention_heads"),
      intermediateSize: fields.count("intermediate_size", maximum: 1 << 20),
      positionCount: fields.count("max_position_embeddings"),
      tokenTypeCount: fields.count("type_vocab_size", default: 2),
      paddingToken: fields.count("pad_token_id", minimum: 0, default: kind == .roberta ? 1 : 0),
      layerNormEpsilon: fields.number("layer_norm_eps", default: 1e-12),
      hiddenDropout: hiddenDropout,
      attentionDropout: fields.probability("attention_probs_dropout_prob", default: 0.1),
      classifierDropout: fields.probability("classifier_dropout", default: hiddenDropout),
      initializerRange: fields.number("initializer_range", default: 0.02))
    let (hiddenSize, vocabularySize) = (hiddenSize, vocabularySize)
    let (heads, padding) = (headCount, paddingToken)
    // Only numbers that are in order by themselves are compared.
    if fields.faults.isEmpty {
      fields.check("num_attention_heads", expected: "a divisor of hidden_size \(hiddenSize)") { _ in
        hiddenSize % heads == 0
      }
      fields.check("pad_token_id", expected: "a token below vocab_size \(vocabularySize)") { _ in
        padding < vocabularySize
      }
      let length = maximumLength
      fields.check("max_position_embeddings", expected: "more than pad_token_id + 1") { _ in
        length > 0
      }
    }
    guard fields.faults.isEmpty else {
      throw ReferenceError.invalid(path: url.path, faults: fields.faults)
    }
  }
}

/// Typed access to the fields of `config.json`; a null counts as missing. A field with a fault is
/// noted, and its reader returns a value in range.
private struct ConfigurationFields {
  let document: ByteJSON
  private(set) var faults: [ReferenceError.Diagnostic] = []

  init(document: ByteJSON) { self.document = document }

  private func present(_ name: String) -> ByteJSON? {
    document[name].flatMap { $0.isNull ? nil : $0 }
  }

  private mutating func note(_ name: String, expected: String) {
    faults.append(
      .init(.field(name), found: present(name)?.kind ?? "nothing", expected: expected))
  }

  /// Notes a fault where the field is there and does not fit.
  mutating func check(_ name: String, expected: String, _ fits: (ByteJSON) -> Bool) {
    if !(present(name).map(fits) ?? true) { note(name, expected: expected) }
  }

  mutating func expect(_ name: String, oneOf values: [String]) {
    check(name, expected: values.joined(separator: " or ")) { values.contains($0.string ?? "") }
  }

  mutating func kind() -> ModelKind {
    if let kind = present("model_type")?.string.flatMap(ModelKind.init) { return kind }
    note("model_type", expected: "roberta or bert")
    return .roberta
  }

  /// A width is at most 2^20, so that the sizes of the tensors of any number of layers add up.
  mutating func count(
    _ name: String, minimum: Int = 1, maximum: Int = 1 << 24, default standard: Int? = nil
  ) -> Int {
    if present(name) == nil, let standard { return standard }
    if let count = present(name)?.count, (minimum...maximum).contains(count) { return count }
    note(name, expected: "a whole number from \(minimum) to \(maximum)")
    return minimum
  }

  mutating func number(
    _ name: String, default standard: Double, expected: String = "a positive number",
    _ fits: (Double) -> Bool = { $0 > 0 }
  ) -> Double {
    check(name, expected: expected) { $0.number.map(fits) ?? false }
    return present(name)?.number ?? standard
  }

  mutating func probability(_ name: String, default standard: Double) -> Double {
    number(name, default: standard, expected: "a probability below 1") { (0..<1).contains($0) }
  }
}

/// The regression head on the first token's state.
public enum HeadKind: String, Sendable, Codable, CaseIterable {
  /// The family's own: RoBERTa's dense, tanh, projection; BERT's pooler and classifier.
  case classification
  /// One linear projection, ŷ = w·h + b, as in the paper's equation.
  case linear
}

/// A named tensor inside the flat parameter buffer.
public struct Parameter: Equatable, Sendable {
  /// Its name in a checkpoint of the sequence classification model, prefix included.
  public let name: String
  /// Row-major shape; a weight is (out, in).
  public let shape: [Int]
  /// Index of its first element in the flat buffer.
  public let offset: Int
  public var count: Int { shape.reduce(1, *) }
  public var range: Range<Int> { offset..<(offset + count) }
  /// Whether the tensor belongs to the head, which a pretrained encoder lacks.
  public let isHead: Bool
}

/// Offsets of a norm and of the bias before it in the flat buffer.
typealias NormOffsets = (bias: Int, gain: Int, offset: Int)

/// Offsets of a layer's tensors in the flat buffer. Query, key and value stand together, so that
/// one product computes keys and values, which the last layer needs without the queries.
struct LayerOffsets {
  let query, keyValue, out, up, down: WeightMatrix
  let qkvBias: Int
  let norm1: NormOffsets
  let upBias: Int
  let norm2: NormOffsets
  /// Where the biases and norms stand.
  let small: Range<Int>
  var inputs: WeightMatrix { WeightMatrix(offset: query.offset, N: 3 * query.N, K: query.K) }
  var weights: [WeightMatrix] { [query, keyValue, out, up, down] }
}

/// Where every parameter stands in one flat buffer of floats.
public struct ParameterLayout: Sendable {
  /// In the order of the buffer, which is also the order in which a checkpoint is written.
  public private(set) var parameters: [Parameter] = []
  /// Floats in all.
  public private(set) var count = 0

  private(set) var (wordTable, positionTable, typeTable) = (0, 0, 0)
  private(set) var embeddingNorm: NormOffsets = (0, 0, 0)
  private(set) var layers: [LayerOffsets] = []
  /// The head's dense weight and bias (absent for a linear head), then its projection.
  private(set) var headStart = 0
  private(set) var (denseWeight, denseBias) = (0, 0)
  private(set) var (projectionWeight, projectionBias) = (0, 0)

  public init(_ configuration: ModelConfiguration, head: HeadKind) {
    let C = configuration.hiddenSize
    let prefix = configuration.kind.rawValue + "."
    let embeddings = prefix + "embeddings."
    wordTable = add(embeddings + "word_embeddings.weight", [configuration.vocabularySize, C])
    positionTable = add(
      embeddings + "position_embeddings.weight", [configuration.positionCount, C])
    typeTable = add(embeddings + "token_type_embeddings.weight", [configuration.tokenTypeCount, C])
    embeddingNorm = addNorm(embeddings, C, bias: count)
    for layer in 0..<configuration.layerCount {
      addLayer("\(prefix)encoder.layer.\(layer).", C: C, F: configuration.intermediateSize)
    }
    headStart = count
    let (dense, projection): (String?, String) =
      switch (head, configuration.kind) {
      case (.linear, _): (nil, "classifier.")
      case (.classification, .roberta): ("classifier.dense.", "classifier.out_proj.")
      case (.classification, .bert): ("bert.pooler.dense.", "classifier.")
      }
    if let dense {
      denseWeight = add(dense + "weight", [C, C], head: true)
      denseBias = add(dense + "bias", [C], head: true)
    }
    projectionWeight = add(projection + "weight", [1, C], head: true)
    projectionBias = add(projection + "bias", [1], head: true)
  }

  private mutating func addLayer(_ layer: String, C: Int, F: Int) {
    let attention = layer + "attention."
    let inputs = ["query", "key", "value"].map { "\(attention)self.\($0)." }
    let weights = inputs.map { add($0 + "weight", [C, C]) }
    let out = add(attention + "output.dense.weight", [C, C])
    let up = add(layer + "intermediate.dense.weight", [F, C])
    let down = add(layer + "output.dense.weight", [C, F])
    let small = count
    let biases = inputs.map { add($0 + "bias", [C]) }
    let outBias = add(attention + "output.dense.bias", [C])
    let norm1 = addNorm(attention + "output.", C, bias: outBias)
    let upBias = add(layer + "intermediate.dense.bias", [F])
    let downBias = add(layer + "output.dense.bias", [C])
    let norm2 = addNorm(layer + "output.", C, bias: downBias)
    layers.append(
      LayerOffsets(
        query: WeightMatrix(offset: weights[0], N: C, K: C),
        keyValue: WeightMatrix(offset: weights[1], N: 2 * C, K: C),
        out: WeightMatrix(offset: out, N: C, K: C), up: WeightMatrix(offset: up, N: F, K: C),
        down: WeightMatrix(offset: down, N: C, K: F), qkvBias: biases[0], norm1: norm1,
        upBias: upBias, norm2: norm2, small: small..<count))
  }

  private mutating func addNorm(_ prefix: String, _ C: Int, bias: Int) -> NormOffsets {
    let gain = add(prefix + "LayerNorm.weight", [C])
    return (bias, gain, add(prefix + "LayerNorm.bias", [C]))
  }

  private mutating func add(_ name: String, _ shape: [Int], head: Bool = false) -> Int {
    parameters.append(Parameter(name: name, shape: shape, offset: count, isHead: head))
    defer { count += shape.reduce(1, *) }
    return count
  }
}
