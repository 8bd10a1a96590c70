import Basics
import Foundation

/// Something that reads files from outside: it accepts one or throws its module's own error.
protocol FuzzTarget {
  /// Sound files; the first inputs are these, unchanged.
  var seeds: [[UInt8]] { get }
  /// Changes `bytes`, a copy of seed `seed`.
  func mutate(_ bytes: inout [UInt8], seed: Int, _ random: inout SplitMix64)
  /// Reads `bytes`, made from seed `seed`. Returns where they are accepted.
  func run(_ bytes: [UInt8], seed: Int) throws
  /// How a command may end that refuses a file.
  var refusals: [ExitStatus] { get }
}

extension FuzzTarget {
  /// The input of this number: a function of the run's seed, the target's name and the number.
  func input(_ number: Int, _ random: SplitMix64) -> (bytes: [UInt8], seed: Int) {
    let seed = number % seeds.count
    var (bytes, random) = (seeds[seed], random)
    if number >= seeds.count { mutate(&bytes, seed: seed, &random) }
    return (bytes, seed)
  }
}

/// A fault that fuzzing finds, or why it cannot go on.
struct FuzzFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What is fuzzed in worker processes.
enum FuzzKind: String, CaseIterable {
  case configPredict = "config-predict"
  case configTrain = "config-train"
  case tokenizerPredict = "tokenizer-predict"
  case tokenizerTrain = "tokenizer-train"
  case vocabularyPredict = "vocabulary-predict"
  case vocabularyTrain = "vocabulary-train"
  case weightsPredict = "weights-predict"
  case weightsTrain = "weights-train"
  case predictions, zips

  var title: String {
    switch self {
    case .predictions: "prediction files"
    case .zips: "zips"
    default: model.map { "\($0.file.rawValue), \($0.command.rawValue)" } ?? rawValue
    }
  }

  /// Inputs of a full run.
  var count: Int { model == nil ? 100_000 : 2000 }

  /// The share of the time that is left; what a kind does not need goes to those after it.
  var weight: Double { model?.command == .predict ? 1 : model == nil ? 4 : 2 }

  /// The draws of input `number`.
  func random(seed: UInt64, number: Int) -> SplitMix64 {
    let place = Self.allCases.firstIndex(of: self) ?? 0
    return SplitMix64(seed: seed, labels: [UInt64(place), UInt64(number)])
  }

  /// Makes the target, with its files in `folder`.
  func target(in folder: URL) throws -> any FuzzTarget {
    if let (file, command) = model {
      return try ModelTarget(file: file, command: command, folder: folder)
    }
    return try self == .zips ? ZipTarget(folder) : PredictionTarget(folder)
  }

  private var model: (file: ModelTarget.File, command: ModelTarget.Command)? {
    switch self {
    case .configPredict: (.configuration, .predict)
    case .configTrain: (.configuration, .train)
    case .tokenizerPredict: (.tokenizer, .predict)
    case .tokenizerTrain: (.tokenizer, .train)
    case .vocabularyPredict: (.vocabulary, .predict)
    case .vocabularyTrain: (.vocabulary, .train)
    case .weightsPredict: (.weights, .predict)
    case .weightsTrain: (.weights, .train)
    case .predictions, .zips: nil
    }
  }
}
