import Harness
import Basics
import Foundation
import Metrics

/// Series of rows that differ in alpha alone, or in the share of added data alone.
struct ExperimentSweeps {
  private let rows: [Experiment.Row]
  private let split: ExperimentSummary.Split

  init(_ rows: [Experiment.Row], _ split: ExperimentSummary.Split) {
    (self.rows, self.split) = (rows, split)
  }

  /// One for each variable and metric that has at least two values.
  var sweeps: [Sweep] {
    let alpha = groups { row in
      guard let value = row.settings.alpha else { return nil }
      var rest = row.settings
      rest.alpha = nil
      return (value, rest)
    }
    let portion = groups { row in
      let portions = Set(row.settings.extra.map(\.portion))
      guard portions.count == 1, let value = portions.first else { return nil }
      var rest = row.settings
      for place in rest.extra.indices { rest.extra[place].portion = 1 }
      return (value, rest)
    }.map { series in withoutAddition(series) }
    return [
      (ExperimentSummary.alphaVariable, alpha), (ExperimentSummary.portionVariable, portion),
    ].flatMap { variable, groups in
      groups.isEmpty
        ? []
        : ExperimentSummary.sweptMetrics.map { metric in
          Sweep(
            title: "\(split.benchmark)/\(split.split)", variable: variable, metric: metric.id,
            series: groups.map { series($0, metric) })
        }
    }
  }

  private struct Group {
    var name: String
    var settings: ExperimentSettings
    var points: [(x: Double, row: String)]
  }

  /// Rows by everything but the variable, where that has at least two values.
  private func groups(
    _ variable: (Experiment.Row) -> (Double, ExperimentSettings)?
  ) -> [Group] {
    var groups: [Group] = []
    for row in rows {
      guard let (x, rest) = variable(row) else { continue }
      if let place = groups.firstIndex(where: { $0.settings == rest }) {
        groups[place].points.append((x, row.name))
      } else {
        let name = row.name.split(separator: ",").first.map { String($0) } ?? row.name
        groups.append(Group(name: name, settings: rest, points: [(x, row.name)]))
      }
    }
    return groups.filter { Set($0.points.map(\.x)).count > 1 }
  }

  /// With the row that has no added data, if there is one, at a share of 0.
  private func withoutAddition(_ group: Group) -> Group {
    var settings = group.settings
    settings.extra = []
    guard let row = rows.first(where: { $0.settings == settings }) else { return group }
    var extended = group
    extended.points.insert((0, row.name), at: 0)
    return extended
  }

  private func series(_ group: Group, _ metric: Metric) -> Sweep.Series {
    let points = group.points.sorted { $0.x < $1.x }.compactMap { point -> Sweep.Point? in
      let row = split.rows.first { $0.name == point.row }
      guard let seeds = row?.metrics[metric]?.overSeeds, let mean = seeds.mean else { return nil }
      return Sweep.Point(
        x: point.x, y: mean, low: seeds.sd.flatMap { Rounding.published(mean - $0) },
        high: seeds.sd.flatMap { Rounding.published(mean + $0) })
    }
    return Sweep.Series(name: group.name, points: points)
  }
}
