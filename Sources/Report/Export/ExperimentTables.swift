import Metrics
import Harness
import Basics
import Study

/// The tables of a summary as cells of text, which Markdown, LaTeX and the terminal share.
struct ExperimentTables {
  let summary: ExperimentSummary
  static let metrics: [Metric] = [.pcc, .ccc, .rmse]

  struct Table {
    var caption: String
    var header: [String]
    var rows: [[String]]
  }

  /// One a split and metric.
  var all: [Table] {
    summary.splits.flatMap { split in Self.metrics.map { table(split, metric: $0) } }
  }

  private func table(_ split: ExperimentSummary.Split, metric: Metric) -> Table {
    Table(
      caption: "\(split.benchmark)/\(split.split), \(split.n) rows of \(split.clusters) persons: "
        + metric.title,
      header: [
        "row", "trained on (replaced)", "seeds", "median (peak)", "mean ± SD", "p over seeds",
        "averaged", "difference", "p over persons (Holm)",
      ],
      rows: split.rows.map { row in
        [row.name, "\(row.trainingRows) (\(row.replaced))", "\(row.seeds.count)"]
          + cells(row.metrics[metric], isBaseline: row.name == summary.baseline)
      })
  }

  private func cells(_ figures: ExperimentSummary.Figures?, isBaseline: Bool) -> [String] {
    let seeds = figures?.overSeeds
    let averaged = figures?.averaged
    var cells = [
      Self.pair(seeds?.median, seeds?.peak),
      Self.number(seeds?.mean) + (seeds?.sd.map { " ± \(Self.number($0))" } ?? ""),
    ]
    let bounded = Self.bounded(averaged?.value, averaged?.low, averaged?.high)
    if isBaseline { return cells + ["baseline", bounded, "baseline", ""] }
    let seedTest = figures?.seedTest
    cells.append(
      ([Self.p(seedTest?.student.p)] + (seedTest?.stars.map { [$0] } ?? []))
        .joined(separator: " "))
    let test = figures?.rowTest
    return cells + [
      bounded, Self.bounded(test?.difference, test?.low, test?.high),
      test == nil ? "-" : "\(Self.p(test?.p)) (\(Self.p(test?.adjusted)))",
    ]
  }

  private static func number(_ value: Double?) -> String {
    value.map { Rounding.text($0, decimals: 3) } ?? "-"
  }

  private static func pair(_ first: Double?, _ second: Double?) -> String {
    second.map { "\(number(first)) (\(number($0)))" } ?? number(first)
  }

  private static func bounded(_ value: Double?, _ low: Double?, _ high: Double?) -> String {
    guard let low, let high else { return number(value) }
    return "\(number(value)) [\(number(low)), \(number(high))]"
  }

  private static func p(_ value: Double?) -> String {
    value == 0 ? "<0.0001" : value.map { Rounding.text($0) } ?? "-"
  }
}
