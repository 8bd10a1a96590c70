import Basics
import Harness
import Metrics

/// The page of one board.
struct LeaderboardPage: Sendable {
  let table: BoardTable
  let chrome: Chrome

  var path: String { "\(table.board.key.path)/index.html" }

  /// Above this many rows the stylesheet lays out only what is in sight.
  private static let largeBoard = 150

  func content() -> Content {
    let benchmark = table.benchmark
    let split = table.board.split
    let what = "\(benchmark.targetTitle(table.target)) on \(benchmark.title), split \(split)"
    var content = chrome.content(
      path: path, title: "\(benchmark.title), \(split)",
      description: "\(what): \(FigureText.counted(table.scored.count, "scored system")), "
        + "ordered by \(table.metric.longTitle).", section: .boards,
      preview: "\(table.board.key.path)/\(SitePaths.preview)")
    content["benchmark"] = benchmark.title
    content["benchmarkPage"] = "../index.html"
    content["split"] = split
    content["targetName"] = table.target
    content["primaryName"] = table.metric.longTitle
    content["primaryShort"] = table.metric.title
    content["direction"] = table.metric.direction
    content["systemCount"] = FigureText.counted(table.scored.count, "system")
    content["publishedCount"] = FigureText.counted(table.published.count, "published figure")
    content["hasScored"] = !table.scored.isEmpty
    content["hasPublished"] = !table.published.isEmpty
    content["hasApart"] = !table.apart.isEmpty
    content["hasPairs"] = !(table.board.comparison?.pairs.isEmpty ?? true)
    content.merge(size()) { _, new in new }
    content.merge(certainty()) { _, new in new }
    let columns = columns()
    content["columns"] = columns
    content["columnCount"] = "\(columns.count)"
    content["isLarge"] = table.scored.count > Self.largeBoard
    content["rows"] = table.scored.map(row)
    content["kinds"] = kinds()
    content.merge(publishedTable()) { _, new in new }
    content["apartRows"] = table.apart.map { entry in
      names(entry).merging(["reason": table.board.reasonApart(entry)]) { _, new in new }
    }
    return content
  }

  /// Rows and persons, where all entries agree on them.
  private func size() -> Content {
    let reports = table.scored.compactMap(\.report)
    guard let first = reports.first else { return ["hasSize": false] }
    let same = reports.allSatisfy { $0.n == first.n && $0.clusters == first.clusters }
    guard same else { return ["hasSize": false] }
    return [
      "hasSize": true, "sizeRows": FigureText.count(first.n),
      "sizeClusters": FigureText.count(first.clusters),
    ]
  }

  /// What can be said of ranks and of the least difference to be found.
  private func certainty() -> Content {
    var content: Content = ["hasRanks": !table.standings.isEmpty]
    if let comparison = table.board.comparison {
      content["testWords"] = comparison.test
      content["intervalWords"] = comparison.interval
      content["adjustmentWords"] = comparison.adjustment
      content["familyWords"] = comparison.family
      content["levelWords"] = Rounding.text(comparison.level, decimals: 2)
    }
    let detectable =
      table.board.comparison?.detectable
      ?? table.scored.lazy.compactMap { $0.report?.detectable }
      .first
    if let detectable, let difference = detectable.difference {
      content["hasDetectable"] = true
      content["detectable"] = FigureText.number(difference, decimals: 2)
      content["detectableMetric"] = detectable.metric.title
      content["detectablePower"] = "\(Int((detectable.power * 100).rounded()))"
      content["detectableLevel"] = Rounding.text(detectable.level, decimals: 2)
      content["detectableCorrelation"] = Rounding.text(detectable.correlation, decimals: 2)
    } else {
      content["hasDetectable"] = false
    }
    return content
  }

  private func columns() -> [Content] {
    let columns = table.metrics.map { column($0, table.target, isPrimary: $0 == table.metric) }
    return columns + table.otherTargets.map { column(table.metric, $0.name, isPrimary: false) }
  }

  private func column(_ metric: Metric, _ target: String, isPrimary: Bool) -> Content {
    var content: Content = [
      "key": "\(target)-\(metric.id)", "short": metric.title,
      "long": "\(metric.longTitle), \(target), \(metric.direction)",
      "arrow": metric.arrow, "words": metric.direction, "isPrimary": isPrimary,
      "first": metric.higherIsBetter ? "descending" : "ascending",
      "isOther": target != table.target, "otherName": target,
      "sorted": isPrimary ? (metric.higherIsBetter ? "descending" : "ascending") : "none",
    ]
    if isPrimary {
      content["axisLow"] = FigureText.number(table.axis.lowerBound, decimals: 1)
      content["axisHigh"] = FigureText.number(table.axis.upperBound, decimals: 1)
    }
    return content
  }

