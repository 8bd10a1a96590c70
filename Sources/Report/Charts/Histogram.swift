import Basics
import Harness

/// Counts in bins of equal width as bars.
struct Histogram {
  let counts: [Int]
  let low: Double
  let high: Double

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
    let width = 320.0
    let height = 120.0
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
