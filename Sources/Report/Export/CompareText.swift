import Metrics
import Basics
public import Harness

/// Comparisons as a person reads them on a terminal.
public enum CompareText {
  public static func pair(_ report: ComparisonReport, targets: [String]) -> String {
    var (rows, rowwise): ([[String]], [String]) = ([], [])
    var tested: Set<Metric> = []
    var isWithin = false
    for target in targets {
      guard let scores = report.targets[target] else { continue }
      func add(_ title: String, _ one: ComparisonReport.Difference) {
        rows.append([
          target, title, number(one.first), number(one.second), number(one.difference),
          TextTable.interval(one.low, one.high) ?? one.undefined ?? "",
          one.p.map(FigureText.probability) ?? "",
        ])
      }
      for metric in Metric.all {
        guard let one = scores.metrics[metric] else { continue }
        if one.p != nil { tested.insert(metric) }
        add(metric.title, one)
      }
      if let within = scores.pccWithin {
        isWithin = true
        add(ScoreText.within, within)
      }
      let (williams, steiger) = (scores.williams, scores.steiger)
      // An average over targets has neither.
      guard scores.correlation != nil || scores.metrics.count > 1 else { continue }
      rowwise.append(
        "\(target): predictions correlate at \(number(scores.correlation)); "
          + "Williams t = \(number(williams.statistic)), p = \(TextTable.probability(williams.p)); "
          + "Steiger Z = \(number(steiger.statistic)), p = \(TextTable.probability(steiger.p)) "
          + "(both take rows as independent)")
    }
    let columns = ["target", "metric", ">first", ">second", ">difference", "interval", ">p"]
    return """
      first:  \(report.first)
      second: \(report.second)
      \(report.benchmark)/\(report.split): \(report.n) rows, \(report.clusters) clusters

      \(TextTable.text(columns, rows))

      \((tests(tested, within: isWithin) + rowwise).joined(separator: "\n"))

      \(report.conclusion)
      \(report.signature)
      """
  }

  /// What the p-values of `metrics` are of, a line a test.
  private static func tests(_ metrics: Set<Metric>, within: Bool) -> [String] {
    let names =
      Metric.all.filter(metrics.contains).map { (SwapTest.name(of: $0), $0.title) }
      + (within ? [(SwapTest.name(of: .pcc), ScoreText.within)] : [])
    let tests = names.map(\.0).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    return tests.map { test in
      let titles = names.filter { $0.0 == test }.map(\.1)
      return "p of \(titles.joined(separator: ", ")): \(test) by clusters"
    }
  }

  public static func board(_ comparison: BoardComparison) -> String {
    let ranks = TextTable.text(
      [">rank", "tie group", "system"],
      comparison.standings.map { [$0.rankText, $0.tieGroups.joined(separator: " "), $0.slug] })
    let pairs = TextTable.text(
      ["first", "second", ">difference", "interval", ">p", ">adjusted", ">BH"],
      comparison.pairs.map { pair in
        [
          pair.first, pair.second, number(pair.difference),
          TextTable.interval(pair.low, pair.high) ?? pair.undefined ?? "",
        ] + [pair.p, pair.adjusted, pair.discoveryRate].map(TextTable.probability)
      })
    return """
      \(comparison.metric.title) of \(comparison.target): ranks that the data allow

      \(ranks)

      Systems that share a letter do not differ significantly (\(comparison.adjustment), \(comparison.family)).

      \(pairs)
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
    let rows = Metric.all.compactMap { metric in report.metrics[metric].map { (metric, $0) } }
    let runs = rows.flatMap { metric, one in
      [(report.first, one.first), (report.second, one.second)].compactMap { name, summary in
        summary.map { one in
          [metric.title, name, "\(one.seeds)" + (one.constant.map { " (\($0) constant)" } ?? "")]
            + [one.median, one.peak, one.mean, one.sd].map(number)
        }
      }
    }
    let tests = rows.map { metric, one in
      [
        metric.title, number(one.student.statistic), TextTable.probability(one.student.p),
        one.stars ?? "", number(one.welch.statistic), TextTable.probability(one.welch.p),
        number(one.hedgesG),
      ]
    }
    return """
      \(report.benchmark)/\(report.split), \(report.target)

      \(TextTable.text(["metric", "runs", ">seeds", ">median", ">peak", ">mean", ">SD"], runs))

      \(TextTable.text(["metric", ">Student t", ">p", "", ">Welch t", ">p", ">Hedges g"], tests))
      """
  }

  private static func number(_ value: Double?) -> String { TextTable.cell(value, missing: "-") }
}
