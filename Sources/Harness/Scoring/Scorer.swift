import Basics
public import Metrics

/// Scores predictions against a split's gold labels.
public struct Scorer: Sendable {
  public let definition: BenchmarkDefinition
  public let dataset: Dataset
  public let options: ScoringOptions
  /// The clustering that intervals and tests take.
  public let cluster: String
  /// Of the labels in row order, as is the digest of the row ids.
  private let goldDigest: String
  private let orderDigest: String
  /// The rows with a label of each target that has one, and their labels by each clustering, made
  /// once for all submissions.
  private var whole: TargetTable<(rows: [Int], samples: [String: ClusteredSample])> = [:]
  /// The split's groups, of all attributes; none where no attribute is asked for.
  let groups: [DemographicGroups.Group]
  /// Why each of them is withheld where all rows are scored; nil where one is shown.
  let withheld: [String?]

  /// - Throws: ``HarnessError/usage(_:)`` where the split is blind or there is no such clustering.
  public init(
    _ definition: BenchmarkDefinition, dataset: Dataset, options: ScoringOptions = ScoringOptions()
  ) throws(HarnessError) {
    guard dataset.hasGold else {
      throw .usage(
        "\(definition.id)/\(dataset.split) is blind: it has no gold labels here. "
          + "`invitro validate` checks a file against it.")
    }
    (self.definition, self.dataset, self.options) = (definition, dataset, options)
    cluster = try definition.clustering(options.cluster)
    (goldDigest, orderDigest) = (dataset.goldDigest, dataset.orderDigest)
    let isGrouped = options.attributes.map { !$0.isEmpty } ?? true
    groups = isGrouped ? DemographicGroups.all(of: dataset, definition: definition) : []
    withheld = DemographicGroups.reasons(toWithhold: groups, of: dataset)
    for target in definition.targetNames {
      guard let rows = labelled(Array(dataset.rows.indices), target) else { continue }
      let samples = Set(definition.clusters + [cluster]).map { ($0, sample(rows, target, by: $0)) }
      whole[target] = (rows, Dictionary(uniqueKeysWithValues: samples))
    }
  }

  /// Those of `rows` that have a label of `target`; nil for none.
  private func labelled(_ rows: [Int], _ target: String) -> [Int]? {
    let gold = dataset.gold(target)
    let rows = rows.filter { gold[$0] != nil }
    return rows.isEmpty ? nil : rows
  }

  /// The labels of `rows`, which all have one, in the clusters of `clustering`.
  private func sample(_ rows: [Int], _ target: String, by clustering: String) -> ClusteredSample {
    if let (all, samples) = whole[target], all.count == rows.count,
      let known = samples[clustering]
    {
      return known
    }
    let gold = dataset.gold(target)
    let labels = rows.compactMap { gold[$0] }
    guard clustering != BenchmarkDefinition.rows else { return ClusteredSample(rows: labels) }
    let names = dataset.clusterNames(clustering)
    return ClusteredSample(gold: labels, clusters: rows.map { names[$0] })
  }

  /// The rows of `part` by another clustering.
  func resampled(_ part: TargetRows, by clustering: String) -> ClusteredSample {
    sample(part.rows, part.target, by: clustering)
  }

  /// One target's rows that have both a label and a prediction.
  public struct TargetRows: Sendable {
    public var target: String
    /// Indices into the split's rows.
    public var rows: [Int]
    public var predictions: [Double]
    public var sample: ClusteredSample
  }

  /// The rows to score of `target`; nil where it is not attempted or has no labels.
  public func rows(_ target: String, of predictions: Predictions) -> TargetRows? {
    guard let column = predictions.columns[target] else { return nil }
    let isWhole = predictions.missingCount == 0
    guard let rows = isWhole ? whole[target]?.rows : labelled(predictions.present, target) else {
      return nil
    }
    return TargetRows(
      target: target, rows: rows, predictions: rows.map { column.values[$0] },
      sample: sample(rows, target, by: cluster))
  }

