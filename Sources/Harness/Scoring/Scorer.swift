import Basics
public import Metrics

/// Scores predictions against a split's gold labels.
public struct Scorer: Sendable {
  public let definition: BenchmarkDefinition
  public let dataset: Dataset
  public let options: ScoringOptions
  /// What does not change between submissions.
  private let split: KnownSplit

  /// - Throws: ``HarnessError/usage(_:)`` where the split is blind.
  public init(
    _ definition: BenchmarkDefinition, dataset: Dataset, options: ScoringOptions = ScoringOptions()
  ) throws(HarnessError) {
    guard dataset.hasGold else {
      throw .usage(
        "\(definition.id)/\(dataset.split) is blind: it has no gold labels here. "
          + "`invitro validate` checks a file against it.")
    }
    self.definition = definition
    self.dataset = dataset
    self.options = options
    split = KnownSplit(dataset, options: options)
  }

  /// One target's rows that have both a label and a prediction.
  public struct TargetRows: Sendable {
    public var target: Target
    /// Indices into the split's rows.
    public var rows: [Int]
    public var predictions: [Double]
    public var sample: ClusteredSample
  }

  /// The rows to score of `target`; nil where it is not attempted or has no labels.
  public func rows(_ target: Target, of predictions: Predictions) -> TargetRows? {
    guard let column = predictions.columns[target] else { return nil }
    let known =
      predictions.missingCount == 0
      ? split.whole(target) : split.labelled(predictions.present, target)
    guard let known else { return nil }
    return TargetRows(
      target: target, rows: known.rows, predictions: known.rows.map { column.values[$0] },
      sample: known.sample)
  }

  /// The report on `predictions`; a ``ReleaseRule`` says what of it may be shown.
  ///
  /// - Throws: ``HarnessError/usage(_:)`` where no attempted target has a label.
  public func score(_ predictions: Predictions) throws(HarnessError) -> PrivateReport {
    let parts = Target.allCases.compactMap { rows($0, of: predictions) }
    guard let main = parts.first(where: { $0.target == definition.primary.target }) ?? parts.first
    else {
      throw .usage(
        "The file predicts no target that \(definition.id)/\(dataset.split) has labels of.")
    }
    let marks = split.marks
    return PrivateReport(
      benchmark: definition.id, split: dataset.split, n: main.rows.count,
      clusters: main.sample.clusterCount, level: options.inference.level,
      dropped: predictions.missingCount > 0 ? predictions.missingCount : nil,
      targets: Dictionary(
        parts.map { ($0.target, figures($0)) }, uniquingKeysWith: { first, _ in first }),
      groups: groups(parts), disparities: disparities(parts),
      sensitivity: options.sensitivity ? sensitivity(parts) : nil,
      detectable: options.detectable ? detectable(main) : nil, wassa: Self.wassa(parts),
      digests: Digests(gold: marks.gold, order: marks.order, predictions: predictions.digest),
      signature: marks.signature, notes: notes(main, predictions))
  }

  private func figures(_ part: TargetRows) -> TargetScores {
    TargetScores(
      SystemInference(
        part.sample, predictions: part.predictions, options: options.inference),
      options)
  }

  /// The organisers' figures: undefined counts 0, a target that is not attempted is null.
  static func wassa(_ parts: [TargetRows]) -> WASSAScores {
    var figures: TargetTable<Figure> = [:]
    for part in parts {
      figures[part.target] = WASSA.pcc(part.predictions, part.sample.gold)
    }
    let both = [figures[.empathy], figures[.distress]].compactMap { $0 }
    return WASSAScores(
      averaged: both.count == 2 ? Rounding.published(WASSA.averaged(both).value) : nil,
      empathy: figures[.empathy]?.value, distress: figures[.distress]?.value)
  }

  private func notes(_ main: TargetRows, _ predictions: Predictions) -> [String] {
    var notes: [String] = []
    if main.sample.clusterCount < ClusteredSample.fewClusters {
      notes.append(
        "Only \(main.sample.clusterCount) clusters (\(options.cluster.rawValue)): "
          + "intervals under \(ClusteredSample.fewClusters) clusters are unreliable.")
    }
    if predictions.missingCount > 0 {
      notes.append(
        "\(predictions.missingCount) of \(predictions.rowCount) rows have no prediction and were "
          + "left out; these figures do not compare with those on all rows.")
    }
    for warning in predictions.warnings where warning.code == .notAttempted {
      notes.append("Distress copies empathy and counts as not attempted.")
    }
    return notes
  }
}

extension TargetScores {
  /// All figures of one system on one target, rounded for publication.
  init(_ system: SystemInference, _ options: ScoringOptions) {
    self.init()
    let moments = system.moments
    let intervals = system.intervals([.pcc, .ccc, .rmse, .mae], method: options.method)
    pcc = ScoredFigure(moments.pcc(), intervals[.pcc])
    ccc = ScoredFigure(moments.ccc(system.options.form), intervals[.ccc])
    rmse = ScoredFigure(moments.rmse(), intervals[.rmse])
    mae = ScoredFigure(moments.mae(), intervals[.mae])
    if options.ranks {
      // Rank correlations have an interval by the jackknife alone, whatever the method.
      let ranks = system.rankCorrelations()
      spearman = ranks[.spearman].map { ScoredFigure($0.figure, $0.interval) }
      kendall = ranks[.kendall].map { ScoredFigure($0.figure, $0.interval) }
    }
    alpha = ScoredFigure(moments.alpha(), nil)
    rowwise = ScoredFigure(moments.pcc(), system.interval(.pcc, method: .fisherRows))
    bias = Rounding.published(moments.meanError)
  }
}

extension ScoredFigure {
  /// A figure and its interval, rounded to 4 decimals; the bounds are absent where undefined.
  init(_ figure: Figure, _ interval: Outcome<Interval>?) {
    self.init(value: Rounding.published(figure.value), undefined: figure.reason?.rawValue)
    if figure.value != nil, case .value(let bounds)? = interval {
      low = Rounding.published(bounds.low)
      high = Rounding.published(bounds.high)
      undefinedReplicates = bounds.undefinedReplicates > 0 ? bounds.undefinedReplicates : nil
    }
  }
}
