import Basics
public import Harness
import Metrics
import Reference

/// May a model's labels replace people's where a system is scored? What `invitro substitute score` says:
/// the prediction-powered bootstrap over persons of a system's PCC.
public struct ScoreSubstitution: Encodable, Sendable {
  public var schema = 1
  public let set, model, unit: String
  public let level: Double
  /// Persons with labels by people, and others.
  public let labelled, unlabelled: Int
  public let draws: Int
  public let seed: UInt64
  public let replicates: Int
  /// The system's PCC with and without the model's labels; of a rehearsal those of its first draw.
  public let powered, classical: BoundedFigure?
  public let lambda: Double?
  /// Widths of both intervals; of a rehearsal means over its draws.
  public let poweredWidth, classicalWidth: Double?
  public let answer: SubstitutionAnswer

  /// - Parameters:
  ///   - predictions: the system's, beside the split's rows.
  ///   - labelled: persons to keep the labels of, drawn anew each time; nil takes the data as they are,
  ///     and rehearses only where every person has a label.
  /// - Throws: ``StudyError/usage(_:)`` where `labelled` leaves nobody unlabelled.
  public init(
    _ subject: SubstitutionSubject, predictions: Predictions, labelled: Int?, draws: Int,
    replicates: Int
  ) throws {
    let target = subject.rated.definition.mainTarget
    guard let column = predictions.columns[target] else {
      throw StudyError.usage("The predictions have no column for \(target).")
    }
    let rows = Rows(subject, column)
    let known = Set(rows.known.map { rows.persons[$0] })
    let others = Set(rows.rest.map { rows.persons[$0] }).count
    var hidden: Int?
    if labelled != nil || others == 0 {
      hidden = labelled ?? SubstitutionSubject.usualRehearsal(of: known.count)
    }
    if let hidden, hidden >= known.count {
      throw StudyError.usage(
        "--labelled must be below \(known.count), the number of \(subject.unit.plural) with labels; "
          + "found \(hidden).")
    }
    (set, model, unit) = (subject.rated.set, subject.model, subject.unit)
    (level, seed, self.replicates) = (subject.level, subject.seed, replicates)
    self.labelled = hidden ?? known.count
    unlabelled = known.count - self.labelled + others
    self.draws = hidden == nil ? 1 : draws
    var made: [PredictionPoweredBootstrap] = []
    var reason: UndefinedReason?
    if self.labelled >= SubstitutionSubject.minLabelled {
      let options = InferenceOptions(
        level: subject.level, replicates: replicates, seed: subject.seed)
      var generator = SplitMix64(seed: subject.seed, labels: [1])
      for _ in 0..<self.draws {
        let chosen = known.sorted().shuffled(using: &generator).prefix(self.labelled)
        switch rows.bootstrap(Set(chosen), options) {
        case .value(let value): made.append(value)
        case .undefined(let why): reason = why
        }
      }
    }
    let first = reason == nil ? made.first : nil
    powered = first.map { BoundedFigure($0.estimate, $0.low, $0.high) }
    classical = first.map { BoundedFigure($0.classical, $0.classicalLow, $0.classicalHigh) }
    lambda = Rounding.published(first?.lambda)
    func mean(_ part: (PredictionPoweredBootstrap) -> Double) -> Double? {
      first.map { _ in made.reduce(0) { $0 + part($1) } / Double(made.count) }
    }
    let (narrow, wide) = (mean { $0.high - $0.low }, mean { $0.classicalHigh - $0.classicalLow })
    (poweredWidth, classicalWidth) = (Rounding.published(narrow), Rounding.published(wide))
    answer = Self.answer(subject, self.labelled, narrow, wide, reason)
  }

  private static func answer(
    _ subject: SubstitutionSubject, _ labelled: Int, _ narrow: Double?, _ wide: Double?,
    _ reason: UndefinedReason?
  ) -> SubstitutionAnswer {
    guard let narrow, let wide else {
      let why = reason.map { "No interval follows: \($0.rawValue)." }
      return .unanswerable(
        why
          ?? "\(subject.unit.counted(labelled)) with labels by people are too few for an interval; "
          + "label at least \(SubstitutionSubject.minLabelled).")
    }
    let widths =
      "the \(subject.percent) interval of the system's PCC is "
      + "\(Rounding.text(narrow, decimals: 3)) wide with the model's labels and "
      + "\(Rounding.text(wide, decimals: 3)) without"
    if narrow < 0.9 * wide {
      return SubstitutionAnswer(
        .partly, "The model's labels sharpen the score, and do not replace people's: \(widths).")
    }
    return SubstitutionAnswer(
      .no,
      "The model's labels gain little: \(widths). Score the system on labels by people alone. A score "
        + "on the model's labels would say how well the system copies the model.")
  }

  /// The rows that take part.
  private struct Rows {
    let persons: [String]
    let crowd, labels: [Double?]
    let values: [Double]
    /// Rows with all three labels, and rows of other persons that lack people's.
    let known, rest: [Int]

    init(_ subject: SubstitutionSubject, _ column: PredictionColumn) {
      (persons, crowd, labels) = (subject.persons, subject.crowd, subject.labels)
      values = column.values
      let missing = Set(column.missing)
      let (crowd, labels, persons) = (crowd, labels, persons)
      let usable = values.indices.filter { labels[$0] != nil && !missing.contains($0) }
      known = usable.filter { crowd[$0] != nil }
      let names = Set(known.map { persons[$0] })
      rest = usable.filter { crowd[$0] == nil && !names.contains(persons[$0]) }
    }

    func bootstrap(
      _ chosen: Set<String>, _ options: InferenceOptions
    ) -> Outcome<PredictionPoweredBootstrap> {
      let own = known.filter { chosen.contains(persons[$0]) }
      let others = known.filter { !chosen.contains(persons[$0]) } + rest
      func sample(_ rows: [Int], _ gold: [Double?]) -> ClusteredSample {
        ClusteredSample(gold: rows.map { gold[$0] ?? 0 }, clusters: rows.map { persons[$0] })
      }
      return PredictionPoweredBootstrap.pcc(
        labelled: sample(own, crowd), predictions: own.map { values[$0] },
        model: own.map { labels[$0] ?? 0 }, others: sample(others, labels),
        otherPredictions: others.map { values[$0] }, options: options)
    }
  }
}
