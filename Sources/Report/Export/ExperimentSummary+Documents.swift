import Metrics
import Harness
import Basics
public import Foundation
public import Study

extension ExperimentSummary {
  /// The tables of the summary in plain text, one after the other, as header and rows of cells.
  public var tables: [(caption: String, header: [String], rows: [[String]])] {
    ExperimentTables(summary: self).all.map { ($0.caption, $0.header, $0.rows) }
  }

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
    for table in ExperimentTables(summary: self).all {
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
    var lines = ["% \(LaTeX.escaped(title)). Needs the package booktabs."]
    for table in ExperimentTables(summary: self).all {
      let columns = "l" + String(repeating: "r", count: table.header.count - 1)
      lines += [
        "% \(LaTeX.escaped(table.caption))", "\\begin{tabular}{\(columns)}", "\\toprule",
        Self.latexRow(table.header), "\\midrule",
      ]
      lines += table.rows.map(Self.latexRow)
      lines += ["\\bottomrule", "\\end{tabular}", ""]
    }
    return lines.joined(separator: "\n")
  }

  private static func latexRow(_ cells: [String]) -> String {
    cells.map { LaTeX.escaped($0).replacingOccurrences(of: "±", with: "$\\pm$") }
      .joined(separator: " & ") + " \\\\"
  }

  /// One line for each split, row and metric, with every figure.
  private var csv: String {
    var csv = CSVWriter([
      "benchmark", "split", "row", "training_rows", "replaced", "seeds", "metric", "median", "peak",
      "mean", "sd", "student_t", "student_p", "welch_p", "hedges_g", "averaged", "averaged_low",
      "averaged_high", "difference", "difference_low", "difference_high", "p", "p_holm",
    ])
    for split in splits {
      for row in split.rows {
        for metric in Metric.ranking {
          guard let figures = row.metrics[metric] else { continue }
          csv.add(
            [
              .text(split.benchmark), .text(split.split), .text(row.name), .count(row.trainingRows),
              .count(row.replaced), .count(row.seeds.count), .text(metric.id),
            ] + CSVWriter.Cell.numbers(Self.numbers(figures), decimals: 4))
        }
      }
    }
    return csv.text
  }

  private static func numbers(_ figures: Figures) -> [Double?] {
    let seeds = figures.overSeeds
    let test = figures.seedTest
    let rows = figures.rowTest
    return [
      seeds?.median, seeds?.peak, seeds?.mean, seeds?.sd, test?.student.statistic,
      test?.student.p, test?.welch.p, test?.hedgesG, figures.averaged?.value,
      figures.averaged?.low, figures.averaged?.high, rows?.difference, rows?.low, rows?.high,
      rows?.p, rows?.adjusted,
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
          series.append(
            PlotDocument.Series(
              name: level.name, points: [(x: first, y: mean), (x: last, y: mean)])
          )
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
    for (caption, header, rows) in tables {
      var table = TextTable(header.enumerated().map { ($1, $0 == 0 ? .left : .right) })
      for row in rows { table.add(row) }
      parts.append("\(caption)\n\n\(table.text)")
    }
    parts.append(([Self.legend] + notes).joined(separator: "\n"))
    parts += splits.map(\.signature)
    return parts.joined(separator: "\n\n")
  }
}

extension ExperimentListing {
  public var text: String {
    var table = TextTable([
      ("cell", .left), ("row", .left), ("seed", .right), ("training rows", .right),
      ("state", .left),
    ])
    for cell in cells {
      table.add([cell.cell, cell.row, "\(cell.seed)", "\(cell.trainingRows)", cell.state])
    }
    return table.text
  }
}

extension ExperimentTally {
  public var text: String {
    var parts = ["\(trained) trained", "\(finishedBefore) finished before"]
    if !elsewhere.isEmpty { parts.append("\(elsewhere.count) with another process") }
    if !failed.isEmpty {
      parts.append("\(failed.count) failed: \(failed.joined(separator: ", "))")
    }
    return "cells: " + parts.joined(separator: ", ")
  }
}
