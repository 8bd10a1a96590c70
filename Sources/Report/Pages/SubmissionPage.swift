import Harness

/// The page of one entry.
struct SubmissionPage: Sendable {
  let table: BoardTable
  let entry: LeaderboardEntry
  let chrome: Chrome

  var path: String { "\(table.board.path)/\(SitePaths.system(entry.slug))" }
  private var facts: EntryFacts? { table.board.facts[entry.slug] }

  func content() -> Content {
    let metadata = entry.metadata
    let system = SafeText.cleaned(metadata.system)
    let board = "\(table.benchmark.title), \(table.board.split)"
    var content = chrome.content(
      path: path, title: "\(SafeText.shortened(system, to: 60)) on \(board)",
      description: summary(), section: .boards)
    content["system"] = SafeText.shortened(system, to: 300)
    content["team"] = SafeText.shortened(SafeText.cleaned(metadata.team), to: 200)
    content["boardName"] = board
    content["boardPage"] = "../index.html"
    content["document"] = "\(entry.slug).json"
    let digest = entry.report?.digests.predictions ?? ""
    content["hasPermalink"] = SafeText.isPathComponent(digest)
    content["permalink"] = "../by-digest/\(digest).html"
    content["badges"] = Badges.all(entry, facts)
    content["isPublished"] = metadata.kind == .published
    content["hasReport"] = entry.report != nil
    content["unscored"] = entry.report == nil && metadata.kind != .published
    content["why"] = entry.unscored ?? "no score report is at hand for it"
    content["hasDescription"] = metadata.description != nil
    content["about"] = SafeText.shortened(metadata.description ?? "", to: 4000)
    content["facts"] = Metadata.rows(metadata)
    content["hasBibtex"] = metadata.bibtex != nil
    content["bibtex"] = Metadata.lines(metadata.bibtex ?? "")
    content.merge(claims()) { _, new in new }
    content.merge(past()) { _, new in new }
    if let report = entry.report { content.merge(scores(report)) { _, new in new } }
    return content
  }

  private func summary() -> String {
    guard let figure = table.primary(entry), let value = figure.value else {
      return "An entry of the \(table.benchmark.title) leaderboard, split \(table.board.split)."
    }
    let interval = FigureText.interval(figure, decimals: 2).map { " \($0)" } ?? ""
    return "\(table.metric.short) \(FigureText.number(value, decimals: 2))\(interval) for "
      + "\(table.target.rawValue) on \(table.benchmark.title), split \(table.board.split)."
  }

  private func scores(_ report: ScoreReport) -> Content {
    let targets = table.benchmark.targets.map(\.name).filter { report.targets[$0] != nil }
    var content: Content = [
      "n": FigureText.count(report.n), "clusters": FigureText.count(report.clusters),
      "targets": targets.compactMap { target in
        report.targets[target].map { targetTable(target, $0) }
      },
      "hasDropped": report.dropped != nil, "dropped": report.dropped.map(FigureText.count) ?? "",
      "wassaAveraged": FigureText.number(report.wassa.averaged, decimals: 4),
      "wassaEmpathy": FigureText.number(report.wassa.empathy, decimals: 4),
      "wassaDistress": FigureText.number(report.wassa.distress, decimals: 4),
      "digestPredictions": report.digests.predictions, "digestGold": report.digests.gold,
      "digestOrder": report.digests.order, "signature": report.signature,
      "toolVersion": report.version, "notes": report.notes ?? [],
      "hasNotes": !(report.notes ?? []).isEmpty,
    ]
    if let standing = table.standings[entry.slug] {
      content["hasRank"] = true
      content["rankLow"] = "\(standing.lowRank)"
      content["rankHigh"] = "\(standing.highRank)"
      content["rankSpread"] = standing.lowRank != standing.highRank
      content["rankOf"] = "\(table.standings.count)"
    } else {
      content["hasRank"] = false
    }
    if let figure = table.primary(entry) {
      content["headline"] = FigureText.number(figure.value)
      content["headlineName"] = "\(table.metric.short), \(table.target.rawValue)"
      content["headlineInterval"] = FigureText.interval(figure) ?? ""
      content["hasHeadlineInterval"] = FigureText.interval(figure) != nil
      content["headlineWhy"] = figure.undefined ?? ""
      content["headlineUndefined"] = figure.value == nil
      content["hasHeadline"] = true
      content["badgeImage"] = "../\(SitePaths.badge(entry.slug))"
      let words = Badge.words(entry, table)
      content["badgeWords"] = "\(words.figure) on \(words.on)"
    }
    content.merge(GroupSection(report: report, table: table).content()) { _, new in new }
    return content
  }

  private func targetTable(_ target: Target, _ scores: TargetScores) -> Content {
    var rows: [Content] = []
    for metric in MetricKind.allCases {
      guard let figure = metric.figure(of: scores) else { continue }
      let axis: ClosedRange<Double> = metric.higherIsBetter ? -1...1 : 0...3
      rows.append([
        "metric": metric.short, "metricName": metric.name, "arrow": metric.arrow,
        "words": metric.direction, "value": FigureText.number(figure.value, decimals: 4),
        "interval": FigureText.interval(figure, decimals: 4) ?? FigureText.absent,
        "whisker": metric.higherIsBetter
          ? Whisker(axis: axis, width: 160, reference: 0).drawing(figure) : Markup(""),
        "hasReason": figure.value == nil, "reason": figure.undefined ?? "no figure",
      ])
    }
    var content: Content = [
      "target": target.title, "targetKey": target.rawValue, "metrics": rows,
      "hasBias": scores.bias != nil, "bias": FigureText.number(scores.bias, decimals: 4),
    ]
    if let rowwise = scores.rowwise, let interval = FigureText.interval(rowwise, decimals: 4) {
      content["hasRowwise"] = true
      content["rowwise"] = interval
    } else {
      content["hasRowwise"] = false
    }
    return content
  }

  /// Claimed figures beside the computed ones.
  private func claims() -> Content {
    let claimed = entry.metadata.claimed ?? [:]
    var rows: [Content] = []
    for target in Target.allCases {
      for name in (claimed[target] ?? [:]).keys.sorted() {
        let metric = MetricKind(rawValue: name)
        let computed = metric.flatMap { BoardTable.figure(entry, $0, target) }
        let claim = claimed[target]?[name]
        let gap = Self.gap(claim, computed?.value)
        rows.append([
          "claimTarget": target.title, "claimMetric": metric?.short ?? name,
          "claim": FigureText.number(claim, decimals: 4),
          "computed": FigureText.number(computed?.value, decimals: 4),
          "gap": FigureText.number(gap, decimals: 4),
          "isFar": (gap?.magnitude ?? 0) > 0.001,
        ])
      }
    }
    return ["hasClaims": !rows.isEmpty, "claims": rows]
  }

  private static func gap(_ claim: Double?, _ computed: Double?) -> Double? {
    guard let claim, let computed else { return nil }
    return computed - claim
  }

  private func past() -> Content {
    let history = facts?.history ?? []
    let events: [Content] = history.sorted { $0.day < $1.day }.map {
      [
        "eventDay": SafeText.day($0.day) ?? "", "hasEventDay": SafeText.day($0.day) != nil,
        "what": $0.what,
      ]
    }
    return [
      "hasHistory": !events.isEmpty, "history": events,
      "isWithdrawn": facts?.withdrawn != nil, "withdrawn": facts?.withdrawn ?? "",
      "isReproduced": facts?.reproduced != nil, "reproduced": facts?.reproduced ?? "",
    ]
  }
}
