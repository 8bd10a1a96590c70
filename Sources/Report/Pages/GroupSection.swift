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
    let groupScale: Markup
    let attributes: [Attribute]

    init(_ target: Target, _ report: ScoreReport) {
      let whole = report.targets[target.name]?[.ccc]?.value
      let figures = report.groups.compactMap { $0.targets[target.name]?[.ccc] }
      var whisker = Whisker(fitting: figures, and: [whole].compactMap(\.self), width: 170)
      whisker.reference = whole
      (groupTarget, groupTargetKey) = (target.title, target.name)
      overall = whole.map { FigureText.number($0, decimals: Metric.ccc.decimals) }
      groupScale = whisker.scale()
      attributes = report.groups.map(\.attribute).unique().map { name in
        let own = report.groups.filter { $0.attribute == name }
        let shown = own.filter { $0.suppressed == nil }.map { group in
          group.targets[target.name].map { Row(group, $0, whisker) }
            ?? Row(withheld: [group.group], "no figures", whisker)
        }
        // Those that are withheld for one reason stand in one row: of each only its name is told.
        let reasons = own.compactMap(\.suppressed).unique()
        let withheld = reasons.map { reason in
          Row(withheld: own.filter { $0.suppressed == reason }.map(\.group), reason, whisker)
        }
        return Attribute(attribute: name.capitalizedFirst, rows: shown + withheld)
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

    /// Groups that show that they exist and nothing else.
    init(withheld names: [String], _ reason: String, _ whisker: Whisker) {
      group = names.map { SafeText.shortened($0, to: 60) }.joined(separator: ", ")
      (groupN, groupClusters) = (FigureText.absent, FigureText.absent)
      (chart, suppressed, figures) = (whisker.hatched(), reason, nil)
    }

    init(_ group: GroupScores, _ scores: TargetScores, _ whisker: Whisker) {
      self.group = SafeText.shortened(group.group, to: 60)
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
