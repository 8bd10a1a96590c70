import Basics
import Foundation
public import Harness
public import Metrics

/// What came out of an experiment: aggregates alone, rounded to 4 decimals.
public struct ExperimentSummary: Codable, Sendable, Equatable {
  public var schema = 1
  public var name, title: String
  /// Seeds that were asked for.
  public var seeds: [UInt64]
  /// The row that the others are compared with.
  public var baseline: String?
  /// One for each benchmark and evaluated split that has labels.
  public var splits: [Split] = []
  /// What a reader has to know, in words.
  public var notes: [String] = []
  public var version: String = ScoreReport.toolVersion

  /// The rows' figures on one split.
  public struct Split: Codable, Sendable, Equatable {
    public var benchmark, split: String
    public var n: Int
    /// Clusters (persons) of the rows.
    public var clusters: Int
    public var rows: [Row] = []
    /// The contrasts that the file declares; all other comparisons are exploratory. Absent for none.
    public var contrasts: [Contrast]?
    /// Metric over alpha and over the share of added data, where rows differ in these alone.
    public var sweeps: [Sweep] = []
    /// How intervals and tests over rows were made.
    public var signature: String
  }

  /// One condition: labels, data and recipe that every seed trained with.
  public struct Row: Codable, Sendable, Equatable {
    public var name: String
    /// Rows trained on, and those of them whose label is not the crowd's.
    public var trainingRows: Int
    public var replaced: Int
    /// Seeds that are finished.
    public var seeds: [UInt64]
    /// Seeds whose predictions on this split have less than a tenth of the labels' SD; absent for none.
    public var collapsed: [UInt64]?
    public var metrics: [Metric: Figures] = [:]
    /// PCC within persons: how well a person's own rows are ranked. Nil where persons do not repeat.
    public var pccWithin: Figures?
    /// CCC of predictions on the line of least squares through the other persons' rows of the split,
    /// so that their spread no longer counts.
    public var cccCalibrated: Figures?
    /// Lin's C_b of the averaged predictions, as they are: CCC is PCC times it.
    public var biasFactor: Double?
    /// Absent where the head predicts no variances.
    public var calibration: CalibrationFigures?
  }

  /// How well the SDs that a row's models predict fit the split's labels.
  public struct CalibrationFigures: Codable, Sendable, Equatable {
    /// In the order of the row's seeds.
    public var seeds: [Calibration]
    /// Of the mixture of the seeds' distributions, which is taken for a normal one.
    public var mixture: Calibration?
  }

  /// One metric of a row, over its seeds and over the split's rows.
  public struct Figures: Codable, Sendable, Equatable {
    /// In the order of the row's seeds; a figure that is undefined is left out.
    public var values: [Double]
    public var overSeeds: RunsReport.Summary?
    /// Student's and Welch's test against the baseline's seeds, as the paper's, without the summary
    /// of each. It speaks of other seeds, not of other rows; nil for the baseline itself.
    public var seedTest: RunsReport.MetricComparison?
    /// Of the predictions averaged over seeds, with its interval over persons.
    public var averaged: ScoredFigure?
    /// Averaged predictions of this row against the baseline's.
    public var rowTest: RowTest?
  }

