import Foundation
import Glibc
import Harness

/// Refuses to serve what others on the machine could read anyway.
enum Exposure {
  /// - Throws: ``ServerError/exposed(path:mode:)`` for a data home that others can enter, and for a
  ///   split's file or a store in it that anybody but its owner can read.
  static func check(_ home: DataHome) throws {
    try home.create()
    try check(home.url, forbidden: 0o007)
    for definition in try BenchmarkRegistry.shipped() {
      for split in definition.splitNames where home.has(definition.id, split) {
        try check(home.splitURL(definition.id, split), forbidden: 0o077)
      }
    }
    let stores = [home.submissionStoreURL, home.storeURL].flatMap { url in
      ["", "-wal", "-shm"].map { URL(filePath: url.path + $0) }
    }
    for store in stores where FileManager.default.fileExists(atPath: store.path) {
      try check(store, forbidden: 0o077)
    }
  }

  private static func check(_ url: URL, forbidden: mode_t) throws {
    var status = stat()
    guard stat(url.path, &status) == 0 else { return }
    let mode = status.st_mode & 0o777
    guard mode & forbidden == 0 else {
      throw ServerError.exposed(path: url.relativePath, mode: String(mode, radix: 8))
    }
  }
}

/// Held while a server works on a data home; the system lets go of it when the process ends.
final class ServerLock: Sendable {
  private let descriptor: Int32

  /// - Throws: ``ServerError/alreadyRunning(path:)``.
  init(_ url: URL) throws(ServerError) {
    let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw .store(path: url.relativePath, reason: String(cString: strerror(errno)))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw .alreadyRunning(path: url.relativePath)
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}
