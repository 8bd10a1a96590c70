import Basics
import Foundation
import Harness
import Metrics

/// What a benchmark is: its data, its splits, its quirks and how to submit to it.
struct BenchmarkPage: Sendable {
  let benchmark: BenchmarkDefinition
  let tables: [BoardTable]
  let statistics: [String: DatasetStatistics.SplitStatistics]
  let chrome: Chrome
  var server: URL?

  var path: String { "\(benchmark.id)/index.html" }

  func content() -> Content {
    var content = chrome.content(
      path: path, title: benchmark.title, description: benchmark.description, section: .boards)
    let metric = benchmark.primary.metric
    content["benchmark"] = benchmark.title
    content["id"] = benchmark.id
    content["about"] = benchmark.description
    content["licence"] = benchmark.licence
    content["isOpen"] = benchmark.open
    let link = SafeText.link(benchmark.source)
    content["hasLink"] = link != nil
    content["link"] = link ?? ""
    content["source"] = benchmark.source
    content["metricName"] = metric.longTitle
    content["metricShort"] = metric.title
    content["direction"] = metric.direction
    content["targetName"] = benchmark.primary.target
    content["ranges"] = benchmark.targets.map { target -> Content in
      ["target": target.title, "low": Self.short(target.low), "high": Self.short(target.high)]
    }
    content["splitRows"] = splits()
    content["hasQuirks"] = !benchmark.quirks.isEmpty
    content["quirks"] = benchmark.quirks
    content["defaultSplit"] = benchmark.defaultSplit
    content["hasServer"] = server != nil
    content["server"] = server?.absoluteString ?? ""
    let figures = benchmark.splitNames.compactMap { statistics["\(benchmark.id)/\($0)"] }
      .map(splitFigures)
    content["hasFigures"] = !figures.isEmpty
    content["figures"] = figures
    return content
  }

  private func splits() -> [Content] {
    let boards = Set(tables.map(\.board.split))
    let own = benchmark.splits.map { ($0.name, $0.rows, "as handed out") }
    let derived = (benchmark.derived?.splits ?? []).map {
      ($0.name, $0.rows, "made from \(benchmark.derived?.from ?? "") by a stable hash")
    }
    return (own + derived).map { name, rows, origin in
      [
        "splitName": name, "rows": rows.map(FigureText.count) ?? FigureText.absent,
        "origin": origin, "hasBoard": boards.contains(name), "board": "\(name)/index.html",
        "rowsKey": rows.map { "\($0)" } ?? "",
      ]
    }
  }

  private func splitFigures(_ statistics: DatasetStatistics.SplitStatistics) -> Content {
    let split = statistics.name
    var attributes: [String] = []
    for group in statistics.groups where !attributes.contains(group.attribute) {
      attributes.append(group.attribute)
    }
    return [
      "figureSplit": split, "figureRows": FigureText.count(statistics.rows),
      "figureNoun": benchmark.rowNoun.plural,
      "figureClusters": benchmark.clusters.map { name in
        let count = statistics.clusters[name] ?? 0
        return "\(FigureText.count(count)) \(count == 1 ? name : name.plural)"
      }.joined(separator: ", "),
      "hasFigureClusters": !benchmark.clusters.isEmpty,
      "labelRows": benchmark.targets.compactMap { target in
        statistics.labels[target.name].map { labels(target, $0, split) }
      },
      "hasGroupSizes": !statistics.groups.isEmpty,
      "sizes": attributes.map { attribute -> Content in
        [
          "attribute": attribute.prefix(1).uppercased() + attribute.dropFirst(),
          "groupSizes": statistics.groups.filter { $0.attribute == attribute }.map(size),
        ]
      },
    ]
  }

  private func size(_ group: DatasetStatistics.Group) -> Content {
    [
      "group": group.group, "isSmall": group.n == nil,
      "groupN": group.n.map(FigureText.count) ?? "",
      "groupClusters": group.clusters.map(FigureText.count) ?? FigureText.absent,
    ]
  }

  private func labels(
    _ target: Target, _ labels: DatasetStatistics.LabelStatistics,
    _ split: String
  ) -> Content {
    var content: Content = [
      "target": target.title, "mean": FigureText.number(labels.mean, decimals: 2),
      "sd": FigureText.number(labels.sd, decimals: 2), "hasHistogram": false,
    ]
    if let counts = labels.histogram, !counts.isEmpty {
      let chart = Histogram(counts: counts, low: target.low, high: target.high)
      content["hasHistogram"] = true
      content["histogram"] = chart.drawing(
        id: "h-\(split)-\(target.name)", label: "\(target.title) labels, \(split)")
      content["bins"] = chart.bins.map { bin -> Content in
        ["bin": bin.name, "count": FigureText.count(bin.count)]
      }
    }
    return content
  }

  private static func short(_ value: Double) -> String {
    let text = Rounding.text(value, decimals: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
