import Basics
import Foundation
import Glibc
import Metrics
import Reference
import TestSupport
import Testing

/// The loss of the gaussian head against PyTorch (`Goldens/make_gaussian_goldens.py`), and against
/// central differences through the whole encoder.
@Suite("The gaussian head's loss")
struct GaussianLossTests {
  struct Golden: Decodable {
    struct Case: Decodable {
      var targets: Int
      var beta, penalty, decay: Double
      var weights: [Double]
      var outputs: [Float]
      var labels: [Float?]
      var loss: Double
      var gradient: [Double]
    }
    struct Align: Decodable {
      var texts: [[Int]]
      var channels: Int
      var weight: Double
      var labels: [Float?]
      var states: [Float]
      var loss: Double
      var gradient: [Double]
    }
    var cases: [Case]
    var align: Align

    static func read() throws -> Golden {
      try JSONDecoder().decode(Golden.self, from: Goldens.data("gaussian.json"))
    }
  }

  /// Relative to the largest number: the gradient is kept in single precision.
  static let tolerance = 1e-6

  private static func close(_ own: [Float], _ golden: [Double]) -> Bool {
    maximumDifference(own, golden) <= tolerance * max(1, golden.map(abs).max() ?? 0)
  }

  private static func counts(_ labels: [Float?], targets: Int) -> [Int] {
    (0..<targets).map { k in
      stride(from: k, to: labels.count, by: targets).count { labels[$0] != nil }
    }
  }

  @Test("loss and gradient are PyTorch's, with gaps, weights and bounds", arguments: 0..<6)
  func golden(place: Int) throws {
    let golden = try Golden.read().cases[place]
    var loss = GaussianLoss()
    (loss.beta, loss.variancePenalty) = (golden.beta, golden.penalty)
    loss.penaltyDecay = golden.decay
    var gradient: [Float] = []
    let value = loss.evaluate(
      golden.outputs, golden.labels, counts: Self.counts(golden.labels, targets: golden.targets),
      weights: golden.weights, gradient: &gradient)
    #expect(abs(value - golden.loss) <= 1e-12 * max(1, abs(golden.loss)))
    #expect(Self.close(gradient, golden.gradient))
  }

  @Test("the alignment of two texts is PyTorch's")
  func alignment() throws {
    let golden = try Golden.read().align
    var loss = GaussianLoss()
    (loss.alignment, loss.labelLow, loss.labelHigh) = (golden.weight, 1, 7)
    let texts = golden.texts.map { PairedTexts(first: $0[0]..<$0[1], second: $0[2]..<$0[3]) }
    var gradient: [Float] = []
    let value = loss.align(
      golden.states, channels: golden.channels, texts: texts, labels: golden.labels,
      count: golden.labels.count, gradient: &gradient)
    #expect(abs(value - golden.loss) <= 1e-12)
    #expect(Self.close(gradient, golden.gradient))
    // A row without a label, or without a second text, adds nothing.
    let none = loss.align(
      golden.states, channels: golden.channels,
      texts: [nil, texts[1], PairedTexts(first: texts[2].first, second: 8..<8)],
      labels: [golden.labels[0], nil, golden.labels[2]], count: 2, gradient: &gradient)
    #expect(none == 0 && gradient.allSatisfy { $0 == 0 })
  }

  @Test("β weighs each row's gradient by v^β, through which none passes")
  func stopGradient() {
    let outputs: [Float] = [3, -1, 5, 0.5, 2, 2]
    let labels: [Float?] = [4, 4, 4]
    func gradient(_ beta: Double) -> [Float] {
      var (loss, gradient) = (GaussianLoss(), [Float]())
      loss.beta = beta
      _ = loss.evaluate(outputs, labels, counts: [3], weights: [1], gradient: &gradient)
      return gradient
    }
    let (plain, weighted) = (gradient(0), gradient(0.5))
    for row in 0..<3 {
      let v = log1p(exp(Double(outputs[2 * row + 1])))
      for place in [2 * row, 2 * row + 1] {
        #expect(abs(Double(weighted[place]) - v.squareRoot() * Double(plain[place])) < 1e-6)
      }
    }
  }

