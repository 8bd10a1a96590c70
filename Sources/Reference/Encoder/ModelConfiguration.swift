// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// The encoder families that a checkpoint's `config.json` may name as `model_type`.
public enum ModelKind: String, Sendable, Codable, CaseIterable {
  case roberta
  case bert
  /// DeBERTa-v3; its checkpoints name version 2's model type.
  case debertaV2 = "deberta-v2"

  /// What the names of the encoder's tensors begin with, in front of a full stop.
  var tensorPrefix: String { self == .debertaV2 ? "deberta" : rawValue }
}

/// The relative positions of DeBERTa-v3's disentangled attention: query and key projections, biases
/// included, are shared with the contents, and the table of positions has a layer norm.
public struct RelativePositions: Equatable, Sendable {
  /// B; the table of relative positions has 2B rows.
  public var bucketCount: Int
  /// M: buckets grow with the logarithm of the distance up to M - 1.
  public var maximumDistance: Int

  public init(bucketCount: Int, maximumDistance: Int) {
    (self.bucketCount, self.maximumDistance) = (bucketCount, maximumDistance)
  }
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
  /// Rows of the position table. RoBERTa uses two fewer for tokens: see ``maximumLength``. DeBERTa
  /// has no such table, and this is the length of the sequences that it was trained on.
  public var positionCount: Int
  public var tokenTypeCount, paddingToken: Int
  public var layerNormEpsilon, hiddenDropout, attentionDropout: Double
  /// Dropout in front of the head's projection; the hidden one where the file names none.
  public var classifierDropout: Double
  /// Dropout in front of DeBERTa's pooler.
  public var poolerDropout: Double
  /// Standard deviation of newly initialised weights.
  public var initializerRange: Double
  /// DeBERTa's alone.
  public var relativePositions: RelativePositions?

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
    classifierDropout: Double? = nil, poolerDropout: Double = 0, initializerRange: Double = 0.02,
    relativePositions: RelativePositions? = nil
  ) {
    (self.kind, self.vocabularySize, self.hiddenSize) = (kind, vocabularySize, hiddenSize)
    (self.layerCount, self.headCount) = (layerCount, headCount)
    (self.intermediateSize, self.positionCount) = (intermediateSize, positionCount)
    (self.tokenTypeCount, self.paddingToken) = (tokenTypeCount, paddingToken)
    (self.layerNormEpsilon, self.initializerRange) = (layerNormEpsilon, initializerRange)
    (self.hiddenDropout, self.attentionDropout) = (hiddenDropout, attentionDropout)
    (self.classifierDropout, self.poolerDropout) = (
      classifierDropout ?? hiddenDropout, poolerDropout
    )
    self.relativePositions = relativePositions
  }

  /// The shape of roberta-base.
  public static let robertaBase = ModelConfiguration(
    kind: .roberta, vocabularySize: 50265, hiddenSize: 768, layerCount: 12, headCount: 12,
    intermediateSize: 3072, positionCount: 514, tokenTypeCount: 1, paddingToken: 1)

  /// The shape of deberta-v3-base.
  public static let debertaV3Base = ModelConfiguration(
    kind: .debertaV2, vocabularySize: 128100, hiddenSize: 768, layerCount: 12, headCount: 12,
    intermediateSize: 3072, positionCount: 512, tokenTypeCount: 0, paddingToken: 0,
    layerNormEpsilon: 1e-7,
    relativePositions: RelativePositions(bucketCount: 256, maximumDistance: 512))

  /// `roberta-base` or `deberta-v3-base` where every size is that encoder's; nil for another.
  public var publishedName: String? {
    let published = [
      ("roberta-base", Self.robertaBase), ("deberta-v3-base", Self.debertaV3Base),
    ]
    return published.first {
      $1.kind == kind && $1.sizes == sizes && $1.relativePositions == relativePositions
    }?.0
  }

  private var sizes: [Int] {
    [
      vocabularySize, hiddenSize, layerCount, headCount, intermediateSize, positionCount,
      tokenTypeCount, paddingToken,
    ]
  }
}

