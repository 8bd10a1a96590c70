public import Basics
public import Ledger

/// What keeps a site or a report from being made.
public enum ReportError: CommandError {
  case templateMissing(file: String)
  case templateUnreadable(file: String, line: Int?, column: Int?, reason: String)
  case unknownBenchmark(board: String, benchmark: String)
  case unsafeName(what: String, name: String)
  case repeatedBoard(String)
  case repeatedSlug(board: String, slug: String)
  case notASite(path: String)
  case notWritable(path: String, reason: String)
  /// A private key that others than its owner can read.
  case exposedKey(path: String, mode: String)
  /// What is wrong with the ledger, or the key of one, at `place`.
  case ledger(place: String, error: LedgerError)

  /// The exit code a command ends with.
  public var exitStatus: ExitStatus {
    if case .ledger(_, let error) = self { return error.exitStatus }
    return .badData
  }

  public var description: String {
    switch self {
    case .templateMissing(let file):
      return "\(file): this template is missing; it comes with the repository in site/templates"
    case .templateUnreadable(let file, let line, let column, let reason):
      let place = [line, column].compactMap { $0 }.map { ":\($0)" }.joined()
      return "\(file)\(place): the template cannot be read: \(reason)"
    case .unknownBenchmark(let board, let benchmark):
      return "board \(board): no benchmark with the id \"\(benchmark)\" was given"
    case .unsafeName(let what, let name):
      return "\(what) \"\(name)\" cannot name a page: found a character other than a-z, 0-9, "
        + "\".\", \"-\" and \"_\", a leading dot, or over 100 characters"
    case .repeatedBoard(let board): return "board \(board) was given twice"
    case .repeatedSlug(let board, let slug):
      return "board \(board): the slug \"\(slug)\" was given twice; slugs are unique on a board"
    case .notASite(let path):
      return "\(path): refusing to replace a folder that no site build has made "
        + "(.invitro-site.json is not in it); name another folder or empty this one"
    case .notWritable(let path, let reason): return "\(path): cannot be written: \(reason)"
    case .exposedKey(let path, let mode):
      return "\(path): others can read this private key (mode \(mode)). "
        + "Close it with: chmod 600 \(path)"
    case .ledger(let place, let error): return "\(place): \(error)"
    }
  }
}
