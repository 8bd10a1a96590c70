import Foundation
import Glibc
import HTTPTypes
import Harness
import Hummingbird
import Synchronization

/// The built site, kept in memory as it is asked for, ready to be sent.
///
/// A build puts a new folder in the place of the old one; the cache then starts anew, so that no
/// file of an old build is served beside one of a new build for longer than a moment.
package final class SiteCache: Sendable {
  private let root: URL
  private let files = Mutex<Files>(Files())
  /// All that is kept; a larger site is read from the disk beyond it.
  private static let mostBytes = 256 << 20

  private struct Files {
    var build: Build?
    var byPath: [String: StaticFile] = [:]
    var bytes = 0
  }

  /// What tells one build from another.
  private struct Build: Equatable {
    var folder: UInt64
    var manifest: UInt64
    var seconds: Int
    var nanoseconds: Int
  }

  init(_ root: URL) { self.root = root }

  /// Starts anew where another build stands in the folder.
  func refresh() {
    let build = currentBuild()
    files.withLock { files in
      if files.build != build { files = Files(build: build) }
    }
  }

  private func currentBuild() -> Build? {
    var folder = stat()
    var manifest = stat()
    guard stat(root.path, &folder) == 0 else { return nil }
    _ = stat(root.appending(path: ".invitro-site.json").path, &manifest)
    return Build(
      folder: UInt64(folder.st_ino), manifest: UInt64(manifest.st_ino),
      seconds: manifest.st_mtim.tv_sec, nanoseconds: manifest.st_mtim.tv_nsec)
  }

  /// The file at `path` as a browser asks for it; nil where there is none.
  ///
  /// - Parameter path: as it stands in the request, percent-encoded, beginning with a slash.
  func file(_ path: String) -> StaticFile? {
    if let known = files.withLock({ $0.byPath[path] }) { return known }
    guard let name = Self.name(path) else { return nil }
    let build = currentBuild()
    guard let file = read(name) else { return nil }
    files.withLock { files in
      if files.build != build { files = Files(build: build) }
      guard files.bytes + file.size <= Self.mostBytes else { return }
      files.byPath[path] = file
      files.bytes += file.size
    }
    return file
  }

  /// The path below the root; nil where it could lead out of it or to a hidden file.
  package static func name(_ path: String) -> String? {
    guard let decoded = path.removingPercentEncoding, decoded.hasPrefix("/"),
      decoded.utf8.count <= 1000, decoded.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x5C })
    else { return nil }
    let isFolder = decoded.hasSuffix("/")
    let parts = decoded.split(separator: "/")
    guard parts.allSatisfy({ !$0.hasPrefix(".") }) else { return nil }
    return (parts.map(String.init) + (isFolder ? ["index.html"] : [])).joined(separator: "/")
  }

  private func read(_ name: String) -> StaticFile? {
    let url = root.appending(path: name)
    var status = stat()
    // A link could lead out of the site, and a build has none.
    guard lstat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let data = try? Data(contentsOf: url)
    else { return nil }
    return StaticFile(data, name: name)
  }
}
