import Metrics
import Harness
import Basics
public import Foundation
public import Study

extension ExperimentSummary {
  /// Every document of the summary by its file's name: `summary.json`, `.md`, `.tex` and `.csv`,
  /// and a plot a sweep. The same summary gives the same bytes.
  public func documents() throws -> [String: Data] {
    var files: [String: Data] = [:]
    for (ending, format) in [
      ("json", ResultFormat.json), ("md", .markdown), ("tex", .latex), ("csv", .csv),
    ] {
      files["summary.\(ending)"] = try format.data(of: self, shownAs: document)
    }
    for split in splits {
      for (variable, sweeps) in Dictionary(grouping: split.sweeps, by: \.variable) {
        let plot = Self.plot(sweeps, variable: variable, of: split, baseline: baseline)
        let name = variable == Self.alphaVariable ? "alpha" : "portion"
        files["\(name)-\(split.benchmark)-\(split.split).svg"] = Data(plot.svg.utf8)
      }
    }
    return files
  }

  public var document: ResultDocument {
    ResultDocument(
      [.title(title)] + tables.map { .table($0) }
        + [.lines(([Self.legend] + notes).joined(separator: "\n"))]
        + splits.map { .signature($0.signature) }, data: data)
  }

  /// One line for each split, row and metric, with every figure.
  private var data: ResultTable {
    let figures = [
      "median", "peak", "mean", "sd", "student_t", "student_p", "welch_p", "hedges_g", "averaged",
      "averaged_low", "averaged_high", "difference", "difference_low", "difference_high", "p",
      "p_holm", "bias_factor",
    ]
    var table = ResultTable(
      "figures",
      [
        .text("benchmark"), .text("split"), .text("row"), .number("training_rows"),
        .number("replaced"), .number("seeds"), .text("metric"),
      ] + figures.map { .number($0) })
    for split in splits {
      for row in split.rows {
        var all: [(String, Figures?, Double?)] = Metric.all.map { ($0.id, row.metrics[$0], nil) }
        all.append(("pccWithin", row.pccWithin, nil))
        all.append(("cccCalibrated", row.cccCalibrated, row.biasFactor))
        for (id, figures, factor) in all {
          guard let figures else { continue }
          table.add(
            [
              .text(split.benchmark), .text(split.split), .text(row.name),
              .count(row.trainingRows), .count(row.replaced), .count(row.seeds.count), .text(id),
            ] + (Self.numbers(figures) + [factor]).map { .number($0) })
        }
      }
    }
    return table
  }

  private static func numbers(_ figures: Figures) -> [Double?] {
    let (seeds, test, rows) = (figures.overSeeds, figures.seedTest, figures.rowTest)
    return [
      seeds?.median, seeds?.peak, seeds?.mean, seeds?.sd, test?.student.statistic, test?.student.p,
      test?.welch.p, test?.hedgesG, figures.averaged?.value, figures.averaged?.low,
      figures.averaged?.high, rows?.difference, rows?.low, rows?.high, rows?.p, rows?.adjusted,
    ]
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
  /// One a split and metric.
  var tables: [ResultTable] {
    splits.flatMap { split in
      [
        table(split, Metric.pcc.title) { $0.metrics[.pcc] },
        table(split, "PCC within persons") { $0.pccWithin },
        table(split, Metric.ccc.title) { $0.metrics[.ccc] },
        table(split, "CCC calibrated", hasBiasFactor: true) { $0.cccCalibrated },
        table(split, Metric.rmse.title) { $0.metrics[.rmse] },
      ].compactMap(\.self) + contrastTable(split)
    }
  }

  private func contrastTable(_ split: Split) -> [ResultTable] {
    guard let contrasts = split.contrasts else { return [] }
    return [
      ResultTable(
        "contrasts",
        caption: "\(split.benchmark)/\(split.split): contrasts declared in the file, over persons "
          + "and seeds in one model; everything else is exploratory",
        [
          .text("contrast"), .text("figure"), .number("seeds"), .bounded("difference"),
          .pair("p (Holm)", "p", "p_holm"), .pair("SD: persons (seeds)", "sd_persons", "sd_seeds"),
        ],
        contrasts.map { contrast in
          [
            .text("\(contrast.row) less \(contrast.less)"), .text(contrast.figure),
            .count(contrast.seeds),
            .bounded(
              contrast.difference, contrast.low, contrast.high, remark: contrast.undefined),
            .probabilities(contrast.p, contrast.adjusted),
            .pair(contrast.personSD, contrast.seedSD),
          ]
        })
    ]
  }

  /// Nil where no row has such figures.
  private func table(
    _ split: Split, _ title: String, hasBiasFactor: Bool = false, figures: (Row) -> Figures?
  ) -> ResultTable? {
    guard split.rows.contains(where: { figures($0) != nil }) else { return nil }
    return ResultTable(
      title,
      caption: "\(split.benchmark)/\(split.split), \(split.n) rows of \(split.clusters) persons: "
        + title,
      [
        .text("row"), .pair("trained on (replaced)", "training_rows", "replaced"),
        .number("seeds"), .pair("median (peak)", "median", "peak"),
        .pair("mean ± SD", "mean", "sd"), .number("p over seeds", key: "seed_p"),
        .bounded("averaged"), .bounded("difference"),
        .pair("p over persons (Holm)", "p", "p_holm"),
      ] + (hasBiasFactor ? [.number("C_b")] : []),
      split.rows.map { row in
        [
          .text(row.name), .counts(row.trainingRows, row.replaced), .count(row.seeds.count),
        ] + cells(figures(row), isBaseline: row.name == baseline)
          + (hasBiasFactor ? [.number(row.biasFactor, decimals: 3)] : [])
      })
  }

  private func cells(_ figures: Figures?, isBaseline: Bool) -> [ResultTable.Cell] {
    let (seeds, averaged) = (figures?.overSeeds, figures?.averaged)
    let (seedTest, test) = (figures?.seedTest, figures?.rowTest)
    let isBaseline: ResultTable.Cell? = isBaseline ? .none("baseline") : nil
    return [
      .pair(seeds?.median, seeds?.peak), .spread(seeds?.mean, seeds?.sd),
      isBaseline ?? .probability(seedTest?.student.p, remark: seedTest?.stars),
      .bounded(averaged?.value, averaged?.low, averaged?.high),
      isBaseline ?? .bounded(test?.difference, test?.low, test?.high),
      isBaseline.map { _ in .empty } ?? .probabilities(test?.p, test?.adjusted),
    ]
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
