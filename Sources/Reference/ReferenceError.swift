public import Basics
package import Foundation

/// What can go wrong with models, tokenizers, labelling by a chat model, and curation.
public enum ReferenceError: CommandError {
  /// A file cannot be opened, read, mapped, written or renamed; `reason` is the system's text.
  case file(path: String, reason: String)
  /// A file or folder that is needed does not exist.
  case missingFile(path: String, expected: String)
  /// Weights in the form that PyTorch wrote before version 1.6.
  case legacyPickle(path: String)
  /// A file breaks the rules of its form; every fault is listed.
  case invalid(path: String, faults: [Diagnostic])
  case safetensors(path: String, problem: SafetensorsProblem)
  /// Faults of a checkpoint against its configuration, all of them at once.
  case checkpoint(path: String, problems: [CheckpointProblem])
  case batch(sequence: Int, problem: BatchProblem)
  /// The loss or the gradient is no longer finite; the checkpoint in `lastGood` is intact.
  case notFinite(quantity: String, step: Int, lastGood: String?)
  case setting(name: String, found: String, expected: String)
  /// A run folder that cannot be resumed, or that would be overwritten.
  case run(folder: String, problem: String)
  case inUse(path: String)
  case chat(ChatProblem)
  case curation(CurationProblem)

  /// The exit code a command ends with.
  public var exitStatus: ExitStatus {
    switch self {
    case .missingFile: .missingInput
    case .setting, .chat(.missingKey), .chat(.badURL), .chat(.insecureURL), .chat(.noPrice): .usage
    case .file, .inUse, .chat: .unavailable
    case .notFinite: .checkFailed
    case .legacyPickle, .invalid, .safetensors, .checkpoint, .batch, .run, .curation: .badData
    }
  }

  public var description: String {
    switch self {
    case .file(let path, let reason): "\(path): \(reason)"
    case .missingFile(let path, let expected): "\(path) does not exist; expected \(expected)"
    case .legacyPickle(let path):
      """
      \(path) is in the form that PyTorch wrote before version 1.6, which is not read. Convert it once with
        python -c "import torch; f = '\(path)'; torch.save(torch.load(f, weights_only=True), f)"
      """
    case .invalid(let path, let faults): Self.listing(path, faults)
    case .safetensors(let path, let problem): "\(path): \(problem)"
    case .checkpoint(let path, let problems):
      "\(path) does not fit its configuration (\(problems.count) fault"
        + (problems.count == 1 ? "):" : "s):")
        + problems.prefix(20).map { "\n  \($0)" }.joined()
        + (problems.count > 20 ? "\n  and \(problems.count - 20) more" : "")
    case .batch(let sequence, let problem): "sequence \(sequence) of the batch: \(problem)"
    case .notFinite(let quantity, let step, let lastGood):
      "the \(quantity) is not finite at step \(step); "
        + (lastGood.map { "the last good checkpoint is \($0)" } ?? "there is no checkpoint yet")
        + ". Try a smaller learning rate or gradient clipping."
    case .setting(let name, let found, let expected):
      "setting \(name): found \(found), expected \(expected)"
    case .run(let folder, let problem): "run folder \(folder): \(problem)"
    case .inUse(let path): "\(path): another process is writing it; wait until it has finished"
    case .chat(let problem): problem.description
    case .curation(let problem): problem.description
    }
  }

  /// Three faults of each kind; the rest of a kind is counted.
  private static func listing(_ path: String, _ faults: [Diagnostic]) -> String {
    var counts: [String: Int] = [:]
    let shown = faults.filter {
      counts[$0.expected, default: 0] += 1
      return counts[$0.expected, default: 0] <= 3
    }
    let more = counts.filter { $0.value > 3 }.sorted { $0.key < $1.key }.map {
      "\(path): \($1 - 3) more where \($0) is expected"
    }
    return (shown.map { "\(path)\($0)" } + more).joined(separator: "\n")
  }

  /// The content of `file`, or an error: it does not exist, or why it cannot be read.
  package static func read(_ file: URL, expected: String, options: Data.ReadingOptions = [])
    throws(ReferenceError) -> Data
  {
    do { return try Data(contentsOf: file, options: options) } catch {
      throw FileManager.default.fileExists(atPath: file.path)
        ? .file(path: file.path, reason: "cannot be read: \(error.localizedDescription)")
        : .missingFile(path: file.path, expected: expected)
    }
  }

  /// The content of `file`, which must be UTF-8.
  static func readText(_ file: URL, expected: String) throws(ReferenceError) -> String {
    guard let text = String(data: try read(file, expected: expected), encoding: .utf8) else {
      throw .file(path: file.path, reason: "cannot be read: it is not UTF-8")
    }
    return text
  }

  /// The error of the system call on `file` that has just failed.
  static func system(_ file: URL) -> ReferenceError {
    .file(path: file.path, reason: String(cString: strerror(errno)))
  }

