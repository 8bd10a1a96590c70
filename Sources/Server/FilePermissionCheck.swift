import Foundation
import Glibc
import Harness

/// Refuses to serve what others on the machine could read anyway: gold labels and submissions.
struct FilePermissionCheck {
  let home: DataHome
  /// The benchmarks whose splits are looked at.
  let definitions: [BenchmarkDefinition]

  /// - Throws: ``ServerError/exposed(path:mode:)`` for a data home that others can enter, and for a
  ///   split's file or a store in it that anybody but its owner can read.
  func run() throws {
    try home.create()
    try check(home.url, forbidden: 0o007)
    for definition in definitions {
      for split in definition.splitNames where home.has(definition.id, split) {
        try check(home.splitURL(definition.id, split), forbidden: 0o077)
      }
    }
    let stores = [home.submissionStoreURL, home.storeURL].flatMap { url in
      ["", "-wal", "-shm"].map { URL(filePath: url.path + $0) }
    }
    for store in stores { try check(store, forbidden: 0o077) }
  }

  /// A file that does not exist is no danger.
  private func check(_ url: URL, forbidden: mode_t) throws {
    var status = stat()
    guard stat(url.path, &status) == 0 else { return }
    let mode = status.st_mode & 0o777
    guard mode & forbidden == 0 else {
      throw ServerError.exposed(path: url.relativePath, mode: String(mode, radix: 8))
    }
  }
}
