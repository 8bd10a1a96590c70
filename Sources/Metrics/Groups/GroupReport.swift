import Basics
import Glibc

/// Agreement within the groups of one attribute, however small; see ``Suppression``.
public struct GroupReport: Sendable {
  /// Number of the group in the labels given.
  public let group: Int
  public let rows, clusters: Int
  /// True under 20 effective clusters.
  public let hasFewClusters: Bool
  public let figures: [Metric: Figure]
  public let intervals: [Metric: Outcome<Interval>]
  /// Standard deviation (n - 1) of the gold labels: a narrow range lowers CCC and PCC by itself.
  public let goldDeviation: Figure
  /// Mean error, prediction minus gold.
  public let bias: Figure

  /// One report a group 0 ..< `groupCount`; a row with nil (missing) belongs to none.
  public static func all(
    _ sample: ClusteredSample, _ predictions: [Double], groups: [Int?], groupCount: Int,
    options: InferenceOptions = .init(),
    method: IntervalMethod = SystemInference.defaultMethod, primary: Metric = .pcc
  ) -> [GroupReport] {
    precondition(groups.count == sample.count, "one group a row")
    return (0..<groupCount).map { group in
      let indices = groups.indices.filter { groups[$0] == group }
      return GroupReport(
        group: group, sample.subset(indices), indices.map { predictions[$0] }, options, method,
        primary)
    }
  }

  private init(
    group: Int, _ sample: ClusteredSample, _ predictions: [Double], _ options: InferenceOptions,
    _ method: IntervalMethod, _ primary: Metric
  ) {
    self.group = group
    rows = sample.count
    clusters = sample.clusterCount
    hasFewClusters = sample.hasFewClusters
    let moments = PairedMoments(predictions: predictions, gold: sample.gold)
    let metrics = Metric.all.filter { [.pcc, .ccc, .rmse, primary].contains($0) }
    let system = SystemInference(sample, predictions: predictions, options: options)
    figures = .each(of: metrics) { system.figure($0) }
    // Ranks have an interval by the jackknife alone, whatever the method.
    intervals = system.intervals(metrics.filter { !$0.isOfRanks }, method: method)
      .merging(system.intervals(metrics.filter(\.isOfRanks))) { first, _ in first }
    goldDeviation = moments.deviationY
    bias = .finite(moments.meanError)
  }
}

/// Whether a system's agreement differs between the groups of an attribute by more than chance.
///
/// The statistic is the largest |atanh CCC₁ - atanh CCC₂| / error over the pairs of groups, with the
/// infinitesimal jackknife's error by persons, computed anew in each permutation.
public struct DisparityTest: Sendable, Hashable {
  /// Largest less smallest CCC among the groups large enough to publish.
  public let gap: Double
  /// The largest studentised difference of two groups.
  public let statistic: Double
  /// Share of permutations with a statistic at least as large, (b + 1)/(B + 1).
  public let p: Double
  public let replicates: Int
  /// Permutations in which some group's CCC or its error is undefined; they count as far out.
  public let undefinedReplicates: Int
  /// Groups compared.
  public let groups: [Int]

  /// Permutes the group labels of persons, who keep all their rows; each group keeps its number of
  /// persons. A cluster whose rows name several groups counts as one unit for each of them.
  /// - Returns: undefined with fewer than two groups large enough to publish.
  public static func run(
    _ sample: ClusteredSample, _ predictions: [Double], groups: [Int?], groupCount: Int,
    threshold: PublishingThreshold, options: InferenceOptions = .init()
  ) -> Outcome<DisparityTest> {
    precondition(groups.count == sample.count, "one group a row")
    let kept = (0..<groupCount).filter { group in
      let rows = groups.indices.filter { groups[$0] == group }
      let clusters = Set(rows.map { sample.clusterOfRow[$0] }).count
      return threshold.allows(rows: rows.count, clusters: clusters)
    }
    guard kept.count > 1 else { return .undefined(.oneGroup) }
    let rows = groups.indices.filter { groups[$0].map(kept.contains) ?? false }
    let units = ClusteredSample(
      gold: rows.map { sample.gold[$0] },
      clusters: rows.map { [sample.clusterOfRow[$0], groups[$0] ?? 0] })
    var label = [Int](repeating: 0, count: units.clusterCount)
    for (place, row) in rows.enumerated() {
      label[units.clusterOfRow[place]] = kept.firstIndex(of: groups[row] ?? 0) ?? 0
    }
    let sums = ClusterSums(units, rows.map { predictions[$0] }, form: options.form)
    let observed = spread(sums, label, kept.count)
    guard !observed.statistic.isNaN else { return .undefined(.degenerate) }
    let counts = permute(sums, label, kept.count, least: observed.statistic * (1 - 1e-9), options)
    return .value(
      DisparityTest(
        gap: observed.gap, statistic: observed.statistic,
        p: Double(counts.far + 1) / Double(options.replicates + 1),
        replicates: options.replicates, undefinedReplicates: counts.undefined, groups: kept))
  }

  private static func permute(
    _ sums: ClusterSums, _ label: [Int], _ groups: Int, least: Double, _ options: InferenceOptions
  ) -> (far: Int, undefined: Int) {
    let generator = SplitMix64(seed: options.seed, stream: .groups)
    let size = 256
    let tasks = (options.replicates + size - 1) / size
    let parts = Parallel.map(tasks, threads: options.threads) { task in
      var far = 0, undefined = 0
      for b in (task * size)..<min(options.replicates, (task + 1) * size) {
        var shuffled = label
        // Fisher and Yates with one numbered draw a step.
        for k in stride(from: shuffled.count - 1, to: 0, by: -1) {
          let bits = generator.draw(UInt64(b * shuffled.count + k))
          shuffled.swapAt(k, Int(((bits >> 32) &* UInt64(k + 1)) >> 32))
        }
        let statistic = spread(sums, shuffled, groups).statistic
        far += statistic < least ? 0 : 1
        undefined += statistic.isNaN ? 1 : 0
      }
      return (far, undefined)
    }
    return parts.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
  }

  /// The gap in CCC and the largest studentised difference: NaN where a group has no CCC, infinite
  /// where two CCC differ and have no error or one of them is 1.
  private static func spread(
    _ sums: ClusterSums, _ label: [Int], _ groups: Int
  ) -> (gap: Double, statistic: Double) {
    var totals = [ClusterSums.Row](repeating: .zero, count: groups)
    var sizes = [Double](repeating: 0, count: groups)
    for (unit, group) in label.enumerated() {
      totals[group] += sums.rows[unit]
      sizes[group] += 1
    }
    let figures = totals.map { sums.metrics($0)[1] }
    guard figures.allSatisfy(\.isFinite) else { return (.nan, .nan) }
    let gradients = totals.map { sums.gradients($0).ccc }
    var squares = [Double](repeating: 0, count: groups)
    for (unit, group) in label.enumerated() {
      let influence = (gradients[group] * sums.rows[unit]).sum()
      squares[group] += influence * influence
    }
    let variances = zip(squares, sizes).map { $0 * $1 / ($1 - 1) }
    var statistic = 0.0
    for a in 0..<groups {
      for b in 0..<a {
        guard abs(figures[a] - figures[b]) > 1e-12 else { continue }
        let difference = abs(atanh(figures[a]) - atanh(figures[b]))
        let ratio = difference / (variances[a] + variances[b]).squareRoot()
        statistic = max(statistic, ratio.isNaN ? .infinity : ratio)
      }
    }
    return ((figures.max() ?? 0) - (figures.min() ?? 0), statistic)
  }
}
