import Basics
import Harness
import Metrics

/// `leaderboard.tex` and `leaderboard.bib`: a board for a paper.
enum LaTeX {
  /// A `tabular` of the scored rows; it needs the package booktabs.
  static func table(_ table: BoardTable) -> String {
    let hasRanks = !table.standings.isEmpty
    let metrics = table.metrics.filter { [.pcc, .ccc, .rmse].contains($0) || $0 == table.metric }
    let heads = metrics.map { "\($0.title) $\\\($0.higherIsBetter ? "uparrow" : "downarrow")$" }
    let rows = table.scored.map { entry in
      let rank = table.standings[entry.slug]?.rankText.replacing("–", with: "--") ?? "--"
      return (hasRanks ? [rank] : [])
        + [escaped(SafeText.shortened(SafeText.cleaned(entry.metadata.system), to: 80))]
        + metrics.map { cell(BoardTable.figure(entry, $0, table.target)) }
    }
    return tabular(
      "\(escaped(table.benchmark.title)), \(escaped(table.board.split)), \(table.target); "
        + "\(escaped(table.level)) intervals in brackets.",
      columns: "\(hasRanks ? "l" : "")l\(String(repeating: "r", count: metrics.count))",
      [(hasRanks ? ["Rank"] : []) + ["System"] + heads] + rows)
  }

  /// A `tabular` under a comment; its cells are LaTeX, and the first row is the header.
  static func tabular(_ comment: String, columns: String, _ rows: [[String]]) -> String {
    var lines = rows.map { $0.joined(separator: " & ") + " \\\\" }
    lines.insert("\\midrule", at: 1)
    return
      (["% \(comment)", "\\begin{tabular}{\(columns)}", "\\toprule"] + lines
      + ["\\bottomrule", "\\end{tabular}", ""]).joined(separator: "\n")
  }

  /// The BibTeX records that teams gave, one after the other.
  static func bibliography(_ table: BoardTable) -> String {
    let records = (table.scored + table.published).compactMap(\.metadata.bibtex)
      .map { Metadata.lines($0).map(SafeText.cleaned).joined(separator: "\n") }
    let head = "% BibTeX records as the teams of this leaderboard gave them.\n"
    return head + records.unique().map { "\n\($0)\n" }.joined()
  }

  private static func cell(_ figure: ScoredFigure?) -> String {
    guard let figure, let value = figure.value else { return "--" }
    let text = Rounding.text(value, decimals: 3)
    guard let low = figure.low, let high = figure.high else { return "$\(text)$" }
    return "$\(text)$ {\\scriptsize $[\(Rounding.text(low, decimals: 2)), "
      + "\(Rounding.text(high, decimals: 2))]$}"
  }

  private static let escapes: [Character: String] = [
    "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
    "<": "\\textless{}", ">": "\\textgreater{}",
  ]

  /// `text` with the characters that mean something to TeX made literal.
  static func escaped(_ text: String) -> String {
    SafeText.cleaned(text).map { character in
      escapes[character] ?? ("&%$#_{}".contains(character) ? "\\\(character)" : "\(character)")
    }.joined()
  }
}
