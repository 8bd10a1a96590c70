import Harness

/// What a team says of its system, as names and values.
enum Metadata {
  struct Fact: Encodable, Sendable {
    let name: String
    let text: String
    let link: String?
  }

  static func facts(_ metadata: SubmissionMetadata) -> [Fact] {
    var facts: [Fact] = []
    func add(_ name: String, _ value: String?) {
      guard let value, !value.isEmpty else { return }
      facts.append(Fact(name: name, text: SafeText.shortened(value, to: 600), link: nil))
    }
    func addLink(_ name: String, _ address: String?) {
      guard let address, !address.isEmpty else { return }
      let text = SafeText.shortened(address, to: 300)
      facts.append(Fact(name: name, text: text, link: SafeText.link(address)))
    }
    add("Kind", Badges.title(metadata.kind))
    add("Submitted", SafeText.day(metadata.submitted))
    add("Targets", metadata.targets?.joined(separator: ", "))
    add("Base models", metadata.baseModels?.map(model).joined(separator: ", "))
    add("Training data", metadata.trainingData?.joined(separator: ", "))
    add("Uses dev labels", answer(metadata.usesDevLabels))
    add("Uses earlier years", answer(metadata.usesEarlierYears))
    add("Uses demographics", answer(metadata.usesDemographics))
    add("LLM labels", metadata.llmLabels.map(labels))
    add("Seeds", metadata.seeds?.map(String.init).joined(separator: ", "))
    add("Selection", metadata.selection)
    addLink("Code", metadata.codeURL)
    add("Commit", metadata.codeCommit)
    addLink("Paper", metadata.paperURL)
    return facts
  }

  /// `text` line by line, each cleaned on its own so that a record keeps its shape.
  static func lines(_ text: String) -> [String] {
    text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).prefix(200)
      .map { SafeText.shortened(String($0), to: 500) }
  }

  private static func answer(_ value: Bool?) -> String? { value.map { $0 ? "yes" : "no" } }

  private static func model(_ model: SubmissionMetadata.BaseModel) -> String {
    model.revision.map { "\(model.name) @ \($0)" } ?? model.name
  }

  private static func labels(_ labels: SubmissionMetadata.LLMLabels) -> String {
    labels.promptSHA256.map { "\(labels.model), prompt \($0)" } ?? labels.model
  }
}
