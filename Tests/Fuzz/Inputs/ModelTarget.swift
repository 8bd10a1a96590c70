import Basics
import Foundation
import Reference
import Study

/// A model folder one file of which is hostile, for `predict` or `train`.
struct ModelTarget: FuzzTarget {
  enum File: String {
    case configuration = "config.json"
    case tokenizer = "tokenizer.json"
    case vocabulary = "vocab.txt"
    case weights = "model.safetensors"
    case pickle = "pytorch_model.bin"
    case pieces = "spm.model"

    fileprivate var forms: [TinyModels.Form] {
      switch self {
      case .vocabulary: [.bertVocabulary]
      case .pieces: [.debertaPieces]
      case .tokenizer: [.bert, .roberta, .deberta]
      case .configuration, .weights: [.bertVocabulary, .roberta, .debertaPieces]
      case .pickle: [.roberta, .debertaPieces]
      }
    }
  }

  enum Command: String { case predict, train }

  let file: File
  let command: Command
  let seeds: [[UInt8]]
  /// `checkFailed`: the loss is not finite.
  let refusals: [ExitStatus] = [.badData, .checkFailed]
  private let folder: URL
  private let models: [URL]
  /// The seeds read as JSON; of the weights, their headers.
  private let documents: [JSONTree?]
  /// The seeds' parts; of pickled weights alone.
  private let pickles: [PickleInputs]

  private static let texts = [
    "The sad thing's the news: I can't stop thinking of them!", "",
    "a\u{301} \u{1F600} 悲 \u{0} <mask> [MASK]",
    String(repeating: "sadness ", count: 60),
  ]

  init(file: File, command: Command, folder: URL) throws {
    (self.file, self.command, self.folder) = (file, command, folder)
    models = file.forms.map { folder.appending(path: "\($0)") }
    for (form, model) in zip(file.forms, models) { try TinyModels.write(form, to: model) }
    pickles = try file == .pickle ? models.map { try PickleInputs(replacingWeightsIn: $0) } : []
    seeds = try models.map { [UInt8](try Data(contentsOf: $0.appending(path: file.rawValue))) }
    documents = seeds.map { bytes in
      switch file {
      case .vocabulary, .pickle, .pieces: nil
      case .configuration, .tokenizer: try? JSONTree(bytes)
      case .weights: try? JSONTree(Array(Self.header(of: bytes)))
      }
    }
  }

  private static func header(of weights: [UInt8]) -> ArraySlice<UInt8> {
    let length = (0..<8).reduce(0) { $0 | Int(weights[$1]) << (8 * $1) }
    return weights[8..<8 + length]
  }

  func mutate(_ bytes: inout [UInt8], seed: Int, _ random: inout SplitMix64) {
    switch file {
    case .pickle: return pickles[seed].mutate(&bytes, &random)
    case .pieces where Bool.random(using: &random):
      return bytes = TinyModels.changedPieces(&random)
    default: break
    }
    guard var document = documents[seed], Int.random(in: 0..<4, using: &random) > 0 else {
      return TextMutation.mutate(&bytes, &random)
    }
    guard file == .weights else {
      document.mutate(&random)
      bytes = document.bytes
      return
    }
    if Int.random(in: 0..<4, using: &random) == 0 {
      return Self.damageFloats(&bytes, from: Self.header(of: bytes).endIndex, &random)
    }
    let data = bytes[Self.header(of: bytes).endIndex...]
    document.mutate(&random)
    let header = document.bytes
    // The length is right, but for a few.
    let lengths = [UInt64(header.count) + 1, 1 << 20, 1 << 40, .max, 0]
    let isWrong = Int.random(in: 0..<10, using: &random) == 0
    let length = isWrong ? lengths.randomElement(using: &random) ?? 0 : UInt64(header.count)
    bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(8 * $0)) } + header + data
  }

  /// Puts numbers that no training makes among the weights, which begin at `start`.
  static func damageFloats(
    _ bytes: inout [UInt8], from start: Int, _ random: inout SplitMix64
  ) {
    let values: [Float] = [.nan, .infinity, 3e38, -3e38, 1e20, 1e10, 1e5, -1000, 1e-45, 0]
    let bits = (values.randomElement(using: &random) ?? 0).bitPattern
    for _ in 0..<Int.random(in: 1...200, using: &random) {
      let place = start + 4 * Int.random(in: 0..<(bytes.count - start) / 4, using: &random)
      for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: bits >> (8 * index)) }
    }
  }

  func run(_ bytes: [UInt8], seed: Int) throws {
    let model = models[seed]
    let target = model.appending(path: file.rawValue)
    // A new file each time: the last one may still be mapped.
    try? FileManager.default.removeItem(at: target)
    try Data(bytes).write(to: target)
    switch command {
    case .predict:
      let values = try Predictor(model: model, threads: 1).predict(Self.texts.map { TextInput($0) })
        .means.flatMap(\.self)
      guard values.count == Self.texts.count, values.allSatisfy(\.isFinite) else {
        throw FuzzFailure("predictions \(values) of \(Self.texts.count) texts")
      }
    case .train: try train(model)
    }
  }

  /// One step, one validation, and the checkpoints.
  private func train(_ model: URL) throws {
    var configuration = TrainingConfiguration()
    (configuration.epochs, configuration.threads) = (1, 1)
    let out = folder.appending(path: "run")
    try? FileManager.default.removeItem(at: out)
    let run = try TrainingRun.start(
      model, training: LabelledRows(Self.texts, labels: [1, 2, 3, 4]),
      validation: LabelledRows(Array(Self.texts.prefix(3)), labels: [1, 3, 2]), maxLength: 40,
      configuration: configuration, folder: out, resume: false)
    let outcome = try run.run()
    guard outcome.steps == 1 else { throw FuzzFailure("\(outcome.steps) steps instead of 1") }
  }
}
