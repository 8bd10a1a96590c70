/// Writes SentencePiece models, sound or not.
public struct PieceModel: Sendable {
  /// A piece with its score and type: 1 normal, 2 unknown, 3 control, 4 user-defined, 6 byte.
  public typealias Piece = (text: String, score: Float, type: UInt64)

  public var pieces: [Piece]
  /// 1 for unigram.
  public var modelType: UInt64 = 1
  public var unknownID: UInt64 = 3
  /// The precompiled map of characters.
  public var map: [UInt8] = []

  /// DeBERTa's special tokens, and `pieces` after them.
  public init(_ pieces: [Piece]) {
    self.pieces =
      [("[PAD]", 0, 3), ("[CLS]", 0, 3), ("[SEP]", 0, 3), ("[UNK]", 0, 2)] + pieces
  }

  /// The file.
  public var bytes: [UInt8] {
    var file: [UInt8] = []
    for piece in pieces {
      file += Self.field(
        1,
        Self.field(1, Array(piece.text.utf8)) + Self.field(2, float: piece.score)
          + Self.field(3, piece.type))
    }
    file += Self.field(2, Self.field(3, modelType) + Self.field(40, unknownID))
    return file + Self.field(3, map.isEmpty ? [] : Self.field(2, map))
  }

  /// A map that replaces one ASCII character: a double-array trie of one path, and its replacement.
  public static func map(_ character: Unicode.Scalar, to replacement: String) -> [UInt8] {
    // The root's children stand at 256 ^ byte, and the character's value at 512.
    let byte = Int(character.value)
    var units = Array(repeating: UInt32(0), count: 513)
    units[0] = 256 << 10
    units[256 ^ byte] = UInt32((256 ^ byte ^ 512) << 10 | 1 << 8 | byte)
    let size = UInt32(4 * units.count)
    return ([size] + units).flatMap { unit in
      (0..<4).map { UInt8(truncatingIfNeeded: unit >> (8 * $0)) }
    } + Array(replacement.utf8) + [0]
  }

  /// A field of protocol buffers with a whole number.
  public static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] {
    varint(number << 3) + varint(value)
  }

  /// A field with a number of 32 bits.
  public static func field(_ number: UInt64, float value: Float) -> [UInt8] {
    varint(number << 3 | 5)
      + (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
  }

  /// A field with bytes, a text or a message.
  public static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var (rest, bytes) = (value, [UInt8]())
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F | 0x80))
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
