import Harness
import Metrics

/// The first page: every board with its leading systems.
struct IndexPage: Encodable, Sendable {
  /// Nil for the program's own words about empathy.
  let heading: Heading?
  let boards: Listed<Card>?
  let others: Listed<Link>?

  struct Heading: Encodable, Sendable {
    let heading: String
    let paragraphs: [Paragraph]
  }

  struct Paragraph: Encodable, Sendable { let paragraph: String }

  struct Card: Encodable, Sendable {
    let boardTitle, split, boardPage, benchmarkPage, systemCount: String
    let publishedCount: String?
    let metricLine, about, level: String
    let leaders: Listed<Leader>?
    let axisLow, axisHigh: String

    init(_ table: BoardTable) {
      let leaders = table.scored.prefix(5).filter { table.primary($0)?.value != nil }
      (boardTitle, split, level) = (table.benchmark.title, table.board.split, table.level)
      boardPage = "\(table.path)/index.html"
      benchmarkPage = "\(table.benchmark.id)/index.html"
      systemCount = FigureText.counted(table.scored.count, "system")
      publishedCount =
        table.published.isEmpty
        ? nil : FigureText.counted(table.published.count, "published figure")
      metricLine = "\(table.metric.title) for \(table.target), \(table.metric.direction)"
      about = SafeText.shortened(table.benchmark.description, to: 220)
      self.leaders = Listed(leaders.map { Leader($0, table) })
      (axisLow, axisHigh) = FigureText.ends(table.axis)
    }
  }

  struct Leader: Encodable, Sendable {
    let system, page, value, interval: String
    let whisker: Markup

    init(_ entry: Board.Entry, _ table: BoardTable) {
      let figure = table.primary(entry) ?? ScoredFigure()
      system = SafeText.shortened(SafeText.cleaned(entry.metadata.system), to: 48)
      page = "\(table.path)/\(SitePaths.system(entry.slug))"
      value = FigureText.number(figure.value, decimals: table.decimals(table.metric))
      interval = FigureText.interval(figure, decimals: 2) ?? ""
      whisker = table.whisker(figure)
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
        boards: Listed(tables.map(Card.init)),
        others: Listed(others.map { Link(title: $0.title, page: "\($0.id)/index.html") })))
  }
}
