import Basics
public import Study

extension LabellingReport {
  public static func cost(_ dollars: Double?) -> String {
    dollars.map { "$" + Rounding.text($0) } ?? "cost unknown"
  }

  public var text: String {
    var lines = [
      "\(labelled) of \(essays) essays labelled by \(model), prompt \(prompt) "
        + "(\(promptSHA256.prefix(12)))", "\(requests) requests in this run, \(Self.cost(spent))",
    ]
    if unreadableAnswers > 0 { lines.append("\(unreadableAnswers) answers can't be read") }
    for (habit, count) in tolerated.sorted(by: { $0.key < $1.key }) {
      lines.append("\(count) answers with \(habit), read all the same")
    }
    if let count = finishReasons["length"] {
      lines.append("\(count) answers were cut off at the limit on their length")
    }
    if systemFingerprints.count > 1 || replyModels.count > 1 {
      let names = (replyModels.keys.sorted() + systemFingerprints.keys.sorted())
      lines.append(
        "answers come from several states of the model: \(names.joined(separator: ", "))")
    }
    if failures > 0 { lines.append("\(failures) questions failed; run again to ask them again") }
    if notAsked > 0 {
      let reason =
        switch stoppedBy {
        case "unreadable": "answers that cannot be read"
        case "batch": "a batch that was not completed"
        case let cap?: "the cap on \(cap)"
        case nil: "a cap"
        }
      lines.append("\(notAsked) questions not asked because of \(reason); run again to go on")
    }
    return lines.joined(separator: "\n")
  }
}

extension LabellingPlanReport {
  public var text: String {
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
