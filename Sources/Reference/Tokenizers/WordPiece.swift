/// BERT's WordPiece: the longest piece of the vocabulary that starts the word, then the longest
/// continuation (written with the prefix `##`), and so on. A word that cannot be split into pieces,
/// or is too long, becomes the unknown token as a whole.
///
/// Source: Devlin et al. 2019, as implemented by Hugging Face's `tokenizers`.
struct WordPiece: Sendable {
  let vocabulary: ByteTrie
  let unknownID: Int32
  /// Words of more scalars than this are unknown (100 in BERT).
  let maxWordLength: Int
  /// Where the continuations begin in the trie, or -1 where the vocabulary has none.
  private let continuations: Int32

  init(vocabulary: ByteTrie, unknownID: Int32, prefix: String = "##", maxWordLength: Int = 100) {
    (self.vocabulary, self.unknownID, self.maxWordLength) = (vocabulary, unknownID, maxWordLength)
    continuations = vocabulary.node(for: prefix.utf8)
  }

  /// Appends the ids of `word` (UTF-8, not empty).
  func append(_ word: borrowing [UInt8], to ids: inout [Int32]) {
    let before = ids.count
    var start = 0
    guard word.count <= maxWordLength || word.count(where: { $0 & 0xC0 != 0x80 }) <= maxWordLength
    else {
      ids.append(unknownID)
      return
    }
    while start < word.count {
      var node = start == 0 ? ByteTrie.root : continuations
      var (end, id): (Int, Int32) = (start, -1)
      var index = start
      while index < word.count, node >= 0 {
        node = vocabulary.child(of: node, word[index])
        index += 1
        if node >= 0, vocabulary.id(at: node) >= 0 { (end, id) = (index, vocabulary.id(at: node)) }
      }
      guard id >= 0 else {
        ids.removeSubrange(before...)
        ids.append(unknownID)
        return
      }
      ids.append(id)
      start = end
    }
  }
}

/// From text to ids, as BERT does it.
struct BertSegmentEncoder: SegmentEncoder {
  private let model: WordPiece
  private let states: StatePool<State>

  private struct State: Sendable {
    var words: BertWords
    var cache = WordCache()
  }

  init(model: WordPiece, normalizer: BertNormalizer) {
    self.model = model
    states = StatePool { State(words: BertWords(normalizer: normalizer)) }
  }

  func encode(_ text: Span<UInt8>, _ range: Range<Int>, to ids: inout [Int32]) {
    states.borrow { state in
      let before = ids.count
      // The closure may not access `state` while `state.words` is being mutated, so it gets the
      // cache.
      var cache = WordCache(capacity: 0)
      swap(&cache, &state.cache)
      defer { swap(&cache, &state.cache) }
      let isWhole = state.words.forEachWord(in: text, range) { word in
        append(word, &cache, to: &ids)
      }
      if !isWhole {
        ids.removeSubrange(before...)
        state.words.forEachWordByDefinition(in: text, range) { word in
          append(word, &cache, to: &ids)
        }
      }
    }
  }

  @inline(__always) private func append(
    _ word: borrowing [UInt8], _ cache: inout WordCache, to ids: inout [Int32]
  ) {
    guard let key = WordCache.Key(word.span, 0..<word.count) else {
      model.append(word, to: &ids)
      return
    }
    if cache.append(key, to: &ids) { return }
    let before = ids.count
    model.append(word, to: &ids)
    cache.insert(key, ids[before...])
  }
}
