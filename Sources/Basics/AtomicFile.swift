public import Foundation
import Glibc

/// A file that appears under its name only when it is complete and on the disk: a reader sees the
/// old content or the new one, never a part.
public struct AtomicFile: ~Copyable {
  private let descriptor: Int32
  private let url: URL

  /// Runs `body` on a temporary file beside `url`, syncs it and renames it into place.
  /// - Parameter permissions: mode of the new file; 0600 for anything that holds gold labels.
  /// - Throws: ``BasicsError/file(path:reason:)`` or what `body` throws; the temporary file is then
  ///   removed, and `url` holds what it held before.
  public static func write(
    to url: URL, permissions: mode_t = 0o644,
    _ body: (borrowing AtomicFile) throws(BasicsError) -> Void
  ) throws(BasicsError) {
    try createFolder(url.deletingLastPathComponent())
    let name = ".\(url.lastPathComponent.prefix(100)).\(UUID().uuidString.prefix(8)).part"
    let temporary = url.deletingLastPathComponent().appending(path: name)
    let descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
    guard descriptor >= 0 else { throw failure(url) }
    do throws(BasicsError) {
      do throws(BasicsError) {
        // The process's umask may have taken bits away.
        guard fchmod(descriptor, permissions) == 0 else { throw failure(url) }
        try body(AtomicFile(descriptor: descriptor, url: url))
        guard fsync(descriptor) == 0 else { throw failure(url) }
      } catch {
        close(descriptor)
        throw error
      }
      guard close(descriptor) == 0 else { throw failure(url) }
      try rename(temporary, to: url)
    } catch {
      unlink(temporary.path)
      throw error
    }
  }

  /// Writes `data` to `url` in one piece.
  public static func write(
    _ data: Data, to url: URL, permissions: mode_t = 0o644
  ) throws(BasicsError) {
    try write(to: url, permissions: permissions) { file throws(BasicsError) in try file.append(data)
    }
  }

  public borrowing func append(_ data: Data) throws(BasicsError) {
    try data.withUnsafeBytes { bytes in Result { () throws(BasicsError) in try append(bytes) } }
      .get()
  }

  /// Appends `bytes`; throws ``BasicsError/file(path:reason:)`` with the system's reason.
  public borrowing func append(_ bytes: UnsafeRawBufferPointer) throws(BasicsError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      // In bounds: `piece` ends where `bytes` ends. Linux writes at most 2 GiB in one call.
      let written = Glibc.write(descriptor, piece.baseAddress, min(piece.count, 1 << 30))
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw Self.failure(url) }
      rest = rest.dropFirst(written)
    }
  }

  private static func failure(_ url: URL) -> BasicsError {
    .file(path: url.relativePath, reason: String(cString: strerror(errno)))
  }
}

extension AtomicFile {
  /// Puts the file or folder `draft` in the place of `target` in one step, durably. A file that
  /// stands there is replaced; a folder must be empty (see ``replaceFolder(_:with:)``).
  public static func rename(_ draft: URL, to target: URL) throws(BasicsError) {
    guard Glibc.rename(draft.path, target.path) == 0 else { throw failure(target) }
    sync(folder: target.deletingLastPathComponent())
  }

  /// Puts the folder `draft` in the place of the folder `target`, which is removed. The old folder
  /// is moved aside first. Where the new one cannot take its place, the old one is moved back.
  /// Between the two renames a reader finds no folder for some microseconds.
  public static func replaceFolder(_ target: URL, with draft: URL) throws(BasicsError) {
    let aside = target.deletingLastPathComponent()
      .appending(path: ".\(target.lastPathComponent).\(UUID().uuidString.prefix(8)).old")
    let hadOld = Glibc.rename(target.path, aside.path) == 0
    guard Glibc.rename(draft.path, target.path) == 0 else {
      let error = failure(target)
      if hadOld { _ = Glibc.rename(aside.path, target.path) }
      throw error
    }
    sync(folder: target.deletingLastPathComponent())
    if hadOld { try? FileManager.default.removeItem(at: aside) }
  }

  /// Lets the symbolic link at `link` point to `name` beside it, in one step.
  public static func link(_ link: URL, to name: String) throws(BasicsError) {
    let temporary = link.path + ".new"
    unlink(temporary)
    guard symlink(name, temporary) == 0, Glibc.rename(temporary, link.path) == 0 else {
      throw failure(link)
    }
    sync(folder: link.deletingLastPathComponent())
  }

  /// Makes `folder` and what is above it.
  public static func createFolder(_ folder: URL, permissions: Int = 0o755) throws(BasicsError) {
    do {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: true,
        attributes: [.posixPermissions: permissions])
    } catch {
      throw .file(path: folder.relativePath, reason: error.localizedDescription)
    }
  }

  /// Syncs a folder so that a rename in it survives a power cut.
  public static func sync(folder: URL) {
    let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
