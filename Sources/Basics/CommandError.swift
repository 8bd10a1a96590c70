public import Foundation

/// The exit codes of every command, after sysexits.h.
public enum ExitStatus: Int32, Sendable {
  case done = 0
  case checkFailed = 1
  case usage = 64
  case badData = 65
  case missingInput = 66
  case unavailable = 69
  case bug = 70
  case notAllowed = 77
}

/// An error that ends a command: it tells the user what is wrong and what to do, and the shell how
/// the command ended. Each module has one.
public protocol CommandError: Error, Equatable, Sendable, CustomStringConvertible {
  var exitStatus: ExitStatus { get }
}

/// What can go wrong in this module.
public enum BasicsError: CommandError, LocalizedError {
  /// A file or folder cannot be created, read, written or renamed; `reason` is the system's text.
  case file(path: String, reason: String)
  /// A value cannot be written as JSON.
  case json(reason: String)

  public var description: String {
    switch self {
    case .file(let path, let reason): "\(path): \(reason)"
    case .json(let reason): "this result cannot be written as JSON: \(reason)"
    }
  }

  public var exitStatus: ExitStatus {
    switch self {
    case .file: .unavailable
    case .json: .bug
    }
  }

  public var errorDescription: String? { description }
}

/// JSON whose bytes depend on the value alone: sorted keys, slashes as they are, dates by ISO 8601.
/// A number that is not finite is an error: an undefined figure is absent.
public enum CanonicalJSON {
  /// Indented, with a newline at the end: a document that people may open.
  public static func document(_ value: some Encodable) throws(BasicsError) -> Data {
    try encode(value, [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]) + Data("\n".utf8)
  }

  /// On one line, without a newline: for lines of a journal, answers, databases and digests.
  public static func compact(_ value: some Encodable) throws(BasicsError) -> Data {
    try encode(value, [.sortedKeys, .withoutEscapingSlashes])
  }

  private static func encode(
    _ value: some Encodable, _ form: JSONEncoder.OutputFormatting
  ) throws(BasicsError) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = form
    encoder.dateEncodingStrategy = .iso8601
    do { return try encoder.encode(value) } catch { throw .json(reason: "\(error)") }
  }
}
