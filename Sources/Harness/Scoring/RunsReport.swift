import Basics
public import Metrics

/// Two training procedures by the scores of their seeds.
public struct RunsReport: Codable, Sendable, Equatable {
  public var schema: Int = 1
  public var benchmark: String
  public var split: String
  public var first: String
  public var second: String
  public var target: String
  public var metrics: [Metric: MetricComparison]
  public var version: String = ScoreReport.toolVersion

  /// What every reader of these figures has to know.
  public static let warning =
    "This speaks of the training procedure (would other seeds do as well?) and not of the test set "
    + "(would other rows say the same?): the rows are the same in all runs."

  public struct Summary: Codable, Sendable, Equatable {
    public var seeds: Int
    public var median: Double?
    /// Best seed: the maximum, or the minimum of an error; over the seeds alone.
    public var peak: Double?
    public var mean: Double?
    public var sd: Double?

    init?(_ outcome: Outcome<SeedSummary>) {
      guard let summary = outcome.value else { return nil }
      seeds = summary.count
      median = Rounding.published(summary.median)
      peak = Rounding.published(summary.peak)
      mean = Rounding.published(summary.mean)
      sd = Rounding.published(summary.deviation.value)
    }
  }

  public struct MetricComparison: Codable, Sendable, Equatable {
    public var first: Summary?
    public var second: Summary?
    public var student: ComparisonReport.RowwiseTest
    public var welch: ComparisonReport.RowwiseTest
    /// Of Student's p: `****` to `ns`, as in the paper's figure.
    public var stars: String?
    public var hedgesG: Double?
  }

  /// - Parameters: the predictions of each procedure's runs, one a seed.
  public init(
    _ scorer: Scorer, _ first: [Predictions], named firstName: String, _ second: [Predictions],
    named secondName: String
  ) {
    benchmark = scorer.definition.id
    split = scorer.dataset.split
    target = scorer.definition.primary.target
    self.first = firstName
    self.second = secondName
    metrics = [:]
    for metric in Metric.ranking {
      let values = [first, second].map { scorer.values(of: metric, in: $0) }
      let comparison = SeedComparison(metric, values[0], values[1])
      metrics[metric] = MetricComparison(
        first: Summary(comparison.first), second: Summary(comparison.second),
        student: ComparisonReport.RowwiseTest(comparison.student),
        welch: ComparisonReport.RowwiseTest(comparison.welch),
        stars: comparison.student.value.map { SeedComparison.stars($0.p) },
        hedgesG: Rounding.published(comparison.hedgesG.value))
    }
  }
}

extension Scorer {
  /// `metric` of the primary target, one value a run; a run in which it is undefined has none.
  public func values(of metric: Metric, in runs: [Predictions]) -> [Double] {
    runs.compactMap { run in
      guard let rows = rows(definition.primary.target, of: run) else { return nil }
      return PointMetrics.figure(
        metric, rows.predictions, rows.sample.gold, form: options.inference.form
      ).value
    }
  }
}
