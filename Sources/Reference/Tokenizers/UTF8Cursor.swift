/// Decodes the scalar that begins at `index` of valid UTF-8.
///
/// - Returns: the scalar and its length in bytes, 1 to 4.
@inline(__always)
func decodeScalar(_ text: Span<UInt8>, at index: Int) -> (scalar: Unicode.Scalar, length: Int) {
  let first = UInt32(text[index])
  let value: UInt32
  let length: Int
  if first < 0x80 {
    (value, length) = (first, 1)
  } else if first < 0xE0 {
    (value, length) = ((first & 0x1F) << 6 | tail(text, index + 1), 2)
  } else if first < 0xF0 {
    value = (first & 0x0F) << 12 | tail(text, index + 1) << 6 | tail(text, index + 2)
    length = 3
  } else {
    value =
      (first & 0x07) << 18 | tail(text, index + 1) << 12 | tail(text, index + 2) << 6
      | tail(text, index + 3)
    length = 4
  }
  // A string's bytes are valid UTF-8, so the replacement never stands in for anything.
  return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
}

@inline(__always)
private func tail(_ text: Span<UInt8>, _ index: Int) -> UInt32 { UInt32(text[index] & 0x3F) }

/// Decodes the scalar that ends before `index` of valid UTF-8, or nil at the start.
func decodeScalar(_ text: Span<UInt8>, before index: Int) -> (
  scalar: Unicode.Scalar, length: Int
)? {
  guard index > 0 else { return nil }
  var start = index - 1
  while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
  return decodeScalar(text, at: start)
}
