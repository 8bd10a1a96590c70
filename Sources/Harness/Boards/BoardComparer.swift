import Basics
import Metrics

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
    public var kind: String
    public var first: String
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

  /// Compares `systems` on the primary target; those that leave rows out or do not attempt it are
  /// not compared.
  ///
  /// - Returns: nil for fewer than two systems.
  public func compare(_ systems: [System]) -> Outcome? {
    let kept = comparable(systems)
    guard kept.count > 1, let sample = kept.first?.1.sample else { return nil }
    let columns = kept.map(\.1.predictions)
    let result = SystemsComparison(
      sample, systems: columns, primary: metric, options: scorer.options.inference)
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

  /// What can be said of a board with one system: no pair and no rank, and the difference that its
  /// split would detect.
  ///
  /// - Returns: nil where it is not the only one that could be compared.
  public func alone(_ systems: [System]) -> BoardComparison? {
    let kept = comparable(systems)
    guard kept.count == 1 else { return nil }
    return comparison(pairs: [], standings: [], best: kept[0].1)
  }

  private var target: String { scorer.definition.primary.target }
  private var metric: Metric { scorer.definition.primary.metric }

  private func comparable(_ systems: [System]) -> [(String, Scorer.TargetRows)] {
    systems.compactMap { system in
      guard system.predictions.missingCount == 0,
        let rows = scorer.rows(target, of: system.predictions)
      else { return nil }
      return (system.slug, rows)
    }
  }

  private func comparison(
    pairs: [BoardComparison.Pair], standings: [BoardComparison.Standing], best: Scorer.TargetRows?
  ) -> BoardComparison {
    let options = scorer.options.inference
    return BoardComparison(
      metric: metric, target: target,
      test: "studentised swap test by clusters, \(options.replicates) permutations, "
        + "seed \(options.seed)",
      interval: "cluster jackknife of the paired difference, level \(options.level)",
      adjustment: "step-down max-T", family: "all pairs of systems in \(metric.title) of \(target)",
      level: InferenceOptions.alpha(options.level), pairs: pairs, standings: standings,
      detectable: best.map { scorer.detectable($0) },
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
