public import Foundation
import Glibc

/// Writes files so that a reader sees the old content or the new one, never a part.
public enum AtomicFile {
  /// Writes `data` to a temporary name beside `url`, syncs it, and renames it into place.
  ///
  /// - Parameter permissions: mode of the new file; 0600 for anything that holds gold labels.
  /// - Throws: ``HarnessError/system(path:reason:)``; the temporary file is removed.
  public static func write(
    _ data: Data, to url: URL, permissions: Int = 0o644
  ) throws(HarnessError) {
    let folder = url.deletingLastPathComponent()
    try createFolder(folder)
    let temporary = folder.appending(path: ".\(url.lastPathComponent).\(getpid()).part")
    let descriptor = open(
      temporary.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t(permissions))
    guard descriptor >= 0 else { throw failure(temporary) }
    let written = fchmod(descriptor, mode_t(permissions)) == 0 && put(data, to: descriptor)
    let reason = written ? nil : String(cString: strerror(errno))
    close(descriptor)
    if let reason {
      unlink(temporary.path)
      throw .system(path: url.relativePath, reason: reason)
    }
    do throws(HarnessError) {
      try rename(temporary, to: url)
    } catch {
      unlink(temporary.path)
      throw error
    }
  }

  /// Puts `draft` in the place of `target` in one step, durably, replacing what stood there.
  static func rename(_ draft: URL, to target: URL) throws(HarnessError) {
    guard Glibc.rename(draft.path, target.path) == 0 else { throw failure(target) }
    sync(folder: target.deletingLastPathComponent())
  }

  /// Removes `folder` if it is empty, unlike `FileManager.removeItem`; false where it is not.
  static func removeEmptyFolder(_ folder: URL) -> Bool { rmdir(folder.path) == 0 }

  /// Makes `folder` and what is above it.
  public static func createFolder(_ folder: URL, permissions: Int = 0o755) throws(HarnessError) {
    do {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: true,
        attributes: [.posixPermissions: permissions])
    } catch {
      throw .system(path: folder.relativePath, reason: error.localizedDescription)
    }
  }

  private static func put(_ data: Data, to descriptor: Int32) -> Bool {
    let complete = data.withUnsafeBytes { buffer in
      var offset = 0
      while offset < buffer.count {
        // In bounds: offset < count, and the slice ends at count.
        let count = Glibc.write(
          descriptor, buffer[offset...].baseAddressOrNil, buffer.count - offset)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        offset += count
      }
      return true
    }
    return complete && fsync(descriptor) == 0
  }

  /// Syncs a folder so that a rename in it survives a power cut.
  static func sync(folder: URL) {
    let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private static func failure(_ url: URL) -> HarnessError {
    .system(path: url.relativePath, reason: String(cString: strerror(errno)))
  }
}

extension Slice<UnsafeRawBufferPointer> {
  fileprivate var baseAddressOrNil: UnsafeRawPointer? {
    UnsafeRawBufferPointer(rebasing: self).baseAddress
  }
}
