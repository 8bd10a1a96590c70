import Basics
import Harness
import Metrics

/// The page of one board.
struct LeaderboardPage: Encodable, Sendable {
  let benchmark: String
  let benchmarkPage = "../index.html"
  let split, level, targetName, primaryName, primaryShort, direction, systemCount: String
  let nouns: Nouns
  /// How many rows and clusters, where all entries agree on them.
  let size: String?
  let detectable: Detectable?
  let ceiling: CeilingLine?
  /// Whether its labels are hidden, so that ranks follow from released values alone.
  let isGuarded: Bool
  /// The moment as of which it is shown, where it stands still.
  let frozen: String?
  /// How ranks were made; nil where there are none.
  let ranks: Ranks?
  let scored: Scored?
  let hasPairs: Bool
  /// What the figures were computed with; nil where nothing was scored.
  let state: String?
  let published: PublishedTable?
  let apart: Listed<ApartRow>?
  let ledgerLine: LedgerPage.Line?

  /// The least difference that the split tells apart.
  struct Detectable: Encodable, Sendable {
    let difference, detectableMetric, power, detectableLevel, correlation: String

    init?(_ table: BoardTable) {
      let known =
        table.board.comparison?.detectable
        ?? table.scored.lazy.compactMap { $0.report?.detectable }.first
      guard let known, let difference = known.difference else { return nil }
      self.difference = FigureText.number(difference, decimals: 2)
      detectableMetric = known.metric.title
      power = "\(Int((known.power * 100).rounded()))"
      detectableLevel = Rounding.text(known.level, decimals: 2)
      correlation = Rounding.text(known.correlation, decimals: 2)
    }
  }

  /// What the band behind the intervals says.
  struct CeilingLine: Encodable, Sendable {
    let ceilingLow, ceilingHigh, ceilingSource: String

    init?(_ table: BoardTable) {
      guard let ceiling = table.ceiling else { return nil }
      ceilingLow = FigureText.number(ceiling.low, decimals: 2)
      ceilingHigh = FigureText.number(ceiling.high, decimals: 2)
      ceilingSource = SafeText.shortened(SafeText.cleaned(ceiling.source), to: 200)
    }
  }

  struct Ranks: Encodable, Sendable {
    let testWords, adjustmentWords, familyWords, levelWords: String
  }

  struct Scored: Encodable, Sendable {
    let kinds: [Named]
    let columns: [Column]
    /// Set where only the rows in sight are laid out: the number of columns.
    let largeColumns: String?
    let rows: [Row]
  }

  struct Column: Encodable, Sendable {
    let key, short, long, arrow, words, first, sorted: String
    let axis: Axis?
    let otherName: String?

    static func all(_ table: BoardTable) -> [Self] {
      let own = table.metrics.map { column(table, $0, table.target, isPrimary: $0 == table.metric) }
      return own + table.otherTargets.map { column(table, table.metric, $0.name, isPrimary: false) }
    }

    private static func column(
      _ table: BoardTable, _ metric: Metric, _ target: String, isPrimary: Bool
    ) -> Self {
      let first = metric.higherIsBetter ? "descending" : "ascending"
      let (low, high) = FigureText.ends(table.axis)
      return Self(
        key: "\(target)-\(metric.id)", short: metric.title,
        long: "\(metric.longTitle), \(target), \(metric.direction)", arrow: metric.arrow,
        words: metric.direction, first: first, sorted: isPrimary ? first : "none",
        axis: isPrimary ? Axis(axisLow: low, axisHigh: high) : nil,
        otherName: target == table.target ? nil : target)
    }
  }

  struct Axis: Encodable, Sendable { let axisLow, axisHigh: String }

  struct Row: Encodable, Sendable {
    let link: SystemLink
    let slug: String
    /// What the search field looks in.
    let search: String
    let rank, rankKey: String
    let ties: String?
    let badges: [Badges.Badge]
    let kind, labels: String
    let cells: [Cell]
    let n, nKey, clusters: String
    let day: String?

