public import Metrics

/// How an essay's label is chosen from the crowd's and a model's. With y the crowd's label and l the
/// model's, means ȳ, l̄ over the rows that both have rated, and ȳ_i, l̄_i over those of person i:
public enum LabelCorrection: Sendable, Equatable {
  /// y, always.
  case none
  /// l where |y - l| > alpha, otherwise y (arXiv 2501.00691).
  case threshold(llm: String, alpha: Double)
  /// ȳ_i + (l - l̄_i) where |(y - ȳ_i) - (l - l̄_i)| > alpha, otherwise y: what a person's labels have
  /// in common is neither flagged nor replaced.
  case centred(llm: String, alpha: Double)
  /// (y + l + ȳ - l̄)/2, the mean of both with the model's moved to the crowd's mean.
  case mean(llm: String)
  /// The true score that ``TwoRaterModel`` predicts from both labels, with the model's scale taken as
  /// the crowd's; a row without a label by the model is left out, since the others are on another
  /// scale than y.
  case em(llm: String)
  /// y - û_i with û_i = B/(B + W/n_i) (ȳ_i - μ), the person's effect that ``OneWayModel`` predicts
  /// from the crowd's labels alone. This is ``em`` without its second rater, up to scale: with τ² = 0
  /// (what persons differ in is how they answer) and σ² = W (all else is signal) its formula is
  /// μ + (W/n_i)/(B + W/n_i) (ȳ_i - μ) + y - ȳ_i = y - û_i.
  case blup
  /// Both, weighted by their reliability (`LabelReliability`), estimated with a third rater.
  case soft(llm: String, third: String)
  /// l, always; a row without one is left out.
  case replace(llm: String)

  // Controls of `threshold`, which share its alpha.

  /// l in as many rows as the threshold flags, drawn from all that have both labels.
  case random(llm: String, alpha: Double, seed: UInt64)
  /// l in as many rows of each person as the threshold flags there, drawn from the person's own.
  case samePersons(llm: String, alpha: Double, seed: UInt64)
  /// The mean of the crowd's labels in the rows that the threshold flags.
  case flaggedMean(llm: String, alpha: Double)
  /// In the rows that the threshold flags, what a regression on the text predicts that learned from
  /// other persons; it is the rater `text`.
  case flaggedText(llm: String, alpha: Double, text: String)

  /// As it stands in manifests and in the provenance column: `crowd`, `llm:llama`,
  /// `llm:llama:alpha=4.0`, `llm:llama:em`.
  public var name: String {
    switch self {
    case .none: "crowd"
    case .threshold(let llm, let alpha): "llm:\(llm):alpha=\(alpha)"
    case .centred(let llm, let alpha): "llm:\(llm):centred:alpha=\(alpha)"
    case .mean(let llm): "llm:\(llm):mean"
    case .em(let llm): "llm:\(llm):em"
    case .blup: "crowd:blup"
    case .soft(let llm, let third): "llm:\(llm):soft:\(third)"
    case .replace(let llm): "llm:\(llm)"
    case .random(let llm, let alpha, let seed): "llm:\(llm):random:alpha=\(alpha):seed=\(seed)"
    case .samePersons(let llm, let alpha, let seed):
      "llm:\(llm):same-persons:alpha=\(alpha):seed=\(seed)"
    case .flaggedMean(let llm, let alpha): "llm:\(llm):flagged-mean:alpha=\(alpha)"
    case .flaggedText(let llm, let alpha, _): "llm:\(llm):flagged-text:alpha=\(alpha)"
    }
  }

  /// What a correction did, in numbers.
  public struct Summary: Sendable, Equatable {
    public var rows = 0
    /// Labels that were chosen anew: of blends (`mean`, `em`, `blup`, `soft`) those that differ from
    /// the crowd's by more than 0.005, of `replace` those that differ at all, of the others all.
    public var changed = 0
    /// Rows without a label by the model; `replace` and `em` leave them out.
    public var withoutModelLabel = 0
    /// Rows left out because they lack the crowd's label.
    public var withoutCrowdLabel = 0
    /// The estimates that `soft` used.
    public var reliability: LabelReliability?
    /// The model that `em` used.
    public var twoRaters: TwoRaterEstimate?
    /// The model that `blup` used.
    public var oneRater: OneWayModel?
  }

