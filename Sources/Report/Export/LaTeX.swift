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
    let caption =
      "\(table.benchmark.title), \(table.board.split), \(table.target); "
      + "\(table.level) intervals in brackets."
    return comment(caption) + "\n"
      + tabular(
        columns: "\(hasRanks ? "l" : "")l\(String(repeating: "r", count: metrics.count))",
        [(hasRanks ? ["Rank"] : []) + ["System"] + heads] + rows)
  }

  /// A `tabular`; its cells are LaTeX, and the first row is the header.
  static func tabular(columns: String, _ rows: [[String]]) -> String {
    var lines = rows.map { $0.joined(separator: " & ") + " \\\\" }
    lines.insert("\\midrule", at: 1)
    return
      (["\\begin{tabular}{\(columns)}", "\\toprule"] + lines
      + ["\\bottomrule", "\\end{tabular}", ""]).joined(separator: "\n")
  }

  /// `text` as comments, a line each.
  static func comment(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).map { "% \(SafeText.cleaned(String($0)))" }
      .joined(separator: "\n")
  }

  /// A table's cell: numbers as mathematics, and what is said of them as text.
  static func cell(_ cell: ResultTable.Cell) -> String {
    guard cell.isNumeric else { return text(cell.text) }
    let number = replaced(cell.shown.replacing(" ", with: "\\ ")) { $0 }
    let remark = cell.remark.isEmpty ? "" : " (\(text(cell.remark)))"
    return "$\(number)$\(remark)"
  }

  /// Text of any kind.
  static func text(_ text: String) -> String {
    replaced(escaped(text)) { "$\($0)$" }.replacing("–", with: "--")
  }

  /// Characters that TeX's usual fonts have in mathematics alone.
  private static let symbols = ["±": "\\pm", "−": "-", "≥": "\\geq", "≤": "\\leq"]

  private static func replaced(_ text: String, _ command: (String) -> String) -> String {
    symbols.reduce(text) { text, symbol in text.replacing(symbol.key, with: command(symbol.value)) }
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
