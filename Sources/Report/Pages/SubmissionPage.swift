import Foundation
import Harness
import Metrics

/// The page of one entry.
struct SubmissionPage: Sendable {
  let table: BoardTable
  let entry: Board.Entry
  let chrome: Chrome

  var path: String { "\(table.board.key.path)/\(SitePaths.system(entry.slug))" }

  func content() -> Content {
    let metadata = entry.metadata
    let system = SafeText.cleaned(metadata.system)
    let board = "\(table.benchmark.title), \(table.board.split)"
    var content = chrome.content(
      path: path, title: "\(SafeText.shortened(system, to: 60)) on \(board)",
      description: summary(), section: .boards,
      preview: "\(table.board.key.path)/\(SitePaths.preview(entry.slug))")
    content["system"] = SafeText.shortened(system, to: 300)
    content["team"] = SafeText.shortened(SafeText.cleaned(metadata.team), to: 200)
    content["boardName"] = board
    content["boardPage"] = "../index.html"
    content["document"] = "\(entry.slug).json"
    content["figuresTable"] = "\(entry.slug).csv"
    let digest = entry.predictionsDigest ?? ""
    content["hasPermalink"] = SafeText.isPathComponent(digest)
    content["permalink"] = "../by-digest/\(digest).html"
    content["badges"] = Badges.all(entry, targets: table.benchmark.targets)
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
    return "\(table.metric.title) \(FigureText.number(value, decimals: 2))\(interval) for "
      + "\(table.target) on \(table.benchmark.title), split \(table.board.split)."
  }

  private func scores(_ report: ScoreReport) -> Content {
    var content: Content = [
      "n": FigureText.count(report.n), "clusters": FigureText.count(report.clusters),
      "targets": table.benchmark.targets.compactMap { target in
        report.targets[target.name].map { targetTable(target, $0) }
      },
      "hasDropped": report.dropped != nil, "dropped": report.dropped.map(FigureText.count) ?? "",
      "wassaAveraged": FigureText.number(report.wassa.averaged, decimals: 4),
      "wassaTargets": table.benchmark.targets.map { target -> Content in
        [
          "wassaTarget": target.title,
          "wassaFigure": FigureText.number(report.wassa[target.name], decimals: 4),
        ]
      },
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
      content["headlineName"] = "\(table.metric.title), \(table.target)"
      content["headlineInterval"] = FigureText.interval(figure) ?? ""
      content["hasHeadlineInterval"] = FigureText.interval(figure) != nil
      content["headlineWhy"] = figure.undefined ?? ""
      content["headlineUndefined"] = figure.value == nil
      content["hasHeadline"] = true
      content["badgeImage"] = "../\(SitePaths.badge(entry.slug))"
      let words = Badge.words(entry, table)
      if let address = chrome.address {
        let badge = "\(table.board.key.path)/\(SitePaths.badge(entry.slug))"
        content["badgeAddress"] = address.appending(path: badge).absoluteString
      }
      content["hasEmbed"] = chrome.address != nil
      content["badgeWords"] = "\(words.figure) on \(words.on)"
    }
    content.merge(GroupSection(report: report, table: table).content()) { _, new in new }
    return content
  }

  private func targetTable(_ target: Target, _ scores: TargetScores) -> Content {
    var rows: [Content] = []
    for metric in scores.metrics {
      guard let figure = scores[metric] else { continue }
      let axis: ClosedRange<Double> = metric.higherIsBetter ? -1...1 : 0...3
      rows.append([
        "metric": metric.title, "metricName": metric.longTitle, "arrow": metric.arrow,
        "words": metric.direction, "value": FigureText.number(figure.value, decimals: 4),
        "interval": FigureText.interval(figure, decimals: 4) ?? FigureText.absent,
        "whisker": metric.higherIsBetter
          ? Whisker(axis: axis, width: 160, reference: 0).drawing(figure) : Markup(""),
        "hasReason": figure.value == nil, "reason": figure.undefined ?? "no figure",
      ])
    }
    var content: Content = [
      "target": target.title, "targetKey": target.name, "metrics": rows,
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
    let rows = ClaimedFigure.all(entry, targets: table.benchmark.targets).map { claim -> Content in
      [
        "claimTarget": claim.target.title, "claimMetric": claim.name,
        "claim": FigureText.number(claim.claim, decimals: 4),
        "computed": FigureText.number(claim.computed, decimals: 4),
        "gap": FigureText.number(claim.gap, decimals: 4), "isFar": claim.differs,
      ]
    }
    return ["hasClaims": !rows.isEmpty, "claims": rows]
  }

  /// What happened to the entry, the submission first.
  private func past() -> Content {
    let metadata = entry.metadata
    var events = metadata.history ?? []
    if !events.isEmpty, let day = SafeText.day(metadata.submitted) {
      events.insert(.init(day: day, kind: .note, text: "Submitted."), at: 0)
    }
    let history = events.map { event -> Content in
      let day = SafeText.day(event.day)
      return [
        "eventDay": day ?? "", "hasEventDay": day != nil, "what": event.text,
        "eventKind": Self.word(event.kind), "hasEventKind": event.kind != .note,
        "look": event.kind == .withdrawn ? "bad" : "good",
      ]
    }
    return [
      "hasHistory": !history.isEmpty, "history": history,
      "isWithdrawn": metadata.withdrawal != nil, "withdrawn": metadata.withdrawal?.text ?? "",
      "hasWithdrawnDay": SafeText.day(metadata.withdrawal?.day) != nil,
      "withdrawnDay": SafeText.day(metadata.withdrawal?.day) ?? "",
      "isReproduced": metadata.reproduction != nil,
      "reproduced": metadata.reproduction?.text ?? "",
    ]
  }

  private static func word(_ kind: SubmissionMetadata.Event.Kind) -> String {
    kind == .note ? "" : kind.rawValue
  }
}
