// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics
import CBFloat16
import Reference
import Testing

/// The products in bfloat16, on processors that have them.
@Suite(
  "Products in bfloat16",
  .enabled(if: Precision.bfloat16.isSupported, "this processor has no AVX-512 BF16"))
struct BFloat16Tests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var M: Int
    var N: Int
    var K: Int
    var testDescription: String { "\(M) x \(N) over \(K)" }
  }

  static let shapes = [
    Shape(M: 1, N: 1, K: 1), Shape(M: 8, N: 48, K: 2), Shape(M: 13, N: 50, K: 33),
    Shape(M: 7, N: 96, K: 64), Shape(M: 17, N: 47, K: 31), Shape(M: 25, N: 145, K: 130),
    // Longer than a block along K.
    Shape(M: 9, N: 20, K: 700), Shape(M: 3, N: 5, K: 1025),
  ]

  /// Small whole numbers, which bfloat16 holds exactly; so are their products' sums in Float.
  static func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in Float(Int.random(in: -9...9, using: &random)) }
  }

  @Test("both forms of both operands give the exact product, edges included", arguments: shapes)
  func products(shape: Shape) {
    let (M, N, K) = (shape.M, shape.N, shape.K)
    let P = (K + 1) / 2
    let x = Self.numbers(M * K, seed: 1)
    let y = Self.numbers(K * N, seed: 2)
    let xTransposed = (0..<(K * M)).map { x[$0 % M * K + $0 / M] }
    let yTransposed = (0..<(N * K)).map { y[$0 % K * N + $0 / K] }
    var rows = [UInt32](repeating: 7, count: M * P)
    var leftPanels = [UInt32](repeating: 7, count: (M + 7) / 8 * 8 * P)
    var right = [UInt32](repeating: 7, count: (N + 47) / 48 * 48 * P)
    var rightAgain = right
    bfloat16_pack_rows(&rows, Int64(P), x, Int64(K), Int64(M), Int64(K))
    bfloat16_pack_left(&leftPanels, xTransposed, Int64(M), Int64(K), Int64(M))
    bfloat16_pack_right(&right, y, Int64(N), Int64(K), Int64(N))
    bfloat16_pack_right_transposed(&rightAgain, yTransposed, Int64(K), Int64(N), Int64(K))
    #expect(right == rightAgain)
    // Two columns more than the product has stay as they are.
    let ld = N + 2
    for (left, panels) in [(rows, 0), (leftPanels, 1)] {
      for (scale, beta) in [(Float(1), 0), (0.5, 0), (1, 1), (0.25, 1)] {
        var out = [Float](repeating: 3, count: M * ld)
        bfloat16_multiply(
          &out, Int64(ld), Int64(M), Int64(N), Int64(P), left, Int32(panels), right, scale,
          Int32(beta))
        for m in 0..<M {
          for n in 0..<ld {
            var sum: Float = 0
            if n < N { for k in 0..<K { sum += x[m * K + k] * y[k * N + n] } }
            let expected = (n < N && beta == 0 ? 0 : 3) + scale * sum
            #expect(out[m * ld + n] == expected, "row \(m), column \(n), beta \(beta)")
          }
        }
      }
    }
  }

  /// A model whose widths fill no panel exactly. `width` is that of its feed-forward parts.
  static func configuration(layers: Int, width: Int = 53) -> ModelConfiguration {
    ModelConfiguration(
      kind: .roberta, vocabularySize: 40, hiddenSize: 20, layerCount: layers, headCount: 2,
      intermediateSize: width, positionCount: 20, tokenTypeCount: 1, paddingToken: 1,
      hiddenDropout: 0.1, attentionDropout: 0.1, initializerRange: 0.1)
  }

  /// Predictions and gradients of two passes, the second one accumulated.
  private func pass(
    _ precision: Precision, layers: Int, width: Int = 53, threads: Int
  ) throws -> (predictions: [Float], gradients: [[Float]]) {
    let engine = EncoderEngine(
      configuration: Self.configuration(layers: layers, width: width), head: .classification,
      threadCount: threads, precision: precision)
    engine.initialise(seed: 8)
    let batch = try PackedBatch(
      [[0, 14, 27, 33, 9, 8, 2], [0, 5, 2], [0, 36, 4, 4, 12, 2]], for: engine.configuration)
    var predictions: [Float] = []
    for pass in 0..<2 {
      engine.forward(
        batch, mode: .training(dropout: DropoutKey(seed: 1, pass: UInt64(pass))),
        predictions: &predictions)
      engine.backward([0.5, -1, 2], accumulate: pass > 0)
    }
    return (predictions, engine.layout.parameters.map { engine.gradient(of: $0) })
  }

  /// Rounding of the operands is at most 2^-9 each. Over 40 draws of these weights the difference is
  /// 0.2% in the median and 0.5% at most; with weights three times as large it is ten times that.
  @Test(
    "an encoder's predictions and gradients are those of floats but for rounding",
    arguments: [(layers: 1, width: 53), (layers: 3, width: 53), (layers: 2, width: 410)])
  func encoder(layers: Int, width: Int) throws {
    let exact = try pass(.float32, layers: layers, width: width, threads: 1)
    let rounded = try pass(.bfloat16, layers: layers, width: width, threads: 1)
    for (a, b) in zip(exact.predictions, rounded.predictions) { #expect(abs(a - b) < 0.05) }
    #expect(exact.predictions != rounded.predictions)
    var difference = 0.0
    var size = 0.0
    for (a, b) in zip(exact.gradients, rounded.gradients) {
      for (x, y) in zip(a, b) {
        difference += Double((x - y) * (x - y))
        size += Double(x * x)
      }
    }
    #expect(size > 0)
    #expect((difference / size).squareRoot() < 0.01)
  }

  @Test("one thread and two give the same bits", arguments: [53, 410])
  func threads(width: Int) throws {
    let one = try pass(.bfloat16, layers: 2, width: width, threads: 1)
    let two = try pass(.bfloat16, layers: 2, width: width, threads: 2)
    #expect(one.predictions == two.predictions)
    #expect(one.gradients == two.gradients)
  }

  @Test("changed weights are packed anew")
  func changedWeights() throws {
    let engine = EncoderEngine(
      configuration: Self.configuration(layers: 2), head: .classification, threadCount: 1,
      precision: .bfloat16)
    engine.initialise(seed: 8)
    let batch = try PackedBatch([[0, 14, 27, 2]], for: engine.configuration)
    var before: [Float] = []
    var after: [Float] = []
    engine.forward(batch, mode: .inference, predictions: &before)
    engine.forward(batch, mode: .training(dropout: nil), predictions: &after)
    #expect(before == after)
    engine.backward([1], accumulate: false)
    engine.update(AdamW(), learningRate: 0.1, step: 1, gradientScale: 1)
    engine.forward(batch, mode: .inference, predictions: &after)
    let again = EncoderEngine(
      configuration: Self.configuration(layers: 2), head: .classification, threadCount: 1,
      precision: .bfloat16)
    for (to, from) in zip(again.layout.parameters, engine.layout.parameters) {
      _ = again.values(of: to).update(fromContentsOf: engine.values(of: from))
    }
    var expected: [Float] = []
    again.forward(batch, mode: .inference, predictions: &expected)
    #expect(after == expected)
    #expect(after != before)
  }
}
