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
    self.path = path
    self.url = url
    self.otherURLs = otherURLs
    self.bytes = bytes
    self.sha256 = sha256
  }
}

/// The files of an open set, pinned by size and digest.
public struct FetchList: Codable, Equatable, Sendable {
  public let schema: Int
  /// The set's id, also the name of its folder in a mirror.
  public let set: String
  public let title: String
  public let licence: String
  /// The page of the repository that the files come from.
  public let source: URL
  public let files: [RemoteFile]

  public init(
    schema: Int = 1, set: String, title: String, licence: String, source: URL,
    files: [RemoteFile]
  ) {
    self.schema = schema
    self.set = set
    self.title = title
    self.licence = licence
    self.source = source
    self.files = files
  }

  /// The sets that `shipped` knows.
  public static let names = ["newsemp18", "llmpathy"]

  /// The list of a set that this program knows how to fetch.
  ///
  /// The first address of a file names the commit by its short id, through GitHub's own page (which
  /// resolves it and redirects); the second is the raw file at a full commit id that is known to hold
  /// the same bytes. Whatever the address, another content is refused.
  ///
  /// - Throws: `FetchError.unknownSet`.
  public static func shipped(_ name: String) throws -> FetchList {
    let json: [UInt8]
    switch name {
    case "newsemp18": json = PackageResources.fetch_newsemp18_json
    case "llmpathy": json = PackageResources.fetch_llmpathy_json
    default: throw FetchError.unknownSet(name: name, known: names)
    }
    return try JSONDecoder().decode(FetchList.self, from: Data(json))
  }

  /// The sum of the files' sizes.
  public var bytes: Int { files.reduce(0) { $0 + $1.bytes } }

  /// Paths that would leave the folder, sizes and digests that cannot be.
  func check() throws {
    for file in files {
      let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
      let safe = parts.allSatisfy { part in
        !part.isEmpty && part != "." && part != ".."
          && part.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x5C }
      }
      guard safe else { throw FetchError.unsafePath(file.path) }
      let hexadecimal = file.sha256.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
      }
      guard file.bytes >= 0, file.sha256.utf8.count == 64, hexadecimal else {
        throw FetchError.badPin(path: file.path)
      }
    }
  }
}
