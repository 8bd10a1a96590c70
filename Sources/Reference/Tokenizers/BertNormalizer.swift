import Foundation

/// BERT's cleaning of a text, with the switches of `tokenizer.json`.
///
/// In this order: control characters are dropped and every white space becomes a space
/// (`cleansText`), Chinese characters get spaces around them, the text is canonically decomposed
/// and its non-spacing marks dropped (`stripsAccents`), and each scalar is lower-cased by itself,
/// so that a final sigma stays a sigma.
package struct BertNormalizer: Sendable, Equatable {
  var cleansText: Bool
  var separatesChinese: Bool
  var stripsAccents: Bool
  var lowercases: Bool

  package init(
    cleansText: Bool = true, separatesChinese: Bool = true, stripsAccents: Bool = true,
    lowercases: Bool = true
  ) {
    self.cleansText = cleansText
    self.separatesChinese = separatesChinese
    self.stripsAccents = stripsAccents
    self.lowercases = lowercases
  }

  /// The normalised scalars of a text, stage by stage. This is the definition; `BertWords` makes
  /// the same words faster from a table.
  func normalize(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var text = scalars
    if cleansText {
      text = text.filter { !Self.isDropped($0) }
        .map { Self.isSpace($0) ? " " : $0 }
    }
    if separatesChinese {
      text = text.flatMap { Self.isChinese($0) ? [" ", $0, " "] : [$0] }
    }
    if stripsAccents {
      text = Self.decompose(text).filter { !Self.isMark($0) }
    }
    if lowercases {
      text = text.flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) }
    }
    return text
  }

  /// Whether cleaning drops this scalar: NUL, the replacement character, and the categories Cc,
  /// Cf and Co, tab, line feed and carriage return excepted.
  static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0, 0xFFFD: true
    case 0x09, 0x0A, 0x0D: false
    default:
      switch UnicodeAge.categoryOfUnicode8(scalar) {
      case .control, .format, .privateUse, .surrogate: true
      default: false
      }
    }
  }

  static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

  static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    UnicodeAge.categoryOfUnicode8(scalar) == .nonspacingMark
  }

  /// Whether the pre-tokenizer makes this scalar a word of its own: ASCII punctuation and
  /// symbols, and the categories P*.
  static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
    case 0..<0x80: return false
    default: break
    }
    switch UnicodeAge.categoryOfUnicode8(scalar) {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      return true
    default:
      return false
    }
  }

  /// Whether this is a CJK ideograph in the blocks that BERT names.
  static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }

  /// The canonical decomposition of one scalar in Unicode 12.
  static func decomposition(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    guard UnicodeAge.isAssigned(scalar, upTo: 12) else { return [scalar] }
    return Array(String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars)
  }

  static func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
    UnicodeAge.isAssigned(scalar, upTo: 12)
      ? scalar.properties.canonicalCombiningClass.rawValue : 0
  }

  /// Canonical decomposition (NFD): each scalar's own, then marks in the order of their classes.
  static func decompose(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var text = scalars.flatMap(decomposition)
    var index = 0
    while index < text.count {
      guard combiningClass(text[index]) != 0 else {
        index += 1
        continue
      }
      let start = index
      while index < text.count, combiningClass(text[index]) != 0 { index += 1 }
      let marks = text[start..<index].enumerated().sorted { first, second in
        let (a, b) = (combiningClass(first.element), combiningClass(second.element))
        return a == b ? first.offset < second.offset : a < b
      }
      text.replaceSubrange(start..<index, with: marks.map(\.element))
    }
    return text
  }
}
