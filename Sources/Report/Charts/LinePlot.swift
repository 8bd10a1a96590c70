import Basics
import Harness
import Study

/// Series over one variable as lines with markers, or over categories as groups of bars; shape and
/// dash, or the order in a group, tell them apart, not colour alone.
struct LinePlot {
  let sweep: Sweep

  /// Small enough that several stand beside each other, their letters as large as a page's notes.
  private let width = 400.0
  private let height = 240.0
  private let left = 52.0
  private let bottom = 40.0
  private let top = 12.0

  /// The drawing; `id` is unique on its page. Empty where no point is finite.
  func drawing(id: String) -> Markup {
    let points = sweep.series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    guard var x0 = points.map(\.x).min(), var x1 = points.map(\.x).max() else { return "" }
    if sweep.categories != nil { (x0, x1) = (x0 - 0.5, x1 + 0.5) }
    let ys = points.flatMap { [$0.y, $0.low ?? $0.y, $0.high ?? $0.y] }.filter(\.isFinite)
    let least = ((ys.min() ?? 0) * 20).rounded(.down) / 20
    let y0 = sweep.categories == nil ? least : min(0, least)
    let y1 = max(((ys.max() ?? 1) * 20).rounded(.up) / 20, y0 + 0.05)
    let place = { (x: Double, y: Double) -> (Double, Double) in
      let across = x1 > x0 ? (x - x0) / (x1 - x0) : 0.5
      let down = (1 - (y - y0) / (y1 - y0)) * (height - top - bottom)
      return (left + 8 + across * (width - left - 16 - 16), top + down)
    }
    var parts = axes(y0, y1, place)
    for x in Set(points.map(\.x)).sorted() {
      let at = place(x, y0)
      parts += text(sweep.name(x), at.0, height - 22, "middle")
    }
    parts += text(sweep.variable, (left + width) / 2, height - 4, "middle")
    for (number, series) in sweep.series.enumerated() {
      parts += sweep.categories == nil ? line(series, number % 4, place) : bars(number, place)
    }
    let title = Escaping.markup("\(sweep.title): \(sweep.metric) over \(sweep.variable)")
    return Markup(
      #"<svg class="plot" viewBox="0 0 400 240" role="img" aria-labelledby="\#(id)">"#
        + #"<title id="\#(id)">\#(title)</title>\#(parts)</svg>"#)
  }

  private func axes(
    _ y0: Double, _ y1: Double, _ place: (Double, Double) -> (Double, Double)
  ) -> String {
    // Whole steps of 0.05 where at most six fit, of 0.1, 0.2 … beyond.
    var step = 0.05
    while (y1 - y0) / step > 6.5 { step *= 2 }
    var out = ""
    for value in sequence(first: y0, next: { $0 + step }).prefix(while: { $0 < y1 + step / 2 }) {
      let y = top + (1 - (value - y0) / (y1 - y0)) * (height - top - bottom)
      if y > top - 1 {
        out +=
          #"<path class="grid" d="M\#(SVG.number(left)) \#(SVG.number(y))H\#(SVG.number(width - 16))"/>"#
        out += text(Rounding.text(value, decimals: 2), left - 6, y + 4, "end")
      }
    }
    return out
  }

  /// The bars of one series, side by side with the others', and their intervals.
  private func bars(_ number: Int, _ place: (Double, Double) -> (Double, Double)) -> String {
    let share = 0.8 / Double(sweep.series.count)
    return sweep.series[number].points.map { point in
      let from = point.x - 0.4 + share * Double(number)
      let (a, b) = (place(from + 0.02, point.y), place(from + share - 0.02, 0))
      var out = #"<path class="m\#(number % 4 + 1)" d="M\#(SVG.number(a.0)) \#(SVG.number(a.1))"#
      out += #"H\#(SVG.number(b.0))V\#(SVG.number(b.1))H\#(SVG.number(a.0))z"/>"#
      guard let low = point.low, let high = point.high else { return out }
      return out + whisker(number, from + share / 2, low, high, place)
    }.joined()
  }

  private func whisker(
    _ number: Int, _ x: Double, _ low: Double, _ high: Double,
    _ place: (Double, Double) -> (Double, Double)
  ) -> String {
    let (at, ends) = (place(x, low).0, (place(x, low).1, place(x, high).1))
    let (middle, side) = (SVG.number(at), SVG.number(at - 3))
    return #"<path class="s\#(number % 4 + 1) w" d="M\#(middle) \#(SVG.number(ends.0))"#
      + #"V\#(SVG.number(ends.1))M\#(side) \#(SVG.number(ends.0))h6"#
      + #"M\#(side) \#(SVG.number(ends.1))h6"/>"#
  }

  private func line(
    _ series: Sweep.Series, _ number: Int, _ place: (Double, Double) -> (Double, Double)
  ) -> String {
    let points = series.points.filter { $0.x.isFinite && $0.y.isFinite }.sorted { $0.x < $1.x }
    var (path, marks, intervals) = ("", "", "")
    for point in points {
      let at = place(point.x, point.y)
      path += "\(path.isEmpty ? "M" : "L")\(SVG.number(at.0)) \(SVG.number(at.1))"
      if let low = point.low, let high = point.high {
        intervals += whisker(number, point.x, low, high, place)
      }
      marks += mark(number, at.0, at.1)
    }
    return intervals + #"<path class="s\#(number + 1) d\#(number + 1)" d="\#(path)"/>"# + marks
  }

  /// Disc, square, triangle, diamond.
  private static let shapes = [
    "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "m-4-4h8v8h-8z", "m0-5l5 9h-10z", "m0-5l5 5l-5 5l-5-5z",
  ]

  private func mark(_ number: Int, _ x: Double, _ y: Double) -> String {
    #"<path class="m\#(number + 1)" "#
      + #"d="M\#(SVG.number(x)) \#(SVG.number(y))\#(Self.shapes[number])"/>"#
  }

  private func text(_ words: String, _ x: Double, _ y: Double, _ anchor: String) -> String {
    #"<text class="tick" x="\#(SVG.number(x))" y="\#(SVG.number(y))" text-anchor="\#(anchor)">"#
      + "\(Escaping.markup(SafeText.cleaned(words)))</text>"
  }
}
