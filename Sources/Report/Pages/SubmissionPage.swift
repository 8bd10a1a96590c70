import Foundation
import Harness
import Metrics

/// The page of one entry.
struct SubmissionPage: Encodable, Sendable {
  let system, team, boardName: String
  let boardPage = "../index.html"
  let document: String
  let nouns: Nouns
  let badges: [Badges.Badge]
  let withdrawal: Withdrawal?
  let isPublished: Bool
  /// Why it is not scored.
  let unscored: String?
  /// Why it is scored and not ranked.
  let unranked: String?
  let about: Markup?
  let scores: Scores?
  let claims: Listed<Claim>?
  let facts: [Metadata.Fact]
  let reproduced: String?
  /// Where its outcome stands in the log.
  let leaf: String?
  /// The command that fetches the receipt of that.
  let receipt: String?
  let history: Listed<PastEvent>?
  let bibtex: Listed<String>?

  struct Withdrawal: Encodable, Sendable {
    let reason: Markup
    let day: String?
    let keepsFigures: Bool
  }

  struct Claim: Encodable, Sendable {
    let claimTarget, claimMetric, claim, computed, gap: String
    let isFar: Bool

    init(_ claim: ClaimedFigure) {
      func text(_ value: Double?) -> String { FigureText.number(value, decimals: 4) }
      (claimTarget, claimMetric, isFar) = (claim.target.title, claim.name, claim.differs)
      (self.claim, computed, gap) = (text(claim.claim), text(claim.computed), text(claim.gap))
    }
  }

  struct PastEvent: Encodable, Sendable {
    let day, kind: String?
    let look: String
    let what: Markup
  }

  static func page(_ entry: Board.Entry, among order: RankOrder, in context: SiteContext) -> Page {
    let table = order.table
    let path = "\(table.path)/\(SitePaths.system(entry.slug))"
    let system = SafeText.shortened(SafeText.cleaned(entry.metadata.system), to: 60)
    return context.page(
      .submission, path: path, title: "\(system) on \(table.name)",
      description: summary(entry, table),
      preview: "\(table.path)/\(context.isServed ? SitePaths.preview : order.preview(of: entry))",
      SubmissionPage(entry, order, context))
  }

  private init(_ entry: Board.Entry, _ order: RankOrder, _ context: SiteContext) {
    let table = order.table
    let metadata = entry.metadata
    system = SafeText.shortened(SafeText.cleaned(metadata.system), to: 300)
    team = SafeText.shortened(SafeText.cleaned(metadata.team), to: 200)
    (boardName, document) = (table.name, "\(entry.slug).json")
    nouns = Nouns(table.benchmark)
    badges = Badges.all(entry, targets: table.benchmark.targets)
    withdrawal = metadata.withdrawal.map { event in
      Withdrawal(
        reason: Markup(prose: event.text), day: SafeText.day(event.day),
        keepsFigures: entry.report != nil)
    }
    isPublished = metadata.kind == .published
    unscored =
      entry.report == nil && !isPublished
      ? entry.unscored ?? "no score report is at hand for it" : nil
    unranked = entry.report == nil || withdrawal != nil ? nil : entry.unscored
    about = metadata.description.map { Markup(prose: SafeText.shortened($0, to: 4000)) }
    scores = entry.report.map { Scores(entry, $0, order, address: context.address) }
    claims = Listed(ClaimedFigure.all(entry, targets: table.benchmark.targets).map(Claim.init))
    (facts, reproduced) = (Metadata.facts(metadata), metadata.reproduction?.text)
    let place = context.ledger?.leaves[table.path]?[entry.id]
    leaf = place.map { FigureText.count($0) }
    receipt = place.map { place in
      "invitro ledger receipt \(context.address?.absoluteString ?? "ADDRESS") --id \(entry.id)"
    }
    history = Listed(Self.past(metadata))
    bibtex = metadata.bibtex.flatMap { Listed(Metadata.lines($0)) }
  }

  private static func summary(_ entry: Board.Entry, _ table: BoardTable) -> String {
    guard let figure = table.primary(entry), figure.value != nil else {
      return "An entry of the \(table.benchmark.title) leaderboard, split \(table.board.split)."
    }
    return "\(table.metric.title) \(FigureText.bounded(figure, decimals: 2)) for "
      + "\(table.target) on \(table.benchmark.title), split \(table.board.split)."
  }

