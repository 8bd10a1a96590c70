/// Numbers as text: what `Double.description` has, byte for byte, without a string for each.
package enum NumberText {
  private static let scale = 1e9
  private static let decimals = 9

  /// Appends the shortest decimal that reads back as `value`.
  ///
  /// Nearly all numbers of this field have few decimals. One that is m/10⁹ for a whole m, correctly
  /// rounded, is written from m: below 10⁶ two such decimals never read back as the same number, so
  /// that its digits without trailing zeros are the shortest. Any other goes the usual way.
  package static func append(_ value: Double, to bytes: inout [UInt8]) {
    let size = value.magnitude
    guard size >= 1e-4 && size < 1e6 else { return bytes.append(text: value.description) }
    let scaled = (size * scale).rounded()
    guard scaled / scale == size else { return bytes.append(text: value.description) }
    var (whole, fraction) = UInt64(scaled).quotientAndRemainder(dividingBy: UInt64(scale))
    var places = decimals
    while places > 1 && fraction.isMultiple(of: 10) {
      fraction /= 10
      places -= 1
    }
    // A sign, 6 digits, a point, 9 digits.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { buffer in
      var start = buffer.count
      func put(_ byte: UInt8) {
        start -= 1
        buffer[start] = byte
      }
      for _ in 0..<places {
        put(UInt8(ascii: "0") + UInt8(fraction % 10))
        fraction /= 10
      }
      put(UInt8(ascii: "."))
      repeat {
        put(UInt8(ascii: "0") + UInt8(whole % 10))
        whole /= 10
      } while whole > 0
      if value < 0 { put(UInt8(ascii: "-")) }
      bytes.append(contentsOf: buffer[start...])
    }
  }
}

extension [UInt8] {
  /// Appends the UTF-8 of `text`.
  package mutating func append(text: String) {
    var text = text
    text.withUTF8 { append(contentsOf: $0) }
  }
}
