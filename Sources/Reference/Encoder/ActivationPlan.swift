// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// The places of a pass's activations and temporaries in the arena: B sequences, T tokens, C
/// channels, F feed-forward channels, H heads. The last layer computes queries, and what follows
/// them, for first tokens only: Tq = B rows there, without `everyToken`, and Tq = T elsewhere.
struct ActivationPlan {
  let (B, T, C, F, H): (Int, Int, Int, Int, Int)
  /// Tokens of the longest sequence.
  let longest: Int
  let layerCount: Int
  let (training, everyToken): (Bool, Bool)
  let rowChunks: Int
  /// Floats of the whole arena.
  let total: Int
  let embedding: EmbeddingActivations
  /// Without training all layers share their blocks, but for `output`, which takes turns with the
  /// embeddings' two blocks.
  let layers: [LayerActivations]
  let head: HeadActivations
  /// Empty without training.
  let temporaries: Temporaries
  /// DeBERTa's table of relative positions, in training.
  let relative: RelativeBlocks?
  private let (partialBase, partialFloats): (MutableFloats, Int)
  private let (scratchBase, scratchFloats): (MutableFloats, Int)
  /// Tokens of a block of position scores, and where a worker's block stands in its scratch.
  static let positionTokens = 64
  private let positionScratch: Int

  /// The plan of a pass in the arena at `base`; only `total` counts where the arena is smaller.
  init(
    _ capacity: BatchCapacity, _ configuration: ModelConfiguration, training: Bool,
    everyToken: Bool, threads: Int, base: MutableFloats
  ) {
    let (B, T) = (capacity.sequences, capacity.tokens)
    let (C, F) = (configuration.hiddenSize, configuration.intermediateSize)
    (self.B, self.T, self.C, self.F, H) = (B, T, C, F, configuration.headCount)
    (longest, layerCount) = (capacity.longest, configuration.layerCount)
    (self.training, self.everyToken) = (training, everyToken)
    rowChunks = max(4, 2 * threads)
    var next = base
    /// A block of `count` floats, rounded up to a cache line.
    func take(_ count: Int) -> MutableFloats {
      defer { next += (count + 15) & ~15 }
      return next
    }
    let embedding = (normalised: take(T * C), output: take(T * C), rstd: take(T))
    self.embedding = embedding
    let layersStart = next
    layers = (0..<configuration.layerCount).map { index -> LayerActivations in
      if !training { next = layersStart }
      let first = !everyToken && index == configuration.layerCount - 1
      let inputs = take(3 * T * C)
      let activated = take(T * F)
      return (
        query: first ? inputs + 2 * T * C : inputs, queryStride: first ? C : 3 * C,
        key: first ? inputs : inputs + C, value: first ? inputs + C : inputs + 2 * C,
        keyStride: first ? 2 * C : 3 * C, inputs: inputs, context: take(T * C),
        normalised1: take(T * C), output1: take(T * C), normalised2: take(T * C),
        output: training ? take(T * C) : index % 2 == 0 ? embedding.normalised : embedding.output,
        slope: training ? take(T * F) : activated, activated: activated, rstd1: take(T),
        rstd2: take(T), probabilities: take(configuration.headCount * capacity.scores),
        firstInputs: take(B * C)
      )
    }
    head = (input: take(B * C), hidden: take(B * C), dropped: take(B * C), gradient: take(B * C))
    let (t, b) = training ? (T, B) : (0, 0)
    temporaries = (
      dInputs: take(3 * t * C), dStates: take(t * C), dContext: take(t * C), dDown: take(t * C),
      dOut: take(t * C), dUp: take(t * F), dFirsts: take(b * C)
    )
    // Sums over a chunk of rows: the layer's vectors of C and of F.
    partialFloats = (9 * C + F + 15) & ~15
    partialBase = take(rowChunks * partialFloats)
    positionScratch =
      (2 * capacity.longest * scoreStride(capacity.longest) + max(C, F) + 15) & ~15
    let positionRows = configuration.relativePositions?.rows(span: capacity.span)
    scratchFloats =
      positionScratch
      + (positionRows.map { Self.positionTokens * Self.stride(ofRows: $0.count) } ?? 0)
    scratchBase = take(threads * scratchFloats)
    relative = positionRows.flatMap { rows in
      training
        ? RelativeBlocks(
          rows: rows, C: C, layerCount: configuration.layerCount, training: true, take: take)
        : nil
    }
    total = next - base
  }

  /// Whether the layer computes its output for first tokens only.
  func firstOnly(_ layer: Int) -> Bool { !everyToken && layer == layerCount - 1 }

  /// Rows of the layer's output.
  func queryRows(_ layer: Int) -> Int { firstOnly(layer) ? B : T }

  /// The input of a layer: the output of the one before it.
  func input(_ layer: Int) -> MutableFloats {
    layer == 0 ? embedding.output : layers[layer - 1].output
  }

  func partials(_ chunk: Int) -> MutableFloats { partialBase + chunk * partialFloats }

  func scratch(_ worker: Int) -> MutableFloats { scratchBase + worker * scratchFloats }

  /// A block of ``positionTokens`` tokens and the rows of the table of relative positions.
  func positionBlock(_ worker: Int) -> MutableFloats { scratch(worker) + positionScratch }

  /// Floats between the tokens of such a block: whole cache lines, and such that a walk along its
  /// diagonal meets all sets of the cache.
  static func stride(ofRows count: Int) -> Int { (count + 31) & ~31 + 16 }

  /// The rows of chunk `index` out of `rows`: a multiple of 8, none past the end. One and two
  /// threads have the same chunks, so that they compute the same bits.
  func chunk(_ index: Int, rows: Int) -> Range<Int> {
    Self.share(rows, index, of: rowChunks, multiple: 8)
  }

  /// Part `index` of `count` elements in `parts` parts, each but the last a multiple of `multiple`.
  static func share(_ count: Int, _ index: Int, of parts: Int, multiple: Int) -> Range<Int> {
    let size = ((count + parts - 1) / parts + multiple - 1) / multiple * multiple
    let start = min(count, index * size)
    return start..<min(count, start + size)
  }

  /// (T, C), (T, C) and T floats.
  typealias EmbeddingActivations = (
    normalised: MutableFloats, output: MutableFloats, rstd: MutableFloats
  )

  /// The blocks of one layer, row-major, of Tq rows, but for keys and values, of T rows. `inputs`
  /// are queries, keys and values together; `slope` is the activation's derivative (Tq, F);
  /// `probabilities` are scores, (Tq, T) for each sequence and head; `firstInputs` are (B, C).
  typealias LayerActivations = (
    query: MutableFloats, queryStride: Int, key: MutableFloats, value: MutableFloats,
    keyStride: Int, inputs: MutableFloats, context: MutableFloats, normalised1: MutableFloats,
    output1: MutableFloats, normalised2: MutableFloats, output: MutableFloats,
    slope: MutableFloats, activated: MutableFloats, rstd1: MutableFloats, rstd2: MutableFloats,
    probabilities: MutableFloats, firstInputs: MutableFloats
  )

  /// The head's blocks, (B, C) each.
  typealias HeadActivations = (
    input: MutableFloats, hidden: MutableFloats, dropped: MutableFloats, gradient: MutableFloats
  )

  /// The backward pass's gradients, shaped like what they belong to; the layers share them.
  typealias Temporaries = (
    dInputs: MutableFloats, dStates: MutableFloats, dContext: MutableFloats, dDown: MutableFloats,
    dOut: MutableFloats, dUp: MutableFloats, dFirsts: MutableFloats
  )
}
