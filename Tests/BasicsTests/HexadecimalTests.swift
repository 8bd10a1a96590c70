import Basics
import Testing

@Suite("Hexadecimal text")
struct HexadecimalTests {
  @Test("each byte is two digits, in lower case")
  func digits() {
    #expect([0, 0x0F, 0xA0, 0xFF].hexadecimal == "000fa0ff")
    #expect([UInt8]().hexadecimal == "")
  }
}
