/// SentencePiece's unigram model (Kudo 2018): of all ways to cut a word into pieces, the one with
/// the greatest sum of the pieces' scores (log probabilities).
///
/// Sums are in double precision from the word's start, and of two equal ones the first found counts,
/// so that ties come out as in Hugging Face's `tokenizers`.
struct Unigram: Sendable {
  private let pieces: ByteTrie
  private let scores: [Double]
  private let unknownID: Int32
  /// What a scalar without a piece scores: ten below the least likely piece.
  private let unknownScore: Double

  /// The way to a place in a word: where its last piece starts (-1 where none ends there yet).
  fileprivate struct Step {
    var start: Int32 = -1
    var id: Int32 = 0
    var score = 0.0
  }

  /// Memory that calls reuse.
  struct Scratch: Sendable {
    fileprivate var steps: [Step] = []
  }

  /// `scores` are the pieces' by id, at least one; `unknownID` is one of them.
  init(pieces: ByteTrie, scores: [Double], unknownID: Int32) {
    (self.pieces, self.scores, self.unknownID) = (pieces, scores, unknownID)
    unknownScore = (scores.min() ?? 0) - 10
  }

  /// Appends the ids of the bytes of `text` in `word`, valid UTF-8; neighbours that are unknown make
  /// one token.
  func append(
    _ text: Span<UInt8>, _ word: Range<Int>, _ scratch: inout Scratch, to ids: inout [Int32]
  ) {
    search(text, word, &scratch.steps)
    let first = ids.count
    var (end, wasUnknown) = (word.count, false)
    while end > 0 {
      let step = scratch.steps[end]
      let isUnknown = step.id == unknownID
      if !(isUnknown && wasUnknown) { ids.append(step.id) }
      (end, wasUnknown) = (Int(step.start), isUnknown)
    }
    ids[first...].reverse()
  }

  /// Finds the best step to each place in the word.
  private func search(_ text: Span<UInt8>, _ word: Range<Int>, _ steps: inout [Step]) {
    steps.removeAll(keepingCapacity: true)
    steps.append(contentsOf: repeatElement(Step(), count: word.count + 1))
    var start = 0
    while start < word.count {
      let score = steps[start].score
      let length = decodeScalar(text, at: word.lowerBound + start).length
      func take(_ end: Int, _ id: Int32, _ sum: Double, _ steps: inout [Step]) {
        if steps[end].start < 0 || sum > steps[end].score {
          steps[end] = Step(start: Int32(start), id: id, score: sum)
        }
      }
      var (node, end, isPiece) = (ByteTrie.root, start, false)
      while end < word.count {
        node = pieces.child(of: node, text[word.lowerBound + end])
        guard node >= 0 else { break }
        end += 1
        let id = pieces.id(at: node)
        guard id >= 0 else { continue }
        take(end, id, scores[Int(id)] + score, &steps)
        if end - start == length { isPiece = true }
      }
      if !isPiece { take(start + length, unknownID, unknownScore + score, &steps) }
      start += length
    }
  }
}

/// From text to ids, as `DebertaV2TokenizerFast` does it: the text is normalised, "▁" stands before
/// it and for every blank, and each "▁" begins a word.
struct UnigramSegmentEncoder: SegmentEncoder {
  private let model: Unigram
  private let normalizer: UnigramNormalizer
  /// Tokens that are found in the normalised text.
  private let added: AddedTokens
  /// Whether every added token stands between blanks, and takes none.
  private let cutsWordsOnly: Bool
  private let states: StatePool<State>

  private struct State: Sendable {
    var cache = WordCache()
    var normalized: [UInt8] = []
    /// The normalised text with "▁" for blanks.
    var marked: [UInt8] = []
    var scratch = Unigram.Scratch()
  }

  private static let mark = Array("▁".utf8)
  private static let blank = UnigramNormalizer.blank

  /// `added` hold their contents before normalisation.
  init(model: Unigram, normalizer: UnigramNormalizer, added: [AddedTokens.Token]) {
    (self.model, self.normalizer) = (model, normalizer)
    let tokens = added.map { token in
      var token = token
      token.content = normalizer.normalize(token.content)
      return token
    }
    self.added = AddedTokens(tokens)
    cutsWordsOnly = tokens.allSatisfy {
      !$0.content.contains(Self.blank) && !$0.takesSpaceBefore && !$0.takesSpaceAfter
    }
    states = StatePool { State() }
  }

