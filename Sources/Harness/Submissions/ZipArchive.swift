import CArchive
import Foundation

/// Reads a zip that a team uploads, with the limits that an upload needs.
package enum ZipArchive {
  static let maximumEntries = 100
  static let maximumBytes = 64 << 20

  struct Entry {
    var path: String
    var data: Data
  }

  static func isZip(_ data: Data) -> Bool {
    data.starts(with: [0x50, 0x4B, 0x03, 0x04]) || data.starts(with: [0x50, 0x4B, 0x05, 0x06])
  }

  /// The regular files of the archive in their order; `__MACOSX` and `._` files are left out.
  /// - Throws: ``HarnessError/invalid(_:)`` for an absolute path or one with `..`, a link, a
  ///   nested archive, encryption, more than 100 entries, more than `maximumBytes` unpacked (counted
  ///   while unpacking, whatever the headers say), and a damaged archive.
  static func entries(
    of data: Data, name: String, maximumBytes: Int = maximumBytes
  ) throws(HarnessError) -> [Entry] {
    guard let archive = archive_read_new() else {
      throw .system(path: name, reason: "out of memory")
    }
    defer { archive_read_free(archive) }
    archive_read_support_format_zip(archive)
    let result: Result<[Entry], HarnessError> = data.withUnsafeBytes { buffer in
      // The buffer outlives every use of the archive in this closure.
      guard archive_read_open_memory(archive, buffer.baseAddress, buffer.count) == ARCHIVE_OK
      else { return .failure(damaged(archive, name)) }
      do throws(HarnessError) {
        return .success(try readAll(archive, name: name, maximumBytes: maximumBytes))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private static func readAll(
    _ archive: OpaquePointer, name: String, maximumBytes: Int
  ) throws(HarnessError) -> [Entry] {
    var entries: [Entry] = []
    var seen = 0
    var total = 0
    while true {
      var header: OpaquePointer?
      let status = archive_read_next_header(archive, &header)
      if status == ARCHIVE_EOF { return entries }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let header else {
        throw damaged(archive, name)
      }
      seen += 1
      if seen > maximumEntries {
        throw refused(name, found: "over \(maximumEntries) entries", "at most \(maximumEntries)")
      }
      let path = archive_entry_pathname_utf8(header).map { String(cString: $0) } ?? ""
      try check(path: path, header: header, name: name)
      if archive_entry_filetype(header) & 0o170000 == 0o040000 { continue }
      if FolderFiles.isIgnored(path) { continue }
      let content = try content(
        archive, path: path, name: name, total: &total, maximumBytes: maximumBytes)
      if isZip(content) || ["zip", "gz", "tar", "7z", "rar", "bz2", "xz"].contains(suffix(path)) {
        throw refused(name, found: "a nested archive, \(path)", "prediction files only")
      }
      entries.append(Entry(path: path, data: content))
    }
  }

  private static func check(
    path: String, header: OpaquePointer, name: String
  ) throws(HarnessError) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    if path.isEmpty || path.hasPrefix("/") || path.contains("\\") || parts.contains("..") {
      throw refused(name, found: "the path '\(path)'", "relative paths without ..")
    }
    let type = archive_entry_filetype(header) & 0o170000
    if type != 0o100000 && type != 0o040000 || archive_entry_hardlink(header) != nil {
      throw refused(name, found: "'\(path)', which is not a regular file", "regular files")
    }
    if archive_entry_is_encrypted(header) != 0 {
      throw refused(name, found: "'\(path)', which is encrypted", "files without a password")
    }
  }

  private static func content(
    _ archive: OpaquePointer, path: String, name: String, total: inout Int, maximumBytes: Int
  ) throws(HarnessError) -> Data {
    var data = Data()
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = archive_read_data(archive, &chunk, chunk.count)
      if count == 0 { return data }
      guard count > 0 else { throw damaged(archive, name) }
      total += count
      if total > maximumBytes {
        throw refused(
          name, found: "over \(maximumBytes >> 20) MiB unpacked",
          "at most \(maximumBytes >> 20) MiB")
      }
      data.append(contentsOf: chunk[..<count])
    }
  }

  private static func suffix(_ path: String) -> String {
    path.split(separator: ".").last.map { $0.lowercased() } ?? ""
  }

  private static func damaged(_ archive: OpaquePointer, _ name: String) -> HarnessError {
    let reason = archive_error_string(archive).map { String(cString: $0) } ?? "unreadable"
    return refused(name, found: "a damaged archive (\(reason))", "a zip that can be unpacked")
  }

  private static func refused(_ name: String, found: String, _ expected: String) -> HarnessError {
    .fault(.archive, file: name, found: found, expected: expected)
  }
}

/// What an upload may at most look like, checked by counting before anything is parsed: a hostile
/// file of a few megabytes would otherwise become gigabytes of fields and faults.
public struct UploadLimits: Sendable, Equatable {
  /// Unpacked.
  public var bytes: Int
  public var lines, lineBytes: Int
  /// Tabs or commas on a line.
  public var separators: Int

  /// Limits for a split of `rows` rows: room for essays with line ends in a column of their own, and
  /// for many other columns.
  public static func forRows(_ rows: Int) -> UploadLimits {
    UploadLimits(bytes: 16 << 20, lines: 4 * rows + 1000, lineBytes: 1 << 16, separators: 1000)
  }

  /// - Throws: ``HarnessError/invalid(_:)`` with the first limit that is passed.
  func check(_ data: Data, name: String) throws(HarnessError) {
    if data.count > bytes {
      throw .fault(
        .syntax, file: name, found: "\(data.count) bytes", expected: "at most \(bytes) bytes")
    }
    var line = 1
    var start = 0
    var count = 0
    var longest = (bytes: 0, line: 1)
    var widest = (separators: 0, line: 1)
    data.withUnsafeBytes { buffer in
      // In bounds: every offset comes from the buffer's own indices.
      for offset in buffer.indices {
        let byte = buffer[offset]
        if byte == 0x09 || byte == 0x2C { count += 1 }
        guard byte == 0x0A || offset == buffer.count - 1 else { continue }
        if offset - start > longest.bytes { longest = (offset - start, line) }
        if count > widest.separators { widest = (count, line) }
        line += byte == 0x0A ? 1 : 0
        start = offset + 1
        count = 0
      }
    }
    if line > lines {
      throw .fault(
        .rowCount, file: name, line: lines, found: "\(line) lines",
        expected: "at most \(lines) lines in a prediction file of this split")
    }
    if widest.separators > separators {
      throw .fault(
        .fieldCount, file: name, line: widest.line, found: "\(widest.separators + 1) fields",
        expected: "at most \(separators + 1) fields on a line")
    }
    if longest.bytes > lineBytes {
      throw .fault(
        .syntax, file: name, line: longest.line, found: "a line of \(longest.bytes) bytes",
        expected: "at most \(lineBytes) bytes on a line")
    }
  }
}
