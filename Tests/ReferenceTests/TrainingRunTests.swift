import Basics
import Foundation
import Glibc
import Reference
import TestSupport
import Testing

/// Runs over the tiny RoBERTa fixture, with made-up rows.
enum TinyRun {
  static let model = Goldens.url("roberta-tiny")

  static func examples(_ count: Int, seed: UInt64) -> [TrainingExample] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      let length = Int.random(in: 3...40, using: &random)
      let tokens = [Int32(0)] + (1..<length).map { _ in Int32.random(in: 4..<300, using: &random) }
      return TrainingExample(
        TokenSequence(tokens), labels: [Float.random(in: 1...7, using: &random)])
    }
  }

  static let training = examples(45, seed: 1)
  static let validation = examples(12, seed: 2)

  static func configuration() -> TrainingConfiguration {
    var configuration = TrainingConfiguration()
    configuration.epochs = 3
    configuration.batchSize = 4
    configuration.learningRate = 1e-3
    configuration.seed = 7
    configuration.earlyStopping = nil
    return configuration
  }

  static func begin(
    _ folder: URL, _ configuration: TrainingConfiguration = configuration(), model: URL = model
  ) throws -> TrainingRun {
    try TrainingRun(
      model: model, training: training, validation: validation, configuration: configuration,
      folder: folder)
  }

  static func resume(_ folder: URL) throws -> TrainingRun {
    try TrainingRun.resume(folder: folder, training: training, validation: validation)
  }

  static func bytes(_ folder: URL, _ name: String) throws -> Data {
    try Data(contentsOf: folder.appending(path: name))
  }
}

@Suite("Training runs")
struct TrainingRunTests {
  static let kept = [
    "steps.jsonl", "epochs.jsonl", "last/model.safetensors",
    "last/optimizer.safetensors", "best/model.safetensors",
  ]

  @Test(
    "an interrupted run, resumed, is the uninterrupted one bit for bit", arguments: [5, 12, 30])
  func resume(stopAfter: Int) throws {
    let folder = try TemporaryFolder()
    let whole = folder.file("whole")
    let parts = folder.file("parts")
    #expect(try TinyRun.begin(whole).run().reason == .allEpochs)
    var asked = 0
    let first = try TinyRun.begin(parts).run(isCancelled: {
      asked += 1
      return asked > stopAfter
    })
    #expect(first.reason == .interrupted)
    #expect(first.steps == stopAfter)
    #expect(try TinyRun.resume(parts).run().reason == .allEpochs)
    for name in Self.kept {
      #expect(try TinyRun.bytes(whole, name) == TinyRun.bytes(parts, name), "\(name)")
    }
  }

  @Test("a run that learned nothing is told to have collapsed, in run.json too")
  func collapsed() throws {
    let folder = try TemporaryFolder()
    var configuration = TinyRun.configuration()
    (configuration.epochs, configuration.learningRate) = (1, 1e-9)
    // Labels whose spread is a hundred times that of what the model predicts.
    let validation = TinyRun.validation.map {
      TrainingExample($0.sequence, labels: $0.labels.map { $0.map { 100 * $0 } })
    }
    let outcome = try TrainingRun(
      model: TinyRun.model, training: TinyRun.training, validation: validation,
      configuration: configuration, folder: folder.file("run")
    ).run()
    #expect(outcome.collapsed == ["LABEL_0"])
    let url = folder.file("run")
    let run = try JSONSerialization.jsonObject(with: TinyRun.bytes(url, "run.json"))
    let result = try #require((run as? [String: Any])?["result"] as? [String: Any])
    #expect(result["collapsed"] as? [String] == ["LABEL_0"] && result["epochs"] as? Int == 1)
    let epochs = String(decoding: try TinyRun.bytes(url, "epochs.jsonl"), as: UTF8.self)
    #expect(epochs.contains(#""collapsed":true"#))
  }

