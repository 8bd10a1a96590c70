import Basics
public import Foundation

/// A Hugging Face model folder: `config.json` and the files of its weights, opened and checked:
/// `model.safetensors`, else `pytorch_model.bin`, each also as shards with their index. Tensors are
/// found without the family's prefix too, and a norm's as `gamma` and `beta`.
public struct ModelDirectory: Sendable {
  public let url: URL
  public let configuration: ModelConfiguration
  let tensors: CheckpointTensors

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
      files: try Self.weightFiles(url).map { (file) -> any WeightFile in
        if file.pathExtension == "bin" { try PyTorchFile(file) } else { try Safetensors(file) }
      }, kind: configuration.kind)
    let problems = tensors.problems(with: configuration)
    guard problems.isEmpty else {
      throw ReferenceError.checkpoint(path: url.path, problems: problems)
    }
  }

  private static func weightFiles(_ folder: URL) throws -> [URL] {
    for name in ["model.safetensors", "pytorch_model.bin"] {
      let (file, index) = (
        folder.appending(path: name), folder.appending(path: "\(name).index.json")
      )
      if FileManager.default.fileExists(atPath: file.path) { return [file] }
      if FileManager.default.fileExists(atPath: index.path) { return try shards(index) }
    }
    throw ReferenceError.missingFile(
      path: folder.appending(path: "model.safetensors").path,
      expected: "the weights, or pytorch_model.bin, or the index of either beside its shards")
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
    /// Tensors of the checkpoint that the model does not use, but for those that are known to be of
    /// no use to it, such as the heads of the pre-training.
    public var unused: [String] = []

    public init() {}

    /// Names what is unused; nil for nothing.
    public var note: String? {
      guard !unused.isEmpty else { return nil }
      let names = unused.prefix(5).map { "\($0.prefix(200))" }.joined(separator: ", ")
      return "\(unused.count) tensors of the checkpoint are not used: \(names)"
        + (unused.count > 5 ? " and others" : "")
    }
  }

  /// Builds an engine with this folder's weights and `outputCount` outputs. A head that the checkpoint
  /// lacks, or any with `freshHead`, is initialised from `seed`. Throws ``ReferenceError`` for a
  /// precision that the processor lacks, and with all missing, misshapen or non-floating tensors at once.
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
    var found: [(parameter: Parameter, file: any WeightFile, name: String)] = []
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
    report.unused = tensors.names.filter { !used.contains($0) && !tensors.isKnownExtra($0) }
      .sorted()
    return (engine, report)
  }

  /// Files of tokenizers that are not JSON.
  private static let vocabularies = ["merges.txt", "spm.model", "vocab.txt"]

  /// Copies the tokenizer's files to `folder`, and writes `config.json` for the head and its task.
  func copyCompanions(to folder: URL, head: HeadKind, task: ModelTask) throws {
    let manager = FileManager.default
    for name in try manager.contentsOfDirectory(atPath: url.path).sorted()
    where name != "config.json" && !name.hasSuffix(".index.json")
      && (name.hasSuffix(".json") || Self.vocabularies.contains(name))
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
    if head.hasDense {
      document["architectures"] = ["\(family)ForSequenceClassification"]
      document["problem_type"] = "regression"
    } else {
      document["architectures"] = ["\(family)Model"]
    }
    document["invitro_head"] = head == .classification ? nil : head.rawValue
    task.write(to: &document, head: head)
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
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let isSafe = names.contains { $0.hasSuffix(".safetensors") }
    let weights = names.filter {
      isSafe ? $0.hasSuffix(".safetensors") : $0.hasPrefix("pytorch_model") && $0.hasSuffix(".bin")
    }
    return try digest(of: ["config.json"] + tokenizerFiles + weights, in: folder)
  }

  /// SHA-256 over the names and contents of the tokenizer's files in `folder`.
  public static func tokenizerDigest(of folder: URL) throws -> String {
    try digest(of: tokenizerFiles, in: folder)
  }

  private static let tokenizerFiles =
    vocabularies + [
      "tokenizer.json", "tokenizer_config.json", "added_tokens.json", "special_tokens_map.json",
      "vocab.json",
    ]

  /// SHA-256 over the names and contents of those of `files` that are in `folder`.
  private static func digest(of files: [String], in folder: URL) throws -> String {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    var digest = Digest()
    for name in names.sorted() where files.contains(name) {
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
  /// configuration and tokenizer files: a folder that `from_pretrained` loads. `task` has the
  /// head's targets.
  public func save(
    to folder: URL, companionsFrom source: ModelDirectory?, task: ModelTask = ModelTask()
  ) throws {
    precondition(
      task.outputs.count * head.numbersPerTarget == outputCount, "a name for each target")
    try ReferenceError.naming(folder) {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try source?.copyCompanions(to: folder, head: head, task: task)
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
