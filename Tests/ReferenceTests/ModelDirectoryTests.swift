import Basics
import Foundation
import Reference
import TestSupport
import Testing

@Suite("Model folders")
struct ModelDirectoryTests {
  /// The tiny RoBERTa's tensors, to be written under other names or in other files.
  struct Tensors {
    var names: [String] = []
    var shapes: [[Int]] = []
    var values: [[Float]] = []

    init() throws {
      let file = try Safetensors(Goldens.url("roberta-tiny/model.safetensors"))
      for entry in file.header.entries {
        names.append(entry.name)
        shapes.append(entry.shape)
        values.append(file.floats(entry.name) ?? [])
      }
    }

    func write(_ indices: some Sequence<Int>, to url: URL) throws {
      var kept: [UnsafeMutableBufferPointer<Float>] = []
      defer { for buffer in kept { buffer.deallocate() } }
      var tensors: [SafetensorsWriter.Tensor] = []
      for i in indices {
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: values[i].count)
        _ = buffer.initialize(from: values[i])
        kept.append(buffer)
        tensors.append(
          (name: names[i], shape: shapes[i], elements: UnsafeBufferPointer(buffer)))
      }
      try SafetensorsWriter.write(tensors, to: url)
    }
  }

  static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(try Goldens.data("roberta-tiny/config.json"), to: "config.json")
    return folder
  }

  static func logits(_ engine: EncoderEngine) throws -> [Float] {
    var predictions: [Float] = []
    let batch = try PackedBatch([[0, 5, 9, 2], [0, 2]], for: engine.configuration)
    engine.forward(batch, mode: .inference, predictions: &predictions)
    return predictions
  }

  static func reference() throws -> [Float] {
    try logits(try Fixture("roberta-tiny").engine())
  }

  @Test("a checkpoint loads without its prefix, and with old norm names")
  func names() throws {
    var tensors = try Tensors()
    tensors.names = tensors.names.map {
      $0.replacingOccurrences(of: "roberta.", with: "")
        .replacingOccurrences(of: "LayerNorm.weight", with: "LayerNorm.gamma")
        .replacingOccurrences(of: "LayerNorm.bias", with: "LayerNorm.beta")
    }
    let folder = try Self.folder()
    try tensors.write(tensors.names.indices, to: folder.file("model.safetensors"))
    let (engine, report) = try ModelDirectory(folder.url).makeEngine(threads: 1)
    #expect(report.initialised.isEmpty)
    #expect(try Self.logits(engine) == Self.reference())
  }

  @Test("a sharded checkpoint loads through its index, and a missing shard is named")
  func shards() throws {
    let tensors = try Tensors()
    let folder = try Self.folder()
    let half = tensors.names.count / 2
    try tensors.write(0..<half, to: folder.file("model-1.safetensors"))
    try tensors.write(half..<tensors.names.count, to: folder.file("model-2.safetensors"))
    let map = tensors.names.enumerated().map {
      "\"\($0.element)\": \"model-\($0.offset < half ? 1 : 2).safetensors\""
    }
    try folder.write(
      "{\"weight_map\": {\(map.joined(separator: ","))}}", to: "model.safetensors.index.json")
    #expect(
      try Self.logits(try ModelDirectory(folder.url).makeEngine(threads: 1).engine)
        == Self.reference())
    try FileManager.default.removeItem(at: folder.file("model-2.safetensors"))
    #expect {
      try ModelDirectory(folder.url)
    } throws: { error in
      guard case .checkpoint(_, let problems)? = error as? ReferenceError else { return false }
      return problems == [.missingShard(file: "model-2.safetensors")]
    }
  }

  @Test("missing and misshapen tensors are all named at once")
  func faults() throws {
    var tensors = try Tensors()
    let folder = try Self.folder()
    let bias = try #require(
      tensors.names.firstIndex(of: "roberta.encoder.layer.1.output.dense.bias"))
    let query = try #require(
      tensors.names.firstIndex(of: "roberta.encoder.layer.0.attention.self.query.weight"))
    tensors.shapes[query] = [16, 64]
    try tensors.write(
      tensors.names.indices.filter { $0 != bias }, to: folder.file("model.safetensors"))
    #expect {
      try ModelDirectory(folder.url).makeEngine(threads: 1)
    } throws: { error in
      guard case .checkpoint(_, let problems)? = error as? ReferenceError else { return false }
      return problems == [
        .wrongShape(name: tensors.names[query], found: [16, 64], expected: [32, 32]),
        .missing(name: tensors.names[bias], shape: [32]),
      ]
    }
  }

  /// The folder of the tiny RoBERTa with other values in its configuration.
  static func folder(_ changes: [(old: String, new: String)]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    var text = String(decoding: try Goldens.data("roberta-tiny/config.json"), as: UTF8.self)
    for (old, new) in changes {
      #expect(text.contains(old))
      text = text.replacingOccurrences(of: old, with: new)
    }
    try folder.write(text, to: "config.json")
    try folder.write(try Goldens.data("roberta-tiny/model.safetensors"), to: "model.safetensors")
    return folder
  }

  @Test("sizes that are not the weights' are all named, before anything is allocated")
  func sizes() throws {
    let folder = try Self.folder([
      ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1000000"),
      ("\"hidden_size\": 32", "\"hidden_size\": 1048576"),
      ("\"vocab_size\": 300", "\"vocab_size\": 301"),
    ])
    #expect {
      try ModelDirectory(folder.url)
    } throws: { error in
      guard case .checkpoint(_, let problems)? = error as? ReferenceError else { return false }
      return problems == [
        .size(
          key: "hidden_size", found: 1_048_576, expected: 32, tensor: "embeddings.word_embeddings"),
        .size(key: "vocab_size", found: 301, expected: 300, tensor: "embeddings.word_embeddings"),
        .size(key: "num_hidden_layers", found: 1_000_000, expected: 2, tensor: "encoder.layer"),
      ] && (error as? ReferenceError)?.exitStatus == .badData
    }
  }

  @Test("every field of a configuration that is out of range is named at once")
  func fields() throws {
    let folder = try Self.folder([
      ("\"model_type\": \"roberta\"", "\"model_type\": 3"),
      ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": -1"),
      ("\"vocab_size\": 300", "\"vocab_size\": 1e300"),
      ("\"hidden_dropout_prob\": 0.1", "\"hidden_dropout_prob\": []"),
    ])
    #expect {
      try ModelDirectory(folder.url)
    } throws: { error in
      guard case .invalid(_, let faults)? = error as? ReferenceError else { return false }
      return faults.map(\.place)
        == [
          "model_type", "hidden_dropout_prob", "vocab_size", "num_hidden_layers",
        ].map { .field($0) }
    }
  }

  @Test("weights that are not finite make no predictions")
  func notFinite() throws {
    var tensors = try Tensors()
    let bias = try #require(tensors.names.firstIndex(of: "classifier.out_proj.bias"))
    tensors.values[bias] = [.nan]
    let folder = try Self.folder()
    try tensors.write(tensors.names.indices, to: folder.file("model.safetensors"))
    let engine = try ModelDirectory(folder.url).makeEngine(threads: 1).engine
    #expect(throws: ReferenceError.batch(sequence: 0, problem: .predictionNotFinite)) {
      try Predictor(engine: engine, tokenizer: nil).predict([TokenSequence([0, 5, 2])])
    }
  }

  @Test(
    "a configuration the encoder has no code for is refused",
    arguments: [
      ("\"model_type\": \"roberta\"", "\"model_type\": \"gpt2\""),
      ("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"relu\""),
      ("\"hidden_size\": 32", "\"hidden_size\": 33"),
      ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 0"),
      ("\"vocab_size\": 300", "\"vocab_size\": \"many\""),
      ("\"is_decoder\": false", "\"is_decoder\": true"),
      ("\"hidden_dropout_prob\": 0.1", "\"hidden_dropout_prob\": 1.5"),
    ])
  func configuration(old: String, new: String) throws {
    let folder = try TemporaryFolder()
    let text = String(
      decoding: try Goldens.data("roberta-tiny/config.json"), as: UTF8.self)
    #expect(text.contains(old))
    try folder.write(text.replacingOccurrences(of: old, with: new), to: "config.json")
    #expect(throws: ReferenceError.self) {
      try ModelConfiguration(contentsOf: folder.file("config.json"))
    }
  }

  @Test("a linear head is saved and found again")
  func linear() throws {
    let folder = try TemporaryFolder()
    let source = try ModelDirectory(Goldens.url("roberta-tiny"))
    let (engine, _) = try source.makeEngine(head: .linear, threads: 1, seed: 5)
    try engine.save(to: folder.url, companionsFrom: source)
    let saved = try ModelDirectory(folder.url)
    #expect(saved.headKind == .linear)
    let (again, report) = try saved.makeEngine(head: saved.headKind, threads: 1)
    #expect(report.initialised.isEmpty)
    #expect(try Self.logits(again) == Self.logits(engine))
  }

  @Test("a batch that does not fit the model is refused")
  func batches() throws {
    let configuration = try ModelDirectory(Goldens.url("roberta-tiny")).configuration
    func problem(_ tokens: [[Int]]) -> ReferenceError? {
      do {
        _ = try PackedBatch(tokens, for: configuration)
        return nil
      } catch { return error as? ReferenceError }
    }
    #expect(configuration.maximumLength == 64)
    #expect(problem([Array(repeating: 5, count: 64)]) == nil)
    #expect(
      problem([[0], Array(repeating: 5, count: 65)])
        == .batch(sequence: 1, problem: .tooLong(tokens: 65, limit: 64)))
    #expect(
      problem([[300]])
        == .batch(sequence: 0, problem: .tokenOutsideVocabulary(token: 300, vocabulary: 300)))
    #expect(problem([[]]) == .batch(sequence: 0, problem: .empty))
  }
}
