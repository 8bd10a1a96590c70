/// Tokens that are found in the text before it is split into words, such as `<mask>`.
struct AddedTokens: Sendable {
  struct Token: Sendable, Equatable {
    let content: String
    let id: Int32
    /// Whether the token takes the white space before it.
    var takesSpaceBefore = false
    /// Whether the token takes the white space after it.
    var takesSpaceAfter = false
  }

  /// A range of the text without added tokens, or the id of an added token.
  enum Segment: Equatable, Sendable {
    case text(Range<Int>)
    case token(Int32)
  }

  let tokens: [Token]
  private let contents: [[UInt8]]
  /// For each byte, the tokens that begin with it, the longest first.
  private let candidates: [[Int]]

  init(_ tokens: [Token]) {
    self.tokens = tokens.filter { !$0.content.isEmpty }
    let contents = self.tokens.map { Array($0.content.utf8) }
    self.contents = contents
    candidates = (0..<256).map { byte in
      contents.indices.filter { Int(contents[$0][0]) == byte }
        .sorted { contents[$0].count > contents[$1].count }
    }
  }

  /// Calls `body` with the segments of `text` in order. Where several tokens match, the longest
  /// wins.
  func forEachSegment(in text: Span<UInt8>, _ body: (Segment) -> Void) {
    var start = 0
    var index = 0
    while index < text.count {
      guard let found = match(text, at: index) else {
        index += 1
        continue
      }
      var (low, high) = (index, index + contents[found].count)
      if tokens[found].takesSpaceBefore {
        while low > start, let (scalar, length) = decodeScalar(text, before: low),
          scalar.properties.isWhitespace
        { low -= length }
        low = max(low, start)
      }
      index = high
      if tokens[found].takesSpaceAfter {
        while high < text.count {
          let (scalar, length) = decodeScalar(text, at: high)
          guard scalar.properties.isWhitespace else { break }
          high += length
        }
      }
      if start < low { body(.text(start..<low)) }
      body(.token(tokens[found].id))
      start = high
      index = max(index, high)
    }
    if start < text.count { body(.text(start..<text.count)) }
  }

  @inline(__always)
  private func match(_ text: Span<UInt8>, at index: Int) -> Int? {
    for candidate in candidates[Int(text[index])]
    where begins(text, at: index, with: contents[candidate]) { return candidate }
    return nil
  }

  private func begins(_ text: Span<UInt8>, at index: Int, with content: [UInt8]) -> Bool {
    guard index + content.count <= text.count else { return false }
    for offset in content.indices where text[index + offset] != content[offset] { return false }
    return true
  }
}
