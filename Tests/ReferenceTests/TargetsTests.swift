import Foundation
import Reference
import TestSupport
import Testing

/// Two outputs with labels missing against PyTorch (`Goldens/make_task_goldens.py`), and runs with
/// several targets.
@Suite("Several targets")
struct TargetsTests {
  struct Golden: Decodable {
    var logits, weights: [Double]
    var labels: [[Float?]]
    var loss, norm, rate: Double
    var gradients, updated: [String: [Double]]
  }

  private static func golden(_ family: String) throws -> Golden {
    let document = try JSONSerialization.jsonObject(with: Goldens.data("two-targets.json"))
    guard let part = (document as? [String: Any])?[family] else {
      throw Goldens.Missing.key(family)
    }
    return try JSONDecoder().decode(Golden.self, from: JSONSerialization.data(withJSONObject: part))
  }

  @Test("a step with labels missing is PyTorch's", arguments: ParityTests.families)
  func step(family: String) throws {
    let (fixture, golden) = (try Fixture(family), try Self.golden(family))
    let engine = try fixture.directory.makeEngine(outputCount: 2, threads: 2, freshHead: true)
      .engine
    let trained = try fixture.engine()
    for parameter in engine.layout.parameters where parameter.isHead {
      let values = engine.values(of: parameter)
      let source = try #require(trained.layout.parameters.first { $0.name == parameter.name })
      if source.shape == parameter.shape {
        for (i, value) in trained.values(of: source).enumerated() { values[i] = value }
      } else if parameter.shape.count == 1 {
        (values[0], values[1]) = (0.5, -0.25)
      } else {
        let width = parameter.shape[1]
        for i in values.indices {
          values[i] = Float(sin(Double(1 + i % width + 50 * (i / width))) / 4)
        }
      }
    }
    var predictions: [Float] = []
    var gradient: [Float] = []
    engine.forward(try fixture.batch(), mode: .training(dropout: nil), predictions: &predictions)
    #expect(maximumDifference(predictions, golden.logits) < ParityTests.stateTolerance)
    let counts = (0..<2).map { output in golden.labels.count { $0[output] != nil } }
    #expect(counts == [golden.labels.count - 3, golden.labels.count - 2])
    let loss = Loss.meanSquaredError.evaluate(
      predictions, golden.labels.flatMap(\.self), counts: counts, weights: golden.weights,
      gradient: &gradient)
    #expect(abs(loss - golden.loss) < ParityTests.lossTolerance)
    engine.backward(gradient, accumulate: false)
    #expect(abs(engine.gradientNorm() / golden.norm - 1) < 1e-5)
    let parameters = Dictionary(
      uniqueKeysWithValues: engine.layout.parameters.map { ($0.name, $0) })
    for (name, expected) in golden.gradients {
      let parameter = try #require(parameters[name])
      let worst = maximumDifference(engine.gradient(of: parameter), expected)
      #expect(worst < ParityTests.gradientTolerance, "\(name): \(worst)")
    }
    engine.update(AdamW(), learningRate: golden.rate, step: 1, gradientScale: 1)
    for (name, expected) in golden.updated {
      let values = engine.values(of: try #require(parameters[name]))
      #expect(maximumDifference(values, expected) < ParityTests.weightTolerance)
    }
  }

  /// The rows of ``TinyRun`` with a second label, which every third row lacks.
  private static func examples(_ rows: [TrainingExample]) -> [TrainingExample] {
    rows.enumerated().map { place, row in
      let first = row.labels[0]
      return TrainingExample(
        row.sequence,
        labels: [place % 5 == 4 ? nil : first, place % 3 == 2 ? nil : first.map { 8 - $0 }])
    }
  }

  private static let input = {
    var input = InputSettings()
    (input.context, input.contextBy, input.maxLength) = (2, "conversation", 40)
    return input
  }()

  private static func begin(_ folder: URL) throws -> TrainingRun {
    var configuration = TinyRun.configuration()
    configuration.targets = [TrainingTarget("valence"), TrainingTarget("arousal", weight: 0.5)]
    configuration.freshHead = true
    return try TrainingRun(
      model: TinyRun.model, training: examples(TinyRun.training),
      validation: examples(TinyRun.validation), configuration: configuration, input: input,
      folder: folder)
  }

  @Test("an interrupted run of two targets, resumed, is the uninterrupted one bit for bit")
  func resume() throws {
    let folder = try TemporaryFolder()
    let (whole, parts) = (folder.file("whole"), folder.file("parts"))
    _ = try Self.begin(whole).run()
    var asked = 0
    _ = try Self.begin(parts).run(isCancelled: {
      asked += 1
      return asked > 17
    })
    let resumed = try TrainingRun.resume(
      folder: parts, training: Self.examples(TinyRun.training),
      validation: Self.examples(TinyRun.validation))
    #expect(try resumed.run().reason == .allEpochs)
    for name in TrainingRunTests.kept + ["last/config.json", "run.json"] {
      #expect(try TinyRun.bytes(whole, name) == TinyRun.bytes(parts, name), "\(name)")
    }
    let settings = try TrainingRun.settings(of: parts)
    #expect(settings.input == Self.input)
    #expect(settings.configuration.targets?.map(\.name) == ["valence", "arousal"])
  }

  @Test("each epoch has every target's figures, and the mean of them")
  func epochs() throws {
    let folder = try TemporaryFolder()
    _ = try Self.begin(folder.url).run()
    let curve = try TrainingCurve(folder: folder.url)
    #expect(curve.epochs.count == 3)
    for epoch in curve.epochs {
      let own = try #require(epoch.targets)
      #expect(Set(own.keys) == ["valence", "arousal"])
      let values = try ["valence", "arousal"].map { try #require(own[$0]?.ccc) }
      #expect(epoch.validation.ccc == (values[0] + values[1]) / 2)
    }
    let best = curve.epochs.max { ($0.validation.ccc ?? -1) < ($1.validation.ccc ?? -1) }
    #expect(curve.epochs.last { $0.isBest }?.epoch == best?.epoch)
  }

  @Test("the checkpoint says in Hugging Face's terms what it predicts, and what it reads")
  func task() throws {
    let folder = try TemporaryFolder()
    let outcome = try Self.begin(folder.url).run()
    let fields = try JSONSerialization.jsonObject(
      with: Data(contentsOf: outcome.last.appending(path: "config.json")))
    let document = try #require(fields as? [String: Any])
    #expect(document["id2label"] as? [String: String] == ["0": "valence", "1": "arousal"])
    #expect(document["label2id"] as? [String: Int] == ["valence": 0, "arousal": 1])
    #expect(document["num_labels"] as? Int == 2)
    #expect(document["problem_type"] as? String == "regression")
    let directory = try ModelDirectory(outcome.last)
    #expect(directory.outputCount == 2)
    #expect(try directory.task() == ModelTask(outputs: ["valence", "arousal"], input: Self.input))
    #expect(try ModelDirectory(TinyRun.model).task() == ModelTask())
  }

  @Test("names that are not as many as the outputs, and settings of another kind, are all told")
  func malformed() throws {
    let folder = try TemporaryFolder()
    let model = folder.file("model")
    try FileManager.default.copyItem(at: TinyRun.model, to: model)
    let file = model.appending(path: "config.json")
    var fields = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    fields["id2label"] = ["0": "a", "1": "b"]
    fields["invitro_input"] = ["context": "two", "pair": 3]
    try JSONSerialization.data(withJSONObject: fields).write(to: file)
    let error = #expect(throws: ReferenceError.self) { try ModelDirectory(model).task() }
    guard case .invalid(_, let faults)? = error else {
      Issue.record("another error than invalid")
      return
    }
    #expect(
      faults.map(\.place)
        == ["id2label", "invitro_input.context", "invitro_input.pair"].map {
          .field($0)
        })
  }

  @Test("a target that no row has a label of is refused")
  func noLabels() throws {
    let folder = try TemporaryFolder()
    var configuration = TinyRun.configuration()
    configuration.targets = [TrainingTarget("a"), TrainingTarget("b")]
    configuration.freshHead = true
    let rows = TinyRun.training.map { TrainingExample($0.sequence, labels: [$0.labels[0], nil]) }
    #expect(throws: ReferenceError.self) {
      try TrainingRun(
        model: TinyRun.model, training: rows, validation: [], configuration: configuration,
        folder: folder.file("run"))
    }
  }
}