  @Test("parts of a step add up to the step, but for the penalty's norm")
  func parts() {
    let outputs: [Float] = [3, -1, 5, 0.5, 2, 2, 4, 1]
    let labels: [Float?] = [4, 3, nil, 6]
    let loss = GaussianLoss()
    var (whole, first, second): ([Float], [Float], [Float]) = ([], [], [])
    let value = loss.evaluate(outputs, labels, counts: [3], weights: [1], gradient: &whole)
    let halves =
      loss.evaluate(
        Array(outputs[..<4]), Array(labels[..<2]), counts: [3], weights: [1], gradient: &first)
      + loss.evaluate(
        Array(outputs[4...]), Array(labels[2...]), counts: [3], weights: [1], gradient: &second)
    #expect(abs(value - halves) < 1e-12 && whole == first + second)
  }
}

/// The backward pass of the gaussian head and of all tokens' states.
@Suite("Gradients of the gaussian head")
struct GaussianGradientTests {
  @Test(
    "every parameter against central differences, through both outputs and all states",
    arguments: [ModelKind.roberta, .bert, .debertaV2], [0.0, 0.3])
  func everyParameter(kind: ModelKind, dropout: Double) throws {
    let shape = GradientTests.Shape(kind: kind, head: .gaussian, dropout: dropout)
    let engine = EncoderEngine(
      configuration: shape.configuration, head: .gaussian, outputCount: 2, threadCount: 2)
    engine.initialise(seed: 4)
    let batch = try PackedBatch(
      [[0, 4, 7, 2, 3, 8, 2], [0, 5, 2, 9, 2], [6, 4, 4]], for: engine.configuration)
    let texts = [
      PairedTexts(first: 1..<3, second: 4..<6), PairedTexts(first: 8..<9, second: 10..<11), nil,
    ]
    let labels: [Float?] = [1, nil, -0.5]
    // β = 0: central differences would go through the weight that passes no gradient.
    var loss = GaussianLoss()
    (loss.beta, loss.variancePenalty, loss.penaltyDecay) = (0, 2, 0.5)
    (loss.alignment, loss.labelLow, loss.labelHigh) = (1.5, -1, 2)
    let key: DropoutKey? = dropout == 0 ? nil : DropoutKey(seed: 9, pass: 3)
    var (predictions, gradient, states): ([Float], [Float], [Float]) = ([], [], [])
    func value() -> Double {
      engine.forward(
        batch, mode: .training(dropout: key), everyToken: true, predictions: &predictions)
      return loss.evaluate(
        predictions, labels, counts: [2], weights: [1], gradient: &gradient)
        + loss.align(
          engine.tokenStates, channels: 6, texts: texts, labels: labels, count: 2,
          gradient: &states)
    }
    _ = value()
    engine.backward(gradient, states: states, accumulate: false)
    #expect(states.contains { $0 != 0 })
    GradientTests.check(engine, kind, tolerance: 2 * GradientTests.tolerance, loss: value)
  }

  @Test("predictions with every token are those without")
  func everyToken() throws {
    let shape = GradientTests.Shape(kind: .bert, head: .gaussian, dropout: 0)
    let engine = EncoderEngine(
      configuration: shape.configuration, head: .gaussian, outputCount: 2, threadCount: 1)
    engine.initialise(seed: 4)
    let batch = try PackedBatch([[0, 4, 7, 3, 2], [0, 5]], for: engine.configuration)
    var (first, all): ([Float], [Float]) = ([], [])
    engine.forward(batch, mode: .inference, predictions: &first)
    engine.forward(batch, mode: .inference, everyToken: true, predictions: &all)
    #expect(first.count == 4 && engine.tokenStates.count == 7 * 6)
    for (a, b) in zip(first, all) { #expect(abs(a - b) < 1e-5) }
  }
}

@Suite("Runs with the gaussian head")
struct GaussianRunTests {
  private static func configuration(_ change: (inout GaussianLoss) -> Void = { _ in })
    -> TrainingConfiguration
  {
    var configuration = TinyRun.configuration()
    var loss = GaussianLoss()
    change(&loss)
    (configuration.head, configuration.gaussian) = (.gaussian, loss)
    (configuration.freshHead, configuration.headBias) = (true, .mean)
    return configuration
  }

