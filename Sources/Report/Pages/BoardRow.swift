import Basics
import Harness
import Metrics

/// A column of a board beside the primary metric.
struct BoardColumn: Encodable, Sendable {
  /// What the address calls it.
  let key: String
  /// `c1` and so on: its place, by which the stylesheet hides it.
  let place: String
  /// Its place, and `x` where it is hidden until it is asked for.
  let look: String
  let short, long, first: String
  /// Another target than the primary one.
  let otherName: String?
  /// A column with the figure that it shows.
  typealias Shown = (column: BoardColumn, metric: Metric, target: String)

  /// How many of the primary target's metrics are shown without being asked for.
  private static let usual = 2

  /// `CCC` or `PCC distress`.
  var label: String { otherName.map { "\(short) \($0)" } ?? short }

  static func all(_ table: BoardTable) -> [Shown] {
    let own = table.metrics.filter { $0 != table.metric }.map { ($0, table.target) }
    let others = table.otherTargets.map { (table.metric, $0.name) }
    return (own + others).enumerated().map { place, column in
      let (metric, target) = column
      let isExtra = place < own.count ? place >= usual : place > own.count
      let shown = Self(
        key: key(metric, target), place: "c\(place + 1)",
        look: "c\(place + 1)\(isExtra ? " x" : "")", short: metric.title,
        long: "\(metric.longTitle), \(target), \(metric.direction)", first: first(metric),
        otherName: target == table.target ? nil : target)
      return (shown, metric, target)
    }
  }

  static func key(_ metric: Metric, _ target: String) -> String { "\(target)-\(metric.id)" }

  static func first(_ metric: Metric) -> String {
    metric.higherIsBetter ? "descending" : "ascending"
  }
}

/// One row of a board: a system that was scored, or what a paper claims.
struct BoardRow: Encodable, Sendable {
  let link: SystemLink
  /// What the search field looks in.
  let search: String
  let kind, labels, year: String
  /// Models that it is built on, and the one whose labels it uses; nil where it names none.
  let base, llm: String?
  let badges: [Badges.Badge]
  let links: Listed<Resource>?
  let plot: Markup
  let main: Main?
  /// Why there is no primary figure.
  let undefined: String?
  let mainKey, hint: String
  let cells: [Cell]
  let day: String?

  /// Code, paper or model, with a name for a screen reader.
  struct Resource: Encodable, Sendable { let address, what: String }

  struct Main: Encodable, Sendable {
    let value, interval: String
  }

  struct Cell: Encodable, Sendable {
    /// The column's look and name, its key for sorting, and more about the figure.
    let look, label, sortKey, hint, text: String
    /// Whether `text` is a reason and not a figure.
    let isReason: Bool

    init(_ figure: ScoredFigure?, _ shown: BoardColumn.Shown, _ table: BoardTable) {
      (look, label) = (shown.column.look, shown.column.label)
      sortKey = FigureText.sortKey(figure?.value)
      if let figure, figure.value != nil {
        let decimals = table.decimals(shown.metric)
        text = FigureText.number(figure.value, decimals: decimals)
        isReason = false
        hint =
          FigureText.interval(figure, decimals: decimals).map { "\(table.level) interval \($0)" }
          ?? "No interval is computed for it"
      } else {
        let reason = figure == nil ? "not attempted" : figure?.undefined ?? "no figure"
        (text, isReason, hint) = (FigureText.absent, true, "Undefined: \(reason)")
      }
    }

    /// A figure that a paper claims, or that it does not give.
    init(claim: Double?, _ shown: BoardColumn.Shown) {
      (look, label) = (shown.column.look, shown.column.label)
      (sortKey, isReason) = (FigureText.sortKey(claim), false)
      text = FigureText.number(claim, decimals: shown.metric.decimals)
      hint = claim == nil ? "Not claimed" : "Claimed, not scored here"
    }
  }

