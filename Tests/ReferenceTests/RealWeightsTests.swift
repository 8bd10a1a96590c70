// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import Reference
import TestSupport
import Testing

@Suite("Parity with transformers, real weights")
struct RealWeightsTests {
  static let exists = FileManager.default.fileExists(
    atPath: MiniLM.folder.appending(path: "model.safetensors").path)
  static let missing: Comment = "no MiniLM weights: run scripts/fetch-minilm"

  @Test(
    "MiniLM's hidden states of five essays",
    .enabled(if: Shared.exists, Shared.missing), .enabled(if: exists, missing))
  func hiddenStates() throws {
    let data = try Shared.data("fixtures/minilm/expected.json")
    let document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let essays = try #require(document["essays"] as? [[String: Any]])
    #expect(essays.count == 5)
    let engine = try ModelDirectory(MiniLM.folder).makeEngine(threads: 2).engine
    let C = engine.configuration.hiddenSize
    for essay in essays {
      let ids = try #require((essay["input_ids"] as? [NSNumber])?.map(\.intValue))
      let batch = try PackedBatch([ids], for: engine.configuration)
      let states = engine.hiddenStates(batch, layer: engine.configuration.layerCount)
      for (row, expected) in try Fixture.table(essay["last_hidden_0_4_8_f64"]).enumerated() {
        #expect(maximumDifference(states[(row * C)..<(row * C + 8)], expected) < 1e-4)
      }
      var mean = Array(repeating: Float(0), count: 16)
      for row in ids.indices {
        for channel in 0..<16 { mean[channel] += states[row * C + channel] / Float(ids.count) }
      }
      #expect(maximumDifference(mean, try Fixture.doubles(essay["mean_pooled_16_f64"])) < 1e-4)
    }
  }

  @Test("MiniLM lacks a classifier, which is drawn from the seed", .enabled(if: exists, missing))
  func head() throws {
    let directory = try ModelDirectory(MiniLM.folder)
    let (engine, report) = try directory.makeEngine(threads: 1, seed: 3)
    #expect(report.initialised == ["classifier.weight", "classifier.bias"])
    #expect(report.unused.isEmpty)
    let projection = try #require(engine.layout.parameters.first { $0.name == "classifier.weight" })
    let drawn = Array(engine.values(of: projection))
    let again = try directory.makeEngine(threads: 1, seed: 3).engine
    #expect(Array(again.values(of: projection)) == drawn)
    #expect(throws: ReferenceError.self) { try Predictor(model: MiniLM.folder, threads: 1) }
  }
}
