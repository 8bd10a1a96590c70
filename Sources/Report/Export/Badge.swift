import Harness
import Metrics

/// A small picture of a score for a README: what it says is its text alternative too.
enum Badge {
  /// For example `PCC 0.61 [0.48, 0.72] on NewsEmp24`.
  static func words(_ entry: Board.Entry, _ table: BoardTable) -> (figure: String, on: String) {
    let figure = table.primary(entry) ?? ScoredFigure()
    let interval = FigureText.interval(figure, decimals: 2).map { " \($0)" } ?? ""
    let value =
      figure.value == nil ? "undefined" : FigureText.number(figure.value, decimals: 2) + interval
    let on = SafeText.shortened(SafeText.cleaned(table.benchmark.title), to: 40)
    return ("\(table.metric.title) \(value)", on)
  }

  static func svg(_ entry: Board.Entry, _ table: BoardTable) -> String {
    let (figure, on) = words(entry, table)
    // Widths are set, not measured: `textLength` makes the letters fit whatever the font is.
    let left = 14 + 6.6 * Double(on.count)
    let right = 14 + 6.6 * Double(figure.count)
    let full = SVG.number(left + right)
    let label = Escaping.markup("\(figure) on \(on)")
    let texts = [(on, 0, left), (figure, left, right)].map { text, start, width in
      #"<text x="\#(SVG.number(start + width / 2))" y="14" textLength="\#(SVG.number(width - 14))" "#
        + #"lengthAdjust="spacingAndGlyphs">\#(Escaping.markup(text))</text>"#
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(full)" height="20" \
      viewBox="0 0 \(full) 20" role="img" aria-label="\(label)">
      <title>\(label)</title>
      <rect width="\(full)" height="20" rx="4" fill="#005a8f"/>
      <path d="M4 0H\(SVG.number(left))V20H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4z" fill="#2b3a45"/>
      <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" \
      font-size="11">\(texts.joined())</g>
      </svg>

      """
  }
}
