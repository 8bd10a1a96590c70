import Basics
import Harness
import Metrics
import Reference

/// May a model's labels replace people's where a mean is asked for? What `invitro substitute mean` says.
///
/// People's labels of some persons, and the model's of all, give a prediction-powered mean
/// (``Metrics/PredictionPoweredMean``), with persons as the independent units.
public struct MeanSubstitution: Encodable, Sendable {
  public var schema = 1
  public let set, model: String
  /// What counts as independent: the name of the cluster, or of a row.
  public let unit: String
  public let level: Double
  /// How labels were hidden; absent where some units have none.
  public let rehearsal: Rehearsal?
  /// Whether rows were taken as independent although persons repeat.
  public let ignoresPersons: Bool
  /// All rows first, then the groups.
  public let estimates: [Estimate]

  public struct Rehearsal: Encodable, Sendable, Equatable {
    /// Units whose labels by people are used in each draw.
    public let labelled: Int
    public let draws: Int
    public let seed: UInt64
  }

  /// The mean of all, or of a group. Of a rehearsal, the means are those of its first draw.
  public struct Estimate: Encodable, Sendable, Equatable {
    public let attribute, group: String?
    /// Units with and without a label by people.
    public let labelled, unlabelled: Int
    /// With the model's labels, and without.
    public let powered, classical: BoundedFigure?
    /// Half of the widths of both intervals; of a rehearsal, of the root mean square over its draws.
    public let poweredHalf, classicalHalf: Double?
    public let lambda: Double?
    /// How many times as many labels by people alone would do as well; of a rehearsal, the mean over
    /// its draws.
    public let multiplier: Double?
    /// What the multiplier cannot exceed however few are labelled.
    public let limit: Double?
    /// How far the mean of the model's labels alone is above people's, by all persons with both.
    public let bias: BoundedFigure?
    /// Why the group is not shown.
    public let suppressed: String?
    public let answer: SubstitutionAnswer?
  }

  /// - Parameters:
  ///   - labelled: units to keep labels of, drawn anew each time; nil takes the data as they are, and
  ///     rehearses only where every unit has a label.
  ///   - attributes: those whose groups get a mean each.
  ///   - byRow: takes rows as independent, whoever wrote them.
  /// - Throws: ``StudyError/usage(_:)`` where `labelled` leaves nobody unlabelled.
  public init(
    _ subject: SubstitutionSubject, labelled: Int?, draws: Int, attributes: [String] = [],
    byRow: Bool = false
  ) throws {
    let rated = subject.rated
    let units = byRow ? rated.essays.map(\.id) : subject.persons
    unit = byRow ? rated.definition.rowNoun : subject.unit
    ignoresPersons = byRow && Set(subject.persons).count < units.count
    (set, model, level) = (rated.set, subject.model, subject.level)
    let mean = Work(subject, units: units, unit: unit)
    let whole = mean.means(Array(units.indices))
    var hidden: Int?
    if labelled != nil || whole.others.isEmpty {
      hidden = labelled ?? SubstitutionSubject.usualRehearsal(of: whole.labels.count)
    }
    if let hidden, hidden >= whole.labels.count {
      throw StudyError.usage(
        "--labelled must leave somebody to hide: below \(whole.labels.count), the number of "
          + "\(unit.plural) with labels; found \(hidden).")
    }
    rehearsal = hidden.map { Rehearsal(labelled: $0, draws: draws, seed: subject.seed) }
    let share = hidden.map { Double($0) / Double(max(1, whole.labels.count)) }
    var made = [mean.estimate(whole, share: share, draws: draws)]
    if !attributes.isEmpty {
      made += mean.groups(attributes, share: share, draws: draws)
    }
    estimates = made
  }

  /// The inputs of every estimate.
  private struct Work {
    let subject: SubstitutionSubject
    let units: [String]
    let unit: String

    init(_ subject: SubstitutionSubject, units: [String], unit: String) {
      (self.subject, self.units, self.unit) = (subject, units, unit)
    }

    func means(_ rows: [Int]) -> PersonMeans {
      let (crowd, labels) = (subject.crowd, subject.labels)
      return PersonMeans(
        labels: rows.map { crowd[$0] }, predictions: rows.map { labels[$0] },
        persons: rows.map { units[$0] })
    }

    func groups(_ attributes: [String], share: Double?, draws: Int) -> [Estimate] {
      let (dataset, definition) = (subject.rated.dataset, subject.rated.definition)
      let known = DemographicGroups.all(of: dataset, definition: definition)
      let both = subject.rated.essays.indices.filter {
        subject.rated.essays[$0].isRated(by: Agreement.crowd, subject.model)
      }
      let reasons = DemographicGroups.reasons(toWithhold: known, of: dataset, scored: [both])
      return zip(known, reasons).filter { attributes.contains($0.0.attribute) }.map {
        group, reason in
        estimate(
          means(group.rows), group, withheld: reason, share: share, draws: draws)
      }
    }

    /// The figures of one mean, of a rehearsal's first draw or of its draws.
    private struct Figures {
      let mean: PredictionPoweredMean
      let multiplier, half, classicalHalf: Double
      let limit: Double?
    }

