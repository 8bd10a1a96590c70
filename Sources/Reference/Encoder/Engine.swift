/// What training and prediction ask of a backend: three calls on a packed batch.
///
/// ``EncoderEngine`` is the one that exists (processor cores and OpenBLAS). Another stands behind
/// the same calls when it keeps their contracts; checkpoints go through ``ModelDirectory``.
public protocol Engine: AnyObject {
  var configuration: ModelConfiguration { get }

  /// Makes room for batches up to this size, so that a step allocates no buffer.
  func reserve(_ capacity: BatchCapacity, training: Bool)

  /// Writes one prediction for each sequence of `batch` to `predictions`, in the batch's order.
  func forward(_ batch: PackedBatch, mode: ForwardMode, predictions: inout [Float])

  /// Computes the gradient of a loss with respect to every parameter, for the batch of the last
  /// ``forward(_:mode:predictions:)``, which must have been a training one.
  ///
  /// `gradient` is the loss's with respect to each prediction. With `accumulate` the result is
  /// added to what is there, otherwise it replaces it.
  func backward(_ gradient: [Float], accumulate: Bool)

  /// The Euclidean norm of the gradient over all parameters.
  func gradientNorm() -> Double

  /// Moves the parameters by one AdamW step along the gradient. `step` counts from 1;
  /// `gradientScale` multiplies the gradient first, for clipping.
  func update(_ optimizer: AdamW, learningRate: Double, step: Int, gradientScale: Double)
}

/// What a forward pass is for.
public enum ForwardMode: Equatable, Sendable {
  /// Nothing is kept and nothing dropped.
  case inference
  /// Activations are kept for the backward pass; nil for no dropout.
  case training(dropout: DropoutKey?)
}

/// Settings of AdamW; those of the paper's recipe by default.
public struct AdamW: Equatable, Sendable, Codable {
  public var beta1 = 0.9
  public var beta2 = 0.98
  public var epsilon = 1e-6
  /// Decoupled weight decay on every parameter, biases and norms included, as in the recipe.
  public var weightDecay = 0.1

  public init() {}
}

/// The largest batch to make room for.
public struct BatchCapacity: Equatable, Sendable {
  public var sequences: Int
  public var tokens: Int
  /// The sum over the sequences of their squared lengths, which attention needs.
  public var squaredLengths: Int
  public var longest: Int

  public init(sequences: Int, tokens: Int, squaredLengths: Int, longest: Int) {
    self.sequences = sequences
    self.tokens = tokens
    self.squaredLengths = squaredLengths
    self.longest = longest
  }

  /// Room for any batch of `size` sequences out of those with these lengths.
  public init(largestOf lengths: [Int], batch size: Int) {
    let largest = lengths.sorted(by: >).prefix(size)
    self.init(
      sequences: largest.count, tokens: largest.reduce(0, +),
      squaredLengths: largest.reduce(0) { $0 + $1 * $1 }, longest: largest.first ?? 0)
  }

  /// The smallest capacity that covers both.
  public func union(_ other: Self) -> Self {
    Self(
      sequences: max(sequences, other.sequences), tokens: max(tokens, other.tokens),
      squaredLengths: max(squaredLengths, other.squaredLengths),
      longest: max(longest, other.longest))
  }
}
