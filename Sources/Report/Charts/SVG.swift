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

  private let margin = 5.0

  /// The drawing; empty where `figure` has no value.
  func drawing(_ figure: ScoredFigure) -> Markup {
    guard let value = figure.value else { return "" }
    var parts = ""
    if let reference { parts += #"<path class="ref" d="M\#(SVG.number(place(reference))) 0V16"/>"# }
    if let low = figure.low, let high = figure.high {
      let (a, b) = (SVG.number(place(low)), SVG.number(place(high)))
      parts += #"<path class="iv" d="M\#(a) 8H\#(b)M\#(a) 5v6M\#(b) 5v6"/>"#
    }
    parts += #"<circle class="pt" cx="\#(SVG.number(place(value)))" cy="8" r="3.5"/>"#
    return frame(parts)
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
