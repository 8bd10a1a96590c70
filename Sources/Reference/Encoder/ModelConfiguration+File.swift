import Basics
public import Foundation

extension ModelConfiguration {
  /// Reads and checks `config.json`. Throws ``ReferenceError`` with every field that is missing, out
  /// of range, or not supported (another activation than exact GELU, relative positions other than
  /// DeBERTa-v3's, a decoder).
  public init(contentsOf url: URL) throws {
    var fields = ConfigurationFields(
      document: try ByteJSON(contentsOf: url, expected: "a Hugging Face config.json"))
    let kind = fields.kind()
    fields.expect("hidden_act", oneOf: ["gelu", "gelu_python"])
    let positionCount = fields.count(
      "max_position_embeddings", minimum: kind == .debertaV2 ? 4 : 1)
    let positions = kind == .debertaV2 ? fields.relativePositions(positionCount) : nil
    if kind != .debertaV2 { fields.expect("position_embedding_type", oneOf: ["absolute"]) }
    fields.check("is_decoder", expected: "false") { $0.bool != true }
    let hiddenDropout = fields.probability("hidden_dropout_prob", default: 0.1)
    self.init(
      kind: kind, vocabularySize: fields.count("vocab_size"),
      hiddenSize: fields.count("hidden_size", maximum: 1 << 20),
      layerCount: fields.count("num_hidden_layers"),
      headCount: fields.count("num_attention_heads"),
      intermediateSize: fields.count("intermediate_size", maximum: 1 << 20),
      positionCount: positionCount,
      tokenTypeCount: kind == .debertaV2 ? 0 : fields.count("type_vocab_size", default: 2),
      paddingToken: fields.count("pad_token_id", minimum: 0, default: kind == .roberta ? 1 : 0),
      layerNormEpsilon: fields.number("layer_norm_eps", default: kind == .debertaV2 ? 1e-7 : 1e-12),
      hiddenDropout: hiddenDropout,
      attentionDropout: fields.probability("attention_probs_dropout_prob", default: 0.1),
      classifierDropout: fields.probability(
        kind == .debertaV2 ? "cls_dropout" : "classifier_dropout", default: hiddenDropout),
      poolerDropout: kind == .debertaV2 ? fields.probability("pooler_dropout", default: 0) : 0,
      initializerRange: fields.number("initializer_range", default: 0.02),
      relativePositions: positions)
    let (hiddenSize, vocabularySize) = (hiddenSize, vocabularySize)
    let (heads, padding) = (headCount, paddingToken)
    // Only numbers that are in order by themselves are compared.
    if fields.faults.isEmpty {
      fields.check("num_attention_heads", expected: "a divisor of hidden_size \(hiddenSize)") { _ in
        hiddenSize % heads == 0
      }
      fields.check("pad_token_id", expected: "a token below vocab_size \(vocabularySize)") { _ in
        padding < vocabularySize
      }
      let length = maximumLength
      fields.check("max_position_embeddings", expected: "more than pad_token_id + 1") { _ in
        length > 0
      }
      if kind == .debertaV2 { fields.checkWidths(hidden: hiddenSize, heads: heads) }
    }
    guard fields.faults.isEmpty else {
      throw ReferenceError.invalid(path: url.path, faults: fields.faults)
    }
  }
}

/// Typed access to the fields of `config.json`; a null counts as missing. A field with a fault is
/// noted, and its reader returns a value in range.
private struct ConfigurationFields {
  let document: ByteJSON
  private(set) var faults: [ReferenceError.Diagnostic] = []

  init(document: ByteJSON) { self.document = document }

  fileprivate func present(_ name: String) -> ByteJSON? {
    document[name].flatMap { $0.isNull ? nil : $0 }
  }

  fileprivate mutating func note(_ name: String, expected: String) {
    faults.append(
      .init(.field(name), found: present(name)?.kind ?? "nothing", expected: expected))
  }

  /// Notes a fault where the field is there and does not fit.
  mutating func check(_ name: String, expected: String, _ fits: (ByteJSON) -> Bool) {
    if !(present(name).map(fits) ?? true) { note(name, expected: expected) }
  }

