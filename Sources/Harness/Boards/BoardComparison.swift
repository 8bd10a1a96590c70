import Basics
public import Metrics

/// How the systems of one leaderboard compare in its primary metric: every pair's difference, and
/// what follows for ranks. A pair that was not tested is absent, as is a system whose metric is
/// undefined.
public struct BoardComparison: Codable, Sendable, Equatable {
  /// Version of this document's form.
  public var schema: Int = 1
  public var metric: Metric
  public var target: String
  /// The test of a pair in words, with replicates and seed.
  public var test: String
  /// How the interval of a difference was made, in words.
  public var interval: String
  /// How p-values were adjusted within the family, for example `step-down max-T`.
  public var adjustment: String
  /// Which tests were adjusted together, in words.
  public var family: String
  /// Level of the tests, for example 0.05; an interval covers one minus it.
  public var level: Double
  public var pairs: [Pair]
  public var standings: [Standing]
  /// Smallest true difference that a test of two systems on this split would find.
  public var detectable: DetectableDifference?
  /// What a reader has to know beside the figures, in words.
  public var notes: [String]?
  /// The choices above in one line.
  public var signature: String?

  /// `first` against `second`; each unordered pair stands at most once.
  public struct Pair: Codable, Sendable, Equatable {
    public var first, second: String
    /// Metric of `first` minus metric of `second`.
    public var difference: Double?
    public var low, high, p: Double?
    /// `p` after adjustment over the family.
    public var adjusted: Double?
    /// `p` after Benjamini and Hochberg's adjustment over the same family: the share of false
    /// findings is controlled, not the chance of any.
    public var discoveryRate: Double?
    /// Why there is no figure.
    public var undefined: String?

    public init(
      first: String, second: String, difference: Double? = nil, low: Double? = nil,
      high: Double? = nil, p: Double? = nil, adjusted: Double? = nil,
      discoveryRate: Double? = nil, undefined: String? = nil
    ) {
      (self.first, self.second, self.difference, self.low) = (first, second, difference, low)
      (self.high, self.p, self.adjusted) = (high, p, adjusted)
      (self.discoveryRate, self.undefined) = (discoveryRate, undefined)
    }
  }

  /// The ranks that the data leave open to a system; 1 is best.
  public struct Standing: Codable, Sendable, Equatable {
    public var slug: String
    public var lowRank, highRank: Int
    /// Letters of the tie groups; two systems that share one cannot be told apart.
    public var tieGroups: [String]

    public init(slug: String, lowRank: Int, highRank: Int, tieGroups: [String]) {
      (self.slug, self.lowRank) = (slug, lowRank)
      (self.highRank, self.tieGroups) = (highRank, tieGroups)
    }
  }

  package init(
    metric: Metric, target: String, test: String, interval: String, adjustment: String,
    family: String, level: Double, pairs: [Pair], standings: [Standing],
    detectable: DetectableDifference? = nil, signature: String? = nil
  ) {
    (self.metric, self.target, self.test, self.interval) = (metric, target, test, interval)
    (self.adjustment, self.family, self.level, self.pairs) = (adjustment, family, level, pairs)
    (self.standings, self.detectable, self.signature) = (standings, detectable, signature)
  }
}

extension BoardComparison {
  /// What follows from released values alone: equal ones tie, and a rank range is the places of its
  /// tie. A pair's difference or test would tell more of hidden labels than its values do.
  init?(released values: [(slug: String, value: Double)], _ grid: ReleaseGrid, level: Double) {
    guard values.count > 1 else { return nil }
    let ordered = values.sorted { grid.isBetter($0.value, $1.value) }
    let distinct = ordered.map(\.value).reduce(into: [Double]()) { seen, value in
      if seen.last.map({ grid.isBetter($0, value) }) ?? true { seen.append(value) }
    }
    let standings = ordered.map { one in
      let better = ordered.count { grid.isBetter($0.value, one.value) }
      let worse = ordered.count { grid.isBetter(one.value, $0.value) }
      let group = distinct.count { grid.isBetter($0, one.value) }
      return Standing(
        slug: one.slug, lowRank: better + 1, highRank: ordered.count - worse,
        tieGroups: [CompactLetters.name(group)])
    }
    self.init(
      metric: grid.metric, target: grid.target, test: "none: the labels are hidden",
      interval: "none", adjustment: "none", family: "released values; equal ones share a tie group",
      level: InferenceOptions.alpha(level), pairs: [], standings: standings)
  }
}

/// Compares every system of a leaderboard with every other in the primary metric.
public struct BoardComparer {
  private let scorer: Scorer

  public init(_ scorer: Scorer) { self.scorer = scorer }

  /// One system: its slug, and predictions of every row of the split.
  public struct System: Sendable {
    public var slug: String
    public var predictions: Predictions

    public init(slug: String, predictions: Predictions) {
      self.slug = slug
      self.predictions = predictions
    }
  }

  /// A comparison, and pairs that resemble each other more than independent work does.
  public struct Outcome: Sendable {
    public var comparison: BoardComparison
    public var lookAlikes: [LookAlikeFlag]
  }

  /// A look-alike by name.
  public struct LookAlikeFlag: Codable, Sendable, Equatable {
    public var kind, first: String
    /// The other system; nil where the gold labels are.
    public var second: String?
    /// Rows by which the second is moved.
    public var shift: Int?
  }

