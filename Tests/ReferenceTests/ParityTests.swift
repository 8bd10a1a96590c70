// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import Reference
import Testing

/// The encoder against Hugging Face's, on tiny random models.
///
/// Tolerances: what float32 in another order of additions reaches with room; the fixtures' own
/// float32 run differs from float64 by about a fifth of them.
@Suite("Parity with transformers")
struct ParityTests {
  static let families = ["roberta-tiny", "bert-tiny", "deberta-tiny"]
  static let stateTolerance = 1e-5
  static let gradientTolerance = 2e-5
  static let lossTolerance = 2e-5
  static let weightTolerance = 1e-5
  /// The key bias' true gradient is 0: Adam makes steps of its rounding noise.
  static let keyBiasTolerance = 1e-3

  @Test("logits are those of the float64 run", arguments: families)
  func logits(family: String) throws {
    let fixture = try Fixture(family)
    let engine = try fixture.engine()
    var predictions: [Float] = []
    engine.forward(try fixture.batch(), mode: .inference, predictions: &predictions)
    #expect(try maximumDifference(predictions, fixture.doubles("logits_f64")) < Self.stateTolerance)
    engine.forward(
      try fixture.batch(), mode: .training(dropout: nil), predictions: &predictions)
    #expect(try maximumDifference(predictions, fixture.doubles("logits_f64")) < Self.stateTolerance)
  }

  @Test("a sequence alone has the logit it has in a batch", arguments: families)
  func alone(family: String) throws {
    let fixture = try Fixture(family)
    let engine = try fixture.engine()
    let ids = try Fixture.integers(fixture.expected["input_ids"])
    let mask = try Fixture.integers(fixture.expected["attention_mask"])
    let types = try fixture.expected["token_type_ids"].map { try Fixture.integers($0) }
    for (row, logit) in try fixture.doubles("logits_one_by_one").enumerated() {
      var predictions: [Float] = []
      let batch = try PackedBatch(
        paddedIDs: [ids[row]], mask: [mask[row]], types: types.map { [$0[row]] },
        for: fixture.directory.configuration)
      engine.forward(batch, mode: .inference, predictions: &predictions)
      #expect(maximumDifference(predictions, [logit]) < Self.stateTolerance)
    }
  }