  mutating func expect(_ name: String, oneOf values: [String]) {
    check(name, expected: values.joined(separator: " or ")) { values.contains($0.string ?? "") }
  }

  mutating func kind() -> ModelKind {
    if let kind = present("model_type")?.string.flatMap(ModelKind.init) { return kind }
    note("model_type", expected: "roberta, bert or deberta-v2")
    return .roberta
  }

  /// A width is at most 2^20, so that the sizes of the tensors of any number of layers add up.
  mutating func count(
    _ name: String, minimum: Int = 1, maximum: Int = 1 << 24, default standard: Int? = nil
  ) -> Int {
    if present(name) == nil, let standard { return standard }
    if let count = present(name)?.count, (minimum...maximum).contains(count) { return count }
    note(name, expected: "a whole number from \(minimum) to \(maximum)")
    return minimum
  }

  mutating func number(
    _ name: String, default standard: Double, expected: String = "a positive number",
    _ fits: (Double) -> Bool = { $0 > 0 }
  ) -> Double {
    check(name, expected: expected) { $0.number.map(fits) ?? false }
    return present(name)?.number ?? standard
  }

  mutating func probability(_ name: String, default standard: Double) -> Double {
    number(name, default: standard, expected: "a probability below 1") { (0..<1).contains($0) }
  }
}

/// What DeBERTa-v2's architecture leaves open and version 3 settles.
extension ConfigurationFields {
  /// Notes every variant that is not computed. What a file leaves out has the architecture's default,
  /// which is another variant for most fields.
  fileprivate mutating func relativePositions(_ positionCount: Int) -> RelativePositions {
    require("relative_attention", expected: "true: attention without relative positions is") {
      $0.bool == true
    }
    require("position_biased_input", expected: "false: absolute positions are") {
      $0.bool == false
    }
    require("share_att_key", expected: "true: separate projections of positions are") {
      $0.bool == true
    }
    require("norm_rel_ebd", expected: "layer_norm: positions without a layer norm are") {
      $0.string?.lowercased() == "layer_norm"
    }
    require("pos_att_type", expected: "c2p and p2c: other position terms are") {
      Set(Self.positionTerms($0)) == ["c2p", "p2c"]
    }
    check("type_vocab_size", expected: "0: token types are not supported") { $0.count == 0 }
    check("conv_kernel_size", expected: "0: DeBERTa-v2's convolution is not supported") {
      $0.count == 0
    }
    expect("pooler_hidden_act", oneOf: ["gelu", "gelu_python"])
    let expected = "below 1, or a whole number from 4 to \(1 << 24)"
    let distance = number("max_relative_positions", default: -1, expected: expected) {
      $0 < 1 || $0 == $0.rounded() && (4...0x1p24).contains($0)
    }
    let maximum = distance < 4 ? positionCount : Int(exactly: distance) ?? positionCount
    // The logarithm of a distance counts between B / 2 and M - 1.
    let buckets = count("position_buckets", minimum: 2, maximum: min(1 << 16, 2 * maximum - 4))
    return RelativePositions(bucketCount: buckets, maximumDistance: maximum)
  }

  /// Notes a fault where the field has another value than version 3's, or none.
  private mutating func require(_ name: String, expected: String, _ fits: (ByteJSON) -> Bool) {
    if !(present(name).map(fits) ?? false) { note(name, expected: expected + " not supported") }
  }

  /// A list, or the terms in one string with bars between them.
  private static func positionTerms(_ value: ByteJSON) -> [String] {
    let text = value.string ?? value.array?.map { $0.string ?? "?" }.joined(separator: "|") ?? ""
    return text.lowercased().split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  fileprivate mutating func checkWidths(hidden: Int, heads: Int) {
    for name in ["embedding_size", "pooler_hidden_size"] {
      check(name, expected: "hidden_size \(hidden)") { $0.count == hidden }
    }
    check("attention_head_size", expected: "hidden_size / num_attention_heads") {
      $0.count == hidden / heads
    }
  }
}
