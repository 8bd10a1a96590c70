import Foundation

/// Byte-level byte-pair encoding: a word starts as its bytes, and the neighbouring pair with the
/// lowest rank is merged (the leftmost of equals) until no pair has a rank. Source: Sennrich et al.
/// 2016; on bytes, Radford et al. 2019.
struct BytePairEncoding: Sendable {
  /// The id of each byte.
  let byteIDs: [Int32]
  private let merges: MergeTable

  /// Scratch memory of `append`.
  struct Workspace: Sendable {
    fileprivate var ids: [Int32] = []
    fileprivate var next: [Int32] = []
    fileprivate var previous: [Int32] = []
    fileprivate var queue = MergeQueue()
  }

  /// Appends the ids of the bytes of `text` in `range`; O(n log n) in their number.
  func append(
    _ text: Span<UInt8>, _ range: Range<Int>, _ work: inout Workspace, to ids: inout [Int32]
  ) {
    let count = range.count
    guard count > 1 else {
      if count == 1 { ids.append(byteIDs[Int(text[range.lowerBound])]) }
      return
    }
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
    let count = range.count
    work.ids.removeAll(keepingCapacity: true)
    work.next.removeAll(keepingCapacity: true)
    work.previous.removeAll(keepingCapacity: true)
    for index in range { work.ids.append(byteIDs[Int(text[index])]) }
    for index in 0..<count {
      work.next.append(index + 1 < count ? Int32(index + 1) : -1)
      work.previous.append(Int32(index) - 1)
    }
    for index in 0..<count - 1 { enqueue(index, index + 1, &work) }
  }

  private func enqueue(_ left: Int, _ right: Int, _ work: inout Workspace) {
    if let merge = merges[work.ids[left], work.ids[right]] {
      work.queue.insert(rank: merge.rank, position: left)
    }
  }
}

extension BytePairEncoding {
  /// A merge of two symbols, and where it stands in its file.
  struct Merge {
    let place: ReferenceError.Diagnostic.Place
    let left, right: [UInt8]
  }

  /// The model of `merges`, the earliest first.
  /// - Parameter earlierFaults: what was found while the merges were read; thrown with the rest.
  init(
    _ merges: [Merge], _ vocabulary: Vocabulary, file: URL,
    earlierFaults: [ReferenceError.Diagnostic] = []
  ) throws(ReferenceError) {
    var faults = earlierFaults
    var table = MergeTable(capacity: merges.count)
    func id(_ symbol: [UInt8], _ place: ReferenceError.Diagnostic.Place) -> Int32? {
      if let id = vocabulary.trie.id(of: symbol) { return id }
      faults.append(
        .init(
          place, found: "\"\(String(decoding: symbol, as: UTF8.self))\"",
          expected: "a symbol of the vocabulary"))
      return nil
    }
    for (rank, merge) in merges.enumerated() {
      if let left = id(merge.left, merge.place), let right = id(merge.right, merge.place),
        let whole = id(merge.left + merge.right, merge.place)
      {
        table.insert(left, right, rank: Int32(rank), id: whole)
      }
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
    func isVisible(_ byte: UInt8) -> Bool {
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
      default: false
      }
    }
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

  /// Adds a merge; a later one of the same pair replaces the earlier. The number of merges is at
  /// most the capacity.
  mutating func insert(_ left: Int32, _ right: Int32, rank: Int32, id: Int32) {
    let index = slot(Self.key(left, right))
    slots[index] = Slot(key: Self.key(left, right), rank: rank, id: id)
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
    while child > 0 {
      let parent = (child - 1) / 2
      if heap[parent] <= heap[child] { break }
      heap.swapAt(parent, child)
      child = parent
    }
  }

  mutating func popFirst() -> (rank: Int32, position: Int)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      var parent = 0
      while true {
        var child = parent * 2 + 1
        if child >= heap.count { break }
        if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
        if heap[parent] <= heap[child] { break }
        heap.swapAt(parent, child)
        parent = child
      }
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
    if addsPrefixSpace, text[range.lowerBound] != UInt8(ascii: " ") {
      var spaced: [UInt8] = [UInt8(ascii: " ")]
      for index in range { spaced.append(text[index]) }
      encodeWords(spaced.span, 0..<spaced.count, to: &ids)
    } else {
      encodeWords(text, range, to: &ids)
    }
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
      model.append(text, word, &state.work, to: &ids)
      return
    }
    if state.cache.append(key, to: &ids) { return }
    let before = ids.count
    model.append(text, word, &state.work, to: &ids)
    state.cache.insert(key, ids[before...])
  }
}

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
    case letter, number, space
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

  /// The end of the word that begins at `start`, in the part of `text` before `end`. Requires
  /// `start < end`, both between scalars.
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
