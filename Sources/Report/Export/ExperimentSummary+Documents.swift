import Metrics
import Harness
import Basics
public import Foundation
public import Study

extension ExperimentSummary {
  /// Every document of the summary by its file's name: `summary.json`, `.md`, `.tex` and `.csv`,
  /// and a plot a sweep. The same summary gives the same bytes.
  public func documents() throws -> [String: Data] {
    var files = [
      "summary.json": try CanonicalJSON.document(self), "summary.md": Data(markdown.utf8),
      "summary.tex": Data(latex.utf8), "summary.csv": Data(csv.utf8),
    ]
    for split in splits {
      for (variable, sweeps) in Dictionary(grouping: split.sweeps, by: \.variable) {
        let plot = Self.plot(sweeps, variable: variable, of: split, baseline: baseline)
        let name = variable == Self.alphaVariable ? "alpha" : "portion"
        files["\(name)-\(split.benchmark)-\(split.split).svg"] = Data(plot.svg.utf8)
      }
    }
    return files
  }

  private var markdown: String {
    var out = "# \(Self.line(title))\n"
    for table in tables {
      let rule = table.header.indices.map { $0 == 0 ? "---" : "---:" }
      let lines = [table.header, rule] + table.rows
      out += "\n**\(Self.line(table.caption))**\n\n"
      for cells in lines {
        let escaped = cells.map { Self.line($0).replacingOccurrences(of: "|", with: "\\|") }
        out += "| \(escaped.joined(separator: " | ")) |\n"
      }
    }
    out += "\n\(Self.legend)\n"
    for note in notes { out += "\n- \(Self.line(note))" }
    for split in splits { out += "\n- `\(split.signature)`" }
    return out + "\n"
  }

  private var latex: String {
    let tabulars = tables.map { table in
      LaTeX.tabular(
        LaTeX.escaped(table.caption),
        columns: "l" + String(repeating: "r", count: table.header.count - 1),
        ([table.header] + table.rows).map { cells in
          cells.map { LaTeX.escaped($0).replacing("±", with: "$\\pm$") }
        })
    }
    let head = "% \(LaTeX.escaped(title)). Needs the package booktabs."
    return ([head] + tabulars).joined(separator: "\n")
  }

  /// One line for each split, row and metric, with every figure.
  private var csv: String {
    var csv = CSVWriter([
      "benchmark", "split", "row", "training_rows", "replaced", "seeds", "metric", "median", "peak",
      "mean", "sd", "student_t", "student_p", "welch_p", "hedges_g", "averaged", "averaged_low",
      "averaged_high", "difference", "difference_low", "difference_high", "p", "p_holm",
      "bias_factor",
    ])
    for split in splits {
      for row in split.rows {
        var all: [(String, Figures?, Double?)] = Metric.all.map { ($0.id, row.metrics[$0], nil) }
        all.append(("pccWithin", row.pccWithin, nil))
        all.append(("cccCalibrated", row.cccCalibrated, row.biasFactor))
        for (id, figures, factor) in all {
          guard let figures else { continue }
          csv.add(
            [
              .text(split.benchmark), .text(split.split), .text(row.name), .count(row.trainingRows),
              .count(row.replaced), .count(row.seeds.count), .text(id),
            ] + CSVWriter.Cell.numbers(Self.numbers(figures) + [factor], decimals: 4))
        }
      }
    }
    return csv.text
  }

  private static func numbers(_ figures: Figures) -> [Double?] {
    let (seeds, test, rows) = (figures.overSeeds, figures.seedTest, figures.rowTest)
    return [
      seeds?.median, seeds?.peak, seeds?.mean, seeds?.sd, test?.student.statistic, test?.student.p,
      test?.welch.p, test?.hedgesG, figures.averaged?.value, figures.averaged?.low,
      figures.averaged?.high, rows?.difference, rows?.low, rows?.high, rows?.p, rows?.adjusted,
    ]
  }

  /// `text` on one line.
  private static func line(_ text: String) -> String {
    SafeText.cleaned(text).split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  /// A panel for each metric; the baseline's mean over seeds is a level line.
  private static func plot(
    _ sweeps: [Sweep], variable: String, of split: Split, baseline: String?
  ) -> PlotDocument {
    let level = split.rows.first { $0.name == baseline }
    return PlotDocument(
      title: "\(split.benchmark)/\(split.split): mean over seeds, ± SD",
      panels: sweeps.map { sweep in
        let ends = sweep.series.flatMap(\.points).map(\.x)
        var series = sweep.series.map { series in
          PlotDocument.Series(
            name: series.name, points: series.points.map { (x: $0.x, y: $0.y) },
            bars: series.points.compactMap { point in
              guard let low = point.low, let high = point.high else { return nil }
              return (x: point.x, low: low, high: high)
            })
        }
        let metric = Metric(named: sweep.metric)
        if let level, let metric, let mean = level.metrics[metric]?.overSeeds?.mean,
          let first = ends.min(), let last = ends.max()
        {
          series.append(.init(name: level.name, points: [(x: first, y: mean), (x: last, y: mean)]))
        }
        return PlotDocument.Panel(
          horizontal: variable, vertical: metric?.title ?? sweep.metric, series: series)
      })
  }
}

extension ExperimentSummary {
  /// The tables of the summary for the terminal.
  public var text: String {
    var parts = [title]
    parts += tables.map { table in
      let columns = table.header.enumerated().map { $0 == 0 ? $1 : ">\($1)" }
      return "\(table.caption)\n\n\(TextTable.text(columns, table.rows))"
    }
    parts.append(([Self.legend] + notes).joined(separator: "\n"))
    parts += splits.map(\.signature)
    return parts.joined(separator: "\n\n")
  }

