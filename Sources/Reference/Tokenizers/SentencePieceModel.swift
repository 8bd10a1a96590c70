import Foundation

/// What `spm.model` says: SentencePiece's `ModelProto`, a message of protocol buffers.
struct SentencePieceModel: Sendable {
  /// A piece of the vocabulary; its place is its id.
  struct Piece: Sendable {
    var text: [UInt8] = []
    var score = 0.0
    var type = PieceType.normal
  }

  enum PieceType: UInt64, Sendable {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  private(set) var pieces: [Piece] = []
  private(set) var unknownID = 0
  private(set) var map = CharacterMap()
  private var modelType: UInt64 = 1

  private static let pieceLimit = 1 << 20

  /// Reads `file`. Throws ``ReferenceError`` with the byte at which it is malformed, or with what is
  /// not supported: another model than the unigram one.
  init(contentsOf file: URL) throws(ReferenceError) {
    let bytes = [UInt8](try ReferenceError.read(file, expected: "a SentencePiece model"))
    do { try read(bytes) } catch {
      throw .invalid(file, at: .byte(error.byte), found: error.found, expected: error.expected)
    }
    try check(file)
  }

  private mutating func read(_ bytes: [UInt8]) throws(ProtobufReader.Fault) {
    var reader = ProtobufReader(bytes, 0..<bytes.count)
    var seen: Set<Int> = []
    while let field = try reader.next() {
      switch field.number {
      case 1: pieces.append(try piece(try field.message(in: bytes)))
      case 2, 3:
        guard seen.insert(field.number).inserted else {
          throw field.fault(found: "a second message", expected: "one")
        }
        if field.number == 2 {
          try readTrainer(try field.message(in: bytes))
        } else {
          try readNormalizer(try field.message(in: bytes))
        }
      default: break
      }
      guard pieces.count <= Self.pieceLimit else {
        throw field.fault(found: "another piece", expected: "at most \(Self.pieceLimit) pieces")
      }
    }
  }

  private func piece(_ message: ProtobufReader) throws(ProtobufReader.Fault) -> Piece {
    var (reader, piece) = (message, Piece())
    while let field = try reader.next() {
      switch field.number {
      case 1: piece.text = try field.text(in: reader.bytes)
      case 2:
        piece.score = Double(try field.float())
        guard piece.score.isFinite else {
          throw field.fault(found: "\(piece.score)", expected: "a finite score")
        }
      case 3:
        let value = try field.integer()
        guard let type = PieceType(rawValue: value) else {
          throw field.fault(found: "\(value)", expected: "a type of piece from 1 to 6")
        }
        piece.type = type
      default: break
      }
    }
    guard !piece.text.isEmpty else {
      throw .init(
        byte: message.range.lowerBound, found: "a piece without text", expected: "its text")
    }
    return piece
  }

  private mutating func readTrainer(_ message: ProtobufReader) throws(ProtobufReader.Fault) {
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 3: modelType = try field.integer()
      case 40: unknownID = Int(truncatingIfNeeded: try field.integer())
      default: break
      }
    }
  }

  private mutating func readNormalizer(_ message: ProtobufReader) throws(ProtobufReader.Fault) {
    var reader = message
    while let field = try reader.next() {
      guard field.number == 2 else { continue }
      let bytes = try field.data(in: reader.bytes)
      guard let map = bytes.isEmpty ? CharacterMap() : CharacterMap(bytes) else {
        throw field.fault(
          found: "\(bytes.count) bytes", expected: "a precompiled map of characters")
      }
      self.map = map
    }
  }

  /// What no single byte tells.
  private func check(_ file: URL) throws(ReferenceError) {
    func fault(_ place: String, _ found: String, _ expected: String) -> ReferenceError {
      .invalid(file, at: .field(place), found: found, expected: expected)
    }
    let names = ["1": "unigram", "2": "bpe", "3": "word", "4": "char"]
    guard modelType == 1 else {
      let found = names["\(modelType)"] ?? "\(modelType)"
      throw fault("trainer_spec.model_type", found, "unigram (1)")
    }
    guard pieces.indices.contains(unknownID), pieces[unknownID].type == .unknown else {
      throw fault("trainer_spec.unk_id", "\(unknownID)", "the id of the piece of type unknown")
    }
  }
}

