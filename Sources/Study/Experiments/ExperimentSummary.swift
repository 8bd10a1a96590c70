public import Harness
public import Metrics

/// What came out of an experiment: aggregates alone, rounded to 4 decimals.
public struct ExperimentSummary: Codable, Sendable, Equatable {
  public var schema = 1
  public var name: String
  public var title: String
  /// Seeds that were asked for.
  public var seeds: [UInt64]
  /// The row that the others are compared with.
  public var baseline: String?
  /// One for each benchmark and evaluated split that has labels.
  public var splits: [Split]
  /// What a reader has to know, in words.
  public var notes: [String]
  public var version: String = ScoreReport.toolVersion

  /// The rows' figures on one split.
  public struct Split: Codable, Sendable, Equatable {
    public var benchmark: String
    public var split: String
    public var n: Int
    /// Clusters (persons) of the rows.
    public var clusters: Int
    public var rows: [Row]
    /// Metric over alpha and over the share of added data, where rows differ in these alone.
    public var sweeps: [Sweep]
    /// How intervals and tests over rows were made.
    public var signature: String

    public init(benchmark: String, split: String, n: Int, clusters: Int, signature: String) {
      self.benchmark = benchmark
      self.split = split
      self.n = n
      self.clusters = clusters
      self.signature = signature
      rows = []
      sweeps = []
    }
  }

  /// One condition: labels, data and recipe that every seed trained with.
  public struct Row: Codable, Sendable, Equatable {
    public var name: String
    /// Rows trained on, and those of them whose label is not the crowd's.
    public var trainingRows: Int
    public var replaced: Int
    /// Seeds that are finished.
    public var seeds: [UInt64]
    public var metrics: [Metric: Figures]

    public init(
      name: String, trainingRows: Int, replaced: Int, seeds: [UInt64],
      metrics: [Metric: Figures] = [:]
    ) {
      self.name = name
      self.trainingRows = trainingRows
      self.replaced = replaced
      self.seeds = seeds
      self.metrics = metrics
    }
  }

  /// One metric of a row, over its seeds and over the split's rows.
  public struct Figures: Codable, Sendable, Equatable {
    /// In the order of the row's seeds; a figure that is undefined is left out.
    public var values: [Double]
    public var overSeeds: RunsReport.Summary?
    /// Against the baseline's seeds: the paper's test. Nil for the baseline itself.
    public var seedTest: SeedTest?
    /// Of the predictions averaged over seeds, with its interval over persons.
    public var averaged: ScoredFigure?
    /// Averaged predictions of this row against the baseline's.
    public var rowTest: RowTest?

    public init(values: [Double]) { self.values = values }
  }

  /// Student's and Welch's two-sided t over seeds. They speak of other seeds, not of other rows.
  public struct SeedTest: Codable, Sendable, Equatable {
    public var student: ComparisonReport.RowwiseTest
    public var welch: ComparisonReport.RowwiseTest
    /// Of Student's p.
    public var stars: String?
    public var hedgesG: Double?

    public init(_ comparison: RunsReport.MetricComparison) {
      student = comparison.student
      welch = comparison.welch
      stars = comparison.stars
      hedgesG = comparison.hedgesG
    }
  }

  /// The difference over the split's rows with persons as clusters: jackknife interval, swap
  /// permutation, and Holm's adjustment over the rows of the experiment.
  public struct RowTest: Codable, Sendable, Equatable {
    /// This row minus the baseline.
    public var difference: Double?
    public var low: Double?
    public var high: Double?
    /// None for MAE.
    public var p: Double?
    public var adjusted: Double?
    public var undefined: String?

    public init(_ difference: ComparisonReport.Difference) {
      self.difference = difference.difference
      low = difference.low
      high = difference.high
      p = difference.p
      undefined = difference.undefined
    }
  }

  public init(name: String, title: String, seeds: [UInt64], baseline: String?) {
    self.name = name
    self.title = title
    self.seeds = seeds
    self.baseline = baseline
    splits = []
    notes = []
  }

  /// Names of the variables of sweeps.
  public static let alphaVariable = "alpha"
  public static let portionVariable = "share of added data"

  /// Metrics that are drawn over a variable.
  public static let sweptMetrics: [Metric] = [.pcc, .ccc, .rmse]

  /// What both tests mean, for the foot of every table.
  public static let legend = """
    Median (peak) over seeds, as the paper prints them; mean ± SD over seeds; p over seeds is \
    Student's two-sided t-test against the baseline's seeds, unadjusted, and speaks of other seeds \
    on the same rows. Averaged: the metric of the predictions averaged over seeds, with its 95% \
    jackknife interval, persons as clusters; difference: from the baseline's averaged predictions; \
    p over persons is the permutation test that swaps both person by person, in brackets adjusted \
    by Holm over the rows, and speaks of other persons.
    """
}
