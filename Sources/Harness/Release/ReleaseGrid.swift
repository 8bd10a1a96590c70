import Basics
import Foundation
public import Metrics

/// The values that a board with hidden labels may show: those of its primary figure on a grid, from
/// a floor on. Whatever a team sends, it learns no more than ``bits(submissions:systems:)``.
public struct ReleaseGrid: Codable, Sendable, Equatable {
  public let target: String
  public let metric: Metric
  /// Distance of two values.
  public let step: Double
  /// The first value that is shown, on the grid: that of the board's best baseline.
  public let floor: Double

  /// - Parameter floor: a score in the metric; rounded towards worse to the grid.
  public init(_ primary: BenchmarkDefinition.PrimaryMetric, step: Double, floor: Double) {
    precondition(step > 0, "a positive step")
    (target, metric, self.step) = (primary.target, primary.metric, step)
    self.floor = Self.rounded(floor, step, metric)
  }

  /// One target of the figure that is shown.
  public struct Part {
    var rows: Int
    var weight, unit: Double

    /// - Parameters:
    ///   - rows: with a label.
    ///   - unit: √n times the standard error, about; see ``ReleaseGrid/proposed(_:_:floor:)``.
    public init(rows: Int, weight: Double = 1, unit: Double = 1) {
      (self.rows, self.weight, self.unit) = (rows, weight, unit)
    }
  }

  /// The least step of an error, and the least step of one at the close; figures are published with
  /// four decimals.
  static let leastStep = 0.01, leastClosingStep = 0.001

  /// .9 standard errors of the figure, rounded up: of a correlation to .01, of an error to two digits.
  /// The standard error of an average is at most the average of its parts' ones.
  public static func step(_ metric: Metric, _ parts: [Part]) -> Double {
    let error = parts.reduce(0) { sum, part in
      sum + part.weight * part.unit / Double(max(2, part.rows) - 1).squareRoot()
    }
    let share = 0.9 * error / parts.reduce(0) { $0 + $1.weight }
    guard !metric.higherIsBetter else { return Rounding.up(share, decimals: 2) }
    return max(leastStep, Rounding.up(share, digits: 2))
  }

  /// The grid for a split: its step is about the standard error of its figure. That of a small
  /// correlation of n rows is 1/√(n - 1), of Kendall's tau-b two thirds of it (Kendall 1938, Biometrika
  /// 30:81); of an error it is taken as the same share of the constant prediction's error.
  /// - Throws: ``HarnessError/usage(_:)`` for a floor that the metric cannot have, and
  ///   ``HarnessError/conflict(what:hint:)`` where the split's labels allow no grid.
  public static func proposed(
    _ definition: BenchmarkDefinition, _ dataset: Dataset, floor: Double
  ) throws(HarnessError) -> ReleaseGrid {
    let metric = definition.primary.metric
    var (parts, constant, most): ([Part], Double, Double) = ([], 0, 0)
    for target in definition.targets {
      guard let weight = definition.primary.weight(of: target.name) else { continue }
      let gold = dataset.gold(target.name).compactMap { $0 }
      guard gold.count > 2, gold.contains(where: { $0 != gold[0] }) else {
        throw .conflict(
          what: "\(definition.id)/\(dataset.split) has \(gold.count) labels of \(target.name)"
            + (gold.count > 2 ? ", all of them equal" : "") + ": no figure of it can be shown",
          hint:
            "A board with hidden labels needs three labels of each target that it ranks by, and "
            + "two different ones.")
      }
      let mean = gold.reduce(0, +) / Double(gold.count)
      let unit =
        metric.higherIsBetter
        ? (metric == .kendall ? 2.0 / 3 : 1)
        : PointMetrics.figure(metric, gold.map { _ in mean }, gold).value ?? 1
      parts.append(Part(rows: gold.count, weight: weight, unit: unit))
      constant += weight * unit
      most += weight * (target.high - target.low + ReleaseRule.hiddenMargin)
    }
    let total = parts.reduce(0) { $0 + $1.weight }
    (constant, most) = (constant / total, most / total)
    guard floor.isFinite, metric.higherIsBetter ? -1 <= floor && floor <= 1 : 0 <= floor else {
      throw .usage("\(floor) is no value of \(metric.title).")
    }
    guard metric.higherIsBetter || floor <= most else {
      throw .usage(
        "No submission can have \(metric.title) \(floor): predictions lie at most "
          + "\(ReleaseRule.hiddenMargin) outside the labels' range. Give the score of your best "
          + "baseline.")
    }
    guard metric.higherIsBetter || constant >= 2 * leastStep else {
      throw .conflict(
        what:
          "labels of \(definition.id)/\(dataset.split) differ too little for \(metric.title) in "
          + "steps of \(leastStep), the least ones of hidden labels: a constant prediction has "
          + "\(Rounding.text(constant))",
        hint: "Give labels and range in a smaller unit, or rank by a correlation.")
    }
    return ReleaseGrid(definition.primary, step: step(metric, parts), floor: floor)
  }

