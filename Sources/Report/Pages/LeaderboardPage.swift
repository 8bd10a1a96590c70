import Basics
import Harness
import Metrics

/// The page of one board.
struct LeaderboardPage: Encodable, Sendable {
  let benchmark: String
  let benchmarkPage = "../index.html"
  /// The board's own page for submitting, from the root of a served site.
  let submitPage: String?
  let split, level, targetName, primaryName, primaryShort, direction, systemCount: String
  let nouns: Nouns
  /// How many rows and clusters, where all entries agree on them.
  let size: String?
  /// What the board says, in a sentence.
  let verdict: String
  let detectable: Detectable?
  let ceiling: CeilingLine?
  /// Whether its labels are hidden, so that ranks follow from released values alone.
  let isGuarded: Bool
  /// The moment as of which it is shown, where it stands still.
  let frozen: String?
  /// How ranks were made; nil where there are none.
  let ranks: Ranks?
  /// What its key explains, beside what stands on every board.
  let hasRanks, hasTies, hasManyTies, hasIntervals, isComparable: Bool
  /// Nil where nothing was scored.
  let facets: Facets?
  /// Nil where nothing was scored and nothing is claimed.
  let systems: Systems?
  /// Drawings of the primary metric against what systems cost.
  let costs: Listed<CostFigure>?
  let hasPairs: Bool
  /// What the figures were computed with; nil where nothing was scored.
  let state: String?
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
    /// With which confidence the true rank lies in the range: `95%`.
    let confidence: String

    init(_ comparison: BoardComparison) {
      (testWords, adjustmentWords) = (comparison.test, comparison.adjustment)
      familyWords = comparison.family
      levelWords = Rounding.text(comparison.level, decimals: 2)
      confidence = FigureText.percent(1 - comparison.level)
    }
  }

  /// What a reader may narrow a board down by.
  struct Facets: Encodable, Sendable {
    let kinds: [Named]
    let bases, llms, years: Listed<Named>?

    init(_ table: BoardTable) {
      let entries = table.scored + table.published
      kinds = SubmissionMetadata.Kind.allCases.filter { kind in
        entries.contains { $0.metadata.kind == kind }
      }
      .map { Named(name: $0.rawValue, text: Badges.title($0)) }
      bases = Self.models(entries.flatMap(BoardRow.bases))
      llms = Self.models(entries.compactMap(BoardRow.llm))
      let known = Set(entries.compactMap { SafeText.day($0.metadata.submitted)?.prefix(4) })
      years = Listed(known.sorted(by: >).map { Named(name: String($0), text: String($0)) })
    }

    /// Each once, by name.
    private static func models(_ all: [Named]) -> Listed<Named>? {
      let titles = Dictionary(all.map { ($0.name, $0.text) }) { first, _ in first }
      return Listed(
        titles.map { Named(name: $0.key, text: $0.value) }.sorted { $0.name < $1.name })
    }
  }

  /// The table of systems and claims.
  struct Systems: Encodable, Sendable {
    let mainKey, first, mainLong: String
    let head: Markup
    let columns: [BoardColumn]
    let hasCount: Bool
    let rows: [ScoredRow]
    let claims: Claims?
  }

  struct ScoredRow: Encodable, Sendable {
    let slug: String
    let row: BoardRow
    let rank: Rank?
    let tie: Tie?
    /// Its tie groups, for a screen reader and for when rows stand in another order.
    let letters: String?
    let count: Count?
  }

  struct Rank: Encodable, Sendable {
    let rankText, rankKey: String
    let bar: Markup

    init(_ standing: BoardComparison.Standing, of all: Int) {
      rankText = standing.rankText
      rankKey = "\(standing.lowRank).\(standing.highRank + 10_000)"
      bar = RankBar.drawing(standing, of: all)
    }
  }

  struct Tie: Encodable, Sendable { let rules: Markup }

  /// Rows and clusters of a system, where not all systems of the board have the same.
  struct Count: Encodable, Sendable {
    let n, nKey, clusters: String

    init(_ report: ScoreReport?) {
      (n, clusters) = (FigureText.count(report?.n), FigureText.count(report?.clusters))
      nKey = report.map { "\($0.n)" } ?? ""
    }
  }

  struct Claims: Encodable, Sendable {
    let claimRows: [BoardRow]
    /// What the grey width is.
    let reference: String?
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

  static func page(_ table: BoardTable, in context: SiteContext) -> Page {
    let (benchmark, split) = (table.benchmark.title, table.board.split)
    return context.page(
      .leaderboard, path: "\(table.path)/index.html", title: table.name,
      description: "\(table.benchmark.targetTitle(table.target)) on \(benchmark), split \(split): "
        + "\(FigureText.counted(table.scored.count, "scored system")), "
        + "ordered by \(table.metric.longTitle).",
      preview: "\(table.path)/\(SitePaths.preview)",
      LeaderboardPage(table, in: context))
  }

  private init(_ table: BoardTable, in context: SiteContext) {
    (benchmark, split) = (table.benchmark.title, table.board.split)
    submitPage =
      context.isServed && table.board.takesSubmissions ? SitePaths.submit(to: table.path) : nil
    (level, targetName) = (table.level, table.target)
    (primaryName, primaryShort) = (table.metric.longTitle, table.metric.title)
    (direction, nouns) = (table.metric.direction, Nouns(table.benchmark))
    systemCount = FigureText.counted(table.scored.count, "system")
    let (detectable, isGuarded) = (Detectable(table), table.board.isGuarded)
    (self.detectable, self.isGuarded) = (detectable, isGuarded)
    size = Self.size(table)
    verdict = Self.verdict(table, detectable)
    ceiling = CeilingLine(table)
    frozen = table.board.frozen
    hasRanks = !table.standings.isEmpty
    ranks = !hasRanks || isGuarded ? nil : table.board.comparison.map(Ranks.init)
    let rules = TieRules(table.scored.map { ($0.slug, table.standings[$0.slug]?.tieGroups ?? []) })
    (hasTies, hasManyTies) = (rules.lanes > 0, rules.lanes > 3)
    hasIntervals = table.scored.contains { table.primary($0)?.low != nil }
    isComparable = table.scored.count > 1
    facets = table.scored.isEmpty ? nil : Facets(table)
    systems =
      table.scored.isEmpty && table.published.isEmpty
      ? nil : Systems(table, rules, hasCount: size == nil)
    costs = Self.costs(table)
    hasPairs = table.pairs != nil
    ledgerLine = context.ledger != nil ? LedgerPage.Line(table.board.ledger) : nil
    state = table.board.state?.text
    apart = Listed(table.apart.map { ApartRow($0, table) })
  }
}

