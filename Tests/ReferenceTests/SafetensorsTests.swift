import Basics
import Foundation
import Reference
import TestSupport
import Testing

@Suite("Safetensors")
struct SafetensorsTests {
  /// A file of a header and as many data bytes.
  static func file(_ header: String, data: [UInt8], declared: UInt64? = nil) -> Data {
    var bytes = Data()
    withUnsafeBytes(of: (declared ?? UInt64(header.utf8.count)).littleEndian) {
      bytes.append(contentsOf: $0)
    }
    bytes.append(contentsOf: Array(header.utf8))
    bytes.append(contentsOf: data)
    return bytes
  }

  static func problem(_ data: Data) throws -> ReferenceError.SafetensorsProblem? {
    let folder = try TemporaryFolder()
    do {
      _ = try Safetensors(try folder.write(data, to: "model.safetensors"))
      return nil
    } catch ReferenceError.safetensors(_, let problem) {
      return problem
    }
  }

  static func entry(_ name: String, _ range: Range<Int>, type: String = "F32") -> String {
    let bytes = type == "F32" ? 4 : 2
    return """
      "\(name)":{"dtype":"\(type)","shape":[\(range.count / bytes)],\
      "data_offsets":[\(range.lowerBound),\(range.upperBound)]}
      """
  }

