import Basics
public import Foundation
import Glibc
import Metrics

/// The folder of a training run.
///
/// ```
/// run.json        configuration, model, digest of the data; at the end, how the run ended
/// steps.jsonl     one line a step
/// epochs.jsonl    one line an epoch, with the validation metrics
/// last -> checkpoint-N   model, optimiser state and place in the run
/// best -> best-N         the model of the epoch with the highest validation CCC (mean over targets)
/// ```
/// Whatever moment the power fails at, `last` is complete.
struct RunDirectory {
  let url: URL

  /// What `run.json` holds.
  struct Description: Codable, Equatable {
    var version = 1
    var configuration: TrainingConfiguration
    var model, digest: String
    var trainingRows, validationRows: Int
    var kernel: String
    /// What is read of a row beside its text; nil in runs of earlier versions.
    var input: InputSettings?
    /// Where its rows come from; nil where whoever began it did not say.
    var source: RunSource?
    /// How it ended; nil until then.
    var result: TrainingResult?
  }

  /// Where a run stands, beside a checkpoint's weights.
  struct State: Codable, Equatable {
    var step = 0
    var epoch = 0
    /// Batches of the epoch already used.
    var batch = 0
    /// Forward passes so far; each draws its own dropout masks.
    var pass: UInt64 = 0
    /// Sum of the epoch's step losses so far.
    var lossSum = 0.0
    var lossCount = 0
    var stopping = EarlyStopping.State()
    var plateau = Plateau.State()
    var bestConcordance: Double?
    var bestEpoch: Int?
    var isFinished = false
    /// The targets whose predictions of the validation set have collapsed by the last epoch.
    var collapsed: [String]?
    /// Each target's calibration by the last epoch, of a head that predicts variances.
    var calibration: [String: Calibration]?
  }

  var last: URL { url.appending(path: "last") }
  var best: URL { url.appending(path: "best") }
  var steps: URL { url.appending(path: "steps.jsonl") }
  var epochs: URL { url.appending(path: "epochs.jsonl") }

  var hasCheckpoint: Bool {
    FileManager.default.fileExists(atPath: last.appending(path: "state.json").path)
  }

  /// Makes the folder for a new run. Throws where a run is already there.
  func create(_ description: Description) throws {
    let file = url.appending(path: "run.json")
    guard !FileManager.default.fileExists(atPath: file.path) else {
      throw ReferenceError.run(
        folder: url.path, problem: "it already holds a run: resume it, or choose another folder")
    }
    try AtomicFile.write(try CanonicalJSON.document(description), to: file)
  }

  /// Adds to `run.json` how the run ended.
  func end(_ result: TrainingResult) throws {
    var description = try description()
    guard description.result != result else { return }
    description.result = result
    try AtomicFile.write(
      try CanonicalJSON.document(description), to: url.appending(path: "run.json"))
  }

  /// What `run.json` says.
  func description() throws -> Description { try decode(url.appending(path: "run.json")) }

  /// Where the last checkpoint stands.
  func state() throws -> State { try decode(last.appending(path: "state.json")) }

  /// Writes a checkpoint and makes it the last.
  func save(
    _ engine: EncoderEngine, _ state: State, companions: ModelDirectory?, task: ModelTask
  ) throws {
    let name = "checkpoint-\(state.step)\(state.isFinished ? "-final" : "")-\(state.batch)"
    let target = url.appending(path: name)
    let partial = url.appending(path: name + ".partial")
    let manager = FileManager.default
    let previous = try? manager.destinationOfSymbolicLink(atPath: last.path)
    // The place was saved already: nothing has moved since.
    if previous == name, (try? self.state()) == state { return }
    try? manager.removeItem(at: partial)
    defer { try? manager.removeItem(at: partial) }
    try engine.save(to: partial, companionsFrom: companions, task: task)
    try engine.saveOptimizer(to: partial.appending(path: "optimizer.safetensors"))
    let stateFile = partial.appending(path: "state.json")
    try AtomicFile.write(try CanonicalJSON.document(state), to: stateFile)
    if previous != name { try? manager.removeItem(at: target) }
    try AtomicFile.rename(partial, to: target)
    try point(last, to: name, previous: previous)
  }

  /// Points `link` to `name`, and removes the folder that it pointed to.
  private func point(_ link: URL, to name: String, previous: String?) throws {
    try AtomicFile.link(link, to: name)
    guard let previous, previous != name else { return }
    try? FileManager.default.removeItem(at: url.appending(path: previous))
  }

