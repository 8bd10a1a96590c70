import Basics
public import Metrics

/// Two training procedures by the scores of their seeds.
public struct RunsReport: Codable, Sendable, Equatable {
  public var schema: Int = 1
  public var benchmark, split, first, second, target: String
  public var metrics: [Metric: MetricComparison]
  public var version: String = ScoreReport.toolVersion

  /// What every reader of these figures has to know.
  public static let warning =
    "This speaks of the training procedure (would other seeds do as well?) and not of the test set "
    + "(would other rows say the same?): the rows are the same in all runs."

  public struct Summary: Codable, Sendable, Equatable {
    public var seeds: Int
    /// Seeds that ended in a constant: their PCC and CCC count as 0.
    public var constant: Int?
    public var median: Double?
    /// Best seed: the maximum, or the minimum of an error; over the seeds alone.
    public var peak: Double?
    public var mean, sd: Double?

    init?(_ outcome: Outcome<SeedSummary>, constant: Int) {
      guard let summary = outcome.value else { return nil }
      self.constant = constant > 0 ? constant : nil
      seeds = summary.count
      median = Rounding.published(summary.median)
      peak = Rounding.published(summary.peak)
      mean = Rounding.published(summary.mean)
      sd = Rounding.published(summary.deviation.value)
    }
  }

  public struct MetricComparison: Codable, Sendable, Equatable {
    public var first, second: Summary?
    public var student, welch: ComparisonReport.RowwiseTest
    /// Of Student's p: `****` to `ns`, as in the paper's figure.
    public var stars: String?
    public var hedgesG: Double?

    /// - Parameters:
    ///   - values: of `metric`, one a run of each procedure.
    ///   - constant: runs of each that ended in a constant.
    package init(
      _ metric: Metric, _ values: ([Double], [Double]), constant: (Int, Int) = (0, 0)
    ) {
      let comparison = SeedComparison(metric, values.0, values.1)
      first = Summary(comparison.first, constant: constant.0)
      second = Summary(comparison.second, constant: constant.1)
      student = ComparisonReport.RowwiseTest(comparison.student)
      welch = ComparisonReport.RowwiseTest(comparison.welch)
      stars = comparison.student.value.map { SeedComparison.stars($0.p) }
      hedgesG = Rounding.published(comparison.hedgesG.value)
    }
  }

  /// - Parameters: the predictions of each procedure's runs, one a seed.
  public init(
    _ scorer: Scorer, _ first: [Predictions], named firstName: String, _ second: [Predictions],
    named secondName: String
  ) {
    benchmark = scorer.definition.id
    split = scorer.dataset.split
    target = scorer.definition.mainTarget
    self.first = firstName
    self.second = secondName
    metrics = [:]
    let constant = (scorer.constantRuns(in: first), scorer.constantRuns(in: second))
    for metric in Metric.all {
      metrics[metric] = MetricComparison(
        metric, (scorer.values(of: metric, in: first), scorer.values(of: metric, in: second)),
        constant: constant)
    }
  }
}

extension Scorer {
  /// Runs that predict one number for every row of the primary target.
  package func constantRuns(in runs: [Predictions]) -> Int {
    runs.count { run in
      guard let values = rows(definition.mainTarget, of: run)?.predictions else { return false }
      return values.allSatisfy { $0 == values.first }
    }
  }

  /// `metric` of the primary target, one value a run. A run that ended in a constant has lost all
  /// correlation and counts as 0; leaving it out would flatter the procedure.
  public func values(of metric: Metric, in runs: [Predictions]) -> [Double] {
    runs.compactMap { run in
      guard let rows = rows(definition.mainTarget, of: run) else { return nil }
      let figure = PointMetrics.figure(
        metric, rows.predictions, rows.sample.gold, form: options.inference.form)
      let isConstant = figure.reason == .constantPrediction || figure.reason == .bothConstant
      return isConstant && metric.higherIsBetter ? 0 : figure.value
    }
  }
}
