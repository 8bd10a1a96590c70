import Foundation
import Reference
import TestSupport
import Testing

/// The claim that a step allocates nothing: in a process of its own, because memory belongs to all
/// of a process's tests.
@Suite("Memory of a step")
struct MemoryTests {
  /// Pages of the process that are in memory. Address space would not do: a worker thread that the
  /// system starts late takes thousands of pages of it and touches hardly any.
  static func residentPages() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }

  static func configuration() -> ModelConfiguration {
    ModelConfiguration(
      kind: .bert, vocabularySize: 300, hiddenSize: 96, layerCount: 3, headCount: 4,
      intermediateSize: 384, positionCount: 130, tokenTypeCount: 2, paddingToken: 0,
      hiddenDropout: 0.1, attentionDropout: 0.1, initializerRange: 0.1)
  }

  /// Trains on batches of many lengths after memory was reserved for the largest, and returns how
  /// many pages the process grew by after the first two steps, the first of which is the largest.
  ///
  /// On one thread: OpenBLAS packs operands into a buffer for each thread, and on a busy machine a
  /// second thread may first meet a large product at any step.
  static func growth(_ precision: Precision) throws -> Int {
    let engine = EncoderEngine(
      configuration: configuration(), head: .classification, threadCount: 1, precision: precision)
    engine.initialise(seed: 1)
    let lengths = (0..<16).map { 8 + 8 * $0 }
    engine.reserve(BatchCapacity(largestOf: lengths, batch: 16), training: true)
    var predictions: [Float] = []
    var before = 0
    for step in 0..<12 {
      if step == 2 { before = residentPages() }
      let batch = try PackedBatch(
        lengths.prefix(16 - step % 5).map { length in (0..<length).map { 1 + ($0 * 7) % 290 } },
        for: engine.configuration)
      engine.forward(
        batch, mode: .training(dropout: DropoutKey(seed: 2, pass: UInt64(step))),
        predictions: &predictions)
      engine.backward(predictions.map { $0 - 1 }, accumulate: false)
      engine.update(AdamW(), learningRate: 1e-3, step: step + 1, gradientScale: 1)
    }
    precondition(before > 0, "the system says how large the process is")
    return residentPages() - before
  }

  /// An activation block of this model has 1,088 x 384 floats: 408 pages. A thread takes some 50.
  @Test("steps of every size fit the room made beforehand, in floats")
  func floats() async {
    await #expect(processExitsWith: .success) {
      let pages = try MemoryTests.growth(.float32)
      precondition(pages < 200, "the process grew by \(pages) pages")
    }
  }

  @Test(
    "steps of every size fit the room made beforehand, in bfloat16",
    .enabled(if: Precision.bfloat16.isSupported, "this processor has no AVX-512 BF16"))
  func bfloats() async {
    await #expect(processExitsWith: .success) {
      let pages = try MemoryTests.growth(.bfloat16)
      precondition(pages < 200, "the process grew by \(pages) pages")
    }
  }
}
