import Harness

/// The labels beside a system's name.
enum Badges {
  static func title(_ kind: SubmissionMetadata.Kind) -> String {
    switch kind {
    case .fineTuned: "fine-tuned"
    case .prompted: "prompted"
    case .ensemble: "ensemble"
    case .baseline: "baseline"
    case .published: "published only"
    }
  }

  struct Badge: Encodable, Sendable {
    let badge: String
    let look: String
    let meaning: String
  }

  /// Names and explanations, the kind first.
  static func all(_ entry: Board.Entry, targets: [Target]) -> [Badge] {
    let metadata = entry.metadata
    var badges = [badge(title(metadata.kind), "kind", explanation(metadata.kind))]
    if entry.report != nil {
      badges.append(badge("rescored", "good", "Scored here from the predictions, not claimed"))
    }
    if metadata.reproduction != nil {
      badges.append(badge("reproduced", "good", "Somebody else trained it again"))
    }
    if metadata.usesDevLabels == true {
      badges.append(badge("dev labels", "data", "Trained on labels of the development split"))
    }
    if metadata.usesEarlierYears == true {
      badges.append(badge("earlier years", "data", "Trained on data of earlier years"))
    }
    if metadata.llmLabels != nil {
      badges.append(badge("LLM labels", "data", "Trained on labels of a large language model"))
    }
    if metadata.usesDemographics == true {
      badges.append(badge("demographics", "data", "Reads the person's demographics"))
    }
    if let claim = ClaimedFigure.all(entry, targets: targets).first(where: \.differs) {
      badges.append(badge("claim differs", "bad", claim.words))
    }
    if metadata.withdrawal != nil { badges.append(badge("withdrawn", "bad", "Withdrawn")) }
    return badges
  }

  /// Words that the filter of labels knows, separated by spaces.
  static func labelWords(_ metadata: SubmissionMetadata) -> String {
    var words: [String] = []
    if metadata.usesDevLabels == true { words.append("dev") }
    if metadata.usesEarlierYears == true { words.append("years") }
    if metadata.llmLabels != nil { words.append("llm") }
    return words.isEmpty ? "none" : words.joined(separator: " ")
  }

  private static func badge(_ text: String, _ look: String, _ meaning: String) -> Badge {
    Badge(badge: text, look: look, meaning: meaning)
  }

  private static func explanation(_ kind: SubmissionMetadata.Kind) -> String {
    switch kind {
    case .fineTuned: "A model trained for this task"
    case .prompted: "A language model that was asked, not trained"
    case .ensemble: "Several models together"
    case .baseline: "Something to measure others against"
    case .published: "Claimed in a paper; there are no predictions to score"
    }
  }
}
