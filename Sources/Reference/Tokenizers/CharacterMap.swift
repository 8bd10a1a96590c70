/// SentencePiece's precompiled map of characters: a double-array trie (Darts) over UTF-8 from what is
/// replaced to a place in a list of replacements that end with NUL.
struct CharacterMap: Sendable {
  private let units: [UInt32]
  private let replacements: [UInt8]
  /// The replacement of each ASCII character by itself, or nil.
  private var ascii: [Range<Int>?] = []

  /// A map that changes nothing.
  init() { (units, replacements) = ([], []) }

  /// Reads the map in `bytes`: the trie's size in bytes (4, little-endian), the trie, the list. Nil
  /// where the sizes do not fit or the list is not UTF-8.
  init?(_ bytes: [UInt8]) {
    func word(_ index: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << (8 * UInt32($1)) }
    }
    guard bytes.count >= 8 else { return nil }
    let size = Int(word(0))
    guard size >= 4, size % 4 == 0, size <= bytes.count - 4 else { return nil }
    let list = Array(bytes[(4 + size)...])
    guard String(validating: list, as: UTF8.self) != nil else { return nil }
    units = stride(from: 4, to: 4 + size, by: 4).map(word)
    replacements = list
    ascii = (0..<128).map { byte in replacement(of: [UInt8(byte)].span, 0..<1) }
  }

  /// The replacement of the shortest beginning of `text` in `range` that the trie has, or nil.
  private func replacement(of text: Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
    guard let root = units.first else { return nil }
    var node = Self.offset(root)
    for index in range {
      let byte = UInt32(text[index])
      node ^= Int(byte)
      // A unit's label is its byte; the bit above tells a value from a node.
      guard byte != 0, node < units.count, units[node] & 0x8000_00FF == byte else { return nil }
      let unit = units[node]
      node ^= Self.offset(unit)
      if unit >> 8 & 1 == 1 {
        return node < units.count ? entry(Int(units[node] & 0x7FFF_FFFF)) : nil
      }
    }
    return nil
  }

  private static func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 0x200) >> 6) }

  /// The replacement at `start`; nil where none begins there.
  private func entry(_ start: Int) -> Range<Int>? {
    guard start < replacements.count, replacements[start] & 0xC0 != 0x80 else { return nil }
    return start..<(replacements[start...].firstIndex(of: 0) ?? replacements.count)
  }

  /// Appends `text` in `range` with its characters replaced, as Hugging Face's `Precompiled` does it:
  /// a grapheme cluster of up to five bytes becomes the replacement of its shortest beginning that
  /// has one; in other clusters each scalar is replaced by itself.
  func append(_ text: Span<UInt8>, _ range: Range<Int>, to result: inout [UInt8]) {
    guard !units.isEmpty else {
      for index in range { result.append(text[index]) }
      return
    }
    var index = range.lowerBound
    while index < range.upperBound {
      let end = clusters(in: text, from: index, to: range.upperBound)
      if end == index + 1 {
        appendASCII(text[index], to: &result)
      } else {
        appendClusters(text, index..<end, to: &result)
      }
      index = end
    }
  }

  /// The end of the shortest stretch from `start` on that is one ASCII character or ends between two
  /// of them, where there is always a boundary of clusters, but in CR LF.
  private func clusters(in text: Span<UInt8>, from start: Int, to limit: Int) -> Int {
    let carriageReturn = UInt8(ascii: "\r")
    var end = start + 1
    while end < limit,
      text[end - 1] >= 0x80 || text[end] >= 0x80 || text[end - 1] == carriageReturn
    { end += 1 }
    return end
  }

  @inline(__always) private func appendASCII(_ byte: UInt8, to result: inout [UInt8]) {
    if byte < 0x80, let entry = ascii[Int(byte)] {
      result.append(contentsOf: replacements[entry])
    } else {
      result.append(byte)
    }
  }

  private func appendClusters(_ text: Span<UInt8>, _ range: Range<Int>, to result: inout [UInt8]) {
    for character in String(decoding: range.map { text[$0] }, as: UTF8.self) {
      let bytes = Array(character.utf8)
      if bytes.count < 6, let entry = replacement(of: bytes.span, bytes.indices) {
        result.append(contentsOf: replacements[entry])
        continue
      }
      for scalar in character.unicodeScalars {
        let bytes = Array(String(scalar).utf8)
        if let entry = replacement(of: bytes.span, bytes.indices) {
          result.append(contentsOf: replacements[entry])
        } else {
          result.append(contentsOf: bytes)
        }
      }
    }
  }
}

/// What `DebertaV2TokenizerFast` does to a stretch of text: white space at both ends is dropped, the
/// characters are mapped, and runs of blanks become one.
struct UnigramNormalizer: Sendable {
  var map = CharacterMap()

  static let blank = UInt8(ascii: " ")

  /// `range` without the white space at its ends.
  func stripped(_ text: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high, case let (scalar, length) = decodeScalar(text, at: low),
      scalar.properties.isWhitespace
    { low += length }
    while low < high, case let (scalar, length) = decodeScalar(text, before: high),
      scalar.properties.isWhitespace
    { high -= length }
    return low..<high
  }

  /// Replaces `result` by the normalised bytes of `text` in `range`, which is stripped.
  func normalize(_ text: Span<UInt8>, _ range: Range<Int>, into result: inout [UInt8]) {
    result.removeAll(keepingCapacity: true)
    map.append(text, range, to: &result)
    var (kept, wasBlank) = (0, false)
    for index in result.indices {
      let isBlank = result[index] == Self.blank
      if isBlank && wasBlank { continue }
      (result[kept], wasBlank) = (result[index], isBlank)
      kept += 1
    }
    result.removeLast(result.count - kept)
  }

  /// The normalised bytes of `text`.
  func normalize(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    normalize(text.span, stripped(text.span, 0..<text.count), into: &result)
    return result
  }
}
