import Harness
import Metrics

/// The labels beside a system's name.
enum Badges {
  static func title(_ kind: SubmissionMetadata.Kind) -> String { words(kind).title }

  private static func words(_ kind: SubmissionMetadata.Kind) -> (title: String, meaning: String) {
    switch kind {
    case .fineTuned: ("fine-tuned", "A model trained for this task")
    case .prompted: ("prompted", "A language model that was asked, not trained")
    case .ensemble: ("ensemble", "Several models together")
    case .baseline: ("baseline", "Something to measure others against")
    case .published: ("published only", "Claimed in a paper; there are no predictions to score")
    }
  }

  struct Badge: Encodable, Sendable { let badge, look, meaning: String }

  /// Names and explanations, the kind first.
  static func all(_ entry: Board.Entry, targets: [Target]) -> [Badge] {
    let metadata = entry.metadata
    let kind = words(metadata.kind)
    let claim = ClaimedFigure.all(entry, targets: targets).first(where: \.differs)
    var badges = [Badge(badge: kind.title, look: "kind", meaning: kind.meaning)]
    func add(_ applies: Bool, _ badge: String, _ look: String, _ meaning: String) {
      if applies { badges.append(Badge(badge: badge, look: look, meaning: meaning)) }
    }
    func data(_ applies: Bool?, _ badge: String, _ meaning: String) {
      add(applies == true, badge, "data", meaning)
    }
    add(entry.report != nil, "scored here", "good", "Scored here from the predictions, not claimed")
    add(metadata.reproduction != nil, "reproduced", "good", "Somebody else trained it again")
    data(metadata.usesDevLabels, "dev labels", "Trained on labels of the development split")
    data(metadata.usesEarlierYears, "earlier years", "Trained on data of earlier years")
    data(metadata.llmLabels != nil, "LLM labels", "Trained on labels of a large language model")
    data(metadata.usesDemographics, "demographics", "Reads the person's demographics")
    add(claim != nil, "claim differs", "bad", claim?.words ?? "")
    add(metadata.withdrawal != nil, "withdrawn", "bad", "Withdrawn")
    return badges
  }

  /// Words that the filter of labels knows, separated by spaces.
  static func labelWords(_ metadata: SubmissionMetadata) -> String {
    let words = [
      (metadata.usesDevLabels == true, "dev"), (metadata.usesEarlierYears == true, "years"),
      (metadata.llmLabels != nil, "llm"),
    ].filter(\.0).map(\.1)
    return words.isEmpty ? "none" : words.joined(separator: " ")
  }
}

/// A figure that a team or its paper claims, beside the one that was computed here.
struct ClaimedFigure {
  let target: Target
  /// As the metadata name it; not always a metric that is computed here.
  let metric: String
  let claim: Double
  let computed: Double?

  /// Beyond what rounding to three decimals explains.
  private static let tolerance = 0.001

  var name: String { Metric(named: metric)?.title ?? metric }
  var gap: Double? { computed.map { $0 - claim } }
  var differs: Bool { (gap?.magnitude ?? 0) > Self.tolerance }

  var words: String {
    "Claimed \(name) of \(target.name) \(FigureText.number(claim)), "
      + "computed here \(FigureText.number(computed))"
  }

  /// Every claim of `entry`, by target and the metric's name.
  static func all(_ entry: Board.Entry, targets: [Target]) -> [ClaimedFigure] {
    let claimed = entry.metadata.claimed ?? [:]
    return targets.flatMap { target in
      (claimed[target.name] ?? [:]).sorted { $0.key < $1.key }.map { name, claim in
        ClaimedFigure(
          target: target, metric: name, claim: claim,
          computed: Metric(named: name)
            .flatMap { BoardTable.figure(entry, $0, target.name)?.value })
      }
    }
  }
}

/// A small picture of a score for a README: what it says is its text alternative too.
enum Badge {
  /// For example `PCC 0.61 [0.48, 0.72] on NewsEmp24`.
  static func words(_ entry: Board.Entry, _ table: BoardTable) -> (figure: String, on: String) {
    let figure = table.primary(entry) ?? ScoredFigure()
    let value = figure.value == nil ? "undefined" : FigureText.bounded(figure, decimals: 2)
    let on = SafeText.shortened(SafeText.cleaned(table.benchmark.title), to: 40)
    return ("\(table.metric.title) \(value)", on)
  }

  static func svg(_ entry: Board.Entry, _ table: BoardTable) -> String {
    let (figure, on) = words(entry, table)
    // Widths are set, not measured: `textLength` makes the letters fit whatever the font is.
    let (left, right) = (14 + 6.6 * Double(on.count), 14 + 6.6 * Double(figure.count))
    let full = SVG.number(left + right)
    let label = Escaping.markup("\(figure) on \(on)")
    let texts = [(on, 0, left), (figure, left, right)].map { text, start, width in
      #"<text x="\#(SVG.number(start + width / 2))" y="14" textLength="\#(SVG.number(width - 14))" "#
        + #"lengthAdjust="spacingAndGlyphs">\#(Escaping.markup(text))</text>"#
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(full)" height="20" \
      viewBox="0 0 \(full) 20" role="img" aria-label="\(label)">
      <title>\(label)</title>
      <rect width="\(full)" height="20" rx="4" fill="#005a8f"/>
      <path d="M4 0H\(SVG.number(left))V20H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4z" fill="#2b3a45"/>
      <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" \
      font-size="11">\(texts.joined())</g>
      </svg>

      """
  }
}

/// What a team says of its system, as names and values.
enum Metadata {
  struct Fact: Encodable, Sendable {
    let name, text: String
    let link: String?
  }

  static func facts(_ metadata: SubmissionMetadata) -> [Fact] {
    var facts: [Fact] = []
    func add(_ name: String, _ value: String?, isLink: Bool = false) {
      guard let value, !value.isEmpty else { return }
      let text = SafeText.shortened(value, to: isLink ? 300 : 600)
      facts.append(Fact(name: name, text: text, link: isLink ? SafeText.link(value) : nil))
    }
    add("Kind", Badges.title(metadata.kind))
    add(metadata.kind == .published ? "Published" : "Submitted", SafeText.day(metadata.submitted))
    add("Targets", metadata.targets?.joined(separator: ", "))
    add("Base models", metadata.baseModels?.map(model).joined(separator: ", "))
    add("Parameters", SystemCost.parameters.of(metadata).map { FigureText.count(Int($0)) })
    add("Training data", metadata.trainingData?.joined(separator: ", "))
    add("Uses dev labels", answer(metadata.usesDevLabels))
    add("Uses earlier years", answer(metadata.usesEarlierYears))
    add("Uses demographics", answer(metadata.usesDemographics))
    add("LLM labels", metadata.llmLabels.map(labels))
    add("Cost of labels", SystemCost.labels.of(metadata).map(SystemCost.labels.words))
    add("Seeds", metadata.seeds?.map(String.init).joined(separator: ", "))
    add("Selection", metadata.selection)
    add("Code", metadata.codeURL, isLink: true)
    add("Commit", metadata.codeCommit)
    add("Paper", metadata.paperURL, isLink: true)
    add("Model", metadata.modelURL, isLink: true)
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
