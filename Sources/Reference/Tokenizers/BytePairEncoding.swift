import Foundation

/// Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019): a word starts as its
/// bytes; the pair of lowest rank, the leftmost of equals, is merged until no pair has a rank.
struct BytePairEncoding: Sendable {
  /// The id of each byte.
  let byteIDs: [Int32]
  private let merges: MergeTable

  /// Scratch memory of `append`.
  struct Workspace: Sendable {
    fileprivate var ids: [Int32] = [], next: [Int32] = [], previous: [Int32] = []
    fileprivate var queue = MergeQueue()
  }

  /// Appends the ids of the bytes of `text` in `range` (not empty); O(n log n) in their number.
  func append(
    _ text: Span<UInt8>, _ range: Range<Int>, _ work: inout Workspace, to ids: inout [Int32]
  ) {
    if range.count == 1 { return ids.append(byteIDs[Int(text[range.lowerBound])]) }
    fill(&work, text, range)
    while let (rank, left) = work.queue.popFirst() {
      let right = work.next[left]
      // An earlier merge may have used up this pair; then its rank has changed or is gone.
      guard work.ids[left] >= 0, right >= 0,
        let merge = merges[work.ids[left], work.ids[Int(right)]], merge.rank == rank
      else { continue }
      work.ids[left] = merge.id
      work.ids[Int(right)] = -1
      let after = work.next[Int(right)]
      work.next[left] = after
      if after >= 0 {
        work.previous[Int(after)] = Int32(left)
        enqueue(left, Int(after), &work)
      }
      let before = work.previous[left]
      if before >= 0 { enqueue(Int(before), left, &work) }
    }
    var index = 0
    while index >= 0 {
      ids.append(work.ids[index])
      index = Int(work.next[index])
    }
  }

  private func fill(_ work: inout Workspace, _ text: Span<UInt8>, _ range: Range<Int>) {
    work.ids.removeAll(keepingCapacity: true)
    work.next.removeAll(keepingCapacity: true)
    work.previous.removeAll(keepingCapacity: true)
    for index in range { work.ids.append(byteIDs[Int(text[index])]) }
    work.next.append(contentsOf: 1..<Int32(range.count))
    work.next.append(-1)
    work.previous.append(contentsOf: -1..<Int32(range.count) - 1)
    for index in 1..<range.count { enqueue(index - 1, index, &work) }
  }

  private func enqueue(_ left: Int, _ right: Int, _ work: inout Workspace) {
    guard let merge = merges[work.ids[left], work.ids[right]] else { return }
    work.queue.insert(rank: merge.rank, position: left)
  }
}

extension BytePairEncoding {
  /// A merge of two symbols, and where it stands in its file.
  struct Merge {
    let place: ReferenceError.Diagnostic.Place
    let left, right: [UInt8]
  }

  /// The model of `merges`, the earliest first; `faults` were found while they were read.
  init(
    _ merges: [Merge], _ vocabulary: Vocabulary, file: URL, faults: [ReferenceError.Diagnostic] = []
  ) throws(ReferenceError) {
    var faults = faults
    var table = MergeTable(capacity: merges.count)
    func id(_ symbol: [UInt8], _ place: ReferenceError.Diagnostic.Place) -> Int32? {
      if let id = vocabulary.trie.id(of: symbol) { return id }
      let found = "\"\(String(decoding: symbol, as: UTF8.self))\""
      faults.append(.init(place, found: found, expected: "a symbol of the vocabulary"))
      return nil
    }
    for (rank, merge) in merges.enumerated() {
      guard let left = id(merge.left, merge.place), let right = id(merge.right, merge.place),
        let whole = id(merge.left + merge.right, merge.place)
      else { continue }
      table.insert(left, right, rank: Int32(rank), id: whole)
    }
    byteIDs = (0..<256).map { byte in
      let symbol = String(Self.symbol(of: UInt8(byte)))
      return id(Array(symbol.utf8), .field("byte 0x\(String(byte, radix: 16))")) ?? 0
    }
    guard faults.isEmpty else { throw .invalid(path: file.path, faults: faults) }
    self.merges = table
  }

  /// The printable character that stands for a byte in GPT-2's vocabulary: the byte's own Latin-1
  /// character where that is visible, else the next free one from U+0100 on (a space is Ġ).
  private static func symbol(of byte: UInt8) -> Unicode.Scalar {
    func isVisible(_ byte: UInt8) -> Bool { 0x21...0x7E ~= byte || byte >= 0xA1 && byte != 0xAD }
    if isVisible(byte) { return Unicode.Scalar(byte) }
    let earlier = (0..<byte).count { !isVisible($0) }
    return Unicode.Scalar(UInt16(0x100 + earlier)) ?? "\u{FFFD}"
  }
}

