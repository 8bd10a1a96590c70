import Basics
import Foundation
import Harness
import Metrics

/// What a benchmark is: its data, its splits, its quirks and how to submit to it.
struct BenchmarkPage: Encodable, Sendable {
  let benchmark, id, licence: String
  let about: Markup
  let isOpen: Bool
  /// ``source`` where it is an address.
  let link: String?
  let source: String
  let nouns: Nouns
  let metricName, metricShort, direction, targetName: String
  let ranges: [Named]
  let splitRows: [SplitRow]
  let figures: Listed<SplitFigures>?
  let quirks: Listed<Markup>?
  let defaultSplit: String
  let server: String?

  struct SplitRow: Encodable, Sendable {
    let splitName, rows, origin: String
    let board: String?

    static func all(of benchmark: BenchmarkDefinition, boards: Set<String>) -> [Self] {
      let own = benchmark.splits.map { ($0.name, $0.rows, "as handed out") }
      let derived = (benchmark.derived?.splits ?? []).map {
        ($0.name, $0.rows, "made from \(benchmark.derived?.from ?? "") by a stable hash")
      }
      return (own + derived).map { name, rows, origin in
        Self(
          splitName: name, rows: FigureText.count(rows), origin: origin,
          board: boards.contains(name) ? "\(name)/index.html" : nil)
      }
    }
  }

  struct SplitFigures: Encodable, Sendable {
    let figureSplit, figureRows, figureNoun: String
    /// How many persons, articles and the like they belong to.
    let figureClusters: String?
    let labels: [Labels]
    let sizes: Listed<Sizes>?

    init(_ statistics: DatasetStatistics.SplitStatistics, of benchmark: BenchmarkDefinition) {
      (figureSplit, figureRows) = (statistics.name, FigureText.count(statistics.rows))
      figureNoun = benchmark.rowNoun.plural
      let counts = benchmark.clusters.map { name in
        let count = statistics.clusters[name] ?? 0
        return "\(FigureText.count(count)) \(count == 1 ? name : name.plural)"
      }
      figureClusters = counts.isEmpty ? nil : counts.joined(separator: ", ")
      labels = benchmark.targets.compactMap { target in
        statistics.labels[target.name].map { Labels($0, target, statistics.name) }
      }
      sizes = Listed(
        statistics.groups.map(\.attribute).unique().map { attribute in
          Sizes(
            attribute: attribute.capitalizedFirst,
            groups: GroupSize.all(statistics.groups.filter { $0.attribute == attribute }))
        })
    }
  }

  struct Labels: Encodable, Sendable {
    let target, mean, sd: String
    let chart: Chart?

    init(_ labels: DatasetStatistics.LabelStatistics, _ target: Target, _ split: String) {
      self.target = target.title
      mean = FigureText.number(labels.mean, decimals: 2)
      sd = FigureText.number(labels.sd, decimals: 2)
      let counts = labels.histogram ?? []
      let drawn = Histogram(counts: counts, low: target.low, high: target.high)
      chart =
        counts.isEmpty
        ? nil
        : Chart(
          histogram: drawn.drawing(
            id: "h-\(split)-\(target.name)", label: "\(target.title) labels, \(split)"),
          bins: drawn.bins.map { Named(name: $0.name, text: FigureText.count($0.count)) })
    }
  }

  struct Chart: Encodable, Sendable {
    let histogram: Markup
    let bins: [Named]
  }

  struct Sizes: Encodable, Sendable {
    let attribute: String
    let groups: [GroupSize]
  }

  struct GroupSize: Encodable, Sendable {
    let group: String
    /// nil where the group is withheld.
    let groupN, suppressed: String?
    let groupClusters: String

    /// Those that are withheld for one reason stand together: of each only its name is told.
    static func all(_ groups: [DatasetStatistics.Group]) -> [GroupSize] {
      let shown = groups.filter { $0.suppressed == nil }.map(GroupSize.init)
      let withheld = groups.compactMap(\.suppressed).unique().map { reason in
        var one = DatasetStatistics.Group(
          attribute: "",
          group: groups.filter { $0.suppressed == reason }.map(\.group).joined(separator: ", "))
        one.suppressed = reason
        return GroupSize(one)
      }
      return shown + withheld
    }

    init(_ group: DatasetStatistics.Group) {
      self.group = group.group
      (groupN, suppressed) = (group.n.map { FigureText.count($0) }, group.suppressed)
      groupClusters = FigureText.count(group.clusters)
    }
  }

  static func page(
    _ benchmark: BenchmarkDefinition, boards: [Board], server: URL?, in context: SiteContext
  ) -> Page {
    context.page(
      .benchmark, path: "\(benchmark.id)/index.html", title: benchmark.title,
      description: benchmark.description, BenchmarkPage(benchmark, boards: boards, server: server))
  }

  private init(_ benchmark: BenchmarkDefinition, boards: [Board], server: URL?) {
    let metric = benchmark.primary.metric
    (self.benchmark, id, about) = (
      benchmark.title, benchmark.id, Markup(prose: benchmark.description)
    )
    (licence, isOpen) = (benchmark.licence, benchmark.open)
    (link, source) = (SafeText.link(benchmark.source), benchmark.source)
    nouns = Nouns(benchmark)
    (metricName, metricShort, direction) = (metric.longTitle, metric.title, metric.direction)
    targetName = benchmark.primary.target
    ranges = benchmark.targets.map {
      Named(name: $0.title, text: "\(SVG.number($0.low)) to \(SVG.number($0.high))")
    }
    splitRows = SplitRow.all(of: benchmark, boards: Set(boards.map(\.split)))
    figures = Listed(
      benchmark.splitNames.compactMap { name in
        let labels = boards.first { $0.split == name && $0.labels != nil }?.labels
        return labels.map { SplitFigures($0, of: benchmark) }
      })
    (quirks, defaultSplit) = (
      Listed(benchmark.quirks.map { Markup(prose: $0) }), benchmark.defaultSplit
    )
    self.server = server?.absoluteString
  }
}
