import Foundation

/// A text as it is compared with others: in NFC, in lower case, letters and digits only; combining
/// marks that NFC does not join to their letter are dropped too.
public struct MatchingText: Hashable, Sendable {
  public let text: String

  public init(_ original: String) {
    text = String(Self.normalised(original).filter { Self.isLetterOrNumber($0) })
  }

  /// The words of `original` in the same form.
  public static func words(_ original: String) -> [String] {
    normalised(original)
      .filter { !isMark($0) }
      .split { !isLetterOrNumber($0) }
      .map { String(Substring.UnicodeScalarView($0)) }
  }

  private static func normalised(_ text: String) -> String.UnicodeScalarView {
    text.precomposedStringWithCanonicalMapping.lowercased().unicodeScalars
  }

  private static func isLetterOrNumber(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber:
      true
    default: false
    }
  }

  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: true
    default: false
    }
  }
}

/// Characters that show nothing and may hide, reorder or command: controls, marks of direction,
/// zero-width characters, line and paragraph separators, tags.
public enum InvisibleCharacters {
  /// `text` with each of them written as `\u{…}`: for messages and terminals.
  public static func escaped(_ text: String) -> String {
    if isPlain(text) { return text }
    return text.unicodeScalars.map {
      isInvisible($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0)
    }.joined()
  }

  /// `text` without them; a line end or tab becomes a space, and the joiners that emoji and several
  /// scripts need stay: for pages and tables.
  public static func removed(from text: String) -> String {
    if isPlain(text) { return text }
    return text.unicodeScalars.map { scalar in
      switch scalar.value {
      case 0x09, 0x0A, 0x0D, 0x85, 0x2028, 0x2029: " "
      case 0x200C, 0x200D: String(scalar)
      default: isInvisible(scalar) ? "" : String(scalar)
      }
    }.joined()
  }

  private static func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
  }

  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    // Some format characters are visible: the Arabic number sign and its like.
    case .format:
      scalar.properties.isDefaultIgnorableCodePoint || (0xFFF9...0xFFFB).contains(scalar.value)
    default: scalar.properties.isNoncharacterCodePoint
    }
  }
}
