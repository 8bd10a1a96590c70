public import Basics

/// What can be wrong with a tokenizer's files.
public enum TokenizerError: CommandError {
  /// `directory` holds none of the sets of files that make a tokenizer.
  case noTokenizer(directory: String)
  /// `file` can't be read.
  case unreadable(file: String, reason: String)
  /// `file` is no JSON from `line` and `column` (both from 1, columns in bytes) on.
  case malformedJSON(file: String, line: Int, column: Int, expected: String, found: String)
  /// Every fault found in `file`.
  case invalid(file: String, faults: [Fault])
  /// `file` asks for a stage that is not built in.
  case unsupported(file: String, stage: String, found: String, supported: String)

  /// One fault: where (a line from 1, or a key), what should stand there, and what does.
  public struct Fault: Equatable, Sendable, CustomStringConvertible {
    public let place: String
    public let expected: String
    public let found: String

    public init(place: String, expected: String, found: String) {
      self.place = place
      self.expected = expected
      self.found = found
    }

    public var description: String { "\(place): expected \(expected), found \(found)" }
  }

  /// The exit code a command ends with.
  public var exitStatus: ExitStatus { .badData }

  public var description: String {
    switch self {
    case .noTokenizer(let directory):
      "\(directory): no tokenizer here; put tokenizer.json there, or vocab.json with merges.txt "
        + "(RoBERTa), or vocab.txt (BERT)"
    case .unreadable(let file, let reason):
      "\(file): can't be read: \(reason)"
    case .malformedJSON(let file, let line, let column, let expected, let found):
      "\(file):\(line):\(column): expected \(expected), found \(found)"
    case .invalid(let file, let faults):
      faults.prefix(20).map { "\(file): \($0)" }.joined(separator: "\n")
        + (faults.count > 20 ? "\n\(file): and \(faults.count - 20) more" : "")
    case .unsupported(let file, let stage, let found, let supported):
      "\(file): the \(stage) \(found) is not supported; supported: \(supported)"
    }
  }
}
