public import Basics

/// Why a set could not be fetched.
public enum FetchError: CommandError {
  case unknownSet(name: String, known: [String])
  /// A path of the list that is absolute or leaves the folder.
  case unsafePath(String)
  /// A size below 0, or a digest that is not 64 hexadecimal digits in lower case.
  case badPin(path: String)
  /// An address that is neither http nor https, or a mirror that is no address and no folder.
  case badAddress(String)
  /// The mirror's folder lacks a file.
  case missingMirror(path: String)
  /// The server did not deliver, after all attempts.
  case unavailable(url: String, reason: String)
  /// A redirect that is not followed.
  case redirectRefused(from: String, to: String, reason: String)
  /// The server or mirror has a file of another size; `found` is nil where more came than `expected`
  /// and reading stopped there.
  case sizeDiffers(path: String, expected: Int, found: Int?)
  case digestDiffers(path: String, expected: String, found: String)
  /// Another process is fetching the same file.
  case busy(path: String)
  case notWritable(path: String, reason: String)
  /// More than one file failed.
  case several([FetchError])

  public var description: String {
    switch self {
    case .unknownSet(let name, let known):
      "there is no open set \(name): choose one of \(known.joined(separator: ", "))"
    case .unsafePath(let path):
      "the list names \(path), which is not a plain path below the set's folder"
    case .badPin(let path):
      "the list pins \(path) with a size or SHA-256 that cannot be"
    case .badAddress(let text):
      "\(text) is neither a folder nor an address with http or https"
    case .missingMirror(let path):
      "the mirror has no file \(path)"
    case .unavailable(let url, let reason):
      "\(url): \(reason). Try again later (what came is kept and continued), or use --mirror"
    case .redirectRefused(let from, let to, let reason):
      "\(from) redirects to \(to), which is not followed: \(reason)"
    case .sizeDiffers(let path, let expected, let found):
      "\(path) should have \(expected) bytes, "
        + (found.map { "but \($0) are offered" } ?? "but more came")
        + ": nothing was kept of it"
    case .digestDiffers(let path, let expected, let found):
      "\(path) has another content: SHA-256 expected \(expected), found \(found); "
        + "nothing was kept of it"
    case .busy(let path):
      "another process is fetching \(path)"
    case .notWritable(let path, let reason):
      "could not write \(path): \(reason)"
    case .several(let errors):
      errors.map(\.description).joined(separator: "\n")
    }
  }

  /// Whether another address may have what this one has not.
  var isOfOneAddress: Bool {
    switch self {
    case .unavailable, .redirectRefused, .sizeDiffers, .digestDiffers: true
    case .unknownSet, .unsafePath, .badPin, .badAddress, .missingMirror, .busy, .notWritable,
      .several:
      false
    }
  }

  /// The exit code of a command that ends with this error.
  public var exitStatus: ExitStatus {
    switch self {
    case .unknownSet, .badAddress: .usage
    case .missingMirror: .missingInput
    case .unavailable, .redirectRefused, .busy, .notWritable: .unavailable
    case .unsafePath, .badPin, .sizeDiffers, .digestDiffers: .badData
    case .several(let errors): errors.first?.exitStatus ?? .bug
    }
  }
}
