// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import Reference
import TestSupport
import Testing

/// A folder as DeBERTa-v3 is published: pytorch_model.bin in float16 with the heads of the pre-training,
/// no pooler, a bare config.json.
@Suite("Published model folders")
struct PublishedFolderTests {
  private struct Expected: Decodable {
    var rows: [[Int]]
    var float16: [[Double]]
    var bfloat16: [[Double]]
  }

  private static let folder = "checkpoints/published"

  private static func folder(weights: String, as name: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(try Goldens.data("\(Self.folder)/config.json"), to: "config.json")
    try folder.write(try Goldens.data("\(Self.folder)/\(weights)"), to: name)
    return folder
  }

  @Test(
    "the encoder computes what transformers does, in each form of the weights",
    arguments: [
      ("pytorch_model.bin", "pytorch_model.bin"), ("float16.safetensors", "model.safetensors"),
      ("bfloat16.safetensors", "model.safetensors"),
    ])
  func states(weights: String, name: String) throws {
    let expected = try JSONDecoder().decode(
      Expected.self, from: try Goldens.data("\(Self.folder)/expected.json"))
    let folder = try Self.folder(weights: weights, as: name)
    let (engine, report) = try ModelDirectory(folder.url).makeEngine(threads: 1)
    #expect(report.unused.isEmpty)
    #expect(
      report.initialised
        == ["pooler.dense.weight", "pooler.dense.bias", "classifier.weight", "classifier.bias"])
    let states = weights.hasPrefix("bfloat16") ? expected.bfloat16 : expected.float16
    for (row, truth) in zip(expected.rows, states) {
      let batch = try PackedBatch([row], for: engine.configuration)
      let found = engine.hiddenStates(batch, layer: engine.configuration.layerCount)
      #expect(maximumDifference(found[..<truth.count], truth) < 1e-5)
    }
  }

  @Test("the shared goldens' published form", .enabled(if: Shared.exists, Shared.missing))
  func shared() throws {
    let document = try JSONSerialization.jsonObject(
      with: Shared.data("fixtures/deberta/tiny/expected.json"))
    let expected = try #require(document as? [String: Any])
    let published = try #require(expected["published"] as? [String: Any])
    let rows = try #require(published["first_tokens"] as? [[[Double]]])
    let (engine, report) = try ModelDirectory(Shared.url("fixtures/deberta/published"))
      .makeEngine(threads: 2)
    #expect(report.unused.isEmpty)
    let batch = try PackedBatch(
      paddedIDs: Fixture.integers(expected["input_ids"]),
      mask: Fixture.integers(expected["attention_mask"]), for: engine.configuration)
    let states = engine.hiddenStates(batch, layer: engine.configuration.layerCount)
    let C = engine.configuration.hiddenSize
    for (row, tokens) in rows.enumerated() {
      let (start, truth) = (batch.offsets[row] * C, tokens.flatMap { $0 })
      #expect(maximumDifference(states[start..<start + truth.count], truth) < 1e-5)
    }
  }

  @Test("safetensors come before pickled weights, and shards of either are found")
  func precedence() throws {
    let folder = try Self.folder(weights: "pytorch_model.bin", as: "pytorch_model-1-of-1.bin")
    let index = #"{"weight_map": {"deberta.encoder.LayerNorm.bias": "pytorch_model-1-of-1.bin"}}"#
    try folder.write(index, to: "pytorch_model.bin.index.json")
    _ = try ModelDirectory(folder.url).makeEngine(threads: 1)
    try folder.write("x", to: "pytorch_model.bin")
    #expect(throws: ReferenceError.self) { try ModelDirectory(folder.url) }
    try folder.write(
      try Goldens.data("\(Self.folder)/float16.safetensors"), to: "model.safetensors")
    _ = try ModelDirectory(folder.url).makeEngine(threads: 1)
  }

  @Test("a tensor that nobody knows is named")
  func unknown() throws {
    let folder = try Self.folder(weights: "float16.safetensors", as: "model.safetensors")
    let index = #"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}"#
    try folder.write(index, to: "model.safetensors.index.json")
    try FileManager.default.moveItem(
      at: folder.file("model.safetensors"), to: folder.file("model-1.safetensors"))
    let values: [Float] = [1, 2]
    try values.withUnsafeBufferPointer { values in
      try SafetensorsWriter.write(
        ["deberta.encoder.conv.conv.bias", "mask_predictions.LayerNorm.weight", "surprise"]
          .map { ($0, [2], values) }, to: folder.file("model-2.safetensors"))
    }
    let report = try ModelDirectory(folder.url).makeEngine(threads: 1).report
    #expect(report.unused == ["deberta.encoder.conv.conv.bias", "surprise"])
    #expect(
      report.note
        == "2 tensors of the checkpoint are not used: deberta.encoder.conv.conv.bias, surprise")
  }

  @Test("a folder's digest covers its pickled weights and every file of its tokenizer")
  func digest() throws {
    let folder = try Self.folder(weights: "pytorch_model.bin", as: "pytorch_model.bin")
    var digests: Set<String> = [try ModelDirectory.digest(of: folder.url)]
    for name in ["spm.model", "added_tokens.json", "special_tokens_map.json", "pytorch_model.bin"] {
      try folder.write("changed", to: name)
      #expect(digests.insert(try ModelDirectory.digest(of: folder.url)).inserted, "\(name)")
    }
    try folder.write("x", to: "training_args.bin")
    #expect(!digests.insert(try ModelDirectory.digest(of: folder.url)).inserted)
  }
}
