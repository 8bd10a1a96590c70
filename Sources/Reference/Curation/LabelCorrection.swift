import Basics

/// An essay with its labels by the crowd and by models: the input of curation.
public struct LabelledEssay: Sendable, Equatable {
  /// Unique within its set.
  public let id: String
  public let text: String
  /// The writer, so that a person's essays stay in one fold; nil where unknown.
  public let person: String?
  /// The crowd's label in [1, 7], or nil.
  public let crowd: Double?
  /// The source of the crowd's label for the provenance column: `crowd` or `crowd:repaired`.
  public let crowdSource: String
  /// Labels in [1, 7] by the name of the model; a missing label has no entry.
  public private(set) var labels: [String: Double]
  /// Demographic groups of the writer by attribute, such as gender: Female.
  public let groups: [String: String]

  public init(
    id: String, text: String, person: String? = nil, crowd: Double?,
    crowdSource: String = Agreement.crowd, labels: [String: Double] = [:],
    groups: [String: String] = [:]
  ) {
    (self.id, self.text, self.person) = (id, text, person)
    (self.crowd, self.crowdSource) = (crowd, crowdSource)
    (self.labels, self.groups) = (labels, groups)
  }

  /// The essay with a label by model `name`: that of `key` in `table`, if there is one.
  public func adding(_ name: String, from table: [String: Double?], key: String) -> Self {
    adding(name, table[key] ?? nil)
  }

  private func adding(_ name: String, _ label: Double?) -> Self {
    var essay = self
    essay.labels[name] = label
    return essay
  }

  /// The essays with one more rater, `name`: the label that `rater` gave to the same text in
  /// `others`, of several the first. A text that is not there, or has no label, gets none.
  public static func addingByText(
    _ essays: [LabelledEssay], name: String, from others: [LabelledEssay], rater: String
  ) -> [LabelledEssay] {
    let labels = Dictionary(
      others.compactMap { essay in essay.labels[rater].map { (MatchingText(essay.text), $0) } }
    ) { first, _ in first }
    return essays.map { $0.adding(name, labels[MatchingText($0.text)]) }
  }

  /// The essays with one more rater, `name`: a ridge regression on `features` (n, D) that learned
  /// the crowd's labels of other persons, so that its errors are independent of the crowd's noise
  /// in the row it rates. Throws `ReferenceError` with fewer persons than folds.
  public static func addingTextRater(
    _ essays: [LabelledEssay], features: [[Double]], name: String = "text", folds: Int = 10,
    seed: UInt64 = 0
  ) throws(ReferenceError) -> [LabelledEssay] {
    let (rows, points) = ofCrowd(essays, features)
    let trial = try CrossValidation(rows, features: points, folds: folds, seed: seed)
    let crowd = rows.compactMap(\.crowd)
    var ratings = trial.predictions([crowd], penalty: trial.bestPenalty(for: crowd))[0][...]
    return essays.map { $0.crowd == nil ? $0 : $0.adding(name, ratings.popFirst()) }
  }

  /// The essays that have a label by the crowd, and their features.
  static func ofCrowd(_ essays: [LabelledEssay], _ features: [[Double]]) -> (
    rows: [LabelledEssay], features: [[Double]]
  ) {
    precondition(essays.count == features.count, "features for each essay")
    let used = essays.indices.filter { essays[$0].crowd != nil }
    return (used.map { essays[$0] }, used.map { features[$0] })
  }
}

/// An essay with the one label to be learned, and the source of that label.
public struct CuratedEssay: Sendable, Equatable {
  public let id, text: String
  public let person: String?
  /// The data set, such as newsemp24.
  public let set: String
  public let label: Double
  /// `crowd`, `crowd:repaired`, `llm:llama`, `llm:llama:alpha=4.0`, `llm:llama:soft=0.83`.
  public let provenance: String

  public init(
    id: String, text: String, person: String?, set: String, label: Double, provenance: String
  ) {
    (self.id, self.text, self.person) = (id, text, person)
    (self.set, self.label, self.provenance) = (set, label, provenance)
  }
}

/// How an essay's label is chosen from the crowd's and a model's.
public enum LabelCorrection: Sendable, Equatable {
  /// The crowd's, always.
  case none
  /// The model's where the two differ by more than `alpha`, otherwise the crowd's.
  case threshold(llm: String, alpha: Double)
  /// Both, weighted by their reliability (`LabelReliability`), estimated with a third rater.
  case soft(llm: String, third: String)
  /// The model's, always; a row without one is left out.
  case replace(llm: String)

  /// As it stands in manifests: `crowd`, `llm:llama`, `llm:llama:alpha=4.0`, `llm:llama:soft:gpt`.
  public var name: String {
    switch self {
    case .none: "crowd"
    case .threshold(let llm, let alpha): "llm:\(llm):alpha=\(alpha)"
    case .soft(let llm, let third): "llm:\(llm):soft:\(third)"
    case .replace(let llm): "llm:\(llm)"
    }
  }

  /// What a correction did, in numbers.
  public struct Summary: Sendable, Equatable {
    public var rows = 0
    /// Rows whose label differs from the crowd's (soft: by more than 0.005).
    public var changed = 0
    /// Rows without a label by the model; `replace` leaves them out.
    public var withoutModelLabel = 0
    /// Rows left out because they lack the crowd's label.
    public var withoutCrowdLabel = 0
    /// The estimates that `soft` used.
    public var reliability: LabelReliability?
  }

