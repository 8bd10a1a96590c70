import Basics
public import Harness
import Metrics

/// A score report as a person reads it on a terminal.
public struct ScoreText {
  private let report: ScoreReport
  private let targets: [String]
  private let isLocal: Bool

  /// - Parameter targets: in the order to show them.
  public init(_ report: ScoreReport, targets: [String]) {
    (self.report, self.targets, isLocal) = (report, targets, false)
  }

  /// With the figures of every group, and a mark at those that a release would withhold.
  public init(_ local: LocalReport, targets: [String]) {
    (report, self.targets, isLocal) = (local.report, targets, true)
  }

  public var text: String {
    var parts = [
      "\(report.benchmark)/\(report.split): \(report.n) rows, \(clusters)"
        + (report.dropped.map { ", \($0) rows without a prediction dropped" } ?? ""),
      figures(report.targets, beside: report.crossed),
    ]
    if !report.groups.isEmpty { parts.append(groups) }
    if isLocal { parts.append("\(Self.mark) withheld wherever it is published. \(Self.warning)") }
    if let disparities = report.disparities, !disparities.isEmpty {
      parts.append(Self.disparities(disparities))
    }
    for sensitivity in report.sensitivity ?? [] {
      let few = sensitivity.fewClusters ? ": few, unreliable" : ""
      parts.append(
        "Clustered by \(sensitivity.cluster) (\(sensitivity.clusters) clusters\(few))\n"
          + figures(sensitivity.targets))
    }
    if let detectable = report.detectable { parts.append(Self.detectable(detectable)) }
    parts += report.notes?.map { "Note: \($0)" } ?? []
    parts.append(wassa + "\n" + report.signature)
    return parts.joined(separator: "\n\n")
  }

  /// The title of PCC within clusters.
  static let within = "PCC within clusters"

  /// The clusters, and how many of equal size they come to where that is fewer.
  private var clusters: String {
    let count = report.clusters == 1 ? "1 cluster" : "\(report.clusters) clusters"
    guard let effective = report.effectiveClusters, effective < 0.95 * Double(report.clusters)
    else { return count }
    return "\(count) (of unequal size; they count as \(Rounding.text(effective, decimals: 1)))"
  }

  private func figures(
    _ all: TargetTable<TargetScores>, beside crossed: Sensitivity? = nil
  ) -> String {
    let rows = targets.flatMap { target -> [[String]] in
      guard let scores = all[target] else { return [] }
      let rows: [(Metric?, String, ScoredFigure?, String)] =
        scores.metrics.map { ($0, $0.title, scores[$0], $0.higherIsBetter ? "higher" : "lower") }
        + [
          (nil, "PCC, rows as independent", scores.rowwise, ""),
          (nil, Self.within, scores.pccWithin, "higher"),
        ]
      return rows.compactMap { metric, name, figure, better in
        guard let figure else { return nil }
        let wider = crossed.map { beside in
          [metric.flatMap { beside.targets[target]?[$0] }.map(Self.interval) ?? ""]
        }
        return [target, name, Self.value(figure), Self.interval(figure)] + (wider ?? []) + [better]
      }
    }
    return TextTable.text(
      ["target", "metric", ">value", "interval"] + (crossed.map { ["by \($0.cluster)"] } ?? [])
        + ["better"], rows)
  }

  private static func value(_ figure: ScoredFigure) -> String {
    TextTable.cell(figure.value, missing: "undefined: \(figure.undefined ?? "")")
  }

  private static func interval(_ figure: ScoredFigure) -> String {
    guard let interval = TextTable.interval(figure.low, figure.high) else {
      return figure.intervalUndefined.map { "none: \($0)" } ?? ""
    }
    return interval + (figure.undefinedReplicates.map { "; undefined in \($0) replicates" } ?? "")
  }

  private static let mark = "*"
  private static let warning = "This report is for this machine, not for publication."

  private var groups: String {
    let fixed: [Metric] = [.pcc, .ccc, .rmse]
    let shown = Set(report.groups.flatMap { $0.targets.values.flatMap(\.metrics) })
    let others = Metric.all.filter { shown.contains($0) && !fixed.contains($0) }
    let rows = report.groups.flatMap { group -> [[String]] in
      if let reason = group.suppressed, !isLocal || group.targets.isEmpty {
        return [
          [group.attribute, group.group, reason] + Array(repeating: "", count: 8 + others.count)
        ]
      }
      return targets.compactMap { target in
        guard let scores = group.targets[target] else { return nil }
        func figure(_ metric: Metric) -> ScoredFigure { scores[metric] ?? ScoredFigure() }
        return [
          group.attribute, group.group + (group.suppressed == nil ? "" : " \(Self.mark)"), target,
          group.n.map { "\($0)" } ?? "",
          group.clusters.map { "\($0)" + (group.fewClusters == true ? ", few" : "") } ?? "",
          Self.value(figure(.pcc)), Self.value(figure(.ccc)), Self.interval(figure(.ccc)),
          Self.value(figure(.rmse)),
        ] + others.map { Self.value(figure($0)) } + [
          TextTable.cell(scores.goldSD, decimals: 2), TextTable.cell(scores.bias, decimals: 2),
        ]
      }
    }
    return TextTable.text(
      [
        "attribute", "group", "target", ">n", ">clusters", ">PCC", ">CCC", "interval of CCC",
        ">RMSE",
      ] + others.map { ">\($0.title)" } + [">gold SD", ">bias"], rows)
  }

  private static func disparities(_ disparities: [Disparity]) -> String {
    TextTable.text(
      ["disparity in CCC", "target", ">gap", "lowest", "highest", ">p", ">Holm"],
      disparities.map { one in
        [
          one.attribute, one.target, TextTable.cell(one.gap, missing: "-"),
          one.lowest ?? one.undefined ?? "", one.highest ?? "",
        ] + [one.p, one.adjusted].map { $0.map(FigureText.probability) ?? "" }
      })
  }

  private static func detectable(_ one: DetectableDifference) -> String {
    let settings =
      "80% power at level \(one.level), systems correlated at "
      + "\(Rounding.text(one.correlation, decimals: 1)), \(one.simulations) simulations, "
      + "seed \(one.seed)"
    guard let difference = one.difference else {
      return "Minimum detectable difference: none (\(one.undefined ?? "")); \(settings)"
    }
    return "Minimum detectable difference in \(one.metric.title): "
      + "\(Rounding.text(difference, decimals: 3)) (\(settings))"
  }

  private var wassa: String {
    func text(_ value: Double?) -> String { TextTable.cell(value, missing: "not attempted") }
    func line(_ averaged: Double?, _ figure: (String) -> Double?) -> String {
      let named = report.wassa.targets
      let figures = targets.filter(named.contains).map { "\($0) \(text(figure($0)))" }
      return "averaged \(text(averaged)), " + figures.joined(separator: ", ")
    }
    let all = line(report.wassa.averaged) { report.wassa[$0] }
    guard let official = report.wassa.official else { return "WASSA figures: " + all }
    return "WASSA figures, all rows: \(all)\n"
      + "WASSA figures, \(official.title.lowercased()): "
      + line(official.averaged) { official[$0] }
  }
}