    init(_ entry: Board.Entry, _ table: BoardTable) {
      let (standing, report) = (table.standings[entry.slug], entry.report)
      (link, slug) = (SystemLink(entry), entry.slug)
      let names = "\(entry.metadata.system) \(entry.metadata.team) \(entry.slug)"
      search = SafeText.shortened(SafeText.cleaned(names), to: 300).lowercased()
      rank = standing?.rankText ?? FigureText.absent
      rankKey = standing.map { "\($0.lowRank).\($0.highRank + 10_000)" } ?? ""
      let letters = standing?.tieGroups ?? []
      ties = letters.isEmpty ? nil : letters.joined(separator: " ")
      badges = Badges.all(entry, targets: table.benchmark.targets)
      (kind, labels) = (entry.metadata.kind.rawValue, Badges.labelWords(entry.metadata))
      cells =
        table.metrics.map { Cell(entry, $0, table.target, table) }
        + table.otherTargets.map { Cell(entry, table.metric, $0.name, table) }
      (n, clusters) = (FigureText.count(report?.n), FigureText.count(report?.clusters))
      nKey = report.map { "\($0.n)" } ?? ""
      day = SafeText.day(entry.metadata.submitted)
    }
  }

  struct Cell: Encodable, Sendable {
    let sortKey, hint: String
    let isMain: Bool
    let main: Main?
    let plain, undefined: String?

    init(_ entry: Board.Entry, _ metric: Metric, _ target: String, _ table: BoardTable) {
      let figure = BoardTable.figure(entry, metric, target)
      isMain = metric == table.metric && target == table.target
      let interval = figure.flatMap { FigureText.interval($0, decimals: table.decimals(metric)) }
      let value = figure?.value.map { FigureText.number($0, decimals: table.decimals(metric)) }
      sortKey = FigureText.sortKey(figure?.value)
      if let figure, let value {
        let whisker = isMain ? table.whisker(figure) : nil
        main = whisker.map { Main(whisker: $0, value: value, interval: interval ?? "") }
        (plain, undefined) = (isMain ? nil : value, nil)
        hint = interval.map { "\(table.level) interval \($0)" } ?? "No interval is computed for it"
      } else {
        let reason = figure == nil ? "not attempted" : figure?.undefined ?? "no figure"
        (main, plain, undefined) = (nil, nil, reason)
        hint = "Undefined: \(reason)"
      }
    }
  }

  /// The primary metric's figure.
  struct Main: Encodable, Sendable {
    let whisker: Markup
    let value, interval: String
  }

  struct ApartRow: Encodable, Sendable {
    let link: SystemLink
    let reason: String
    /// The primary figure of one that is scored and not ranked.
    let figure: String?

    init(_ entry: Board.Entry, _ table: BoardTable) {
      (link, reason) = (SystemLink(entry), table.board.reasonApart(entry))
      figure =
        entry.unscored == nil
        ? nil
        : table.primary(entry)?.value.map {
          "\(table.metric.title) \(FigureText.number($0, decimals: table.decimals(table.metric)))"
        }
    }
  }

  /// Above this many rows the stylesheet lays out only what is in sight.
  private static let largeBoard = 150

  static func page(_ table: BoardTable, in context: SiteContext) -> Page {
    let (benchmark, split) = (table.benchmark.title, table.board.split)
    return context.page(
      .leaderboard, path: "\(table.path)/index.html", title: table.name,
      description: "\(table.benchmark.targetTitle(table.target)) on \(benchmark), split \(split): "
        + "\(FigureText.counted(table.scored.count, "scored system")), "
        + "ordered by \(table.metric.longTitle).",
      preview: "\(table.path)/\(SitePaths.preview)",
      LeaderboardPage(table, hasLedger: context.ledger != nil))
  }