  /// The label of each row, in order; rows without a label are left out and counted.
  /// - Parameter set: the name of the data set, for the provenance column.
  /// - Throws: `ReferenceError`: repeated ids, an alpha outside [0, 6], or a model without labels.
  public func apply(_ rows: [LabelledEssay], set: String) throws(ReferenceError) -> (
    rows: [CuratedEssay], summary: Summary
  ) {
    try check(rows)
    var summary = Summary(rows: rows.count)
    if case .soft(let llm, let third) = self {
      summary.reliability = try LabelReliability(rows, llm: llm, third: third)
    }
    let curated = rows.compactMap { row in
      choose(row, &summary).map { label, provenance in
        CuratedEssay(
          id: row.id, text: row.text, person: row.person, set: set, label: label,
          provenance: provenance)
      }
    }
    return (curated, summary)
  }

  /// A label for each row, which all have the crowd's, the correction's name, and how many changed.
  func labels(_ rows: [LabelledEssay]) throws(ReferenceError) -> (
    labels: [Double], used: String, changed: Int
  ) {
    let (curated, summary) = try apply(rows, set: "")
    let byID = Dictionary(uniqueKeysWithValues: curated.map { ($0.id, $0.label) })
    return (rows.compactMap { byID[$0.id] ?? $0.crowd }, name, summary.changed)
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
    if case .replace = self {
      if let model, model != row.crowd { summary.changed += 1 }
      return model.map { ($0, name) }
    }
    guard let crowd = row.crowd else {
      summary.withoutCrowdLabel += 1
      return nil
    }
    switch (self, model) {
    case (.threshold(_, let alpha), let model?) where abs(crowd - model) > alpha:
      summary.changed += 1
      return (model, name)
    case (.soft(let llm, _), let model?):
      guard let reliability = summary.reliability else { break }
      let label = reliability.label(crowd: crowd, model: model)
      if abs(label - crowd) > 0.005 { summary.changed += 1 }
      return (label, "llm:\(llm):soft=\((reliability.weight * 100).rounded() / 100)")
    default: break
    }
    return (crowd, row.crowdSource)
  }
}

/// How reliable the crowd's and a model's labels are, and how to blend the two.
/// With a third rater whose errors are independent of theirs, the covariances tell whose error a
/// disagreement is (triple collocation, Stoffelen 1998). With crowd c, model m and third rater t:
///
///     reliability of c = cov(c,m) cov(c,t) / (cov(m,t) var(c)),   of m likewise;
///     m on the crowd's scale = mean(c) + scale (m - mean(m)),     scale = cov(c,t) / cov(m,t);
///     weight of m = error variance of c / (that + scale² · error variance of m).
///
/// Models share their errors: `LabelledEssay.addingTextRater` is a better third rater.
public struct LabelReliability: Sendable, Equatable {
  /// The share of the labels' variance that is not error, from 0 to 1.
  public let crowd: Double
  public let model: Double
  /// The weight of the model's label in the blend, from 0 to 1.
  public let weight: Double
  /// The factor from the model's scale to the crowd's.
  public let scale: Double
  public let crowdMean, modelMean: Double
  /// The number of rows with all three labels.
  public let rows: Int

  /// - Throws: `ReferenceError` with fewer than 30 rows rated by all three, or where two of them
  ///   are not positively correlated: then the reliabilities cannot be estimated.
  public init(_ essays: [LabelledEssay], llm: String, third: String) throws(ReferenceError) {
    let rated = essays.compactMap { essay -> [Double]? in
      guard let crowd = essay.crowd, let model = essay.labels[llm] else { return nil }
      return essay.labels[third].map { [crowd, model, $0] }
    }
    let rows = rated.count
    guard rows >= 30 else {
      throw .curation(
        .tooFew(what: "rows rated by the crowd, \(llm) and \(third)", found: rows, needed: 30))
    }
    let means = (0..<3).map { rater in rated.reduce(0) { $0 + $1[rater] } / Double(rows) }
    func covariance(_ a: Int, _ b: Int) -> Double {
      rated.reduce(0) { $0 + ($1[a] - means[a]) * ($1[b] - means[b]) } / Double(rows - 1)
    }
    let (cm, ct, mt) = (covariance(0, 1), covariance(0, 2), covariance(1, 2))
    let pairs = [
      (cm, Agreement.crowd, llm), (ct, Agreement.crowd, third), (mt, llm, third),
    ]
    if let least = pairs.min(by: { $0.0 < $1.0 }), least.0 <= 0 {
      throw .curation(.unrelated(least.1, least.2))
    }
    let (vc, vm) = (covariance(0, 0), covariance(1, 1))
    // Sampling error may put an estimate outside its range.
    crowd = min(max(cm * ct / mt / vc, 0), 1)
    model = min(max(cm * mt / ct / vm, 0), 1)
    scale = ct / mt
    let (crowdError, modelError) = (vc * (1 - crowd), scale * scale * vm * (1 - model))
    weight = crowdError + modelError > 0 ? crowdError / (crowdError + modelError) : 0.5
    (crowdMean, modelMean, self.rows) = (means[0], means[1], rows)
  }

  /// The blend of both labels, within [1, 7].
  public func label(crowd: Double, model: Double) -> Double {
    let onCrowdScale = crowdMean + scale * (model - modelMean)
    let blend = (1 - weight) * crowd + weight * onCrowdScale
    return min(max(blend, RatingPrompt.scale.lowerBound), RatingPrompt.scale.upperBound)
  }
}
