public import Foundation
import Reference

/// Turns essays into points: the first token's last hidden state of an encoder.
public final class EssayEmbedder {
  private let engine: EncoderEngine
  private let tokenizer: Tokenizer

  /// Channels of a state, C.
  public var channels: Int { engine.configuration.hiddenSize }

  /// Loads a model folder, pretrained or fine-tuned; a head plays no part.
  ///
  /// Throws ``ReferenceError`` or `TokenizerError`.
  public init(model: URL, threads: Int) throws {
    let directory = try ModelDirectory(model)
    engine = try directory.makeEngine(head: directory.headKind, threads: threads).engine
    tokenizer = try Tokenizer.load(directory: model)
  }

  /// The state of each text, (n, C), in the given order. Texts longer than the model are cut.
  ///
  /// `progress` is told how many are done. How texts are batched changes no bit beyond rounding.
  public func embed(
    _ texts: [String], progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> [[Float]] {
    let limit = engine.configuration.maximumLength
    let tokens = texts.map { tokenizer.encode($0, maxLength: limit) }
    var states = Array(repeating: [Float](), count: texts.count)
    var (predictions, done): ([Float], Int) = ([], 0)
    for rows in Predictor.batches(of: tokens) {
      let batch = try PackedBatch(rows.map { tokens[$0] }, for: engine.configuration)
      engine.forward(batch, mode: .inference, predictions: &predictions)
      let found = engine.firstTokenStates
      for (place, row) in rows.enumerated() {
        states[row] = Array(found[(place * channels)..<((place + 1) * channels)])
      }
      done += rows.count
      progress(done, texts.count)
    }
    return states
  }
}
