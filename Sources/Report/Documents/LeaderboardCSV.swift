public import Harness

/// `leaderboard.csv`: the scored and the published rows, RFC 4180, UTF-8, LF line ends.
public enum LeaderboardCSV {
  public static func text(of board: Board) -> String { text(BoardTable(board)) }

  static func text(_ table: BoardTable) -> String {
    let targets = table.benchmark.targets.map(\.name)
    var header = ["low_rank", "high_rank", "tie_groups", "slug", "system", "team", "kind"]
    header += ["submitted", "n", "clusters"]
    for target in targets {
      for metric in MetricKind.allCases {
        let name = "\(target.rawValue)_\(metric.rawValue)"
        header += [name, "\(name)_low", "\(name)_high"]
      }
    }
    header += ["wassa_averaged", "predictions_sha256", "signature"]
    var lines = [header.joined(separator: ",")]
    for entry in table.scored { lines.append(scoredLine(entry, table, targets)) }
    for entry in table.published { lines.append(publishedLine(entry, targets)) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func scoredLine(
    _ entry: Board.Entry, _ table: BoardTable, _ targets: [Target]
  ) -> String {
    let standing = table.standings[entry.slug]
    var cells = [
      standing.map { "\($0.lowRank)" } ?? "", standing.map { "\($0.highRank)" } ?? "",
      standing?.tieGroups.joined() ?? "",
    ]
    cells += names(entry)
    cells += [entry.report.map { "\($0.n)" } ?? "", entry.report.map { "\($0.clusters)" } ?? ""]
    for target in targets {
      for metric in MetricKind.allCases {
        let figure = BoardTable.figure(entry, metric, target)
        cells += [figure?.value, figure?.low, figure?.high].map(FigureText.sortKey)
      }
    }
    cells.append(FigureText.sortKey(entry.report?.wassa.averaged))
    cells += [entry.report?.digests.predictions ?? "", quoted(entry.report?.signature ?? "")]
    return cells.joined(separator: ",")
  }

  private static func publishedLine(_ entry: Board.Entry, _ targets: [Target]) -> String {
    var cells = ["", "", ""] + names(entry) + ["", ""]
    for target in targets {
      for metric in MetricKind.allCases {
        let claim = entry.metadata.claimed?[target]?[metric.rawValue]
        cells += [FigureText.sortKey(claim), "", ""]
      }
    }
    cells += ["", "", ""]
    return cells.joined(separator: ",")
  }

  private static func names(_ entry: Board.Entry) -> [String] {
    [
      quoted(entry.slug), quoted(entry.metadata.system), quoted(entry.metadata.team),
      entry.metadata.kind.rawValue, quoted(entry.metadata.submitted ?? ""),
    ]
  }

  /// `text` as one field. A text that a spreadsheet would take for a formula gets an apostrophe.
  static func quoted(_ text: String) -> String {
    var text = SafeText.cleaned(text)
    if let first = text.first(where: { !$0.isWhitespace }), "=+-@".contains(first) {
      text = "'" + text
    }
    let special = text.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
    return special ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }
}
