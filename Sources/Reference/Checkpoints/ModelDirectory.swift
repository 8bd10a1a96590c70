import Basics
public import Foundation

/// A Hugging Face model folder: `config.json` and its safetensors files, opened and checked.
/// Tensors are found without the family's prefix too, and a norm's as `gamma` and `beta`.
public struct ModelDirectory: Sendable {
  public let url: URL
  public let configuration: ModelConfiguration
  private let tensors: CheckpointTensors

  /// Opens the folder. Throws ``ReferenceError``: a file is missing, broken, or not supported, or the
  /// sizes in `config.json` are not those of the weights (all of them at once, exit code 65). Reads
  /// the headers of the weights only.
  public init(_ url: URL) throws {
    self.url = url
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder),
      isFolder.boolValue
    else {
      throw ReferenceError.missingFile(path: url.path, expected: "a Hugging Face model folder")
    }
    configuration = try ModelConfiguration(contentsOf: url.appending(path: "config.json"))
    tensors = CheckpointTensors(
      files: try Self.weightFiles(url).map { try Safetensors($0) }, kind: configuration.kind)
    let problems = tensors.problems(with: configuration)
    guard problems.isEmpty else {
      throw ReferenceError.checkpoint(path: url.path, problems: problems)
    }
  }

  private static func weightFiles(_ folder: URL) throws -> [URL] {
    func existing(_ name: String) -> URL? {
      let file = folder.appending(path: name)
      return FileManager.default.fileExists(atPath: file.path) ? file : nil
    }
    if let file = existing("model.safetensors") { return [file] }
    if let index = existing("model.safetensors.index.json") { return try shards(index) }
    guard existing("pytorch_model.bin") == nil, existing("pytorch_model.bin.index.json") == nil
    else { throw ReferenceError.pickledWeightsOnly(folder: folder.path) }
    throw ReferenceError.missingFile(
      path: folder.appending(path: "model.safetensors").path,
      expected: "the weights, or model.safetensors.index.json beside its shards")
  }

  /// The files that the index of a sharded checkpoint names, each once.
  private static func shards(_ index: URL) throws -> [URL] {
    let document = try ByteJSON(contentsOf: index, expected: "the index of the weights")
    guard let map = document["weight_map"]?.members else {
      throw ReferenceError.invalid(
        index, at: .field("weight_map"), found: "none", expected: "an object of file names")
    }
    let folder = index.deletingLastPathComponent()
    let names = Set(map.map { $0.value.string ?? $0.value.kind }).sorted()
    // A shard's name is outside input: it may not leave the folder.
    let missing = names.filter {
      $0.contains("/") || !FileManager.default.fileExists(atPath: folder.appending(path: $0).path)
    }
    guard missing.isEmpty else {
      throw ReferenceError.checkpoint(
        path: index.path, problems: missing.map { .missingShard(file: $0) })
    }
    return names.map { folder.appending(path: $0) }
  }

  /// What was initialised or ignored when weights were loaded.
  public struct LoadReport: Equatable, Sendable {
    /// Parameters of the head that were initialised at random.
    public var initialised: [String] = []
    /// Tensors of the checkpoint that the model does not use.
    public var unused: [String] = []

    public init() {}
  }

  /// Builds an engine with this folder's weights and `outputCount` outputs. A head that the checkpoint lacks, or any with
  /// `freshHead`, is initialised from `seed`. Throws ``ReferenceError`` for a precision that the
  /// processor lacks, and with all missing, misshapen or non-floating tensors at once.
  public func makeEngine(
    head: HeadKind = .classification, outputCount: Int = 1, threads: Int, seed: UInt64 = 0,
    freshHead: Bool = false, precision: Precision = .float32
  ) throws -> (engine: EncoderEngine, report: LoadReport) {
    guard precision.isSupported else {
      throw ReferenceError.setting(
        name: "precision", found: precision.rawValue,
        expected: "float32: this processor has no AVX-512 BF16")
    }
    var report = LoadReport()
    var problems: [ReferenceError.CheckpointProblem] = []
    var found: [(parameter: Parameter, file: Safetensors, name: String)] = []
    var fresh: [Parameter] = []
    // Everything is looked up in the headers before the engine takes any memory.
    let layout = ParameterLayout(configuration, head: head, outputCount: outputCount)
    for parameter in layout.parameters {
      let (name, shape) = (parameter.name, parameter.shape)
      if let (file, entry) = tensors.find(name), !(freshHead && parameter.isHead) {
        found.append((parameter, file, entry.name))
        problems += file.problem(entry.name, shape: shape).map { [$0] } ?? []
      } else if parameter.isHead {
        fresh.append(parameter)
      } else {
        problems.append(.missing(name: name, shape: shape))
      }
    }
    guard problems.isEmpty else {
      throw ReferenceError.checkpoint(path: url.path, problems: problems)
    }
    let engine = EncoderEngine(
      configuration: configuration, head: head, outputCount: outputCount, threadCount: threads,
      precision: precision)
    for (parameter, file, name) in found {
      _ = file.load(name, shape: parameter.shape, into: engine.values(of: parameter))
    }
    var random = SplitMix64(seed: seed)
    for parameter in fresh { engine.initialise(parameter, &random) }
    report.initialised = fresh.map(\.name)
    let used = Set(found.map(\.name))
    report.unused = tensors.names.filter { !used.contains($0) }.sorted()
    return (engine, report)
  }

  /// Copies the tokenizer's files to `folder`, and writes `config.json` for the head.
  func copyCompanions(to folder: URL, head: HeadKind) throws {
    let manager = FileManager.default
    for name in try manager.contentsOfDirectory(atPath: url.path).sorted()
    where name != "config.json" && !name.hasSuffix(".index.json")
      && (name.hasSuffix(".json") || name == "merges.txt" || name == "vocab.txt")
    {
      try AtomicFile.write(
        Data(contentsOf: url.appending(path: name)), to: folder.appending(path: name))
    }
    let source = try Data(contentsOf: url.appending(path: "config.json"))
    guard var document = try JSONSerialization.jsonObject(with: source) as? [String: Any] else {
      return
    }
    let family =
      switch configuration.kind {
      case .roberta: "Roberta"
      case .bert: "Bert"
      case .debertaV2: "DebertaV2"
      }
    if head == .classification {
      document["architectures"] = ["\(family)ForSequenceClassification"]
      document["problem_type"] = "regression"
      document["id2label"] = ["0": "LABEL_0"]
      document["label2id"] = ["LABEL_0": 0]
    } else {
      document["architectures"] = ["\(family)Model"]
      document["invitro_head"] = head.rawValue
    }
    document["dtype"] = "float32"
    document["torch_dtype"] = nil
    let text = try JSONSerialization.data(
      withJSONObject: document, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    try AtomicFile.write(text, to: folder.appending(path: "config.json"))
  }

  /// The head that the folder was saved with.
  public var headKind: HeadKind {
    let file = url.appending(path: "config.json")
    let document = try? ByteJSON(contentsOf: file, expected: "a Hugging Face config.json")
    return document?["invitro_head"]?.string.flatMap(HeadKind.init) ?? .classification
  }

  /// SHA-256 over the names and contents of the files that a run takes from `folder`:
  /// configuration, weights and tokenizer. Throws ``ReferenceError`` for a file that can't be read.
  public static func digest(of folder: URL) throws -> String {
    let tokenizer = [
      "config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt",
      "vocab.txt",
    ]
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    var digest = Digest()
    for name in names.sorted() where tokenizer.contains(name) || name.hasSuffix(".safetensors") {
      let file = folder.appending(path: name)
      let data = try ReferenceError.read(
        file, expected: "a file of the model", options: .alwaysMapped)
      digest.update("\(name)\u{0}\(data.count)\u{0}")
      digest.update(data)
    }
    return digest.hexadecimal
  }
}

