import Basics
import Harness
import Metrics

/// Figures of one metric over time or a cost: a point a system, and the best so far as a line. Drawn in
/// shares of its width, with its scale inside.
struct RecordChart {
  let metric: Metric
  /// From left to right; of those at one place the order is by name.
  let points: [Point]
  let axis: Axis
  /// Whether a claim can be the best so far.
  var claimsLead = true
  /// Whether every point has its interval, and not the best ones alone.
  var hasAllIntervals = false

  struct Point {
    /// In shares of the axis.
    let x: Double
    /// Where it stands, in words: `2024-08-15`, `125M`.
    let place: String
    let figure: ScoredFigure
    let name: String
    let isClaim: Bool
    let decimals: Int

    var value: Double { figure.value ?? 0 }
    /// `Encoder 0.61`.
    fileprivate var label: String {
      "\(SafeText.shortened(name, to: 18)) \(FigureText.number(value, decimals: decimals))"
    }
  }

  /// The horizontal axis, in shares of it.
  struct Axis {
    let marks: [Double]
    let labels: [(x: Double, words: String)]
  }

  /// Those that were the best so far, from left to right.
  var records: [Point] {
    var best: [Point] = []
    for point in points where claimsLead || !point.isClaim {
      let leader = best.last
      if let leader, !isBetter(point, leader) { continue }
      if leader?.x == point.x { best.removeLast() }
      best.append(point)
    }
    return best
  }

  private func isBetter(_ one: Point, _ other: Point) -> Bool {
    metric.higherIsBetter ? one.value > other.value : one.value < other.value
  }

  private static let (height, top, bottom) = (264.0, 22.0, 236.0)
  /// More points than this cover each other.
  private static let dense = 60

  /// The drawing with `label` as its text alternative; `id` is unique on its page.
  func drawing(id: String, label: String) -> Markup {
    let records = records
    let bounded = hasAllIntervals ? points : records
    let shown = bounded.flatMap { [$0.figure.low, $0.figure.high].compactMap(\.self) }
    let ends = shown + points.map(\.value)
    guard let least = ends.min(), let most = ends.max() else { return "" }
    let (low, high) = ((least * 10 - 0.2).rounded(.down) / 10, (most * 10 + 0.2).rounded(.up) / 10)
    let down = { (value: Double) in
      Self.bottom - (value - low) / (high - low) * (Self.bottom - Self.top)
    }
    var parts = scale(low, high, down) + steps(records, down)
    let shifts = spread()
    for (point, shift) in zip(points, shifts) where hasAllIntervals {
      parts += Self.interval(point, shift, down)
    }
    if !hasAllIntervals { parts += records.map { Self.interval($0, 0, down) }.joined() }
    let isDense = points.count > Self.dense
    for (point, shift) in zip(points, shifts) {
      let look = point.isClaim ? "pt hollow" : isDense ? "pt dense" : "pt"
      parts += #"<circle class="\#(look)" cx="\#(Self.across(point.x))%"\#(Self.moved(shift)) "#
      parts += #"cy="\#(SVG.number(down(point.value)))" r="\#(isDense ? 4 : 5)"/>"#
    }
    parts += names(records, shifts, Ticks.round(low, high), down)
    return Markup(
      #"<svg class="progress" width="100%" height="\#(SVG.number(Self.height))" role="img" "#
        + #"aria-labelledby="\#(id)"><title id="\#(id)">\#(Escaping.markup(label))</title>"#
        + "\(parts)</svg>")
  }

  /// In percent of the width.
  private static func share(_ x: Double) -> Double { 8 + 90 * x }
  private static func across(_ x: Double) -> String { SVG.number(share(x)) }

  private static func moved(_ pixels: Int) -> String {
    pixels == 0 ? "" : #" transform="translate(\#(pixels))""#
  }

  private func scale(_ low: Double, _ high: Double, _ down: (Double) -> Double) -> String {
    let lines = Ticks.round(low, high).map { tick in
      let (y, words) = (SVG.number(down(tick)), Ticks.text(tick, in: high - low))
      return #"<line class="g" x1="0" x2="100%" y1="\#(y)" y2="\#(y)"/>"#
        + #"<text class="tick" x="0" y="\#(y)" dy="-4">\#(words)</text>"#
    }
    let marks = axis.marks.map { mark in
      let x = Self.across(mark)
      return #"<line class="g" x1="\#(x)%" x2="\#(x)%" "#
        + #"y1="\#(Self.bottom)" y2="\#(Self.bottom + 7)"/>"#
    }
    let labels = axis.labels.map { label in
      #"<text class="tick" x="\#(Self.across(label.x))%" y="256" text-anchor="middle">"#
        + "\(label.words)</text>"
    }
    return (lines + marks + labels).joined()
  }

  private func steps(_ records: [Point], _ down: (Double) -> Double) -> String {
    records.enumerated().map { place, record in
      let following = place + 1 < records.count ? records[place + 1] : nil
      let (from, to) = (Self.across(record.x), Self.across(following?.x ?? 1))
      let y = SVG.number(down(record.value))
      let line = #"<line class="best" x1="\#(from)%" x2="\#(to)%" y1="\#(y)" y2="\#(y)"/>"#
      guard let following else { return line }
      return line + #"<line class="best" x1="\#(to)%" x2="\#(to)%" "#
        + #"y1="\#(y)" y2="\#(SVG.number(down(following.value)))"/>"#
    }.joined()
  }

