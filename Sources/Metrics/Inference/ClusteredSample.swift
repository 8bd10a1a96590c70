/// Gold labels with the cluster (the person, as a rule) of each row: what all inference rests on.
///
/// Clusters are numbered by their first row, so their names are of no consequence.
public struct ClusteredSample: Sendable {
  /// Gold labels, (n,).
  public let gold: [Double]
  /// Cluster of each row, 0 ..< clusterCount; (n,).
  public let clusterOfRow: [Int]
  public let clusterCount: Int
  /// G_eff = (Σ n_g)² / Σ n_g² with n_g rows in cluster g: as many clusters of equal size say as much
  /// (Carter, Schnepel and Steigerwald 2017, Rev. Econ. Stat. 99:698, common covariance 1).
  public let effectiveClusters: Double
  /// Mean gold label, about which sums are taken.
  let centre: Double

  /// Few clusters make every clustered method unreliable: under this number a report says so.
  public static let fewClusters = 20

  /// - Parameter gold: (n,), finite; clusters: (n,), any names.
  public init<Name: Hashable>(gold: [Double], clusters: [Name]) {
    precondition(gold.count == clusters.count, "one cluster a row")
    var numbers: [Name: Int] = [:]
    let rows = clusters.map { name in
      let next = numbers.count
      let number = numbers[name] ?? next
      if number == next { numbers[name] = next }
      return number
    }
    self.init(gold: gold, clusterOfRow: rows, clusterCount: numbers.count)
  }

  /// Every row its own cluster: the naive form, for comparison.
  public init(rows gold: [Double]) {
    self.init(gold: gold, clusterOfRow: Array(gold.indices), clusterCount: gold.count)
  }

  /// Independent rows dealt into `groups` clusters in turn: a grouped jackknife, for row numbers at
  /// which one cluster a row would take much memory and change nothing.
  public init(gold: [Double], groups: Int) {
    precondition(groups > 0, "at least one group")
    self.init(
      gold: gold, clusterOfRow: gold.indices.map { $0 % groups },
      clusterCount: min(groups, gold.count))
  }

  /// - Parameter clusterOfRow: each in 0 ..< clusterCount; a cluster may have no row.
  init(gold: [Double], clusterOfRow: [Int], clusterCount: Int) {
    (self.gold, self.clusterOfRow, self.clusterCount) = (gold, clusterOfRow, clusterCount)
    centre = SampleMoments(gold).mean
    var sizes = [Double](repeating: 0, count: clusterCount)
    for cluster in clusterOfRow { sizes[cluster] += 1 }
    let squares = sizes.reduce(0) { $0 + $1 * $1 }
    effectiveClusters = squares > 0 ? Double(gold.count * gold.count) / squares : 0
  }

  /// True under 20 effective clusters: intervals and tests are then unreliable.
  public var hasFewClusters: Bool { effectiveClusters < Double(Self.fewClusters) }

  /// Why no interval can be made from these clusters; nil where one can.
  var obstacle: Figure.Reason? {
    clusterCount < 3 ? .tooFewClusters : effectiveClusters < 2 ? .tooFewEffectiveClusters : nil
  }

  /// Student's quantile of a two-sided interval, on G_eff - 1 degrees of freedom.
  func quantile(_ level: Double) -> Double {
    Distributions.studentQuantile((1 + level) / 2, df: effectiveClusters - 1)
  }

  public var count: Int { gold.count }

  /// The rows of each cluster, ascending.
  var rowsOfCluster: [[Int]] {
    var rows = [[Int]](repeating: [], count: clusterCount)
    for row in clusterOfRow.indices { rows[clusterOfRow[row]].append(row) }
    return rows
  }

  /// The rows at `indices` as a sample of their own.
  func subset(_ indices: [Int]) -> ClusteredSample {
    ClusteredSample(gold: indices.map { gold[$0] }, clusters: indices.map { clusterOfRow[$0] })
  }

  /// The variance with a second clustering crossed with this one, V₁ + V₂ - V₁₂ or the larger of V₁
  /// and V₂ where that is more, and the clustering with fewer effective clusters, by which it goes.
  /// - Parameter variance: of a clustering.
  func crossedVariance<Name: Hashable>(
    _ names: [Name], _ variance: (ClusteredSample) -> Outcome<Double>
  ) -> Outcome<(variance: Double, fewer: ClusteredSample)> {
    let other = ClusteredSample(gold: gold, clusters: names)
    if let reason = obstacle ?? other.obstacle { return .undefined(reason) }
    let both = ClusteredSample(
      gold: gold, clusters: zip(clusterOfRow, other.clusterOfRow).map { [$0, $1] })
    return variance(self).flatMap { own in
      variance(other).flatMap { second in
        variance(both).map { common in
          let fewer = effectiveClusters < other.effectiveClusters ? self : other
          return (max(own + second - common, max(own, second)), fewer)
        }
      }
    }
  }

  /// An interval on these clusters.
  func interval(
    _ low: Double, _ high: Double, _ level: Double, _ method: IntervalMethod, replicates: Int = 0,
    undefinedReplicates: Int = 0
  ) -> Interval {
    Interval(
      low: low, high: high, level: level, method: method, replicates: replicates,
      undefinedReplicates: undefinedReplicates, clusters: clusterCount,
      effectiveClusters: effectiveClusters)
  }
}
