import Basics
import Harness
import Metrics
import Reference

/// May a model's labels replace people's where a model is trained? What `invitro substitute training`
/// says: how much the model's labels add to those of few persons (``Reference/FewLabelsTrial``).
public struct TrainingSubstitution: Encodable, Sendable {
  public var schema = 1
  public let set, model, unit, features: String
  public let level: Double
  public let rows: Int
  /// Persons trained on at most, and persons scored, in each draw.
  public let pool, held: Int
  public let draws: Int
  public let seed: UInt64
  /// By the number of persons labelled by people.
  public let points: [Point]
  /// The number of persons from which on the model's labels gain nothing significant; absent where
  /// they always do.
  public let breakEven: Int?
  public let answer: SubstitutionAnswer

  public struct Point: Encodable, Sendable, Equatable {
    public let persons: Int
    /// Mean PCC over the draws, with people's labels alone and with the model's of the rest, and
    /// their standard deviations over the draws.
    public let alone, together, aloneSpread, togetherSpread: Double?
    /// The difference; absent where no person is left for the model.
    public let gain: BoundedFigure?
    /// How many persons labelled by people would do as well without the model; absent beyond the curve.
    public let worth: Double?
  }

  public init(
    _ subject: SubstitutionSubject, features: EssayFeatures, sizes: [Int], draws: Int,
    progress: @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws {
    let rated = subject.rated
    let trial = try FewLabelsTrial(
      rated.essays, features: try features.load(for: rated), llm: subject.model, sizes: sizes,
      draws: draws, seed: subject.seed, progress: progress)
    (set, model, unit) = (rated.set, subject.model, subject.unit)
    (self.features, level) = (features.description, subject.level)
    (rows, pool, held) = (trial.rows, trial.pool, trial.held)
    (self.draws, seed) = (trial.draws, trial.seed)
    let quantile = Distributions.normalQuantile((1 + subject.level) / 2)
    points = trial.points.map { point in
      let half = point.gainError.map { $0 * quantile }
      let gain = point.gain.map { gain in
        BoundedFigure(gain, half.map { gain - $0 }, half.map { gain + $0 })
      }
      return Point(
        persons: point.persons, alone: Rounding.published(point.alone),
        together: Rounding.published(point.together),
        aloneSpread: Rounding.published(point.aloneSpread),
        togetherSpread: Rounding.published(point.togetherSpread), gain: gain,
        worth: gain == nil ? nil : Rounding.rounded(trial.worth(of: point), decimals: 0))
    }
    breakEven = trial.breakEven(level: subject.level)
    answer = Self.answer(points, breakEven: breakEven, pool: pool, subject)
  }

  private static func answer(
    _ points: [Point], breakEven: Int?, pool: Int, _ subject: SubstitutionSubject
  ) -> SubstitutionAnswer {
    let unit = subject.unit
    func text(_ value: Double?) -> String { Rounding.text(value ?? 0, decimals: 2) }
    guard let first = points.first, let gain = first.gain else {
      return .unanswerable("Every \(unit) is labelled: try a smaller number.")
    }
    if breakEven == first.persons {
      return SubstitutionAnswer(
        .no,
        "Adding the model's labels of the other \(unit.plural) does not raise the PCC on new "
          + "\(unit.plural) significantly, from \(first.persons) labelled \(unit.plural) on.")
    }
    let worth = first.worth.map {
      ", as much as labels of about \(unit.counted(Int($0))) alone would"
    }
    let start =
      "With labels by people for \(unit.counted(first.persons)), adding the model's labels of the "
      + "others raises the PCC on new \(unit.plural) from \(text(first.alone)) to "
      + "\(text(first.together)) (gain \(text(gain.value)) [\(text(gain.low)), \(text(gain.high))])"
      + "\(worth ?? "")."
    let end =
      breakEven.map { "From \(unit.counted($0)) on, no gain is significant." }
      ?? "The gain is significant at every number tried, up to all \(pool)."
    return SubstitutionAnswer(
      .partly, "The model's labels help where people's are few. \(start) \(end)")
  }
}