/// The regression head on the first token's state.
public enum HeadKind: String, Sendable, Codable, CaseIterable {
  /// The family's own: RoBERTa's dense, tanh, projection; BERT's pooler and classifier.
  case classification
  /// One linear projection, ŷ = w·h + b, as in the paper's equation.
  case linear
  /// The family's own with two numbers a target: the mean, and what stands for the variance of the
  /// label (``GaussianLoss``). All means come before all variances.
  case gaussian

  /// Whether a dense layer stands before the projection.
  var hasDense: Bool { self != .linear }
  /// Outputs for each target.
  var numbersPerTarget: Int { self == .gaussian ? 2 : 1 }
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
  /// What projects the table of relative positions, beside `query`.
  var key: WeightMatrix { WeightMatrix(offset: keyValue.offset, N: query.N, K: query.K) }
  var queryKey: WeightMatrix { WeightMatrix(offset: query.offset, N: 2 * query.N, K: query.K) }
}

/// Where every parameter stands in one flat buffer of floats.
public struct ParameterLayout: Sendable {
  /// In the order of the buffer, which is also the order in which a checkpoint is written.
  public private(set) var parameters: [Parameter] = []
  /// Floats in all.
  public private(set) var count = 0

  private(set) var (wordTable, positionTable, typeTable) = (0, 0, 0)
  /// The table of relative positions and its norm; DeBERTa's alone, in place of the two tables.
  private(set) var relativeTable = 0
  private(set) var relativeNorm: NormOffsets = (0, 0, 0)
  private(set) var embeddingNorm: NormOffsets = (0, 0, 0)
  private(set) var layers: [LayerOffsets] = []
  /// The head's dense weight and bias (absent for a linear head), then its projection.
  private(set) var headStart = 0
  private(set) var (denseWeight, denseBias) = (0, 0)
  private(set) var (projectionWeight, projectionBias) = (0, 0)
  /// The projection's bias, one number an output; the last parameter.
  var headBias: Parameter { parameters[parameters.count - 1] }

  public init(_ configuration: ModelConfiguration, head: HeadKind, outputCount: Int = 1) {
    precondition(outputCount > 0, "a head has an output")
    let C = configuration.hiddenSize
    let prefix = configuration.kind.tensorPrefix + "."
    let embeddings = prefix + "embeddings."
    wordTable = add(embeddings + "word_embeddings.weight", [configuration.vocabularySize, C])
    positionTable = count
    if let positions = configuration.relativePositions {
      relativeTable = add(prefix + "encoder.rel_embeddings.weight", [positions.rowCount, C])
      relativeNorm = addNorm(prefix + "encoder.", C, bias: count)
    } else {
      _ = add(embeddings + "position_embeddings.weight", [configuration.positionCount, C])
      typeTable = add(
        embeddings + "token_type_embeddings.weight", [configuration.tokenTypeCount, C])
    }
    embeddingNorm = addNorm(embeddings, C, bias: count)
    for layer in 0..<configuration.layerCount {
      addLayer("\(prefix)encoder.layer.\(layer).", configuration)
    }
    headStart = count
    let (dense, projection): (String?, String) =
      switch (head, configuration.kind) {
      case (.linear, _): (nil, "classifier.")
      case (_, .roberta): ("classifier.dense.", "classifier.out_proj.")
      case (_, .bert): ("bert.pooler.dense.", "classifier.")
      case (_, .debertaV2): ("pooler.dense.", "classifier.")
      }
    if let dense {
      denseWeight = add(dense + "weight", [C, C], head: true)
      denseBias = add(dense + "bias", [C], head: true)
    }
    projectionWeight = add(projection + "weight", [outputCount, C], head: true)
    projectionBias = add(projection + "bias", [outputCount], head: true)
  }

  /// The layers' weights, each for itself, as the products take them.
  var weights: [WeightMatrix] {
    layers.flatMap { layer in
      [layer.query, layer.keyValue, layer.out, layer.up, layer.down]
        + (relativeTable > 0 ? [layer.key] : [])
    }
  }

  private mutating func addLayer(_ layer: String, _ configuration: ModelConfiguration) {
    let (C, F) = (configuration.hiddenSize, configuration.intermediateSize)
    let attention = layer + "attention."
    let suffix = configuration.kind == .debertaV2 ? "_proj." : "."
    let inputs = ["query", "key", "value"].map { "\(attention)self.\($0)\(suffix)" }
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