  /// Makes the last checkpoint's model the best one, sharing its files.
  func keepBest(_ state: State) throws {
    let manager = FileManager.default
    let name = "best-\(state.bestEpoch ?? 0)"
    let folder = url.appending(path: name)
    let previous = try? manager.destinationOfSymbolicLink(atPath: best.path)
    try ReferenceError.naming(url) {
      if previous != name { try? manager.removeItem(at: folder) }
      try manager.createDirectory(at: folder, withIntermediateDirectories: true)
      let checkpoint = url.appending(path: try manager.destinationOfSymbolicLink(atPath: last.path))
      for file in try manager.contentsOfDirectory(atPath: checkpoint.path)
      where file != "optimizer.safetensors" && file != "state.json" {
        let target = folder.appending(path: file)
        try? manager.removeItem(at: target)
        // A hard link costs nothing; a file system without them gets a copy.
        if link(checkpoint.appending(path: file).path, target.path) != 0 {
          try manager.copyItem(at: checkpoint.appending(path: file), to: target)
        }
      }
    }
    try point(best, to: name, previous: previous)
  }

  /// Removes every checkpoint; the links go first, so that none points to nothing.
  func removeModels() throws {
    let manager = FileManager.default
    try ReferenceError.naming(url) {
      for link in [last, best] { unlink(link.path) }
      for name in try manager.contentsOfDirectory(atPath: url.path)
      where name.hasPrefix("checkpoint-") || name.hasPrefix("best-") {
        try manager.removeItem(at: url.appending(path: name))
      }
    }
  }

  /// Cuts the logs back to what the checkpoint knows, before a run goes on from it.
  func trimLogs(to state: State) throws {
    for (file, count) in [(steps, state.step), (epochs, state.epoch)] {
      guard let data = try? Data(contentsOf: file) else { continue }
      let kept = Data(data.split(separator: 0x0A).prefix(count).flatMap { $0 + [0x0A] })
      if kept.count != data.count {
        try ReferenceError.naming(url) { try AtomicFile.write(kept, to: file) }
      }
    }
  }

  /// Appends one JSON line.
  func append(_ value: some Encodable, to file: URL) throws {
    let line = try CanonicalJSON.compact(value) + [0x0A]
    let descriptor = open(file.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw ReferenceError.system(file) }
    defer { close(descriptor) }
    let written = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    guard written == line.count else { throw ReferenceError.system(file) }
  }

  private func decode<Value: Decodable>(_ file: URL) throws -> Value {
    func fault(_ problem: String) -> ReferenceError {
      .run(folder: url.path, problem: "\(file.lastPathComponent) is \(problem)")
    }
    guard let data = try? Data(contentsOf: file) else { throw fault("missing") }
    guard let value = try? JSONDecoder().decode(Value.self, from: data) else {
      throw fault("damaged or of another version")
    }
    return value
  }
}

extension EncoderEngine {
  /// Both moments of every parameter, under `m.` and `v.` and its name.
  private var moments: [(name: String, shape: [Int], values: UnsafeMutableBufferPointer<Float>)] {
    [("m.", firstMoments), ("v.", secondMoments)].flatMap { prefix, region in
      layout.parameters.map { (prefix + $0.name, $0.shape, region[$0.range]) }
    }
  }

  /// Writes the moments.
  func saveOptimizer(to url: URL) throws {
    reserveTraining()
    try SafetensorsWriter.write(
      moments.map { ($0.name, $0.shape, UnsafeBufferPointer($0.values)) }, to: url)
  }

  /// Reads what ``saveOptimizer(to:)`` wrote. Throws ``ReferenceError``.
  func loadOptimizer(from url: URL) throws {
    reserveTraining()
    let file = try Safetensors(url)
    let problems = moments.compactMap { file.load($0.name, shape: $0.shape, into: $0.values) }
    guard problems.isEmpty else {
      throw ReferenceError.checkpoint(path: url.path, problems: problems)
    }
    findRowsWithMoments()
  }
}

/// What a run reports as it trains.
public enum TrainingEvent: Equatable, Sendable {
  case step(StepRecord, TrainingPace)
  case epoch(EpochRecord)
  case checkpoint(URL)
}

/// One line of `steps.jsonl`.
public struct StepRecord: Equatable, Sendable, Codable {
  /// From 0 over the whole run.
  public var step: Int
  public var epoch: Int
  /// Training loss of the step's rows, dropout on.
  public var loss: Double
  public var learningRate: Double
  /// Before clipping.
  public var gradientNorm: Double
  /// Tokens in the step, without padding.
  public var tokens: Int
}

