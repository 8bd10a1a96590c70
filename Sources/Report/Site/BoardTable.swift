package import Harness

/// A board with what drawing it needs: which columns it has, and the axis of its intervals.
package struct BoardTable: Sendable {
  let board: Board
  let metric: MetricKind
  /// Metrics with a figure for the primary target, the primary metric first.
  let metrics: [MetricKind]
  /// Targets beside the primary one that a scored entry has figures for.
  let otherTargets: [Target]
  /// Ends of the axis on which intervals of the primary metric are drawn.
  let axis: ClosedRange<Double>

  /// `benchmark/split`.
  var path: String { board.key.path }
  /// The level of its intervals in words: `95%`.
  var level: String { FigureText.percent(board.level) }
  /// The comparison, where it has pairs.
  var pairs: BoardComparison? { board.comparison.flatMap { $0.pairs.isEmpty ? nil : $0 } }
  var benchmark: BenchmarkDefinition { board.definition }
  var target: Target { board.definition.primary.target }
  var scored: [Board.Entry] { board.scored }
  var published: [Board.Entry] { board.published }
  var apart: [Board.Entry] { board.apart }
  var standings: [String: BoardComparison.Standing] { board.standings }

  package init(_ board: Board) {
    self.board = board
    let metric = MetricKind(rawValue: board.definition.primary.metric) ?? .pcc
    let target = board.definition.primary.target
    let scored = board.scored
    self.metric = metric
    let order = [metric] + MetricKind.allCases.filter { $0 != metric }
    metrics = order.filter { kind in
      kind == metric || scored.contains { Self.figure($0, kind, target) != nil }
    }
    otherTargets = board.definition.targets.map(\.name).filter { other in
      other != target && scored.contains { $0.report?.targets[other] != nil }
    }
    axis = Self.axis(scored.compactMap { Self.figure($0, metric, target) }, metric)
  }

  /// The figure of the primary metric.
  func primary(_ entry: Board.Entry) -> ScoredFigure? {
    Self.figure(entry, metric, target)
  }

  static func figure(
    _ entry: Board.Entry, _ metric: MetricKind, _ target: Target
  ) -> ScoredFigure? {
    entry.report?.targets[target].flatMap(metric.figure)
  }

  /// The least range of whole tenths that holds every interval.
  static func axis(_ figures: [ScoredFigure], _ metric: MetricKind) -> ClosedRange<Double> {
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
