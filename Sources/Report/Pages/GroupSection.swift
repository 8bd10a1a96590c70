import Harness
import Metrics

/// Demographic groups of a report: one chart that is a table, for each target and attribute.
struct GroupSection {
  let report: ScoreReport
  let table: BoardTable

  func content() -> Content {
    let targets = table.benchmark.targets.filter { target in
      report.groups.contains { $0.targets[target.name] != nil }
    }
    return [
      "hasGroups": !report.groups.isEmpty,
      "groupTargets": targets.map(targetContent),
      "hasDisparities": !(report.disparities ?? []).isEmpty,
      "disparities": (report.disparities ?? []).map(disparity),
      "hasSensitivity": !(report.sensitivity ?? []).isEmpty,
      "sensitivity": (report.sensitivity ?? []).map(sensitivity),
      "sensitivityName": "\(table.metric.title), \(table.target)",
    ]
  }

  private func targetContent(_ target: Target) -> Content {
    let figures = report.groups.compactMap { $0.targets[target.name]?[.ccc] }
    let overall = report.targets[target.name]?[.ccc]?.value
    let all = figures + (overall.map { [ScoredFigure(value: $0)] } ?? [])
    let axis = BoardTable.axis(all, .ccc)
    let whisker = Whisker(axis: axis, width: 220, reference: overall)
    var attributes: [String] = []
    for group in report.groups where !attributes.contains(group.attribute) {
      attributes.append(group.attribute)
    }
    return [
      "groupTarget": target.title, "groupTargetKey": target.name,
      "overall": FigureText.number(overall), "hasOverall": overall != nil,
      "axisLow": FigureText.number(axis.lowerBound, decimals: 1),
      "axisHigh": FigureText.number(axis.upperBound, decimals: 1),
      "attributes": attributes.map { attribute -> Content in
        [
          "attribute": Self.title(attribute),
          "groupRows": report.groups.filter { $0.attribute == attribute }.map {
            row($0, target.name, whisker)
          },
        ]
      },
    ]
  }

  private func row(_ group: GroupScores, _ target: String, _ whisker: Whisker) -> Content {
    let figures = group.targets[target]
    var content: Content = [
      "group": SafeText.shortened(group.group, to: 60),
      "groupN": FigureText.absent, "groupClusters": FigureText.absent,
    ]
    guard let figures, group.suppressed == nil else {
      // A suppressed group shows that it exists and nothing else, whatever its report may hold.
      content["isSuppressed"] = true
      content["suppressed"] = group.suppressed ?? "no figures"
      content["chart"] = whisker.hatched()
      return content
    }
    content["isSuppressed"] = false
    content["groupN"] = group.n.map(FigureText.count) ?? FigureText.absent
    content["groupClusters"] = group.clusters.map(FigureText.count) ?? FigureText.absent
    let ccc = figures[.ccc] ?? ScoredFigure()
    content["chart"] = whisker.drawing(ccc)
    content["ccc"] = FigureText.number(ccc.value)
    content["cccInterval"] = FigureText.interval(ccc) ?? ""
    content["pcc"] = FigureText.number(figures[.pcc]?.value)
    content["rmse"] = FigureText.number(figures[.rmse]?.value)
    content["sd"] = FigureText.number(figures.goldSD, decimals: 2)
    content["bias"] = FigureText.number(figures.bias, decimals: 2)
    content["isUndefined"] = ccc.value == nil
    content["reason"] = ccc.undefined ?? "no figure"
    return content
  }

  /// `text` with its first letter as a capital.
  private static func title(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst()
  }

  private func disparity(_ disparity: Disparity) -> Content {
    [
      "attribute": Self.title(disparity.attribute), "disparityTarget": disparity.target,
      "gap": FigureText.number(disparity.gap), "lowest": disparity.lowest ?? FigureText.absent,
      "highest": disparity.highest ?? FigureText.absent,
      "p": FigureText.probability(disparity.p),
      "adjusted": FigureText.probability(disparity.adjusted),
      "hasReason": disparity.undefined != nil, "reason": disparity.undefined ?? "",
    ]
  }

  private func sensitivity(_ sensitivity: Sensitivity) -> Content {
    let figure = sensitivity.targets[table.target]?[table.metric]
    return [
      "clustering": sensitivity.cluster, "count": FigureText.count(sensitivity.clusters),
      "value": FigureText.number(figure?.value, decimals: 4),
      "interval": figure.flatMap { FigureText.interval($0, decimals: 4) } ?? FigureText.absent,
      "isFew": sensitivity.fewClusters,
    ]
  }
}
