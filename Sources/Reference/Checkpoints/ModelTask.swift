import Basics
public import Foundation

/// What a fine-tuned model reads of a row and predicts of it; its `config.json` carries it.
public struct ModelTask: Equatable, Sendable {
  /// What each output predicts, without the variances of a ``HeadKind/gaussian`` head; Hugging Face's
  /// `id2label`.
  public var outputs: [String]
  public var input: InputSettings

  public init(outputs: [String] = [Self.unnamed(0)], input: InputSettings = InputSettings()) {
    (self.outputs, self.input) = (outputs, input)
  }

  /// Hugging Face's name for output `index` where it has none of its own.
  public static func unnamed(_ index: Int) -> String { "LABEL_\(index)" }

  /// Ends the name of the output whose softplus is the variance of a target.
  static let varianceSuffix = "_variance_before_softplus"

  /// Writes the task into the fields of a `config.json`.
  func write(to document: inout [String: Any], head: HeadKind) {
    let names = outputs + (head == .gaussian ? outputs.map { $0 + Self.varianceSuffix } : [])
    document["num_labels"] = names.count
    document["id2label"] = Dictionary(
      uniqueKeysWithValues: names.enumerated().map { ("\($0)", $1) })
    document["label2id"] = Dictionary(
      names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    document[InputSettings.field] = input.isPlain ? nil : input.document
  }
}

/// What is read of a row beside its text.
public struct InputSettings: Equatable, Sendable, Codable {
  /// Texts of the same cluster before the row's own, at most; 0 for none.
  public var context = 0
  /// The cluster whose rows are each other's context.
  public var contextBy: String?
  /// The attribute, a number, that orders the rows of a cluster; nil for the file's order.
  public var contextOrder: String?
  /// The second text of a pair: an attribute, or ``pairColumn``; nil for none.
  public var pair: String?
  /// The longest sequence that was trained on, in tokens.
  public var maxLength: Int?

  /// What ``pair`` says for the benchmark's column of second texts.
  public static let pairColumn = "pair"

  public init() {}

  /// Whether a row's text is all that is read.
  public var isPlain: Bool { context == 0 && pair == nil }

  /// The key of `config.json` that the settings stand under, unless they are plain.
  static let field = "invitro_input"

  fileprivate var document: [String: Any] {
    let fields: [String: Any?] = [
      "context": context, "context_by": contextBy, "context_order": contextOrder, "pair": pair,
      "max_length": maxLength,
    ]
    return fields.compactMapValues { $0 }
  }
}

extension ModelDirectory {
  /// Outputs of the head in the weights; 1 without a head.
  public var outputCount: Int {
    let layout = ParameterLayout(configuration, head: headKind)
    let shape = layout.parameters.last.flatMap { tensors.find($0.name)?.1.shape }
    return shape.flatMap { $0.first }.map { max(1, $0) } ?? 1
  }

  /// What `config.json` says that the model reads and predicts. Throws ``ReferenceError`` with every
  /// field that is malformed or does not fit the weights.
  public func task() throws -> ModelTask {
    let file = url.appending(path: "config.json")
    let document = try ByteJSON(contentsOf: file, expected: "a Hugging Face config.json")
    var faults: [ReferenceError.Diagnostic] = []
    let task = ModelTask(
      outputs: outputs(document, &faults), input: Self.input(document, &faults))
    guard faults.isEmpty else { throw ReferenceError.invalid(path: file.path, faults: faults) }
    return task
  }

  private func outputs(
    _ document: ByteJSON, _ faults: inout [ReferenceError.Diagnostic]
  ) -> [String] {
    let (all, numbers) = (outputCount, headKind.numbersPerTarget)
    if all % numbers != 0 {
      faults.append(
        .init(
          .field("invitro_head"), found: "gaussian, with \(all) outputs",
          expected: "two outputs for each target"))
    }
    let count = max(1, all / numbers)
    guard let labels = document["id2label"]?.members else {
      return (0..<count).map(ModelTask.unnamed)
    }
    let named = (0..<count).map { index in
      labels.first { $0.name == Array("\(index)".utf8) }?.value.string
    }
    let names = named.compactMap { $0 }
    if names.count != count || labels.count != all {
      faults.append(
        .init(
          .field("id2label"), found: "\(labels.count) names",
          expected: "\(all), one for each output of the head"))
    }
    return names
  }

  private static func input(
    _ document: ByteJSON, _ faults: inout [ReferenceError.Diagnostic]
  ) -> InputSettings {
    var settings = InputSettings()
    guard let fields = document[InputSettings.field] else { return settings }
    func read<Value>(
      _ name: String, _ expected: String, _ value: (ByteJSON) -> Value?
    ) -> Value? {
      guard let found = fields[name], !found.isNull else { return nil }
      let read = value(found)
      if read == nil {
        let place = "\(InputSettings.field).\(name)"
        faults.append(.init(.field(place), found: found.kind, expected: expected))
      }
      return read
    }
    settings.context = read("context", "a whole number") { $0.count } ?? 0
    settings.contextBy = read("context_by", "a cluster's name") { $0.string }
    settings.contextOrder = read("context_order", "an attribute's name") { $0.string }
    settings.pair = read("pair", "an attribute's name") { $0.string }
    settings.maxLength = read("max_length", "a whole number") { $0.count }
    return settings
  }
}
