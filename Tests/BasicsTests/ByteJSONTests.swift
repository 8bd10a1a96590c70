import Basics
import Foundation
import Testing

@Suite("JSON from bytes")
struct ByteJSONTests {
  private static func parse(_ text: String) throws -> ByteJSON { try ByteJSON(Array(text.utf8)) }

  @Test("order, repeated names and canonically equivalent names are kept")
  func members() throws {
    let value = try Self.parse("{\"\u{E9}\": 1, \"e\u{301}\": [true, null], \"\u{E9}\": -2.5e1}")
    guard case .object(let members) = value else {
      Issue.record("not an object")
      return
    }
    #expect(members.map(\.name) == [[0xC3, 0xA9], [0x65, 0xCC, 0x81], [0xC3, 0xA9]])
    #expect(members.map(\.value) == [.number(1), .array([.bool(true), .null]), .number(-25)])
  }

  @Test("escapes become their bytes")
  func escapes() throws {
    let value = try Self.parse(#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#)
    #expect(value == .string(Array("\"\\/\u{8}\u{C}\n\r\t\u{E9}\u{1F600}".utf8)))
  }

  @Test(
    "what is not JSON is placed by its byte",
    arguments: [
      ("", 0), ("[1,]", 3), ("[1 2]", 3), ("{\"a\":1,}", 7), ("{a:1}", 1), ("01", 1), ("+1", 0),
      (".5", 0), ("1.", 2), ("1e", 2), ("-", 0), ("1e999", 0), ("nul", 3), ("[1] 2", 4),
      ("\"\\x\"", 2), ("\"\t\"", 1), ("\"\\ud800\"", 7), ("\"\\udc00\"", 1), ("'a'", 0),
      ("\u{FEFF}1", 0), ("NaN", 0), ("\u{A0}1", 0),
    ])
  func refused(_ text: String, _ byte: Int) {
    let fault = #expect(throws: ByteJSON.Diagnostic.self) { try Self.parse(text) }
    #expect(fault?.byte == byte, "\(text): \(String(describing: fault))")
  }

  @Test("sixty-four levels are read, and one more is refused")
  func depth() throws {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    _ = try Self.parse(nested(64))
    #expect(throws: ByteJSON.Diagnostic.self) { try Self.parse(nested(65)) }
    #expect(throws: ByteJSON.Diagnostic.self) {
      try Self.parse(String(repeating: "[", count: 1 << 20))
    }
  }

  @Test("a string that is not UTF-8 is refused")
  func encoding() {
    #expect(throws: ByteJSON.Diagnostic.self) { try ByteJSON([0x22, 0xC3, 0x28, 0x22]) }
  }

  /// Mutations of a good document, seed 1. The reader never traps, and it accepts nothing that
  /// Foundation's refuses.
  @Test("thirty thousand damaged documents end in a fault or are JSON for Foundation too")
  func fuzz() throws {
    let good = Array(
      #"{"model": {"type": "BPE", "vocab": {"a": 0, "\u00e9\ud83d\ude00": -1.25e-3}, "x": [true, null, [], {}, "q\"\\"]}}"#
        .utf8)
    _ = try ByteJSON(good)
    let inserted = Array("{}[]\",:019eE+-.\\u tfn\u{E9}".utf8)
    var random = SplitMix64(seed: 1)
    var accepted = 0
    for _ in 0..<30_000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(inserted.randomElement(using: &random) ?? 0, at: place)
        default: bytes.removeSubrange(place..<min(bytes.count, place + 5))
        }
        if bytes.isEmpty { bytes = [0x20] }
      }
      guard (try? ByteJSON(bytes)) != nil else { continue }
      accepted += 1
      #expect(throws: Never.self, "\(String(decoding: bytes, as: UTF8.self))") {
        try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
      }
    }
    #expect(accepted > 100 && accepted < 25_000)
  }
}