  /// Rows of two kinds, told apart by their second token: labels of SD 0.2 and of SD 2 around 4.
  private static func planted(_ count: Int, seed: UInt64) -> [TrainingExample] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { row in
      let isNoisy = row % 2 == 1
      let tokens =
        [Int32(0), isNoisy ? 200 : 100]
        + (0..<4).map { _ in
          Int32.random(in: 4..<300, using: &random)
        }
      // Two points: their SD is known exactly.
      let sign: Float = Bool.random(using: &random) ? 1 : -1
      return TrainingExample(
        TokenSequence(tokens), labels: [4 + sign * (isNoisy ? 2 : 0.2)])
    }
  }

  @Test("noise that depends on the text is found, and the predicted SDs are near the planted ones")
  func heteroscedastic() throws {
    let folder = try TemporaryFolder()
    var configuration = Self.configuration()
    (configuration.epochs, configuration.batchSize) = (25, 16)
    let (training, validation) = (Self.planted(160, seed: 1), Self.planted(40, seed: 2))
    let run = try TrainingRun(
      model: TinyRun.model, training: training, validation: validation,
      configuration: configuration, folder: folder.file("run"))
    _ = try run.run()
    let predicted = try Predictor(engine: run.engine, tokenizer: nil).predict(
      validation.map(\.sequence))
    #expect(predicted.spread == .label)
    let sds = try #require(predicted.sds).map { Double($0[0]) }
    func mean(_ parity: Int) -> Double {
      let own = sds.indices.filter { $0 % 2 == parity }.map { sds[$0] }
      return own.reduce(0, +) / Double(own.count)
    }
    #expect(mean(0) < 0.8 && abs(mean(1) - 2) < 0.5, "\(mean(0)), \(mean(1))")
    let epochs = try TrainingCurve(folder: folder.file("run")).epochs
    let (first, last) = (epochs[0].validation.calibration, epochs[24].validation.calibration)
    #expect(
      try #require(last).negativeLogLikelihood < (try #require(first)).negativeLogLikelihood - 0.2)
  }

  @Test("a new gaussian head starts at the labels' mean and variance")
  func start() throws {
    let folder = try TemporaryFolder()
    let run = try TinyRun.begin(folder.file("run"), Self.configuration())
    let labels = TinyRun.training.compactMap { $0.labels[0].map(Double.init) }
    let mean = labels.reduce(0, +) / Double(labels.count)
    let variance = labels.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(labels.count)
    let bias = run.engine.values(of: try #require(run.engine.layout.parameters.last))
    #expect(bias.count == 2 && abs(Double(bias[0]) - mean) < 1e-6)
    #expect(abs(log1p(exp(Double(bias[1]))) - variance) < 1e-5)
  }

  @Test("a saved gaussian model says so, predicts the same, and is calibrated in run.json")
  func saved() throws {
    let folder = try TemporaryFolder()
    let run = try TinyRun.begin(folder.file("run"), Self.configuration())
    let outcome = try run.run()
    let document = try JSONSerialization.jsonObject(
      with: Data(contentsOf: outcome.last.appending(path: "config.json")))
    let fields = try #require(document as? [String: Any])
    #expect(fields["invitro_head"] as? String == "gaussian" && fields["num_labels"] as? Int == 2)
    #expect(fields["architectures"] as? [String] == ["RobertaForSequenceClassification"])
    let directory = try ModelDirectory(outcome.last)
    #expect(directory.headKind == .gaussian && directory.outputCount == 2)
    #expect(try directory.task().outputs == ["LABEL_0"])
    let sequences = TinyRun.validation.map(\.sequence)
    let here = try Predictor(engine: run.engine, tokenizer: nil).predict(sequences)
    let (engine, report) = try directory.makeEngine(
      head: .gaussian, outputCount: 2, threads: 1)
    #expect(report == ModelDirectory.LoadReport())
    #expect(try Predictor(engine: engine, tokenizer: nil).predict(sequences) == here)
    let description = try JSONSerialization.jsonObject(
      with: TinyRun.bytes(folder.file("run"), "run.json"))
    let result = (description as? [String: Any])?["result"] as? [String: Any]
    let calibration = result?["calibration"] as? [String: [String: Any]]
    #expect(calibration?["LABEL_0"]?["n"] as? Int == TinyRun.validation.count)
  }

  @Test("a run with penalty and alignment, resumed, is the uninterrupted one bit for bit")
  func resumed() throws {
    let folder = try TemporaryFolder()
    let configuration = Self.configuration { loss in
      (loss.variancePenalty, loss.alignment) = (9, 5)
      (loss.labelLow, loss.labelHigh) = (1, 7)
    }
    func paired(_ rows: [TrainingExample]) -> [TrainingExample] {
      rows.map { row in
        let end = row.sequence.tokens.count
        return TrainingExample(
          row.sequence, labels: row.labels,
          texts: PairedTexts(first: 1..<end / 2, second: end / 2..<end))
      }
    }
    let (training, validation) = (paired(TinyRun.training), paired(TinyRun.validation))
    func begin(_ url: URL) throws -> TrainingRun {
      try TrainingRun(
        model: TinyRun.model, training: training, validation: validation,
        configuration: configuration, folder: url)
    }
    let (whole, parts) = (folder.file("whole"), folder.file("parts"))
    _ = try begin(whole).run()
    var asked = 0
    _ = try begin(parts).run(isCancelled: {
      asked += 1
      return asked > 7
    })
    _ = try TrainingRun.resume(folder: parts, training: training, validation: validation).run()
    for name in TrainingRunTests.kept where name != "best/model.safetensors" {
      #expect(try TinyRun.bytes(whole, name) == TinyRun.bytes(parts, name), "\(name)")
    }
  }

  @Test("settings that contradict each other are refused")
  func refused() throws {
    let folder = try TemporaryFolder()
    func refuses(_ configuration: TrainingConfiguration) {
      #expect(throws: ReferenceError.self) {
        try TinyRun.begin(folder.file("run"), configuration)
      }
    }
    var wrong = Self.configuration()
    wrong.gaussian = nil
    refuses(wrong)
    wrong = Self.configuration()
    wrong.head = .classification
    refuses(wrong)
    wrong = Self.configuration()
    wrong.loss = .huber(delta: 1)
    refuses(wrong)
    refuses(Self.configuration { $0.beta = 1.5 })
    refuses(Self.configuration { $0.variancePenalty = -1 })
    // Neither the label's range nor a second text.
    refuses(Self.configuration { $0.alignment = 1 })
    refuses(
      Self.configuration { ($0.alignment, $0.labelLow, $0.labelHigh) = (1, 1, 7) })
  }

