import Basics

/// Changes to a text or any other bytes that parsers tend to stumble over.
enum TextMutation {
  /// Numbers at and beyond the limits of the usual types, and what is no number.
  static let numbers = [
    "0", "-0", "-1", "1", "2", "1.5", "-1.5", "00", "1e999", "-1e999", "1e308", "1e-320", "NaN",
    "-nan",
    "Infinity", "inf", "0x10", "1,5", "1_000", "+1", ".5", "5.", "1e", "0.9999999999999999",
    "65536",
    "1000000", "16777216", "16777217", "2147483647", "2147483648", "4294967296", "9007199254740993",
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "٣",
  ]

  private static let pieces: [[UInt8]] = [
    [0], [0xEF, 0xBB, 0xBF], [0xFF, 0xFE], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80],
    [0xF4, 0x90, 0x80, 0x80],
    [0xE2, 0x82], [0x0D], [0x0A], [0x0D, 0x0A], [0x09], [0x2C], [0x22], [0x22, 0x22], [0x5C, 0x22],
    [0x5C],
    [0x7B], [0x7D], [0x5B], [0x5D], [0x3A], [0x1A], [0x1B, 0x5B], [0xE2, 0x80, 0xA8],
    [0x65, 0xCC, 0x81],
    Array("../".utf8), Array("=1+1".utf8), Array("\u{202E}".utf8), Array("\u{1F600}".utf8),
  ]

  /// Applies one to three changes.
  static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    for _ in 0..<Int.random(in: 1...3, using: &random) { change(&bytes, &random) }
  }

  private static func change(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    let place = Int.random(in: 0...bytes.count, using: &random)
    let end = min(bytes.count, place + Int.random(in: 0...40, using: &random))
    switch Int.random(in: 0..<12, using: &random) {
    case 0 where place < bytes.count:
      bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
    case 2: bytes.removeSubrange(place..<end)
    case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
    case 4: bytes.removeSubrange(place...)
    case 5, 6: replaceNumber(&bytes, from: place, &random)
    case 7: lengthen(&bytes, at: place, &random)
    case 8: changeLine(&bytes, around: place, &random)
    case 9:
      bytes = bytes.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
    default:
      bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [0], at: place)
    }
  }

  /// Puts a hostile number in the place of the first one from `place` on.
  private static func replaceNumber(
    _ bytes: inout [UInt8], from place: Int, _ random: inout SplitMix64
  ) {
    guard let start = bytes[place...].firstIndex(where: { 0x30...0x39 ~= $0 }) else { return }
    let end = bytes[start...].firstIndex { !(0x30...0x39 ~= $0 || $0 == 0x2E) } ?? bytes.count
    bytes.replaceSubrange(
      start..<end, with: Array((numbers.randomElement(using: &random) ?? "").utf8))
  }

  /// A very long run of one byte.
  private static func lengthen(_ bytes: inout [UInt8], at place: Int, _ random: inout SplitMix64) {
    let byte = [UInt8(ascii: "x"), 0x20, 0x09, 0x2C, 0x22, 0x30, 0x0A, 0x5B].randomElement(
      using: &random)
    let count = [100, 5000, 70_000].randomElement(using: &random) ?? 100
    // The longest are rare: most of the time should go to content, not to length.
    let rare = count < 70_000 || Int.random(in: 0..<10, using: &random) == 0
    bytes.insert(contentsOf: repeatElement(byte ?? 0x20, count: rare ? count : 100), at: place)
  }

  /// Removes, doubles or moves the line that `place` is in.
  private static func changeLine(
    _ bytes: inout [UInt8], around place: Int, _ random: inout SplitMix64
  ) {
    let start = bytes[..<place].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let end = bytes[place...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
    let line = Array(bytes[start..<end])
    switch Int.random(in: 0..<4, using: &random) {
    case 0: bytes.removeSubrange(start..<end)
    case 1: bytes.insert(contentsOf: line, at: start)
    case 2:
      bytes.removeSubrange(start..<end)
      bytes.insert(contentsOf: line, at: 0)
    default:
      let copies = line.count > 1 << 16 ? 2 : Int.random(in: 2...200, using: &random)
      bytes.insert(contentsOf: repeatElement(line, count: copies).joined(), at: start)
    }
  }
}
