import Basics
public import Foundation
public import Reference

/// What came of a run, in numbers.
public struct LabellingReport: Encodable, Sendable {
  public var schema = 1
  public let model, prompt, promptSHA256: String
  public let essays, labelled: Int
  /// Answers that were read although they hold more than scores, by what they hold.
  public let tolerated: [String: Int]
  public let unreadableAnswers, failures, notAsked, requests: Int
  /// Dollars; absent without a price.
  public let spent: Double?
  public let stoppedBy: String?

  public init(_ result: LabellingResult, prompt: RatingPrompt, model: String) {
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