    /// - Parameter share: of the labelled units that keep their labels in a rehearsal; nil for none.
    func estimate(
      _ means: PersonMeans, _ group: DemographicGroups.Group? = nil, withheld: String? = nil,
      share: Double?, draws: Int
    ) -> Estimate {
      let count = share.map { Int(($0 * Double(means.labels.count)).rounded()) }
      let labelled = count ?? means.labels.count
      var found: Figures?
      var answer: SubstitutionAnswer?
      if withheld == nil {
        switch figures(means, rehearsing: count, draws: draws) {
        case .value(let figures):
          (found, answer) = (figures, self.answer(figures, bias: means.bias))
        case .undefined(.tooFewRows):
          answer = .unanswerable(
            "\(unit.counted(labelled)) with labels by people are too few for an interval; label at "
              + "least \(SubstitutionSubject.minLabelled).")
        case .undefined(let reason):
          answer = .unanswerable("No mean follows: \(reason.rawValue).")
        }
      }
      let (mean, level) = (found?.mean, subject.level)
      let bias = found == nil ? nil : means.bias
      return Estimate(
        attribute: group?.attribute, group: group?.name, labelled: labelled,
        unlabelled: means.labels.count - labelled + means.others.count,
        powered: mean.map { BoundedFigure($0.estimate, error: $0.error, level: level) },
        classical: mean.map { BoundedFigure($0.classical, error: $0.classicalError, level: level) },
        poweredHalf: Rounding.published(found?.half),
        classicalHalf: Rounding.published(found?.classicalHalf),
        lambda: Rounding.published(mean?.lambda),
        multiplier: Rounding.published(found?.multiplier), limit: Rounding.published(found?.limit),
        bias: bias.map { BoundedFigure($0.mean, error: $0.error, level: level) },
        suppressed: withheld, answer: answer)
    }

    private func figures(
      _ means: PersonMeans, rehearsing count: Int?, draws: Int
    ) -> Outcome<Figures> {
      let labelled = count ?? means.labels.count
      guard labelled >= SubstitutionSubject.minLabelled else { return .undefined(.tooFewRows) }
      let (labels, predictions) = (means.labels, means.predictions)
      let limit = PredictionPoweredMean.limit(labels: labels, predictions: predictions).value
      let quantile = Distributions.normalQuantile((1 + subject.level) / 2)
      guard let count else {
        return PredictionPoweredMean.of(
          labels: labels, predictions: predictions, others: means.others
        ).map {
          Figures(
            mean: $0, multiplier: $0.multiplier, half: quantile * $0.error,
            classicalHalf: quantile * $0.classicalError, limit: limit)
        }
      }
      return means.rehearsal(labelled: count, draws: draws, seed: subject.seed).map {
        Figures(
          mean: $0.example, multiplier: $0.multiplier, half: quantile * $0.error,
          classicalHalf: quantile * $0.classicalError, limit: limit)
      }
    }

    /// Multipliers under this are not worth the trouble.
    private static let leastGain = 1.05

    private func answer(
      _ figures: Figures, bias: (mean: Double, error: Double)?
    ) -> SubstitutionAnswer {
      func text(_ value: Double) -> String { Rounding.text(value, decimals: 2) }
      let (mean, multiplier) = (figures.mean, figures.multiplier)
      let total = mean.labelled + mean.unlabelled
      let (wide, narrow) = (text(figures.classicalHalf), text(figures.half))
      let gains = multiplier >= Self.leastGain
      let worth = unit.counted(Int((multiplier * Double(mean.labelled)).rounded()))
      let sentence =
        gains
        ? "Labels by people for \(mean.labelled) of \(unit.counted(total)), helped by the model's "
          + "labels of all, are worth those of \(worth) (multiplier \(text(multiplier))): the "
          + "\(subject.percent) interval of the mean narrows from ±\(wide) to ±\(narrow)."
        : "The model's labels hardly help: with labels by people for \(mean.labelled) of "
          + "\(unit.counted(total)) the \(subject.percent) interval of the mean is ±\(narrow) with "
          + "them and ±\(wide) without (multiplier \(text(multiplier))). Label more "
          + "\(unit.plural) instead."
      let bound = figures.limit.map {
        "However few are labelled, the multiplier cannot exceed \(text($0))."
      }
      return SubstitutionAnswer(
        gains ? .partly : .no,
        [sentence, bound, bias.map(alone)].compactMap { $0 }.joined(separator: " "))
    }

    /// What the model's labels alone would say.
    private func alone(_ bias: (mean: Double, error: Double)) -> String {
      func text(_ value: Double) -> String { Rounding.text(value, decimals: 2) }
      let ends = PredictionPoweredMean.interval(bias.mean, error: bias.error, level: subject.level)
      let interval = "[\(text(ends.low)), \(text(ends.high))]"
      guard ends.low > 0 || ends.high < 0 else {
        return "The mean of the model's labels alone is not significantly off (difference "
          + "\(interval)), which only labels by people can show."
      }
      return "Without any labels by people the mean would be \(text(abs(bias.mean))) too "
        + "\(bias.mean > 0 ? "high" : "low") (difference \(interval))."
    }
  }
}
