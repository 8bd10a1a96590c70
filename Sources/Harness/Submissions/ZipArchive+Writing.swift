import CArchive
package import Foundation

extension ZipArchive {
  /// A zip of `files` in their order, stored without compression and without times: the same files give
  /// the same bytes.
  /// - Throws: ``HarnessError/system(path:reason:)`` with libarchive's reason.
  package static func zip(
    _ files: [(path: String, data: Data)], name: String
  ) throws(HarnessError) -> Data {
    guard let archive = archive_write_new() else {
      throw .system(path: name, reason: "out of memory")
    }
    defer { archive_write_free(archive) }
    // Headers take a few hundred bytes a file, and the path stands in two of them.
    let room = files.reduce(1 << 12) { $0 + $1.data.count + 2 * $1.path.utf8.count + 512 }
    var out = Data(count: room)
    var used = 0
    // `out` and `used` outlive the archive's use of them: it is closed in this closure.
    let isDone = out.withUnsafeMutableBytes { buffer in
      withUnsafeMutablePointer(to: &used) { used in
        archive_write_set_format_zip(archive) == ARCHIVE_OK
          && archive_write_zip_set_compression_store(archive) == ARCHIVE_OK
          && archive_write_set_bytes_per_block(archive, 0) == ARCHIVE_OK
          && archive_write_open_memory(archive, buffer.baseAddress, buffer.count, used)
            == ARCHIVE_OK
          && files.allSatisfy { put($0.path, $0.data, in: archive) }
          && archive_write_close(archive) == ARCHIVE_OK
      }
    }
    guard isDone else {
      let reason = archive_error_string(archive).map { String(cString: $0) } ?? "no reason given"
      throw .system(path: name, reason: reason)
    }
    return out.prefix(used)
  }

  private static func put(_ path: String, _ data: Data, in archive: OpaquePointer) -> Bool {
    guard let entry = archive_entry_new() else { return false }
    defer { archive_entry_free(entry) }
    archive_entry_set_pathname(entry, path)
    archive_entry_set_filetype(entry, 0o100000)
    archive_entry_set_perm(entry, 0o644)
    archive_entry_set_size(entry, la_int64_t(data.count))
    guard archive_write_header(archive, entry) == ARCHIVE_OK else { return false }
    return data.withUnsafeBytes { bytes in
      bytes.isEmpty || archive_write_data(archive, bytes.baseAddress, bytes.count) == bytes.count
    }
  }
}
