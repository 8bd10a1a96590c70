import Harness
import Study

/// The published tables beside ours, each in the form of a table of the paper: a row a setting, a
/// column a metric, a cell a claim.
struct ReplicationPage: Sendable {
  let replication: Replication
  let chrome: Chrome
  let path = "replication.html"

  func content() -> Content {
    var content = chrome.content(
      path: path, title: "Replication",
      description: "Published figures beside ours, claim by claim: \(replication.paper).",
      section: .replication)
    content["paper"] = replication.paper
    let link = SafeText.link(replication.paperURL)
    content["hasLink"] = link != nil
    content["link"] = link ?? ""
    content["setting"] = replication.setting
    content["tables"] = replication.tables.enumerated().map { number, table in
      Self.table(table.title, table.claims, id: "table-\(number + 1)")
    }
    content["filesTally"] = replication.filesTally
    content["tally"] = replication.tally().map { verdict, count -> Content in
      ["verdict": verdict.rawValue, "look": Self.look(verdict), "count": "\(count)"]
    }
    content["hasExperiments"] = !replication.experiments.isEmpty
    content["experiments"] = replication.experiments.enumerated().map(Self.experiment)
    content["experimentLegend"] = ExperimentSummary.legend
    content["hasErrata"] = !replication.errata.isEmpty
    content["errata"] = replication.errata
    content["hasSweeps"] = !replication.sweeps.isEmpty
    content["sweeps"] = replication.sweeps.enumerated().map(sweep)
    return content
  }

  // MARK: Tables

  private static func table(
    _ title: String, _ claims: [Replication.Claim], id: String
  ) -> Content {
    let metrics = unique(claims.map(\.metric))
    let settings = unique(claims.map(\.what))
    let reasons = unique(claims.map { $0.verdict == .notRun ? $0.note ?? "" : "" })
    // A reason that all share stands once, above the table.
    let shared = reasons.count == 1 && reasons[0] != "" ? reasons[0] : nil
    let hasNotes = shared == nil && claims.contains { $0.note != nil }
    return [
      "tableName": title, "tableID": id,
      "hasShared": shared != nil, "shared": shared ?? "",
      "sharedCount": FigureText.counted(claims.count, "claim"),
      "hasNotes": hasNotes,
      "metrics": metrics.map { metric -> Content in
        let expected = unique(claims.filter { $0.metric == metric }.map(\.expectation.text))
        return [
          "metricName": metric, "tolerance": expected.count == 1 ? expected[0] : "see the figures",
        ]
      },
      "rows": settings.map { setting -> Content in
        let own = claims.filter { $0.what == setting }
        return [
          "what": setting,
          "cells": metrics.map { metric in cell(own.first { $0.metric == metric }) },
          "hasNotes": hasNotes,
          "note": unique(own.compactMap(\.note)).joined(separator: ". "),
        ]
      },
    ]
  }

  private static func cell(_ claim: Replication.Claim?) -> Content {
    guard let claim else { return ["isClaim": false] }
    func text(_ value: Double?) -> String { FigureText.number(value, decimals: claim.decimals) }
    let interval = FigureText.interval(
      .init(value: claim.ours, low: claim.low, high: claim.high))
    let seeds = claim.seeds.map { seeds in
      let spread = seeds.sd.map { " ± \(FigureText.number($0))" } ?? ""
      return "\(FigureText.number(seeds.mean))\(spread), \(FigureText.counted(seeds.count, "seed"))"
    }
    return [
      "isClaim": true, "published": text(claim.published),
      "hasPrinted": claim.printed != nil, "printed": text(claim.printed),
      "wasRun": claim.verdict != .notRun, "ours": ours(claim),
      "hasInterval": interval != nil, "interval": interval ?? "",
      "hasSeeds": seeds != nil, "seeds": seeds ?? "",
      "verdict": claim.verdict.rawValue, "look": look(claim.verdict),
    ]
  }

  private static func ours(_ claim: Replication.Claim) -> String {
    if case .below = claim.expectation { return FigureText.probability(claim.ours) }
    return FigureText.number(claim.ours, decimals: claim.decimals)
  }

  private static func unique(_ texts: [String]) -> [String] {
    var seen: Set<String> = []
    return texts.filter { seen.insert($0).inserted }
  }

  private static func look(_ verdict: Replication.Verdict) -> String {
    switch verdict {
    case .replicated: "good"
    case .noiseOnly: "data"
    case .notReplicated: "bad"
    case .notRun: "kind"
    }
  }

  // MARK: Experiments

  private static func experiment(_ number: Int, _ summary: ExperimentSummary) -> Content {
    [
      "experimentTitle": SafeText.cleaned(summary.title),
      "experimentTables": summary.tables.enumerated().map { place, table -> Content in
        [
          "experimentTable": table.caption, "experimentID": "experiment-\(number + 1)-\(place + 1)",
          "first": table.header.first ?? "", "columns": Array(table.header.dropFirst()),
          "lines": table.rows.map { cells -> Content in
            ["lineName": cells.first ?? "", "values": Array(cells.dropFirst())]
          },
        ]
      },
      "hasExperimentNotes": !summary.notes.isEmpty,
      "experimentNotes": summary.notes,
    ]
  }

  // MARK: Plots

  private func sweep(_ number: Int, _ sweep: Sweep) -> Content {
    let rows = sweep.series.flatMap { series in
      series.points.map { point -> Content in
        [
          "series": series.name, "x": FigureText.number(point.x, decimals: 2),
          "y": FigureText.number(point.y),
          "interval": FigureText.interval(.init(low: point.low, high: point.high)) ?? "",
        ]
      }
    }
    return [
      "sweepTitle": sweep.title, "variable": sweep.variable, "sweepMetric": sweep.metric,
      "sweepID": "sweep-\(number + 1)", "plot": LinePlot(sweep).drawing(id: "plot-\(number + 1)"),
      "legend": sweep.series.enumerated().map { place, series -> Content in
        [
          "legendClass": "m\(place % 4 + 1)", "legendName": series.name,
          "shape": ["●", "■", "▲", "◆"][place % 4],
        ]
      },
      "points": rows,
    ]
  }
}
