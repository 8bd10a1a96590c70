public import Basics
import Foundation

/// What can go wrong while essays are labelled by a model, or label files are read.
public enum LabellingError: CommandError {
  /// The environment variable that should hold the key is not set.
  case missingKey(variable: String)
  /// The base URL is not an http or https URL.
  case badURL(String)
  /// The key would go over an unencrypted connection to another machine.
  case insecureURL(String)
  /// A prompt file can't be used.
  case badPrompt(file: String, expected: String, found: String)
  /// The server refused for good.
  case refused(status: Int, message: String)
  /// The server or the way to it failed in a way that may pass.
  case unavailable(reason: String, retryAfterSeconds: Double?)
  /// The answer is no chat completion.
  case badResponse(expected: String, found: String)
  /// The answer is larger than `limit` bytes.
  case tooLarge(limit: Int)
  /// Too many essays failed for the run to go on.
  case tooManyFailures(count: Int, last: String)
  /// A cap on spend needs prices.
  case noPrice(model: String)
  /// A file can't be read or written.
  case file(path: String, reason: String)
  /// A line of a journal, other than the last, is damaged.
  case badJournal(path: String, line: Int, reason: String)
  /// Another process writes the journal.
  case journalInUse(path: String)
  /// Every fault of a label file.
  case badLabels(path: String, faults: [Fault])

  /// One fault of a table: line and column count from 1.
  public struct Fault: Equatable, Sendable, CustomStringConvertible {
    public let line: Int
    public let column: Int
    public let expected: String
    public let found: String

    public init(line: Int, column: Int, expected: String, found: String) {
      self.line = line
      self.column = column
      self.expected = expected
      self.found = found
    }

    public var description: String { "\(line):\(column): expected \(expected), found \(found)" }
  }

  /// The exit code a command ends with.
  public var exitStatus: ExitStatus {
    switch self {
    case .missingKey, .badURL, .insecureURL, .noPrice: .usage
    case .badPrompt, .badJournal, .badLabels: .badData
    case .refused, .unavailable, .badResponse, .tooLarge, .tooManyFailures, .journalInUse:
      .unavailable
    case .file(let path, _):
      FileManager.default.fileExists(atPath: path) ? .unavailable : .missingInput
    }
  }

  public var description: String {
    switch self {
    case .missingKey(let variable):
      "the environment variable \(variable) is not set; put the endpoint's key there"
    case .badURL(let url): "\(url) is no http or https URL"
    case .insecureURL(let url):
      "\(url) is unencrypted and not on this machine; the key is not sent there: use https"
    case .badPrompt(let file, let expected, let found):
      "\(file): expected \(expected), found \(found)"
    case .refused(let status, let message): "the server refused with \(status): \(message)"
    case .unavailable(let reason, let seconds):
      reason + (seconds.map { " (it asks to wait \($0) s)" } ?? "")
    case .badResponse(let expected, let found):
      "the server's answer: expected \(expected), found \(found)"
    case .tooLarge(let limit): "the server's answer is larger than \(limit) bytes"
    case .tooManyFailures(let count, let last):
      "\(count) requests failed for good, the last with: \(last); what was answered is in the "
        + "journal, run again to go on"
    case .noPrice(let model):
      "no price is known for \(model); name it in the file of --prices, or set no cap on spend"
    case .file(let path, let reason): "\(path): \(reason)"
    case .badJournal(let path, let line, let reason): "\(path):\(line): \(reason)"
    case .journalInUse(let path): "\(path): another process is writing it"
    case .badLabels(let path, let faults):
      faults.prefix(20).map { "\(path):\($0)" }.joined(separator: "\n")
        + (faults.count > 20 ? "\n\(path): and \(faults.count - 20) more" : "")
    }
  }
}
