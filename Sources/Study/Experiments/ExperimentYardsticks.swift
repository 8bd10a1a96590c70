import Basics
import Harness
import Metrics

/// A figure of an experiment: a metric of the predictions and labels as they are, or of other columns
/// made from them.
enum ExperimentYardstick: Sendable, Equatable {
  /// A metric of the columns as they are.
  case plain(Metric)
  /// PCC of both less the mean of their person.
  case pccWithin
  /// CCC of predictions on the line through the other persons' rows.
  case cccCalibrated

  var metric: Metric {
    switch self {
    case .plain(let metric): metric
    case .pccWithin: .pcc
    case .cccCalibrated: .ccc
    }
  }

  var name: String {
    switch self {
    case .plain(let metric): metric.id
    case .pccWithin: "pccWithin"
    case .cccCalibrated: "cccCalibrated"
    }
  }

  static var names: [String] {
    [Self.pccWithin, .cccCalibrated].map(\.name) + Metric.ofMoments.map(\.id)
  }

  init?(named name: String) {
    let own = [Self.pccWithin, .cccCalibrated] + Metric.ofMoments.map { .plain($0) }
    guard let known = own.first(where: { $0.name == name }) else { return nil }
    self = known
  }

  /// The columns of one set of predictions; nil where persons do not repeat, or there is only one.
  func columns(
    _ part: Scorer.TargetRows
  ) -> (sample: ClusteredSample, predictions: [Double])? {
    switch self {
    case .plain: (part.sample, part.predictions)
    case .pccWithin:
      WithinClusters(part.sample).map { ($0.sample, $0.centred(part.predictions)) }
    case .cccCalibrated:
      part.sample.calibrated(part.predictions).map { (part.sample, $0) }
    }
  }

  /// The figures of a row's runs, against those of the baseline where there is another.
  func figures(
    _ runs: [Predictions], against other: [Predictions]?, _ scorer: Scorer
  ) -> ExperimentSummary.Figures? {
    let options = scorer.options.inference
    let target = scorer.definition.mainTarget
    func columns(
      _ predictions: Predictions?
    ) -> (sample: ClusteredSample, predictions: [Double])? {
      predictions.flatMap { scorer.rows(target, of: $0) }.flatMap { self.columns($0) }
    }
    func values(_ runs: [Predictions]) -> [Double] {
      runs.compactMap { columns($0) }.compactMap { sample, predictions -> Double? in
        let figure = PointMetrics.figure(
          metric, predictions, sample.gold, form: options.form)
        // As in every summary of seeds: a run that ended in a constant has lost all.
        return figure.reason == .constantPrediction ? 0 : figure.value
      }
    }
    guard let own = columns(Predictions.mean(of: runs)) else { return nil }
    let system = SystemInference(own.sample, predictions: own.predictions, options: options)
    let found = values(runs)
    var comparison = RunsReport.MetricComparison(
      metric, (found, other.map { values($0) } ?? found),
      constant: (scorer.constantRuns(in: runs), scorer.constantRuns(in: other ?? runs)))
    let summary = comparison.first
    (comparison.first, comparison.second) = (nil, nil)
    return ExperimentSummary.Figures(
      values: found.compactMap(Rounding.published), overSeeds: summary,
      seedTest: other == nil ? nil : comparison,
      averaged: ScoredFigure(
        system.figure(metric), system.interval(metric, method: scorer.options.method)),
      rowTest: other.flatMap { columns(Predictions.mean(of: $0)) }.flatMap { other in
        guard other.predictions.count == own.predictions.count else { return nil }
        return test(
          PairComparison(own.sample, own.predictions, other.predictions, options: options), scorer)
      })
  }

  private func test(_ pair: PairComparison, _ scorer: Scorer) -> ExperimentSummary.RowTest {
    let difference = pair.difference(metric)
    let interval = pair.interval(metric, method: scorer.options.method)
    return ExperimentSummary.RowTest(
      difference: Rounding.published(difference.value),
      low: Rounding.published(interval.value?.low), high: Rounding.published(interval.value?.high),
      p: Rounding.p(pair.permutation([metric]).p(metric).value),
      undefined: difference.reason?.rawValue ?? interval.reason?.rawValue)
  }
}
