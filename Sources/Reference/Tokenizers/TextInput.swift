/// What the encoder reads of a row: its text, the texts before it, and a second text.
public struct TextInput: Sendable, Equatable {
  public var text: String
  /// Texts that come before it, such as earlier turns of a conversation; the oldest first.
  public var context: [String]
  /// The second text of a pair; nil where there is one text only.
  public var pair: String?

  public init(_ text: String, context: [String] = [], pair: String? = nil) {
    (self.text, self.context, self.pair) = (text, context, pair)
  }
}

/// The places of a pair's two texts among the tokens of a sequence, without special tokens around
/// them; the first begins with its context, if it has one.
public struct PairedTexts: Equatable, Sendable {
  public let first, second: Range<Int>

  public init(first: Range<Int>, second: Range<Int>) { (self.first, self.second) = (first, second) }

  /// The same places `offset` tokens later.
  func shifted(by offset: Int) -> PairedTexts {
    func moved(_ range: Range<Int>) -> Range<Int> {
      range.lowerBound + offset..<range.upperBound + offset
    }
    return PairedTexts(first: moved(first), second: moved(second))
  }
}

extension Tokenizer {
  /// The ids of `input` with the special tokens around it, and their type ids.
  ///
  /// The context and the text are one segment, the tokenizer's separator (`</s>`, `[SEP]`) between
  /// every two of them: what Hugging Face's tokenizer makes of `sep_token.join(context + [text])`. A
  /// pair's second text is the second segment. Where all are too long for `maxLength` tokens, the
  /// oldest contexts are left out, each as a whole. Where the text and its pair are too long by
  /// themselves, no context stays, and they are cut as ``encode(_:and:maxLength:)`` cuts them.
  public func encode(_ input: TextInput, maxLength: Int? = nil) -> Encoding {
    let (first, second) = segments(of: input, maxLength: maxLength)
    return template.apply(first, second)
  }

  /// The same, with the places of the two texts of a pair.
  func encodePair(_ input: TextInput, maxLength: Int?) -> (Encoding, PairedTexts?) {
    let (first, second) = segments(of: input, maxLength: maxLength)
    let encoding = template.apply(first, second)
    guard let second else { return (encoding, nil) }
    let start = template.place(ofSecond: false, first: first.count)
    let middle = template.place(ofSecond: true, first: first.count)
    return (
      encoding,
      PairedTexts(
        first: start..<start + first.count, second: middle..<middle + second.count)
    )
  }

  /// The tokens of both segments, cut to the length, without special tokens around them.
  private func segments(
    of input: TextInput, maxLength: Int?
  ) -> (first: [Int32], second: [Int32]?) {
    var text = content(of: input.text)
    var second = input.pair.map(content)
    var room = Int.max
    if let maxLength {
      let parts = second == nil ? template.single : template.pair
      let limit = max(0, maxLength - parts.specialCount)
      let kept = SpecialTokenTemplate.longestFirst(text.count, second?.count ?? 0, limit: limit)
      text.truncate(to: kept.first)
      second?.truncate(to: kept.second)
      room = limit - text.count - (second?.count ?? 0)
    }
    var context: [Int32] = []
    for earlier in input.context.reversed() {
      let ids = content(of: earlier) + [specialTokens.end]
      guard ids.count <= room else { break }
      context = ids + context
      room -= ids.count
    }
    return (context + text, second)
  }
}
