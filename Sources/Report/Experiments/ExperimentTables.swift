import Harness

/// The tables of a summary as cells of text, which Markdown, LaTeX and the terminal share.
struct ExperimentTables {
  let summary: ExperimentSummary
  static let metrics = ["pcc", "ccc", "rmse"]

  struct Table {
    var caption: String
    var header: [String]
    var rows: [[String]]
  }

  /// Two tables a split: over seeds and over persons.
  var all: [Table] {
    summary.splits.flatMap { [overSeeds($0), overPersons($0)] }
  }

  private func overSeeds(_ split: ExperimentSummary.Split) -> Table {
    var header = ["row", "trained on", "replaced", "seeds"]
    for metric in Self.metrics {
      header += ["\(metric.uppercased()) median (peak)", "mean ± SD", "t: p"]
    }
    let rows = split.rows.map { row -> [String] in
      var cells = [row.name, "\(row.trainingRows)", "\(row.replaced)", "\(row.seeds.count)"]
      for metric in Self.metrics {
        let figures = row.metrics[metric]
        let seeds = figures?.overSeeds
        cells.append(Self.pair(seeds?.median, seeds?.peak))
        cells.append(Self.number(seeds?.mean) + (seeds?.sd.map { " ± \(Self.number($0))" } ?? ""))
        cells.append(
          figures?.seedTest.map { test in
            let p = Self.p(test.student.p)
            return test.stars.map { "\(p) \($0)" } ?? p
          } ?? (row.name == summary.baseline ? "baseline" : "-"))
      }
      return cells
    }
    return Table(caption: "\(Self.name(split)): over seeds", header: header, rows: rows)
  }

  private func overPersons(_ split: ExperimentSummary.Split) -> Table {
    var header = ["row"]
    for metric in Self.metrics {
      header += ["\(metric.uppercased()) of averaged predictions", "difference", "p (Holm)"]
    }
    let rows = split.rows.map { row -> [String] in
      var cells = [row.name]
      for metric in Self.metrics {
        let figures = row.metrics[metric]
        let averaged = figures?.averaged
        cells.append(Self.bounded(averaged?.value, averaged?.low, averaged?.high))
        let test = figures?.rowTest
        cells.append(
          test.map { Self.bounded($0.difference, $0.low, $0.high) }
            ?? (row.name == summary.baseline ? "baseline" : "-"))
        cells.append(
          test.map { "\(Self.p($0.p)) (\(Self.p($0.adjusted)))" }
            ?? (row.name == summary.baseline ? "" : "-"))
      }
      return cells
    }
    return Table(caption: "\(Self.name(split)): over persons", header: header, rows: rows)
  }

  private static func name(_ split: ExperimentSummary.Split) -> String {
    "\(split.benchmark)/\(split.split), \(split.n) rows of \(split.clusters) persons"
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
