import Foundation

/// Readers that accept exactly one spelling of a value. Texts are compared and split as bytes:
/// Swift's strings take CR LF for one character and composed letters for decomposed ones.
enum StrictText {
  /// The bytes of base64 (RFC 4648, section 4: padded, nothing between, unused bits zero).
  static func base64(_ text: Data) -> Data? {
    guard let bytes = Data(base64Encoded: text), bytes.base64EncodedData() == text else {
      return nil
    }
    return bytes
  }

  /// A number from 0 to 2^63 - 1 in ASCII digits without sign and leading zeros.
  static func decimal(_ text: Data) -> Int? {
    guard let first = text.first, text.allSatisfy({ (0x30...0x39).contains($0) }),
      first != 0x30 || text.count == 1
    else { return nil }
    return Int(String(decoding: text, as: UTF8.self))
  }

  /// The lines of `text` without their newlines, or nil where the last one has none.
  static func lines(_ text: Data) -> [Data]? {
    guard text.last == newline else { return nil }
    return text.dropLast().split(separator: newline, omittingEmptySubsequences: false)
  }

  /// What follows `prefix` in `line`.
  static func after(_ prefix: String, in line: Data) -> Data? {
    line.starts(with: prefix.utf8) ? line.dropFirst(prefix.utf8.count) : nil
  }

  static func same(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }

  /// At most 80 bytes of what was found, for messages.
  static func shown(_ bytes: Data) -> String {
    if bytes.isEmpty { return "nothing" }
    let start = String(decoding: bytes.prefix(80), as: UTF8.self).debugDescription
    return bytes.count > 80 ? "\(start)… (\(bytes.count) bytes)" : start
  }

  static let newline: UInt8 = 0x0A
}
