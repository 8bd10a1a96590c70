public import Basics
import Harness

/// What can be wrong with what a study is asked to do, or with its files.
public enum StudyError: CommandError {
  /// The request contradicts itself or names something that does not exist.
  case usage(String)
  /// An experiment's file breaks rules of its form; every fault is listed.
  case invalid(path: String, faults: [Diagnostic])
  /// Data, labels or models that an experiment needs are not there; all of them.
  case missing(path: String, inputs: [Input])
  /// A folder of an experiment that does not fit what is asked of it.
  case folder(path: String, problem: String)
  /// Too few rows for what was asked.
  case tooFew(what: String, found: Int, needed: Int)
  /// The published figures that come with the program cannot be read.
  case publishedFigures(reason: String)

  /// A place in the file (`rows[2].alpha`), what stands there, and what should.
  public struct Diagnostic: Equatable, Hashable, Sendable, CustomStringConvertible {
    public let place, found, expected: String

    public var description: String {
      "\(place.isEmpty ? "(whole file)" : place): found \(found), expected \(expected)"
    }
  }

  /// Something that is not there, and how to get it.
  public struct Input: Equatable, Hashable, Sendable, CustomStringConvertible {
    public let path, hint: String

    public var description: String { "\(path) does not exist. \(hint)" }
  }

  /// The exit code a command ends with.
  public var exitStatus: ExitStatus {
    switch self {
    case .usage: .usage
    case .missing: .missingInput
    case .invalid, .folder, .tooFew, .publishedFigures: .badData
    }
  }

  public var description: String {
    switch self {
    case .usage(let text): text
    case .invalid(let path, let faults):
      (faults.map { "\(path): \($0)" } + [faults.count == 1 ? "1 error" : "\(faults.count) errors"])
        .joined(separator: "\n")
    case .missing(let path, let inputs):
      (["\(path): \(inputs.count) \(inputs.count == 1 ? "input is" : "inputs are") missing:"]
        + inputs.map { "  \($0)" }).joined(separator: "\n")
    case .folder(let path, let problem): "experiment folder \(path): \(problem)"
    case .tooFew(let what, let found, let needed):
      "found \(found) \(what), expected at least \(needed)"
    case .publishedFigures(let reason):
      "the published figures that come with the program cannot be read: \(reason)"
    }
  }
}
