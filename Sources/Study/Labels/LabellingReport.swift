import Basics
public import Foundation
public import Harness
public import Reference

/// What came of a run, in numbers.
public struct LabellingReport: Encodable, Sendable {
  public var schema = 1
  public let model, prompt, promptSHA256: String
  public let settings: ChatSettings
  public let essays, labelled: Int
  /// Answers by what the server says of them: the model's own name, the state of its machines, and
  /// why they end.
  public let replyModels, systemFingerprints, finishReasons: [String: Int]
  /// Answers that were read although they hold more than scores, by what they hold.
  public let tolerated: [String: Int]
  public let unreadableAnswers, failures, notAsked, requests: Int
  /// Dollars; absent without a price.
  public let spent: Double?
  public let stoppedBy: String?

  public init(
    _ result: LabellingResult, prompt: RatingPrompt, model: String,
    settings: ChatSettings = ChatSettings()
  ) {
    self.settings = settings
    (replyModels, systemFingerprints) = (result.models, result.systemFingerprints)
    finishReasons = result.finishReasons
    (self.model, self.prompt, promptSHA256) = (model, prompt.name, prompt.digest)
    (essays, labelled) = (result.labels.count, result.labels.count { $0.label != nil })
    tolerated = Dictionary(
      uniqueKeysWithValues: result.tolerated.map { ($0.key.rawValue, $0.value) })
    (unreadableAnswers, failures) = (result.unreadableAnswers, result.failures.count)
    (notAsked, requests, spent) = (result.notAsked, result.requests, result.spent)
    stoppedBy = result.stoppedBy?.rawValue
  }
}

/// What a run would ask.
public struct LabellingPlanReport: Encodable, Sendable {
  public var schema = 1
  public let model, prompt, promptSHA256: String
  public let essays, questions, toAsk, promptTokens: Int
  /// Dollars by estimate; absent without a price.
  public let cost: Double?
  public let system, user: String

  public init(_ plan: LabellingPlan, prompt: RatingPrompt, model: String, showText: Bool) {
    (self.model, self.prompt, promptSHA256) = (model, prompt.name, prompt.digest)
    (essays, questions, toAsk) = (plan.essays, plan.questions, plan.toAsk)
    (promptTokens, cost, system) = (plan.promptTokens, plan.cost, prompt.system)
    user = showText ? plan.firstUserText ?? prompt.template : prompt.template
  }
}

extension LabellingResult {
  /// Writes `report` beside the labels in `out`, which it tells the prompt, model and settings of.
  public func write(_ report: LabellingReport, beside out: URL) throws {
    try AtomicFile.write(
      CanonicalJSON.document(report), to: out.appendingPathExtension("manifest.json"))
  }

  /// Writes the labels to `out` in `column` and, with the six scores, to `items` where that is given.
  /// The ids' columns are those of the split; `id` alone where they have other parts.
  public func write(
    to out: URL, items: URL?, column: String, idColumns: [String], prompt: RatingPrompt
  ) throws {
    let parts = labels.map {
      $0.id.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }
    let fits = parts.allSatisfy { $0.count == idColumns.count }
    let (columns, ids) = fits ? (idColumns, parts) : (["id"], labels.map { [$0.id] })
    let files: [(URL?, [String]?)] = [(out, nil), (items, prompt.items)]
    for case (let file?, let names) in files {
      try AtomicFile.createFolder(file.deletingLastPathComponent())
      try LabelTable(labels, column: column, idColumns: columns, ids: ids, items: names)
        .write(to: file)
    }
  }
}

extension PaperPrompt {
  /// The prompt of the authors' source file that `data fetch llmpathy` fetches into `home`.
  /// - Throws: ``HarnessError`` where the file is not there or is another one.
  public func prompt(from home: DataHome) throws -> RatingPrompt {
    let list = try FetchList.shipped("llmpathy")
    let file = home.url.appending(path: "fetched/llmpathy/\(Self.source)")
    let wanted = list.files.first { $0.path == Self.source }?.sha256
    guard let data = try? Data(contentsOf: file) else {
      throw HarnessError.missing(
        path: file.relativePath, hint: "`invitro data fetch llmpathy` gets the authors' prompts.")
    }
    let found = Digest.sha256(data)
    guard found == wanted else {
      throw ReferenceError.invalid(
        file, found: "SHA-256 \(found.prefix(12))…",
        expected: "the authors' file, \(wanted?.prefix(12) ?? "")…: fetch it again")
    }
    return try prompt(from: file)
  }

  private static let source = "src/llm_labels.py"
}
