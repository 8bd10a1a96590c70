import Harness
import Metrics

/// `systems/<slug>.csv`: every figure of a system's page, the whole split and its groups, a line each;
/// RFC 4180, UTF-8, LF line ends.
enum SystemCSV {
  static func text(_ report: ScoreReport, _ benchmark: BenchmarkDefinition) -> String {
    let targets = benchmark.targetNames
    let unit = (benchmark.clusters.first ?? BenchmarkDefinition.rows).plural
    var lines = [
      "attribute,group,target,metric,value,low,high,\(benchmark.rowNoun.plural),\(unit),undefined"
    ]
    for target in targets {
      guard let scores = report.targets[target] else { continue }
      for metric in scores.metrics {
        guard let figure = scores[metric] else { continue }
        lines.append(
          line(["", "", target, metric.id], figure, report.n, report.clusters))
      }
    }
    for group in report.groups {
      let name = [group.attribute, group.group]
      if let suppressed = group.suppressed {
        lines.append(line(name + ["", ""], ScoredFigure(undefined: suppressed), nil, nil))
        continue
      }
      for target in targets {
        guard let scores = group.targets[target] else { continue }
        for metric in scores.metrics {
          guard let figure = scores[metric] else { continue }
          lines.append(line(name + [target, metric.id], figure, group.n, group.clusters))
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func line(
    _ names: [String], _ figure: ScoredFigure, _ n: Int?, _ persons: Int?
  ) -> String {
    var cells = names.map(LeaderboardCSV.quoted)
    cells += [figure.value, figure.low, figure.high].map(FigureText.sortKey)
    cells += [n, persons].map { $0.map { "\($0)" } ?? "" }
    cells.append(LeaderboardCSV.quoted(figure.undefined ?? ""))
    return cells.joined(separator: ",")
  }
}