  /// What `body` returns; its problem as an error of this module.
  static func chat<T>(_ body: () throws(ChatProblem) -> T) throws(ReferenceError) -> T {
    do { return try body() } catch { throw .chat(error) }
  }

  /// Runs `body`; an error that is not ours becomes one that names `file`.
  static func naming(_ file: URL, _ body: () throws -> Void) throws {
    do { try body() } catch let error as any CommandError { throw error } catch {
      throw Self.file(path: file.path, reason: error.localizedDescription)
    }
  }

  /// The error of a file with one fault.
  package static func invalid(
    _ file: URL, at place: Diagnostic.Place = .whole, found: String, expected: String
  ) -> ReferenceError {
    .invalid(path: file.path, faults: [Diagnostic(place, found: found, expected: expected)])
  }
}

extension ReferenceError {
  /// A place in a file, what stands there, and what should.
  public struct Diagnostic: Error, Equatable, CustomStringConvertible {
    public let place: Place
    public let found, expected: String

    public enum Place: Equatable, Sendable {
      case whole
      /// Line and column count from 1; the column is a byte, or a field of a table.
      case line(Int, column: Int? = nil)
      /// A byte of a binary file, counted from 0.
      case byte(Int)
      /// A file in an archive, and a byte of it.
      case entry(String, byte: Int? = nil)
      /// A key of a document, such as `model.vocab`.
      case field(String)
    }

    public init(_ place: Place, found: String, expected: String) {
      (self.place, self.found, self.expected) = (place, found, expected)
    }

    /// What follows the file's path: `:3:5: found …, expected …`.
    public var description: String {
      let place =
        switch place {
        case .whole: ""
        case .line(let line, let column): ":\(line)" + (column.map { ":\($0)" } ?? "")
        case .byte(let index): ": byte \(index)"
        case .entry(let name, let byte):
          ": \(name.prefix(200))" + (byte.map { ", byte \($0)" } ?? "")
        case .field(let name): ": \(name.prefix(200))"
        }
      return "\(place): found \(found), expected \(expected)"
    }
  }

  /// A rule of the safetensors format that a file breaks.
  public enum SafetensorsProblem: Error, Equatable, CustomStringConvertible {
    case tooShort(bytes: Int)
    case headerTooLong(declared: UInt64, limit: Int)
    case headerOutsideFile(declared: UInt64, available: Int)
    case headerNotJSON(byte: Int, reason: String)
    case duplicateName(String)
    case tensor(name: String, problem: String)
    case offsetOutsideFile(name: String, begin: Int, end: Int, available: Int)
    case overlap(first: String, second: String)
    case gap(at: Int, bytes: Int)

    private static let cut = "(was the download cut short?)"

