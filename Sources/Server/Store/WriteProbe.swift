import Foundation
import GRDB
import Glibc
import NIOPosix

/// Finds out whether a submission could be kept now, at most once a second however often it is asked.
actor WriteProbe {
  private static let memory = Duration.seconds(1)
  /// As much as a large submission needs.
  private static let roomBytes: off_t = 1 << 20

  private let store: SubmissionStore
  private let log: ServerLog
  private var last: (failed: Bool, at: ContinuousClock.Instant)?
  private var running: Task<Bool, Never>?

  init(_ store: SubmissionStore, log: ServerLog) { (self.store, self.log) = (store, log) }

  /// Whether the store takes a write, and its file system has room for a submission.
  func succeeds() async -> Bool {
    if let last, ContinuousClock.now - last.at < Self.memory { return !last.failed }
    if let running { return await running.value }
    let task = Task { await probe() }
    running = task
    let succeeded = await task.value
    running = nil
    return succeeded
  }

  private func probe() async -> Bool {
    let folder = store.url.deletingLastPathComponent()
    do {
      try await NIOThreadPool.singleton.runIfActive { try Self.checkRoom(in: folder) }
      let now = Int32(truncatingIfNeeded: Date().seconds)
      // Nothing reads it; to write it goes the way of a submission, to the disk.
      try await store.commit { try $0.execute(sql: "PRAGMA user_version = \(now)") }
      if last?.failed == true { log.note("submissions can be kept again") }
      last = (false, .now)
    } catch {
      if last?.failed != true { log.fault("submissions cannot be kept", error) }
      last = (true, .now)
    }
    return last?.failed == false
  }

  private static func checkRoom(in folder: URL) throws(ServerError) {
    let file = folder.appending(path: ".probe")
    let descriptor = open(
      file.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      throw .store(path: folder.relativePath, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    unlink(file.path)
    let failure = posix_fallocate(descriptor, 0, roomBytes)
    switch failure {
    case 0: return
    case ENOSPC, EDQUOT, EFBIG: throw .full(path: folder.relativePath)
    default: throw .store(path: folder.relativePath, reason: String(cString: strerror(failure)))
    }
  }
}