  @Test("what is written is read back, bit for bit")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let values: [Float] = [0, -0.0, 1.5, .infinity, .leastNonzeroMagnitude, -3e38]
    let url = folder.file("model.safetensors")
    try values.withUnsafeBufferPointer { elements in
      try SafetensorsWriter.write(
        [(name: "a \"quoted\" ü", shape: [2, 3], elements: elements)], to: url)
    }
    let file = try Safetensors(url)
    let read = try #require(file.floats("a \"quoted\" ü"))
    #expect(read.map(\.bitPattern) == values.map(\.bitPattern))
    #expect(file["a \"quoted\" ü"]?.shape == [2, 3])
    #expect(file.header.dataOffset % 8 == 0)
    let text = String(decoding: try Data(contentsOf: url), as: UTF8.self)
    #expect(text.contains(#""__metadata__":{"format":"pt"}"#))
  }

  @Test(
    "F16 and BF16 widen exactly",
    arguments: [
      (
        "F16", [UInt16](arrayLiteral: 0x3C00, 0xC000, 0x0001, 0x7C00, 0x8000, 0x03FF),
        [Float](arrayLiteral: 1, -2, 0x1p-24, .infinity, -0.0, 0x3FFp-24)
      ),
      (
        "BF16", [0x3F80, 0xC000, 0x0001, 0x7F80, 0x8000, 0x4049],
        [1, -2, 0x1p-133, .infinity, -0.0, 3.140625]
      ),
    ])
  func halves(type: String, bits: [UInt16], expected: [Float]) throws {
    let folder = try TemporaryFolder()
    let data = bits.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let header = "{\(Self.entry("x", 0..<12, type: type))}"
    let url = try folder.write(Self.file(header, data: data), to: "x.safetensors")
    let read = try #require(try Safetensors(url).floats("x"))
    #expect(read.map(\.bitPattern) == expected.map(\.bitPattern))
  }

  @Test("every number of half precision widens to itself")
  func allHalves() throws {
    let folder = try TemporaryFolder()
    let data = (UInt16.min...UInt16.max).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let header = "{\(Self.entry("x", 0..<131_072, type: "F16"))}"
    let url = try folder.write(Self.file(header, data: data), to: "x.safetensors")
    let read = try #require(try Safetensors(url).floats("x"))
    let differing = read.indices.filter { index in
      let value = Float(Float16(bitPattern: UInt16(index)))
      return value.isNaN ? !read[index].isNaN : value.bitPattern != read[index].bitPattern
    }
    #expect(read.count == 65536 && differing.isEmpty)
  }

  @Test("each broken rule has its error")
  func faults() throws {
    let good = "{\(Self.entry("a", 0..<8))}"
    #expect(try Self.problem(Self.file(good, data: Array(repeating: 0, count: 8))) == nil)
    #expect(try Self.problem(Data([1, 2, 3])) == .tooShort(bytes: 3))
    #expect(
      try Self.problem(Self.file(good, data: [], declared: 1 << 40))
        == .headerTooLong(declared: 1 << 40, limit: SafetensorsHeader.limit))
    #expect(
      try Self.problem(Self.file(good, data: [], declared: 5000))
        == .headerOutsideFile(declared: 5000, available: good.utf8.count))
    #expect(
      try Self.problem(Self.file(good, data: [0, 0, 0, 0]))
        == .offsetOutsideFile(name: "a", begin: 0, end: 8, available: 4))
    #expect(
      try Self.problem(
        Self.file(
          "{\(Self.entry("a", 0..<8)),\(Self.entry("b", 4..<12))}",
          data: Array(repeating: 0, count: 12))) == .overlap(first: "a", second: "b"))
    #expect(
      try Self.problem(
        Self.file(
          "{\(Self.entry("a", 0..<4)),\(Self.entry("b", 8..<12))}",
          data: Array(repeating: 0, count: 12))) == .gap(at: 4, bytes: 4))
    #expect(
      try Self.problem(Self.file(good, data: Array(repeating: 0, count: 9)))
        == .gap(at: 8, bytes: 1))
    #expect(
      try Self.problem(
        Self.file(
          "{\(Self.entry("a", 0..<4)),\(Self.entry("a", 4..<8))}",
          data: Array(repeating: 0, count: 8))) == .duplicateName("a"))
  }

  @Test(
    "sizes, types and text of a header are checked",
    arguments: [
      #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
      #"{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,8]}}"#,
      #"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#,
      #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}"#,
      #"{"a":{"shape":[2],"data_offsets":[0,8]}}"#,
      #"{"a":[]}"#, "[]", "{", "nonsense", #"{"a":1}x"#, #"{"\ud800":1}"#,
      #"{"a":99999999999999999999}"#,
      "{\"a\":\(String(repeating: "[", count: 5000))",
    ])
  func badHeaders(header: String) throws {
    #expect(try Self.problem(Self.file(header, data: Array(repeating: 0, count: 8))) != nil)
  }

  /// Mutations of a good file, seed 1: the reader throws its own error or accepts what is
  /// consistent; it never traps and never reads outside the file.
  @Test("twenty thousand damaged headers end in an error or a consistent file")
  func fuzz() throws {
    let header =
      "{\(Self.entry("weight", 0..<16)),\(Self.entry("bias", 16..<24, type: "F16")),"
      + "\"__metadata__\":{\"format\":\"pt\"}}"
    let good = Array(Self.file(header, data: Array(repeating: 7, count: 24)))
    var random = SplitMix64(seed: 1)
    var accepted = 0
    for _ in 0..<20_000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
            in: 0...255, using: &random)
        case 1: bytes.remove(at: Int.random(in: 0..<bytes.count, using: &random))
        case 2:
          bytes.insert(
            UInt8(ascii: "{}[]\",:019eE-\\u".unicodeScalars.randomElement(using: &random) ?? "{"),
            at: Int.random(in: 0...bytes.count, using: &random))
        default: bytes.removeLast(Int.random(in: 0..<(bytes.count / 2), using: &random))
        }
      }
      do {
        let parsed = try bytes.withUnsafeBytes { try SafetensorsHeader(parsing: $0) }
        accepted += 1
        for entry in parsed.entries {
          #expect(parsed.dataOffset + entry.bytes.upperBound <= bytes.count)
          #expect(entry.count * entry.type.byteCount == entry.bytes.count)
        }
      } catch is ReferenceError.SafetensorsProblem {}
    }
    #expect(accepted > 0 && accepted < 19_000)
  }
}
