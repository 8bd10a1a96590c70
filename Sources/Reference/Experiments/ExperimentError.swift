public import Basics

/// What can be wrong with an experiment's file or folder.
public enum ExperimentError: CommandError {
  /// The file breaks rules of its form; every fault is listed.
  case invalid(path: String, faults: [Fault])
  /// Data, labels or models that the experiment needs are not there; all of them.
  case missing(path: String, inputs: [Input])
  /// A folder of an experiment that does not fit what is asked of it.
  case folder(path: String, problem: String)

  /// A place in the file (`rows[2].alpha`), what stands there, and what should.
  public struct Fault: Equatable, Sendable, CustomStringConvertible {
    public let place: String
    public let found: String
    public let expected: String

    public init(place: String, found: String, expected: String) {
      self.place = place
      self.found = found
      self.expected = expected
    }

    public var description: String {
      "\(place.isEmpty ? "(whole file)" : place): found \(found), expected \(expected)"
    }
  }

  /// Something that is not there, and how to get it.
  public struct Input: Equatable, Hashable, Sendable, CustomStringConvertible {
    public let path: String
    public let hint: String

    public init(path: String, hint: String) {
      self.path = path
      self.hint = hint
    }

    public var description: String { "\(path) is not there. \(hint)" }
  }

  /// The exit code a command ends with.
  public var exitStatus: ExitStatus {
    switch self {
    case .missing: .missingInput
    case .invalid, .folder: .badData
    }
  }

  public var description: String {
    switch self {
    case .invalid(let path, let faults):
      (faults.map { "\(path): \($0)" } + [faults.count == 1 ? "1 error" : "\(faults.count) errors"])
        .joined(separator: "\n")
    case .missing(let path, let inputs):
      ([
        "\(path) needs what is not there (\(inputs.count) \(inputs.count == 1 ? "thing" : "things")):"
      ] + inputs.map { "  \($0)" }).joined(separator: "\n")
    case .folder(let path, let problem): "experiment folder \(path): \(problem)"
    }
  }
}
