import Foundation

/// BERT's WordPiece (Devlin et al. 2019): the longest piece that starts the word, then the longest
/// continuation (prefix `##`), and so on; a word without such pieces is unknown as a whole.
struct WordPiece: Sendable {
  private let vocabulary: ByteTrie
  private let unknownID: Int32
  /// Words of more scalars than this are unknown (100 in BERT).
  private let maxWordLength: Int
  /// Where the continuations begin in the trie, or -1 where the vocabulary has none.
  private let continuations: Int32

  init(vocabulary: ByteTrie, unknownID: Int32, prefix: String = "##", maxWordLength: Int = 100) {
    (self.vocabulary, self.unknownID, self.maxWordLength) = (vocabulary, unknownID, maxWordLength)
    continuations = vocabulary.node(for: prefix.utf8)
  }

  /// Appends the ids of `word` (UTF-8, not empty).
  func append(_ word: borrowing [UInt8], to ids: inout [Int32]) {
    let before = ids.count
    var start = 0
    guard word.count <= maxWordLength || word.count(where: { $0 & 0xC0 != 0x80 }) <= maxWordLength
    else { return ids.append(unknownID) }
    while start < word.count {
      var node = start == 0 ? ByteTrie.root : continuations
      var (end, id): (Int, Int32) = (start, -1)
      var index = start
      while index < word.count, node >= 0 {
        node = vocabulary.child(of: node, word[index])
        index += 1
        if node >= 0, vocabulary.id(at: node) >= 0 { (end, id) = (index, vocabulary.id(at: node)) }
      }
      guard id >= 0 else {
        ids.removeSubrange(before...)
        return ids.append(unknownID)
      }
      ids.append(id)
      start = end
    }
  }
}

/// From text to ids, as BERT does it.
struct BertSegmentEncoder: SegmentEncoder {
  private let model: WordPiece
  private let states: StatePool<State>

  private struct State: Sendable {
    var words: BertWords
    var cache = WordCache()
  }

  init(model: WordPiece, normalizer: BertNormalizer) {
    self.model = model
    states = StatePool { State(words: BertWords(normalizer: normalizer)) }
  }

  func encode(_ text: Span<UInt8>, _ range: Range<Int>, to ids: inout [Int32]) {
    states.borrow { state in
      let before = ids.count
      // The closure may not access `state` while `state.words` is being mutated.
      var cache = WordCache(capacity: 0)
      swap(&cache, &state.cache)
      defer { swap(&cache, &state.cache) }
      if state.words.forEachWord(in: text, range, { append($0, &cache, to: &ids) }) { return }
      ids.removeSubrange(before...)
      state.words.forEachWordByDefinition(in: text, range) { append($0, &cache, to: &ids) }
    }
  }

  @inline(__always) private func append(
    _ word: borrowing [UInt8], _ cache: inout WordCache, to ids: inout [Int32]
  ) {
    guard let key = WordCache.Key(word.span, 0..<word.count) else {
      return model.append(word, to: &ids)
    }
    if cache.append(key, to: &ids) { return }
    let before = ids.count
    model.append(word, to: &ids)
    cache.insert(key, ids[before...])
  }
}

