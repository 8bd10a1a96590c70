/// The compressed format of RFC 1951, written as one block with the fixed Huffman codes.
///
/// Matches are looked for at a few given distances only, which is all that a drawing needs: 1 (the
/// same byte again) and the length of a row (the row above).
package enum Deflate {
  private static let longest = 258
  private static let shortest = 3

  /// - Parameter distances: each in 1...32768.
  package static func compress(_ bytes: [UInt8], distances: [Int]) -> [UInt8] {
    precondition(distances.allSatisfy { (1...32768).contains($0) })
    var out = BitWriter()
    out.write(1, count: 1)  // the last block
    out.write(1, count: 2)  // fixed codes
    bytes.withUnsafeBytes { bytes in
      var place = 0
      while place < bytes.count {
        var length = 0
        var distance = 0
        for candidate in distances where candidate <= place && length < longest {
          let found = match(bytes, at: place, distance: candidate)
          if found > length {
            length = found
            distance = candidate
          }
        }
        if length >= shortest {
          out.length(length)
          out.distance(distance)
          place += length
        } else {
          out.symbol(Int(bytes[place]))
          place += 1
        }
      }
    }
    out.symbol(256)
    return out.finished()
  }

  /// How many bytes from `place` on are those `distance` before; eight are looked at together.
  private static func match(_ bytes: UnsafeRawBufferPointer, at place: Int, distance: Int) -> Int {
    let most = min(longest, bytes.count - place)
    var length = 0
    // In bounds: the eight bytes end at `place + most` at the latest, and `distance <= place`.
    while length + 8 <= most,
      bytes.loadUnaligned(fromByteOffset: place + length, as: UInt64.self)
        == bytes.loadUnaligned(fromByteOffset: place + length - distance, as: UInt64.self)
    {
      length += 8
    }
    while length < most, bytes[place + length] == bytes[place + length - distance] { length += 1 }
    return length
  }
}

/// Bits into bytes, the least significant first, with deflate's fixed codes.
private struct BitWriter {
  private var bytes: [UInt8] = []
  private var held: UInt64 = 0
  private var count = 0

  mutating func write(_ value: Int, count bits: Int) {
    held |= UInt64(value) << UInt64(count)
    count += bits
    while count >= 8 {
      bytes.append(UInt8(truncatingIfNeeded: held))
      held >>= 8
      count -= 8
    }
  }

  /// A code of the literal and length alphabet (RFC 1951, 3.2.6): codes go out from their most
  /// significant bit.
  mutating func symbol(_ symbol: Int) {
    switch symbol {
    case 0..<144: code(0x30 + symbol, count: 8)
    case 144..<256: code(0x190 + symbol - 144, count: 9)
    case 256..<280: code(symbol - 256, count: 7)
    default: code(0xC0 + symbol - 280, count: 8)
    }
  }

  mutating func length(_ length: Int) {
    if length == 258 { return symbol(285) }
    let (place, extra, base) = Self.class(of: length - 3, direct: 8, step: 4)
    symbol(257 + place)
    write(length - 3 - base, count: extra)
  }

  mutating func distance(_ distance: Int) {
    let (place, extra, base) = Self.class(of: distance - 1, direct: 4, step: 2)
    code(place, count: 5)
    write(distance - 1 - base, count: extra)
  }

  /// The place of `value` in the alphabets of RFC 1951, 3.2.5: `direct` values stand alone, then
  /// each `step` classes take one more extra bit.
  private static func `class`(of value: Int, direct: Int, step: Int) -> (Int, Int, Int) {
    if value < direct { return (value, 0, value) }
    var place = direct
    var base = direct
    var extra = 1
    while true {
      for _ in 0..<step {
        if value < base + (1 << extra) { return (place, extra, base) }
        base += 1 << extra
        place += 1
      }
      extra += 1
    }
  }

  private mutating func code(_ code: Int, count bits: Int) {
    var turned = 0
    for bit in 0..<bits where code & (1 << bit) != 0 { turned |= 1 << (bits - 1 - bit) }
    write(turned, count: bits)
  }

  mutating func finished() -> [UInt8] {
    if count > 0 { write(0, count: 8 - count) }
    return bytes
  }
}