  /// The entries of `folder` for the scorer's split that have predictions and are not withdrawn, and
  /// the training sets they declare that share essays with the split.
  public func systems(
    of folder: SubmissionFolder, _ reader: PredictionReader, home: DataHome,
    benchmarks: [BenchmarkDefinition]
  ) throws -> (systems: [System], overlaps: [SplitOverlap]) {
    var (systems, overlaps): ([System], [SplitOverlap]) = ([], [])
    for entry in try folder.entries() where entry.metadata.withdrawal == nil {
      guard entry.metadata.benchmark == scorer.definition.id,
        entry.metadata.split == scorer.dataset.split, let file = entry.predictions
      else { continue }
      systems.append(.init(slug: entry.slug, predictions: try reader.read(file)))
      overlaps += try SplitOverlap.find(
        entry, evaluated: scorer.dataset, home: home, benchmarks: benchmarks)
    }
    return (systems, overlaps)
  }

  /// Compares `systems` on the primary target, but those that leave rows out or do not attempt it;
  /// nil for fewer than two.
  public func compare(_ systems: [System]) -> Outcome? {
    let kept = comparable(systems)
    guard kept.count > 1, let sample = kept.first?.1.sample else { return nil }
    let columns = kept.map(\.1.predictions)
    let options = scorer.options.inference
    let result =
      kept[0].average.map { average in
        SystemsComparison(
          kept.compactMap(\.average).map(scorer.system), of: average.average, primary: metric,
          options: options)
      } ?? SystemsComparison(sample, systems: columns, primary: metric, options: options)
    let slugs = kept.map(\.0)
    let best = result.ranking.first.map { kept[$0].1 }
    var comparison = comparison(
      pairs: pairs(slugs, result), standings: standings(slugs, result), best: best)
    if sample.hasFewClusters {
      comparison.notes = [
        "With \(sample.clusterNote) (\(scorer.cluster)) ranks, tie groups and p-values are unreliable."
      ]
    }
    let flags = LookAlike.find(columns, gold: sample.gold).map { flag in
      LookAlikeFlag(
        kind: flag.kind.rawValue, first: slugs[flag.first],
        second: flag.second.map { slugs[$0] }, shift: flag.shift == 0 ? nil : flag.shift)
    }
    return Outcome(comparison: comparison, lookAlikes: flags)
  }

  /// A board with one system has no pair and no rank, but the difference that its split would
  /// detect; nil where it is not the only one that could be compared.
  public func alone(_ systems: [System]) -> BoardComparison? {
    let kept = comparable(systems)
    guard kept.count == 1 else { return nil }
    return comparison(pairs: [], standings: [], best: kept[0].1)
  }

  /// The target, or the average's name.
  private var target: String { scorer.definition.primary.target }
  private var metric: Metric { scorer.definition.primary.metric }

  /// A system's rows of the main target, and of the average where a board orders by one.
  private typealias Comparable = (
    slug: String, rows: Scorer.TargetRows, average: Scorer.AverageRows?
  )

  private func comparable(_ systems: [System]) -> [Comparable] {
    let definition = scorer.definition
    return systems.compactMap { system in
      guard system.predictions.missingCount == 0,
        let rows = scorer.rows(definition.mainTarget, of: system.predictions)
      else { return nil }
      guard definition.primary.weights != nil else { return (system.slug, rows, nil) }
      return scorer.averageRows(
        definition.targetNames.compactMap { scorer.rows($0, of: system.predictions) }
      ).map { (system.slug, rows, $0) }
    }
  }

  private func comparison(
    pairs: [BoardComparison.Pair], standings: [BoardComparison.Standing], best: Scorer.TargetRows?
  ) -> BoardComparison {
    let options = scorer.options.inference
    return BoardComparison(
      metric: metric, target: target,
      test: "\(SwapTest.name(of: metric)) by clusters, \(options.replicates) permutations, "
        + "seed \(options.seed)",
      interval: "cluster jackknife of the paired difference, level \(options.level)",
      adjustment: "step-down max-T", family: "all pairs of systems in \(metric.title) of \(target)",
      level: InferenceOptions.alpha(options.level), pairs: pairs, standings: standings,
      // An average over targets has none: it would take a model of how their errors go together.
      detectable: scorer.definition.primary.weights == nil ? best.map(scorer.detectable) : nil,
      signature: scorer.options.signature(
        cluster: scorer.cluster, goldDigest: scorer.dataset.goldDigest))
  }

  private func pairs(_ slugs: [String], _ result: SystemsComparison) -> [BoardComparison.Pair] {
    let rates = result.discoveryRates()
    var pairs: [BoardComparison.Pair] = []
    for j in slugs.indices {
      for i in 0..<j {
        let (difference, interval) = result.difference(i, j)
        pairs.append(
          BoardComparison.Pair(
            first: slugs[i], second: slugs[j], difference: Rounding.published(difference.value),
            low: Rounding.published(interval.value?.low),
            high: Rounding.published(interval.value?.high), p: Rounding.p(result.p(i, j)),
            adjusted: Rounding.p(result.adjusted(i, j)), discoveryRate: Rounding.p(rates[i, j]),
            undefined: difference.reason?.rawValue ?? interval.reason?.rawValue))
      }
    }
    return pairs
  }

  private func standings(
    _ slugs: [String], _ result: SystemsComparison
  ) -> [BoardComparison.Standing] {
    let letters = result.letters().value ?? []
    let sets = result.rankSets
    return result.ranking.compactMap { index in
      guard let set = sets[index] else { return nil }
      let groups = index < letters.count ? letters[index] : []
      return BoardComparison.Standing(
        slug: slugs[index], lowRank: set.best, highRank: set.worst, tieGroups: groups)
    }
  }
}
