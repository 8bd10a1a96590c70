import Harness
import Metrics

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

/// A figure that a team or its paper claims, beside the one that was computed here.
struct ClaimedFigure {
  let target: Target
  /// As the metadata name it; not always a metric that is computed here.
  let metric: String
  let claim: Double
  let computed: Double?

  /// Beyond what rounding to three decimals explains.
  private static let tolerance = 0.001

  var kind: Metric? { Metric(named: metric) }
  var name: String { kind?.title ?? metric }
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
    let interval = FigureText.interval(figure, decimals: 2).map { " \($0)" } ?? ""
    let value =
      figure.value == nil ? "undefined" : FigureText.number(figure.value, decimals: 2) + interval
    let on = SafeText.shortened(SafeText.cleaned(table.benchmark.title), to: 40)
    return ("\(table.metric.title) \(value)", on)
  }

  static func svg(_ entry: Board.Entry, _ table: BoardTable) -> String {
    let (figure, on) = words(entry, table)
    // Widths are set, not measured: `textLength` makes the letters fit whatever the font is.
    let left = 14 + 6.6 * Double(on.count)
    let right = 14 + 6.6 * Double(figure.count)
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