  /// The report on `predictions`; a ``ReleaseRule`` says what of it may be shown.
  /// - Throws: ``HarnessError/usage(_:)`` where no attempted target has a label.
  public func score(_ predictions: Predictions) throws(HarnessError) -> PrivateReport {
    let parts = definition.targetNames.compactMap { rows($0, of: predictions) }
    guard let main = parts.first(where: { $0.target == definition.mainTarget }) ?? parts.first
    else {
      throw .usage(
        "The file predicts no target that \(definition.id)/\(dataset.split) has labels of.")
    }
    let crossed = options.crossed ? crossed(parts) : nil
    let reasons = reasonsToWithhold(predictions, parts)
    var scores = Dictionary(uniqueKeysWithValues: parts.map { ($0.target, figures($0)) })
    if options.within {
      for part in parts { scores[part.target]?.pccWithin = within(part) }
    }
    if let average = averageScores(parts) { scores[definition.primary.target] = average }
    return PrivateReport(
      benchmark: definition.id, split: dataset.split, n: main.rows.count,
      clusters: main.sample.clusterCount, effectiveClusters: main.sample.effectiveClusters,
      level: options.inference.level,
      dropped: predictions.missingCount > 0 ? predictions.missingCount : nil, targets: scores,
      groups: groupScores(parts, reasons), disparities: disparities(parts, reasons),
      crossed: crossed,
      sensitivity: options.sensitivity ? sensitivity(parts) : nil,
      detectable: options.detectable ? detectable(main) : nil,
      calibration: calibration(parts),
      wassa: wassa(parts),
      digests: Digests(gold: goldDigest, order: orderDigest, predictions: predictions.digest),
      signature: options.signature(cluster: cluster, goldDigest: goldDigest),
      notes: notes(main, scores, predictions, crossed) + collapseNotes(parts))
  }

  /// Whether the predictions of the main target have collapsed (``PairedMoments/isCollapsed``).
  package func isCollapsed(_ predictions: Predictions) -> Bool {
    rows(definition.mainTarget, of: predictions)?.isCollapsed ?? false
  }

  /// What a board orders by: the primary metric of its target, or the weighted average over targets;
  /// nil where one of them is not attempted or has no labels.
  func primaryFigure(of predictions: Predictions) -> Figure? {
    let metric = definition.primary.metric
    guard definition.primary.weights != nil else {
      return rows(definition.primary.target, of: predictions).map {
        PointMetrics.figure(metric, $0.predictions, $0.sample.gold, form: options.inference.form)
      }
    }
    return averageRows(definition.targetNames.compactMap { rows($0, of: predictions) })
      .map { system($0).figure(metric) }
  }

  /// Kurtosis above which errors have heavy tails: 83 normal rows exceed it once in thousands of
  /// samples, Student's t on 3 degrees of freedom more often than not.
  static let heavyTails = 6.0

  /// All figures of one target; with `sample`, by another clustering than the scorer's.
  func figures(_ part: TargetRows, _ sample: ClusteredSample? = nil) -> TargetScores {
    TargetScores(
      SystemInference(
        sample ?? part.sample, predictions: part.predictions, options: options.inference), options,
      primary: definition.primary.metric)
  }

  /// By target; nil where labels are not open to all.
  private func calibration(_ parts: [TargetRows]) -> TargetTable<BinnedCalibration>? {
    OpenLabels(definition).map { labels in
      parts.reduce(into: [:]) { table, part in
        table[part.target] = BinnedCalibration(part, of: labels, level: options.inference.level)
      }
    }
  }

  /// PCC within clusters; nil where no cluster has two rows.
  private func within(_ part: TargetRows) -> ScoredFigure? {
    WithinClusters(part.sample).map {
      let system = $0.system(part.predictions, options: options.inference)
      return ScoredFigure(system.figure(.pcc), system.interval(.pcc, method: options.method))
    }
  }

  static func unclusteredNotes(_ definition: BenchmarkDefinition) -> [String] {
    guard definition.clusters.isEmpty else { return [] }
    return [
      "The \(definition.rowNoun.plural) have no clusters: each counts as independent of all others."
    ]
  }

  private func collapseNotes(_ parts: [TargetRows]) -> [String] {
    parts.filter(\.isCollapsed).map { part in
      let title = definition.target(part.target)?.title ?? part.target
      return "The predictions of \(title.lowercased()) have collapsed: they have "
        + "\(PairedMoments.collapseMeaning)."
    }
  }

