import Metrics
import Basics
public import Harness

/// Comparisons as a person reads them on a terminal.
public enum CompareText {
  public static func pair(_ report: ComparisonReport, targets: [String]) -> ResultDocument {
    var table = ResultTable(
      "differences",
      [
        .text("target"), .text("metric"), .number("first"), .number("second"),
        .number("difference"), .interval("interval", key: "difference"), .number("p"),
      ])
    var rowwise: [String] = []
    var tested: Set<Metric> = []
    var isWithin = false
    for target in targets {
      guard let scores = report.targets[target] else { continue }
      func add(_ title: String, _ one: ComparisonReport.Difference) {
        table.add([
          .text(target), .text(title), .number(one.first), .number(one.second),
          .number(one.difference), .interval(one.low, one.high, remark: one.undefined),
          .probability(one.p),
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
          + "Williams t = \(number(williams.statistic)), \(FigureText.pValue(williams.p)); "
          + "Steiger Z = \(number(steiger.statistic)), \(FigureText.pValue(steiger.p)) "
          + "(both take rows as independent)")
    }
    return ResultDocument([
      .lines(
        """
        first:  \(report.first)
        second: \(report.second)
        \(report.benchmark)/\(report.split): \(report.n) rows, \(report.clusters) clusters
        """), .table(table),
      .lines((tests(tested, within: isWithin) + rowwise).joined(separator: "\n")),
      .lines(report.conclusion), .signature(report.signature),
    ])
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

  /// - Parameter remarks: of the systems, shown after the tables.
  public static func board(_ comparison: BoardComparison, remarks: [String]) -> ResultDocument {
    let ranks = ResultTable(
      "ranks",
      caption: "\(comparison.metric.title) of \(comparison.target): ranks that the data allow",
      [.number("rank"), .text("tie group"), .text("system")],
      comparison.standings.map { standing in
        [
          .text(standing.rankText), .text(standing.tieGroups.joined(separator: " ")),
          .text(standing.slug),
        ]
      })
    let pairs = ResultTable(
      "pairs",
      [
        .text("first"), .text("second"), .number("difference"),
        .interval("interval", key: "difference"), .number("p"), .number("adjusted"), .number("BH"),
      ],
      comparison.pairs.map { pair in
        [
          .text(pair.first), .text(pair.second), .number(pair.difference),
          .interval(pair.low, pair.high, remark: pair.undefined),
        ] + [pair.p, pair.adjusted, pair.discoveryRate].map { .probability($0) }
      })
    let parts: [ResultDocument.Part] = [
      .table(ranks),
      .prose(
        "Systems that share a letter do not differ significantly (\(comparison.adjustment), "
          + "\(comparison.family))."), .table(pairs),
    ]
    return ResultDocument(
      parts + (comparison.notes ?? []).map { .note($0) }
        + (comparison.signature.map { [.signature($0)] } ?? []) + remarks.map { .lines($0) })
  }

  public static func flag(_ flag: BoardComparer.LookAlikeFlag) -> String {
    let other = flag.second ?? "the gold labels"
    let shift = flag.shift.map { " by \($0)" } ?? ""
    return "look-alike: \(flag.first) and \(other): \(flag.kind)\(shift)"
  }

  public static func runs(_ report: RunsReport) -> ResultDocument {
    let rows = Metric.all.compactMap { metric in report.metrics[metric].map { (metric, $0) } }
    let runs = ResultTable(
      "runs",
      [
        .text("metric"), .text("runs"), .number("seeds"), .number("median"), .number("peak"),
        .number("mean"), .number("SD"),
      ],
      rows.flatMap { metric, one in
        [(report.first, one.first), (report.second, one.second)].compactMap { name, summary in
          summary.map { one in
            [
              .text(metric.title), .text(name),
              .count(one.seeds, remark: one.constant.map { "\($0) constant" }),
            ] + [one.median, one.peak, one.mean, one.sd].map { .number($0) }
          }
        }
      })
    let tests = ResultTable(
      "tests",
      [
        .text("metric"), .number("Student t"), .number("p", key: "student_p"),
        .text("", key: "stars"), .number("Welch t"), .number("p", key: "welch_p"),
        .number("Hedges g"),
      ],
      rows.map { metric, one in
        [
          .text(metric.title), .number(one.student.statistic), .probability(one.student.p),
          .text(one.stars), .number(one.welch.statistic), .probability(one.welch.p),
          .number(one.hedgesG),
        ]
      })
    return ResultDocument([
      .lines("\(report.benchmark)/\(report.split), \(report.target)"), .table(runs), .table(tests),
      .note(RunsReport.warning),
    ])
  }

  private static func number(_ value: Double?) -> String { TextTable.cell(value, missing: "-") }
}
