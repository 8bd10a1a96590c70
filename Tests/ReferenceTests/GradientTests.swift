import Reference
import TestSupport
import Testing

/// The backward pass against central differences of the forward pass, on shapes so small that
/// every parameter can be moved.
@Suite("Gradients against central differences")
struct GradientTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var kind: ModelKind
    var head: HeadKind
    var dropout: Double
    var layers = 2
    var outputs = 1
    var testDescription: String {
      "\(kind) \(head) dropout \(dropout) layers \(layers) outputs \(outputs)"
    }

    var configuration: ModelConfiguration {
      ModelConfiguration(
        kind: kind, vocabularySize: 11, hiddenSize: 6, layerCount: layers, headCount: 2,
        intermediateSize: 5, positionCount: 9, tokenTypeCount: 2, paddingToken: 1,
        hiddenDropout: dropout, attentionDropout: dropout, poolerDropout: dropout,
        initializerRange: 0.4,
        relativePositions: kind == .debertaV2
          ? RelativePositions(bucketCount: 4, maximumDistance: 8) : nil)
    }
  }

  static let shapes = [
    Shape(kind: .roberta, head: .classification, dropout: 0),
    Shape(kind: .bert, head: .classification, dropout: 0),
    Shape(kind: .bert, head: .linear, dropout: 0),
    Shape(kind: .roberta, head: .classification, dropout: 0.3),
    Shape(kind: .bert, head: .classification, dropout: 0.3),
    Shape(kind: .roberta, head: .linear, dropout: 0.3),
    Shape(kind: .roberta, head: .classification, dropout: 0.3, layers: 1),
    Shape(kind: .roberta, head: .classification, dropout: 0.3, outputs: 3),
    Shape(kind: .bert, head: .classification, dropout: 0, outputs: 2),
    Shape(kind: .bert, head: .linear, dropout: 0.3, outputs: 2),
    Shape(kind: .debertaV2, head: .classification, dropout: 0),
    Shape(kind: .debertaV2, head: .classification, dropout: 0.3),
    Shape(kind: .debertaV2, head: .linear, dropout: 0.3, layers: 1),
  ]

  /// Four points, error of order step⁴; rounding adds about loss·2^-23/step = 1e-4 here.
  static let step: Float = 1.0 / 64
  static let tolerance = 1e-3

  @Test("every parameter, with and without dropout", arguments: shapes)
  func everyParameter(shape: Shape) throws {
    let engine = EncoderEngine(
      configuration: shape.configuration, head: shape.head, outputCount: shape.outputs,
      threadCount: 2)
    engine.initialise(seed: 4)
    let batch = try PackedBatch([[0, 4, 7, 3, 2], [0, 5], [6, 4, 4]], for: engine.configuration)
    // With several outputs, the second row lacks the first output's label.
    let labels: [Float?] = (0..<3 * shape.outputs).map { place in
      shape.outputs > 1 && place == shape.outputs ? nil : Float(place % 4) - 0.5
    }
    let counts = (0..<shape.outputs).map { shape.outputs > 1 && $0 == 0 ? 2 : 3 }
    let weights = (0..<shape.outputs).map { 1 + Double($0) }
    let key: DropoutKey? = shape.dropout == 0 ? nil : DropoutKey(seed: 9, pass: 3)
    var predictions: [Float] = []
    var gradient: [Float] = []
    func loss() -> Double {
      engine.forward(batch, mode: .training(dropout: key), predictions: &predictions)
      return Loss.meanSquaredError.evaluate(
        predictions, labels, counts: counts, weights: weights, gradient: &gradient)
    }
    _ = loss()
    engine.backward(gradient, accumulate: false)
    Self.check(engine, shape.kind, tolerance: Self.tolerance, loss: loss)
  }

  /// Compares the gradient of every parameter with differences of `loss`, which runs the engine.
  static func check(
    _ engine: EncoderEngine, _ kind: ModelKind, tolerance: Double, loss: () -> Double
  ) {
    for parameter in engine.layout.parameters {
      let analytic = engine.gradient(of: parameter)
      let values = engine.values(of: parameter)
      for i in values.indices {
        let kept = values[i]
        func moved(by distance: Float) -> Double {
          values[i] = kept + distance
          defer { values[i] = kept }
          return loss()
        }
        let h = step
        let near = moved(by: h) - moved(by: -h)
        let far = moved(by: 2 * h) - moved(by: -2 * h)
        let numeric = (8 * near - far) / Double(12 * h)
        let isPadding =
          i / 6 == 1
          && (parameter.name.hasSuffix("word_embeddings.weight")
            || kind == .roberta && parameter.name.hasSuffix("position_embeddings.weight"))
        let expected = isPadding ? 0 : numeric
        #expect(
          abs(Double(analytic[i]) - expected) < tolerance * max(1, abs(expected)),
          "\(parameter.name)[\(i)]: \(analytic[i]), \(expected)")
      }
    }
  }

  @Test("accumulating twice doubles the gradient")
  func accumulate() throws {
    let shape = Self.shapes[0]
    let engine = EncoderEngine(
      configuration: shape.configuration, head: shape.head, threadCount: 1)
    engine.initialise(seed: 4)
    let batch = try PackedBatch([[0, 4, 7, 3, 2], [0, 5]], for: engine.configuration)
    var predictions: [Float] = []
    engine.forward(batch, mode: .training(dropout: nil), predictions: &predictions)
    engine.backward([1, -1], accumulate: false)
    let once = engine.layout.parameters.map { engine.gradient(of: $0) }
    engine.forward(batch, mode: .training(dropout: nil), predictions: &predictions)
    engine.backward([1, -1], accumulate: true)
    for (parameter, before) in zip(engine.layout.parameters, once) {
      let after = engine.gradient(of: parameter)
      for (a, b) in zip(after, before) { #expect(abs(a - 2 * b) <= 1e-5 * max(1, abs(b))) }
    }
  }

  @Test("a row's prediction depends on no other row of the batch")
  func independent() throws {
    let shape = Self.shapes[0]
    let engine = EncoderEngine(
      configuration: shape.configuration, head: shape.head, threadCount: 2)
    engine.initialise(seed: 4)
    var together: [Float] = []
    var alone: [Float] = []
    let rows = [[0, 4, 7], [0, 9, 9, 9, 3], [0]]
    engine.forward(
      try PackedBatch(rows, for: engine.configuration), mode: .inference, predictions: &together)
    for (row, tokens) in rows.enumerated() {
      engine.forward(
        try PackedBatch([tokens], for: engine.configuration), mode: .inference,
        predictions: &alone)
      #expect(abs(alone[0] - together[row]) < 1e-5)
    }
  }
}