  private func notes(
    _ main: TargetRows, _ all: TargetTable<TargetScores>, _ predictions: Predictions,
    _ crossed: Sensitivity?
  ) -> [String] {
    var notes = Self.unclusteredNotes(definition)
    if main.sample.hasFewClusters {
      notes.append(
        "With \(main.sample.clusterNote) (\(cluster)) intervals are unreliable: "
          + "\(ClusteredSample.fewClusters) of equal size would be enough.")
    }
    if let kurtosis = main.errorKurtosis, kurtosis > Self.heavyTails {
      notes.append(
        "The errors have heavy tails (kurtosis \(Rounding.text(kurtosis, decimals: 1)), normal 3): "
          + "the interval of RMSE then covers less often than it says.")
    }
    let metric = definition.primary.metric
    let isAverage = crossed?.targets[definition.primary.target]?[metric] != nil
    let target = isAverage ? definition.primary.target : main.target
    if let crossed, let wide = crossed.targets[target]?[metric]?.width,
      let narrow = all[target]?[metric]?.width, wide >= 1.2 * narrow
    {
      notes.append(
        "By \(crossed.cluster) the interval of \(metric.title) is "
          + "\(Rounding.text(wide / narrow, decimals: 1)) times as wide: the one by \(cluster) takes "
          + "every \(definition.clusters[1]) as given.")
    }
    if predictions.missingCount > 0 {
      notes.append(
        "\(predictions.missingCount) of \(predictions.rowCount) rows have no prediction and were "
          + "left out; these figures do not compare with those on all rows.")
    }
    return notes + Self.copyNotes(definition, predictions.copies)
  }

  static func copyNotes(_ definition: BenchmarkDefinition, _ copies: [String: String]) -> [String] {
    definition.targets.compactMap { target in
      copies[target.name].map { "\(target.title) copies \($0) and counts as not attempted." }
    }
  }
}

extension TargetScores {
  /// All figures of one system on one target, rounded for publication.
  /// - Parameter primary: computed even where ranks are not wanted.
  init(_ system: SystemInference, _ options: ScoringOptions, primary: Metric) {
    self.init()
    let moments = system.moments
    let intervals = system.intervals(method: options.method)
    // Rank correlations have an interval by the jackknife alone, whatever the method.
    let wanted = Metric.all.filter { $0.isOfRanks && (options.ranks || $0 == primary) }
    let ranks = wanted.isEmpty ? [:] : system.rankCorrelations(wanted)
    for metric in Metric.all {
      if metric.isOfRanks {
        self[metric] = ranks[metric].map { ScoredFigure($0.figure, $0.interval) }
      } else {
        self[metric] = ScoredFigure(
          moments.figure(metric, form: system.options.form), intervals[metric])
      }
    }
    rowwise = ScoredFigure(moments.pcc(), system.interval(.pcc, method: .fisherRows))
    bias = Rounding.published(moments.meanError)
  }
}

extension ScoredFigure {
  /// A figure and its interval, rounded to 4 decimals; the bounds are absent where undefined.
  package init(_ figure: Figure, _ interval: Outcome<Interval>?) {
    self.init(value: Rounding.published(figure.value), undefined: figure.reason?.rawValue)
    if figure.value != nil, case .value(let bounds)? = interval {
      guard Rounding.published(bounds.low) != Rounding.published(bounds.high) else {
        intervalUndefined = "the interval is narrower than what is shown of it"
        return
      }
      low = Rounding.published(bounds.low)
      high = Rounding.published(bounds.high)
      undefinedReplicates = bounds.undefinedReplicates > 0 ? bounds.undefinedReplicates : nil
    } else if figure.value != nil {
      intervalUndefined = interval?.reason?.rawValue
    }
  }
}

extension ClusteredSample {
  /// The number of clusters in words, and what it comes to where their sizes differ.
  var clusterNote: String {
    let count = clusterCount == 1 ? "only 1 cluster" : "only \(clusterCount) clusters"
    guard effectiveClusters < 0.95 * Double(clusterCount) else { return count }
    return "\(clusterCount) clusters of unequal size, which count as "
      + Rounding.text(effectiveClusters, decimals: 1)
  }
}

extension Scorer.TargetRows {
  package var isCollapsed: Bool {
    PairedMoments(predictions: predictions, gold: sample.gold).isCollapsed
  }

  /// The fourth moment of the errors over the squared second, about their mean; nil where they are
  /// constant. 3 for normal errors.
  var errorKurtosis: Double? {
    let errors = zip(predictions, sample.gold).map { $0 - $1 }
    let n = Double(errors.count)
    let mean = errors.reduce(0, +) / n
    let squares = errors.map { ($0 - mean) * ($0 - mean) }
    let variance = squares.reduce(0, +) / n
    return variance > 0 ? squares.reduce(0) { $0 + $1 * $1 } / n / (variance * variance) : nil
  }
}
