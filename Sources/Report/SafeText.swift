import Basics
import Foundation

/// Text that others wrote, made fit to be shown.
///
/// A team's name may carry marks that turn the direction of everything after it, control
/// characters that no XML parser takes, or ten thousand letters. None of it is refused here (a
/// submission is checked elsewhere); it is made harmless.
enum SafeText {
  /// `text` without invisible characters (see ``InvisibleCharacters/removed(from:)``).
  ///
  /// A quote or an angle bracket that shares a grapheme cluster with another scalar loses that
  /// scalar: the template engine escapes by clusters and would let such a bracket through.
  static func cleaned(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    return isPlain ? text : withBareMarkup(InvisibleCharacters.removed(from: text))
  }

  /// `text` cut to `limit` characters, the last of them an ellipsis.
  static func shortened(_ text: String, to limit: Int = 80) -> String {
    guard let end = text.index(text.startIndex, offsetBy: limit, limitedBy: text.endIndex),
      end < text.endIndex
    else { return text }
    return text.prefix(limit - 1).trimmingSuffix(while: \.isWhitespace) + "…"
  }

  /// `text` where it is an absolute `http` or `https` address with a host; nil otherwise.
  static func link(_ text: String?) -> String? {
    guard let text, text.utf8.count <= 2000,
      text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7F }),
      !text.contains(where: { "\"'<>\\^`{|}".contains($0) }),
      let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
      scheme == "http" || scheme == "https", let host = parts.host, !host.isEmpty,
      parts.user == nil, parts.password == nil
    else { return nil }
    return text
  }

  /// `text` where it is a calendar day `YYYY-MM-DD`; nil otherwise.
  static func day(_ text: String?) -> String? {
    guard let text else { return nil }
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard text.utf8.count == 10, parts.count == 3,
      parts[0].utf8.count == 4, parts[1].utf8.count == 2,
      text.utf8.allSatisfy({ $0 == 0x2D || ($0 >= 0x30 && $0 <= 0x39) }),
      let month = Int(parts[1]), let day = Int(parts[2]),
      (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    return text
  }

  /// Whether `name` can stand in a path and an address as it is.
  static func isPathComponent(_ name: String) -> Bool {
    guard (1...100).contains(name.utf8.count), name.first != "." else { return false }
    return name.utf8.allSatisfy {
      ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || [0x2D, 0x2E, 0x5F].contains($0)
    }
  }

  private static let markup: Set<Unicode.Scalar> = ["<", ">", "&", "\"", "'"]

  private static func withBareMarkup(_ text: String) -> String {
    guard text.contains(where: { $0.unicodeScalars.count > 1 }) else { return text }
    var out = ""
    for character in text {
      let scalars = character.unicodeScalars
      if scalars.count > 1, scalars.contains(where: markup.contains) {
        for scalar in scalars where markup.contains(scalar) { out.unicodeScalars.append(scalar) }
      } else {
        out.append(character)
      }
    }
    return out
  }
}

extension Substring {
  fileprivate func trimmingSuffix(while matches: (Character) -> Bool) -> String {
    var rest = self
    while let last = rest.last, matches(last) { rest.removeLast() }
    return String(rest)
  }
}