  /// The difference over the split's rows with persons as clusters: jackknife interval, swap
  /// permutation, and Holm's adjustment over the rows of the experiment.
  public struct RowTest: Codable, Sendable, Equatable {
    /// This row minus the baseline.
    public var difference: Double?
    public var low, high: Double?
    /// None for MAE.
    public var p: Double?
    public var adjusted: Double?
    public var undefined: String?
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
    by Holm over the rows, and speaks of other persons. PCC within persons ranks a person's own \
    rows, where what the person answers everywhere cancels: the primary figure for a correction of \
    labels. CCC calibrated puts predictions on the line through the other persons' rows; C_b is the \
    factor by which raw CCC is lower than PCC. How others read a text needs an independent rater \
    and is not measured.
    """
}

/// Series of rows that differ in alpha alone, or in the share of added data alone.
struct ExperimentSweeps {
  let rows: [Experiment.Row]
  let split: ExperimentSummary.Split

  /// One for each variable and metric that has at least two values.
  var sweeps: [Sweep] {
    let alpha = groups { settings in
      let value = settings.alpha
      settings.alpha = nil
      return value
    }
    let portion = groups { settings in
      let portions = Set(settings.extra.map(\.portion))
      for place in settings.extra.indices { settings.extra[place].portion = 1 }
      return portions.count == 1 ? portions.first : nil
    }.map(withoutAddition)
    return [
      (ExperimentSummary.alphaVariable, alpha), (ExperimentSummary.portionVariable, portion),
    ].filter { !$1.isEmpty }.flatMap { variable, groups in
      ExperimentSummary.sweptMetrics.map { metric in
        Sweep(
          title: "\(split.benchmark)/\(split.split)", variable: variable, metric: metric.id,
          series: groups.map { series($0, metric) })
      }
    }
  }

  private struct Group {
    var name: String
    var settings: ExperimentSettings
    var points: [(x: Double, row: String)]
  }

  /// Rows by everything but the variable, which `variable` takes out of their settings, where it
  /// has at least two values.
  private func groups(_ variable: (inout ExperimentSettings) -> Double?) -> [Group] {
    var groups: [Group] = []
    for row in rows {
      var rest = row.settings
      guard let x = variable(&rest) else { continue }
      if let place = groups.firstIndex(where: { $0.settings == rest }) {
        groups[place].points.append((x, row.name))
      } else {
        let name = row.name.split(separator: ",").first.map { String($0) } ?? row.name
        groups.append(Group(name: name, settings: rest, points: [(x, row.name)]))
      }
    }
    return groups.filter { Set($0.points.map(\.x)).count > 1 }
  }

  /// With the row that has no added data, if there is one, at a share of 0.
  private func withoutAddition(_ group: Group) -> Group {
    var settings = group.settings
    settings.extra = []
    guard let row = rows.first(where: { $0.settings == settings }) else { return group }
    var extended = group
    extended.points.insert((0, row.name), at: 0)
    return extended
  }

  private func series(_ group: Group, _ metric: Metric) -> Sweep.Series {
    let points = group.points.sorted { $0.x < $1.x }.compactMap { point -> Sweep.Point? in
      let row = split.rows.first { $0.name == point.row }
      guard let seeds = row?.metrics[metric]?.overSeeds, let mean = seeds.mean else { return nil }
      return Sweep.Point(
        x: point.x, y: mean, low: seeds.sd.flatMap { Rounding.published(mean - $0) },
        high: seeds.sd.flatMap { Rounding.published(mean + $0) })
    }
    return Sweep.Series(name: group.name, points: points)
  }
}

/// Values over one variable, for instance the threshold alpha or the share of data.
public struct Sweep: Codable, Sendable, Equatable {
  public var title, variable, metric: String
  /// Names of the values 0, 1, … of a variable that is none of numbers; drawn as bars.
  public var categories: [String]?
  public var series: [Series]

  public init(
    title: String, variable: String, metric: String, categories: [String]? = nil, series: [Series]
  ) {
    (self.title, self.variable, self.metric) = (title, variable, metric)
    (self.categories, self.series) = (categories, series)
  }

  /// How the value `x` of the variable is written.
  public func name(_ x: Double) -> String {
    categories.flatMap { $0.indices.contains(Int(x)) ? $0[Int(x)] : nil }
      ?? Rounding.text(x, decimals: 1)
  }

  public struct Series: Codable, Sendable, Equatable {
    public var name: String
    public var points: [Point]

    public init(name: String, points: [Point]) { (self.name, self.points) = (name, points) }
  }

  public struct Point: Codable, Sendable, Equatable {
    public var x, y: Double
    public var low, high: Double?

    public init(x: Double, y: Double, low: Double? = nil, high: Double? = nil) {
      (self.x, self.y, self.low, self.high) = (x, y, low, high)
    }
  }
}
