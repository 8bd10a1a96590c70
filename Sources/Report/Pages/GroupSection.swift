import Harness
import Metrics

/// Demographic groups of a report: one chart that is a table, for each target and attribute.
struct GroupSection: Encodable, Sendable {
  let groupTargets: Listed<TargetTable>?
  let disparities: Listed<DisparityRow>?
  let sensitivity: Clusterings?

  struct TargetTable: Encodable, Sendable {
    let groupTarget, groupTargetKey: String
    let overall: String?
    let axisLow, axisHigh: String
    let attributes: [Attribute]

    init(_ target: Target, _ report: ScoreReport) {
      let whole = report.targets[target.name]?[.ccc]?.value
      let figures = report.groups.compactMap { $0.targets[target.name]?[.ccc] }
      let axis = BoardTable.axis(figures + (whole.map { [ScoredFigure(value: $0)] } ?? []), .ccc)
      let whisker = Whisker(axis: axis, width: 220, reference: whole)
      (groupTarget, groupTargetKey) = (target.title, target.name)
      overall = whole.map { FigureText.number($0, decimals: Metric.ccc.decimals) }
      (axisLow, axisHigh) = FigureText.ends(axis)
      attributes = report.groups.map(\.attribute).unique().map { name in
        Attribute(
          attribute: name.capitalizedFirst,
          rows: report.groups.filter { $0.attribute == name }.map { Row($0, target.name, whisker) })
      }
    }
  }

  struct Attribute: Encodable, Sendable {
    let attribute: String
    let rows: [Row]
  }

  struct Row: Encodable, Sendable {
    let group, groupN, groupClusters: String
    let chart: Markup
    let suppressed: String?
    let figures: Figures?

    init(_ group: GroupScores, _ target: String, _ whisker: Whisker) {
      self.group = SafeText.shortened(group.group, to: 60)
      guard let scores = group.targets[target], group.suppressed == nil else {
        // A suppressed group shows that it exists and nothing else.
        (groupN, groupClusters) = (FigureText.absent, FigureText.absent)
        (chart, suppressed) = (whisker.hatched(), group.suppressed ?? "no figures")
        figures = nil
        return
      }
      (groupN, groupClusters) = (FigureText.count(group.n), FigureText.count(group.clusters))
      let ccc = scores[.ccc] ?? ScoredFigure()
      (chart, suppressed) = (whisker.drawing(ccc), nil)
      func text(_ metric: Metric) -> String {
        FigureText.number(scores[metric]?.value, decimals: metric.decimals)
      }
      figures = Figures(
        ccc: ccc.value == nil ? nil : text(.ccc),
        cccInterval: FigureText.interval(ccc, decimals: Metric.ccc.decimals) ?? "",
        reason: ccc.undefined ?? "no figure", pcc: text(.pcc), rmse: text(.rmse),
        sd: FigureText.number(scores.goldSD, decimals: 2),
        bias: FigureText.number(scores.bias, decimals: 2))
    }
  }

  struct Figures: Encodable, Sendable {
    let ccc: String?
    let cccInterval, reason, pcc, rmse, sd, bias: String
  }

  struct DisparityRow: Encodable, Sendable {
    let attribute, disparityTarget: String
    let undefined: String?
    let gap, lowest, highest, p, adjusted: String

    init(_ disparity: Disparity) {
      (attribute, disparityTarget) = (disparity.attribute.capitalizedFirst, disparity.target)
      undefined = disparity.undefined
      gap = FigureText.number(disparity.gap, decimals: Metric.ccc.decimals)
      lowest = disparity.lowest ?? FigureText.absent
      highest = disparity.highest ?? FigureText.absent
      p = FigureText.probability(disparity.p)
      adjusted = FigureText.probability(disparity.adjusted)
    }
  }

  /// The primary metric under other clusterings.
  struct Clusterings: Encodable, Sendable {
    let sensitivityName: String
    let all: [Clustering]
  }

  struct Clustering: Encodable, Sendable {
    let clustering, count, value, interval: String
    let isFew: Bool

    init(_ sensitivity: Sensitivity, _ table: BoardTable) {
      let figure = sensitivity.targets[table.target]?[table.metric]
      (clustering, isFew) = (sensitivity.cluster, sensitivity.fewClusters)
      count = FigureText.count(sensitivity.clusters)
      value = FigureText.number(figure?.value, decimals: 4)
      interval = figure.flatMap { FigureText.interval($0, decimals: 4) } ?? FigureText.absent
    }
  }

  init(_ report: ScoreReport, _ table: BoardTable) {
    let shown = table.benchmark.targets.filter { report.targets[$0.name] != nil }
    groupTargets = report.groups.isEmpty ? nil : Listed(shown.map { TargetTable($0, report) })
    disparities = Listed((report.disparities ?? []).map(DisparityRow.init))
    let clusterings = (report.sensitivity ?? []).map { Clustering($0, table) }
    sensitivity =
      clusterings.isEmpty
      ? nil
      : Clusterings(sensitivityName: "\(table.metric.title), \(table.target)", all: clusterings)
  }
}
