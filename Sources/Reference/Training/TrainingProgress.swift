public import Foundation

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
  public var validation: ValidationMetrics
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
  public var steps: Int
  public var epochs: Int
  /// The last checkpoint's folder, a model that Python loads.
  public var last: URL
  /// The best epoch's model; nil where no epoch had a defined CCC.
  public var best: URL?
}

/// The curve of a run, read back from its folder.
public struct TrainingCurve: Equatable, Sendable {
  public var steps: [StepRecord]
  public var epochs: [EpochRecord]

  /// Reads `steps.jsonl` and `epochs.jsonl` of `folder`; a half-written last line is left out.
  ///
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