  /// What `rows` labels of a target hold, in bits, as estimated from labels that teams have: rows times
  /// the entropy of one label. Without known labels that of evenly spread values on the target's scale
  /// (in hundredths where its labels are no means of items).
  public static func entropy(of target: Target, rows: Int, known: [Double]) -> Double {
    let counts = known.reduce(into: [:]) { $0[$1, default: 0] += 1.0 }.values
    let total = Double(known.count)
    let one = counts.reduce(0) { $0 - $1 / total * log2($1 / total) }
    let values = (target.high - target.low) * Double(target.items ?? 100) + 1
    return Double(rows) * (one > 0 ? one : log2(max(2, values)))
  }

  /// The grid value that `value`, as published with four decimals, is shown as, towards worse; nil
  /// beyond the floor.
  public func level(_ value: Double) -> Double? {
    let shown = Self.rounded(Rounding.published(value) ?? value, step, metric)
    return isBetter(floor, shown) ? nil : shown
  }

  /// Whether `one` is a better grid value than `other`.
  func isBetter(_ one: Double, _ other: Double) -> Bool {
    (metric.higherIsBetter ? one - other : other - one) > step / 2
  }

  private static func rounded(_ value: Double, _ step: Double, _ metric: Metric) -> Double {
    let steps = value / step
    let whole = metric.higherIsBetter ? (steps + 1e-9).rounded(.down) : (steps - 1e-9).rounded(.up)
    return Rounding.rounded(whole * step, decimals: 4) ?? value
  }

  /// How many values may be shown, m.
  public var levels: Int {
    let end = metric.higherIsBetter ? 1.0 : 0.0
    return max(1, 1 + Int(((end - floor).magnitude / step + 1e-9).rounded(.down)))
  }

  /// What a team learns of the labels at most from q submissions, in bits: its answers are a value that
  /// never falls, of which there are C(q + m, q) sequences. N systems climb N · m steps in all and at
  /// most m at once, whichever the team sends next: C(q + N m, q) sequences, and no more than (m + 1)^q.
  public func bits(submissions q: Int, systems: Int = 1) -> Double {
    let sequences = (0..<levels * systems).reduce(0) {
      $0 + log2(Double(q + $1 + 1) / Double($1 + 1))
    }
    return min(sequences, Double(q) * log2(Double(levels + 1)))
  }

  /// The grid of the values that are shown once the board is closed, from the same floor on: two
  /// decimals of a correlation; of an error, which has a unit, about a tenth of the step.
  public var atClose: ReleaseGrid {
    ReleaseGrid(.init(target: target, metric: metric), step: closingStep, floor: floor)
  }

  private var closingStep: Double {
    metric.higherIsBetter
      ? 0.01 : max(Self.leastClosingStep, Rounding.up(step / 10, digits: 1))
  }

  /// What the close tells of one submission at most, in bits. Of a team's best the grid value is known
  /// already.
  public func bitsAtClose(ofBest: Bool) -> Double {
    log2(ofBest ? max(1, (step / closingStep - 1e-9).rounded(.up)) : Double(atClose.levels + 1))
  }

  var cacheName: String { "\(target) \(metric) \(step) \(floor)" }

  /// The primary figure of `report` on the grid, with an interval that follows from that and the
  /// number of clusters and tells nothing more.
  func covered(_ report: ScoreReport) -> TargetTable<TargetScores> {
    guard let value = report.targets[target]?[metric]?.value.flatMap(level) else { return [:] }
    var scores = TargetScores()
    let clusters = report.effectiveClusters ?? Double(report.clusters)
    scores[metric] = figure(value, clusters: clusters, level: report.level)
    return [target: scores]
  }

  /// Fisher's z of PCC, from the least figure that is shown as `value` to the greatest.
  ///
  /// Of an average of PCCs it is wider than need be: the standard error of the average is at most the
  /// average of the parts' (1 - r²)/√n, and that is at most (1 - m²)/√n with m the average, since
  /// 1 - r² is concave. The error of any other metric depends on more than its value.
  private func figure(_ value: Double, clusters: Double, level: Double) -> ScoredFigure {
    var figure = ScoredFigure(value: value)
    guard metric == .pcc else {
      figure.intervalUndefined = "it would tell more of hidden labels than the figure does"
      return figure
    }
    guard value.magnitude < 1, clusters > 3.5 else { return figure }
    let half = Distributions.normalQuantile((1 + level) / 2) / (clusters - 3).squareRoot()
    let greatest = value + step
    figure.low = Rounding.rounded(tanh(atanh(value) - half), decimals: 2)
    figure.high = greatest < 1 ? Rounding.rounded(tanh(atanh(greatest) + half), decimals: 2) : 1
    return figure
  }
}
