/// The token ids of a sequence, special tokens included, with the type of each.
public struct TokenSequence: Equatable, Sendable {
  public let tokens: [Int32]
  /// As many as tokens, or none where all are of type 0.
  public let types: [Int32]

  public init(_ tokens: [Int32], types: [Int32] = []) {
    precondition(types.isEmpty || types.count == tokens.count, "a type for each token")
    (self.tokens, self.types) = (tokens, types.contains { $0 != 0 } ? types : [])
  }
}

/// A batch of B sequences with T tokens in all, laid end to end without padding. Every value is
/// checked, so that the kernels can index tables with it.
public struct PackedBatch: Equatable, Sendable {
  /// Token ids, T of them, all inside the vocabulary.
  public private(set) var tokens: [Int32] = []
  /// Row of the position table for each token; with relative positions its place in the sequence.
  public private(set) var positions: [Int32] = []
  /// Row of the token type table for each token.
  public private(set) var types: [Int32] = []
  /// B + 1 offsets, from 0 to T; sequence `s` is the tokens `offsets[s]..<offsets[s + 1]`.
  public private(set) var offsets: [Int] = [0]

  /// B, the number of sequences.
  public var sequenceCount: Int { offsets.count - 1 }
  /// T, the number of tokens.
  public var tokenCount: Int { tokens.count }

  /// The capacity that this batch needs.
  public var capacity: BatchCapacity {
    var capacity = BatchCapacity((0..<sequenceCount).map(length))
    capacity.span = (0..<sequenceCount).reduce(0) { span, s in
      max(span, Int(positions[offsets[s + 1] - 1] - positions[offsets[s]]) + 1)
    }
    return capacity
  }

  /// The number of tokens of sequence `s`.
  public func length(_ s: Int) -> Int { offsets[s + 1] - offsets[s] }

  /// Packs token sequences, special tokens included, with token type 0. Throws ``ReferenceError``
  /// for an empty sequence, one longer than the model, and a token outside the vocabulary.
  public init<Token: BinaryInteger>(
    _ sequences: some Collection<[Token]>, for configuration: ModelConfiguration
  ) throws {
    for (index, sequence) in sequences.enumerated() {
      try append(sequence, mask: nil, types: nil, index: index, configuration)
    }
  }

  /// Packs sequences with the types of their tokens; a model that tells no types apart takes none.
  /// Throws as the other initialisers do.
  public init(_ sequences: some Collection<TokenSequence>, for configuration: ModelConfiguration)
    throws
  {
    for (index, sequence) in sequences.enumerated() {
      let isPlain = sequence.types.isEmpty || configuration.tokenTypeCount < 2
      try append(
        sequence.tokens, mask: nil, types: isPlain ? nil : sequence.types.map(Int.init),
        index: index, configuration)
    }
  }

  /// Packs a padded batch as Hugging Face's models take it: `ids`, `mask` and `types` are (B,
  /// width). A token with mask 0 is left out but keeps its place in the count of positions. Throws
  /// as the other initialiser does, and where the first token of a row is masked.
  public init(
    paddedIDs ids: [[Int]], mask: [[Int]], types: [[Int]]? = nil,
    for configuration: ModelConfiguration
  ) throws {
    for (index, row) in ids.enumerated() {
      try append(row, mask: mask[index], types: types?[index], index: index, configuration)
    }
  }

  private mutating func append<Token: BinaryInteger>(
    _ sequence: [Token], mask: [Int]?, types rowTypes: [Int]?, index: Int,
    _ configuration: ModelConfiguration
  ) throws {
    func fault(_ problem: ReferenceError.BatchProblem) -> ReferenceError {
      .batch(sequence: index, problem: problem)
    }
    precondition(mask.map { $0.count == sequence.count } ?? true, "a mask value for each token")
    if let mask, mask.first == 0 { throw fault(.firstTokenMasked) }
    let (padding, start) = (configuration.paddingToken, tokens.count)
    var counted = 0
    for (place, id) in sequence.enumerated() {
      let token = Int(id)
      guard (0..<configuration.vocabularySize).contains(token) else {
        throw fault(.tokenOutsideVocabulary(token: token, vocabulary: configuration.vocabularySize))
      }
      // DeBERTa-v3 has no types and ignores those that it is given.
      let type = configuration.tokenTypeCount == 0 ? 0 : rowTypes?[place] ?? 0
      guard type == 0 || (0..<configuration.tokenTypeCount).contains(type) else {
        throw fault(.typeOutsideRange(type: type, types: configuration.tokenTypeCount))
      }
      var position = place
      // RoBERTa counts the ids that are not padding.
      if configuration.kind == .roberta {
        counted += token == padding ? 0 : 1
        position = token == padding ? padding : counted + padding
      }
      if let mask, mask[place] == 0 { continue }
      // Relative positions have no end: distances beyond the table use its last row.
      guard configuration.relativePositions != nil || position < configuration.positionCount else {
        throw fault(.tooLong(tokens: sequence.count, limit: configuration.maximumLength))
      }
      tokens.append(Int32(token))
      positions.append(Int32(position))
      types.append(Int32(type))
    }
    guard tokens.count > start else { throw fault(.empty) }
    offsets.append(tokens.count)
  }
}

/// The size of a batch, for which memory is reserved.
public struct BatchCapacity: Equatable, Sendable {
  public var sequences, tokens: Int
  /// Floats of an attention head's scores for all sequences.
  public var scores: Int
  public var longest: Int
  /// The most positions that a sequence spans, masked tokens between others included.
  var span: Int

  /// The capacity for any batch of `size` sequences of these lengths.
  public init(largestOf lengths: [Int], batch size: Int) {
    self.init(lengths.sorted(by: >).prefix(size))
  }

  /// The capacity for one batch of sequences of these lengths.
  init(_ lengths: some Collection<Int>) {
    (sequences, tokens) = (lengths.count, lengths.reduce(0, +))
    scores = lengths.reduce(0) { $0 + $1 * scoreStride($1) }
    longest = lengths.max() ?? 0
    span = longest
  }
}