  @Test("a new head's bias starts at the mean of the training labels where that is asked for")
  func headBias() throws {
    let folder = try TemporaryFolder()
    var configuration = TinyRun.configuration()
    (configuration.headBias, configuration.freshHead) = (.mean, true)
    #expect(!configuration.followsPaper)
    let labels = TinyRun.training.compactMap { $0.labels[0].map(Double.init) }
    let mean = labels.reduce(0, +) / Double(labels.count)
    func bias(_ engine: EncoderEngine) throws -> Float {
      engine.values(of: try #require(engine.layout.parameters.last))[0]
    }
    let run = try TinyRun.begin(folder.file("run"), configuration)
    #expect(abs(Double(try bias(run.engine)) - mean) < 1e-6)
    _ = try run.run(isCancelled: { run.step == 3 })
    // It is where a training starts and not where it is resumed.
    #expect(try bias(run.engine) != Float(mean))
    #expect(try bias(TinyRun.resume(folder.file("run")).engine) == bias(run.engine))
    configuration.headBias = nil
    #expect(try bias(TinyRun.begin(folder.file("zero"), configuration).engine) == 0)
    // The model's own head is not written over.
    (configuration.headBias, configuration.freshHead) = (.mean, false)
    #expect {
      try TinyRun.begin(folder.file("own"), configuration)
    } throws: { error in
      guard case .setting("headBias", _, _)? = error as? ReferenceError else { return false }
      return true
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("own/run.json").path))
  }

  @Test("predictions that stay at the labels' mean have collapsed too")
  func collapsedAtMean() throws {
    let folder = try TemporaryFolder()
    var configuration = TinyRun.configuration()
    (configuration.epochs, configuration.learningRate) = (1, 1e-9)
    (configuration.headBias, configuration.freshHead) = (.mean, true)
    let validation = TinyRun.validation.map {
      TrainingExample($0.sequence, labels: $0.labels.map { $0.map { 100 * $0 } })
    }
    let outcome = try TrainingRun(
      model: TinyRun.model, training: TinyRun.training, validation: validation,
      configuration: configuration, folder: folder.file("run")
    ).run()
    #expect(outcome.collapsed == ["LABEL_0"])
  }

  @Test("a run killed with SIGKILL resumes to the same bits")
  func kill() async throws {
    let folder = try TemporaryFolder()
    let whole = folder.file("whole")
    let killed = folder.file("killed")
    _ = try TinyRun.begin(whole).run()
    let path = killed.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      var configuration = TinyRun.configuration()
      configuration.checkpointSteps = 5
      var steps = 0
      _ = try TinyRun.begin(URL(filePath: path), configuration).run(events: { event in
        if case .step = event { steps += 1 }
        if steps == 18 { Glibc.kill(getpid(), SIGKILL) }
      })
    }
    let run = try TinyRun.resume(killed)
    #expect(run.step == 15)
    _ = try run.run()
    for name in Self.kept {
      #expect(try TinyRun.bytes(whole, name) == TinyRun.bytes(killed, name), "\(name)")
    }
  }

  @Test("one thread and two compute the same bits")
  func threads() throws {
    let folder = try TemporaryFolder()
    var one = TinyRun.configuration()
    one.threads = 1
    one.epochs = 1
    var two = one
    two.threads = 2
    _ = try TinyRun.begin(folder.file("1"), one).run()
    _ = try TinyRun.begin(folder.file("2"), two).run()
    #expect(
      try TinyRun.bytes(folder.file("1"), "last/model.safetensors")
        == TinyRun.bytes(folder.file("2"), "last/model.safetensors"))
  }

  @Test("a full disk stops with an error and leaves the last checkpoint whole")
  func fullDisk() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("run").path
    await #expect(processExitsWith: .success) { [path = path as String] in
      // The limit on a file's size fails a write just as a full disk does.
      signal(SIGXFSZ, SIG_IGN)
      let url = URL(filePath: path)
      var thrown = false
      do {
        _ = try TinyRun.begin(url).run(events: { event in
          guard case .checkpoint = event else { return }
          var limit = rlimit(rlim_cur: 50_000, rlim_max: 50_000)
          setrlimit(__rlimit_resource_t(1), &limit)
        })
      } catch BasicsError.file(_, _) {
        thrown = true
      }
      exit(thrown ? 0 : 1)
    }
    let run = try TinyRun.resume(folder.file("run"))
    #expect(run.step == 12)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path)
        .allSatisfy { !$0.contains("partial") })
  }

  @Test("a loss that is not finite stops and names the last good checkpoint")
  func notFinite() throws {
    let folder = try TemporaryFolder()
    var configuration = TinyRun.configuration()
    configuration.learningRate = 1e38
    configuration.warmUpRatio = 0
    #expect {
      try TinyRun.begin(folder.file("run"), configuration).run()
    } throws: { error in
      guard case .notFinite(_, let step, nil)? = error as? ReferenceError else { return false }
      return step > 0
    }
  }

  @Test("a run is not written over, and other data are refused")
  func guards() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("run")
    _ = try TinyRun.begin(url).run(isCancelled: { true })
    #expect(throws: ReferenceError.self) { try TinyRun.begin(url) }
    #expect(throws: ReferenceError.self) {
      try TrainingRun.resume(
        folder: url, training: TinyRun.training.dropLast(), validation: TinyRun.validation)
    }
  }

  @Test("accumulating three parts of a batch is one step over the whole batch")
  func accumulation() throws {
    let folder = try TemporaryFolder()
    var whole = TinyRun.configuration()
    whole.epochs = 1
    whole.batchSize = 45
    var halves = whole
    halves.batchSize = 15
    halves.accumulation = 3
    let model = try Self.withoutDropout(folder.file("model"))
    _ = try TinyRun.begin(folder.file("whole"), whole, model: model).run()
    _ = try TinyRun.begin(folder.file("halves"), halves, model: model).run()
    let a = try TrainingCurve(folder: folder.file("whole")).steps
    let b = try TrainingCurve(folder: folder.file("halves")).steps
    #expect(a.count == 1 && b.count == 1)
    #expect(a[0].tokens == b[0].tokens)
    #expect(abs(a[0].loss / b[0].loss - 1) < 1e-5)
    #expect(abs(a[0].gradientNorm / b[0].gradientNorm - 1) < 1e-5)
  }

  /// A copy of the model whose configuration drops nothing: masks would differ between batches.
  private static func withoutDropout(_ folder: URL) throws -> URL {
    try FileManager.default.copyItem(at: TinyRun.model, to: folder)
    let file = folder.appending(path: "config.json")
    var fields = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    fields["hidden_dropout_prob"] = 0
    fields["attention_probs_dropout_prob"] = 0
    try JSONSerialization.data(withJSONObject: fields).write(to: file)
    return folder
  }

  @Test("training on what it is scored on lowers the loss")
  func learns() throws {
    let folder = try TemporaryFolder()
    var configuration = TinyRun.configuration()
    configuration.epochs = 30
    configuration.loss = .huber(delta: 1)
    configuration.clipNorm = 1
    _ = try TinyRun.begin(folder.file("run"), configuration).run()
    let epochs = try TrainingCurve(folder: folder.file("run")).epochs
    #expect(epochs.count == 30)
    #expect(epochs[29].trainingLoss < 0.5 * epochs[0].trainingLoss)
  }

  @Test("early stopping looks away before its first epoch, and counts patience after it")
  func earlyStopping() {
    let stopping = EarlyStopping(firstEpoch: 2, patience: 2)
    var state = EarlyStopping.State()
    let values: [Double?] = [0.9, 0.8, 0.1, 0.2, nil, 0.2]
    let ends = values.enumerated().map {
      stopping.observe($0.element, epoch: $0.offset, state: &state)
    }
    #expect(ends == [false, false, false, false, false, true])
    #expect(state.best == 0.2)
  }

  @Test("the epoch form of the schedule never leaves warm-up, as the released code")
  func epochSchedule() {
    var configuration = TrainingConfiguration()
    configuration.schedule = .epoch
    let schedule = configuration.rates(stepsPerEpoch: 63)
    #expect(schedule.rate(step: 40, epoch: 0) == 0)
    #expect(abs(schedule.rate(step: 600, epoch: 9) - 3e-5 * 9 / 37.8) < 1e-18)
  }

  @Test("a saved model predicts what the trained one does")
  func saved() throws {
    let folder = try TemporaryFolder()
    let run = try TinyRun.begin(folder.file("run"))
    let outcome = try run.run()
    let sequences = TinyRun.validation.map(\.sequence)
    let here = try Predictor(engine: run.engine, tokenizer: nil).predict(sequences)
    let (engine, report) = try ModelDirectory(outcome.last).makeEngine(threads: 1)
    #expect(report == ModelDirectory.LoadReport())
    let there = try Predictor(engine: engine, tokenizer: nil).predict(sequences)
    #expect(here == there)
  }
}
