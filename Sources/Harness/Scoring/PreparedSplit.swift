import Metrics
import Synchronization

/// What scoring needs of a split and every submission needs alike, made when it is first asked for.
final class PreparedSplit: Sendable {
  /// Rows with a label, and their labels in clusters.
  struct Labelled: Sendable {
    /// Indices into the split's rows.
    var rows: [Int]
    var sample: ClusteredSample
  }

  private struct State {
    var marks: (gold: String, order: String, signature: String)?
    var whole: TargetTable<Labelled?> = [:]
  }

  private let dataset: Dataset
  private let options: ScoringOptions
  private let cluster: String
  /// The cluster of each row, (n,); nil where each row is its own.
  private let clusters: [String]?
  private let state = Mutex(State())

  init(_ dataset: Dataset, options: ScoringOptions, cluster: String) {
    (self.dataset, self.options, self.cluster) = (dataset, options, cluster)
    clusters = cluster == BenchmarkDefinition.rows ? nil : dataset.clusterNames(cluster)
  }

  /// Digests of the gold labels in row order and of the row ids in order, and the signature of a
  /// report on the split.
  var marks: (gold: String, order: String, signature: String) {
    state.withLock { state in
      if let known = state.marks { return known }
      let gold = dataset.goldDigest
      let made = (
        gold: gold, order: dataset.orderDigest,
        signature: options.signature(cluster: cluster, goldDigest: gold)
      )
      state.marks = made
      return made
    }
  }

  /// All rows that have a label of `target`; nil where none has.
  func whole(_ target: String) -> Labelled? {
    state.withLock { state in
      if let known = state.whole[target] { return known }
      let made = labelled(Array(dataset.rows.indices), target)
      state.whole[target] = .some(made)
      return made
    }
  }

  /// Those of `rows` that have a label of `target`; nil where none has.
  func labelled(_ rows: [Int], _ target: String) -> Labelled? {
    let gold = dataset.gold(target)
    let rows = rows.filter { gold[$0] != nil }
    guard !rows.isEmpty else { return nil }
    return Labelled(rows: rows, sample: sample(rows.compactMap { gold[$0] }, rows: rows))
  }

  private func sample(_ gold: [Double], rows: [Int]) -> ClusteredSample {
    guard let clusters else { return ClusteredSample(rows: gold) }
    return ClusteredSample(gold: gold, clusters: rows.map { clusters[$0] })
  }
}
