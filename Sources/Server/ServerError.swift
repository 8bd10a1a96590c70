public import Basics
import Foundation
import GRDB
import Harness
import Logging

/// Everything that can go wrong in this module before a request is answered.
public enum ServerError: CommandError {
  /// Others than the owner can read what holds gold labels or submissions.
  case exposed(path: String, mode: String)
  /// Another server works on this data home.
  case alreadyRunning(path: String)
  case teamExists(name: String)
  /// A team, or an entry of a folder, has a name that looks like this one.
  case nameTaken(name: String, other: String)
  case unknownTeam(name: String)
  case tokenExists(team: String, name: String)
  /// Neither the name nor the number of a token of the team that is not revoked.
  case unknownToken(team: String, token: String)
  case unknownSubmission(id: String)
  /// No webhook, or no delivery, of this number or id.
  case unknownWebhook(String)
  /// A submission that is withdrawn already, or not withdrawn.
  case wrongState(id: String, found: String, expected: String)
  /// A phase that contradicts itself, or a name that is none.
  case refused(String)
  /// The disk is full or a file may not grow.
  case full(path: String)
  case store(path: String, reason: String)
  /// The database does not agree with its ledger.
  case ledger([String])
  /// A backup that lacks events which were signed.
  case incompleteBackup(String)
  /// A backup whose ledger is not that of the data home.
  case otherLedger(found: String, expected: String)
  /// A file of the certificate or its key is missing, or may not be read.
  case unreadable(path: String, reason: String)
  /// A certificate that cannot be used now, or a key that is not its own.
  case badTLSFile(path: String, reason: String)

  public var description: String {
    switch self {
    case .exposed(let path, let mode):
      "\(path) can be read by others (mode \(mode)), and it holds what may not be shown. "
        + "Close it with: chmod go-rwx \(path)"
    case .alreadyRunning(let path):
      "Another server works on this data home (\(path) is locked). Stop it first."
    case .teamExists(let name):
      "There is a team named '\(name)' already. For a further token: "
        + "invitro team token add '\(name)' --name NAME"
    case .nameTaken(let name, let other):
      "'\(name)' looks like '\(other)', a name that is taken. Choose one that looks different."
    case .unknownTeam(let name): "There is no team named '\(name)'. `invitro team list` shows all."
    case .tokenExists(let team, let name):
      "'\(team)' has a token named '\(name)' already. Choose another name, or revoke it first: "
        + "invitro team token revoke '\(team)' '\(name)'"
    case .unknownToken(let team, let token):
      "'\(team)' has no token '\(token)' that is not revoked. "
        + "`invitro team token list '\(team)'` shows all."
    case .unknownSubmission(let id):
      "There is no submission \(id). `invitro submission list` shows all."
    case .unknownWebhook(let id):
      "There is no \(id). `invitro webhook list` and `invitro webhook deliveries` show all."
    case .wrongState(let id, let found, let expected):
      "Submission \(id) is \(found); expected one that is \(expected)."
    case .refused(let text): text
    case .full(let path): "\(path): no space is left, or the file may not grow further."
    case .store(let path, let reason): "\(path): \(reason)"
    case .ledger(let findings):
      "The database is not what its ledger says:\n" + findings.map { "- \($0)\n" }.joined()
        + "Restore a backup that has all of it (`invitro restore`). If there is none, `invitro ledger "
        + "continue --why …` begins a new ledger that says so; the old one stays as evidence."
    case .incompleteBackup(let text):
      "\(text) Restore a newer backup, or give the reason why they may be lost, which is published: "
        + "--accept-loss REASON"
    case .otherLedger(let found, let expected):
      "The backup's ledger (\(found)) is not the one that the data home has seen (\(expected)): it "
        + "comes from another data home, from before a new ledger began, or one of them was changed. "
        + "Restore it into an empty data home to look at it."
    case .unreadable(let path, let reason):
      "\(path) cannot be read: \(reason). --tls-certificate and --tls-key name files in PEM form."
    case .badTLSFile(let path, let reason): "\(path): \(reason)."
    }
  }

  public var exitStatus: ExitStatus {
    switch self {
    case .exposed, .teamExists, .nameTaken, .tokenExists, .wrongState, .badTLSFile: .badData
    case .ledger, .incompleteBackup, .otherLedger: .checkFailed
    case .unknownTeam, .unknownToken, .unknownSubmission, .unknownWebhook, .unreadable:
      .missingInput
    case .refused: .usage
    case .alreadyRunning, .full, .store: .unavailable
    }
  }
}

extension ServerError {
  /// What SQLite says, as an error of this module.
  init(_ error: any Error, path: String) {
    switch error {
    case let known as ServerError: self = known
    case let database as DatabaseError:
      // A file-size limit shows as a failed write, a full disk as either.
      let isFull = [.SQLITE_FULL, .SQLITE_IOERR].contains(database.resultCode)
      // Never the statement or its arguments: they hold a team's data.
      let code = database.extendedResultCode.rawValue
      let reason = "SQLite \(code): \(database.message ?? "no message")"
      self = isFull ? .full(path: path) : .store(path: path, reason: reason)
    default: self = .store(path: path, reason: "\(error)")
    }
  }
}

/// Lines on standard error for the operator, without what a team sent or what a label is.
public struct ServerLog: Sendable {
  private let write: @Sendable (String) -> Void

  public init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

  /// For the framework below: its own errors alone, since no request is logged.
  static var framework: Logger {
    var logger = Logger(label: "invitro") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .error
    return logger
  }

  func note(_ text: String) { write("\(Date().stamp) \(text)") }

  func warn(_ text: String) { note("warning: \(text)") }

  /// A fault of the server's own; of errors that may quote an upload only the kind is told.
  func fault(_ what: String, _ error: any Error) {
    let why =
      switch error {
      case HarnessError.invalid(let faults):
        faults.map(\.code.rawValue).prefix(5).joined(separator: ", ")
      case let error as any CommandError: error.description
      default: "\(type(of: error))"
      }
    write("\(Date().stamp) error: \(what): \(why)")
  }
}
