import Foundation

/// The bytes of a text file, known to be valid UTF-8, without a byte order mark.
struct SourceText {
  /// The file as the user named it.
  let name: String
  let bytes: [UInt8]

  /// Checks that `data` is UTF-8. A byte order mark at the start is dropped.
  /// - Throws: ``HarnessError/invalid(_:)`` with the offset of the first byte that is not UTF-8,
  ///   and a hint where the bytes look like UTF-16.
  init(_ data: Data, name: String) throws(HarnessError) {
    self.name = name
    if data.starts(with: [0xFF, 0xFE]) || data.starts(with: [0xFE, 0xFF]) {
      throw .fault(
        .encoding, file: name, line: 1, found: "UTF-16 byte order mark",
        expected: "UTF-8 text; convert it with `iconv -f UTF-16 -t UTF-8`")
    }
    let hasMark = data.starts(with: [0xEF, 0xBB, 0xBF])
    bytes = [UInt8](hasMark ? data.dropFirst(3) : data)
    if let bad = SourceText.firstInvalidByte(bytes) {
      let line = 1 + bytes[..<bad].count { $0 == 0x0A }
      let offset = bad + (hasMark ? 3 : 0)
      throw .fault(
        .encoding, file: name, line: line,
        found: "byte 0x\(String(bytes[bad], radix: 16, uppercase: true)) at offset \(offset)",
        expected: "UTF-8 text")
    }
  }

  /// Reads the file at `url`.
  init(contentsOf url: URL) throws(HarnessError) {
    try self.init(Self.read(url), name: url.relativePath)
  }

  /// The content of the file at `url`; standard input where its path is `-`.
  static func read(_ url: URL) throws(HarnessError) -> Data {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw .missing(path: url.relativePath, hint: "Check the path.")
    }
    if isFolder.boolValue {
      throw .conflict(
        what: "\(url.relativePath) is a folder, expected a file", hint: "Name a file in it.")
    }
    do {
      return try Data(contentsOf: url, options: .mappedIfSafe)
    } catch {
      throw .system(path: url.relativePath, reason: error.localizedDescription)
    }
  }

  /// Offset of the first byte that is not part of well-formed UTF-8.
  static func firstInvalidByte(_ bytes: [UInt8]) -> Int? {
    do {
      _ = try UTF8Span(validating: bytes.span)
      return nil
    } catch {
      return error.byteOffsets.lowerBound
    }
  }
}
