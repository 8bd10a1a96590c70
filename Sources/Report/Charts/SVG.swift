import Basics
import Harness

/// Pieces of SVG.
enum SVG {
  /// `value` with at most one decimal, so that drawings are small and the same everywhere.
  static func number(_ value: Double) -> String {
    let text = Rounding.text(value, decimals: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// A `text` element with further `attributes`; `words` are escaped here.
  static func text(_ words: String, _ x: Double, _ y: Double, _ attributes: String = "") -> String {
    let space = attributes.isEmpty ? "" : " "
    return #"<text x="\#(number(x))" y="\#(number(y))"\#(space)\#(attributes)>"#
      + "\(Escaping.markup(words))</text>"
  }
}

/// Markup that Report itself has made; a template shows it with three braces.
package struct Markup: Encodable, Sendable, ExpressibleByStringInterpolation {
  let text: String

  init(_ text: String) { self.text = text }
  package init(stringLiteral text: String) { self.text = text }

  /// Words of others or of a definition: escaped, and what stands between two backticks as code.
  init(prose: String) {
    let parts = SafeText.cleaned(prose).split(separator: "`", omittingEmptySubsequences: false)
    text = parts.enumerated().map { place, part in
      let words = Escaping.markup(String(part))
      if place % 2 == 0 { return words }
      // The last of an odd number of backticks opens nothing.
      return place == parts.count - 1 ? "&#96;\(words)" : "<code>\(words)</code>"
    }.joined()
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// A value as a dot and its interval as a line, small enough for a table's cell; hidden from a
/// screen reader, since it repeats the figures beside it.
struct Whisker {
  let axis: ClosedRange<Double>
  var width = 120.0
  /// A value to compare with, drawn as a thin line over the whole height.
  var reference: Double?
  /// Values with a faint line over the whole height.
  var ticks: [Double] = []

  private let margin = 5.0

  /// The drawing; empty where `figure` has no value.
  func drawing(_ figure: ScoredFigure) -> Markup {
    guard let value = figure.value else { return "" }
    var parts = grid()
    if let reference { parts += #"<path class="ref" d="M\#(SVG.number(place(reference))) 0V16"/>"# }
    if let low = figure.low, let high = figure.high {
      let (a, b) = (SVG.number(place(low)), SVG.number(place(high)))
      parts += #"<path class="iv" d="M\#(a) 8H\#(b)M\#(a) 5v6M\#(b) 5v6"/>"#
    }
    parts += #"<circle class="pt" cx="\#(SVG.number(place(value)))" cy="8" r="3.5"/>"#
    return frame(parts)
  }

  /// The axis: a line and a label at each of ``ticks``.
  func scale() -> Markup {
    let labels = ticks.map { value in
      let text = Ticks.text(value, in: axis.upperBound - axis.lowerBound)
      return SVG.text(
        text.replacing("-", with: "−"), place(value), 11, #"text-anchor="middle""#)
    }
    return frame(labels.joined())
  }

  private func grid() -> String {
    guard !ticks.isEmpty else { return "" }
    let lines = ticks.map { "M\(SVG.number(place($0))) 0V16" }.joined()
    return #"<path class="tk" d="\#(lines)"/>"#
  }

  /// A hatched band: there is a group here, and it has no figure.
  func hatched() -> Markup {
    let strokes = stride(from: margin, to: width - margin, by: 6)
      .map { "M\(SVG.number($0)) 13l8-10" }.joined()
    return frame(#"<path class="hatch" d="\#(strokes)"/>"#)
  }

  /// Where `value` falls, in the drawing's units; a value beyond the axis stands at its end.
  func place(_ value: Double) -> Double {
    let held = min(max(value, axis.lowerBound), axis.upperBound)
    let share = (held - axis.lowerBound) / (axis.upperBound - axis.lowerBound)
    return margin + share * (width - 2 * margin)
  }

  private func frame(_ parts: String) -> Markup {
    let width = SVG.number(width)
    return Markup(
      #"<svg class="wk" viewBox="0 0 \#(width) 16" width="\#(width)" height="16" "#
        + #"aria-hidden="true">\#(parts)</svg>"#)
  }
}

extension Whisker {
  /// With the least axis between two round values that holds all of `figures` and `others`, and a
  /// tick at each round value of it.
  init(fitting figures: [ScoredFigure], and others: [Double] = [], width: Double) {
    let ends = figures.flatMap { [$0.value, $0.low, $0.high].compactMap(\.self) } + others
    var (low, high) = (ends.filter(\.isFinite).min() ?? 0, ends.filter(\.isFinite).max() ?? 1)
    if high - low < 1e-9 { (low, high) = (low - 0.05, high + 0.05) }
    let step = Ticks.step(high - low)
    low = (low / step + 1e-9).rounded(.down) * step
    high = (high / step - 1e-9).rounded(.up) * step
    self.init(axis: low...high, width: width, ticks: Ticks.round(low, high))
  }
}

/// Counts in bins of equal width as bars.
struct Histogram {
  let counts: [Int]
  let low, high: Double

  /// Each bin's ends in words, and its count.
  var bins: [(name: String, count: Int)] {
    let width = (high - low) / Double(max(counts.count, 1))
    return counts.enumerated().map { place, count in
      let from = Rounding.text(low + Double(place) * width, decimals: 1)
      let to = Rounding.text(low + Double(place + 1) * width, decimals: 1)
      return ("\(from) to \(to)", count)
    }
  }

  /// The drawing, with `label` and the largest count as its text alternative; `id` is unique on
  /// its page.
  func drawing(id: String, label: String) -> Markup {
    let (width, height) = (320.0, 120.0)
    let most = Double(max(counts.max() ?? 1, 1))
    let step = width / Double(max(counts.count, 1))
    let bars = counts.enumerated().map { place, count in
      let tall = height * Double(count) / most
      return #"<rect class="col" x="\#(SVG.number(Double(place) * step + 1))" "#
        + #"y="\#(SVG.number(8 + height - tall))" width="\#(SVG.number(step - 2))" "#
        + #"height="\#(SVG.number(tall))"/>"#
    }
    let title = Escaping.markup(
      "\(label): \(counts.reduce(0, +)) in \(counts.count) bins, at most \(counts.max() ?? 0)")
    return Markup(
      #"<svg class="hist" viewBox="0 0 320 148" role="img" aria-labelledby="\#(id)">"#
        + #"<title id="\#(id)">\#(title)</title>\#(bars.joined())"#
        + #"<path class="axis" d="M0 128.5H320"/>"#
        + #"<text class="tick" x="1" y="143">\#(SVG.number(low))</text>"#
        + #"<text class="tick" x="319" y="143" text-anchor="end">\#(SVG.number(high))</text></svg>"#
    )
  }
}
