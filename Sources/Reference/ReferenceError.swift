public import Basics

/// What can go wrong while a model is read, trained or used.
public enum ReferenceError: CommandError {
  /// A file cannot be opened, read, mapped, written or renamed; `reason` is the system's text.
  case file(path: String, reason: String)
  /// A file or folder that has to be there is not.
  case missingFile(path: String, expected: String)
  /// The folder holds `pytorch_model.bin` and no safetensors file.
  case pickledWeightsOnly(folder: String)
  /// A safetensors file breaks a rule of its format.
  case safetensors(path: String, problem: SafetensorsProblem)
  /// Faults of a checkpoint against its configuration, all of them at once.
  case checkpoint(path: String, problems: [CheckpointProblem])
  /// A field of `config.json` is missing or has a value that the encoder does not support.
  case configuration(path: String, field: String, found: String, expected: String)
  /// A batch that the encoder cannot take.
  case batch(sequence: Int, problem: BatchProblem)
  /// The loss or the gradient stopped being finite; nothing was written after `lastGood`.
  case notFinite(quantity: String, step: Int, lastGood: String?)
  /// A training setting outside its range.
  case setting(name: String, found: String, expected: String)
  /// A file of numbers that is not of the kind expected.
  case array(path: String, found: String, expected: String)
  /// A run folder that cannot be resumed from, or that would be overwritten.
  case run(folder: String, problem: String)

  /// The exit code a command ends with.
  public var exitStatus: ExitStatus {
    switch self {
    case .missingFile, .pickledWeightsOnly: .missingInput
    case .setting: .usage
    case .file: .unavailable
    case .notFinite: .checkFailed
    case .safetensors, .checkpoint, .configuration, .batch, .array, .run: .badData
    }
  }

  public var description: String {
    switch self {
    case .file(let path, let reason): "\(path): \(reason)"
    case .missingFile(let path, let expected): "\(path) is missing: expected \(expected)"
    case .pickledWeightsOnly(let folder):
      """
      \(folder) holds pytorch_model.bin and no model.safetensors. Convert it once with
        python -c "import torch, safetensors.torch as s; d='\(folder)/'; \
      s.save_file({k: v.clone().contiguous() for k, v in \
      torch.load(d+'pytorch_model.bin', weights_only=True).items()}, d+'model.safetensors')"
      """
    case .safetensors(let path, let problem): "\(path): \(problem)"
    case .checkpoint(let path, let problems):
      ([
        "\(path) does not fit its configuration (\(problems.count) fault\(problems.count == 1 ? "" : "s")):"
      ] + problems.map { "  \($0)" }).joined(separator: "\n")
    case .configuration(let path, let field, let found, let expected):
      "\(path): field \(field): found \(found), expected \(expected)"
    case .batch(let sequence, let problem): "sequence \(sequence) of the batch: \(problem)"
    case .notFinite(let quantity, let step, let lastGood):
      "the \(quantity) is not finite at step \(step); "
        + (lastGood.map { "the last good checkpoint stands in \($0)" }
          ?? "no checkpoint was written yet")
        + ". Try a smaller learning rate or gradient clipping."
    case .setting(let name, let found, let expected):
      "setting \(name): found \(found), expected \(expected)"
    case .array(let path, let found, let expected): "\(path): found \(found), expected \(expected)"
    case .run(let folder, let problem): "run folder \(folder): \(problem)"
    }
  }
}

/// A rule of the safetensors format that a file breaks.
public enum SafetensorsProblem: Equatable, Sendable, CustomStringConvertible {
  case tooShort(bytes: Int)
  case headerTooLong(declared: UInt64, limit: Int)
  case headerOutsideFile(declared: UInt64, available: Int)
  case headerNotJSON(byte: Int, reason: String)
  case duplicateName(String)
  case tensor(name: String, problem: String)
  case unknownType(name: String, found: String)
  case offsetOutsideFile(name: String, begin: Int, end: Int, available: Int)
  case sizeMismatch(name: String, shape: [Int], expectedBytes: Int, foundBytes: Int)
  case overlap(first: String, second: String)
  case gap(at: Int, bytes: Int)

  public var description: String {
    switch self {
    case .tooShort(let bytes):
      "\(bytes) bytes are too few for a safetensors file (truncated download?)"
    case .headerTooLong(let declared, let limit):
      "declares a header of \(declared) bytes, the limit is \(limit): not a safetensors file?"
    case .headerOutsideFile(let declared, let available):
      "declares a header of \(declared) bytes, but only \(available) follow (truncated download?)"
    case .headerNotJSON(let byte, let reason): "header, byte \(byte): \(reason)"
    case .duplicateName(let name): "tensor \(name) is listed twice"
    case .tensor(let name, let problem): "tensor \(name): \(problem)"
    case .unknownType(let name, let found):
      "tensor \(name): dtype \(found), expected one of F32, F16, BF16 (or an integer type)"
    case .offsetOutsideFile(let name, let begin, let end, let available):
      "tensor \(name): bytes \(begin)..<\(end) lie outside the \(available) bytes of data"
        + " (truncated download?)"
    case .sizeMismatch(let name, let shape, let expected, let found):
      "tensor \(name): shape \(shape) takes \(expected) bytes, its offsets span \(found)"
    case .overlap(let first, let second): "tensors \(first) and \(second) overlap"
    case .gap(let at, let bytes): "\(bytes) bytes of data at \(at) belong to no tensor"
    }
  }
}

/// A tensor of a checkpoint that does not fit the configuration.
public enum CheckpointProblem: Equatable, Sendable, CustomStringConvertible {
  case missing(name: String, shape: [Int])
  case wrongShape(name: String, found: [Int], expected: [Int])
  case notFloating(name: String, found: String)
  case missingShard(file: String)

  public var description: String {
    switch self {
    case .missing(let name, let shape): "tensor \(name) \(shape) is missing"
    case .wrongShape(let name, let found, let expected):
      "tensor \(name): found shape \(found), expected \(expected)"
    case .notFloating(let name, let found):
      "tensor \(name): found dtype \(found), expected F32, F16 or BF16"
    case .missingShard(let file): "the index names \(file), which is not there"
    }
  }
}

/// Why a sequence cannot be packed.
public enum BatchProblem: Equatable, Sendable, CustomStringConvertible {
  case empty
  case tooLong(tokens: Int, limit: Int)
  case tokenOutsideVocabulary(token: Int, vocabulary: Int)
  case typeOutsideRange(type: Int, types: Int)
  case firstTokenMasked
  case lengthsDiffer(tokens: Int, mask: Int)

  public var description: String {
    switch self {
    case .empty: "it has no tokens"
    case .tooLong(let tokens, let limit):
      "\(tokens) tokens, the model has \(limit) positions: truncate it"
    case .tokenOutsideVocabulary(let token, let vocabulary):
      "token id \(token) is outside the vocabulary of \(vocabulary): wrong tokenizer for the model?"
    case .typeOutsideRange(let type, let types): "token type \(type), the model has \(types)"
    case .firstTokenMasked: "its first token is masked, but the head reads it"
    case .lengthsDiffer(let tokens, let mask): "\(tokens) tokens and \(mask) mask values"
    }
  }
}
