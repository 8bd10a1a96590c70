import Harness
import Metrics

/// The ranked systems of a board, and the pairs of those that stand near each other: made once for
/// all pages of a board.
struct RankOrder: Sendable {
  let table: BoardTable
  /// With a value of the primary metric, best first.
  private let ranked: [Board.Entry]
  private let places: [String: Int]
  /// By the two places, the smaller first.
  private let pairs: [[Int]: BoardComparison.Pair]

  /// A page shows as many systems above its own, and as many below.
  private static let reach = 2
  /// A page offers as many systems to compare with.
  private static let offered = 40
  /// The first systems have a picture of their own: each takes a program's start to draw.
  static let pictured = 25

  init(_ table: BoardTable) {
    self.table = table
    let ranked = table.scored.filter { table.primary($0)?.value != nil }
    let places = Dictionary(
      ranked.enumerated().map { ($1.slug, $0) }, uniquingKeysWith: { first, _ in first })
    (self.ranked, self.places) = (ranked, places)
    pairs = (table.pairs?.pairs ?? []).reduce(into: [:]) { near, pair in
      guard let first = places[pair.first], let second = places[pair.second],
        (first - second).magnitude <= Self.reach
      else { return }
      near[[min(first, second), max(first, second)]] = first < second ? pair : pair.turned
    }
  }

  /// Those that have a picture of their own.
  var picturedEntries: [Board.Entry] { Array(ranked.prefix(Self.pictured)) }

  /// The picture beside a link to `entry`'s page, relative to the board's folder.
  func preview(of entry: Board.Entry) -> String {
    (places[entry.slug] ?? Self.pictured) < Self.pictured
      ? SitePaths.preview(entry.slug) : SitePaths.preview
  }

  /// What stands next to `entry`; nil where it has no place or is alone.
  func neighbours(of entry: Board.Entry) -> Neighbours? {
    guard let place = places[entry.slug], ranked.count > 1 else { return nil }
    let near = max(0, place - Self.reach)...min(ranked.count - 1, place + Self.reach)
    let found = near.map { (place: $0, pair: pair(of: place, and: $0)) }
    let differences = found.compactMap(\.pair?.figure)
    let whisker = Whisker(fitting: differences, and: [0], width: 200)
    let others = ranked.enumerated().filter { $0.offset != place }
    let offered = others.filter { $0.offset < Self.offered || near.contains($0.offset) }
    return Neighbours(
      neighbourMetric: "\(table.metric.title) for \(table.target)",
      tests: differences.isEmpty
        ? nil
        : Neighbours.Tests(
          scale: whisker.scale(), adjustmentWords: table.pairs?.adjustment ?? "",
          testLevel: table.pairs.map { FigureText.number($0.level, decimals: 2) } ?? ""),
      untested: !differences.isEmpty
        ? nil
        : table.board.isGuarded
          ? "The values as they are released. Where labels are hidden there is no test of two "
            + "systems: it would tell more of the labels than the values do."
          : "The pairs of this board have not been tested.",
      rows: found.map { near, pair in
        Neighbours.Row(
          ranked[near], table, isSelf: near == place, pair: pair, whisker: whisker,
          hasTests: !differences.isEmpty)
      },
      offered: Listed(
        offered.map { _, other in
          Named(
            name: "\(entry.slug),\(other.slug)",
            text: SafeText.shortened(SafeText.cleaned(other.metadata.system), to: 60))
        }))
  }

  /// The system at `place` less the one at `other`; nil where the two were not tested.
  private func pair(of place: Int, and other: Int) -> BoardComparison.Pair? {
    let pair = pairs[[min(place, other), max(place, other)]]
    return place < other ? pair : pair?.turned
  }
}

/// The systems next to one in rank and, where the board has tests, what it differs from them by.
struct Neighbours: Encodable, Sendable {
  let neighbourMetric: String
  let tests: Tests?
  /// Why there are none.
  let untested: String?
  let rows: [Row]
  /// What to compare with: the two slugs, as the board's address has them.
  let offered: Listed<Named>?

  struct Tests: Encodable, Sendable {
    let scale: Markup
    let adjustmentWords, testLevel: String
  }

  struct Row: Encodable, Sendable {
    let page, system, team, neighbourRank, neighbourValue: String
    let isSelf: Bool
    /// Nil where the board has no tests; of the system itself all is empty.
    let against: Against?

    init(
      _ entry: Board.Entry, _ table: BoardTable, isSelf: Bool, pair: BoardComparison.Pair?,
      whisker: Whisker, hasTests: Bool
    ) {
      let link = SystemLink(entry)
      (page, system, team) = ("../\(link.page)", link.system, link.team)
      self.isSelf = isSelf
      neighbourRank = table.standings[entry.slug]?.rankText ?? FigureText.absent
      neighbourValue = FigureText.number(
        table.primary(entry)?.value, decimals: table.decimals(table.metric))
      against = hasTests ? Against(pair, table, whisker, isSelf: isSelf) : nil
    }
  }

  struct Against: Encodable, Sendable {
    let difference, differenceInterval, adjusted, verdict: String
    let chart: Markup

    init(_ pair: BoardComparison.Pair?, _ table: BoardTable, _ whisker: Whisker, isSelf: Bool) {
      guard let pair, let figure = pair.figure else {
        (difference, differenceInterval, adjusted) = ("", "", "")
        verdict = isSelf ? "this system" : pair?.undefined ?? "not tested"
        chart = ""
        return
      }
      let decimals = table.decimals(table.metric)
      difference = FigureText.number(figure.value, decimals: decimals)
      differenceInterval = FigureText.interval(figure, decimals: decimals) ?? ""
      adjusted = FigureText.probability(pair.adjusted)
      var drawn = whisker
      drawn.reference = 0
      chart = drawn.drawing(figure)
      verdict = pair.verdict(table.metric, level: table.pairs?.level ?? 0).words
    }
  }
}

extension BoardComparison.Pair {
  /// The second against the first.
  var turned: BoardComparison.Pair {
    var turned = self
    (turned.first, turned.second) = (second, first)
    turned.difference = difference.map { 0 - $0 }
    (turned.low, turned.high) = (high.map { 0 - $0 }, low.map { 0 - $0 })
    return turned
  }

  /// The difference and its interval; nil where it is undefined.
  var figure: ScoredFigure? {
    difference.map { ScoredFigure(value: $0, low: low, high: high) }
  }

  /// What the tests over all pairs say of the first system, in words that mention the pair's own interval
  /// where it seems to say otherwise.
  func verdict(
    _ metric: Metric, level: Double
  ) -> (isSignificant: Bool, isBetter: Bool, words: String) {
    let isSignificant = adjusted.map { $0 <= level } ?? false
    let isBetter = ((difference ?? 0) > 0) == metric.higherIsBetter
    let excludesZero = low.flatMap { low in high.map { low > 0 || $0 < 0 } }
    let name = isSignificant ? isBetter ? "better" : "worse" : "no significant difference"
    let words =
      switch (isSignificant, excludesZero) {
      case (true, false): "\(name) by the test, though this pair’s own interval includes 0"
      case (false, true): "\(name) among all pairs, though this pair’s own interval excludes 0"
      default: name
      }
    return (isSignificant, isBetter, words)
  }
}
