import Synchronization

/// Turns a stretch of text without special tokens into ids.
protocol SegmentEncoder: Sendable {
  /// Appends the ids of the bytes of `text` in `range`, which begins and ends between scalars.
  func encode(_ text: Span<UInt8>, _ range: Range<Int>, to ids: inout [Int32])
}

/// Scratch memory that calls borrow, so that many threads may encode with one tokenizer; the lock is
/// held only to take a state out and to put it back.
final class StatePool<State: Sendable>: Sendable {
  private let free = Mutex<[State]>([])
  private let make: @Sendable () -> State

  init(_ make: @escaping @Sendable () -> State) { self.make = make }

  func borrow<Value>(_ body: (inout State) -> Value) -> Value {
    // Taken out of the array, the state is uniquely referenced and changes in place.
    var state = free.withLock { $0.popLast() } ?? make()
    defer { free.withLock { $0.append(state) } }
    return body(&state)
  }
}

/// The ids of words of up to 16 bytes that have occurred before. A key is a word's bytes in two
/// integers, padded with 0xFF, which no UTF-8 contains. A full cache is emptied.
struct WordCache: Sendable {
  struct Key: Sendable, Equatable {
    var low = UInt64.max, high = UInt64.max

    /// The key of no bytes.
    fileprivate init() {}

    /// The key of the bytes of `text` in `range`, or nil where there are more than 16.
    @inline(__always) init?(_ text: Span<UInt8>, _ range: Range<Int>) {
      guard range.count <= 16 else { return nil }
      let middle = min(range.lowerBound + 8, range.upperBound)
      for index in range.lowerBound..<middle { low = low << 8 | UInt64(text[index]) }
      for index in middle..<range.upperBound { high = high << 8 | UInt64(text[index]) }
    }
  }

  private struct Slot {
    var key: Key
    var start, count: Int32
  }

  private var slots: [Slot]
  private var used = 0
  private var pieces: [Int32] = []
  private static let capacityLimit = 1 << 17
  private static let free = Slot(key: Key(), start: 0, count: 0)

  /// A cache of capacity 0 is a placeholder and may not be used.
  init(capacity: Int = 1 << 12) {
    precondition(capacity.nonzeroBitCount <= 1, "the capacity is 0 or a power of two")
    slots = Array(repeating: Self.free, count: capacity)
  }

  @inline(__always) private static func hash(_ key: Key) -> Int {
    let product = (key.low ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(
      by: key.high ^ 0xD6E8_FEB8_6659_FD93)
    let mixed = (product.high ^ product.low) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> 32)
  }

  /// Appends the ids of `key`'s word to `ids` and returns true, or returns false.
  @inline(__always) func append(_ key: Key, to ids: inout [Int32]) -> Bool {
    let mask = slots.count - 1
    var index = Self.hash(key) & mask
    while slots[index].count > 0 {
      if slots[index].key == key {
        let (start, count) = (Int(slots[index].start), Int(slots[index].count))
        if count == 1 {
          ids.append(pieces[start])
        } else {
          ids.append(contentsOf: pieces[start..<start + count])
        }
        return true
      }
      index = (index + 1) & mask
    }
    return false
  }

  /// Keeps `word` as the ids of `key`, which is not in the cache. An empty word is not kept.
  mutating func insert(_ key: Key, _ word: ArraySlice<Int32>) {
    guard !word.isEmpty else { return }
    if (used + 1) * 2 > slots.count { grow() }
    place(Slot(key: key, start: Int32(pieces.count), count: Int32(word.count)))
    pieces.append(contentsOf: word)
    used += 1
  }

  private mutating func place(_ slot: Slot) {
    let mask = slots.count - 1
    var index = Self.hash(slot.key) & mask
    while slots[index].count > 0 { index = (index + 1) & mask }
    slots[index] = slot
  }

  private mutating func grow() {
    guard slots.count < Self.capacityLimit else {
      self = WordCache()
      return
    }
    let old = slots
    slots = Array(repeating: Self.free, count: old.count * 2)
    for slot in old where slot.count > 0 { place(slot) }
  }
}