  private init(_ table: BoardTable, hasLedger: Bool) {
    (benchmark, split) = (table.benchmark.title, table.board.split)
    (level, targetName) = (table.level, table.target)
    (primaryName, primaryShort) = (table.metric.longTitle, table.metric.title)
    (direction, nouns) = (table.metric.direction, Nouns(table.benchmark))
    systemCount = FigureText.counted(table.scored.count, "system")
    size = Self.size(table, nouns)
    (detectable, isGuarded) = (Detectable(table), table.board.isGuarded)
    ceiling = CeilingLine(table)
    frozen = table.board.frozen
    ranks =
      table.standings.isEmpty || isGuarded
      ? nil
      : table.board.comparison.map { comparison in
        Ranks(
          testWords: comparison.test, adjustmentWords: comparison.adjustment,
          familyWords: comparison.family, levelWords: Rounding.text(comparison.level, decimals: 2))
      }
    hasPairs = table.pairs != nil
    ledgerLine = hasLedger ? LedgerPage.Line(table.board.ledger) : nil
    state = table.board.state?.text
    let columns = Column.all(table)
    let kinds = SubmissionMetadata.Kind.allCases.filter { kind in
      table.scored.contains { $0.metadata.kind == kind }
    }
    scored =
      table.scored.isEmpty
      ? nil
      : Scored(
        kinds: kinds.map { Named(name: $0.rawValue, text: Badges.title($0)) }, columns: columns,
        largeColumns: table.scored.count > Self.largeBoard ? "\(columns.count)" : nil,
        rows: table.scored.map { Row($0, table) })
    published = table.published.isEmpty ? nil : PublishedTable(table)
    apart = Listed(table.apart.map { ApartRow($0, table) })
  }
}

extension LeaderboardPage {
  fileprivate static func size(_ table: BoardTable, _ nouns: Nouns) -> String? {
    let reports = table.scored.compactMap(\.report)
    guard let first = reports.first,
      reports.allSatisfy({ $0.n == first.n && $0.clusters == first.clusters })
    else { return nil }
    let clusters = nouns.clusterCount(first.clusters)
    return "\(FigureText.count(first.n)) \(nouns.rowWord)\(clusters.isEmpty ? "" : " \(clusters)")"
  }
}

/// What papers claim on a board's split, apart from what was scored.
struct PublishedTable: Encodable, Sendable {
  let columns: [Column]
  let rows: [Row]

  struct Column: Encodable, Sendable {
    let claimName, claimTarget, claimArrow, claimWords, first: String
  }

  struct Row: Encodable, Sendable {
    let link: SystemLink
    let claims: [Cell]
    let paper: String?
    let note: String
  }

  struct Cell: Encodable, Sendable {
    let claim, sortKey: String

    init(_ value: Double?, _ metric: Metric?) {
      claim = FigureText.number(value, decimals: metric?.decimals ?? 3)
      sortKey = FigureText.sortKey(value)
    }
  }

  init(_ table: BoardTable) {
    let claims = table.published.compactMap(\.metadata.claimed)
    let known = ([table.metric] + Metric.all).map(\.id)
    let place = { (name: String) in known.firstIndex(of: name) ?? known.count }
    let places = ([table.target] + table.benchmark.targetNames).unique().flatMap { target in
      Set(claims.flatMap { ($0[target] ?? [:]).keys })
        .sorted { (place($0), $0) < (place($1), $1) }.map { (target, $0) }
    }
    columns = places.map { target, name in
      let metric = Metric(named: name)
      return Column(
        claimName: SafeText.shortened(metric?.title ?? name, to: 20), claimTarget: target,
        claimArrow: metric?.arrow ?? "", claimWords: metric?.direction ?? "",
        first: metric?.higherIsBetter == false ? "ascending" : "descending")
    }
    rows = table.published.map { entry in
      Row(
        link: SystemLink(entry),
        claims: places.map { Cell(entry.metadata.claimed?[$0]?[$1], Metric(named: $1)) },
        paper: SafeText.link(entry.metadata.paperURL),
        note: SafeText.shortened(entry.metadata.description ?? "", to: 160))
    }
  }
}
