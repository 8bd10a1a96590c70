import Basics
import Foundation
import Harness

/// A picture for a file on disk: one or more panels of lines, each with its own axes and the style
/// inside. The same content gives the same bytes.
public struct PlotDocument: Sendable {
  public var title: String
  public var panels: [Panel]

  /// One pair of axes.
  public struct Panel: Sendable {
    public var horizontal, vertical: String
    public var series: [Series]
  }

  /// One line; points that are not finite are left out.
  public struct Series: Sendable {
    public var name: String
    public var points: [(x: Double, y: Double)]
    /// Vertical bars, such as a mean and its spread.
    public var bars: [(x: Double, low: Double, high: Double)]

    public init(
      name: String, points: [(x: Double, y: Double)],
      bars: [(x: Double, low: Double, high: Double)] = []
    ) {
      self.name = name
      self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
      self.bars = bars.filter { $0.x.isFinite && $0.low.isFinite && $0.high.isFinite }
    }
  }

  private static let width = 640.0
  private static let panelHeight = 260.0
  /// Okabe and Ito's palette, safe for colour-blind readers; dashes tell the lines apart in grey.
  private static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]
  private static let dashes = ["", "6 3", "2 3", "8 3 2 3"]

  /// The SVG document.
  public var svg: String {
    let height = Self.panelHeight * Double(panels.count) + 34
    var out = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 \(SVG.number(height))" role="img">
      <title>\(Escaping.markup(title))</title>
      <style>text{font:12px sans-serif;fill:#333}.a{stroke:#ccc;fill:none}.l{fill:none;\
      stroke-width:1.6}</style>
      <rect width="640" height="\(SVG.number(height))" fill="#fff"/>
      <text x="320" y="22" text-anchor="middle">\(Escaping.markup(title))</text>

      """
    for (index, panel) in panels.enumerated() {
      out += Self.drawing(panel, top: 34 + Double(index) * Self.panelHeight)
    }
    return out + "</svg>\n"
  }

  private static func drawing(_ panel: Panel, top: Double) -> String {
    let bars = panel.series.flatMap(\.bars)
    let points =
      panel.series.flatMap(\.points) + bars.map { ($0.x, $0.low) } + bars.map { ($0.x, $0.high) }
    guard let x0 = points.map(\.x).min(), let x1 = points.map(\.x).max(),
      let least = points.map(\.y).min(), let most = points.map(\.y).max()
    else { return "" }
    let padding = most > least ? (most - least) * 0.05 : 0.5
    let (y0, y1) = (least - padding, most + padding)
    let (left, right, bottom) = (58.0, width - 16, top + panelHeight - 44)
    func place(_ x: Double, _ y: Double) -> String {
      let across = x1 > x0 ? (x - x0) / (x1 - x0) : 0.5
      let up = (y - y0) / (y1 - y0)
      return SVG.number(left + across * (right - left)) + " "
        + SVG.number(bottom - up * (bottom - top - 10))
    }
    let middle = #"text-anchor="middle""#
    var out = ""
    for y in Ticks.round(y0, y1) {
      let at = bottom - (y - y0) / (y1 - y0) * (bottom - top - 10)
      out +=
        #"<path class="a" d="M\#(SVG.number(left)) \#(SVG.number(at))H\#(SVG.number(right))"/>"#
      out += SVG.text(Ticks.text(y, in: y1 - y0), left - 6, at + 4, #"text-anchor="end""#)
    }
    for x in x1 > x0 ? Ticks.round(x0, x1) : [x0] {
      let across = left + (x1 > x0 ? (x - x0) / (x1 - x0) : 0.5) * (right - left)
      out += SVG.text(Ticks.text(x, in: x1 - x0), across, bottom + 16, middle) + "\n"
    }
    let half = (top + bottom) / 2
    out += SVG.text(panel.horizontal, (left + right) / 2, bottom + 34, middle)
    out += SVG.text(
      panel.vertical, 14, half, #"\#(middle) transform="rotate(-90 14 \#(SVG.number(half)))""#)
    out += "\n"
    // Of the two upper corners the legend takes the one with fewer points.
    let depth = (y1 - y0) * (14 + 16 * Double(panel.series.count)) / (bottom - top - 10)
    let high = points.filter { $0.y > y1 - depth && x1 > x0 }.map { ($0.x - x0) / (x1 - x0) }
    let legend = high.count { $0 > 0.7 } > high.count { $0 < 0.3 } ? left + 10 : right - 150
    for (number, series) in panel.series.enumerated() {
      let style = #"stroke="\#(colours[number % 4])" stroke-dasharray="\#(dashes[number % 4])""#
      let path = series.points.enumerated().map { index, point in
        (index == 0 ? "M" : "L") + place(point.x, point.y)
      }
      out += #"<path class="l" \#(style) d="\#(path.joined())"/>"#
      for bar in series.bars {
        out += #"<path class="l" stroke="\#(colours[number % 4])" "#
        out += #"d="M\#(place(bar.x, bar.low))L\#(place(bar.x, bar.high))"/>"#
      }
      let y = top + 14 + Double(number) * 16
      out +=
        #"<path class="l" \#(style) d="M\#(SVG.number(legend)) \#(SVG.number(y - 4))h24"/>"#
      out += SVG.text(series.name, legend + 30, y) + "\n"
    }
    return out
  }
}

/// Places on an axis that read well: multiples of 1, 2 or 5 times a power of ten.
enum Ticks {
  /// At most six from `low` to `high`, which is above it.
  static func round(_ low: Double, _ high: Double) -> [Double] {
    let step = step(high - low)
    let first = (low / step).rounded(.up)
    return (0..<8).map { (first + Double($0)) * step }.filter { $0 <= high + step * 1e-9 }
  }

  /// `value` with the decimals that the ticks of an axis of this length need.
  static func text(_ value: Double, in length: Double) -> String {
    guard length > 0 else {
      return Rounding.text(value, decimals: value == value.rounded() ? 0 : 2)
    }
    return Rounding.text(value, decimals: max(0, -Int(log10(step(length)).rounded(.down))))
  }

  /// The distance of two ticks on an axis of this length.
  static func step(_ length: Double) -> Double {
    let power = pow(10, log10(length / 5).rounded(.down))
    return [1, 2, 5, 10].map { $0 * power }.first { length / $0 <= 5.5 } ?? 10 * power
  }
}

/// Points in the plane, coloured by group, as a picture that stands by itself. A point carries
/// neither name nor number, and coordinates are rounded to a tenth of a pixel.
struct ScatterDocument {
  let title: String
  /// Under the title: what the picture says and what it does not.
  let note: String
  let groups: [Group]

  /// Points of one colour; those that are not finite are left out.
  struct Group {
    let name: String
    var points: [(x: Double, y: Double)]

    init(name: String, points: [(x: Double, y: Double)]) {
      self.name = name
      self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
    }
  }

  /// From dark to light: the groups have an order, which shows in grey too (viridis, six steps).
  private static let colours = ["#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#d8c400"]

  /// The SVG document; both axes have one scale.
  var svg: String {
    var out = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 640" role="img">
      <title>\(Escaping.markup(title))</title>
      <style>text{font:12px sans-serif;fill:#333}circle{fill-opacity:.75}</style>
      <rect width="640" height="640" fill="#fff"/>
      <text x="320" y="22" text-anchor="middle">\(Escaping.markup(title))</text>
      <text x="320" y="40" text-anchor="middle">\(Escaping.markup(note))</text>

      """
    let all = groups.flatMap(\.points)
    guard let left = all.map(\.x).min(), let right = all.map(\.x).max(),
      let bottom = all.map(\.y).min(), let top = all.map(\.y).max()
    else { return out + "</svg>\n" }
    let span = max(right - left, top - bottom)
    let scale = span > 0 ? 580 / span * 0.88 : 1
    let (midX, midY) = ((left + right) / 2, (bottom + top) / 2)
    for (number, group) in groups.enumerated() {
      out += #"<g fill="\#(Self.colours[number % Self.colours.count])">"#
      for point in group.points {
        let (x, y) = (320 + (point.x - midX) * scale, 325 - (point.y - midY) * scale)
        out += #"<circle cx="\#(SVG.number(x))" cy="\#(SVG.number(y))" r="3"/>"#
      }
      out += "</g>\n"
    }
    for (number, group) in groups.enumerated() {
      let x = 40 + Double(number) * 96
      out += #"<circle cx="\#(SVG.number(x))" cy="622" r="5" "#
      out += #"fill="\#(Self.colours[number % Self.colours.count])"/>"#
      out += SVG.text(group.name, x + 10, 626)
    }
    return out + "\n</svg>\n"
  }
}
