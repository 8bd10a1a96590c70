import Basics
import CArchive
import Foundation

/// Zips as a packer makes them, and changes to their headers.
enum ZipInputs {
  /// A zip of `files`, deflated or stored as they are.
  static func zip(_ files: [(path: String, content: Data)], stored: Bool = false) throws -> [UInt8]
  {
    guard let archive = archive_write_new() else { throw FuzzFailure("out of memory") }
    defer { archive_write_free(archive) }
    var out = [UInt8](repeating: 0, count: files.reduce(1 << 16) { $0 + $1.content.count + 1000 })
    var used = 0
    // `out` and `used` outlive the archive's use of them: it is closed in this closure.
    let isDone = out.withUnsafeMutableBytes { buffer in
      withUnsafeMutablePointer(to: &used) { used in
        archive_write_set_format_zip(archive) == ARCHIVE_OK
          && (!stored || archive_write_zip_set_compression_store(archive) == ARCHIVE_OK)
          && archive_write_set_bytes_per_block(archive, 0) == ARCHIVE_OK
          && archive_write_open_memory(archive, buffer.baseAddress, buffer.count, used)
            == ARCHIVE_OK
          && files.allSatisfy { put($0.path, $0.content, in: archive) }
          && archive_write_close(archive) == ARCHIVE_OK
      }
    }
    guard isDone else { throw FuzzFailure("the packer failed") }
    return Array(out.prefix(used))
  }

  private static func put(_ path: String, _ content: Data, in archive: OpaquePointer) -> Bool {
    guard let entry = archive_entry_new() else { return false }
    defer { archive_entry_free(entry) }
    archive_entry_set_pathname(entry, path)
    archive_entry_set_filetype(entry, path.hasSuffix("/") ? 0o040000 : 0o100000)
    archive_entry_set_perm(entry, 0o644)
    archive_entry_set_size(entry, la_int64_t(content.count))
    guard archive_write_header(archive, entry) == ARCHIVE_OK else { return false }
    return content.withUnsafeBytes { bytes in
      bytes.isEmpty || archive_write_data(archive, bytes.baseAddress, bytes.count) == bytes.count
    }
  }

  /// Applies one to three changes; most of them to a field of a header.
  static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let headers = headers(of: bytes)
      guard let header = headers.randomElement(using: &random) else {
        return TextMutation.mutate(&bytes, &random)
      }
      switch Int.random(in: 0..<6, using: &random) {
      case 0: TextMutation.mutate(&bytes, &random)
      case 1: rename(&bytes, header, &random)
      case 2:
        // An entry given many times over.
        let end = min(bytes.count, header + Int.random(in: 30...400, using: &random))
        let copies =
          bytes.count > 1 << 17 ? 1 : [1, 20, 150, 3000].randomElement(using: &random) ?? 1
        bytes.insert(
          contentsOf: repeatElement(bytes[header..<end], count: copies).joined(), at: header)
      default: setField(&bytes, header, &random)
      }
    }
  }

  /// Where the local, central and end headers begin.
  private static func headers(of bytes: [UInt8]) -> [Int] {
    bytes.indices.dropLast(4).filter {
      bytes[$0] == 0x50 && bytes[$0 + 1] == 0x4B && [1, 3, 5, 7].contains(bytes[$0 + 2])
        && bytes[$0 + 3] == bytes[$0 + 2] + 1
    }
  }

  /// Writes a hostile number of 2, 4 or 8 bytes somewhere in the fixed part of a header.
  private static func setField(
    _ bytes: inout [UInt8], _ header: Int, _ random: inout SplitMix64
  ) {
    let offset = header + 2 * Int.random(in: 2...22, using: &random)
    let width = [2, 4, 4, 8].randomElement(using: &random) ?? 4
    let values: [UInt64] = [
      0, 1, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, .max, 1 << 40, random.next(),
      UInt64(bytes.count), UInt64.random(in: 0..<300, using: &random),
    ]
    let value = values.randomElement(using: &random) ?? 0
    for index in 0..<width where offset + index < bytes.count {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }

  private static let names = [
    "../", "/", "..\\", "\u{0}", "a/../../", "__MACOSX/", "._", ".zip", "\n", "C:\\", "é",
  ]

  /// Overwrites a part of a name.
  private static func rename(_ bytes: inout [UInt8], _ header: Int, _ random: inout SplitMix64) {
    let start = header + (bytes[header + 2] == 1 ? 46 : 30) + Int.random(in: 0..<8, using: &random)
    let name = names.randomElement(using: &random) ?? ""
    for (index, byte) in name.utf8.enumerated() where start + index < bytes.count {
      bytes[start + index] = byte
    }
  }
}