/// The pace of a run.
public struct TrainingPace: Equatable, Sendable {
  /// Steps of the whole run, if it is not stopped early.
  public var totalSteps: Int
  /// Since this process began to train.
  public var tokensPerSecond: Double
  /// Until the last step, without validation; nil in the first steps.
  public var secondsLeft: Double?
}

/// One line of `epochs.jsonl`.
public struct EpochRecord: Equatable, Sendable, Codable {
  public var epoch: Int
  /// Steps done at its end.
  public var steps: Int
  /// Mean of the steps' losses.
  public var trainingLoss: Double
  /// Of several targets the means.
  public var validation: ValidationMetrics
  /// Each target's own, where there are several.
  public var targets: [String: ValidationMetrics]?
  /// Whether its CCC is the highest so far.
  public var isBest: Bool
}

/// How a run ended.
public struct TrainingOutcome: Equatable, Sendable {
  public enum Reason: String, Sendable {
    case allEpochs = "all epochs done"
    case earlyStopping = "no improvement on the validation set"
    case interrupted = "interrupted: resume continues here"
  }

  public var reason: Reason
  public var steps, epochs: Int
  /// The last checkpoint's folder, a model that Python loads.
  public var last: URL
  /// The best epoch's model; nil where no epoch had a defined CCC.
  public var best: URL?
  /// The targets whose predictions of the validation set have collapsed by the last epoch.
  public var collapsed: [String]
}

/// Where the rows of a run come from, in the words of whoever began it: all that is needed to read
/// them again.
public struct RunSource: Codable, Equatable, Sendable {
  /// The benchmark's id, and the data home's path.
  public var benchmark, home: String
  public var trainSplits: [String]
  public var validation: String
  /// Paths of a file of labels and of a table.
  public var labels, table: String?
  /// What the labels were given the mean and SD of: `crowd`, or a file's path.
  public var labelsLike: String?
  /// How they were rescaled for it, a target each.
  public var scalings: [LabelScaling]?
  /// What the texts were cut to, in tokens.
  public var maxLength: Int
  /// Those of all runs that were begun together.
  public var seeds: [UInt64]

  public init(
    benchmark: String, home: String, trainSplits: [String], validation: String, labels: String?,
    table: String?, labelsLike: String? = nil, maxLength: Int, seeds: [UInt64]
  ) {
    (self.benchmark, self.home, self.trainSplits) = (benchmark, home, trainSplits)
    (self.validation, self.labels, self.table) = (validation, labels, table)
    (self.labelsLike, self.maxLength, self.seeds) = (labelsLike, maxLength, seeds)
  }
}

/// How a finished run ended, in `run.json`.
struct TrainingResult: Codable, Equatable {
  var reason: String
  var steps, epochs: Int
  var collapsed: [String]
  /// Each target's on the validation set, of a head that predicts variances.
  var calibration: [String: Calibration]?
}

/// The curve of a run, read back from its folder.
public struct TrainingCurve: Equatable, Sendable {
  public var steps: [StepRecord]
  public var epochs: [EpochRecord]

  /// Reads `steps.jsonl` and `epochs.jsonl` of `folder`; a half-written last line is left out.
  /// Throws ``ReferenceError/run(folder:problem:)`` where the folder holds no steps.
  public init(folder: URL) throws {
    let directory = RunDirectory(url: folder)
    steps = Self.lines(directory.steps)
    epochs = Self.lines(directory.epochs)
    guard !steps.isEmpty else {
      throw ReferenceError.run(folder: folder.path, problem: "it holds no steps.jsonl with steps")
    }
  }

  private static func lines<Record: Decodable>(_ file: URL) -> [Record] {
    guard let data = try? Data(contentsOf: file) else { return [] }
    let decoder = JSONDecoder()
    return data.split(separator: 0x0A).compactMap { try? decoder.decode(Record.self, from: $0) }
  }
}

/// What a folder of weights is known to be.
public enum ModelProvenance {
  /// Whether `model` is a checkpoint of roberta-base, by its sizes, in the folder of a run with the
  /// paper's settings.
  public static func followsPaper(_ model: URL) -> Bool {
    let configuration = try? ModelConfiguration(contentsOf: model.appending(path: "config.json"))
    let run = try? RunDirectory(url: model.deletingLastPathComponent()).description()
    return configuration?.publishedName == "roberta-base" && run?.configuration.followsPaper == true
  }
}
