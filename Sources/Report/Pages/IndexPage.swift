import Harness
import Metrics

/// The first page: the first board that has entries, and the other boards as cards.
struct IndexPage: Encodable, Sendable {
  /// Nil for the program's own words about empathy.
  let heading: Heading?
  let first: First?
  let boards: Listed<Card>?
  let others: Listed<Link>?

  struct Heading: Encodable, Sendable {
    let heading: String
    let paragraphs: [Paragraph]
  }

  struct Paragraph: Encodable, Sendable { let paragraph: String }

  /// The first board, as a drawing of its systems and of what papers claim.
  struct First: Encodable, Sendable {
    let boardTitle, split, boardPage, benchmarkPage, facts, caption: String
    let head: Markup
    let rows: [Row]
    let hasScored: Bool
    /// What the grey width is; nil where no claim is drawn.
    let reference: String?
    /// How many rows are left to the board's page.
    let rest: String?
    let progress: Progress?

    init(_ table: BoardTable, _ forest: ForestAxis) {
      (boardTitle, split) = (table.benchmark.title, table.board.split)
      (boardPage, benchmarkPage) = Self.pages(table)
      facts = Card.facts(table)
      head = forest.head()
      let scored = table.scored.filter { table.primary($0)?.value != nil }
      let claims = table.published.filter { table.claim($0)?.value != nil }
      let shown = scored.prefix(7) + claims.prefix(max(4, 9 - scored.count))
      rows = shown.map { Row($0, table, forest) }
      hasScored = !scored.isEmpty
      caption =
        "\(table.metric.title) of \(table.target), \(table.metric.direction)"
        + (scored.isEmpty ? "" : ", with \(table.level) intervals")
      reference = rows.contains(where: \.isClaim) ? table.referenceWords : nil
      let hidden = scored.count + claims.count - shown.count
      rest = hidden > 0 ? "\(FigureText.count(hidden)) more" : nil
      progress = ProgressChart(table).map { Progress($0, table) }
    }

    static func pages(_ table: BoardTable) -> (board: String, benchmark: String) {
      ("\(table.path)/index.html", "\(table.benchmark.id)/index.html")
    }
  }

  struct Progress: Encodable, Sendable {
    let chart: Markup
    let verdict: String?
    let records: [Record]

    struct Record: Encodable, Sendable { let day, who, value, how: String }

    init(_ progress: ProgressChart, _ table: BoardTable) {
      chart = progress.chart.drawing(
        id: "progress",
        label: "\(table.metric.title) of \(table.target) by day, with the best so far as a line")
      verdict = progress.verdict
      records = progress.chart.records.map { record in
        Record(
          day: record.place, who: record.name,
          value: FigureText.number(record.figure.value, decimals: table.decimals(table.metric)),
          how: record.isClaim ? "claimed" : "scored here")
      }
    }
  }

  /// Another board.
  struct Card: Encodable, Sendable {
    let boardTitle, split, boardPage, benchmarkPage, facts, about: String
    let leaders: Leaders?

    init(_ table: BoardTable, place: Int) {
      (boardTitle, split) = (table.benchmark.title, table.board.split)
      (boardPage, benchmarkPage) = First.pages(table)
      facts = Self.facts(table)
      about = SafeText.shortened(table.benchmark.description.replacing("`", with: ""), to: 180)
      let shown = table.scored.prefix(4).filter { table.primary($0)?.value != nil }
      let forest = table.forest(id: "grid-\(place)")
      leaders =
        shown.isEmpty
        ? nil : Leaders(head: forest.head(), rows: shown.map { Row($0, table, forest) })
    }

    /// `4 systems · 11 claims · PCC of empathy · 83 essays`.
    static func facts(_ table: BoardTable) -> String {
      var parts = [FigureText.counted(table.scored.count, "system")]
      if !table.published.isEmpty {
        parts.append(FigureText.counted(table.published.count, "claim"))
      }
      parts.append("\(table.metric.title) of \(table.target)")
      let rows =
        table.scored.lazy.compactMap { $0.report?.n }.first
        ?? table.benchmark.expectedRows(table.board.split)
      if let rows { parts.append("\(FigureText.count(rows)) \(table.benchmark.rowNoun.plural)") }
      return parts.joined(separator: " · ")
    }
  }

  struct Leaders: Encodable, Sendable {
    let head: Markup
    let rows: [Row]
  }

  /// A system or a claim on the axis of its board.
  struct Row: Encodable, Sendable {
    let system, page, value, interval, team: String
    let plot: Markup
    let isClaim: Bool

    init(_ entry: Board.Entry, _ table: BoardTable, _ forest: ForestAxis) {
      isClaim = entry.metadata.kind == .published
      let figure = (isClaim ? table.claim(entry) : table.primary(entry)) ?? ScoredFigure()
      system = SafeText.shortened(SafeText.cleaned(entry.metadata.system), to: 48)
      let name = SafeText.shortened(SafeText.cleaned(entry.metadata.team), to: 32)
      team = name == system ? "" : name
      page = "\(table.path)/\(SitePaths.system(entry.slug))"
      value = FigureText.number(figure.value, decimals: table.decimals(table.metric))
      interval = isClaim ? "claimed" : FigureText.interval(figure, decimals: 2) ?? ""
      plot = forest.row(figure, isClaim: isClaim)
    }
  }

  struct Link: Encodable, Sendable { let title, page: String }

  static func page(
    _ tables: [BoardTable], of benchmarks: [BenchmarkDefinition], text: [String],
    in context: SiteContext
  ) -> Page {
    let isOfTask = benchmarks.isEmpty || benchmarks.contains { $0.track != nil }
    let shown = Set(tables.map(\.benchmark.id))
    let others = benchmarks.filter { !shown.contains($0.id) }
    let first = tables.firstIndex { !$0.scored.isEmpty || !$0.published.isEmpty }
    let rest = tables.enumerated().filter { $0.offset != first }
    return context.page(
      .index, path: "index.html", title: context.site,
      description: text.first
        ?? (isOfTask
          ? "Leaderboards for measuring people's empathy from text, with intervals, "
            + "tests and demographic groups."
          : "Leaderboards with intervals and tests."),
      IndexPage(
        heading: text.isEmpty && isOfTask
          ? nil
          : Heading(
            heading: context.site, paragraphs: text.map { Paragraph(paragraph: $0) }),
        first: first.map { First(tables[$0], tables[$0].forest()) },
        boards: Listed(rest.map { Card($0.element, place: $0.offset) }),
        others: Listed(others.map { Link(title: $0.title, page: "\($0.id)/index.html") })))
  }
}
