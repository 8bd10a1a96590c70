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
