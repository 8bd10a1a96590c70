/// Splits a text into the words of byte-level BPE, by the regular expression of GPT-2 and RoBERTa:
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// The words together are the whole text.
package struct ByteLevelWords: Sendable {
  private var table = ScalarTable()

  /// The classes of characters in the expression.
  package enum Class: UInt32 {
    case other = 1
    case letter
    case number
    case space
  }

  init() {
    for value in UInt8(0)..<0x80 {
      let scalar = Unicode.Scalar(value)
      table.set(scalar, Self.classify(scalar).rawValue)
    }
  }

  package static func classify(_ scalar: Unicode.Scalar) -> Class {
    let properties = scalar.properties
    if properties.isWhitespace { return .space }
    guard UnicodeAge.isAssigned(scalar, upTo: 16) else { return .other }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return .letter
    case .decimalNumber, .letterNumber, .otherNumber: return .number
    default: return .other
    }
  }

  /// The end of the word that begins at `start`, in the part of `text` before `end`.
  ///
  /// - Requires: `start < end`, both between scalars.
  @inline(__always) mutating func wordEnd(in text: Span<UInt8>, from start: Int, end: Int) -> Int {
    let first = text[start]
    if first == UInt8(ascii: "'"), let stop = contractionEnd(in: text, from: start, end: end) {
      return stop
    }
    var (kind, length) = classify(text, at: start)
    if kind == .space {
      guard first == UInt8(ascii: " "), start + 1 < end else {
        return spaceEnd(in: text, from: start, end: end)
      }
      let (next, nextLength) = classify(text, at: start + 1)
      if next == .space { return spaceEnd(in: text, from: start, end: end) }
      (kind, length) = (next, 1 + nextLength)
    }
    var index = start + length
    while index < end {
      let (next, length) = classify(text, at: index)
      if next != kind { break }
      index += length
    }
    return index
  }

  /// The end of the white space at `start`. Where text follows, the last white-space scalar is left
  /// out: the expression leaves it for the word that follows.
  private mutating func spaceEnd(in text: Span<UInt8>, from start: Int, end: Int) -> Int {
    var (index, last) = (start, start)
    while index < end {
      let (next, length) = classify(text, at: index)
      if next != .space { return last > start ? last : index }
      last = index
      index += length
    }
    return index
  }

  private func contractionEnd(in text: Span<UInt8>, from start: Int, end: Int) -> Int? {
    guard start + 1 < end else { return nil }
    switch text[start + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return start + 2 < end && text[start + 2] == UInt8(ascii: "e") ? start + 3 : nil
    case UInt8(ascii: "l"):
      return start + 2 < end && text[start + 2] == UInt8(ascii: "l") ? start + 3 : nil
    default: return nil
    }
  }

  @inline(__always) private mutating func classify(_ text: Span<UInt8>, at index: Int) -> (
    Class, Int
  ) {
    let (scalar, length) = decodeScalar(text, at: index)
    if let known = Class(rawValue: table[scalar]) { return (known, length) }
    let kind = Self.classify(scalar)
    table.set(scalar, kind.rawValue)
    return (kind, length)
  }
}
