import Harness

/// The published tables beside ours.
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
    var tables: [String] = []
    for claim in replication.claims where !tables.contains(claim.table) {
      tables.append(claim.table)
    }
    content["tables"] = tables.enumerated().map { number, name -> Content in
      [
        "tableName": name, "tableID": "table-\(number + 1)",
        "claims": replication.claims.filter { $0.table == name }.map(row),
      ]
    }
    content["tally"] = Replication.Verdict.allCases.map { verdict -> Content in
      [
        "verdict": verdict.rawValue,
        "count": "\(replication.claims.count { $0.verdict == verdict })",
      ]
    }
    content["hasErrata"] = !replication.errata.isEmpty
    content["errata"] = replication.errata
    content["hasSweeps"] = !replication.sweeps.isEmpty
    content["sweeps"] = replication.sweeps.enumerated().map(sweep)
    return content
  }

  private func row(_ claim: Replication.Claim) -> Content {
    let interval = FigureText.interval(
      .init(value: claim.ours, low: claim.low, high: claim.high))
    return [
      "what": claim.what, "metric": claim.metric,
      "published": FigureText.number(claim.published), "ours": FigureText.number(claim.ours),
      "interval": interval ?? "", "verdict": claim.verdict.rawValue,
      "look": Self.look(claim.verdict), "note": claim.note ?? "",
    ]
  }

  private static func look(_ verdict: Replication.Verdict) -> String {
    switch verdict {
    case .reproduced, .within: "good"
    case .different: "bad"
    case .notRun: "kind"
    }
  }

  private func sweep(_ number: Int, _ sweep: Replication.Sweep) -> Content {
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
