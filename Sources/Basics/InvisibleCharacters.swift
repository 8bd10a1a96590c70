/// Characters that show nothing and may hide, reorder or command: controls, marks of direction,
/// zero-width characters, line and paragraph separators, tags.
public enum InvisibleCharacters {
  /// `text` with each of them written as `\u{…}`: for messages and terminals.
  public static func escaped(_ text: String) -> String {
    if isPlain(text) { return text }
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if isInvisible(scalar) {
        out.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
      } else {
        out.append(scalar)
      }
    }
    return String(out)
  }

  /// `text` without them; a line end or tab becomes a space, and the joiners that emoji and several
  /// scripts need stay: for pages and tables.
  public static func removed(from text: String) -> String {
    if isPlain(text) { return text }
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x09, 0x0A, 0x0D, 0x85, 0x2028, 0x2029: out.append(" ")
      case 0x200C, 0x200D: out.append(scalar)
      default: if !isInvisible(scalar) { out.append(scalar) }
      }
    }
    return String(out)
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
