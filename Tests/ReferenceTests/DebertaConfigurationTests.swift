import Foundation
import Reference
import TestSupport
import Testing

@Suite("Configurations of DeBERTa")
struct DebertaConfigurationTests {
  /// As the published folders have it.
  static let published = """
    {
      "model_type": "deberta-v2", "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu",
      "hidden_dropout_prob": 0.1, "hidden_size": 768, "initializer_range": 0.02,
      "intermediate_size": 3072, "max_position_embeddings": 512, "relative_attention": true,
      "position_buckets": 256, "norm_rel_ebd": "layer_norm", "share_att_key": true,
      "pos_att_type": "p2c|c2p", "layer_norm_eps": 1e-7, "max_relative_positions": -1,
      "position_biased_input": false, "num_attention_heads": 12, "num_hidden_layers": 12,
      "type_vocab_size": 0, "vocab_size": 128100
    }
    """

  static func configuration(_ changes: [(String, String)]) throws -> ModelConfiguration {
    var text = published
    for (old, new) in changes {
      #expect(text.contains(old))
      text = text.replacingOccurrences(of: old, with: new)
    }
    let folder = try TemporaryFolder()
    try folder.write(text, to: "config.json")
    return try ModelConfiguration(contentsOf: folder.file("config.json"))
  }

  @Test("Microsoft's form is read whole")
  func microsoft() throws {
    let configuration = try Self.configuration([])
    #expect(configuration == .debertaV3Base)
    #expect(configuration.publishedName == "deberta-v3-base")
    #expect(configuration.classifierDropout == 0.1 && configuration.poolerDropout == 0)
    #expect(configuration.maximumLength == 512)
  }

  @Test("the form of transformers is read, with dropout of its own for pooler and classifier")
  func transformers() throws {
    let configuration = try Self.configuration([
      ("\"p2c|c2p\"", "[\"p2c\", \"c2p\"]"), ("\"max_relative_positions\": -1", "\"legacy\": true"),
      ("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"gelu\", \"pooler_hidden_act\": \"gelu\""),
      ("\"type_vocab_size\": 0", "\"type_vocab_size\": 0, \"cls_dropout\": 0.2"),
      ("\"vocab_size\": 128100", "\"vocab_size\": 128100, \"pooler_dropout\": 0.3"),
    ])
    #expect(configuration.classifierDropout == 0.2 && configuration.poolerDropout == 0.3)
    #expect(configuration.relativePositions == ModelConfiguration.debertaV3Base.relativePositions)
  }

  @Test("a maximum of relative positions is taken where it is 1 or more")
  func maximum() throws {
    let configuration = try Self.configuration([
      ("\"max_relative_positions\": -1", "\"max_relative_positions\": 600")
    ])
    #expect(configuration.relativePositions?.maximumDistance == 600)
  }

  @Test(
    "a variant that is not computed is refused by its field",
    arguments: [
      ("\"share_att_key\": true,", "", "share_att_key"),
      ("\"share_att_key\": true", "\"share_att_key\": false", "share_att_key"),
      ("\"relative_attention\": true", "\"relative_attention\": false", "relative_attention"),
      ("\"position_biased_input\": false,", "", "position_biased_input"),
      ("\"norm_rel_ebd\": \"layer_norm\"", "\"norm_rel_ebd\": \"none\"", "norm_rel_ebd"),
      ("\"p2c|c2p\"", "\"c2p\"", "pos_att_type"),
      ("\"p2c|c2p\"", "[\"p2c\", \"c2p\", \"p2p\"]", "pos_att_type"),
      ("\"p2c|c2p\"", "[\"p2c\", 3, \"c2p\"]", "pos_att_type"),
      ("\"position_buckets\": 256,", "", "position_buckets"),
      ("\"position_buckets\": 256", "\"position_buckets\": -1", "position_buckets"),
      ("\"position_buckets\": 256", "\"position_buckets\": 1022", "position_buckets"),
      ("\"type_vocab_size\": 0", "\"type_vocab_size\": 2", "type_vocab_size"),
      ("\"vocab_size\"", "\"conv_kernel_size\": 3, \"vocab_size\"", "conv_kernel_size"),
      ("\"vocab_size\"", "\"embedding_size\": 96, \"vocab_size\"", "embedding_size"),
      ("\"vocab_size\"", "\"pooler_hidden_act\": \"tanh\", \"vocab_size\"", "pooler_hidden_act"),
    ])
  func variants(old: String, new: String, field: String) throws {
    #expect {
      _ = try Self.configuration([(old, new)])
    } throws: { error in
      guard case .invalid(_, let faults)? = error as? ReferenceError else { return false }
      return faults.map(\.place) == [.field(field)]
    }
  }
}
