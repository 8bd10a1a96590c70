import CArchive
public import Foundation

/// Compresses data, for archives that no packer would make.
public enum Gzip {
  /// `data` as a gzip file that does not depend on when it is made; nil where that fails.
  public static func compressed(_ data: Data) -> Data? {
    guard let archive = archive_write_new() else { return nil }
    defer { archive_write_free(archive) }
    // Room for data that does not compress: deflate adds 5 bytes a block, gzip 18.
    var out = [UInt8](repeating: 0, count: data.count + data.count / 1000 + (64 << 10))
    var used = 0
    guard archive_write_add_filter_gzip(archive) == ARCHIVE_OK,
      archive_write_set_format_raw(archive) == ARCHIVE_OK,
      archive_write_set_filter_option(archive, "gzip", "compression-level", "9") == ARCHIVE_OK,
      archive_write_set_filter_option(archive, "gzip", "timestamp", nil) == ARCHIVE_OK,
      archive_write_set_bytes_per_block(archive, 0) == ARCHIVE_OK
    else { return nil }
    // `out` and `used` outlive the archive's use of them: it is closed in this closure.
    let isDone = out.withUnsafeMutableBytes { buffer in
      withUnsafeMutablePointer(to: &used) { used in
        archive_write_open_memory(archive, buffer.baseAddress, buffer.count, used) == ARCHIVE_OK
          && put(data, in: archive) && archive_write_close(archive) == ARCHIVE_OK
      }
    }
    return isDone ? Data(out.prefix(used)) : nil
  }

  private static func put(_ data: Data, in archive: OpaquePointer) -> Bool {
    guard let entry = archive_entry_new() else { return false }
    defer { archive_entry_free(entry) }
    archive_entry_set_filetype(entry, 0o100000)
    guard archive_write_header(archive, entry) == ARCHIVE_OK else { return false }
    return data.withUnsafeBytes { bytes in
      bytes.isEmpty || archive_write_data(archive, bytes.baseAddress, bytes.count) == bytes.count
    }
  }
}