/// Reads the wire form of protocol buffers: fields of a number, a type and a value.
struct ProtobufReader {
  let bytes: [UInt8]
  let range: Range<Int>
  private var index: Int

  /// The byte from which on a message is malformed.
  struct Fault: Error {
    let byte: Int
    let found, expected: String
  }

  struct Field {
    enum Value {
      case integer(UInt64)
      case fixed32(UInt32)
      case fixed64
      case data(Range<Int>)
    }

    let number: Int
    let value: Value
    /// Where its tag begins.
    let byte: Int

    func fault(found: String, expected: String) -> Fault {
      Fault(byte: byte, found: found, expected: expected)
    }

    private func mismatch(_ expected: String) -> Fault {
      fault(found: "field \(number) of another type", expected: expected)
    }

    func integer() throws(Fault) -> UInt64 {
      guard case .integer(let value) = value else { throw mismatch("a whole number") }
      return value
    }

    func float() throws(Fault) -> Float {
      guard case .fixed32(let bits) = value else { throw mismatch("a 32-bit number") }
      return Float(bitPattern: bits)
    }

    func data(in bytes: [UInt8]) throws(Fault) -> [UInt8] { Array(bytes[try dataRange()]) }

    func message(in bytes: [UInt8]) throws(Fault) -> ProtobufReader {
      ProtobufReader(bytes, try dataRange())
    }

    func text(in bytes: [UInt8]) throws(Fault) -> [UInt8] {
      let text = try data(in: bytes)
      guard String(validating: text, as: UTF8.self) != nil else {
        throw fault(found: "a text that is not UTF-8", expected: "UTF-8")
      }
      return text
    }

    private func dataRange() throws(Fault) -> Range<Int> {
      guard case .data(let range) = value else { throw mismatch("bytes with their length") }
      return range
    }
  }

  init(_ bytes: [UInt8], _ range: Range<Int>) {
    (self.bytes, self.range, index) = (bytes, range, range.lowerBound)
  }

  /// The next field, or nil at the end of the message.
  mutating func next() throws(Fault) -> Field? {
    guard index < range.upperBound else { return nil }
    let start = index
    let tag = try varint()
    guard (1..<1 << 29).contains(tag >> 3) else {
      throw Fault(
        byte: start, found: "field number \(tag >> 3)", expected: "one from 1 to 2^29 - 1")
    }
    let value: Field.Value
    switch tag & 7 {
    case 0: value = .integer(try varint())
    case 1:
      _ = try take(8)
      value = .fixed64
    case 2:
      let place = index
      let length = try varint()
      guard length <= UInt64(range.upperBound - index) else {
        throw Fault(
          byte: place, found: "a length of \(length)",
          expected: "at most the \(range.upperBound - index) bytes that follow")
      }
      value = .data(try take(Int(length)))
    case 5:
      let place = try take(4)
      value = .fixed32(place.reversed().reduce(0) { $0 << 8 | UInt32(bytes[$1]) })
    case let type:
      throw Fault(byte: start, found: "wire type \(type)", expected: "0, 1, 2 or 5")
    }
    return Field(number: Int(tag >> 3), value: value, byte: start)
  }

  private mutating func take(_ count: Int) throws(Fault) -> Range<Int> {
    guard count <= range.upperBound - index else {
      throw Fault(byte: index, found: "the end of the message", expected: "\(count) bytes")
    }
    defer { index += count }
    return index..<index + count
  }

  /// A whole number of up to ten bytes, seven bits in each, the lowest first.
  private mutating func varint() throws(Fault) -> UInt64 {
    let start = index
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard index < range.upperBound else {
        throw Fault(byte: index, found: "the end of the message", expected: "a whole number")
      }
      let byte = UInt64(bytes[index])
      index += 1
      if shift == 63, byte > 1 { break }
      value |= (byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw Fault(byte: start, found: "a longer number", expected: "a whole number of 64 bits")
  }
}
