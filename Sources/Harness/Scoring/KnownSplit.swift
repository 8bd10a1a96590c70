import Metrics
import Synchronization

/// What scoring needs of a split and every submission needs alike, made when it is first asked for.
final class KnownSplit: Sendable {
  /// Rows with a label, and their labels in clusters.
  struct Labelled: Sendable {
    /// Indices into the split's rows.
    var rows: [Int]
    var sample: ClusteredSample
  }

  private struct State {
    var digests: (gold: String, order: String)?
    var whole: TargetTable<Labelled?> = [:]
  }

  private let dataset: Dataset
  private let cluster: ScoringOptions.Cluster
  private let state = Mutex(State())

  init(_ dataset: Dataset, cluster: ScoringOptions.Cluster) {
    self.dataset = dataset
    self.cluster = cluster
  }

  /// Digests of the gold labels in row order, and of the row ids in order.
  var digests: (gold: String, order: String) {
    state.withLock { state in
      if let known = state.digests { return known }
      let made = (gold: dataset.goldDigest, order: dataset.orderDigest)
      state.digests = made
      return made
    }
  }

  /// All rows that have a label of `target`; nil where none has.
  func whole(_ target: Target) -> Labelled? {
    state.withLock { state in
      if let known = state.whole[target] { return known }
      let made = labelled(Array(dataset.rows.indices), target)
      state.whole[target] = .some(made)
      return made
    }
  }

  /// Those of `rows` that have a label of `target`; nil where none has.
  func labelled(_ rows: [Int], _ target: Target) -> Labelled? {
    let gold = dataset.gold(target)
    let rows = rows.filter { gold[$0] != nil }
    guard !rows.isEmpty else { return nil }
    return Labelled(rows: rows, sample: sample(rows.compactMap { gold[$0] }, rows: rows))
  }

  private func sample(_ gold: [Double], rows: [Int]) -> ClusteredSample {
    switch cluster {
    case .person: ClusteredSample(gold: gold, clusters: rows.map { dataset.rows[$0].person })
    case .article: ClusteredSample(gold: gold, clusters: rows.map { dataset.rows[$0].article })
    case .row: ClusteredSample(rows: gold)
    }
  }
}