/// What two neighbouring ids merge into, and with which rank.
struct MergeTable: Sendable {
  private struct Slot {
    var key: UInt64
    var rank, id: Int32
  }
  private var slots: [Slot]

  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = Array(repeating: Slot(key: .max, rank: 0, id: 0), count: size)
  }

  @inline(__always) private func slot(_ key: UInt64) -> Int {
    let mask = slots.count - 1
    var index = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 29) & mask
    while slots[index].key != key, slots[index].key != .max { index = (index + 1) & mask }
    return index
  }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// Adds one of at most `capacity` merges; a later one of the same pair replaces the earlier.
  mutating func insert(_ left: Int32, _ right: Int32, rank: Int32, id: Int32) {
    let key = Self.key(left, right)
    slots[slot(key)] = Slot(key: key, rank: rank, id: id)
  }

  @inline(__always) subscript(_ left: Int32, _ right: Int32) -> (rank: Int32, id: Int32)? {
    let found = slots[slot(Self.key(left, right))]
    return found.key == .max ? nil : (found.rank, found.id)
  }
}

/// A binary heap of merges: the lowest rank first, the leftmost of equals.
private struct MergeQueue: Sendable {
  /// Rank in the upper half, position in the lower.
  private var heap: [UInt64] = []

  mutating func insert(rank: Int32, position: Int) {
    heap.append(UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(position))
    var child = heap.count - 1
    while child > 0, case let parent = (child - 1) / 2, heap[child] < heap[parent] {
      heap.swapAt(parent, child)
      child = parent
    }
  }

  mutating func popFirst() -> (rank: Int32, position: Int)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty { heap[0] = last }
    var (parent, child) = (0, 1)
    while child < heap.count {
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      if heap[parent] <= heap[child] { break }
      heap.swapAt(parent, child)
      (parent, child) = (child, child * 2 + 1)
    }
    return (Int32(bitPattern: UInt32(first >> 32)), Int(first & 0xFFFF_FFFF))
  }
}

/// From text to ids, as RoBERTa does it.
struct ByteLevelSegmentEncoder: SegmentEncoder {
  private let model: BytePairEncoding
  private let addsPrefixSpace: Bool
  private let states: StatePool<State>

  private struct State: Sendable {
    var words = ByteLevelWords()
    var cache = WordCache()
    var work = BytePairEncoding.Workspace()
  }

  init(model: BytePairEncoding, addsPrefixSpace: Bool) {
    (self.model, self.addsPrefixSpace) = (model, addsPrefixSpace)
    states = StatePool { State() }
  }

  func encode(_ text: Span<UInt8>, _ range: Range<Int>, to ids: inout [Int32]) {
    guard !range.isEmpty else { return }
    guard addsPrefixSpace, text[range.lowerBound] != UInt8(ascii: " ") else {
      return encodeWords(text, range, to: &ids)
    }
    let spaced = [UInt8(ascii: " ")] + range.map { text[$0] }
    encodeWords(spaced.span, 0..<spaced.count, to: &ids)
  }

  private func encodeWords(_ text: Span<UInt8>, _ range: Range<Int>, to ids: inout [Int32]) {
    states.borrow { state in
      var start = range.lowerBound
      while start < range.upperBound {
        let end = state.words.wordEnd(in: text, from: start, end: range.upperBound)
        append(text, start..<end, &state, to: &ids)
        start = end
      }
    }
  }

  @inline(__always) private func append(
    _ text: Span<UInt8>, _ word: Range<Int>, _ state: inout State, to ids: inout [Int32]
  ) {
    guard let key = WordCache.Key(text, word) else {
      return model.append(text, word, &state.work, to: &ids)
    }
    if state.cache.append(key, to: &ids) { return }
    let before = ids.count
    model.append(text, word, &state.work, to: &ids)
    state.cache.insert(key, ids[before...])
  }
}

/// Splits a whole text into words by the regular expression of GPT-2 and RoBERTa,
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
package struct ByteLevelWords: Sendable {
  private var table = ScalarTable()

  /// The classes of characters in the expression.
  package enum Class: UInt32 { case other = 1, letter, number, space }

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

  /// The end of the word that begins at `start`, a place before `end` and between scalars.
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

  /// The end of the white space at `start`, whose last scalar belongs to the word that follows.
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

  private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map {
    Array($0.utf8)
  }

  private func contractionEnd(in text: Span<UInt8>, from start: Int, end: Int) -> Int? {
    for letters in Self.contractions
    where start + letters.count <= end && text.begins(at: start, with: letters) {
      return start + letters.count
    }
    return nil
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
