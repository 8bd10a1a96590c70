import Foundation

/// Portable Network Graphics (W3C, third edition) of an indexed picture.
///
/// The compressed stream is made here, with fixed Huffman codes and matches to the left and to the
/// row above: drawings of few colours become small, and the bytes depend on no library's version.
enum PNG {
  typealias Colour = (red: UInt8, green: UInt8, blue: UInt8)

  /// `canvas` with `inks[0]` laid over `background` for the first ink, and so on.
  static func encode(_ canvas: Canvas, background: Colour, inks: [Colour]) -> Data {
    precondition((1...7).contains(inks.count))
    var data = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    let header = bytes(UInt32(canvas.width)) + bytes(UInt32(canvas.height)) + [8, 3, 0, 0, 0]
    data += chunk("IHDR", header)
    data += chunk("PLTE", palette(background, inks))
    data += chunk("IDAT", zlib(canvas))
    data += chunk("IEND", [])
    return data
  }

  private static func palette(_ background: Colour, _ inks: [Colour]) -> [UInt8] {
    let last = Canvas.strengths - 1
    var bytes: [UInt8] = []
    for ink in inks {
      for strength in 0...last {
        for (low, high) in [
          (background.red, ink.red), (background.green, ink.green), (background.blue, ink.blue),
        ] {
          let sum = Int(low) * (last - strength) + Int(high) * strength
          bytes.append(UInt8((sum + last / 2) / last))
        }
      }
    }
    return bytes
  }

  private static func chunk(_ name: String, _ body: [UInt8]) -> Data {
    let named = Array(name.utf8) + body
    return Data(bytes(UInt32(body.count)) + named + bytes(Checksum.crc32(named)))
  }

  /// The zlib stream (RFC 1950) of all rows, each after the byte 0: no filter.
  private static func zlib(_ canvas: Canvas) -> [UInt8] {
    var raw: [UInt8] = []
    raw.reserveCapacity((canvas.width + 1) * canvas.height)
    for row in 0..<canvas.height {
      raw.append(0)
      raw += canvas.pixels[(row * canvas.width)..<((row + 1) * canvas.width)]
    }
    let deflated = Deflate.compress(raw, distances: [canvas.width + 1, 1])
    return [0x78, 0x01] + deflated + bytes(Checksum.adler32(raw))
  }

  private static func bytes(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}

/// Checksums of PNG and zlib.
package enum Checksum {
  /// CRC-32 with the polynomial of ISO 3309.
  package static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes { crc = table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ (crc >> 8) }
    return ~crc
  }

  private static let table: [UInt32] = (0..<256).map { (value: UInt32) -> UInt32 in
    var crc = value
    for _ in 0..<8 {
      let isOdd = crc & 1 == 1
      crc >>= 1
      if isOdd { crc ^= 0xEDB8_8320 }
    }
    return crc
  }

  /// RFC 1950, section 8.
  package static func adler32(_ bytes: [UInt8]) -> UInt32 {
    var a: UInt32 = 1
    var b: UInt32 = 0
    var start = 0
    // 5552 bytes are the most that cannot overflow 32 bits before the remainder is taken.
    while start < bytes.count {
      let end = min(start + 5552, bytes.count)
      for byte in bytes[start..<end] {
        a &+= UInt32(byte)
        b &+= a
      }
      a %= 65521
      b %= 65521
      start = end
    }
    return b << 16 | a
  }
}
