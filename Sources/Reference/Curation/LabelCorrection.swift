import Foundation

/// How an essay's label is chosen between the crowd's and a model's.
public enum LabelCorrection: Sendable, Equatable {
  /// The crowd's, always.
  case none
  /// The model's where both differ by more than `alpha`, else the crowd's (the paper's section on
  /// noise correction).
  case threshold(llm: String, alpha: Double)
  /// Both, weighted by how likely the crowd's label is a careless one (`DisagreementModel`).
  case soft(llm: String)
  /// The model's, always; a row without it is left out.
  case replace(llm: String)

  /// What was done, in numbers.
  public struct Summary: Sendable, Equatable {
    public var rows = 0
    /// Rows whose label isn't the crowd's (soft: by more than 0.005).
    public var changed = 0
    /// Rows without a label of the model: the crowd's was kept, or, for `replace`, the row left out.
    public var withoutModelLabel = 0
    /// Rows left out because the crowd's label is needed and missing.
    public var withoutCrowdLabel = 0
    /// For `soft`, what was estimated.
    public var model: DisagreementModel?
  }

  /// The label of each row, in their order; rows that have none are left out and counted.
  ///
  /// - Parameter set: the name of the data set, for the provenance column.
  /// - Throws: `CurationError`: ids twice, an alpha outside [0, 6], labels that no row has.
  public func apply(
    _ rows: [LabelledEssay], set: String
  ) throws(CurationError) -> (rows: [CuratedEssay], summary: Summary) {
    try check(rows)
    var summary = Summary(rows: rows.count)
    if case .soft(let llm) = self { summary.model = try DisagreementModel(fitting: rows, llm: llm) }
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
    case .threshold(let llm, _), .soft(let llm), .replace(let llm): llm
    }
  }

  private func check(_ rows: [LabelledEssay]) throws(CurationError) {
    let repeated = Dictionary(grouping: rows, by: \.id).filter { $0.value.count > 1 }.keys.sorted()
    guard repeated.isEmpty else { throw .duplicateIDs(repeated) }
    if case .threshold(_, let alpha) = self, !(0...6).contains(alpha) {
      throw .outOfRange(what: "alpha", value: "\(alpha)", range: "from 0 to 6")
    }
    if let name = modelName, !rows.contains(where: { $0.labels[name] != nil }) {
      throw .unknownLabels(name: name, known: Set(rows.flatMap(\.labels.keys)).sorted())
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
    guard let model else { return (crowd, "crowd") }
    switch self {
    case .threshold(let llm, let alpha) where abs(crowd - model) > alpha:
      summary.changed += 1
      return (model, "llm:\(llm):alpha=\(alpha)")
    case .soft(let llm):
      let weight = summary.model?.carelessness(crowd: crowd, llm: model) ?? 0
      guard let label = summary.model?.label(crowd: crowd, llm: model), abs(label - crowd) > 0.005
      else { return (crowd, "crowd") }
      summary.changed += 1
      return (label, "llm:\(llm):soft=\((weight * 100).rounded() / 100)")
    default:
      return (crowd, "crowd")
    }
  }
}

/// How crowd and model differ: a mixture of honest ratings and careless ones.
///
/// An honest crowd label is the model's, shifted by `shift` and blurred by `spread` (normal); a
/// careless one, of share `share`, is anywhere on the scale (density 1/6). The three numbers are the
/// maximum-likelihood ones, by expectation-maximisation on the differences. Two raters can't tell
/// whose error the blur is, so honest labels stay as they are and only careless ones move.
public struct DisagreementModel: Sendable, Equatable {
  /// Mean of crowd minus model where the crowd is honest.
  public let shift: Double
  /// Standard deviation of the same, at least 0.1.
  public let spread: Double
  /// Share of careless labels, from 0 to 1.
  public let share: Double
  /// Rows with both labels.
  public let rows: Int

  private static let careless = 1.0 / 6

  /// - Throws: `CurationError.tooFew` with fewer than 30 rows that have both labels.
  public init(fitting essays: [LabelledEssay], llm: String) throws(CurationError) {
    let differences = essays.compactMap { essay -> Double? in
      guard let crowd = essay.crowd, let model = essay.labels[llm] else { return nil }
      return crowd - model
    }
    guard differences.count >= 30 else {
      throw .tooFew(what: "rows with both labels", found: differences.count, needed: 30)
    }
    let count = Double(differences.count)
    var shift = differences.reduce(0, +) / count
    var spread = max(
      0.1, (differences.reduce(0) { $0 + ($1 - shift) * ($1 - shift) } / count).squareRoot() / 2)
    var share = 0.2
    for _ in 0..<2_000 {
      let honest = differences.map { 1 - Self.posterior($0, shift, spread, share) }
      let total = honest.reduce(0, +)
      guard total > 1e-9 else { break }
      let before = (shift, spread, share)
      shift = zip(honest, differences).reduce(0) { $0 + $1.0 * $1.1 } / total
      let squares = zip(honest, differences).reduce(0) {
        $0 + $1.0 * ($1.1 - shift) * ($1.1 - shift)
      }
      spread = max(0.1, (squares / total).squareRoot())
      share = 1 - total / count
      let change =
        abs(shift - before.0) + abs(spread - before.1) + abs(share - before.2)
      if change < 1e-10 { break }
    }
    (self.shift, self.spread, self.share, rows) = (shift, spread, share, differences.count)
  }

  private static func posterior(
    _ difference: Double, _ shift: Double, _ spread: Double, _ share: Double
  ) -> Double {
    let z = (difference - shift) / spread
    let honest = (1 - share) * exp(-z * z / 2) / (spread * (2 * Double.pi).squareRoot())
    let careless = share * Self.careless
    return careless / max(careless + honest, .leastNormalMagnitude)
  }

  /// How likely the crowd's label is a careless one, from 0 to 1.
  public func carelessness(crowd: Double, llm: Double) -> Double {
    Self.posterior(crowd - llm, shift, spread, share)
  }

  /// The blend: the crowd's label, moved by its carelessness to the model's on the crowd's scale.
  public func label(crowd: Double, llm: Double) -> Double {
    let weight = carelessness(crowd: crowd, llm: llm)
    let target = min(max(llm + shift, RatingPrompt.scale.lowerBound), RatingPrompt.scale.upperBound)
    return (1 - weight) * crowd + weight * target
  }
}
