import Basics
import Foundation

/// Text that others wrote, made fit to be shown: it may turn the direction of all text after it,
/// hold control characters that no XML parser takes, or be endless. None of it is refused.
enum SafeText {
  /// `text` without invisible characters (see ``InvisibleCharacters/removed(from:)``). A quote or a
  /// bracket that shares a grapheme cluster with another scalar loses that scalar: the template
  /// engine escapes by clusters and would let such a bracket through.
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

  /// `text` without the backticks around code, where no code can be shown.
  static func plain(_ text: String) -> String { text.replacing("`", with: "") }

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

  /// `text` as a `mailto` address where it is one of mail; nil otherwise.
  static func mail(_ text: String?) -> String? {
    text.flatMap { $0.wholeMatch(of: Self.mailForm) == nil ? nil : "mailto:\($0)" }
  }

  /// `text` where it is a calendar day `YYYY-MM-DD`; nil otherwise.
  static func day(_ text: String?) -> String? {
    text.flatMap { $0.wholeMatch(of: Self.dayForm) == nil ? nil : $0 }
  }

  /// Whether `name` can stand in a path and an address as it is.
  static func isPathComponent(_ name: String) -> Bool { name.wholeMatch(of: Self.pathForm) != nil }

  private static var dayForm: Regex<Substring> {
    /[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])/
  }
  private static var mailForm: Regex<Substring> {
    /[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,190}/
  }
  private static var pathForm: Regex<Substring> { /[a-z0-9_-][a-z0-9._-]{0,99}/ }
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

extension StringProtocol {
  func trimmingSuffix(while matches: (Character) -> Bool) -> String {
    var rest = self[...]
    while let last = rest.last, matches(last) { rest.removeLast() }
    return String(rest)
  }
}

/// Markup-safe text.
public enum Escaping {
  /// `text` with the five characters that mean something to XML and HTML written as references.
  public static func markup(_ text: String) -> String {
    var out = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      default: out.unicodeScalars.append(character)
      }
    }
    return out
  }
}
