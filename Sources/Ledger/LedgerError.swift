public import Basics
import Foundation

/// What can be wrong with a log, its proofs and its signed texts.
public enum LedgerError: CommandError {
  /// Bytes that do not have the form of `what`; `line` counts from 1.
  case malformed(what: String, line: Int? = nil, found: String, expected: String)
  /// An index or a size that the tree does not have.
  case outOfRange(what: String, found: Int, expected: String)
  /// An entry that an entry bundle cannot hold.
  case entryTooLong(bytes: Int)
  /// A proof with more or fewer hashes than the way from `start` to the root of a tree of `size`
  /// leaves needs; `start` is an index or an older size.
  case proofLength(hashes: Int, start: Int, size: Int)
  /// Hashes that lead to another root than the one of the tree of `size` leaves.
  case wrongRoot(size: Int, found: TreeHash, expected: TreeHash)
  /// A tile whose hashes do not lead to the hash above it.
  case wrongTile(path: String, found: TreeHash, expected: TreeHash)
  /// A signature of a known key that does not verify.
  case wrongSignature(key: String)
  /// A text that none, or too few, of the expected keys signed.
  case notSigned(by: String, found: Int, expected: Int)
  /// A checkpoint of another log.
  case wrongOrigin(found: String, expected: String)
  /// Something that should be stored, and is not.
  case missing(String)
  /// A log that somebody else is writing to.
  case busy(path: String)
  /// A file, or another place where a log is kept, that cannot be read or written.
  case file(BasicsError)

  public var description: String {
    switch self {
    case .malformed(let what, let line, let found, let expected):
      "\(what)\(line.map { ", line \($0)" } ?? ""): found \(found), expected \(expected)"
    case .outOfRange(let what, let found, let expected):
      "\(what): found \(found), expected \(expected)"
    case .entryTooLong(let bytes):
      "an entry has \(bytes) bytes; a log takes at most \(EntryBundle.maxEntryBytes): "
        + "log its digest instead"
    case .proofLength(let hashes, let start, let size):
      "a proof of \(hashes) hashes does not lead from \(start) to the root of \(size) entries"
    case .wrongRoot(let size, let found, let expected):
      "the root of \(size) entries: found \(found), expected \(expected); "
        + "the entry, the proof or the checkpoint is not of this log"
    case .wrongTile(let path, let found, let expected):
      "\(path): its hashes lead to \(found), expected \(expected); the file is damaged or forged"
    case .wrongSignature(let key): "the signature of \(key) does not verify"
    case .notSigned(let keys, let found, let expected):
      "found \(found) signatures of \(keys), expected at least \(expected)"
    case .wrongOrigin(let found, let expected):
      "the origin of a checkpoint: found \(found.debugDescription), expected \(expected)"
    case .missing(let what): "\(what) is missing"
    case .busy(let path): "\(path): another program is writing to this log; try again later"
    case .file(let error): error.description
    }
  }

  public var exitStatus: ExitStatus {
    switch self {
    case .malformed, .outOfRange, .entryTooLong: .badData
    case .proofLength, .wrongRoot, .wrongTile, .wrongSignature, .notSigned, .wrongOrigin:
      .checkFailed
    case .missing: .missingInput
    case .busy: .unavailable
    case .file(let error): error.exitStatus
    }
  }

  /// Runs what throws `BasicsError`.
  static func wrapping<Value>(
    _ body: () throws(BasicsError) -> Value
  ) throws(LedgerError) -> Value {
    do throws(BasicsError) { return try body() } catch { throw .file(error) }
  }
}