  /// The label of each row, in order; rows without a label are left out and counted.
  /// - Parameter set: the name of the data set, for the provenance column.
  /// - Throws: `ReferenceError`: repeated ids, an alpha outside [0, 6], a model without labels, or a
  ///   way whose estimates the rows do not allow.
  public func apply(_ rows: [LabelledEssay], set: String) throws(ReferenceError) -> (
    rows: [CuratedEssay], summary: Summary
  ) {
    try check(rows)
    var summary = Summary(rows: rows.count)
    let chosen = try labels(for: rows, &summary)
    var curated: [CuratedEssay] = []
    for (row, label) in zip(rows, chosen) {
      let lacksModel = modelName.map { row.labels[$0] == nil } ?? false
      if lacksModel { summary.withoutModelLabel += 1 }
      if lacksModel && leavesOut { continue }
      if row.crowd == nil && !isReplacement {
        summary.withoutCrowdLabel += 1
        continue
      }
      guard let value = label ?? row.crowd else { continue }
      if let label, isChange(label, row.crowd) { summary.changed += 1 }
      curated.append(
        CuratedEssay(
          id: row.id, text: row.text, person: row.person, set: set, label: value,
          provenance: label == nil ? row.crowdSource : provenance(summary)))
    }
    return (curated, summary)
  }

  /// A label for each row, which all have the crowd's and the model's, the correction's name, and how
  /// many changed.
  func labels(_ rows: [LabelledEssay]) throws(ReferenceError) -> (
    labels: [Double], used: String, changed: Int
  ) {
    let (curated, summary) = try apply(rows, set: "")
    return (curated.map(\.label), name, summary.changed)
  }

  private var isReplacement: Bool { if case .replace = self { true } else { false } }

  private var leavesOut: Bool { if case .em = self { true } else { isReplacement } }

  private func isChange(_ label: Double, _ crowd: Double?) -> Bool {
    switch self {
    case .mean, .em, .blup, .soft: crowd.map { abs(label - $0) > 0.005 } ?? true
    case .replace: label != crowd
    default: true
    }
  }

  private func provenance(_ summary: Summary) -> String {
    guard case .soft(let llm, _) = self, let weight = summary.reliability?.weight else {
      return name
    }
    return "llm:\(llm):soft=\((weight * 100).rounded() / 100)"
  }

  var modelName: String? {
    switch self {
    case .none, .blup: nil
    case .threshold(let llm, _), .centred(let llm, _), .mean(let llm), .em(let llm),
      .soft(let llm, _), .replace(let llm), .random(let llm, _, _), .samePersons(let llm, _, _),
      .flaggedMean(let llm, _), .flaggedText(let llm, _, _):
      llm
    }
  }

  private var threshold: Double? {
    switch self {
    case .none, .mean, .em, .blup, .soft, .replace: nil
    case .threshold(_, let alpha), .centred(_, let alpha), .random(_, let alpha, _),
      .samePersons(_, let alpha, _), .flaggedMean(_, let alpha), .flaggedText(_, let alpha, _):
      alpha
    }
  }

  private func check(_ rows: [LabelledEssay]) throws(ReferenceError) {
    let repeated = Dictionary(grouping: rows, by: \.id).filter { $0.value.count > 1 }.keys.sorted()
    guard repeated.isEmpty else { throw .curation(.duplicateIDs(repeated)) }
    if let alpha = threshold, !(0...6).contains(alpha) {
      throw .curation(.outOfRange(what: "alpha", value: "\(alpha)", range: "from 0 to 6"))
    }
    if let name = modelName, !rows.contains(where: { $0.labels[name] != nil }) {
      throw .curation(.unknownLabels(name: name, known: Set(rows.flatMap(\.labels.keys)).sorted()))
    }
  }
}
