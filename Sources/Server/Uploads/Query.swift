import Foundation

/// The query of an address: each name once, percent-decoded, `+` taken as a space.
struct Query: Sendable {
  private var values: [String: String] = [:]

  /// - Throws: ``Problem`` (400) where a name comes twice, or the escapes or the UTF-8 are broken.
  init(_ text: String?) throws {
    for pair in (text ?? "").utf8.split(separator: UInt8(ascii: "&")) {
      let parts = pair.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(parts[0]),
        let value = Self.decoded(parts.count > 1 ? parts[1] : Substring().utf8)
      else { throw Problem.badRequest("The query has a broken escape.") }
      guard values.updateValue(value, forKey: name) == nil else {
        throw Problem.badRequest("The query names '\(name.prefix(40))' twice.")
      }
    }
  }

  subscript(name: String) -> String? { values[name] }

  /// The value of `name`, which must be there.
  func required(_ name: String) throws -> String {
    guard let value = values[name], !value.isEmpty else {
      throw Problem.badRequest("The query lacks '\(name)'.")
    }
    return value
  }

  private static func decoded(_ bytes: Substring.UTF8View) -> String? {
    let text = String(Substring(bytes))
    let isPlain = bytes.allSatisfy { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "%") }
    if isPlain { return text }
    return String(text.map { $0 == "+" ? " " : $0 }).removingPercentEncoding
  }
}
