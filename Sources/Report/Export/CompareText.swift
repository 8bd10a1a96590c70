import Metrics
import Basics
public import Harness

/// Comparisons as a person reads them on a terminal.
public enum CompareText {
  public static func pair(_ report: ComparisonReport, targets: [String]) -> String {
    var table = TextTable([
      ("target", .left), ("metric", .left), ("first", .right), ("second", .right),
      ("difference", .right), ("interval", .left), ("p (swap)", .right),
    ])
    var rowwise: [String] = []
    for target in targets {
      guard let scores = report.targets[target] else { continue }
      for metric in Metric.ranking {
        guard let one = scores.metrics[metric] else { continue }
        table.add([
          target, metric.title, number(one.first), number(one.second),
          number(one.difference), TextTable.interval(one.low, one.high) ?? one.undefined ?? "",
          one.p.map(FigureText.probability) ?? "",
        ])
      }
      rowwise.append(
        "\(target): predictions correlate at \(number(scores.correlation)); "
          + "Williams t = \(number(scores.williams.statistic)), p = \(TextTable.probability(scores.williams.p)); "
          + "Steiger Z = \(number(scores.steiger.statistic)), p = \(TextTable.probability(scores.steiger.p)) "
          + "(both take rows as independent)")
    }
    return """
      first:  \(report.first)
      second: \(report.second)
      \(report.benchmark)/\(report.split): \(report.n) rows, \(report.clusters) clusters

      \(table.text)

      \(rowwise.joined(separator: "\n"))

      \(report.conclusion)
      \(report.signature)
      """
  }

  public static func board(_ comparison: BoardComparison) -> String {
    var ranks = TextTable([("rank", .right), ("tie group", .left), ("system", .left)])
    for standing in comparison.standings {
      ranks.add([standing.rankText, standing.tieGroups.joined(separator: " "), standing.slug])
    }
    var pairs = TextTable([
      ("first", .left), ("second", .left), ("difference", .right), ("interval", .left),
      ("p", .right), ("adjusted", .right), ("BH", .right),
    ])
    for pair in comparison.pairs {
      pairs.add([
        pair.first, pair.second, number(pair.difference),
        TextTable.interval(pair.low, pair.high) ?? pair.undefined ?? "",
        TextTable.probability(pair.p),
        TextTable.probability(pair.adjusted), TextTable.probability(pair.discoveryRate),
      ])
    }
    return """
      \(comparison.metric.title) of \(comparison.target): ranks that the data allow

      \(ranks.text)

      Systems that share a letter do not differ significantly (\(comparison.adjustment), \(comparison.family)).

      \(pairs.text)
      \((comparison.notes ?? []).map { "\nNote: \($0)\n" }.joined())
      \(comparison.signature ?? "")
      """
  }

  public static func flag(_ flag: BoardComparer.LookAlikeFlag) -> String {
    let other = flag.second ?? "the gold labels"
    let shift = flag.shift.map { " by \($0)" } ?? ""
    return "look-alike: \(flag.first) and \(other): \(flag.kind)\(shift)"
  }

  public static func runs(_ report: RunsReport) -> String {
    var table = TextTable([
      ("metric", .left), ("runs", .left), ("seeds", .right), ("median", .right),
      ("peak", .right), ("mean", .right), ("SD", .right),
    ])
    var tests = TextTable([
      ("metric", .left), ("Student t", .right), ("p", .right), ("", .left), ("Welch t", .right),
      ("p", .right), ("Hedges g", .right),
    ])
    for metric in Metric.ranking {
      guard let one = report.metrics[metric] else { continue }
      for (name, summary) in [(report.first, one.first), (report.second, one.second)] {
        guard let summary else { continue }
        table.add([
          metric.title, name,
          "\(summary.seeds)" + (summary.constant.map { " (\($0) constant)" } ?? ""),
          number(summary.median), number(summary.peak), number(summary.mean), number(summary.sd),
        ])
      }
      tests.add([
        metric.title, number(one.student.statistic), TextTable.probability(one.student.p),
        one.stars ?? "", number(one.welch.statistic), TextTable.probability(one.welch.p),
        number(one.hedgesG),
      ])
    }
    return """
      \(report.benchmark)/\(report.split), \(report.target)

      \(table.text)

      \(tests.text)
      """
  }

  private static func number(_ value: Double?) -> String { TextTable.cell(value, missing: "-") }
}