  @Test("several predictions are averaged: a mixture's variance, or the SD between them")
  func averaging() {
    let a = ModelPredictions(means: [[1, 4]], sds: [[1, 2]], spread: .label)
    let b = ModelPredictions(means: [[3, 4]], sds: [[2, 2]], spread: .label)
    let mixture = ModelPredictions(averaging: [a, b])
    // (1 + 4)/2 + 1, and 4.
    #expect(mixture.means == [[2, 4]] && mixture.spread == .label)
    #expect(mixture.sds == [[Float(3.5.squareRoot()), 2]])
    let between = ModelPredictions(averaging: [a, ModelPredictions(means: b.means)])
    #expect(between.means == [[2, 4]] && between.spread == .betweenMembers)
    #expect(between.sds == [[Float(2.0.squareRoot()), 0]])
  }

  @Test("the places of a pair's texts are those of their tokens", arguments: [12, 64])
  func places(maxLength: Int) throws {
    for name in ["bpe-2000", "tiny-bert"] {
      let tokenizer = try Tokenizer.load(directory: Goldens.url(name))
      let input = TextInput("the people of the town", pair: "a flood in the town")
      let example = TrainingExample(
        input, labels: [4], tokenizer: tokenizer, maxLength: maxLength)
      let texts = try #require(example.texts)
      let special = tokenizer.specialTokens
      let tokens = example.sequence.tokens
      for (range, text) in [(texts.first, input.text), (texts.second, input.pair ?? "")] {
        let own = Array(tokens[range])
        let alone = tokenizer.encode(text).dropFirst().dropLast()
        #expect(!own.isEmpty && own == Array(alone.prefix(own.count)), "\(name) \(text)")
        #expect(tokens[range.upperBound] == special.end)
      }
      #expect(tokens.count - texts.first.count - texts.second.count == (name == "bpe-2000" ? 4 : 3))
      #expect(
        TrainingExample(TextInput("one"), labels: [4], tokenizer: tokenizer, maxLength: 9).texts
          == nil)
    }
  }
}
