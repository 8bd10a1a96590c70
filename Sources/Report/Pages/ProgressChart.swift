import Basics
import Foundation
import Harness
import Metrics

/// What a board's systems and the papers about it reached over the years: a point each at its day, the
/// best so far as a line. Drawn in shares of its width, with its scale inside.
struct ProgressChart {
  let metric: Metric
  /// Of scored figures.
  let decimals: Int
  let points: [Point]

  struct Point {
    /// `YYYY-MM-DD`.
    let day: String
    let figure: ScoredFigure
    let name: String
    let isClaim: Bool

    fileprivate var value: Double { figure.value ?? 0 }
    fileprivate var year: Int { Int(day.prefix(4)) ?? 0 }
    /// Years, a month being a twelfth and a day a 31st of that: near enough for a drawing.
    fileprivate var time: Double {
      let month = Double(day.dropFirst(5).prefix(2)) ?? 1
      let date = Double(day.suffix(2)) ?? 1
      return Double(year) + (month - 1 + (date - 1) / 31) / 12
    }
  }

  /// Nil where fewer than two days have a figure: then there is no progress to see.
  init?(_ table: BoardTable) {
    (metric, decimals) = (table.metric, table.decimals(table.metric))
    let scored = table.scored.map { ($0, table.primary($0), false) }
    let claimed = table.published.map { ($0, table.claim($0), true) }
    points = (scored + claimed).compactMap { entry, figure, isClaim in
      guard let day = SafeText.day(entry.metadata.submitted), let figure, figure.value != nil else {
        return nil
      }
      let name = SafeText.shortened(
        SafeText.cleaned(isClaim ? entry.metadata.team : entry.metadata.system), to: 24)
      return Point(day: day, figure: figure, name: name, isClaim: isClaim)
    }
    .sorted { ($0.day, $0.name) < ($1.day, $1.name) }
    guard Set(points.map(\.day)).count > 1 else { return nil }
  }

  /// Those that were the best when they came, oldest first.
  var records: [Point] {
    var best: [Point] = []
    for point in points {
      let leader = best.last
      if let leader, !isBetter(point, leader) { continue }
      if leader?.day == point.day { best.removeLast() }
      best.append(point)
    }
    return best
  }

  /// What the records say: the gain, and whether the best one's interval holds the first.
  var verdict: String? {
    guard let first = records.first, let last = records.last, records.count > 1 else { return nil }
    let gain = FigureText.number((last.value - first.value).magnitude, decimals: 2)
    let span =
      first.year == last.year ? "within \(first.year)" : "from \(first.year) to \(last.year)"
    guard let low = last.figure.low, let high = last.figure.high else { return nil }
    return (low...high).contains(first.value)
      ? "The gain \(span), \(gain) in \(metric.title), lies within the interval of the best figure."
      : "The gain \(span), \(gain) in \(metric.title), exceeds the interval of the best figure."
  }

  private func isBetter(_ one: Point, _ other: Point) -> Bool {
    metric.higherIsBetter ? one.value > other.value : one.value < other.value
  }

  private static let (height, top, bottom) = (264.0, 22.0, 236.0)

  /// The drawing with `label` as its text alternative; `id` is unique on its page.
  func drawing(id: String, label: String) -> Markup {
    let records = records
    let shown = records.flatMap { [$0.figure.low, $0.figure.high].compactMap(\.self) }
    let ends = shown + points.map(\.value)
    guard let least = ends.min(), let most = ends.max(), let first = points.first,
      let last = points.last
    else { return "" }
    let (low, high) = ((least * 10 - 0.2).rounded(.down) / 10, (most * 10 + 0.2).rounded(.up) / 10)
    let (start, end) = (Double(first.year), Double(last.year + 1))
    let down = { (value: Double) in
      SVG.number(Self.bottom - (value - low) / (high - low) * (Self.bottom - Self.top))
    }
    let across = { (time: Double) in 8 + 90 * (time - start) / (end - start) }
    var parts = scale(low, high, down)
    for year in first.year...last.year {
      let (from, middle) = (across(Double(year)), across(Double(year) + 0.5))
      parts +=
        #"<line class="g" x1="\#(from)%" x2="\#(from)%" y1="\#(Self.bottom)" y2="\#(Self.bottom + 7)"/>"#
      parts +=
        #"<text class="tick" x="\#(SVG.number(middle))%" y="256" text-anchor="middle">\#(year)</text>"#
    }
    for (place, record) in records.enumerated() {
      let next = place + 1 < records.count ? across(records[place + 1].time) : across(end)
      let (x, y) = ("\(SVG.number(across(record.time)))%", down(record.value))
      parts += #"<line class="best" x1="\#(x)" x2="\#(SVG.number(next))%" y1="\#(y)" y2="\#(y)"/>"#
      if place + 1 < records.count {
        parts += #"<line class="best" x1="\#(SVG.number(next))%" x2="\#(SVG.number(next))%" "#
        parts += #"y1="\#(y)" y2="\#(down(records[place + 1].value))"/>"#
      }
      guard let a = record.figure.low, let b = record.figure.high else { continue }
      let look = record.isClaim ? "iv grey" : "iv"
      parts += #"<line class="\#(look)" x1="\#(x)" x2="\#(x)" y1="\#(down(a))" y2="\#(down(b))"/>"#
    }
    for point in points {
      let look = point.isClaim ? "pt hollow" : "pt"
      parts += #"<circle class="\#(look)" cx="\#(SVG.number(across(point.time)))%" "#
      parts += #"cy="\#(down(point.value))" r="5"/>"#
    }
    parts += names(records, across, down)
    return Markup(
      #"<svg class="progress" width="100%" height="\#(SVG.number(Self.height))" role="img" "#
        + #"aria-labelledby="\#(id)"><title id="\#(id)">\#(Escaping.markup(label))</title>"#
        + "\(parts)</svg>")
  }

  private func scale(_ low: Double, _ high: Double, _ down: (Double) -> String) -> String {
    Ticks.round(low, high).map { tick in
      let (y, words) = (down(tick), Ticks.text(tick, in: high - low))
      return #"<line class="g" x1="0" x2="100%" y1="\#(y)" y2="\#(y)"/>"#
        + #"<text class="tick" x="0" y="\#(y)" dy="-4">\#(words)</text>"#
    }.joined()
  }

  /// Beside each record where there is room, the latest first and to its right; a letter takes about
  /// a seventieth of the width.
  private func names(
    _ records: [Point], _ across: (Double) -> Double, _ down: (Double) -> String
  ) -> String {
    var taken: [(range: ClosedRange<Double>, y: Double)] = []
    var out = ""
    for record in records.reversed() {
      let (x, y) = (across(record.time), Double(down(record.value)) ?? 0)
      let places = record.isClaim ? metric.decimals : decimals
      let words = "\(record.name) \(FigureText.number(record.value, decimals: places))"
      let width = Double(words.count) * 1.45
      let isRight = taken.isEmpty ? x + width < 100 : x - width < 0
      let range = isRight ? x...(x + width) : (x - width)...x
      guard taken.allSatisfy({ !$0.range.overlaps(range) || abs($0.y - y) > 15 }) else { continue }
      let look = taken.isEmpty ? "who" : "who earlier"
      taken.append((range, y))
      out += #"<text class="\#(look)" x="\#(SVG.number(x))%" dx="\#(isRight ? 9 : -9)" "#
      out += #"y="\#(SVG.number(y - 9))" text-anchor="\#(isRight ? "start" : "end")">"#
      out += "\(Escaping.markup(words))</text>"
    }
    return out
  }
}