/// BERT's cleaning of a text, in this order: control characters are dropped and white space becomes
/// spaces, Chinese characters get spaces around them, the text is canonically decomposed and loses
/// its non-spacing marks (`stripsAccents`), and each scalar is lower-cased by itself.
package struct BertNormalizer: Sendable {
  var cleansText, separatesChinese, stripsAccents, lowercases: Bool

  package init(
    cleansText: Bool = true, separatesChinese: Bool = true, stripsAccents: Bool = true,
    lowercases: Bool = true
  ) {
    (self.cleansText, self.separatesChinese) = (cleansText, separatesChinese)
    (self.stripsAccents, self.lowercases) = (stripsAccents, lowercases)
  }

  /// The normalised scalars of a text, stage by stage: the definition that `BertWords` tabulates.
  func normalize(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var text = scalars
    if cleansText { text = text.filter { !Self.isDropped($0) }.map { Self.isSpace($0) ? " " : $0 } }
    if separatesChinese { text = text.flatMap { Self.isChinese($0) ? [" ", $0, " "] : [$0] } }
    if stripsAccents { text = Self.decompose(text).filter { !Self.isMark($0) } }
    if lowercases { text = text.flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) } }
    return text
  }

  /// Whether cleaning drops this scalar: NUL, U+FFFD, and Cc, Cf and Co but tab, LF and CR.
  static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0, 0xFFFD: true
    case 0x09, 0x0A, 0x0D: false
    default: [.control, .format, .privateUse].contains(UnicodeAge.categoryOfUnicode8(scalar))
    }
  }

  static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

  static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    UnicodeAge.categoryOfUnicode8(scalar) == .nonspacingMark
  }

  /// Whether this scalar is a word of its own: ASCII punctuation and symbols, and categories P*.
  static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII {
      return ("!"..."~").contains(scalar) && !scalar.properties.isAlphabetic
        && !("0"..."9").contains(scalar)
    }
    return Self.punctuation.contains(UnicodeAge.categoryOfUnicode8(scalar))
  }

  private static let punctuation: Set<Unicode.GeneralCategory> = [
    .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
    .initialPunctuation, .finalPunctuation, .otherPunctuation,
  ]

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
    UnicodeAge.isAssigned(scalar, upTo: 12) ? scalar.properties.canonicalCombiningClass.rawValue : 0
  }

  /// Canonical decomposition (NFD): each scalar's own, then marks in the order of their classes.
  static func decompose(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var text = scalars.flatMap(decomposition)
    var index = 0
    while let start = text[index...].firstIndex(where: { combiningClass($0) != 0 }) {
      index = text[start...].firstIndex { combiningClass($0) == 0 } ?? text.count
      // The sort of the standard library is stable.
      text[start..<index].sort { combiningClass($0) < combiningClass($1) }
    }
    return text
  }
}

