import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes files whole or not at all: under a temporary name, synced, then renamed.
enum WholeFile {
  static func write(
    _ data: Data, to file: URL, permissions: mode_t = 0o644
  ) throws(ReferenceError) {
    let temporary = file.path + ".\(UUID().uuidString).part"
    func fail(_ step: String) -> ReferenceError {
      let reason = String(cString: strerror(errno))
      unlink(temporary)
      return .file(path: file.path, reason: "can't be \(step): \(reason)")
    }
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
    guard descriptor >= 0 else { throw fail("created") }
    var start = 0
    while start < data.count {
      // The slice's bytes stay in place for the time of the call.
      let written = data[(data.startIndex + start)...].withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      guard written > 0 else {
        let error = fail("written")
        close(descriptor)
        throw error
      }
      start += written
    }
    let isSynced = fsync(descriptor) == 0
    guard close(descriptor) == 0, isSynced else { throw fail("written") }
    guard rename(temporary, file.path) == 0 else { throw fail("renamed") }
  }
}
