import Basics
public import Foundation

/// A file on the network, with what it must be.
public struct RemoteFile: Codable, Equatable, Sendable {
  /// Where it goes, below the set's folder: relative, without `.` or `..`.
  public let path: String
  /// An address with the scheme http or https.
  public let url: URL
  /// Asked in turn where `url` answers that it has no such file, or has another one.
  public let otherURLs: [URL]?
  /// Its exact size.
  public let bytes: Int
  /// Its SHA-256 as 64 hexadecimal digits in lower case.
  public let sha256: String

  public init(path: String, url: URL, otherURLs: [URL]? = nil, bytes: Int, sha256: String) {
    (self.path, self.url, self.otherURLs) = (path, url, otherURLs)
    (self.bytes, self.sha256) = (bytes, sha256)
  }

  var urls: [URL] { [url] + (otherURLs ?? []) }

  /// `data`, where it is the file.
  func checked(_ data: Data) throws(HarnessError) -> Data {
    let found = Digest.sha256(data)
    guard found == sha256 else {
      throw .fault(
        .metadata, file: path, found: "\(data.count) bytes, SHA-256 \(found.prefix(12))…",
        expected: "\(bytes) bytes, SHA-256 \(sha256.prefix(12))…; nothing was kept of it")
    }
    return data
  }
}

/// The files of an open set, pinned by size and digest.
public struct FetchList: Codable, Equatable, Sendable {
  public let schema: Int
  /// The set's id, also the name of its folder in a mirror.
  public let set: String
  public let title, licence: String
  /// The page of the repository that the files come from.
  public let source: URL
  public let files: [RemoteFile]

  public init(
    schema: Int = 1, set: String, title: String, licence: String, source: URL, files: [RemoteFile]
  ) {
    (self.schema, self.set, self.title, self.licence) = (schema, set, title, licence)
    (self.source, self.files) = (source, files)
  }

  /// The sets that `shipped` knows.
  public static let names = ["newsemp18", "llmpathy"]

  /// The list of a set that this program knows how to fetch.
  ///
  /// A file's first address names the commit by its short id, which GitHub's page resolves; the
  /// second is the raw file at a full commit id. Whatever the address, another content is refused.
  /// - Throws: ``HarnessError/usage(_:)`` for another name.
  public static func shipped(_ name: String) throws(HarnessError) -> FetchList {
    let lists = [PackageResources.fetch_newsemp18_json, PackageResources.fetch_llmpathy_json]
    guard let place = names.firstIndex(of: name) else {
      throw .usage("There is no open set \(name): choose one of \(names.joined(separator: ", ")).")
    }
    return try Documents.decode(FetchList.self, Data(lists[place]), name: name)
  }

  /// The sum of the files' sizes.
  public var bytes: Int { files.reduce(0) { $0 + $1.bytes } }

  /// Refuses a path that would leave the folder, and a pin that cannot be.
  func check() throws(HarnessError) {
    for file in files {
      let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
      let isSafe = parts.allSatisfy { part in
        !part.isEmpty && part != "." && part != ".."
          && part.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x5C }
      }
      guard isSafe, file.bytes >= 0, file.sha256.wholeMatch(of: /[0-9a-f]{64}/) != nil else {
        throw .fault(
          .metadata, file: "the list of \(set)", found: file.path,
          expected: "a plain path below the set's folder, its size and SHA-256")
      }
    }
  }
}

/// A copy of the open sets: `<mirror>/<set>/<path>`, as a folder or below an address.
public struct Mirror: Equatable, Sendable {
  public let url: URL

  /// A folder's path, or an address that begins with `http://`, `https://` or `file://`.
  /// - Throws: ``HarnessError/usage(_:)`` for another scheme or an address without a host.
  public init(_ text: String) throws(HarnessError) {
    let isAddress = text.contains("://")
    guard !text.isEmpty, let url = isAddress ? URL(string: text) : URL(filePath: text),
      url.isFileURL || Transfer.refusal(of: url, from: nil) == nil
    else { throw .usage("'\(text)' is neither a folder nor an address with http or https.") }
    self.url = url
  }

  /// Where a file of a set stands in this mirror.
  func location(of path: String, in set: String) -> URL {
    url.appending(path: set).appending(path: path)
  }
}
