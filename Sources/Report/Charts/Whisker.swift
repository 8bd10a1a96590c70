import Harness

/// A value as a dot and its interval as a line, small enough for a table's cell.
///
/// It repeats what stands in figures beside it, so it is hidden from a screen reader.
struct Whisker {
  let axis: ClosedRange<Double>
  var width = 120.0
  /// A value to compare with, drawn as a thin line over the whole height.
  var reference: Double?

  private let height = 16.0
  private let margin = 5.0

  init(axis: ClosedRange<Double>, width: Double = 120, reference: Double? = nil) {
    self.axis = axis
    self.width = width
    self.reference = reference
  }

  /// The drawing; empty where `figure` has no value.
  func drawing(_ figure: ScoredFigure) -> Markup {
    guard let value = figure.value else { return "" }
    var parts = ""
    if let reference {
      let x = SVG.number(place(reference))
      parts += #"<path class="ref" d="M\#(x) 0V\#(SVG.number(height))"/>"#
    }
    if let low = figure.low, let high = figure.high {
      let a = SVG.number(place(low))
      let b = SVG.number(place(high))
      parts += #"<path class="iv" d="M\#(a) 8H\#(b)M\#(a) 5v6M\#(b) 5v6"/>"#
    }
    parts += #"<circle class="pt" cx="\#(SVG.number(place(value)))" cy="8" r="3.5"/>"#
    return frame(parts, name: "wk")
  }

  /// A hatched band: there is a group here, and it has no figure.
  func hatched() -> Markup {
    var strokes = ""
    var x = margin
    while x < width - margin {
      strokes += "M\(SVG.number(x)) 13l8-10"
      x += 6
    }
    return frame(#"<path class="hatch" d="\#(strokes)"/>"#, name: "wk")
  }

  /// Where `value` falls, in the drawing's units; a value beyond the axis stands at its end.
  func place(_ value: Double) -> Double {
    let held = min(max(value, axis.lowerBound), axis.upperBound)
    let share = (held - axis.lowerBound) / (axis.upperBound - axis.lowerBound)
    return margin + share * (width - 2 * margin)
  }

  private func frame(_ parts: String, name: String) -> Markup {
    let size = #"width="\#(SVG.number(width))" height="\#(SVG.number(height))""#
    let box = "0 0 \(SVG.number(width)) \(SVG.number(height))"
    return Markup(
      #"<svg class="\#(name)" viewBox="\#(box)" \#(size) aria-hidden="true">\#(parts)</svg>"#)
  }
}