extension EncoderEngine {
  /// Writes the weights to `folder`/model.safetensors, atomically, and, from `source`, the
  /// configuration and tokenizer files: a folder that `from_pretrained` loads.
  public func save(to folder: URL, companionsFrom source: ModelDirectory?) throws {
    try ReferenceError.naming(folder) {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try source?.copyCompanions(to: folder, head: head)
    }
    try SafetensorsWriter.write(
      layout.parameters.map { ($0.name, $0.shape, UnsafeBufferPointer(values(of: $0))) },
      to: folder.appending(path: "model.safetensors"))
  }

  /// Initialises all weights as those of a new model: N(0, σ²) for tables and matrices, 1 for
  /// gains, 0 for the rest. For measurements without a pretrained model.
  public func initialise(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for parameter in layout.parameters { initialise(parameter, &random) }
  }

  fileprivate func initialise(_ parameter: Parameter, _ random: inout SplitMix64) {
    let values = values(of: parameter)
    guard parameter.shape.count == 2 else {
      return values.update(repeating: parameter.name.hasSuffix("LayerNorm.weight") ? 1 : 0)
    }
    // Box and Muller's transform.
    for i in stride(from: 0, to: values.count, by: 2) {
      let radius = (-2 * log(random.uniformInside())).squareRoot() * configuration.initializerRange
      let angle = 2 * Double.pi * random.uniformInside()
      values[i] = Float(radius * cos(angle))
      if i + 1 < values.count { values[i + 1] = Float(radius * sin(angle)) }
    }
  }
}
