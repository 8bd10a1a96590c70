public import Foundation

/// A copy of the open sets: `<mirror>/<set>/<path>`, as a folder or below an address.
public enum Mirror: Equatable, Sendable {
  case folder(URL)
  case address(URL)

  /// A folder's path, or an address that begins with `http://`, `https://` or `file://`.
  ///
  /// - Throws: `FetchError.badAddress` for another scheme or an address without a host.
  public init(_ text: String) throws {
    guard let scheme = text.firstRange(of: "://") else {
      guard !text.isEmpty else { throw FetchError.badAddress(text) }
      self = .folder(URL(filePath: text))
      return
    }
    guard let url = URL(string: text) else { throw FetchError.badAddress(text) }
    switch text[..<scheme.lowerBound].lowercased() {
    case "file": self = .folder(URL(filePath: url.path))
    case "http", "https":
      guard let host = url.host(), !host.isEmpty else { throw FetchError.badAddress(text) }
      self = .address(url)
    default: throw FetchError.badAddress(text)
    }
  }

  /// Where a file of a set stands in this mirror.
  func location(of path: String, in set: String) -> URL {
    switch self {
    case .folder(let base), .address(let base): base.appending(path: set).appending(path: path)
    }
  }
}
