/// A JSON value as the bytes of a file give it: strict (RFC 8259), in file order, strings as UTF-8.
/// Foundation's dictionaries lose the order and merge canonically equivalent names.
package enum ByteJSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string([UInt8])
  case array([ByteJSON])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package let name: [UInt8]
    package let value: ByteJSON

    package init(name: [UInt8], value: ByteJSON) { (self.name, self.value) = (name, value) }
  }

  /// The byte from which on `bytes` are not JSON.
  package struct Diagnostic: Error, Equatable {
    package let byte: Int
    package let found, expected: String

    /// One-based line and column of the byte in `text`, which was read.
    package func place(in text: [UInt8]) -> (line: Int, column: Int) {
      let lines = text[..<byte].split(separator: 0x0A, omittingEmptySubsequences: false)
      return (lines.count, (lines.last?.count ?? 0) + 1)
    }
  }

  /// Reads one document; white space may stand around it.
  package init(_ bytes: [UInt8]) throws(Diagnostic) {
    var reader = Reader(bytes: bytes)
    self = try reader.value(depth: 0)
    guard reader.peek() == nil else { throw reader.fault(expected: "the end of the file") }
  }

  /// The last member of this name, or nil where there is none or this is not an object.
  package subscript(name: String) -> ByteJSON? {
    members?.last { $0.name.elementsEqual(name.utf8) }?.value
  }

  package var members: [Member]? { if case .object(let members) = self { members } else { nil } }
  package var array: [ByteJSON]? { if case .array(let values) = self { values } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var number: Double? { if case .number(let value) = self { value } else { nil } }
  package var isNull: Bool { self == .null }
  package var string: String? {
    if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }

  /// A whole number from 0 to 2^53, beyond which doubles skip some.
  package var count: Int? { number.flatMap { (0...0x1p53).contains($0) ? Int(exactly: $0) : nil } }

  /// A whole number from 0 that fits a token's id.
  package var id: Int32? { count.flatMap { Int32(exactly: $0) } }

  /// What this is, for messages.
  package var kind: String {
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

private struct Reader {
  let bytes: [UInt8]
  var position = 0

  /// Deeper nesting is refused, so that a hostile file cannot exhaust the stack.
  static let maxDepth = 64
  /// What a backslash and a letter stand for.
  static let escapes = Dictionary(
    uniqueKeysWithValues: zip(Array(#""\/bfnrt"#.utf8), Array("\"\\/\u{8}\u{C}\n\r\t".utf8)))

  func fault(expected: String, at place: Int? = nil) -> ByteJSON.Diagnostic {
    let place = min(place ?? position, bytes.count)
    let found =
      switch bytes[place...].first {
      case nil: "the end of the file"
      case let byte? where 0x20..<0x7F ~= byte: "'\(Unicode.Scalar(byte))'"
      case let byte?: "the byte 0x\(String(byte, radix: 16))"
      }
    return ByteJSON.Diagnostic(byte: place, found: found, expected: expected)
  }

  /// The next byte that is not white space, or nil at the end.
  mutating func peek() -> UInt8? {
    while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) {
      position += 1
    }
    return position < bytes.count ? bytes[position] : nil
  }

  mutating func take(_ byte: UInt8, expected: String) throws(ByteJSON.Diagnostic) {
    if !skip(byte) { throw fault(expected: expected) }
  }

  mutating func value(depth: Int) throws(ByteJSON.Diagnostic) -> ByteJSON {
    let first = peek()
    guard depth < Self.maxDepth else { throw fault(expected: "at most 64 levels of nesting") }
    switch first {
    case UInt8(ascii: "{"):
      var members: [ByteJSON.Member] = []
      try list(until: UInt8(ascii: "}")) { (reader) throws(ByteJSON.Diagnostic) in
        _ = reader.peek()
        let name = try reader.string()
        _ = reader.peek()
        try reader.take(UInt8(ascii: ":"), expected: "':'")
        members.append(ByteJSON.Member(name: name, value: try reader.value(depth: depth + 1)))
      }
      return .object(members)
    case UInt8(ascii: "["):
      var values: [ByteJSON] = []
      try list(until: UInt8(ascii: "]")) { (reader) throws(ByteJSON.Diagnostic) in
        values.append(try reader.value(depth: depth + 1))
      }
      return .array(values)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  /// Reads what stands between an opening bracket and `close`, with commas between.
  mutating func list(
    until close: UInt8, _ element: (inout Reader) throws(ByteJSON.Diagnostic) -> Void
  ) throws(ByteJSON.Diagnostic) {
    position += 1
    if peek() != close {
      repeat {
        try element(&self)
        _ = peek()
      } while skip(UInt8(ascii: ","))
    }
    try take(close, expected: "',' or '\(Unicode.Scalar(close))'")
  }

  mutating func word(_ text: String, _ value: ByteJSON) throws(ByteJSON.Diagnostic) -> ByteJSON {
    for byte in text.utf8 { try take(byte, expected: text) }
    return value
  }

  /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, and finite as a double.
  mutating func number() throws(ByteJSON.Diagnostic) -> Double {
    let start = position
    skip(UInt8(ascii: "-"))
    if !skip(UInt8(ascii: "0")) { try digits(start) }
    if skip(UInt8(ascii: ".")) { try digits() }
    if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
      if !skip(UInt8(ascii: "+")) { skip(UInt8(ascii: "-")) }
      try digits()
    }
    guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)),
      value.isFinite
    else { throw fault(expected: "a number below 1.8e308", at: start) }
    return value
  }

  @discardableResult mutating func skip(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  mutating func digits(_ start: Int? = nil) throws(ByteJSON.Diagnostic) {
    let first = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    guard position > first else {
      throw start.map { fault(expected: "a value", at: $0) } ?? fault(expected: "a digit")
    }
  }

  mutating func string() throws(ByteJSON.Diagnostic) -> [UInt8] {
    let opening = position
    try take(UInt8(ascii: "\""), expected: "'\"'")
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        if String(validating: text, as: UTF8.self) != nil { return text }
        throw fault(expected: "valid UTF-8 in the string", at: opening)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw fault(expected: "no control character in a string", at: position - 1)
      default: text.append(byte)
      }
    }
    throw fault(expected: "the closing '\"' of the string at byte \(opening)")
  }

  mutating func escape(into text: inout [UInt8]) throws(ByteJSON.Diagnostic) {
    let (start, byte) = (position - 1, position < bytes.count ? bytes[position] : 0)
    position += 1
    if let plain = Self.escapes[byte] { return text.append(plain) }
    guard byte == UInt8(ascii: "u") else { throw fault(expected: "an escape", at: start + 1) }
    var value = try hexDigits()
    if (0xD800..<0xDC00).contains(value) {
      let expected = "a low surrogate after a high one"
      for byte in #"\u"#.utf8 { try take(byte, expected: expected) }
      let low = try hexDigits()
      guard (0xDC00..<0xE000).contains(low) else { throw fault(expected: expected, at: start) }
      value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    let scalar = Unicode.Scalar(value)
    guard let scalar else { throw fault(expected: "no lone surrogate", at: start) }
    text.append(contentsOf: String(scalar).utf8)
  }

  mutating func hexDigits() throws(ByteJSON.Diagnostic) -> UInt32 {
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
