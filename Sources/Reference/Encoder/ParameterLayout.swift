// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

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

/// Offsets of a layer's tensors in the flat buffer.
///
/// Query, key and value stand together, so that one product computes all three.
struct LayerOffsets {
  let C: Int
  let F: Int
  var qkvWeight = 0
  var outWeight = 0
  var upWeight = 0
  var downWeight = 0
  /// From here to `end` stand the biases and norms.
  var small = 0
  var qkvBias = 0
  var outBias = 0
  var norm1Gain = 0
  var norm1Offset = 0
  var upBias = 0
  var downBias = 0
  var norm2Gain = 0
  var norm2Offset = 0
  var end = 0

  init(C: Int, F: Int) {
    self.C = C
    self.F = F
  }

  var query: WeightMatrix { WeightMatrix(offset: qkvWeight, N: C, K: C) }
  var keyValue: WeightMatrix { WeightMatrix(offset: qkvWeight + C * C, N: 2 * C, K: C) }
  var out: WeightMatrix { WeightMatrix(offset: outWeight, N: C, K: C) }
  var up: WeightMatrix { WeightMatrix(offset: upWeight, N: F, K: C) }
  var down: WeightMatrix { WeightMatrix(offset: downWeight, N: C, K: F) }
  /// All of them; query, key and value as two, because the last layer needs them apart.
  var weights: [WeightMatrix] { [query, keyValue, out, up, down] }
}

/// Where every parameter stands in one flat buffer of floats.
public struct ParameterLayout: Sendable {
  /// In the order of the buffer, which is also the order in which a checkpoint is written.
  public private(set) var parameters: [Parameter] = []
  /// Floats in all.
  public private(set) var count = 0

  var wordTable = 0
  var positionTable = 0
  var typeTable = 0
  var embeddingGain = 0
  var embeddingOffset = 0
  var layers: [LayerOffsets] = []
  /// The head's dense weight and bias (absent for a linear head), then its projection.
  var headStart = 0
  var denseWeight = 0
  var denseBias = 0
  var projectionWeight = 0
  var projectionBias = 0

  public init(_ configuration: ModelConfiguration, head: HeadKind) {
    let C = configuration.hiddenSize
    let prefix = configuration.kind.rawValue + "."
    let embeddings = prefix + "embeddings."
    wordTable = add(embeddings + "word_embeddings.weight", [configuration.vocabularySize, C])
    positionTable = add(
      embeddings + "position_embeddings.weight", [configuration.positionCount, C])
    typeTable = add(embeddings + "token_type_embeddings.weight", [configuration.tokenTypeCount, C])
    embeddingGain = add(embeddings + "LayerNorm.weight", [C])
    embeddingOffset = add(embeddings + "LayerNorm.bias", [C])
    for layer in 0..<configuration.layerCount {
      addLayer("\(prefix)encoder.layer.\(layer).", C: C, F: configuration.intermediateSize)
    }
    headStart = count
    switch (head, configuration.kind) {
    case (.linear, _):
      projectionWeight = add("classifier.weight", [1, C], head: true)
      projectionBias = add("classifier.bias", [1], head: true)
    case (.classification, .roberta):
      denseWeight = add("classifier.dense.weight", [C, C], head: true)
      denseBias = add("classifier.dense.bias", [C], head: true)
      projectionWeight = add("classifier.out_proj.weight", [1, C], head: true)
      projectionBias = add("classifier.out_proj.bias", [1], head: true)
    case (.classification, .bert):
      denseWeight = add("bert.pooler.dense.weight", [C, C], head: true)
      denseBias = add("bert.pooler.dense.bias", [C], head: true)
      projectionWeight = add("classifier.weight", [1, C], head: true)
      projectionBias = add("classifier.bias", [1], head: true)
    }
  }

  private mutating func addLayer(_ layer: String, C: Int, F: Int) {
    let attention = layer + "attention."
    var offsets = LayerOffsets(C: C, F: F)
    offsets.qkvWeight = add(attention + "self.query.weight", [C, C])
    _ = add(attention + "self.key.weight", [C, C])
    _ = add(attention + "self.value.weight", [C, C])
    offsets.outWeight = add(attention + "output.dense.weight", [C, C])
    offsets.upWeight = add(layer + "intermediate.dense.weight", [F, C])
    offsets.downWeight = add(layer + "output.dense.weight", [C, F])
    offsets.small = count
    offsets.qkvBias = add(attention + "self.query.bias", [C])
    _ = add(attention + "self.key.bias", [C])
    _ = add(attention + "self.value.bias", [C])
    offsets.outBias = add(attention + "output.dense.bias", [C])
    offsets.norm1Gain = add(attention + "output.LayerNorm.weight", [C])
    offsets.norm1Offset = add(attention + "output.LayerNorm.bias", [C])
    offsets.upBias = add(layer + "intermediate.dense.bias", [F])
    offsets.downBias = add(layer + "output.dense.bias", [C])
    offsets.norm2Gain = add(layer + "output.LayerNorm.weight", [C])
    offsets.norm2Offset = add(layer + "output.LayerNorm.bias", [C])
    offsets.end = count
    layers.append(offsets)
  }

  private mutating func add(_ name: String, _ shape: [Int], head: Bool = false) -> Int {
    parameters.append(Parameter(name: name, shape: shape, offset: count, isHead: head))
    defer { count += shape.reduce(1, *) }
    return count
  }
}
