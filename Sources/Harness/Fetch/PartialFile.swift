import Basics
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The unfinished copy of a file, `name.part`, locked against other processes while it is open.
///
/// Beside it `name.part.etag` remembers which version of the file it is a part of. Not thread safe:
/// one transfer writes at a time.
final class PartialFile: @unchecked Sendable {
  let target: URL
  let url: URL
  private let note: URL
  private var descriptor: Int32
  private(set) var count: Int

  /// Opens or makes the partial file of `target`, and its folder.
  init(of target: URL) throws {
    self.target = target
    url = target.appendingPathExtension("part")
    note = url.appendingPathExtension("etag")
    do {
      try FileManager.default.createDirectory(
        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    } catch {
      throw FetchError.notWritable(path: target.path, reason: error.localizedDescription)
    }
    descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw Self.failure(url) }
    count = 0
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      _ = close(descriptor)
      throw FetchError.busy(path: target.path)
    }
    // Whoever held the lock may have renamed the file that was opened here.
    var opened = stat()
    var named = stat()
    guard fstat(descriptor, &opened) == 0, lstat(url.path, &named) == 0,
      opened.st_ino == named.st_ino
    else {
      _ = close(descriptor)
      throw FetchError.busy(path: target.path)
    }
    count = Int(opened.st_size)
  }

  deinit { release() }

  /// Closes the file and lets others have it. Said by name and not left to `deinit` alone, since
  /// a session may hold its delegate, and so this, for a while after its last answer.
  func release() {
    if descriptor >= 0 { _ = close(descriptor) }
    descriptor = -1
  }

  /// The strong ETag of the version that the bytes here belong to.
  var validator: String? {
    guard count > 0, let data = try? Data(contentsOf: note), data.count < 1024 else { return nil }
    return String(decoding: data, as: UTF8.self)
  }

  /// Empties the file and remembers the version that comes next.
  func restart(validator: String?) throws {
    guard ftruncate(descriptor, 0) == 0 else { throw Self.failure(url) }
    count = 0
    if let validator {
      try? Data(validator.utf8).write(to: note)
    } else {
      try? FileManager.default.removeItem(at: note)
    }
  }

  func append(_ data: Data) throws {
    try data.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        // In bounds: `done` stays below the count, and the length is what is left.
        let written = pwrite(
          descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done,
          off_t(count + done))
        if written < 0 {
          if errno == EINTR { continue }
          throw Self.failure(url)
        }
        done += written
      }
    }
    count += data.count
  }

  /// Puts the file in its place, durably.
  func finish() throws {
    guard fsync(descriptor) == 0 else { throw Self.failure(url) }
    do throws(HarnessError) {
      try HarnessError.wrapping { () throws(BasicsError) in try AtomicFile.rename(url, to: target) }
    } catch {
      throw FetchError.notWritable(path: target.path, reason: "\(error)")
    }
    try? FileManager.default.removeItem(at: note)
  }

  /// Removes what is there: it is of no use.
  func discard() {
    try? FileManager.default.removeItem(at: url)
    try? FileManager.default.removeItem(at: note)
  }

  private static func failure(_ url: URL) -> FetchError {
    .notWritable(path: url.path, reason: String(cString: strerror(errno)))
  }
}