extension LeaderboardPage {
  /// `83 essays by 57 persons`; nil where systems were scored on different rows.
  private static func size(_ table: BoardTable) -> String? {
    let reports = table.scored.compactMap(\.report)
    let nouns = Nouns(table.benchmark)
    guard let first = reports.first else {
      return table.benchmark.expectedRows(table.board.split).map {
        "\(FigureText.count($0)) \(nouns.rowWord)"
      }
    }
    guard reports.allSatisfy({ $0.n == first.n && $0.clusters == first.clusters }) else {
      return nil
    }
    let clusters = nouns.clusterCount(first.clusters)
    return "\(FigureText.count(first.n)) \(nouns.rowWord)\(clusters.isEmpty ? "" : " \(clusters)")"
  }

  private static func verdict(_ table: BoardTable, _ detectable: Detectable?) -> String {
    let title = table.metric.title
    if table.scored.isEmpty {
      return "No system has been scored on this split yet"
        + (table.published.isEmpty ? "." : "; the figures below are claims of papers.")
    }
    if table.board.isGuarded {
      return "The labels of this split are hidden, so one rounded figure is shown of each system; "
        + "equal figures tie."
    }
    if table.standings.isEmpty, table.scored.count > 1 {
      return "No ranks are given: the pairwise tests that they require have not been run, and "
        + "overlapping intervals do not determine the order."
    }
    let first = table.scored.filter { table.standings[$0.slug]?.lowRank == 1 }
    let lead =
      first.count == 1
      ? "\(SystemLink(first[0]).system) is the best system with "
        + "\(FigureText.percent(1 - (table.board.comparison?.level ?? 0.05))) confidence"
      : "\(FigureText.count(first.count)) of \(FigureText.counted(table.scored.count, "system")) "
        + "may be the best"
    let power = detectable.map {
      "a test of two systems detects a true difference of \($0.difference) in "
        + "\($0.detectableMetric) with \($0.power)% power, and smaller ones are often missed."
    }
    if first.isEmpty {
      return power.map(\.capitalizedFirst) ?? "No ranks are given: \(title) has no figure to rank."
    }
    return power.map { "\(lead); \($0)" } ?? "\(lead)."
  }
}
