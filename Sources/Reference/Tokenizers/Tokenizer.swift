import Basics
public import Foundation

/// Turns text into token ids exactly as the model's authors did: with RoBERTa's byte-level BPE,
/// BERT's WordPiece or DeBERTa's unigram pieces, and their special tokens. Many threads may use it at once.
public struct Tokenizer: Sendable {
  /// The family of models that the files describe.
  public let kind: ModelKind
  /// How many ids there are: one more than the largest. An embedding table needs as many rows.
  public let vocabularySize: Int
  /// The ids of the tokens that have a role.
  public let specialTokens: SpecialTokens

  let segments: any SegmentEncoder
  let addedTokens: AddedTokens
  let template: SpecialTokenTemplate

  /// The ids of the special tokens; a vocabulary may lack a mask.
  public struct SpecialTokens: Sendable, Equatable {
    public let start, end, padding, unknown: Int32
    public let mask: Int32?
  }

  /// By default, `added` are the special tokens, and `template` is the family's own.
  init(
    kind: ModelKind, vocabulary: Vocabulary, special: SpecialTokens, segments: any SegmentEncoder,
    added: [AddedTokens.Token]? = nil, template: SpecialTokenTemplate? = nil
  ) {
    let names = kind == .roberta ? Vocabulary.robertaNames : Vocabulary.bertNames
    let added = added ?? special.added(names)
    (self.kind, self.segments, specialTokens) = (kind, segments, special)
    let template = template ?? .standard(kind, start: special.start, end: special.end)
    // Added tokens and the template's may stand outside the vocabulary.
    vocabularySize = (added.map(\.id) + template.specialIDs)
      .reduce(vocabulary.size) { max($0, Int($1) + 1) }
    addedTokens = AddedTokens(added.filter { !$0.isNormalized })
    self.template = template
  }

  /// Reads the tokenizer in a Hugging Face model directory: `tokenizer.json`, else `vocab.json`
  /// with `merges.txt` (RoBERTa), `vocab.txt` (BERT) or `spm.model` (DeBERTa), with
  /// `tokenizer_config.json` and, for DeBERTa, `added_tokens.json` where there are any. Truncation
  /// and padding in `tokenizer.json` are not applied. Throws where there is none, a file is
  /// unreadable or malformed (all faults at once), or a stage is not built in.
  public static func load(directory: URL) throws(ReferenceError) -> Tokenizer {
    try TokenizerFiles(directory: directory).load()
  }

  /// The ids, below `vocabularySize`, of `text` with the special tokens around it. A special token
  /// that the text spells out becomes that token, as in Hugging Face. `maxLength` counts the special
  /// tokens, which always stay; the text's last tokens are cut.
  public func encode(_ text: String, maxLength: Int? = nil) -> [Int32] {
    var ids = content(of: text)
    if let maxLength { ids.truncate(to: maxLength - template.single.specialCount) }
    return template.apply(ids, nil).ids
  }

  /// The ids of a pair of texts with their type ids (BERT and DeBERTa: 1 from the second text on; RoBERTa: 0).
  /// Where they are too long, the longer one is cut first (Hugging Face's `longest_first`).
  /// To DeBERTa's, an empty second text is none, as in transformers.
  public func encode(_ first: String, and second: String, maxLength: Int? = nil) -> Encoding {
    if kind == .debertaV2, second.isEmpty {
      let ids = encode(first, maxLength: maxLength)
      return (ids, Array(repeating: 0, count: ids.count))
    }
    var (first, second) = (content(of: first), content(of: second))
    if let maxLength {
      let limit = max(0, maxLength - template.pair.specialCount)
      let kept = SpecialTokenTemplate.longestFirst(first.count, second.count, limit: limit)
      first.truncate(to: kept.first)
      second.truncate(to: kept.second)
    }
    return template.apply(first, second)
  }

  /// The ids of `text` without special tokens around it.
  func content(of text: String) -> [Int32] {
    var ids: [Int32] = []
    // English essays have about one token to 4.5 bytes.
    ids.reserveCapacity(text.utf8.count / 3 + 4)
    var text = text
    text.makeContiguousUTF8()
    let bytes = text.utf8.span
    addedTokens.forEachSegment(in: bytes) { segment in
      switch segment {
      case .token(let id): ids.append(id)
      case .text(let range): segments.encode(bytes, range, to: &ids)
      }
    }
    return ids
  }
}

/// Token ids and the type id of each; the two arrays have the same count.
public typealias Encoding = (ids: [Int32], typeIDs: [Int32])

extension Array {
  /// Drops the elements from `limit` on; a negative limit drops all.
  mutating func truncate(to limit: Int) {
    removeLast(Swift.max(0, count - Swift.max(0, limit)))
  }
}

/// Tokens that are found in the text before it is split into words, such as `<mask>`.
struct AddedTokens: Sendable {
  struct Token: Sendable {
    var content: [UInt8]
    let id: Int32
    /// Whether the token takes the white space before it, and that after it.
    var takesSpaceBefore = false
    var takesSpaceAfter = false
    /// Whether it is found in the normalised text.
    var isNormalized = false
  }

