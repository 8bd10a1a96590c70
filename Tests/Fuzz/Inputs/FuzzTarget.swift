import Basics
import Foundation

/// Something that reads files from outside: it accepts one or throws its module's own error.
protocol FuzzTarget {
  /// Sound files; the first inputs are these, unchanged.
  var seeds: [[UInt8]] { get }
  /// The input of this number: a function of the run's seed, the target's name and the number.
  func input(_ number: Int, _ random: SplitMix64) -> (bytes: [UInt8], seed: Int)
  /// Changes `bytes`, a copy of seed `seed`.
  func mutate(_ bytes: inout [UInt8], seed: Int, _ random: inout SplitMix64)
  /// Reads `bytes`, made from seed `seed`. Returns where they are accepted.
  func run(_ bytes: [UInt8], seed: Int) throws
  /// How a command may end that refuses a file.
  var refusals: [ExitStatus] { get }
}

extension FuzzTarget {
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

/// A target with faults at known inputs, by which a run shows that it finds them.
struct PlantedTarget: FuzzTarget {
  /// The inputs that trap, hang, take memory, throw an error of no module, and end with an exit code
  /// that is not for bad data.
  static let faults = [11, 21, 31, 41, 51]

  let seeds: [[UInt8]] = [[0]]
  let refusals: [ExitStatus] = [.badData]

  /// Every input is its number.
  func input(_ number: Int, _ random: SplitMix64) -> (bytes: [UInt8], seed: Int) {
    ([UInt8(truncatingIfNeeded: number)], 0)
  }

  func mutate(_ bytes: inout [UInt8], seed: Int, _ random: inout SplitMix64) {}

  func run(_ bytes: [UInt8], seed: Int) throws {
    switch Self.faults.firstIndex(of: Int(bytes[0])) {
    case 0: preconditionFailure("planted")
    case 1: Thread.sleep(forTimeInterval: 3600)
    case 2:
      let memory = [UInt8](repeating: 1, count: (Worker.limits.kilobytes + 1000) << 10)
      if memory.last == 0 { throw FuzzFailure("no memory") }
    case 3: throw FuzzFailure("planted")
    case 4: throw BasicsError.json(reason: "planted")
    default: break
    }
  }
}

/// What is fuzzed in worker processes.
enum FuzzKind: String, CaseIterable {
  /// Not a part of a run, but its proof.
  case planted
  case configPredict = "config-predict"
  case configTrain = "config-train"
  case tokenizerPredict = "tokenizer-predict"
  case tokenizerTrain = "tokenizer-train"
  case vocabularyPredict = "vocabulary-predict"
  case vocabularyTrain = "vocabulary-train"
  case weightsPredict = "weights-predict"
  case weightsTrain = "weights-train"
  case picklePredict = "pickle-predict"
  case pickleTrain = "pickle-train"
  case piecesPredict = "pieces-predict"
  case piecesTrain = "pieces-train"
  case predictions, zips

  /// What a run gives inputs to.
  static var fuzzed: [FuzzKind] { allCases.filter { $0 != .planted } }

  var title: String {
    switch self {
    case .planted: "planted faults"
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
    switch self {
    case .planted: return PlantedTarget()
    case .zips: return try ZipTarget(folder)
    default: return try PredictionTarget(folder)
    }
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
    case .picklePredict: (.pickle, .predict)
    case .pickleTrain: (.pickle, .train)
    case .piecesPredict: (.pieces, .predict)
    case .piecesTrain: (.pieces, .train)
    case .planted, .predictions, .zips: nil
    }
  }
}
