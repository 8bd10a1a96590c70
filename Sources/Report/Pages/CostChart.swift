import Basics
import Foundation
import Harness
import Metrics

/// The primary metric of a board against what its systems say that they cost, on a logarithmic axis:
/// each figure with its interval, the best at each cost or below as a line.
struct CostChart {
  let cost: SystemCost
  let chart: RecordChart

  /// Fewer systems, or all at one cost, show nothing.
  private static let fewest = 3
  /// Beyond this many points the best ones alone have intervals, names and lines in the table.
  static let most = 40

  init?(_ cost: SystemCost, _ table: BoardTable) {
    let known = table.drawn().compactMap { system in
      cost.of(system.entry.metadata).map { (cost: $0, system: system) }
    }
    .sorted { ($0.cost, $0.system.name) < ($1.cost, $1.system.name) }
    guard known.count >= Self.fewest, let scale = Scale(known.map(\.cost)) else { return nil }
    self.cost = cost
    chart = RecordChart(
      metric: table.metric,
      points: known.map { $1.point(at: scale.share($0), place: cost.words($0)) },
      axis: RecordChart.Axis(
        marks: scale.ticks.map(scale.share),
        labels: scale.labels.map { (scale.share($0), cost.words($0)) }),
      claimsLead: false, hasAllIntervals: known.count <= Self.most)
  }

  /// A logarithmic axis of whole decades; 0, where it occurs, stands apart at its left end.
  private struct Scale {
    private let hasZero: Bool
    private let decades: ClosedRange<Double>
    private var start: Double { hasZero ? 0.15 : 0 }

    /// Nil where there are not two different costs.
    init?(_ costs: [Double]) {
      let positive = costs.filter { $0 > 0 }.map(log10)
      guard Set(costs).count > 1, let least = positive.min(), let most = positive.max() else {
        return nil
      }
      hasZero = positive.count < costs.count
      let low = (least + 1e-9).rounded(.down)
      decades = low...max((most - 1e-9).rounded(.up), low + 1)
    }

    var ticks: [Double] {
      (hasZero ? [0] : [])
        + stride(from: decades.lowerBound, through: decades.upperBound, by: 1).map { pow(10, $0) }
    }

    /// Ticks that fit beside each other on a phone: five at most.
    var labels: [Double] {
      let all = hasZero ? Array(ticks.dropFirst()) : ticks
      let step = (all.count + 4) / 5
      return (hasZero ? [0] : []) + all.enumerated().filter { $0.offset % step == 0 }.map(\.element)
    }

    func share(_ cost: Double) -> Double {
      guard cost > 0 else { return 0 }
      let length = decades.upperBound - decades.lowerBound
      return start + (1 - start) * (log10(cost) - decades.lowerBound) / length
    }
  }
}

extension LeaderboardPage {
  /// A ``CostChart`` and its figures as a table.
  struct CostFigure: Encodable, Sendable {
    let costTitle: String
    let chart: Markup
    let tableTitle: String
    let points: [Point]
    let hasClaims: Bool

    struct Point: Encodable, Sendable { let who, cost, value, how: String }

    init(_ drawn: CostChart, _ table: BoardTable) {
      let chart = drawn.chart
      let shown = chart.hasAllIntervals ? chart.points : chart.records
      costTitle = drawn.cost.title
      self.chart = chart.drawing(
        id: drawn.cost.id,
        label: "\(chart.metric.title) of \(table.target) against \(drawn.cost.phrase), "
          + "\(FigureText.counted(chart.points.count, "system")), with a table below")
      tableTitle = chart.hasAllIntervals ? "The figures" : "The best at each cost or below"
      hasClaims = chart.points.contains(where: \.isClaim)
      points = shown.map { point in
        Point(
          who: point.name, cost: point.place,
          value: FigureText.bounded(point.figure, decimals: point.decimals),
          how: point.isClaim ? "claimed" : "scored here")
      }
    }
  }

  static func costs(_ table: BoardTable) -> Listed<CostFigure>? {
    Listed(
      SystemCost.allCases.compactMap { CostChart($0, table) }.map { CostFigure($0, table) })
  }
}
