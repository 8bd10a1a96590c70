// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import Reference
import TestSupport
import Testing

/// What DeBERTa-v3 has of its own, against transformers and a twin in plain loops.
@Suite("DeBERTa-v3")
struct DebertaTests {
  static func engine(threads: Int = 2, precision: Precision = .float32) -> EncoderEngine {
    let engine = EncoderEngine(
      configuration: ModelConfiguration(
        kind: .debertaV2, vocabularySize: 40, hiddenSize: 24, layerCount: 2, headCount: 3,
        intermediateSize: 20, positionCount: 64, tokenTypeCount: 0, paddingToken: 0,
        layerNormEpsilon: 1e-7, hiddenDropout: 0.1, attentionDropout: 0.1, initializerRange: 0.3,
        relativePositions: RelativePositions(bucketCount: 12, maximumDistance: 64)),
      head: .classification, threadCount: threads, precision: precision)
    engine.initialise(seed: 6)
    return engine
  }

  static func tokens(_ count: Int) -> [Int] { (0..<count).map { 1 + ($0 * 7) % 39 } }

  @Test("rows of the table by distance, and the three parts of a head's scores")
  func scores() throws {
    let fixture = try Fixture("deberta-tiny")
    let twin = try #require(DebertaTwin(try fixture.engine()))
    let buckets = try #require(fixture.expected["buckets"] as? [String: [Int]])
    for (distance, bucket) in try #require(buckets["16"]).enumerated() {
      #expect(twin.row(distance, 0) == min(bucket + 16, 31))
      #expect(twin.row(0, distance) == max(16 - bucket, 0))
    }
    let expected = try #require(fixture.expected["layer0_head1"] as? [String: Any])
    let row = try #require(fixture.expected["hidden_row"] as? Int)
    let ids = try Fixture.integers(fixture.expected["input_ids"])[row]
    let mask = try Fixture.integers(fixture.expected["attention_mask"])[row]
    let places = mask.indices.filter { mask[$0] == 1 }
    let states = twin.states(places.map { ids[$0] }, places: places, layer: 0)
    let scores = twin.scores(states, places: places, layer: 0, head: 1)
    for (name, part) in [
      ("c2c", scores.contents), ("c2p", scores.contentToPosition),
      ("p2c", scores.positionToContent),
    ] {
      let truth = try Fixture.table(expected[name]).flatMap { $0 }
      #expect(maximumDifference(part.flatMap { $0.map { Float($0) } }, truth) < 1e-5, "\(name)")
    }
  }

  @Test("the first tokens' states of every row")
  func firstTokens() throws {
    let fixture = try Fixture("deberta-tiny")
    let engine = try fixture.engine()
    let batch = try fixture.batch()
    let C = engine.configuration.hiddenSize
    let states = engine.hiddenStates(batch, layer: engine.configuration.layerCount)
    let rows = try #require(fixture.expected["first_tokens"] as? [[[Double]]])
    for (row, tokens) in rows.enumerated() {
      let start = batch.offsets[row] * C
      let truth = tokens.flatMap { $0 }
      #expect(maximumDifference(states[start..<start + truth.count], truth) < 1e-5, "row \(row)")
    }
  }

  @Test("600 tokens: distances beyond the table use its ends")
  func beyond512() throws {
    let fixture = try Fixture("deberta-tiny")
    let long = try #require(fixture.expected["beyond_512"] as? [String: Any])
    let engine = try fixture.engine()
    let batch = try PackedBatch(
      try Fixture.integers(long["input_ids"]), for: engine.configuration)
    var predictions: [Float] = []
    engine.forward(batch, mode: .inference, predictions: &predictions)
    #expect(maximumDifference(predictions, try Fixture.doubles(long["logits"])) < 1e-5)
  }

  @Test("each gradient is that of transformers to 1e-4 of its length")
  func relativeGradients() throws {
    let fixture = try Fixture("deberta-tiny")
    let engine = try fixture.engine()
    let truth = try Safetensors(fixture.folder.appending(path: "grads.safetensors"))
    let targets = try fixture.doubles("targets").map { Float($0) }
    var predictions: [Float] = []
    var gradient: [Float] = []
    engine.forward(try fixture.batch(), mode: .training(dropout: nil), predictions: &predictions)
    _ = Loss.meanSquaredError.evaluate(
      predictions, targets, count: targets.count, gradient: &gradient)
    engine.backward(gradient, accumulate: false)
    for parameter in engine.layout.parameters {
      let expected = try #require(truth.floats(parameter.name), "\(parameter.name)")
      func length(_ values: [Float]) -> Double {
        values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      }
      let found = engine.gradient(of: parameter)
      let error = length(zip(found, expected).map { $0 - $1 })
      #expect(error < 1e-4 * length(expected), "\(parameter.name)")
      #expect(length(expected) > 0, "\(parameter.name)")
    }
    let table = try #require(
      engine.layout.parameters.first { $0.name.hasSuffix("rel_embeddings.weight") })
    let C = engine.configuration.hiddenSize
    for row in try #require(fixture.expected["rel_rows_without_gradient"] as? [Int]) {
      #expect(engine.gradient(of: table)[row * C..<(row + 1) * C].allSatisfy { $0 == 0 })
    }
  }

  @Test("the twin's predictions, blocks and masked gaps included", arguments: [1, 3, 70, 130])
  func twin(length: Int) throws {
    let engine = Self.engine()
    let twin = try #require(DebertaTwin(engine))
    let ids = Self.tokens(length)
    // Every fifth token is masked, but for the first.
    let mask = ids.indices.map { $0 % 5 == 4 ? 0 : 1 }
    let places = ids.indices.filter { mask[$0] == 1 }
    let expected = [
      twin.prediction(ids, places: Array(ids.indices)),
      twin.prediction(places.map { ids[$0] }, places: places),
    ]
    let batch = try PackedBatch(
      paddedIDs: [ids, ids], mask: [ids.map { _ in 1 }, mask], for: engine.configuration)
    var predictions: [Float] = []
    for mode in [ForwardMode.inference, .training(dropout: nil)] {
      engine.forward(batch, mode: mode, predictions: &predictions)
      #expect(maximumDifference(predictions, expected) < 2e-5)
    }
  }

  /// Predictions and gradients of two passes with dropout, the second one accumulated.
  private func pass(threads: Int, _ precision: Precision) throws -> ([Float], [[Float]]) {
    let engine = Self.engine(threads: threads, precision: precision)
    let batch = try PackedBatch([70, 3, 40].map(Self.tokens), for: engine.configuration)
    var predictions: [Float] = []
    for pass in 0..<2 {
      engine.forward(
        batch, mode: .training(dropout: DropoutKey(seed: 1, pass: UInt64(pass))),
        predictions: &predictions)
      engine.backward([0.5, -1, 2], accumulate: pass > 0)
    }
    return (predictions, engine.layout.parameters.map { engine.gradient(of: $0) })
  }

  @Test(
    "one thread and two give the same bits",
    arguments: Precision.allCases.filter(\.isSupported))
  func threads(precision: Precision) throws {
    let one = try pass(threads: 1, precision)
    let two = try pass(threads: 2, precision)
    #expect(one.0 == two.0)
    #expect(one.1 == two.1)
  }

  @Test(
    "bfloat16 is float32 but for rounding",
    .enabled(if: Precision.bfloat16.isSupported, "this processor has no AVX-512 BF16"))
  func rounding() throws {
    let exact = try pass(threads: 1, .float32)
    let rounded = try pass(threads: 1, .bfloat16)
    #expect(exact.0 != rounded.0)
    var (difference, size) = (0.0, 0.0)
    for (a, b) in zip(exact.1, rounded.1) {
      for (x, y) in zip(a, b) {
        difference += Double((x - y) * (x - y))
        size += Double(x * x)
      }
    }
    #expect(size > 0)
    #expect((difference / size).squareRoot() < 0.05)
  }

  @Test("the table's projections follow the weights")
  func changedWeights() throws {
    let engine = Self.engine()
    let batch = try PackedBatch([Self.tokens(30)], for: engine.configuration)
    var predictions: [Float] = []
    engine.forward(batch, mode: .inference, predictions: &predictions)
    let before = predictions
    engine.forward(batch, mode: .training(dropout: nil), predictions: &predictions)
    engine.backward([1], accumulate: false)
    engine.update(AdamW(), learningRate: 0.05, step: 1, gradientScale: 1)
    engine.forward(batch, mode: .inference, predictions: &predictions)
    let twin = try #require(DebertaTwin(engine))
    let expected = twin.prediction(Self.tokens(30), places: Array(0..<30))
    #expect(maximumDifference(predictions, [expected]) < 2e-5)
    #expect(predictions != before)
  }
}
