import Basics
import Harness
import Metrics
import Reference

/// How high any system's correlation with people's labels can be: what `invitro substitute ceiling` says.
///
/// No data set of one label a row tells it. Each estimate (``Metrics/LabelCeiling``,
/// ``Metrics/TripleCollocation``) rests on an assumption, and the report gives the lowest and the highest.
public struct CeilingReport: Encodable, Sendable {
  public var schema = 1
  public let set, unit, features: String
  public let level: Double
  public let seed: UInt64
  /// Rows with a label by people, and the persons who wrote them.
  public let rows, persons: Int
  /// The share of the labels' variance between persons.
  public let personShare: Double?
  /// PCC with people's labels of a regression on the text that learned from other persons.
  public let textPrediction: [Scope: BoundedFigure]
  public let estimates: [Estimate]
  /// Correlations with people's labels, as they are and with the labels' own noise taken away.
  public let correlations: [Correlation]
  /// The lowest and the highest ceiling; absent where none can be estimated.
  public let brackets: [Scope: Bracket]
  public let answer: SubstitutionAnswer

  /// Which differences between labels count.
  public enum Scope: String, Encodable, Sendable, CaseIterable, CodingKeyRepresentable {
    /// Between all rows: PCC.
    case all
    /// Between rows of one person: within-person PCC.
    case within
  }

  /// One ceiling and what it assumes.
  public struct Estimate: Encodable, Sendable, Equatable {
    public let scope: Scope
    /// `text does not show the person`, or `errors of A and B are independent`.
    public let assumption: String
    public let ceiling: BoundedFigure?
    /// Why there is none.
    public let reason: String?
  }

  public struct Correlation: Encodable, Sendable, Equatable {
    public let scope: Scope
    public let model, third: String
    public let raw, disattenuated: BoundedFigure?
  }

  public struct Bracket: Encodable, Sendable, Equatable {
    public let low, high: Double?
  }

  /// - Parameter features: what the regression on the text reads.
  /// - Throws: `ReferenceError` where there are too few persons for the regression.
  public init(
    _ rated: RatedSplit, features: EssayFeatures, level: Double, seed: UInt64
  ) throws {
    let name = rated.names.contains("text") ? "text rater" : "text"
    let essays = try LabelledEssay.addingTextRater(
      rated.essays, features: try features.load(for: rated), name: name, seed: seed)
    let work = Work(essays, text: name, level: level)
    (set, self.features, self.level, self.seed) = (rated.set, features.description, level, seed)
    unit = rated.definition.clusters.first ?? rated.definition.rowNoun
    let all = work.sample(work.rated([]))
    (rows, persons) = (all.count, all.clusterCount)
    var texts: [Scope: BoundedFigure] = [:]
    var estimates: [Estimate] = []
    var correlations: [Correlation] = []
    let hidden = LabelCeiling.withoutPersons(all, level: level)
    let hasRepeats = all.clusterCount < all.count
    personShare = hasRepeats ? Rounding.published(LabelCeiling.personShare(all).value) : nil
    if hasRepeats {
      estimates.append(
        Estimate(
          scope: .all, assumption: "texts do not show who wrote them",
          ceiling: hidden.value.map(BoundedFigure.init), reason: hidden.reason?.rawValue))
    }
    let raters = rated.names + [name]
    for scope in hasRepeats ? Scope.allCases : [.all] {
      let chance = work.correlation(name, scope)
      texts[scope] = chance
      let isTextUseful = (chance.low ?? 0) > 0
      for (place, first) in raters.enumerated() {
        for second in raters[(place + 1)...] {
          let useless = second == name && !isTextUseful
          let (estimate, pairs) = work.triple(first, second, scope, isUseless: useless)
          estimates.append(estimate)
          correlations += pairs
        }
      }
    }
    (textPrediction, self.estimates, self.correlations) = (texts, estimates, correlations)
    var brackets: [Scope: Bracket] = [:]
    for scope in Scope.allCases {
      brackets[scope] = Self.bracket(estimates.filter { $0.scope == scope }.compactMap(\.ceiling))
    }
    self.brackets = brackets
    answer = Self.answer(brackets, unit: unit)
  }