  /// The tables of a summary as cells of text, which Markdown, LaTeX and the terminal share: one a
  /// split and metric.
  public var tables: [Table] {
    splits.flatMap { split in
      [
        table(split, Metric.pcc.title) { $0.metrics[.pcc] },
        table(split, "PCC within persons") { $0.pccWithin },
        table(split, Metric.ccc.title) { $0.metrics[.ccc] },
        table(split, "CCC calibrated", last: ("C_b", { Self.number($0.biasFactor) })) {
          $0.cccCalibrated
        },
        table(split, Metric.rmse.title) { $0.metrics[.rmse] },
      ].compactMap(\.self) + contrastTable(split)
    }
  }

  private func contrastTable(_ split: Split) -> [Table] {
    guard let contrasts = split.contrasts else { return [] }
    return [
      Table(
        caption: "\(split.benchmark)/\(split.split): contrasts declared in the file, over persons "
          + "and seeds in one model; everything else is exploratory",
        header: ["contrast", "figure", "seeds", "difference", "p (Holm)", "SD: persons, seeds"],
        rows: contrasts.map { contrast in
          [
            "\(contrast.row) less \(contrast.less)", contrast.figure, "\(contrast.seeds)",
            contrast.undefined
              ?? Self.bounded(contrast.difference, contrast.low, contrast.high),
            "\(TextTable.probability(contrast.p)) (\(TextTable.probability(contrast.adjusted)))",
            "\(Self.number(contrast.personSD)), \(Self.number(contrast.seedSD))",
          ]
        })
    ]
  }

  public struct Table: Sendable {
    public var caption: String
    public var header: [String]
    public var rows: [[String]]
  }

  /// Nil where no row has such figures.
  private func table(
    _ split: Split, _ title: String, last: (String, (Row) -> String)? = nil,
    figures: (Row) -> Figures?
  ) -> Table? {
    guard split.rows.contains(where: { figures($0) != nil }) else { return nil }
    return Table(
      caption: "\(split.benchmark)/\(split.split), \(split.n) rows of \(split.clusters) persons: "
        + title,
      header: [
        "row", "trained on (replaced)", "seeds", "median (peak)", "mean ± SD", "p over seeds",
        "averaged", "difference", "p over persons (Holm)",
      ] + (last.map { [$0.0] } ?? []),
      rows: split.rows.map { row in
        [row.name, "\(row.trainingRows) (\(row.replaced))", "\(row.seeds.count)"]
          + cells(figures(row), isBaseline: row.name == baseline) + (last.map { [$0.1(row)] } ?? [])
      })
  }

  private func cells(_ figures: Figures?, isBaseline: Bool) -> [String] {
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
      ([TextTable.probability(seedTest?.student.p)] + (seedTest?.stars.map { [$0] } ?? []))
        .joined(separator: " "))
    let test = figures?.rowTest
    return cells + [
      bounded, Self.bounded(test?.difference, test?.low, test?.high),
      test == nil
        ? "-" : "\(TextTable.probability(test?.p)) (\(TextTable.probability(test?.adjusted)))",
    ]
  }

  private static func number(_ value: Double?) -> String {
    TextTable.cell(value, decimals: 3, missing: "-")
  }

  private static func pair(_ first: Double?, _ second: Double?) -> String {
    second.map { "\(number(first)) (\(number($0)))" } ?? number(first)
  }

  private static func bounded(_ value: Double?, _ low: Double?, _ high: Double?) -> String {
    let interval = TextTable.interval(low, high, decimals: 3).map { " \($0)" } ?? ""
    return number(value) + interval
  }
}

extension ExperimentListing {
  public var text: String {
    let hasFolds = cells.contains { $0.fold != nil }
    return TextTable.text(
      ["cell", "row", ">seed"] + (hasFolds ? [">fold"] : []) + [">training rows", "state"],
      cells.map { cell in
        [cell.cell ?? "", cell.row, "\(cell.seed)"]
          + (hasFolds ? [cell.fold.map { "\($0)" } ?? ""] : [])
          + [
            cell.trainingRows.map { "\($0)" } ?? "",
            cell.worker.map { "claimed by \($0)" } ?? cell.state,
          ]
      }) + notes.map { "\n\($0)" }.joined()
  }
}

extension ExperimentListing {
  private var notes: [String] {
    let left = cells.count { $0.state != "finished" }
    var notes = ["\(cells.count) cells, \(left) to finish"]
    if let coreHours {
      notes.append(
        "about \(Rounding.text(coreHours, decimals: coreHours < 10 ? 1 : 0)) core-hours on this "
          + "machine, to the last epoch, from steps measured now on texts of usual length")
    }
    if let missing {
      notes.append(
        "planned without data: \(missing.count) files are missing, such as \(missing.first ?? "")")
    }
    return notes
  }
}

extension ExperimentTally {
  public var text: String {
    var parts = ["\(trained) trained", "\(finishedBefore) finished before"]
    if !elsewhere.isEmpty { parts.append("\(elsewhere.count) with another process") }
    if !failed.isEmpty { parts.append("\(failed.count) failed: \(failed.joined(separator: ", "))") }
    return "cells: " + parts.joined(separator: ", ")
  }
}
