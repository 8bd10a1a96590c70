import Basics
import Metrics

/// The weighted average over targets that a board may order by: one figure with an interval and tests of
/// its own.
extension Scorer {
  /// The rows that the parts of an average have labels and predictions of.
  struct AverageRows {
    /// The average's name.
    var target: String
    /// Indices into the split's rows, ascending.
    var rows: [Int]
    var parts: [TargetRows]
    var average: TargetAverage
  }

  /// The rows of the average over `parts`; nil where the benchmark orders by one target's figure, or a
  /// part of the average is not attempted or has no labels.
  /// - Parameter clustering: nil for the scorer's.
  func averageRows(_ parts: [TargetRows], by clustering: String? = nil) -> AverageRows? {
    guard let weights = definition.primary.weights else { return nil }
    let weighed = parts.filter { weights[$0.target] != nil }
    guard weighed.count == weights.count else { return nil }
    let rows = Set(weighed.flatMap(\.rows)).sorted()
    let places = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
    let average = TargetAverage(
      weighed.map { part in
        .init(
          gold: part.sample.gold, rows: part.rows.compactMap { places[$0] },
          weight: weights[part.target] ?? 1)
      }, clusters: names(of: rows, by: clustering ?? cluster))
    return AverageRows(
      target: definition.primary.target, rows: rows, parts: weighed, average: average)
  }

  /// The cluster of each of `rows`.
  private func names(of rows: [Int], by clustering: String) -> [String] {
    let names = dataset.clusterNames(clustering)
    return rows.map { names[$0] }
  }

  func system(_ rows: AverageRows) -> AveragedSystem {
    AveragedSystem(
      rows.average, predictions: rows.parts.map(\.predictions), options: options.inference)
  }

  /// The primary metric of the average with its interval.
  func averageScores(_ parts: [TargetRows], by clustering: String? = nil) -> TargetScores? {
    averageRows(parts, by: clustering).map { rows in
      let (metric, system) = (definition.primary.metric, system(rows))
      // Of ranks there is an interval by the jackknife alone, whatever the method.
      let method = metric.isOfRanks ? .jackknife : options.method
      var scores = TargetScores()
      scores[metric] = ScoredFigure(system.figure(metric), system.interval(metric, method: method))
      return scores
    }
  }

  /// The same by two crossed clusterings.
  func crossedAverage(_ parts: [TargetRows], _ first: String, _ second: String) -> TargetScores? {
    averageRows(parts, by: first).map { rows in
      let (metric, system) = (definition.primary.metric, system(rows))
      var scores = TargetScores()
      scores[metric] = ScoredFigure(
        system.figure(metric),
        system.twoWayInterval(metric, crossedWith: names(of: rows.rows, by: second)))
      return scores
    }
  }

  /// The difference of two systems in the primary average, and its p before rounding; nil where there is
  /// no average or one of them does not attempt it.
  func averageDifference(_ first: [TargetRows], _ second: [TargetRows]) -> ScoredPair? {
    guard let mine = averageRows(first), let others = averageRows(second) else { return nil }
    let metric = definition.primary.metric
    let pair = (system(mine), system(others))
    let (difference, interval, test) = pair.0.difference(
      metric, from: pair.1, method: options.method)
    let crossed =
      isCrossed
      ? pair.0.twoWayDifference(
        metric, from: pair.1, crossedWith: names(of: mine.rows, by: definition.clusters[1])
      ).value
      : nil
    let p = test.p(metric).value
    let scores = ComparisonReport.PairScores(
      metrics: [
        metric: .init(
          (pair.0.figure(metric), pair.1.figure(metric)), difference, interval, crossed, p: p)
      ], correlation: nil, williams: .init(.undefined(.methodDoesNotApply)),
      steiger: .init(.undefined(.methodDoesNotApply)),
      undefinedPermutations: test.undefinedReplicates(metric))
    return ScoredPair(
      target: mine.target, rows: mine.rows.count, sample: mine.average.sample, scores: scores,
      difference: difference.value, p: p)
  }

  /// Whether the scorer's clustering is crossed by a second one.
  var isCrossed: Bool { definition.clusters.count == 2 && cluster == definition.clusters[0] }
}
