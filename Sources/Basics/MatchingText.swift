import Foundation

/// A text as it is compared with others: in NFC, in lower case, letters and digits only.
///
/// Spaces, punctuation and combining marks that NFC does not join to their letter are dropped, so
/// that a text is found again after it went through another program's cleaning.
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
