/// How an essay's label is chosen from the crowd's and a model's.
public enum LabelCorrection: Sendable, Equatable {
  /// The crowd's, always.
  case none
  /// The model's where the two differ by more than `alpha`, otherwise the crowd's (the paper's
  /// section on noise correction).
  case threshold(llm: String, alpha: Double)
  /// Both, weighted by their reliability (`LabelReliability`), which a third rater helps to
  /// estimate.
  case soft(llm: String, third: String)
  /// The model's, always; a row without one is left out.
  case replace(llm: String)

  /// What a correction did, in numbers.
  public struct Summary: Sendable, Equatable {
    public var rows = 0
    /// Rows whose label differs from the crowd's (soft: by more than 0.005).
    public var changed = 0
    /// Rows without a label by the model: the crowd's is kept or, for `replace`, the row is left
    /// out.
    public var withoutModelLabel = 0
    /// Rows left out because they lack the crowd's label.
    public var withoutCrowdLabel = 0
    /// The estimates that `soft` used.
    public var reliability: LabelReliability?
  }

  /// The label of each row, in order; rows without a label are left out and counted.
  ///
  /// - Parameter set: the name of the data set, for the provenance column.
  /// - Throws: `ReferenceError`: repeated ids, an alpha outside [0, 6], or a model without labels.
  public func apply(
    _ rows: [LabelledEssay], set: String
  ) throws(ReferenceError) -> (rows: [CuratedEssay], summary: Summary) {
    try check(rows)
    var summary = Summary(rows: rows.count)
    if case .soft(let llm, let third) = self {
      summary.reliability = try LabelReliability(rows, llm: llm, third: third)
    }
    var curated: [CuratedEssay] = []
    for row in rows {
      guard let (label, provenance) = choose(row, &summary) else { continue }
      curated.append(
        CuratedEssay(
          id: row.id, text: row.text, person: row.person, set: set, label: label,
          provenance: provenance))
    }
    return (curated, summary)
  }

  private var modelName: String? {
    switch self {
    case .none: nil
    case .threshold(let llm, _), .soft(let llm, _), .replace(let llm): llm
    }
  }

  private func check(_ rows: [LabelledEssay]) throws(ReferenceError) {
    let repeated = Dictionary(grouping: rows, by: \.id).filter { $0.value.count > 1 }.keys.sorted()
    guard repeated.isEmpty else { throw .curation(.duplicateIDs(repeated)) }
    if case .threshold(_, let alpha) = self, !(0...6).contains(alpha) {
      throw .curation(.outOfRange(what: "alpha", value: "\(alpha)", range: "from 0 to 6"))
    }
    if let name = modelName, !rows.contains(where: { $0.labels[name] != nil }) {
      throw .curation(.unknownLabels(name: name, known: Set(rows.flatMap(\.labels.keys)).sorted()))
    }
  }

  private func choose(_ row: LabelledEssay, _ summary: inout Summary) -> (Double, String)? {
    let model = modelName.flatMap { row.labels[$0] }
    if modelName != nil, model == nil { summary.withoutModelLabel += 1 }
    if case .replace(let llm) = self {
      guard let model else { return nil }
      if model != row.crowd { summary.changed += 1 }
      return (model, "llm:\(llm)")
    }
    guard let crowd = row.crowd else {
      summary.withoutCrowdLabel += 1
      return nil
    }
    guard let model else { return (crowd, row.crowdSource) }
    switch self {
    case .threshold(let llm, let alpha) where abs(crowd - model) > alpha:
      summary.changed += 1
      return (model, "llm:\(llm):alpha=\(alpha)")
    case .soft(let llm, _):
      guard let reliability = summary.reliability else { return (crowd, row.crowdSource) }
      let label = reliability.label(crowd: crowd, model: model)
      if abs(label - crowd) > 0.005 { summary.changed += 1 }
      return (label, "llm:\(llm):soft=\((reliability.weight * 100).rounded() / 100)")
    default:
      return (crowd, row.crowdSource)
    }
  }
}
