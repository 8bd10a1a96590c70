public import Foundation

/// A BERT of one layer with random weights and a vocabulary of letters: it trains in no time and
/// learns next to nothing.
public enum TinyModel {
  /// Writes the model's folder: configuration, weights and vocabulary.
  ///
  /// - Parameter seed: of the weights; the same one gives the same bytes.
  public static func write(to folder: URL, seed: UInt64 = 1) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let vocabulary = vocabulary
    try Data((vocabulary.joined(separator: "\n") + "\n").utf8)
      .write(to: folder.appending(path: "vocab.txt"))
    let configuration: [String: Any] = [
      "model_type": "bert", "vocab_size": vocabulary.count, "hidden_size": width,
      "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 2 * width,
      "max_position_embeddings": positions, "type_vocab_size": 2, "pad_token_id": 0,
    ]
    try JSONSerialization.data(withJSONObject: configuration, options: .sortedKeys)
      .write(to: folder.appending(path: "config.json"))
    try weights(vocabulary.count, seed: seed)
      .write(to: folder.appending(path: "model.safetensors"))
  }

  private static let width = 16
  private static let positions = 48

  private static var vocabulary: [String] {
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789".map(String.init)
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", "'", "!", "?"] + letters
      + letters.map { "##\($0)" }
  }

  private static func shapes(_ words: Int) -> [(name: String, shape: [Int])] {
    let layer = "encoder.layer.0."
    var shapes = [
      ("embeddings.word_embeddings.weight", [words, width]),
      ("embeddings.position_embeddings.weight", [positions, width]),
      ("embeddings.token_type_embeddings.weight", [2, width]),
    ]
    for name in ["query", "key", "value"] {
      shapes.append((layer + "attention.self.\(name).weight", [width, width]))
      shapes.append((layer + "attention.self.\(name).bias", [width]))
    }
    shapes += [
      (layer + "attention.output.dense.weight", [width, width]),
      (layer + "attention.output.dense.bias", [width]),
      (layer + "intermediate.dense.weight", [2 * width, width]),
      (layer + "intermediate.dense.bias", [2 * width]),
      (layer + "output.dense.weight", [width, 2 * width]), (layer + "output.dense.bias", [width]),
    ]
    for norm in ["embeddings.", layer + "attention.output.", layer + "output."] {
      shapes.append((norm + "LayerNorm.weight", [width]))
      shapes.append((norm + "LayerNorm.bias", [width]))
    }
    return shapes
  }

  /// The weights as a safetensors file: normal-like, 1 for a norm's gain.
  private static func weights(_ words: Int, seed: UInt64) throws -> Data {
    var state = seed
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / 0x1p53
    }
    var header: [String: Any] = [:]
    var values: [Float] = []
    for (name, shape) in shapes(words) {
      let count = shape.reduce(1, *)
      let begin = values.count * 4
      for _ in 0..<count {
        values.append(
          name.hasSuffix("LayerNorm.weight")
            ? 1 : Float(((uniform() + uniform() + uniform()) - 1.5) * 0.2))
      }
      header[name] = [
        "dtype": "F32", "shape": shape, "data_offsets": [begin, values.count * 4],
      ]
    }
    var json = try JSONSerialization.data(withJSONObject: header, options: .sortedKeys)
    while json.count % 8 != 0 { json.append(0x20) }
    var file = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
    file += json
    for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { file += $0 } }
    return file
  }
}
