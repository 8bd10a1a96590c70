import Foundation

/// The tensors of a checkpoint's files, known by their headers alone.
struct CheckpointTensors: Sendable {
  let files: [any WeightFile]
  let kind: ModelKind

  var names: [String] { files.flatMap { $0.entries.map(\.name) } }

  /// What published checkpoints hold beside the encoder: heads of the pre-training, or another head
  /// than the one that is asked for, and numbers that are computed.
  private static let extras = [
    "lm_predictions.", "mask_predictions.", "lm_head.", "cls.", "pooler.", "classifier.",
    "embeddings.position_ids", "embeddings.token_type_ids",
  ]

  /// Whether `name` is one of the tensors that are known to be of no use here.
  func isKnownExtra(_ name: String) -> Bool {
    let prefix = kind.tensorPrefix + "."
    let own = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    return Self.extras.contains { own.hasPrefix($0) }
  }

  /// The tensor of parameter `name`, under any of its names.
  func find(_ name: String) -> (any WeightFile, TensorEntry)? {
    let prefix = kind.tensorPrefix + "."
    var names = [name]
    if name.hasPrefix(prefix) { names.append(String(name.dropFirst(prefix.count))) }
    names += names.map {
      $0.replacingOccurrences(of: "LayerNorm.weight", with: "LayerNorm.gamma")
        .replacingOccurrences(of: "LayerNorm.bias", with: "LayerNorm.beta")
    }
    for name in names { for file in files { if let entry = file[name] { return (file, entry) } } }
    return nil
  }

  /// The sizes of `configuration` that are not the tensors'. A tensor that is missing, or not of the
  /// word embeddings' width, says nothing of a size.
  func problems(with configuration: ModelConfiguration) -> [ReferenceError.CheckpointProblem] {
    var problems: [ReferenceError.CheckpointProblem] = []
    func compare(_ key: String, _ found: Int, _ expected: Int, _ tensor: String) {
      guard found != expected else { return }
      problems.append(.size(key: key, found: found, expected: expected, tensor: tensor))
    }
    func table(_ name: String) -> TensorEntry? {
      let entry = find("\(kind.tensorPrefix).\(name).weight")?.1
      return entry?.shape.count == 2 ? entry : nil
    }
    let words = "embeddings.word_embeddings"
    let width = table(words)?.shape[1]
    if let width { compare("hidden_size", configuration.hiddenSize, width, words) }
    let tables = [
      (words, "vocab_size", configuration.vocabularySize),
      ("embeddings.position_embeddings", "max_position_embeddings", configuration.positionCount),
      ("embeddings.token_type_embeddings", "type_vocab_size", configuration.tokenTypeCount),
      ("encoder.layer.0.intermediate.dense", "intermediate_size", configuration.intermediateSize),
    ]
    for (name, key, rows) in tables {
      guard let shape = table(name)?.shape, shape[1] == width else { continue }
      compare(key, rows, shape[0], name)
    }
    compare("num_hidden_layers", configuration.layerCount, layerCount, "encoder.layer")
    return problems
  }

  /// How many layers there are tensors of.
  private var layerCount: Int {
    let start = "encoder.layer."
    let layers = names.compactMap { name -> Substring? in
      guard let range = name.range(of: start) else { return nil }
      return name[range.upperBound...].prefix { $0 != "." }
    }
    return Set(layers).count
  }
}
