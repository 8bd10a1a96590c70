import Basics
public import Metrics

/// Two systems on the same rows: what may be concluded from their difference.
public struct ComparisonReport: Codable, Sendable, Equatable {
  public var schema: Int = 1
  public var benchmark, split, first, second: String
  /// Rows that both systems predict.
  public var n: Int
  public var clusters: Int
  public var targets: TargetTable<PairScores>
  /// One sentence on the primary metric.
  public var conclusion: String
  public var signature: String
  public var version: String = ScoreReport.toolVersion

  /// One target: a metric's figures of both, their difference, its interval and test.
  public struct PairScores: Codable, Sendable, Equatable {
    public var metrics: [Metric: Difference]
    /// PCC within clusters (``WithinClusters``); nil where no cluster has two rows.
    public var pccWithin: Difference?
    /// Correlation of the two systems' predictions.
    public var correlation: Double?
    /// Williams' t and Steiger's Z on PCC; they take rows as independent.
    public var williams: RowwiseTest
    public var steiger: RowwiseTest
    /// Permutations in which the primary metric or its error is undefined; they count as far out.
    public var undefinedPermutations: Int
  }

  public struct Difference: Codable, Sendable, Equatable {
    public var first, second: Double?
    /// First minus second.
    public var difference: Double?
    public var low, high: Double?
    /// The interval by both clusterings of the benchmark, crossed.
    public var crossedLow: Double?
    public var crossedHigh: Double?
    /// Two-sided, studentised swap test by clusters; at least 1/(B + 1).
    public var p: Double?
    public var undefined: String?

    init(
      _ figures: (Figure, Figure), _ difference: Figure, _ interval: Outcome<Interval>,
      _ crossed: Interval?, p: Double?
    ) {
      (first, second) = (
        Rounding.published(figures.0.value), Rounding.published(figures.1.value)
      )
      self.difference = Rounding.published(difference.value)
      (low, high) = (
        Rounding.published(interval.value?.low), Rounding.published(interval.value?.high)
      )
      (crossedLow, crossedHigh) = (
        Rounding.published(crossed?.low), Rounding.published(crossed?.high)
      )
      self.p = Rounding.p(p)
      undefined = difference.reason?.rawValue ?? interval.reason?.rawValue
    }
  }

  public struct RowwiseTest: Codable, Sendable, Equatable {
    public var statistic, df, p: Double?
    public var undefined: String?

    init(_ outcome: Outcome<TestStatistic>) {
      statistic = Rounding.published(outcome.value?.statistic)
      let degrees = outcome.value?.degreesOfFreedom
      df = degrees.flatMap { $0.isFinite ? $0 : nil }
      p = Rounding.p(outcome.value?.p)
      undefined = outcome.reason?.rawValue
    }
  }
}

extension Scorer {
  /// Compares two systems on the rows that both predict.
  /// - Throws: ``HarnessError/usage(_:)`` where they share no target with labels, or where a
  ///   difference has no interval by the method asked for.
  public func compare(
    _ first: Predictions, named firstName: String, _ second: Predictions, named secondName: String
  ) throws(HarnessError) -> ComparisonReport {
    guard [.jackknife, .percentile].contains(options.method) else {
      throw .usage(
        "The interval of a difference is made by jackknife-z or percentile, not by "
          + "\(options.method.rawValue).")
    }
    let (a, b) = Self.common(first, second)
    let parts = definition.targetNames.compactMap { target in
      rows(target, of: a).flatMap { x in rows(target, of: b).map { (x, $0) } }
    }
    var pairs = parts.map(scores)
    if let average = averageDifference(parts.map(\.0), parts.map(\.1)) {
      pairs.insert(average, at: 0)
    }
    let wanted = [definition.primary.target, definition.mainTarget]
    guard
      let main = wanted.lazy.compactMap({ name in pairs.first { $0.target == name } }).first
        ?? pairs.first
    else {
      throw .usage(
        "\(firstName) and \(secondName) share no target that "
          + "\(definition.id)/\(dataset.split) has labels of.")
    }
    var report = ComparisonReport(
      benchmark: definition.id, split: dataset.split, first: firstName, second: secondName,
      n: main.rows, clusters: main.sample.clusterCount,
      targets: Dictionary(uniqueKeysWithValues: pairs.map { ($0.target, $0.scores) }),
      conclusion: "", signature: options.signature(cluster: cluster, goldDigest: dataset.goldDigest)
    )
    report.conclusion = conclusion(report, main)
    return report
  }