  /// A range of the text without added tokens, or the id of an added token.
  enum Segment: Equatable, Sendable {
    case text(Range<Int>)
    case token(Int32)
  }

  /// For each byte, the tokens that begin with it, the longest first.
  private let candidates: [[Token]]

  init(_ tokens: [Token]) {
    let sorted = tokens.sorted { $0.content.count > $1.content.count }
    candidates = (0..<256).map { byte in sorted.filter { $0.content.first == UInt8(byte) } }
  }

  /// Calls `body` with the segments of `text` in order. The longest token that matches wins.
  func forEachSegment(in text: Span<UInt8>, _ body: (Segment) -> Void) {
    var (start, index) = (0, 0)
    while index < text.count {
      guard let token = match(text, at: index) else {
        index += 1
        continue
      }
      var (low, high) = (index, index + token.content.count)
      while token.takesSpaceBefore, low > start,
        case let (scalar, length) = decodeScalar(text, before: low), scalar.properties.isWhitespace
      { low -= length }
      while token.takesSpaceAfter, high < text.count,
        case let (scalar, length) = decodeScalar(text, at: high), scalar.properties.isWhitespace
      { high += length }
      if start < low { body(.text(start..<low)) }
      body(.token(token.id))
      (start, index) = (high, high)
    }
    if start < text.count { body(.text(start..<text.count)) }
  }

  /// Whether one of the tokens occurs in `text`.
  func occur(in text: Span<UInt8>) -> Bool {
    text.indices.contains { match(text, at: $0) != nil }
  }

  private func match(_ text: Span<UInt8>, at index: Int) -> Token? {
    for token in candidates[Int(text[index])] where text.begins(at: index, with: token.content) {
      return token
    }
    return nil
  }
}

extension AddedTokens.Token {
  /// With the options that `tokenizer.json` and `tokenizer_config.json` give a token.
  init(content: [UInt8], id: Int32, options: ByteJSON) {
    self.init(
      content: content, id: id, takesSpaceBefore: options["lstrip"]?.bool ?? false,
      takesSpaceAfter: options["rstrip"]?.bool ?? false,
      isNormalized: options["normalized"]?.bool ?? false)
  }
}

extension [SpecialTokenTemplate.Part] {
  fileprivate var specialIDs: [Int32] {
    flatMap { if case .special(let ids, _) = $0 { ids } else { [Int32]() } }
  }

  var specialCount: Int { specialIDs.count }
}

/// The special tokens around one text or a pair, and each part's type id.
struct SpecialTokenTemplate: Sendable, Equatable {
  enum Part: Sendable, Equatable {
    case first(type: Int32)
    case second(type: Int32)
    case special(ids: [Int32], type: Int32)
  }

  let single, pair: [Part]

  fileprivate var specialIDs: [Int32] { (single + pair).specialIDs }

  /// A family's own: RoBERTa's `<s> A </s>` and `<s> A </s></s> B </s>`, all of type 0; BERT's
  /// and DeBERTa's `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, the second part of type 1.
  static func standard(_ kind: ModelKind, start: Int32, end: Int32) -> Self {
    let opening: [Part] = [.special(ids: [start], type: 0), .first(type: 0)]
    let (between, type): ([Int32], Int32) = kind == .roberta ? ([end, end], 0) : ([end], 1)
    return Self(
      single: opening + [.special(ids: [end], type: 0)],
      pair: opening + [
        .special(ids: between, type: 0), .second(type: type), .special(ids: [end], type: type),
      ])
  }

  /// The tokens of one text or a pair, with the special tokens.
  func apply(_ first: [Int32], _ second: [Int32]?) -> Encoding {
    var encoding: Encoding = ([], [])
    func add(_ ids: [Int32], _ type: Int32) {
      encoding.ids.append(contentsOf: ids)
      encoding.typeIDs.append(contentsOf: repeatElement(type, count: ids.count))
    }
    for part in second == nil ? single : pair {
      switch part {
      case .first(let type): add(first, type)
      case .second(let type): add(second ?? [], type)
      case .special(let ids, let type): add(ids, type)
      }
    }
    return encoding
  }

  /// Where the first or the second text of a pair begins, the first of which has `first` tokens.
  func place(ofSecond: Bool, first: Int) -> Int {
    var place = 0
    for part in pair {
      switch part {
      case .first:
        if !ofSecond { return place }
        place += first
      case .second: return place
      case .special(let ids, _): place += ids.count
      }
    }
    return place
  }

  /// How many tokens of each part are kept to fit `limit`: the longer part is cut first; where that
  /// is not enough, both get half, and the second the odd one.
  static func longestFirst(_ first: Int, _ second: Int, limit: Int) -> (first: Int, second: Int) {
    guard first + second > limit else { return (first, second) }
    let short = min(first, second, limit / 2)
    return first > second ? (limit - short, short) : (short, limit - short)
  }
}