  /// What happened to the entry, the submission first.
  private static func past(_ metadata: SubmissionMetadata) -> [PastEvent] {
    var events = metadata.history ?? []
    if !events.isEmpty, let day = SafeText.day(metadata.submitted) {
      events.insert(.init(day: day, kind: .note, text: "Submitted."), at: 0)
    }
    return events.map { event in
      PastEvent(
        day: SafeText.day(event.day), kind: event.kind == .note ? nil : event.kind.rawValue,
        look: event.kind == .withdrawn ? "bad" : "good", what: Markup(prose: event.text))
    }
  }
}

extension SubmissionPage {
  /// The part of the page that shows a report.
  struct Scores: Encodable, Sendable {
    let level, figuresTable: String
    let headline: Headline?
    let rank: Rank?
    let n, clusters: String
    let dropped: String?
    let notes: Listed<Markup>?
    let targets: [TargetTable]
    let neighbours: Neighbours?
    let calibrations: Listed<CalibrationFigure>?
    /// Nil on boards that are not of a WASSA shared task.
    let wassa: WASSAFigures?
    let groups: GroupSection
    let provenance: [Named]
    let permalink: String?
    let badge: BadgeImage?

    init(_ entry: Board.Entry, _ report: ScoreReport, _ order: RankOrder, address: URL?) {
      let table = order.table
      (level, figuresTable) = (FigureText.percent(report.level), "\(entry.slug).csv")
      let figure = table.primary(entry)
      headline = figure.map { figure in
        Headline(
          headlineName: "\(table.metric.title), \(table.target)",
          value: figure.value.map { FigureText.number($0, decimals: table.decimals(table.metric)) },
          interval: FigureText.interval(figure, decimals: table.decimals(table.metric)),
          why: figure.undefined)
      }
      rank = table.standings[entry.slug].map { standing in
        Rank(rank: standing.rankText, rankOf: "\(table.standings.count)")
      }
      n = FigureText.count(report.n)
      clusters = Nouns(table.benchmark).clusterCount(report.clusters)
      dropped = report.dropped.map { FigureText.count($0) }
      notes = Listed((report.notes ?? []).map { Markup(prose: $0) })
      targets = table.benchmark.shownTargets.compactMap { target in
        report.targets[target.name].map { TargetTable(target, $0, of: report, in: table) }
      }
      neighbours = order.neighbours(of: entry)
      calibrations = Listed(
        table.benchmark.targets.compactMap { target in
          report.calibration?[target.name].map { CalibrationFigure($0, target) }
        })
      wassa = table.benchmark.track.flatMap { _ in
        table.board.isGuarded ? nil : WASSAFigures(report.wassa, table.benchmark.targets)
      }
      groups = GroupSection(report, table)
      let digest = entry.predictionsDigest ?? ""
      let digests = report.digests
      provenance = [
        ("Signature", report.signature), ("Predictions, SHA-256", digests.predictions),
        ("Gold labels, SHA-256", digests.gold), ("Row order, SHA-256", digests.order),
        ("Tool", "invitro \(report.version)"),
      ].map { Named(name: $0, text: $1) }
      permalink = SafeText.isPathComponent(digest) ? "../by-digest/\(digest).html" : nil
      badge = figure.map { _ in
        let words = Badge.words(entry, table)
        let place = SitePaths.badge(entry.slug)
        return BadgeImage(
          image: "../\(place)", alternative: "\(words.figure) on \(words.on)",
          badgeAddress: address?.appending(path: "\(table.path)/\(place)").absoluteString)
      }
    }
  }

  struct Headline: Encodable, Sendable {
    let headlineName: String
    let value, interval, why: String?
  }

  struct Rank: Encodable, Sendable { let rank, rankOf: String }

  struct TargetTable: Encodable, Sendable {
    let target, targetKey: String
    let blocks: [MetricBlock]
    let bias, rowwise: String?

