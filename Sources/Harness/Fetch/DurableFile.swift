package import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Files that survive a crash: content and directory entry are on the disk when a call returns.
package enum DurableFile {
  /// Writes `data` to a file at `target` and waits until the disk has it.
  package static func write(_ data: Data, to target: URL) throws {
    try data.write(to: target)
    let handle = try FileHandle(forUpdating: target)
    defer { try? handle.close() }
    try handle.synchronize()
  }

  /// Makes a rename in `folder` durable. Some file systems cannot sync a folder; then nothing more
  /// can be done, and the rename itself stays atomic.
  package static func syncFolder(_ folder: URL) {
    let descriptor = open(folder.path, O_RDONLY)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    _ = close(descriptor)
  }

  /// Removes `folder` if it is empty; false where it is not.
  package static func removeEmptyFolder(_ folder: URL) -> Bool { rmdir(folder.path) == 0 }

  /// Puts `draft` in the place of `target` in one step, replacing what stood there.
  package static func rename(_ draft: URL, to target: URL) throws {
    guard renameFile(draft.path, target.path) == 0 else {
      throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: target.path])
    }
    syncFolder(target.deletingLastPathComponent())
  }
}

/// The C function, under a name that the method above does not hide.
private func renameFile(_ from: String, _ to: String) -> Int32 { rename(from, to) }
