import Harness

/// What a team says of its system, as rows of a name and a value.
enum Metadata {
  static func rows(_ metadata: SubmissionMetadata) -> [Content] {
    var rows: [Content] = []
    func add(_ name: String, _ value: String?) {
      guard let value, !value.isEmpty else { return }
      rows.append([
        "name": name, "text": SafeText.shortened(value, to: 600), "isLink": false,
      ])
    }
    func addLink(_ name: String, _ address: String?) {
      guard let address, !address.isEmpty else { return }
      let link = SafeText.link(address)
      rows.append([
        "name": name, "text": SafeText.shortened(address, to: 300), "isLink": link != nil,
        "link": link ?? "",
      ])
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
    return rows
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