  /// From the lowest to the highest estimate; of a single one, its interval.
  private static func bracket(_ ceilings: [BoundedFigure]) -> Bracket? {
    let values = ceilings.compactMap(\.value)
    guard let low = values.min(), let high = values.max() else { return nil }
    guard values.count == 1 else { return Bracket(low: min(1, low), high: min(1, high)) }
    guard let low = ceilings[0].low, let high = ceilings[0].high else { return nil }
    return Bracket(low: min(1, low), high: min(1, high))
  }

  private static func answer(_ brackets: [Scope: Bracket], unit: String) -> SubstitutionAnswer {
    func range(_ bracket: Bracket) -> String {
      "between \(Rounding.text(bracket.low ?? 0, decimals: 2)) and "
        + Rounding.text(bracket.high ?? 0, decimals: 2)
    }
    guard let all = brackets[.all] else {
      return .unanswerable(
        "The ceiling is not estimable: no rater is known to share anything but its errors with people's "
          + "labels. A second, independent label by people for some rows would tell.")
    }
    let within =
      brackets[.within].map {
        " Within a \(unit), from one text to the next, it lies \(range($0))."
      } ?? ""
    return SubstitutionAnswer(
      .range,
      "The highest PCC with these labels that any system can reach lies \(range(all)), by what one "
        + "assumes of the raters' errors; the data do not choose among the assumptions.\(within) A "
        + "system above the lower end may already be as good as these labels can show.")
  }

  /// Rows, columns and figures of raters.
  private struct Work {
    let essays: [LabelledEssay]
    let text: String
    let options: InferenceOptions

    init(_ essays: [LabelledEssay], text: String, level: Double) {
      (self.essays, self.text) = (essays, text)
      options = InferenceOptions(level: level)
    }

    /// Rows with a label by people and by each of `raters`.
    func rated(_ raters: [String]) -> [LabelledEssay] {
      essays.filter { essay in
        essay.crowd != nil && raters.allSatisfy { essay.labels[$0] != nil }
      }
    }

    func sample(_ rows: [LabelledEssay]) -> ClusteredSample {
      ClusteredSample(
        gold: rows.compactMap(\.crowd), clusters: rows.map { $0.person ?? "\u{0}\($0.id)" })
    }

    /// People's labels and those of `raters`, which all `rows` have; in ``Scope/within`` less each
    /// person's mean. Nil where that leaves no rows.
    private func columns(
      _ rows: [LabelledEssay], _ raters: [String], _ scope: Scope
    ) -> (sample: ClusteredSample, raters: [[Double]])? {
      let sample = sample(rows)
      let labels = raters.map { rater in rows.compactMap { $0.labels[rater] } }
      guard scope == .within else { return (sample, labels) }
      return WithinClusters(sample).map { ($0.sample, labels.map($0.centred)) }
    }

    /// PCC of a rater with people's labels.
    func correlation(_ rater: String, _ scope: Scope) -> BoundedFigure {
      guard let (sample, columns) = columns(rated([rater]), [rater], scope) else {
        return BoundedFigure(nil, nil, nil)
      }
      let system = SystemInference(sample, predictions: columns[0], options: options)
      return BoundedFigure(system.figure(.pcc), system.interval(.pcc))
    }

    /// What people's labels and two raters tell: the ceiling, and each rater's correlation.
    func triple(
      _ first: String, _ second: String, _ scope: Scope, isUseless: Bool
    ) -> (Estimate, [Correlation]) {
      let assumption = "errors of \(first) and \(second) are independent"
      func none(_ reason: String) -> (Estimate, [Correlation]) {
        (Estimate(scope: scope, assumption: assumption, ceiling: nil, reason: reason), [])
      }
      if isUseless {
        return none("the text's own prediction is no better than chance on held-out persons")
      }
      guard let (sample, columns) = columns(rated([first, second]), [first, second], scope) else {
        return none("no cluster has two rows")
      }
      let triples = [columns, columns.reversed()].map {
        TripleCollocation(sample, $0[0], $0[1])
      }
      guard case .value(let ceiling) = triples[0].ceiling(level: options.level) else {
        return none("two of the three raters do not rise together")
      }
      let pairs = zip([first, second], triples).map { rater, triple in
        Correlation(
          scope: scope, model: rater, third: rater == first ? second : first,
          raw: correlation(rater, scope),
          disattenuated: triple.disattenuated(level: options.level).value.map(BoundedFigure.init))
      }
      return (
        Estimate(
          scope: scope, assumption: assumption, ceiling: BoundedFigure(ceiling), reason: nil),
        pairs.filter { $0.model != text }
      )
    }
  }
}
