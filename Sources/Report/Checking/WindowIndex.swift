import Foundation

/// Finds passages of essays in other text: each essay is cut into neighbouring windows of `width`
/// letters and digits, and the hash of a window that moves by one over the text is looked up. A
/// passage of 2·width-1 characters always holds one whole window.
struct WindowIndex: Sendable {
  private struct Place: Sendable { let essay, start: Int }

  private let width: Int
  private let essays: [[UInt8]]
  private let places: [UInt64: Place]
  private static let base: UInt64 = 0x9E37_79B9_7F4A_7C15 | 1

  init(essays: [String], width: Int) {
    self.width = width
    let normal = essays.map { Self.normalised(Array($0.utf8)) }
    self.essays = normal
    var places: [UInt64: Place] = [:]
    for (number, essay) in normal.enumerated() {
      for start in stride(from: 0, through: essay.count - width, by: width) {
        let hash = Self.hash(essay[start..<(start + width)])
        places[hash] = places[hash] ?? Place(essay: number, start: start)
      }
    }
    self.places = places
  }

  /// The number of the first essay of which `data` holds a window; nil where there is none.
  func firstMatch(in data: Data) -> Int? {
    guard !places.isEmpty else { return nil }
    let text = Self.normalised([UInt8](data))
    guard text.count >= width else { return nil }
    let leading = (0..<(width - 1)).reduce(UInt64(1)) { power, _ in power &* Self.base }
    var hash = Self.hash(text[0..<width])
    for end in width...text.count {
      if let place = places[hash] {
        let seen = text[(end - width)..<end]
        if seen.elementsEqual(essays[place.essay][place.start..<(place.start + width)]) {
          return place.essay
        }
      }
      guard end < text.count else { break }
      let gone = UInt64(text[end - width]) &* leading
      hash = (hash &- gone) &* Self.base &+ UInt64(text[end])
    }
    return nil
  }

  private static func hash(_ window: ArraySlice<UInt8>) -> UInt64 {
    window.reduce(UInt64(0)) { $0 &* base &+ UInt64($1) }
  }

  /// ASCII letters in lower case, digits, and the bytes of other letters; tags and references of
  /// markup are left out, so that emphasis or an escaped quote does not hide a passage.
  static func normalised(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var place = 0
    while place < bytes.count {
      let byte = bytes[place]
      if byte == 0x26, let end = bytes[place...].prefix(9).firstIndex(of: 0x3B) {
        place = end + 1
        continue
      }
      if byte == 0x3C, place + 1 < bytes.count, isTagStart(bytes[place + 1]),
        let end = bytes[place...].prefix(4000).firstIndex(of: 0x3E)
      {
        // Text also stands in attributes; only the tag's marks are skipped, not what it quotes.
        out += quoted(bytes[place..<end])
        place = end + 1
        continue
      }
      if let kept = kept(byte) { out.append(kept) }
      place += 1
    }
    return out
  }

  private static func isTagStart(_ byte: UInt8) -> Bool {
    byte == 0x2F || (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
  }

  /// What stands between double quotes, since an attribute's value can hold text.
  private static func quoted(_ tag: ArraySlice<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    var isInside = false
    for byte in tag {
      if byte == 0x22 {
        isInside.toggle()
      } else if isInside, let kept = kept(byte) {
        out.append(kept)
      }
    }
    return out.count >= 16 ? out : []
  }

  private static func kept(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39, 0x61...0x7A, 0x80...0xFF: byte
    case 0x41...0x5A: byte | 0x20
    default: nil
    }
  }
}