  /// Both systems on the rows that neither leaves out.
  private static func common(_ a: Predictions, _ b: Predictions) -> (Predictions, Predictions) {
    guard a.missingCount + b.missingCount > 0 else { return (a, b) }
    let other = Set(b.present)
    var (a, b) = (a, b)
    a.present = a.present.filter(other.contains)
    b.present = a.present
    return (a, b)
  }

  /// The scores of one target, or of the average over targets.
  struct ScoredPair {
    var target: String
    var rows: Int
    var sample: ClusteredSample
    var scores: ComparisonReport.PairScores
    /// Of the primary metric, before rounding.
    var difference, p: Double?
  }

  private func scores(_ x: TargetRows, _ y: TargetRows) -> ScoredPair {
    let pair = PairComparison(x.sample, x.predictions, y.predictions, options: options.inference)
    let test = pair.permutation()
    let intervals = pair.intervals(method: options.method)
    let others = isCrossed ? resampled(x, by: definition.clusters[1]).clusterOfRow : []
    let crossed = isCrossed ? crossedMetrics(x.rows.count) : []
    var metrics: [Metric: ComparisonReport.Difference] = [:]
    for metric in Metric.all {
      metrics[metric] = ComparisonReport.Difference(
        pair.figures(metric), pair.difference(metric),
        intervals[metric] ?? .undefined(.methodDoesNotApply),
        crossed.contains(metric) ? pair.twoWayInterval(metric, crossedWith: others).value : nil,
        p: test.p(metric).value)
    }
    let rowwise = pair.rowwiseTests
    let primary = definition.primary.metric
    let scores = ComparisonReport.PairScores(
      metrics: metrics, pccWithin: within(x, y),
      correlation: Rounding.published(pair.correlation.value),
      williams: ComparisonReport.RowwiseTest(rowwise.williams),
      steiger: ComparisonReport.RowwiseTest(rowwise.steiger),
      undefinedPermutations: test.undefinedReplicates(primary))
    return ScoredPair(
      target: x.target, rows: x.rows.count, sample: x.sample, scores: scores,
      difference: pair.difference(primary).value, p: test.p(primary).value)
  }

  private func within(_ x: TargetRows, _ y: TargetRows) -> ComparisonReport.Difference? {
    WithinClusters(x.sample).map { within in
      let pair = within.comparison(x.predictions, y.predictions, options: options.inference)
      return ComparisonReport.Difference(
        pair.figures(.pcc), pair.difference(.pcc), pair.interval(.pcc, method: options.method),
        nil, p: pair.permutation([.pcc]).p(.pcc).value)
    }
  }

  /// What may be said about the primary metric, in one sentence.
  private func conclusion(_ report: ComparisonReport, _ main: ScoredPair) -> String {
    let (metric, target) = (definition.primary.metric, main.target)
    let name = metric.title
    guard let scores = report.targets[target]?.metrics[metric],
      let difference = scores.difference, let low = scores.low, let high = scores.high
    else {
      return "The two systems cannot be compared by \(name): it is undefined for one of them."
    }
    var sizes =
      "difference in \(name) of \(target) \(Rounding.text(difference)) "
      + "[\(Rounding.text(low)), \(Rounding.text(high))]"
    if let wide = scores.crossedLow, let top = scores.crossedHigh, top - wide >= 1.2 * (high - low)
    {
      let names = definition.clusters.joined(separator: " and ")
      sizes += ", by \(names) [\(Rounding.text(wide)), \(Rounding.text(top))]"
    }
    let p = scores.p.map { ", p \($0 < 0.0001 ? "< 0.0001" : "= \($0)")" } ?? ""
    if main.sample.hasFewClusters {
      return "\(sizes)\(p); with \(main.sample.clusterNote), interval and p are unreliable."
    }
    guard let value = main.p, value <= InferenceOptions.alpha(options.inference.level) else {
      return "The two systems do not differ significantly on these \(report.n) rows: \(sizes)\(p)."
    }
    let firstIsBetter = ((main.difference ?? difference) > 0) == metric.higherIsBetter
    let (better, worse) =
      firstIsBetter ? (report.first, report.second) : (report.second, report.first)
    return "\(better) is better than \(worse) on these \(report.n) rows: \(sizes)\(p)."
  }
}
