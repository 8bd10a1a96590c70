import Basics
import Harness
import Metrics

/// `leaderboard.tex` and `leaderboard.bib`: a board for a paper.
enum LaTeX {
  /// A `tabular` of the scored rows; it needs the package booktabs.
  static func table(_ table: BoardTable) -> String {
    let hasRanks = !table.standings.isEmpty
    let metrics = table.metrics.filter { [.pcc, .ccc, .rmse].contains($0) || $0 == table.metric }
    var lines = [
      "% \(escaped(table.benchmark.title)), \(escaped(table.board.split)), "
        + "\(table.target); \(escaped(table.level)) intervals in brackets.",
      "\\begin{tabular}{\(hasRanks ? "l" : "")l\(String(repeating: "r", count: metrics.count))}",
      "\\toprule",
    ]
    let heads = metrics.map { "\($0.title) $\\\($0.higherIsBetter ? "uparrow" : "downarrow")$" }
    let names = (hasRanks ? ["Rank"] : []) + ["System"] + heads
    lines += [names.joined(separator: " & ") + " \\\\", "\\midrule"]
    for entry in table.scored {
      var cells: [String] = []
      if hasRanks {
        cells.append(table.standings[entry.slug]?.rankText.replacing("–", with: "--") ?? "--")
      }
      cells.append(escaped(SafeText.shortened(SafeText.cleaned(entry.metadata.system), to: 80)))
      cells += metrics.map { cell(BoardTable.figure(entry, $0, table.target)) }
      lines.append(cells.joined(separator: " & ") + " \\\\")
    }
    lines += ["\\bottomrule", "\\end{tabular}", ""]
    return lines.joined(separator: "\n")
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

  /// `text` with the ten characters that mean something to TeX made literal.
  static func escaped(_ text: String) -> String {
    var out = ""
    for character in SafeText.cleaned(text) {
      switch character {
      case "\\": out += "\\textbackslash{}"
      case "~": out += "\\textasciitilde{}"
      case "^": out += "\\textasciicircum{}"
      case "&", "%", "$", "#", "_", "{", "}": out += "\\\(character)"
      case "<": out += "\\textless{}"
      case ">": out += "\\textgreater{}"
      default: out.append(character)
      }
    }
    return out
  }
}