    public var description: String {
      switch self {
      case .tooShort(let bytes): "\(bytes) bytes are too few for a safetensors file \(Self.cut)"
      case .headerTooLong(let declared, let limit):
        "declares a header of \(declared) bytes, the limit is \(limit): is it a safetensors file?"
      case .headerOutsideFile(let declared, let available):
        "declares a header of \(declared) bytes, but only \(available) follow \(Self.cut)"
      case .headerNotJSON(let byte, let reason): "header, byte \(byte): \(reason)"
      case .duplicateName(let name): "tensor \(name) is listed twice"
      case .tensor(let name, let problem): "tensor \(name): \(problem)"
      case .offsetOutsideFile(let name, let begin, let end, let available):
        "tensor \(name): bytes \(begin)..<\(end) lie outside the \(available) bytes of data \(Self.cut)"
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
    /// A size in `config.json` is not the one that `tensor` has.
    case size(key: String, found: Int, expected: Int, tensor: String)

    public var description: String {
      switch self {
      case .missing(let name, let shape): "tensor \(name) \(shape) is missing"
      case .wrongShape(let name, let found, let shape):
        "tensor \(name): found shape \(found), expected \(shape)"
      case .notFloating(let name, let found):
        "tensor \(name): found dtype \(found), expected F32, F16 or BF16"
      case .missingShard(let file): "the index names \(file), which does not exist"
      case .size(let key, let found, let expected, let tensor):
        "config.json: \(key): found \(found), expected \(expected), as \(tensor) has"
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
    case predictionNotFinite

    public var description: String {
      switch self {
      case .empty: "it has no tokens"
      case .tooLong(let tokens, let limit):
        "it has \(tokens) tokens, and the model has \(limit) positions: truncate "
          + "texts with --max-length \(limit)"
      case .tokenOutsideVocabulary(let token, let vocabulary):
        "token id \(token) is outside the vocabulary of \(vocabulary): is the tokenizer the model's?"
      case .typeOutsideRange(let type, let types):
        "found token type \(type), and the model has \(types)"
      case .predictionNotFinite:
        "its prediction is not a finite number: are the model's weights damaged?"
      case .firstTokenMasked: "its first token is masked, but the head reads it"
      }
    }
  }

  /// Why a chat model cannot be asked, or what it does instead of answering.
  public enum ChatProblem: Error, Equatable, CustomStringConvertible {
    case missingKey(variable: String)
    case badURL(String)
    /// The key would go over an unencrypted connection to another machine.
    case insecureURL(String)
    case noPrice(model: String)
    case refused(status: Int, message: String)
    /// The server, or the way to it, failed in a way that may pass.
    case unavailable(reason: String, retryAfterSeconds: Double? = nil)
    case badResponse(expected: String, found: String)
    /// What is at the address is a website.
    case webPage(url: String, status: Int, found: String)
    /// The server sends elsewhere, where the key is not sent.
    case redirect(url: String, status: Int, target: String)
    /// A batch that the server did not accept, or that does not belong to this run.
    case batch(id: String, problem: String)
    case tooLarge(limit: Int)
    case tooManyFailures(count: Int, last: String)

    public var description: String {
      switch self {
      case .missingKey(let variable):
        "the environment variable \(variable) is not set; it should hold the endpoint's key"
      case .badURL(let url): "\(url) is not an http or https URL"
      case .insecureURL(let url):
        "\(url) is unencrypted and not on this machine, so the key is not sent to it: use https"
      case .noPrice(let model):
        "no price is known for \(model); add it to the file of --prices, or set no cap on spend"
      case .refused(let status, let message):
        "the server refused the request with status \(status): \(message)"
      case .unavailable(let reason, let seconds):
        reason + (seconds.map { " (the server asks to wait \($0) s)" } ?? "")
      case .badResponse(let expected, let found):
        "the server's response: found \(found), expected \(expected)"
      case .webPage(let url, let status, let found):
        "\(url): found a web page (status \(status), \(found)), expected the JSON of an API. "
          + "Give its address up to the version, such as https://api.openai.com/v1"
      case .redirect(let url, let status, let target):
        "\(url): found a redirect to \(target) (status \(status)), expected the JSON of an API. The "
          + "key and the essays are not sent on: if the API is there, give that address up to the "
          + "version as --base-url"
      case .batch(let id, let problem): "batch \(id): \(problem)"
      case .tooLarge(let limit): "the server's response is larger than \(limit) bytes"
      case .tooManyFailures(let count, let last):
        "\(count) requests failed, the last because \(last). The answers so far are in the journal: "
          + "run the command again to continue"
      }
    }
  }

  /// Why labels cannot be curated as asked.
  public enum CurationProblem: Equatable, Sendable, CustomStringConvertible {
    case unknownLabels(name: String, known: [String])
    case outOfRange(what: String, value: String, range: String)
    case tooFew(what: String, found: Int, needed: Int)
    /// Labels by two raters that are not positively correlated.
    case unrelated(String, String)
    /// Ratings that agree with the crowd's labels no better than chance; of their correlation the
    /// 95% interval over persons, where there is one.
    case uninformative(String, pcc: Double?, low: Double?, high: Double?)
    /// A model of labels that these rows do not allow to be fitted, and why.
    case notFitted(model: String, reason: String)
    /// Numbers that are all the same, so that they correlate with nothing.
    case constant(String)
    case duplicateIDs([String])

    public var description: String {
      switch self {
      case .unknownLabels(let name, let known):
        "no essay has a label by \(name); there are labels by \(known.joined(separator: ", "))"
      case .outOfRange(let what, let value, let range): "\(what) is \(value), expected \(range)"
      case .tooFew(let what, let found, let needed): "found \(found) \(what), need \(needed)"
      case .unrelated(let first, let second):
        "labels by \(first) and by \(second) do not rise together in these rows, so they cannot tell "
          + "whose error a difference is"
      case .uninformative(let rater, let pcc, let low, let high):
        "ratings by \(rater) agree with the crowd's labels no better than chance ("
          + (pcc.map { "PCC \(Rounding.text($0, decimals: 2))" } ?? "PCC undefined")
          + (low.flatMap { low in
            high.map {
              " [\(Rounding.text(low, decimals: 2)), \(Rounding.text($0, decimals: 2))]"
            }
          } ?? "")
          + " over persons), so they cannot tell whose error a difference is. Name another third "
          + "rater with --third, or take a way that needs none, such as --way em"
      case .notFitted(let model, let reason):
        "\(model) cannot be fitted to these rows: \(reason)"
      case .constant(let what): "\(what) are constant, so that no correlation is defined"
      case .duplicateIDs(let ids):
        "\(ids.count) ids occur more than once: \(ids.prefix(3).joined(separator: ", "))"
          + (ids.count > 3 ? " and \(ids.count - 3) more" : "")
      }
    }
  }
}

extension ByteJSON {
  /// Reads the document in `file`; a fault names its line and column.
  init(contentsOf file: URL, expected: String) throws(ReferenceError) {
    let bytes = Array(try ReferenceError.read(file, expected: expected))
    do { try self.init(bytes) } catch {
      let (line, column) = error.place(in: bytes)
      throw .invalid(
        file, at: .line(line, column: column), found: error.found, expected: error.expected)
    }
  }
}