  /// The row of `entry`, with what it claims where it is a published one.
  init(
    _ entry: Board.Entry, _ table: BoardTable, _ columns: [BoardColumn.Shown],
    _ forest: ForestAxis
  ) {
    let metadata = entry.metadata
    let isClaim = metadata.kind == .published
    link = SystemLink(entry)
    let names = "\(metadata.system) \(metadata.team) \(entry.slug)"
    search = SafeText.shortened(SafeText.cleaned(names), to: 300).lowercased()
    (kind, labels) = (metadata.kind.rawValue, isClaim ? "" : Badges.labelWords(metadata))
    let models = Self.bases(entry).map(\.name)
    base = models.isEmpty ? nil : models.joined(separator: " ")
    llm = Self.llm(entry)?.name
    day = SafeText.day(metadata.submitted)
    year = day.map { String($0.prefix(4)) } ?? ""
    // Everything above the claims was scored here, and everything among them was not.
    badges = Badges.all(entry, targets: table.benchmark.targets).filter {
      $0.badge != "scored here"
    }
    let addresses = [
      ("code", metadata.codeURL), ("paper", metadata.paperURL), ("model", metadata.modelURL),
    ]
    links = Listed(
      addresses.compactMap { what, address in
        SafeText.link(address).map { Resource(address: $0, what: what) }
      })
    let figure = isClaim ? table.claim(entry) : table.primary(entry)
    let decimals = isClaim ? table.metric.decimals : table.decimals(table.metric)
    plot = forest.row(figure, isClaim: isClaim)
    mainKey = FigureText.sortKey(figure?.value)
    let interval = figure.flatMap { FigureText.interval($0, decimals: decimals) }
    let value = figure?.value.map { FigureText.number($0, decimals: decimals) }
    if let value {
      main = Main(value: value, interval: isClaim ? Self.width(figure) : interval ?? "")
      undefined = nil
      hint =
        isClaim
        ? "Claimed, not scored here; the width is that of an interval at this size"
        : interval.map { "\(table.level) interval \($0)" } ?? "No interval is computed for it"
    } else {
      let reason =
        isClaim
        ? "not claimed" : figure == nil ? "not attempted" : figure?.undefined ?? "no figure"
      (main, undefined, hint) = (nil, reason, "Undefined: \(reason)")
    }
    cells = columns.map { column in
      isClaim
        ? Cell(claim: metadata.claimed?[column.target]?[column.metric.id], column)
        : Cell(BoardTable.figure(entry, column.metric, column.target), column, table)
    }
  }

  /// `±0.16`, half of the reference interval.
  private static func width(_ figure: ScoredFigure?) -> String {
    guard let low = figure?.low, let high = figure?.high else { return "" }
    return "±\(FigureText.number((high - low) / 2, decimals: 2)) at this size"
  }

  /// The models that a system is built on, as the filter names them and as it shows them.
  static func bases(_ entry: Board.Entry) -> [Named] {
    (entry.metadata.baseModels ?? []).compactMap { model($0.name) }
  }

  /// The large language model whose labels a system uses.
  static func llm(_ entry: Board.Entry) -> Named? {
    entry.metadata.llmLabels.flatMap { model($0.model) }
  }

  private static func model(_ name: String) -> Named? {
    let slug = Slug.make(name)
    return slug.isEmpty
      ? nil : Named(name: slug, text: SafeText.shortened(SafeText.cleaned(name), to: 50))
  }
}

extension LeaderboardPage.Systems {
  /// - Parameter hasCount: whether systems differ in how many rows they were scored on.
  init(_ table: BoardTable, _ rules: TieRules, hasCount: Bool) {
    let (columns, forest) = (BoardColumn.all(table), table.forest())
    mainKey = BoardColumn.key(table.metric, table.target)
    first = BoardColumn.first(table.metric)
    mainLong = "\(table.metric.longTitle), \(table.target), \(table.metric.direction)"
    head = forest.head()
    self.hasCount = hasCount
    self.columns = columns.map(\.column)
    rows = table.scored.map { entry in
      let standing = table.standings[entry.slug]
      let letters = standing?.tieGroups ?? []
      return LeaderboardPage.ScoredRow(
        slug: entry.slug, row: BoardRow(entry, table, columns, forest),
        rank: standing.map { .init($0, of: table.standings.count) },
        tie: rules.drawing(entry.slug).map { .init(rules: $0) },
        letters: letters.isEmpty ? nil : letters.joined(separator: " "),
        count: hasCount ? .init(entry.report) : nil)
    }
    claims =
      table.published.isEmpty
      ? nil
      : LeaderboardPage.Claims(
        claimRows: table.published.map { BoardRow($0, table, columns, forest) },
        reference: table.referenceWords)
  }
}
