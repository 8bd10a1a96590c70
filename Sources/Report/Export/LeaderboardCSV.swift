import Basics
public import Harness
import Metrics

/// `leaderboard.csv`: the scored and the published rows.
public enum LeaderboardCSV {
  public static func text(of board: Board) -> String { text(BoardTable(board)) }

  static func text(_ table: BoardTable) -> String {
    let targets = table.benchmark.targets.map(\.name)
    var header = ["low_rank", "high_rank", "tie_groups", "slug", "system", "team", "kind"]
    header += ["submitted", "n", "clusters"]
    for target in targets {
      for metric in Metric.all {
        let name = "\(target)_\(metric.id)"
        header += [name, "\(name)_low", "\(name)_high"]
      }
    }
    header += ["wassa_averaged", "predictions_sha256", "signature"]
    var csv = CSVWriter(header)
    for entry in table.scored { csv.add(scored(entry, table, targets)) }
    for entry in table.published { csv.add(published(entry, targets)) }
    return csv.text
  }

  private static func scored(
    _ entry: Board.Entry, _ table: BoardTable, _ targets: [String]
  ) -> [CSVWriter.Cell] {
    let standing = table.standings[entry.slug]
    let report = entry.report
    var cells: [CSVWriter.Cell] = [
      .count(standing?.lowRank), .count(standing?.highRank), .text(standing?.tieGroups.joined()),
    ]
    cells += names(entry) + [.count(report?.n), .count(report?.clusters)]
    for target in targets {
      for metric in Metric.all {
        let figure = BoardTable.figure(entry, metric, target)
        cells += CSVWriter.Cell.numbers([figure?.value, figure?.low, figure?.high], decimals: 4)
      }
    }
    return cells + [
      .number(report?.wassa.averaged, decimals: 4), .text(report?.digests.predictions),
      .text(report?.signature),
    ]
  }

  private static func published(
    _ entry: Board.Entry, _ targets: [String]
  ) -> [CSVWriter.Cell] {
    let absent = CSVWriter.Cell.text(nil)
    var cells = [absent, absent, absent] + names(entry) + [absent, absent]
    for target in targets {
      for metric in Metric.all {
        let claim = entry.metadata.claimed?[target]?[metric.id]
        cells += [.number(claim, decimals: 4), absent, absent]
      }
    }
    return cells + [absent, absent, absent]
  }

  private static func names(_ entry: Board.Entry) -> [CSVWriter.Cell] {
    [
      entry.slug, entry.metadata.system, entry.metadata.team, entry.metadata.kind.rawValue,
      entry.metadata.submitted,
    ].map { .text($0) }
  }
}

/// `comparison.csv`: every pair of a board.
enum ComparisonCSV {
  static func text(_ comparison: BoardComparison) -> String {
    var csv = CSVWriter([
      "first", "second", "difference", "low", "high", "p", "p_holm", "p_bh", "undefined",
    ])
    for pair in comparison.pairs {
      let figures = [
        pair.difference, pair.low, pair.high, pair.p, pair.adjusted, pair.discoveryRate,
      ]
      csv.add(
        [.text(pair.first), .text(pair.second)] + CSVWriter.Cell.numbers(figures, decimals: 4)
          + [.text(pair.undefined)])
    }
    return csv.text
  }
}

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
