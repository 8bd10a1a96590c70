// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// The places of a pass's activations and temporaries in the arena.
///
/// B sequences, T tokens, C channels, F feed-forward channels, H heads. The last layer computes
/// queries, and everything after them, for the first token of each sequence only, because only
/// these reach the head: Tq = B rows there, Tq = T elsewhere. The result is the same, with a sixth
/// less work for MiniLM. `everyToken` switches this off, for callers that want all hidden states.
struct ActivationPlan {
  let B: Int
  let T: Int
  let C: Int
  let F: Int
  let H: Int
  let layerCount: Int
  let longest: Int
  let squares: Int
  let training: Bool
  let everyToken: Bool
  let rowChunks: Int
  let workers: Int

  init(
    _ capacity: BatchCapacity, _ configuration: ModelConfiguration, training: Bool,
    everyToken: Bool, threads: Int
  ) {
    B = capacity.sequences
    T = capacity.tokens
    squares = capacity.squaredLengths
    longest = capacity.longest
    C = configuration.hiddenSize
    F = configuration.intermediateSize
    H = configuration.headCount
    layerCount = configuration.layerCount
    self.training = training
    self.everyToken = everyToken
    workers = threads
    rowChunks = max(4, 2 * threads)
  }

  /// Whether the layer computes its output for first tokens only.
  func firstOnly(_ layer: Int) -> Bool { !everyToken && layer == layerCount - 1 }

  /// Rows of the layer's output.
  func queryRows(_ layer: Int) -> Int { firstOnly(layer) ? B : T }

  /// Floats of a block, rounded up to a cache line.
  private func block(_ count: Int) -> Int { (count + 15) & ~15 }

  // The arena: embeddings, layers (one shared when nothing is kept), head, temporaries.
  private var embeddingFloats: Int { 2 * block(T * C) + block(T) }
  private var probabilityFloats: Int { block(H * squares) }
  private var layerFloats: Int {
    block(3 * T * C) + 5 * block(T * C) + 2 * block(T * F) + 2 * block(T) + probabilityFloats
      + block(B * C)
  }
  private var headFloats: Int { 4 * block(B * C) + block(B) }
  private var temporaryFloats: Int {
    training ? block(3 * T * C) + 4 * block(T * C) + block(T * F) + 2 * block(B * C) : 0
  }
  /// Sums over a chunk of rows: the layer's seven vectors of C, of F, and 3C for the inputs.
  var partialFloats: Int { block(9 * C + F) }
  var scratchFloats: Int { block(3 * longest * longest) + block(max(C, F)) }

  /// Floats of the whole arena.
  var total: Int {
    embeddingFloats + (training ? layerCount : 1) * layerFloats + headFloats + temporaryFloats
      + rowChunks * partialFloats + workers * scratchFloats
  }

