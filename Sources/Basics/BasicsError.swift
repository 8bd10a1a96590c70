public import Foundation

/// What can go wrong in this module.
public enum BasicsError: LocalizedError, Equatable, Sendable, CustomStringConvertible {
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

  public var errorDescription: String? { description }
}