  func encode(_ text: Span<UInt8>, _ range: Range<Int>, to ids: inout [Int32]) {
    let range = normalizer.stripped(text, range)
    states.borrow { state in
      let before = ids.count
      if cutsWordsOnly, encodeWords(text, range, &state, to: &ids) { return }
      ids.removeSubrange(before...)
      encodeByDefinition(text, range, &state, to: &ids)
    }
  }

  /// The whole stretch is normalised, cut at added tokens, and then split into words.
  private func encodeByDefinition(
    _ text: Span<UInt8>, _ range: Range<Int>, _ state: inout State, to ids: inout [Int32]
  ) {
    normalizer.normalize(text, range, into: &state.normalized)
    let normalized = state.normalized
    added.forEachSegment(in: normalized.span) { segment in
      switch segment {
      case .token(let id): ids.append(id)
      case .text(let range):
        let piece = normalized[range]
        let isMarked = piece.first == Self.blank || piece.starts(with: Self.mark)
        encode(piece, prefix: isMarked ? [] : Self.mark, &state, to: &ids)
      }
    }
  }

  /// Encodes normalised text after `prefix`.
  private func encode(
    _ normalized: ArraySlice<UInt8>, prefix: [UInt8], _ state: inout State, to ids: inout [Int32]
  ) {
    state.marked.removeAll(keepingCapacity: true)
    state.marked.append(contentsOf: prefix)
    for byte in normalized {
      if byte == Self.blank {
        state.marked.append(contentsOf: Self.mark)
      } else {
        state.marked.append(byte)
      }
    }
    let marked = state.marked
    let text = marked.span
    var start = 0
    for index in 1..<max(1, text.count) where text.begins(at: index, with: Self.mark) {
      model.append(text, start..<index, &state.scratch, to: &ids)
      start = index
    }
    model.append(text, start..<text.count, &state.scratch, to: &ids)
  }

  /// Encodes each stretch between blanks by itself, from the cache where it has occurred. False means
  /// that the ids are to be discarded, because its neighbours matter.
  private func encodeWords(
    _ text: Span<UInt8>, _ range: Range<Int>, _ state: inout State, to ids: inout [Int32]
  ) -> Bool {
    var start = range.lowerBound
    while start < range.upperBound {
      var end = start
      while end < range.upperBound, text[end] != Self.blank { end += 1 }
      defer { start = end + 1 }
      if start == end { continue }
      let key = WordCache.Key(text, start..<end)
      if let key, state.cache.append(key, to: &ids) { continue }
      guard Self.standsAlone(text, start..<end) else { return false }
      normalizer.normalize(text, start..<end, into: &state.normalized)
      let normalized = state.normalized
      guard !added.occur(in: normalized.span) else { return false }
      let word = Self.trimmed(normalized)
      let isPlain =
        word.count == normalized.count && !word.isEmpty && !word.starts(with: Self.mark)
      // At the ends of the text, its own marks and what became blanks count.
      if !isPlain, start == range.lowerBound || end == range.upperBound { return false }
      let before = ids.count
      if !word.isEmpty { encode(word, prefix: Self.mark, &state, to: &ids) }
      if isPlain, let key { state.cache.insert(key, ids[before...]) }
    }
    return true
  }

  /// Without the blanks at its ends, which run into those around the word.
  private static func trimmed(_ word: [UInt8]) -> ArraySlice<UInt8> {
    let word = word.drop { $0 == blank }
    return word.prefix(through: word.lastIndex { $0 != blank } ?? word.startIndex - 1)
  }

  /// Whether the word's ends make no grapheme cluster with blanks around it.
  private static func standsAlone(_ text: Span<UInt8>, _ word: Range<Int>) -> Bool {
    let first = decodeScalar(text, at: word.lowerBound).scalar
    let last = decodeScalar(text, before: word.upperBound).scalar
    return (first.isASCII || " \(first)".count == 2) && (last.isASCII || "\(last) ".count == 2)
  }
}