  /// The blocks of a layer. Without training all layers share them, but for `output`, which takes
  /// turns with the embeddings' two blocks.
  func layer(_ index: Int, _ base: UnsafeMutablePointer<Float>) -> LayerActivations {
    var next = base + embeddingFloats + (training ? index : 0) * layerFloats
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { next += block(count) }
      return next
    }
    let inputs = take(3 * T * C)
    let context = take(T * C)
    let normalised1 = take(T * C)
    let output1 = take(T * C)
    let normalised2 = take(T * C)
    let ownOutput = take(T * C)
    let slope = take(T * F)
    let activated = take(T * F)
    let rstd1 = take(T)
    let rstd2 = take(T)
    let probabilities = take(H * squares)
    let firsts = take(B * C)
    let first = firstOnly(index)
    return LayerActivations(
      query: first ? inputs + 2 * T * C : inputs, queryStride: first ? C : 3 * C,
      key: first ? inputs : inputs + C, value: first ? inputs + C : inputs + 2 * C,
      keyStride: first ? 2 * C : 3 * C, inputs: inputs, probabilities: probabilities,
      context: context, normalised1: normalised1, rstd1: rstd1, output1: output1,
      slope: training ? slope : activated, activated: activated, normalised2: normalised2,
      rstd2: rstd2, output: training ? ownOutput : embedding(base).states((index + 1) & 1),
      firstInputs: firsts)
  }

  struct EmbeddingActivations {
    let normalised: UnsafeMutablePointer<Float>
    let output: UnsafeMutablePointer<Float>
    let rstd: UnsafeMutablePointer<Float>
    /// The two blocks that hidden states alternate between where nothing is kept.
    func states(_ turn: Int) -> UnsafeMutablePointer<Float> { turn == 0 ? output : normalised }
  }

  func embedding(_ base: UnsafeMutablePointer<Float>) -> EmbeddingActivations {
    EmbeddingActivations(
      normalised: base, output: base + block(T * C), rstd: base + 2 * block(T * C))
  }

  /// The input of a layer: the output of the one before it.
  func input(_ index: Int, _ base: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    index == 0 ? embedding(base).output : layer(index - 1, base).output
  }

  struct HeadActivations {
    let input: UnsafeMutablePointer<Float>
    let hidden: UnsafeMutablePointer<Float>
    let dropped: UnsafeMutablePointer<Float>
    let gradient: UnsafeMutablePointer<Float>
  }

  func head(_ base: UnsafeMutablePointer<Float>) -> HeadActivations {
    let start = base + embeddingFloats + (training ? layerCount : 1) * layerFloats
    return HeadActivations(
      input: start, hidden: start + block(B * C), dropped: start + 2 * block(B * C),
      gradient: start + 3 * block(B * C))
  }

  /// Temporaries of the backward pass, shared by the layers.
  struct Temporaries {
    let dStates: UnsafeMutablePointer<Float>
    let dInputs: UnsafeMutablePointer<Float>
    let dContext: UnsafeMutablePointer<Float>
    let dDown: UnsafeMutablePointer<Float>
    let dOut: UnsafeMutablePointer<Float>
    let dUp: UnsafeMutablePointer<Float>
    let dFirsts: UnsafeMutablePointer<Float>
  }

  func temporaries(_ base: UnsafeMutablePointer<Float>) -> Temporaries {
    precondition(training, "only a training pass has a backward one")
    let start = base + embeddingFloats + layerCount * layerFloats + headFloats
    let dStates = start + block(3 * T * C)
    return Temporaries(
      dStates: dStates, dInputs: start, dContext: dStates + block(T * C),
      dDown: dStates + 2 * block(T * C), dOut: dStates + 3 * block(T * C),
      dUp: dStates + 4 * block(T * C), dFirsts: dStates + 4 * block(T * C) + block(T * F))
  }

  func partials(_ chunk: Int, _ base: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    base + embeddingFloats + (training ? layerCount : 1) * layerFloats + headFloats
      + temporaryFloats + chunk * partialFloats
  }

  func scratch(_ worker: Int, _ base: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    partials(rowChunks, base) + worker * scratchFloats
  }

  /// The rows of chunk `index` out of `rows`; empty for chunks past the end.
  ///
  /// Chunks are multiples of 8 rows. Their number does not depend on the threads up to two, so one
  /// and two threads compute the same bits.
  func chunk(_ index: Int, rows: Int) -> Range<Int> {
    let size = ((rows + rowChunks - 1) / rowChunks + 7) & ~7
    let start = min(rows, index * size)
    return start..<min(rows, start + size)
  }
}

/// The blocks of one layer; row-major, rows as said.
struct LayerActivations {
  let query: UnsafeMutablePointer<Float>  // Tq rows
  let queryStride: Int
  let key: UnsafeMutablePointer<Float>  // T rows
  let value: UnsafeMutablePointer<Float>  // T rows
  let keyStride: Int
  let inputs: UnsafeMutablePointer<Float>  // query, key, value together
  let probabilities: UnsafeMutablePointer<Float>  // per sequence and head (Tq, T) of the sequence
  let context: UnsafeMutablePointer<Float>  // (Tq, C)
  let normalised1: UnsafeMutablePointer<Float>  // (Tq, C)
  let rstd1: UnsafeMutablePointer<Float>  // Tq
  let output1: UnsafeMutablePointer<Float>  // (Tq, C)
  let slope: UnsafeMutablePointer<Float>  // (Tq, F), the activation's derivative
  let activated: UnsafeMutablePointer<Float>  // (Tq, F)
  let normalised2: UnsafeMutablePointer<Float>  // (Tq, C)
  let rstd2: UnsafeMutablePointer<Float>  // Tq
  let output: UnsafeMutablePointer<Float>  // (Tq, C)
  let firstInputs: UnsafeMutablePointer<Float>  // (B, C), where only first tokens are computed
}
