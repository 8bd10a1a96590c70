public import Harness
import Basics
import Metrics

/// Two rows of an experiment that its file, written before anything is trained, says will be compared,
/// and by what. Every other comparison is exploratory.
public struct ExperimentContrast: Sendable, Equatable {
  public let row, less: String
  let yardstick: ExperimentYardstick

  /// Reads `{"row": "EM", "less": "crowd", "figure": "pccWithin"}`.
  init(_ fields: SettingsFields) {
    row = fields.required("row")
    less = fields.required("less")
    let name = fields.text("figure") ?? ExperimentYardstick.pccWithin.name
    yardstick = ExperimentYardstick(named: name) ?? .pccWithin
    if ExperimentYardstick(named: name) == nil {
      fields.fault("figure", "one of \(ExperimentYardstick.names.joined(separator: ", "))")
    }
    fields.finish()
  }
}

extension ExperimentSummary {
  /// A declared contrast, over persons and seeds in one model (``PersonsAndSeeds``).
  public struct Contrast: Codable, Sendable, Equatable {
    public var row, less: String
    /// `pccWithin`, `cccCalibrated` or a metric's id.
    public var figure: String
    /// Seeds that both rows have.
    public var seeds: Int
    /// Of the first row minus the second, with the interval of the summary's level.
    public var difference, low, high: Double?
    public var p: Double?
    /// Holm's adjustment over the declared contrasts.
    public var adjusted: Double?
    /// SDs of a jackknife pseudo-value over persons and over seeds; absent with one seed.
    public var personSD, seedSD: Double?
    public var undefined: String?
  }
}

extension ExperimentYardstick {
  /// A contrast of runs with the same seeds.
  func contrast(
    _ declared: ExperimentContrast, _ first: [Predictions], _ second: [Predictions],
    _ scorer: Scorer
  ) -> ExperimentSummary.Contrast {
    var made = ExperimentSummary.Contrast(
      row: declared.row, less: declared.less, figure: name, seeds: first.count)
    let target = scorer.definition.mainTarget
    func columns(_ runs: [Predictions]) -> [(sample: ClusteredSample, predictions: [Double])] {
      runs.compactMap { scorer.rows(target, of: $0) }.compactMap { self.columns($0) }
    }
    let (one, other) = (columns(first), columns(second))
    guard let sample = one.first?.sample, one.count == first.count, other.count == first.count,
      (one + other).allSatisfy({ $0.predictions.count == sample.count })
    else {
      made.undefined = UndefinedReason.tooFewRows.rawValue
      return made
    }
    let outcome = PersonsAndSeeds.compare(
      metric, sample, one.map(\.predictions), other.map(\.predictions),
      options: scorer.options.inference)
    made.undefined = outcome.reason?.rawValue
    guard let found = outcome.value else { return made }
    let interval = found.interval(scorer.options.inference.level)
    made.difference = Rounding.published(found.difference)
    (made.low, made.high) = (Rounding.published(interval?.low), Rounding.published(interval?.high))
    made.p = Rounding.p(found.p)
    made.personSD = Rounding.published(found.personSD)
    made.seedSD = Rounding.published(found.seedSD)
    return made
  }
}
