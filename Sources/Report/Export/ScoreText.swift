import Basics
public import Harness
import Metrics

/// A score report as a person reads it.
public struct ScoreText {
  private let report: ScoreReport
  private let targets: [String]
  private let isLocal: Bool

  /// - Parameter targets: in the order to show them.
  public init(_ report: ScoreReport, targets: [String]) {
    (self.report, self.targets, isLocal) = (report, targets, false)
  }

  /// With the figures of every group, and a remark at those that a release would withhold.
  public init(_ local: LocalReport, targets: [String]) {
    (report, self.targets, isLocal) = (local.report, targets, true)
  }

  public var document: ResultDocument {
    var parts: [ResultDocument.Part] = [
      .lines(
        "\(report.benchmark)/\(report.split): \(report.n) rows, \(clusters)"
          + (report.dropped.map { ", \($0) rows without a prediction dropped" } ?? "")),
      .table(figures(report.targets, beside: report.crossed)),
    ]
    if !report.groups.isEmpty {
      parts.append(
        .table(Self.groups([(nil, report)], targets: targets, isLocal: isLocal)))
    }
    if isLocal {
      parts.append(
        .lines(
          "Groups marked \(Self.withheld) may not be published. This report is for this machine, "
            + "not for publication."))
    }
    if let disparities = report.disparities, !disparities.isEmpty {
      parts.append(.table(Self.disparities(disparities)))
    }
    for sensitivity in report.sensitivity ?? [] {
      let few = sensitivity.fewClusters ? ": few, unreliable" : ""
      var table = figures(sensitivity.targets)
      table.name = "by \(sensitivity.cluster)"
      table.caption =
        "Clustered by \(sensitivity.cluster) (\(sensitivity.clusters) clusters\(few))"
      parts.append(.table(table))
    }
    if let detectable = report.detectable { parts.append(.lines(Self.detectable(detectable))) }
    parts += report.notes?.map { .note($0) } ?? []
    return ResultDocument(parts + [.lines(wassa), .signature(report.signature)])
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
  ) -> ResultTable {
    var table = ResultTable(
      "scores",
      [
        .text("target"), .text("metric"), .number("value"),
        .interval("interval", key: "value"),
      ] + (crossed.map { [.interval("by \($0.cluster)", key: "crossed")] } ?? [])
        + [.text("better")])
    for target in targets {
      guard let scores = all[target] else { continue }
      let rows: [(Metric?, String, ScoredFigure?, String)] =
        scores.metrics.map { ($0, $0.title, scores[$0], $0.higherIsBetter ? "higher" : "lower") }
        + [
          (nil, "PCC, rows as independent", scores.rowwise, ""),
          (nil, Self.within, scores.pccWithin, "higher"),
        ]
      for (metric, name, figure, better) in rows {
        guard let figure else { continue }
        let wider = crossed.map { beside in
          [metric.flatMap { beside.targets[target]?[$0] }.map(Self.interval) ?? .empty]
        }
        table.add(
          [.text(target), .text(name), Self.value(figure), Self.interval(figure)] + (wider ?? [])
            + [.text(better)])
      }
    }
    return table
  }

  private static func value(_ figure: ScoredFigure) -> ResultTable.Cell {
    figure.value.map { .number($0) } ?? .none("undefined: \(figure.undefined ?? "")")
  }

  private static func interval(_ figure: ScoredFigure) -> ResultTable.Cell {
    guard figure.low != nil, figure.high != nil else {
      return .none(figure.intervalUndefined.map { "none: \($0)" })
    }
    return .interval(
      figure.low, figure.high,
      remark: figure.undefinedReplicates.map { "undefined in \($0) replicates" })
  }

  private static let withheld = "withheld"

  /// The groups of one report, or of several systems' reports.
  static func groups(
    _ reports: [(system: String?, report: ScoreReport)], targets: [String], isLocal: Bool = false
  ) -> ResultTable {
    let fixed: [Metric] = [.pcc, .ccc, .rmse]
    let all = reports.flatMap(\.report.groups)
    let shown = Set(all.flatMap { $0.targets.values.flatMap(\.metrics) })
    let others = Metric.all.filter { shown.contains($0) && !fixed.contains($0) }
    let isNamed = reports.contains { $0.system != nil }
    var table = ResultTable(
      "groups",
      (isNamed ? [.text("system")] : []) + [
        .text("attribute"), .text("group"), .text("target"), .number("n"), .number("clusters"),
        .number("PCC"), .number("CCC"), .interval("interval of CCC", key: "ccc"), .number("RMSE"),
      ] + others.map { .number($0.title) }
        + [.number("gold SD"), .number("bias")])
    for (system, group) in reports.flatMap({ one in one.report.groups.map { (one.system, $0) } }) {
      let head: [ResultTable.Cell] =
        (isNamed ? [.text(system)] : []) + [.text(group.attribute)]
      if let reason = group.suppressed, !isLocal || group.targets.isEmpty {
        table.add(
          head + [.text(group.group), .none(reason)]
            + Array(repeating: .empty, count: 8 + others.count))
        continue
      }
      for target in targets {
        guard let scores = group.targets[target] else { continue }
        func figure(_ metric: Metric) -> ScoredFigure { scores[metric] ?? ScoredFigure() }
        table.add(
          head + [
            .text(group.group, remark: group.suppressed == nil ? nil : Self.withheld),
            .text(target), .count(group.n),
            .count(group.clusters, remark: group.fewClusters == true ? "few" : nil),
            Self.value(figure(.pcc)), Self.value(figure(.ccc)), Self.interval(figure(.ccc)),
            Self.value(figure(.rmse)),
          ] + others.map { Self.value(figure($0)) } + [
            .number(scores.goldSD, decimals: 2), .number(scores.bias, decimals: 2),
          ])
      }
    }
    return table
  }

  private static func disparities(_ disparities: [Disparity]) -> ResultTable {
    ResultTable(
      "disparities",
      [
        .text("disparity in CCC", key: "attribute"), .text("target"), .number("gap"),
        .text("lowest"), .text("highest"), .number("p"), .number("Holm"),
      ],
      disparities.map { one in
        [
          .text(one.attribute), .text(one.target), .number(one.gap, remark: one.undefined),
          .text(one.lowest), .text(one.highest), .probability(one.p), .probability(one.adjusted),
        ]
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
