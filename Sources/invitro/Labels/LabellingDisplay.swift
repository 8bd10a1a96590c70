import Basics
import Foundation
import Harness
import Reference
import Synchronization

/// What the user sees of a labelling run: a line that is rewritten on a terminal, plain lines at
/// every tenth elsewhere.
final class LabellingDisplay: Sendable {
  private let shown = Mutex(-1)

  func show(_ progress: LabellingProgress) {
    shown.withLock { shown in
      let settled = progress.done + progress.failed
      let percent = progress.total > 0 ? settled * 100 / progress.total : 100
      let isLast = settled >= progress.total
      guard Console.errorIsTerminal || percent / 10 > shown || isLast && shown < 10 else { return }
      // Answers may be reported out of order: the count never goes back.
      shown = max(shown, isLast ? 10 : percent / 10)
      let line = Self.line(progress, percent)
      if Console.errorIsTerminal {
        FileHandle.standardError.write(Data("\r\u{1B}[K\(line)\(isLast ? "\n" : "")".utf8))
      } else {
        Console.message(line)
      }
    }
  }

  private static func line(_ progress: LabellingProgress, _ percent: Int) -> String {
    var parts = ["labelling: \(percent)% (\(progress.done)/\(progress.total) answers)"]
    if progress.failed > 0 { parts.append("\(progress.failed) failed") }
    parts.append("\(progress.requests) requests")
    parts.append(LabellingReport.cost(progress.spent))
    if let left = progress.secondsLeft, progress.done < progress.total {
      parts.append(left < 90 ? "\(Int(left)) s left" : "\(Int(left / 60)) min left")
    }
    return parts.joined(separator: ", ")
  }
}

/// What came of a run, in numbers.
struct LabellingReport: Encodable {
  var schema = 1
  let model: String
  let prompt: String
  let promptSHA256: String
  let essays: Int
  let labelled: Int
  /// Answers that were read although they hold more than scores, by what they hold.
  let tolerated: [String: Int]
  let unreadableAnswers: Int
  let failures: Int
  let notAsked: Int
  let requests: Int
  /// Dollars; absent without a price.
  let spent: Double?
  let stoppedBy: String?

  init(_ result: LabellingResult, prompt: RatingPrompt, model: String) {
    self.model = model
    (self.prompt, promptSHA256) = (prompt.name, prompt.digest)
    essays = result.labels.count
    labelled = result.labels.count { $0.label != nil }
    tolerated = Dictionary(
      uniqueKeysWithValues: result.tolerated.map { ($0.key.rawValue, $0.value) })
    unreadableAnswers = result.unreadableAnswers
    failures = result.failures.count
    (notAsked, requests, spent) = (result.notAsked, result.requests, result.spent)
    stoppedBy = result.stoppedBy?.rawValue
  }

  static func cost(_ dollars: Double?) -> String {
    dollars.map { "$" + Rounding.text($0) } ?? "cost unknown"
  }

  var text: String {
    var lines = [
      "\(labelled) of \(essays) essays labelled by \(model), prompt \(prompt) "
        + "(\(promptSHA256.prefix(12)))",
      "\(requests) requests in this run, \(Self.cost(spent))",
    ]
    if unreadableAnswers > 0 { lines.append("\(unreadableAnswers) answers can't be read") }
    for (habit, count) in tolerated.sorted(by: { $0.key < $1.key }) {
      lines.append("\(count) answers with \(habit), read all the same")
    }
    if failures > 0 { lines.append("\(failures) questions failed; run again to ask them again") }
    if notAsked > 0 {
      let cap = stoppedBy.map { "the cap on \($0)" } ?? "a cap"
      lines.append("\(notAsked) questions not asked because of \(cap); run again to go on")
    }
    return lines.joined(separator: "\n")
  }
}

/// What a run would ask.
struct LabellingPlanReport: Encodable {
  var schema = 1
  let model: String
  let prompt: String
  let promptSHA256: String
  let essays: Int
  let questions: Int
  let toAsk: Int
  let promptTokens: Int
  /// Dollars by estimate; absent without a price.
  let cost: Double?
  let system: String
  let user: String

  init(_ plan: LabellingPlan, prompt: RatingPrompt, model: String, showText: Bool) {
    self.model = model
    (self.prompt, promptSHA256) = (prompt.name, prompt.digest)
    (essays, questions, toAsk) = (plan.essays, plan.questions, plan.toAsk)
    (promptTokens, cost, system) = (plan.promptTokens, plan.cost, prompt.system)
    user = showText ? plan.firstUserText ?? prompt.template : prompt.template
  }

  var text: String {
    """
    prompt \(prompt), SHA-256 \(promptSHA256)
    --- system
    \(system)
    --- user
    \(user)
    ---
    \(essays) essays, \(questions) questions, \(toAsk) left to ask \(model)
    about \(promptTokens) tokens to send, \(LabellingReport.cost(cost))\(cost == nil ? "" : " by estimate")
    nothing was sent
    """
  }
}
