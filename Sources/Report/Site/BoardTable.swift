import Harness
import Metrics

/// A board put in order: what is ranked, what is only published, and what could not be scored.
struct BoardTable: Sendable {
  let board: Board
  let benchmark: BenchmarkDefinition
  let metric: Metric
  let target: String
  /// Scored entries, best first by the primary metric; those where it is undefined come last.
  let scored: [LeaderboardEntry]
  /// Claimed in a paper, best claim first.
  let published: [LeaderboardEntry]
  /// Not scored, or withdrawn.
  let apart: [LeaderboardEntry]
  /// Standing of each system, where a comparison was given.
  let standings: [String: BoardComparison.Standing]
  /// Metrics with a figure for the primary target, the primary metric first.
  let metrics: [Metric]
  /// The other targets for which some scored entry has figures.
  let otherTargets: [Target]
  /// Ends of the axis on which intervals of the primary metric are drawn.
  let axis: ClosedRange<Double>

  init(board: Board, benchmark: BenchmarkDefinition) {
    self.board = board
    self.benchmark = benchmark
    let metric = benchmark.primary.metric
    let target = benchmark.primary.target
    self.metric = metric
    self.target = target
    let isApart = { (entry: LeaderboardEntry) in
      entry.metadata.withdrawal != nil || entry.report == nil
    }
    let sign = metric.higherIsBetter ? -1.0 : 1.0
    let slugOrder = board.entries.sorted { $0.slug < $1.slug }
    published = Self.ordered(slugOrder.filter { $0.metadata.kind == .published }) {
      ($0.metadata.claimed?[target]?[metric.id]).map { $0 * sign }
    }
    let own = slugOrder.filter { $0.metadata.kind != .published }
    apart = own.filter(isApart)
    let scored = Self.ordered(own.filter { !isApart($0) }) {
      Self.figure($0, metric, target)?.value.map { $0 * sign }
    }
    self.scored = scored
    standings = Dictionary(
      (board.comparison?.standings ?? []).map { ($0.slug, $0) },
      uniquingKeysWith: { first, _ in
        first
      })
    let order = [metric] + Metric.all.filter { $0 != metric }
    metrics = order.filter { kind in
      kind == metric || scored.contains { Self.figure($0, kind, target) != nil }
    }
    otherTargets = benchmark.targets.filter { other in
      other.name != target && scored.contains { $0.report?.targets[other.name] != nil }
    }
    axis = Self.axis(scored.compactMap { Self.figure($0, metric, target) }, metric)
  }

  /// The figure of the primary metric.
  func primary(_ entry: LeaderboardEntry) -> ScoredFigure? {
    Self.figure(entry, metric, target)
  }

  static func figure(
    _ entry: LeaderboardEntry, _ metric: Metric, _ target: String
  ) -> ScoredFigure? {
    entry.report?.targets[target]?[metric]
  }

  /// Ascending by `key`, entries without one last, the given order among equals.
  private static func ordered(
    _ entries: [LeaderboardEntry], by key: (LeaderboardEntry) -> Double?
  ) -> [LeaderboardEntry] {
    entries.enumerated()
      .map { (place: $0.offset, key: key($0.element).flatMap { $0.isFinite ? $0 : nil }) }
      .sorted { a, b in
        switch (a.key, b.key) {
        case (let x?, let y?): x == y ? a.place < b.place : x < y
        case (_?, nil): true
        case (nil, _?): false
        case (nil, nil): a.place < b.place
        }
      }
      .map { entries[$0.place] }
  }

  /// The least range of whole tenths that holds every interval.
  static func axis(_ figures: [ScoredFigure], _ metric: Metric) -> ClosedRange<Double> {
    let ends = figures.flatMap { [$0.value, $0.low, $0.high].compactMap { $0 } }
      .filter(\.isFinite)
    guard let least = ends.min(), let greatest = ends.max() else { return 0...1 }
    let low = (least * 10).rounded(.down) / 10
    let high = (greatest * 10).rounded(.up) / 10
    let bounds = metric.higherIsBetter ? max(low, -1)...min(high, 1) : max(low, 0)...max(high, 0.1)
    return bounds.upperBound - bounds.lowerBound < 0.1
      ? bounds.lowerBound...(bounds.lowerBound + 0.1) : bounds
  }
}
