/// The subset of JSON that a safetensors header uses: objects, lists, strings and whole numbers.
///
/// Foundation's reader keeps neither the order of keys nor repeated ones, and a repeated tensor
/// name is an attack that must be seen. Nesting is limited, so that a hostile header cannot
/// exhaust the stack.
struct HeaderJSON {
  indirect enum Value {
    case object([(String, Value)])
    case list([Value])
    case string(String)
    case integer(Int)

    /// The numbers of a list of non-negative whole numbers, or nil.
    var integers: [Int]? {
      guard case .list(let values) = self else { return nil }
      var numbers: [Int] = []
      for value in values {
        guard case .integer(let number) = value, number >= 0 else { return nil }
        numbers.append(number)
      }
      return numbers
    }
  }

  struct Fault: Error {
    var byte: Int
    var reason: String
  }

  let bytes: UnsafeRawBufferPointer
  private var position = 0
  private var depth = 0

  init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Reads the whole input as one object, which trailing white space may follow.
  mutating func object() throws(Fault) -> [(String, Value)] {
    guard case .object(let pairs) = try value() else { throw fault("expected an object") }
    skipSpace()
    guard position == bytes.count else { throw fault("found text after the object") }
    return pairs
  }

  private func fault(_ reason: String) -> Fault { Fault(byte: position, reason: reason) }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) {
      position += 1
    }
  }

  private mutating func take(_ character: Character) throws(Fault) {
    skipSpace()
    guard position < bytes.count, bytes[position] == character.asciiValue else {
      throw fault("expected \(character)")
    }
    position += 1
  }

  private mutating func next(is character: Character) -> Bool {
    skipSpace()
    return position < bytes.count && bytes[position] == character.asciiValue
  }

  private mutating func value() throws(Fault) -> Value {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 8 else { throw fault("nested too deeply") }
    if next(is: "{") { return .object(try members()) }
    if next(is: "[") {
      try take("[")
      var values: [Value] = []
      while !next(is: "]") {
        if !values.isEmpty { try take(",") }
        values.append(try value())
      }
      try take("]")
      return .list(values)
    }
    if next(is: "\"") { return .string(try string()) }
    return .integer(try integer())
  }

  private mutating func members() throws(Fault) -> [(String, Value)] {
    try take("{")
    var pairs: [(String, Value)] = []
    while !next(is: "}") {
      if !pairs.isEmpty { try take(",") }
      skipSpace()
      let name = try string()
      try take(":")
      pairs.append((name, try value()))
    }
    try take("}")
    return pairs
  }

  private mutating func integer() throws(Fault) -> Int {
    let start = position
    var number = 0
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
      let (scaled, first) = number.multipliedReportingOverflow(by: 10)
      let (sum, second) = scaled.addingReportingOverflow(Int(bytes[position] - 0x30))
      guard !first, !second else { throw fault("a number is too large") }
      number = sum
      position += 1
    }
    guard position > start else { throw fault("expected a value") }
    return number
  }

  private mutating func string() throws(Fault) -> String {
    try take("\"")
    var units: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case 0x22:
        guard let text = String(validating: units, as: UTF8.self) else {
          throw fault("a string is not UTF-8")
        }
        return text
      case 0x5C: try escape(into: &units)
      case 0..<0x20: throw fault("a control character in a string")
      default: units.append(byte)
      }
    }
    throw fault("a string does not end")
  }

  private mutating func escape(into units: inout [UInt8]) throws(Fault) {
    guard position < bytes.count else { throw fault("a string does not end") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case 0x22, 0x5C, 0x2F: units.append(byte)
    case 0x62: units.append(0x08)
    case 0x66: units.append(0x0C)
    case 0x6E: units.append(0x0A)
    case 0x72: units.append(0x0D)
    case 0x74: units.append(0x09)
    case 0x75:
      var scalar = try hexadecimal()
      if (0xD800..<0xDC00).contains(scalar) {
        guard position + 1 < bytes.count, bytes[position] == 0x5C, bytes[position + 1] == 0x75
        else { throw fault("half a surrogate pair") }
        position += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw fault("half a surrogate pair") }
        scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let character = Unicode.Scalar(scalar) else { throw fault("half a surrogate pair") }
      units.append(contentsOf: Character(character).utf8)
    default: throw fault("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(Fault) -> UInt32 {
    guard position + 4 <= bytes.count else { throw fault("a string does not end") }
    var number: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw fault("expected four hexadecimal digits")
      }
      number = number << 4 | UInt32(digit)
      position += 1
    }
    return number
  }
}
