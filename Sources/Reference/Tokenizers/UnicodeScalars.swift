/// The versions of Unicode in Hugging Face's `tokenizers` (0.23): 16 in the expression of byte-level
/// BPE, 8 for BERT's cleaning, punctuation and marks, and 12 for canonical decomposition. What came
/// later counts as unassigned.
enum UnicodeAge {
  /// Whether `scalar` was assigned in Unicode `major`.x.
  static func isAssigned(_ scalar: Unicode.Scalar, upTo major: Int) -> Bool {
    if let age = scalar.properties.age { age.major <= major } else { false }
  }

  /// The general category of `scalar` in Unicode 8, as BERT's normaliser sees it.
  static func categoryOfUnicode8(_ scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
    switch scalar.value {
    // These changed category after Unicode 8.
    case 0x166D, 0x111C9: .otherPunctuation
    case 0x1885, 0x1886: .otherLetter
    case 0xA9BD: .spacingMark
    case 0x1734, 0x1171E: .nonspacingMark
    default:
      // Private use has no age but a category.
      isAssigned(scalar, upTo: 8) || scalar.properties.generalCategory == .privateUse
        ? scalar.properties.generalCategory : .unassigned
    }
  }
}

/// A number for every scalar, computed when it first occurs, in pages of 256 made on demand.
struct ScalarTable: Sendable {
  /// Where the page of a scalar starts in `entries`, or -1.
  private var pages: [Int32]
  private var entries: [UInt32] = []

  /// The entry of a scalar that was not computed yet.
  static let unknown: UInt32 = 0

  init() { pages = Array(repeating: -1, count: 0x11_0000 >> 8) }

  @inline(__always) subscript(_ scalar: Unicode.Scalar) -> UInt32 {
    let start = pages[Int(scalar.value >> 8)]
    return start < 0 ? Self.unknown : entries[Int(start) + Int(scalar.value & 0xFF)]
  }

  /// Keeps `entry`, which is not `unknown`, for `scalar`.
  mutating func set(_ scalar: Unicode.Scalar, _ entry: UInt32) {
    precondition(entry != Self.unknown, "0 marks an entry that was not computed")
    let page = Int(scalar.value >> 8)
    if pages[page] < 0 {
      pages[page] = Int32(entries.count)
      entries.append(contentsOf: repeatElement(Self.unknown, count: 256))
    }
    entries[Int(pages[page]) + Int(scalar.value & 0xFF)] = entry
  }
}

/// Decodes the scalar that begins at `index` of valid UTF-8; its length is in bytes.
@inline(__always) func decodeScalar(_ text: Span<UInt8>, at index: Int) -> (
  scalar: Unicode.Scalar, length: Int
) {
  let first = UInt32(text[index])
  let value: UInt32
  let length: Int
  if first < 0x80 {
    (value, length) = (first, 1)
  } else if first < 0xE0 {
    (value, length) = ((first & 0x1F) << 6 | tail(text, index + 1), 2)
  } else if first < 0xF0 {
    value = (first & 0x0F) << 12 | tail(text, index + 1) << 6 | tail(text, index + 2)
    length = 3
  } else {
    let high = (first & 0x07) << 18 | tail(text, index + 1) << 12
    (value, length) = (high | tail(text, index + 2) << 6 | tail(text, index + 3), 4)
  }
  // A string's bytes are valid UTF-8, so the replacement never stands in for anything.
  return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
}

@inline(__always) private func tail(_ text: Span<UInt8>, _ index: Int) -> UInt32 {
  UInt32(text[index] & 0x3F)
}

/// Decodes the scalar that ends before `index` of valid UTF-8, which is not the start.
func decodeScalar(_ text: Span<UInt8>, before index: Int) -> (scalar: Unicode.Scalar, length: Int) {
  var start = index - 1
  while text[start] & 0xC0 == 0x80 { start -= 1 }
  return decodeScalar(text, at: start)
}

extension Span<UInt8> {
  /// Whether `bytes` stand at `index`.
  func begins(at index: Int, with bytes: [UInt8]) -> Bool {
    guard index + bytes.count <= count else { return false }
    for offset in bytes.indices where self[index + offset] != bytes[offset] { return false }
    return true
  }
}
