/// The exit codes of every command, after sysexits.h.
public enum ExitStatus: Int32, Sendable {
  case done = 0
  case checkFailed = 1
  case usage = 64
  case badData = 65
  case missingInput = 66
  case unavailable = 69
  case bug = 70
}

/// An error that ends a command: it tells the user what is wrong and what to do, and the shell how
/// the command ended. Each module has one.
public protocol CommandError: Error, Equatable, Sendable, CustomStringConvertible {
  var exitStatus: ExitStatus { get }
}