/// Splits a text into BERT's words, which are normalised, split at white space, and each punctuation
/// mark by itself, by a table that is filled from `BertNormalizer` as scalars occur.
package struct BertWords: Sendable {
  let normalizer: BertNormalizer
  private var table = ScalarTable()
  /// The normalised bytes of the scalars in the table, concatenated.
  private var bytes: [UInt8] = []
  /// The effect of each ASCII byte, and the byte it is normalised to.
  private let ascii: [(effect: Effect, byte: UInt8)]
  /// The word so far.
  private var word: [UInt8] = []

  /// What a scalar does to the words.
  enum Effect: UInt32 {
    case vanishes = 1
    case separates, continuesWord, standsAlone, dependsOnNeighbours
  }

  package init(normalizer: BertNormalizer) {
    self.normalizer = normalizer
    ascii = (0..<128).map { value in
      let (effect, result) = Self.effect(of: Unicode.Scalar(UInt8(value)), normalizer)
      return (effect, result.first.map { UInt8(truncatingIfNeeded: $0.value) } ?? 0)
    }
    word.reserveCapacity(256)
  }

  /// Calls `body` with each word of `text` in `range`, in order, as UTF-8 bytes. False means that
  /// the words are to be discarded and the segment has to go through `forEachWordByDefinition`.
  package mutating func forEachWord(
    in text: Span<UInt8>, _ range: Range<Int>, _ body: (_ word: borrowing [UInt8]) -> Void
  ) -> Bool {
    var index = range.lowerBound
    word.removeAll(keepingCapacity: true)
    while index < range.upperBound {
      let byte = text[index]
      if byte < 0x80 {
        index += 1
        let entry = ascii[Int(byte)]
        switch entry.effect {
        case .continuesWord: word.append(entry.byte)
        case .separates: flush(body)
        case .standsAlone:
          flush(body)
          word.append(entry.byte)
          flush(body)
        case .vanishes: break
        case .dependsOnNeighbours: return false
        }
        continue
      }
      let (scalar, length) = decodeScalar(text, at: index)
      index += length
      var entry = table[scalar]
      if entry == ScalarTable.unknown { entry = makeEntry(of: scalar) }
      switch Effect(rawValue: entry & 7) {
      case .continuesWord: append(entry)
      case .separates: flush(body)
      case .standsAlone:
        flush(body)
        append(entry)
        flush(body)
      case .vanishes: break
      case .dependsOnNeighbours, nil: return false
      }
    }
    flush(body)
    return true
  }

  /// The same words by the definition: the whole segment is normalised, then split.
  package func forEachWordByDefinition(
    in text: Span<UInt8>, _ range: Range<Int>, _ body: (_ word: borrowing [UInt8]) -> Void
  ) {
    let segment = String(decoding: range.map { text[$0] }, as: UTF8.self)
    var word: [UInt8] = []
    func flush() {
      if !word.isEmpty { body(word) }
      word.removeAll()
    }
    for scalar in normalizer.normalize(Array(segment.unicodeScalars)) {
      let isPunctuation = BertNormalizer.isPunctuation(scalar)
      if isPunctuation || BertNormalizer.isSpace(scalar) { flush() }
      if !BertNormalizer.isSpace(scalar) { word.append(contentsOf: String(scalar).utf8) }
      if isPunctuation { flush() }
    }
    flush()
  }

  @inline(__always) private mutating func flush(_ body: (_ word: borrowing [UInt8]) -> Void) {
    guard !word.isEmpty else { return }
    body(word)
    word.removeAll(keepingCapacity: true)
  }

  /// Appends the normalised bytes of an entry: effect (3 bits), length (5) and offset (24).
  @inline(__always) private mutating func append(_ entry: UInt32) {
    let start = Int(entry >> 8)
    for index in start..<start + Int(entry >> 3 & 31) { word.append(bytes[index]) }
  }

  private mutating func makeEntry(of scalar: Unicode.Scalar) -> UInt32 {
    let (effect, scalars) = Self.effect(of: scalar, normalizer)
    let text = scalars.flatMap { Array(String($0).utf8) }
    var entry = effect.rawValue
    if effect == .continuesWord || effect == .standsAlone {
      // All scalars together take less than 4 MB, and one takes at most 18 bytes.
      precondition(text.count < 32 && bytes.count < 1 << 24)
      entry |= UInt32(text.count) << 3 | UInt32(bytes.count) << 8
      bytes.append(contentsOf: text)
    }
    table.set(scalar, entry)
    return entry
  }

  /// The effect of `scalar` by itself, and the scalars it is normalised to.
  private static func effect(of scalar: Unicode.Scalar, _ normalizer: BertNormalizer)
    -> (Effect, [Unicode.Scalar])
  {
    if normalizer.cleansText, BertNormalizer.isDropped(scalar) { return (.vanishes, []) }
    if BertNormalizer.isSpace(scalar) { return (.separates, []) }
    let isChinese = normalizer.separatesChinese && BertNormalizer.isChinese(scalar)
    var alone = normalizer
    alone.separatesChinese = false
    let result = alone.normalize([scalar])
    let moves = BertNormalizer.decomposition(of: scalar).contains {
      !BertNormalizer.isMark($0) && BertNormalizer.combiningClass($0) != 0
    }
    if normalizer.stripsAccents, moves { return (.dependsOnNeighbours, []) }
    if result.isEmpty { return (isChinese ? .separates : .vanishes, []) }
    let splits = result.contains { BertNormalizer.isSpace($0) || BertNormalizer.isPunctuation($0) }
    if splits || isChinese {
      return result.count == 1 && !BertNormalizer.isSpace(result[0])
        ? (.standsAlone, result) : (.dependsOnNeighbours, [])
    }
    return (.continuesWord, result)
  }
}
