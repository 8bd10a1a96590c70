import Basics
import Foundation
import Glibc
import Harness
import Report

extension DataHome {
  /// Refuses to serve what others on the machine could read anyway: gold labels and submissions.
  /// - Throws: ``ServerError/exposed(path:mode:)`` for a data home that others can enter, or a
  ///   split of `definitions` or a store that anybody but its owner can read.
  func checkPermissions(_ definitions: [BenchmarkDefinition]) throws {
    try create()
    try check(url, forbidden: 0o007)
    let splits = definitions.flatMap { definition in
      definition.splitNames.filter { has(definition.id, $0) }.map { splitURL(definition.id, $0) }
    }
    let stores = [submissionStoreURL, storeURL].flatMap { url in
      ["", "-wal", "-shm"].map { URL(filePath: url.path + $0) }
    }
    for file in splits + stores + [
      url.appending(path: "release.key"), ledgerKeyURL,
    ] {
      try check(file, forbidden: 0o077)
    }
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

/// Held while a server works on a data home; the system releases it when the process ends.
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
