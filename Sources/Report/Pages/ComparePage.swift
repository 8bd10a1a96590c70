import Basics
import Harness
import Metrics

/// The pairwise matrix of a board: differences and adjusted p-values as a table on a diverging
/// palette, with a sign in each cell for the direction, so that nothing rests on colour.
struct ComparePage: Encodable, Sendable {
  let boardName, metricName, metricShort, targetName, direction, testWords, intervalWords: String
  let adjustmentWords, familyWords, testLevel: String
  /// A tenth of the level, from which on cells are dark.
  let strongLevel: String
  /// How many of how many systems are shown; nil where all are.
  let cut: Cut?
  let matrix: Matrix?
  let signature: String?

  struct Cut: Encodable, Sendable { let shownCount, allCount: String }

  struct Matrix: Encodable, Sendable {
    /// Whether cells hold their sign alone, so that forty systems fit a laptop.
    let isDense: Bool
    let heads: [Named]
    let rows: [Row]

    init(_ shown: [Board.Entry], _ table: BoardTable, _ comparison: BoardComparison) {
      var pairs: [[String]: BoardComparison.Pair] = [:]
      for pair in comparison.pairs {
        pairs[[pair.first, pair.second]] = pair
        pairs[[pair.second, pair.first]] = pair.turned
      }
      isDense = shown.count > Self.roomy
      let names = shown.map { SafeText.shortened($0.metadata.system, to: 60) }
      heads = names.enumerated().map { Named(name: "\($0 + 1)", text: $1) }
      rows = shown.enumerated().map { place, entry in
        Row(
          place: "\(place + 1)", page: SitePaths.system(entry.slug), system: names[place],
          cells: shown.map { other in
            entry.slug == other.slug
              ? Cell(shade: "self", sign: "", words: "the system itself")
              : Cell(pairs[[entry.slug, other.slug]], table, level: comparison.level)
          })
      }
    }

    /// Up to so many systems a cell has room for its difference.
    private static let roomy = 12
  }

  struct Row: Encodable, Sendable {
    let place, page, system: String
    let cells: [Cell]
  }

  struct Cell: Encodable, Sendable {
    var shade, sign, words: String
    var difference: String?
  }

  /// Systems beyond this place are left to the documents: the matrix would not be read.
  static let limit = 40

  static func page(
    _ table: BoardTable, _ comparison: BoardComparison, in context: SiteContext
  ) -> Page {
    context.page(
      .compare, path: "\(table.path)/compare.html", title: "All pairs on \(table.name)",
      description: "Pairwise differences in \(table.metric.longTitle) with adjusted p-values on "
        + "\(table.name).",
      preview: "\(table.path)/\(SitePaths.preview)", ComparePage(table, comparison))
  }

  private init(_ table: BoardTable, _ comparison: BoardComparison) {
    let all = table.scored.filter { table.primary($0)?.value != nil }
    let shown = Array(all.prefix(Self.limit))
    (boardName, metricName, metricShort) = (table.name, table.metric.longTitle, table.metric.title)
    (targetName, direction) = (table.target, table.metric.direction)
    (testWords, intervalWords) = (comparison.test, comparison.interval)
    (adjustmentWords, familyWords) = (comparison.adjustment, comparison.family)
    testLevel = Rounding.text(comparison.level, decimals: 2)
    strongLevel = Rounding.text(comparison.level / 10, decimals: 3)
    cut =
      all.count > shown.count ? Cut(shownCount: "\(shown.count)", allCount: "\(all.count)") : nil
    matrix = shown.count > 1 ? Matrix(shown, table, comparison) : nil
    signature = comparison.signature
  }
}

extension ComparePage.Cell {
  fileprivate init(_ pair: BoardComparison.Pair?, _ table: BoardTable, level: Double) {
    guard let pair, let difference = pair.difference else {
      self.init(
        shade: "none", sign: "·", words: pair.map { $0.undefined ?? "undefined" } ?? "not tested")
      return
    }
    let verdict = pair.verdict(table.metric, level: level)
    let isStrong = pair.adjusted.map { $0 < level / 10 } ?? false
    let (isTold, isBetter) = (verdict.isSignificant, verdict.isBetter)
    let figure = ScoredFigure(value: difference, low: pair.low, high: pair.high)
    self.init(
      shade: !isTold ? "eq" : "\(isBetter ? "up" : "down")\(isStrong ? "2" : "1")",
      sign: !isTold ? "=" : isBetter ? "▲" : "▼",
      words: "\(verdict.words): difference "
        + "\(FigureText.bounded(figure, decimals: table.decimals(table.metric))), "
        + "adjusted p \(FigureText.probability(pair.adjusted))",
      difference: FigureText.number(difference, decimals: 2))
  }
}
