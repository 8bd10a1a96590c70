import Harness

/// Mean labels over mean predictions, bin by bin, on two equal axes with their diagonal.
struct CalibrationPlot {
  let calibration: BinnedCalibration
  let target: Target

  private let side = 300.0
  private let left = 40.0
  private let bottom = 40.0
  private let top = 10.0

  /// The drawing; `id` is unique on its page.
  func drawing(id: String) -> Markup {
    let bins = calibration.bins
    let ends = bins.flatMap { [$0.prediction, $0.label, $0.low ?? $0.label, $0.high ?? $0.label] }
    let (low, high) = (min(ends.min() ?? 0, target.low), max(ends.max() ?? 1, target.high))
    func share(_ value: Double) -> Double { high > low ? (value - low) / (high - low) : 0.5 }
    func x(_ value: Double) -> String { SVG.number(left + share(value) * side) }
    func y(_ value: Double) -> String { SVG.number(top + (1 - share(value)) * side) }
    var parts = ""
    for tick in Ticks.round(low, high) {
      let text = Ticks.text(tick, in: high - low).replacing("-", with: "−")
      parts += #"<path class="grid" d="M\#(x(low)) \#(y(tick))H\#(x(high))M\#(x(tick)) \#(y(low))"#
      parts += #"V\#(y(high))"/>"#
      parts += SVG.text(
        text, left - 6, top + (1 - share(tick)) * side + 4, #"class="tick" text-anchor="end""#)
      parts += SVG.text(
        text, left + share(tick) * side, top + side + 16, #"class="tick" text-anchor="middle""#)
    }
    parts += #"<path class="s1 d2 w" d="M\#(x(low)) \#(y(low))L\#(x(high)) \#(y(high))"/>"#
    for bin in bins {
      let (across, up) = (x(bin.prediction), y(bin.label))
      if let low = bin.low, let high = bin.high {
        parts += #"<path class="s1" d="M\#(across) \#(y(low))V\#(y(high))"/>"#
      }
      parts += #"<circle class="m1" cx="\#(across)" cy="\#(up)" r="4"/>"#
    }
    parts += SVG.text(
      "Mean prediction", left + side / 2, top + side + 34, #"class="tick" text-anchor="middle""#)
    parts += SVG.text(
      "Mean label", 12, top + side / 2,
      #"class="tick" text-anchor="middle" transform="rotate(-90 12 \#(SVG.number(top + side / 2)))""#
    )
    let title = Escaping.markup(
      "\(target.title): mean label over mean prediction in \(bins.count) bins; the dashed line is "
        + "where both are equal")
    return Markup(
      #"<svg class="calib" viewBox="0 0 \#(SVG.number(left + side + 10)) "#
        + #"\#(SVG.number(top + side + bottom))" role="img" aria-labelledby="\#(id)">"#
        + #"<title id="\#(id)">\#(title)</title>\#(parts)</svg>"#)
  }
}
