import Basics
import Foundation
import TestSupport
import Testing

@Suite("Digests")
struct DigestTests {
  /// Examples of NIST's "SHA-256" (FIPS 180-2, appendix B) and of the empty message.
  static let examples = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ]

  @Test("SHA-256 agrees with the standard's examples", arguments: examples)
  func standard(text: String, expected: String) {
    #expect(Digest.sha256(text) == expected)
    #expect(Digest.sha256(Data(text.utf8)) == expected)
    var digest = Digest()
    for character in text { digest.update(String(character)) }
    #expect(digest.hexadecimal == expected)
  }

  @Test("a file longer than one piece has the standard's digest")
  func file() throws {
    let folder = try TemporaryFolder()
    let million = try folder.write(Data(repeating: 0x61, count: 1_000_000), to: "million")
    #expect(
      try Digest.sha256(of: million)
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    let long = Data((0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    #expect(try Digest.sha256(of: folder.write(long, to: "long")) == Digest.sha256(long))
    #expect(throws: (any Error).self) { try Digest.sha256(of: folder.file("absent")) }
  }

  @Test("columns have one digest, whether their type allows a missing value or not")
  func columns() {
    let whole = [(0..<5000).map { Double($0) / 7 }, [-0.0, 1]]
    let optional: [[Double?]] = whole.map { $0.map { $0 } }
    #expect(Digest.sha256(optional) == Digest.sha256(whole))
    #expect(Digest.sha256([[-0.0]]) == Digest.sha256([[0.0]]))
    // Lengths are part of it: columns that run into one another differ.
    #expect(Digest.sha256([[1, 2], [3]]) != Digest.sha256([[1], [2, 3]]))
    #expect(Digest.sha256([[1, nil]]) != Digest.sha256([[1, 0]]))
  }

  @Test("a stable hash is the head of the digest")
  func stable() {
    #expect(Digest.stableHash("abc") == 0xBA78_16BF_8F01_CFEA)
  }

  @Test("each byte is two digits, in lower case")
  func digits() {
    #expect([0, 0x0F, 0xA0, 0xFF].hexadecimal == "000fa0ff")
    #expect([UInt8]().hexadecimal == "")
  }
}
