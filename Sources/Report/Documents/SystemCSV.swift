import Basics
import Harness
import Metrics

/// `systems/<slug>.csv`: every figure of a system's page, the whole split and its groups, a line each.
enum SystemCSV {
  static func text(_ report: ScoreReport, _ benchmark: BenchmarkDefinition) -> String {
    let targets = benchmark.targetNames
    let unit = benchmark.clusters.first ?? BenchmarkDefinition.rows
    var csv = CSVWriter([
      "attribute", "group", "target", "metric", "value", "low", "high", benchmark.rowNoun.plural,
      unit.plural, "undefined",
    ])
    for target in targets {
      guard let scores = report.targets[target] else { continue }
      for metric in scores.metrics {
        guard let figure = scores[metric] else { continue }
        csv.add(line(["", "", target, metric.id], figure, report.n, report.clusters))
      }
    }
    for group in report.groups {
      let name = [group.attribute, group.group]
      if let suppressed = group.suppressed {
        csv.add(line(name + ["", ""], ScoredFigure(undefined: suppressed), nil, nil))
        continue
      }
      for target in targets {
        guard let scores = group.targets[target] else { continue }
        for metric in scores.metrics {
          guard let figure = scores[metric] else { continue }
          csv.add(line(name + [target, metric.id], figure, group.n, group.clusters))
        }
      }
    }
    return csv.text
  }

  private static func line(
    _ names: [String], _ figure: ScoredFigure, _ n: Int?, _ persons: Int?
  ) -> [CSVWriter.Cell] {
    names.map { .text($0) }
      + CSVWriter.Cell.numbers([figure.value, figure.low, figure.high], decimals: 4)
      + [.count(n), .count(persons), .text(figure.undefined)]
  }
}
