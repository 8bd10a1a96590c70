import Basics
import Harness

/// `systems/<slug>.csv`: every figure of a system's page, the whole split and its groups, a line each.
enum SystemCSV {
  static func text(_ report: ScoreReport) -> String {
    var csv = CSVWriter([
      "attribute", "group", "target", "metric", "value", "low", "high", "essays", "persons",
      "undefined",
    ])
    for target in Target.allCases {
      guard let scores = report.targets[target] else { continue }
      for metric in MetricKind.allCases {
        guard let figure = metric.figure(of: scores) else { continue }
        csv.add(
          line(["", "", target.rawValue, metric.rawValue], figure, report.n, report.clusters))
      }
    }
    for group in report.groups {
      let name = [group.attribute, group.group]
      if let suppressed = group.suppressed {
        csv.add(line(name + ["", ""], ScoredFigure(undefined: suppressed), nil, nil))
        continue
      }
      for (target, scores) in [(Target.empathy, group.empathy), (.distress, group.distress)] {
        guard let scores else { continue }
        for (metric, figure) in [("pcc", scores.pcc), ("ccc", scores.ccc), ("rmse", scores.rmse)] {
          csv.add(
            line(name + [target.rawValue, metric], figure, group.n, group.clusters))
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
