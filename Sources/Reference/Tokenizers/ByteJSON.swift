/// A JSON value whose strings are kept as the UTF-8 bytes they stand for.
///
/// Foundation's readers put keys into a dictionary of `String`, and `String` compares by canonical
/// equivalence: `é` as one scalar and `é` as two would become one entry of a vocabulary. Here an
/// object is the list of its members in file order, and a string is its bytes.
enum ByteJSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string([UInt8])
  case array([ByteJSON])
  case object([Member])

  struct Member: Sendable, Equatable {
    let name: [UInt8]
    let value: ByteJSON
  }

  /// Reads one JSON document (RFC 8259). `file` names it in errors.
  init(bytes: [UInt8], file: String) throws(TokenizerError) {
    var reader = Reader(bytes: bytes, file: file)
    reader.skipSpace()
    self = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.position == bytes.count else {
      throw reader.fault(expected: "the end of the file")
    }
  }

  /// The last member of this name, or nil where there is none or this is no object.
  subscript(name: String) -> ByteJSON? {
    guard case .object(let members) = self else { return nil }
    let bytes = Array(name.utf8)
    return members.last { $0.name == bytes }?.value
  }

  var string: String? {
    if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var array: [ByteJSON]? { if case .array(let values) = self { values } else { nil } }
  var isNull: Bool { self == .null }

  /// The number where it is whole and fits an id.
  var id: Int32? { if case .number(let value) = self { Int32(exactly: value) } else { nil } }

  /// What kind of value this is, for messages.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let value): "the number \(value)"
    case .string(let bytes): "\"\(String(decoding: bytes.prefix(40), as: UTF8.self))\""
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// The recursive-descent reader behind `ByteJSON`.
private struct Reader {
  let bytes: [UInt8]
  let file: String
  var position = 0

  /// Nesting beyond this is refused, so that a hostile file can't exhaust the stack.
  static let depthLimit = 64

  func fault(expected: String, at place: Int? = nil) -> TokenizerError {
    let place = place ?? position
    let before = bytes[..<min(place, bytes.count)]
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let found =
      place < bytes.count
      ? (0x20..<0x7F).contains(bytes[place])
        ? "'\(Unicode.Scalar(bytes[place]))'" : "the byte 0x\(String(bytes[place], radix: 16))"
      : "the end of the file"
    return .malformedJSON(
      file: file, line: line, column: place - start + 1, expected: expected, found: found)
  }

  mutating func skipSpace() {
    while position < bytes.count,
      bytes[position] == 0x20 || bytes[position] == 0x0A || bytes[position] == 0x0D
        || bytes[position] == 0x09
    {
      position += 1
    }
  }

  mutating func take(_ byte: UInt8, expected: String) throws(TokenizerError) {
    guard position < bytes.count, bytes[position] == byte else { throw fault(expected: expected) }
    position += 1
  }

  mutating func value(depth: Int) throws(TokenizerError) -> ByteJSON {
    guard depth < Self.depthLimit else { throw fault(expected: "at most 64 levels of nesting") }
    guard position < bytes.count else { throw fault(expected: "a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  mutating func word(_ text: StaticString, _ value: ByteJSON) throws(TokenizerError) -> ByteJSON {
    for byte in text.description.utf8 { try take(byte, expected: "\(text)") }
    return value
  }

  mutating func object(depth: Int) throws(TokenizerError) -> ByteJSON {
    position += 1
    var members: [ByteJSON.Member] = []
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
      position += 1
      return .object(members)
    }
    while true {
      skipSpace()
      let name = try string()
      skipSpace()
      try take(UInt8(ascii: ":"), expected: "':'")
      skipSpace()
      members.append(ByteJSON.Member(name: name, value: try value(depth: depth + 1)))
      skipSpace()
      if position < bytes.count, bytes[position] == UInt8(ascii: ",") {
        position += 1
        continue
      }
      try take(UInt8(ascii: "}"), expected: "',' or '}'")
      return .object(members)
    }
  }

  mutating func array(depth: Int) throws(TokenizerError) -> ByteJSON {
    position += 1
    var values: [ByteJSON] = []
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
      position += 1
      return .array(values)
    }
    while true {
      skipSpace()
      values.append(try value(depth: depth + 1))
      skipSpace()
      if position < bytes.count, bytes[position] == UInt8(ascii: ",") {
        position += 1
        continue
      }
      try take(UInt8(ascii: "]"), expected: "',' or ']'")
      return .array(values)
    }
  }

  mutating func number() throws(TokenizerError) -> ByteJSON {
    let start = position
    while position < bytes.count, Self.numberBytes.contains(bytes[position]) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard position > start, let value = Double(text), value.isFinite else {
      throw fault(expected: "a value", at: start)
    }
    return .number(value)
  }

  static let numberBytes = Set("+-.eE0123456789".utf8)

  mutating func string() throws(TokenizerError) -> [UInt8] {
    let opening = position
    try take(UInt8(ascii: "\""), expected: "'\"'")
    var text: [UInt8] = []
    while true {
      guard position < bytes.count else {
        throw fault(expected: "the closing '\"' of the string at byte \(opening)")
      }
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard String(validating: text, as: UTF8.self) != nil else {
          throw fault(expected: "valid UTF-8 in the string", at: opening)
        }
        return text
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw fault(expected: "no control character in a string", at: position - 1)
      default: text.append(byte)
      }
    }
  }

  mutating func escape(into text: inout [UInt8]) throws(TokenizerError) {
    guard position < bytes.count else { throw fault(expected: "an escape") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      let start = position - 2
      var value = try hexDigits()
      if (0xD800..<0xDC00).contains(value) {
        try take(UInt8(ascii: "\\"), expected: "a low surrogate after a high one")
        try take(UInt8(ascii: "u"), expected: "a low surrogate after a high one")
        let low = try hexDigits()
        guard (0xDC00..<0xE000).contains(low) else {
          throw fault(expected: "a low surrogate after a high one", at: start)
        }
        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(value) else {
        throw fault(expected: "no lone surrogate", at: start)
      }
      text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default: throw fault(expected: "an escape", at: position - 1)
    }
  }

  mutating func hexDigits() throws(TokenizerError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count,
        let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
      else { throw fault(expected: "four hexadecimal digits") }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
