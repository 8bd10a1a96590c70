public import Foundation

/// Turns text into token ids exactly as the model's authors did: with RoBERTa's byte-level BPE or
/// BERT's WordPiece, and their special tokens.
///
/// It is immutable, and many threads may use it at once.
public struct Tokenizer: Sendable {
  /// The family of models that the files describe.
  public let kind: ModelKind
  /// How many ids there are: one more than the largest. An embedding table needs as many rows.
  public let vocabularySize: Int
  /// The ids of the tokens that have a role.
  public let specialTokens: SpecialTokens
  /// The longest input by `model_max_length` in tokenizer_config.json, special tokens included, or
  /// nil. It is not applied unless the caller does.
  public let modelMaxLength: Int?

  let segments: any SegmentEncoder
  let addedTokens: AddedTokens
  let template: SpecialTokenTemplate

  /// The ids of the special tokens; a vocabulary may lack a mask.
  public struct SpecialTokens: Sendable, Equatable {
    /// `<s>` or `[CLS]`, at the start.
    public let start: Int32
    /// `</s>` or `[SEP]`, at the end and between a pair.
    public let end: Int32
    /// `<pad>` or `[PAD]`.
    public let padding: Int32
    /// `<unk>` or `[UNK]`.
    public let unknown: Int32
    /// `<mask>` or `[MASK]`.
    public let mask: Int32?
  }

  init(
    kind: ModelKind, vocabulary: Vocabulary, specialTokens: SpecialTokens, modelMaxLength: Int?,
    segments: any SegmentEncoder, added: [AddedTokens.Token], template: SpecialTokenTemplate
  ) {
    self.kind = kind
    // An added token may stand outside the vocabulary.
    vocabularySize = added.reduce(vocabulary.size) { max($0, Int($1.id) + 1) }
    self.specialTokens = specialTokens
    self.modelMaxLength = modelMaxLength
    self.segments = segments
    addedTokens = AddedTokens(added)
    self.template = template
  }

  /// Reads the tokenizer in a Hugging Face model directory.
  ///
  /// `tokenizer.json` is preferred; else `vocab.json` with `merges.txt` (RoBERTa) or `vocab.txt`
  /// (BERT), with `tokenizer_config.json` where there is one. The truncation and padding that
  /// `tokenizer.json` may carry are not applied.
  ///
  /// - Throws: `ReferenceError`: no tokenizer there, a file that cannot be read or is malformed
  ///   (all its faults at once), or a stage that is not built in.
  public static func load(directory: URL) throws(ReferenceError) -> Tokenizer {
    try TokenizerFiles(directory: directory).load()
  }

  /// The ids of `text` with the special tokens around it, at most `maxLength` of them.
  ///
  /// - Parameter maxLength: counts the special tokens; the text's last tokens are cut. The special
  ///   tokens themselves always stay, so a limit under their number gives them alone. nil is no
  ///   limit.
  /// - Returns: ids below `vocabularySize`. An empty text is the special tokens alone. A special
  ///   token that the text spells out becomes that token, as in Hugging Face.
  public func encode(_ text: String, maxLength: Int? = nil) -> [Int32] {
    var ids = content(of: text)
    if let maxLength { ids.truncate(to: maxLength - template.singleCount) }
    return template.apply(ids, nil).ids
  }

  /// The ids of a pair of texts. Where they are too long, the longer one is cut first (Hugging
  /// Face's `longest_first`).
  ///
  /// - Returns: ids and, for each, its type id (BERT: 1 from the second text on; RoBERTa: 0).
  public func encode(_ first: String, and second: String, maxLength: Int? = nil) -> Encoding {
    var parts = (content(of: first), content(of: second))
    if let maxLength {
      let limit = max(0, maxLength - template.pairCount)
      let kept = SpecialTokenTemplate.longestFirst(parts.0.count, parts.1.count, limit: limit)
      parts.0.truncate(to: kept.first)
      parts.1.truncate(to: kept.second)
    }
    return template.apply(parts.0, parts.1)
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
public struct Encoding: Sendable, Equatable {
  public var ids: [Int32] = []
  public var typeIDs: [Int32] = []

  public init(ids: [Int32] = [], typeIDs: [Int32] = []) {
    self.ids = ids
    self.typeIDs = typeIDs
  }
}

extension Array {
  /// Drops the elements from `count` on; a negative count drops all.
  fileprivate mutating func truncate(to count: Int) {
    if self.count > Swift.max(0, count) { removeLast(self.count - Swift.max(0, count)) }
  }
}