  @Test("masked tokens, padding inside and attended padding count as there", arguments: families)
  func edges(family: String) throws {
    let fixture = try Fixture(family)
    let edge = try #require(fixture.expected["edge"] as? [String: Any])
    let batch = try PackedBatch(
      paddedIDs: try Fixture.integers(edge["input_ids"]),
      mask: try Fixture.integers(edge["attention_mask"]), for: fixture.directory.configuration)
    var predictions: [Float] = []
    try fixture.engine().forward(batch, mode: .inference, predictions: &predictions)
    #expect(
      try maximumDifference(predictions, Fixture.doubles(edge["logits_f64"])) < Self.stateTolerance)
  }

  @Test("hidden states of every layer", arguments: families)
  func hiddenStates(family: String) throws {
    let fixture = try Fixture(family)
    let engine = try fixture.engine()
    let batch = try fixture.batch()
    let row = try #require(fixture.expected["hidden_row"] as? Int)
    let C = engine.configuration.hiddenSize
    let range = batch.offsets[row] * C..<batch.offsets[row + 1] * C
    let embeddings = try Fixture.table(fixture.expected["embeddings_row"]).flatMap { $0 }
    let last = try Fixture.table(fixture.expected["last_hidden_row_f64"]).flatMap { $0 }
    let layers = engine.configuration.layerCount
    #expect(
      maximumDifference(engine.hiddenStates(batch, layer: 0)[range], embeddings)
        < Self.stateTolerance)
    #expect(
      maximumDifference(engine.hiddenStates(batch, layer: layers)[range], last)
        < Self.stateTolerance)
    for (layer, first) in try Fixture.table(fixture.expected["per_layer_cls_row"]).enumerated() {
      let states = engine.hiddenStates(batch, layer: layer)[range].prefix(C)
      #expect(maximumDifference(states, first) < Self.stateTolerance)
    }
  }

  @Test("the loss and every gradient", arguments: families, [1, 2])
  func gradients(family: String, threads: Int) throws {
    let fixture = try Fixture(family)
    let engine = try fixture.engine(threads: threads)
    let truth = try Safetensors(fixture.folder.appending(path: "grads.safetensors"))
    let targets = try fixture.doubles("targets").map { Float($0) }
    var predictions: [Float] = []
    var gradient: [Float] = []
    engine.forward(
      try fixture.batch(), mode: .training(dropout: nil), predictions: &predictions)
    let loss = Loss.meanSquaredError.evaluate(
      predictions, targets, count: targets.count, gradient: &gradient)
    let expected = try #require(fixture.expected["loss_f64"] as? Double)
    #expect(abs(loss - expected) < Self.lossTolerance)
    engine.backward(gradient, accumulate: false)
    for parameter in engine.layout.parameters {
      let values = try #require(truth.floats(parameter.name), "\(parameter.name)")
      let worst = maximumDifference(engine.gradient(of: parameter), values.map(Double.init))
      #expect(worst < Self.gradientTolerance, "\(parameter.name): \(worst)")
    }
    let norm = try #require(fixture.expected["grad_norm_f64"] as? Double)
    #expect(abs(engine.gradientNorm() / norm - 1) < 1e-5)
  }

  @Test("twenty AdamW steps: losses, norms and final weights", arguments: families)
  func trajectory(family: String) throws {
    let fixture = try Fixture(family)
    let engine = try fixture.engine()
    let run = try #require(fixture.expected["trajectory"] as? [String: Any])
    let examples = try Fixture.integers(run["examples"])
    let targets = try Fixture.doubles(run["targets"])
    let losses = try Fixture.doubles(run["losses_f64"])
    let norms = try Fixture.doubles(run["grad_norms_f64"])
    let schedule = Schedule(form: .step, peak: 1e-3, warmUp: 3, total: 20)
    let rates = try Fixture.doubles(run["lrs"])
    var predictions: [Float] = []
    var gradient: [Float] = []
    for (step, rows) in try Fixture.integers(run["batches"]).enumerated() {
      let batch = try PackedBatch(rows.map { examples[$0] }, for: engine.configuration)
      engine.forward(batch, mode: .training(dropout: nil), predictions: &predictions)
      let loss = Loss.meanSquaredError.evaluate(
        predictions, rows.map { Float(targets[$0]) }, count: rows.count, gradient: &gradient)
      engine.backward(gradient, accumulate: false)
      #expect(abs(loss - losses[step]) < Self.lossTolerance, "step \(step)")
      #expect(abs(engine.gradientNorm() / norms[step] - 1) < 1e-4, "step \(step)")
      let rate = schedule.rate(step: step, epoch: 0)
      #expect(abs(rate - rates[step]) < 1e-12)
      engine.update(AdamW(), learningRate: rate, step: step + 1, gradientScale: 1)
    }
    let final = try Safetensors(fixture.folder.appending(path: "final.safetensors"))
    for parameter in engine.layout.parameters {
      let values = try #require(final.floats(parameter.name), "\(parameter.name)")
      let worst = maximumDifference(engine.values(of: parameter), values.map(Double.init))
      let isKeyBias = parameter.name.hasSuffix("attention.self.key.bias")
      #expect(
        worst < (isKeyBias ? Self.keyBiasTolerance : Self.weightTolerance),
        "\(parameter.name): \(worst)")
    }
  }

  @Test("twenty steps at the paper's rate move every tensor as far")
  func recipeTrajectory() throws {
    let fixture = try Fixture("deberta-tiny")
    let engine = try fixture.engine()
    let run = try #require(fixture.expected["trajectory"] as? [String: Any])
    let recipe = try #require(fixture.expected["recipe_trajectory"] as? [String: Any])
    let examples = try Fixture.integers(run["examples"])
    let targets = try Fixture.doubles(run["targets"])
    let losses = try Fixture.doubles(recipe["losses_f64"])
    let norms = try Fixture.doubles(recipe["grad_norms_f64"])
    let before = engine.layout.parameters.map { Array(engine.values(of: $0)) }
    var predictions: [Float] = []
    var gradient: [Float] = []
    for (step, rows) in try Fixture.integers(run["batches"]).enumerated() {
      let batch = try PackedBatch(rows.map { examples[$0] }, for: engine.configuration)
      engine.forward(batch, mode: .training(dropout: nil), predictions: &predictions)
      let loss = Loss.meanSquaredError.evaluate(
        predictions, rows.map { Float(targets[$0]) }, count: rows.count, gradient: &gradient)
      engine.backward(gradient, accumulate: false)
      #expect(abs(loss - losses[step]) < Self.lossTolerance, "step \(step)")
      #expect(abs(engine.gradientNorm() / norms[step] - 1) < 1e-4, "step \(step)")
      engine.update(AdamW(), learningRate: 3e-5, step: step + 1, gradientScale: 1)
    }
    // Of the float32 run: in a lone bias, rounding is 0.003 of so small a move.
    let final = try #require(recipe["final"] as? [String: [String: Double]])
    for (parameter, start) in zip(engine.layout.parameters, before) {
      let expected = try #require(final[parameter.name], "\(parameter.name)")
      let values = engine.values(of: parameter)
      let moved = zip(values, start).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
      let norm = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      let (distance, length) = (try #require(expected["moved"]), try #require(expected["norm"]))
      #expect(abs(moved.squareRoot() / distance - 1) < 3e-3, "\(parameter.name)")
      #expect(abs(norm / length - 1) < 1e-6, "\(parameter.name)")
    }
  }

  @Test("the recipe's learning rates, with a warm-up of 55.8 steps")
  func recipeRates() throws {
    let fixture = try Fixture("roberta-tiny")
    let recipe = try #require(fixture.expected["recipe_lr"] as? [String: Any])
    let rates = try #require(recipe["lr"] as? [String: Any])
    let schedule = TrainingConfiguration().rates(stepsPerEpoch: 93)
    for (step, rate) in rates {
      let step = try #require(Int(step))
      let rate = try #require(rate as? NSNumber).doubleValue
      #expect(abs(schedule.rate(step: step, epoch: 0) - rate) <= 1e-12 * 3e-5 + 1e-15)
    }
  }

  @Test(
    "constant stays, polynomial falls to its end, and only the others have a warm-up by default")
  func otherSchedules() {
    var configuration = TrainingConfiguration()
    (configuration.learningRate, configuration.epochs) = (1e-3, 1)
    (configuration.schedule, configuration.warmUpRatio) = (.constant, 0)
    #expect(
      [0, 7, 99].map { configuration.rates(stepsPerEpoch: 25).rate(step: $0, epoch: 0) }
        == [1e-3, 1e-3, 1e-3])
    #expect(Schedule.Form.allCases.map(\.usualWarmUp) == [0.06, 0.06, 0, 0.06, 0])
    // transformers 5.24: get_polynomial_decay_schedule_with_warmup(5, 25, lr_end=1e-4, power=2).
    let schedule = Schedule(
      form: .polynomial, peak: 1e-3, end: 1e-4, power: 2, warmUp: 5, total: 25)
    let rates = [
      (0, 0), (1, 0.0002), (4, 0.0008), (5, 0.001), (6, 0.00091225), (15, 0.000325),
      (24, 0.00010225),
      (25, 0.0001), (27, 0.0001),
    ]
    for (step, rate) in rates {
      #expect(abs(schedule.rate(step: step, epoch: 0) - rate) < 1e-15)
    }
  }

  @Test("a plateau lowers the rate as PyTorch's ReduceLROnPlateau does")
  func plateau() {
    var plateau = Plateau()
    (plateau.factor, plateau.patience, plateau.threshold) = (0.5, 2, 0.01)
    var state = Plateau.State()
    // torch 2.15: ReduceLROnPlateau(mode="min", patience=2, factor=0.5, threshold=0.01).
    let losses = [
      3, 2.5, 2.49, 2.48, 2.47, 2.47, 2.47, 2.5, 2.4, 2.39, 2.39, 2.39, 2.39, 2.0, 2.0, 2.0,
    ]
    let scales = losses.map { loss -> Double in
      plateau.observe(loss, state: &state)
      return state.scale
    }
    #expect(
      scales == [1, 1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25])
    plateau.observe(nil, state: &state)
    #expect(state.scale == scales.last)
  }

  @Test(
    "first-token states are those of the full last layer",
    arguments: families)
  func states(family: String) throws {
    let fixture = try Fixture(family)
    let engine = try fixture.engine()
    let batch = try fixture.batch()
    let size = fixture.directory.configuration.hiddenSize
    let all = engine.hiddenStates(batch, layer: fixture.directory.configuration.layerCount)
    var predictions: [Float] = []
    engine.forward(batch, mode: .inference, predictions: &predictions)
    let first = engine.firstTokenStates
    #expect(first.count == batch.sequenceCount * size)
    for sequence in 0..<batch.sequenceCount {
      let start = batch.offsets[sequence] * size
      let own = first[(sequence * size)..<((sequence + 1) * size)]
      // The same sums in blocks of another shape.
      #expect(maximumDifference(own, all[start..<(start + size)].map(Double.init)) < 1e-5)
    }
  }
}