  private func row(_ entry: Board.Entry) -> Content {
    var content = names(entry)
    let metadata = entry.metadata
    let standing = table.standings[entry.slug]
    content["rank"] = standing.map(rankText) ?? FigureText.absent
    content["rankKey"] = standing.map { "\($0.lowRank).\($0.highRank + 10_000)" } ?? ""
    content["ties"] = standing?.tieGroups.joined(separator: " ") ?? ""
    content["hasTies"] = !(standing?.tieGroups.isEmpty ?? true)
    content["badges"] = Badges.all(entry, targets: table.benchmark.targets)
    content["kind"] = metadata.kind.rawValue
    content["labels"] = Badges.labelWords(metadata)
    content["cells"] = cells(entry)
    content["n"] = entry.report.map { FigureText.count($0.n) } ?? FigureText.absent
    content["nKey"] = entry.report.map { "\($0.n)" } ?? ""
    content["clusters"] = entry.report.map { FigureText.count($0.clusters) } ?? FigureText.absent
    let day = SafeText.day(metadata.submitted)
    content["hasDay"] = day != nil
    content["day"] = day ?? ""
    return content
  }

  private func cells(_ entry: Board.Entry) -> [Content] {
    let whisker = Whisker(axis: table.axis)
    let cells = table.metrics.map { metric in
      cell(
        BoardTable.figure(entry, metric, table.target),
        whisker: metric == table.metric ? whisker : nil)
    }
    return cells
      + table.otherTargets.map {
        cell(BoardTable.figure(entry, table.metric, $0.name), whisker: nil)
      }
  }

  private func cell(_ figure: ScoredFigure?, whisker: Whisker?) -> Content {
    let interval = figure.flatMap { FigureText.interval($0) }
    var content: Content = [
      "value": FigureText.number(figure?.value), "sortKey": FigureText.sortKey(figure?.value),
      "isMain": whisker != nil, "hasInterval": interval != nil, "interval": interval ?? "",
    ]
    if let whisker, let figure { content["whisker"] = whisker.drawing(figure) }
    let reason = figure == nil ? "not attempted" : figure?.undefined
    content["isUndefined"] = figure?.value == nil
    content["why"] = reason ?? "no figure"
    content["hint"] =
      figure?.value == nil
      ? "Undefined: \(reason ?? "no figure")"
      : interval.map { "95% interval \($0)" } ?? "No interval is computed for it"
    return content
  }

  private func names(_ entry: Board.Entry) -> Content {
    let system = SafeText.cleaned(entry.metadata.system)
    let team = SafeText.cleaned(entry.metadata.team)
    return [
      "slug": entry.slug, "page": SitePaths.system(entry.slug),
      "system": SafeText.shortened(system, to: 70), "team": SafeText.shortened(team, to: 50),
      "search": SafeText.shortened("\(system) \(team) \(entry.slug)", to: 300).lowercased(),
    ]
  }

  private func rankText(_ standing: BoardComparison.Standing) -> String {
    standing.lowRank == standing.highRank
      ? "\(standing.lowRank)" : "\(standing.lowRank)–\(standing.highRank)"
  }

  private func kinds() -> [Content] {
    let present = Set(table.scored.map(\.metadata.kind))
    return SubmissionMetadata.Kind.allCases.filter(present.contains).map {
      ["kindKey": $0.rawValue, "kindName": Badges.title($0)]
    }
  }

  private func publishedTable() -> Content {
    let claims = table.published.compactMap { $0.metadata.claimed }
    var claimColumns: [(String, String)] = []
    let others = table.benchmark.targetNames.filter { $0 != table.target }
    for target in [table.target] + others {
      let names = Set(claims.flatMap { Array(($0[target] ?? [:]).keys) })
      let known = ([table.metric] + Metric.all).map(\.id)
      let place = { (name: String) in known.firstIndex(of: name) ?? known.count }
      claimColumns += names.sorted { (place($0), $0) < (place($1), $1) }.map { (target, $0) }
    }
    let columns = claimColumns.map { target, name -> Content in
      let metric = Metric(named: name)
      return [
        "claimName": SafeText.shortened(metric?.title ?? name, to: 20),
        "claimTarget": target, "claimArrow": metric?.arrow ?? "",
        "claimWords": metric?.direction ?? "",
        "first": metric?.higherIsBetter == false ? "ascending" : "descending",
      ]
    }
    let rows = table.published.map { entry -> Content in
      var content = names(entry)
      content["claims"] = claimColumns.map { target, name -> Content in
        let value = entry.metadata.claimed?[target]?[name]
        return ["claim": FigureText.number(value), "sortKey": FigureText.sortKey(value)]
      }
      let link = SafeText.link(entry.metadata.paperURL)
      content["hasPaper"] = link != nil
      content["paper"] = link ?? ""
      content["note"] = SafeText.shortened(entry.metadata.description ?? "", to: 160)
      return content
    }
    return ["claimColumns": columns, "publishedRows": rows]
  }
}