  private static func interval(
    _ point: Point, _ shift: Int, _ down: (Double) -> Double
  ) -> String {
    guard let low = point.figure.low, let high = point.figure.high else { return "" }
    let (look, x) = (point.isClaim ? "iv grey" : "iv", across(point.x))
    return #"<line class="\#(look)" x1="\#(x)%" x2="\#(x)%"\#(moved(shift)) "#
      + #"y1="\#(SVG.number(down(low)))" y2="\#(SVG.number(down(high)))"/>"#
  }

  /// How far each point is moved to the side, in pixels, where intervals at one place would cover each
  /// other.
  private func spread() -> [Int] {
    guard hasAllIntervals else { return points.map { _ in 0 } }
    let shifts = [0, 9, -9, 18, -18]
    var seen: [String: Int] = [:]
    return points.map { point in
      let place = Self.across(point.x)
      defer { seen[place, default: 0] += 1 }
      return shifts[seen[place, default: 0] % shifts.count]
    }
  }

  /// Names beside the points where there is room, those of the best first; what has no room on a phone
  /// is `earlier`.
  private func names(
    _ records: [Point], _ shifts: [Int], _ ticks: [Double], _ down: (Double) -> Double
  ) -> String {
    var (wide, phone) = (LabelRooms(width: 480), LabelRooms(width: 300))
    for (point, shift) in zip(points, shifts) {
      let bounds = hasAllIntervals ? [point.figure.low, point.figure.high].compactMap(\.self) : []
      let spots = ([point.value] + bounds).map(down)
      wide.add(Self.share(point.x), shift, spots)
      phone.add(Self.share(point.x), shift, spots)
    }
    for tick in ticks {
      wide.add(tick: down(tick))
      phone.add(tick: down(tick))
    }
    let named = zip(points, shifts).filter { point, _ in
      records.contains { $0.x == point.x && $0.name == point.name }
    }
    let others = zip(points, shifts).filter { point, _ in
      hasAllIntervals && !records.contains { $0.x == point.x && $0.name == point.name }
    }
    var out = ""
    for (point, shift) in named.reversed() + others {
      let (x, y) = (Self.share(point.x), down(point.value))
      guard let spot = wide.place(point.label, at: x, shift, y) else { continue }
      let isEverywhere = phone.take(point.label, at: x, shift, y, spot)
      out += #"<text class="who\#(isEverywhere ? "" : " earlier")" x="\#(SVG.number(x))%" "#
      out += #"dx="\#(shift + (spot.isRight ? 1 : -1) * Int(LabelRooms.gap))" "#
      out += #"y="\#(SVG.number(y + spot.dy))" text-anchor="\#(spot.isRight ? "start" : "end")">"#
      out += "\(Escaping.markup(point.label))</text>"
    }
    return out
  }
}

/// What is taken in a drawing of so many pixels' width; places are given in percent of it.
private struct LabelRooms {
  let width: Double
  private var rooms: [Room] = []

  /// Between a point and its label.
  static let gap = 9.0
  /// Of a letter, in bold print of 12 pixels.
  private static let letter = 7.0

  struct Spot {
    let isRight: Bool
    /// From the point down to the label's line.
    let dy: Double

    /// In the order in which they are tried.
    static let all = [-9.0, 17].flatMap { dy in [true, false].map { Spot(isRight: $0, dy: dy) } }
  }

  private struct Room {
    let x, y: ClosedRange<Double>

    func overlaps(_ other: Room) -> Bool { x.overlaps(other.x) && y.overlaps(other.y) }
  }

  init(width: Double) { self.width = width }

  /// A point and the ends of its interval.
  mutating func add(_ share: Double, _ shift: Int, _ spots: [Double]) {
    let (x, top, bottom) = (share / 100 * width + Double(shift), spots.min() ?? 0, spots.max() ?? 0)
    rooms.append(Room(x: (x - 5)...(x + 5), y: (top - 4)...(bottom + 4)))
  }

  /// The words of a line of the scale.
  mutating func add(tick y: Double) { rooms.append(Room(x: 0...22, y: (y - 14)...(y - 3))) }

  /// Takes the room of `words` beside a point where it is free and inside.
  mutating func take(
    _ words: String, at share: Double, _ shift: Int, _ y: Double, _ spot: Spot
  ) -> Bool {
    let (x, line) = (share / 100 * width + Double(shift), y + spot.dy)
    let near = x + (spot.isRight ? Self.gap : -Self.gap)
    let far = near + (spot.isRight ? 1 : -1) * Double(words.count) * Self.letter
    let room = Room(x: min(near, far)...max(near, far), y: (line - 11)...(line + 3))
    guard room.x.lowerBound >= 0, room.x.upperBound <= width,
      !rooms.contains(where: room.overlaps)
    else { return false }
    rooms.append(room)
    return true
  }

  /// The first side with room for `words`, which they take.
  mutating func place(
    _ words: String, at share: Double, _ shift: Int, _ y: Double
  ) -> Spot? {
    for spot in Spot.all where take(words, at: share, shift, y, spot) { return spot }
    return nil
  }
}