    init(_ target: Target, _ scores: TargetScores, of report: ScoreReport, in table: BoardTable) {
      (self.target, targetKey) = (target.title, target.name)
      let metrics = scores.metrics.compactMap { metric in scores[metric].map { (metric, $0) } }
      blocks = [true, false].compactMap { isHigher in
        let own = metrics.filter { $0.0.higherIsBetter == isHigher }
        return own.isEmpty ? nil : MetricBlock(own, isHigher ? "Agreement" : "Error", table)
      }
      bias = scores.bias.map { FigureText.number($0, decimals: 4) }
      // The interval that takes rows as independent is told of only where it is the narrower one.
      let isNarrower = scores.rowwise?.width.flatMap { rowwise in
        scores[.pcc]?.width.map { rowwise < $0 }
      }
      rowwise =
        report.clusters < report.n && isNarrower == true
        ? scores.rowwise.flatMap { FigureText.interval($0, decimals: 4) } : nil
    }
  }

  /// Metrics of one direction, drawn on one axis.
  struct MetricBlock: Encodable, Sendable {
    let blockName, words: String
    let scale: Markup
    let metrics: [MetricRow]

    init(_ figures: [(Metric, ScoredFigure)], _ name: String, _ table: BoardTable) {
      let whisker = Whisker(fitting: figures.map(\.1), width: 200)
      (blockName, words) = (name, figures.first?.0.direction ?? "")
      scale = whisker.scale()
      metrics = figures.map { metric, figure in
        // Where labels are hidden a figure is rounded: zeros behind it would say otherwise.
        let decimals = table.board.isGuarded ? table.decimals(metric) : 4
        return MetricRow(metric, figure, whisker, decimals: decimals)
      }
    }
  }

  struct MetricRow: Encodable, Sendable {
    let metric, metricName: String
    let value: String?
    let reason, interval: String
    let whisker: Markup

    init(_ metric: Metric, _ figure: ScoredFigure, _ whisker: Whisker, decimals: Int) {
      (self.metric, metricName) = (metric.title, metric.longTitle)
      value = figure.value.map { FigureText.number($0, decimals: decimals) }
      reason = figure.undefined ?? "no figure"
      interval = FigureText.interval(figure, decimals: decimals) ?? FigureText.absent
      self.whisker = whisker.drawing(figure)
    }
  }

  struct WASSAFigures: Encodable, Sendable {
    let averaged: String
    let targets: [Named]
    let official: OfficialFigures?

    init(_ scores: WASSAScores, _ all: [Target]) {
      averaged = FigureText.number(scores.averaged, decimals: 4)
      targets = all.map { target in
        Named(name: target.title, text: FigureText.number(scores[target.name], decimals: 4))
      }
      official = scores.official.map { official in
        OfficialFigures(
          officialTitle: official.title,
          officialAveraged: FigureText.number(official.averaged, decimals: 4),
          officialTargets: all.map { target in
            Named(name: target.title, text: FigureText.number(official[target.name], decimals: 4))
          })
      }
    }
  }

  struct OfficialFigures: Encodable, Sendable {
    let officialTitle, officialAveraged: String
    let officialTargets: [Named]
  }

  struct BadgeImage: Encodable, Sendable {
    let image, alternative: String
    /// Where the badge stands on the web; nil where the site has no address.
    let badgeAddress: String?
  }
}

/// A target's calibration as a drawing and as the figures behind it.
struct CalibrationFigure: Encodable, Sendable {
  let calibrationTarget: String
  let curve: Markup
  let bins: [Bin]

  struct Bin: Encodable, Sendable { let binPrediction, binLabel, binInterval, binRows: String }

  init(_ calibration: BinnedCalibration, _ target: Target) {
    calibrationTarget = target.title
    curve = CalibrationPlot(calibration: calibration, target: target)
      .drawing(id: "calibration-\(target.name)")
    bins = calibration.bins.map { bin in
      Bin(
        binPrediction: FigureText.number(bin.prediction, decimals: 2),
        binLabel: FigureText.number(bin.label, decimals: 2),
        binInterval: FigureText.interval(.init(low: bin.low, high: bin.high), decimals: 2) ?? "",
        binRows: FigureText.count(bin.rows))
    }
  }
}
