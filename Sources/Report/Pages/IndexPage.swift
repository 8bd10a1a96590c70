import Harness
import Metrics

/// The first page: every board with its leading systems.
struct IndexPage: Sendable {
  let tables: [BoardTable]
  let benchmarks: [BenchmarkDefinition]
  let chrome: Chrome

  let path = "index.html"

  func content() -> Content {
    var content = chrome.content(
      path: path, title: chrome.site,
      description: "Leaderboards for measuring people's empathy from text, with intervals, "
        + "tests and demographic groups.", section: .boards)
    content["isHome"] = true
    content["hasBoards"] = !tables.isEmpty
    content["boards"] = tables.map(card)
    let shown = Set(tables.map(\.benchmark.id))
    let others = benchmarks.filter { !shown.contains($0.id) }
    content["hasOthers"] = !others.isEmpty
    content["others"] = others.map {
      ["title": $0.title, "page": "\($0.id)/index.html"] as Content
    }
    return content
  }

  private func card(_ table: BoardTable) -> Content {
    let whisker = Whisker(axis: table.axis)
    let leaders = table.scored.prefix(5).filter { table.primary($0)?.value != nil }
    return [
      "boardTitle": table.benchmark.title, "split": table.board.split,
      "boardPage": "\(table.board.key.path)/index.html",
      "benchmarkPage": "\(table.benchmark.id)/index.html",
      "systemCount": FigureText.counted(table.scored.count, "system"),
      "hasPublished": !table.published.isEmpty,
      "publishedCount": FigureText.counted(table.published.count, "published figure"),
      "metricLine": "\(table.metric.title) for \(table.target), \(table.metric.direction)",
      "about": SafeText.shortened(table.benchmark.description, to: 220),
      "hasLeaders": !leaders.isEmpty,
      "leaders": leaders.map { entry -> Content in
        let figure = table.primary(entry) ?? ScoredFigure()
        return [
          "system": SafeText.shortened(SafeText.cleaned(entry.metadata.system), to: 48),
          "page": "\(table.board.key.path)/\(SitePaths.system(entry.slug))",
          "value": FigureText.number(figure.value),
          "interval": FigureText.interval(figure, decimals: 2) ?? "",
          "whisker": whisker.drawing(figure),
        ]
      },
      "axisLow": FigureText.number(table.axis.lowerBound, decimals: 1),
      "axisHigh": FigureText.number(table.axis.upperBound, decimals: 1),
    ]
  }
}
