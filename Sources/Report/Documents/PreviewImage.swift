import Foundation
import Harness
import Metrics

/// The picture that a chat or a social network shows beside a link to the site: 1200 × 630 pixels,
/// PNG, since their readers take no SVG.
///
/// It is drawn with letters of our own (``StrokeFont``), so that the same input gives the same bytes
/// on every machine.
struct PreviewImage: Sendable {
  static let width = 1200
  static let height = 630

  /// Each letter is drawn once for all pictures of a build.
  private let atlas = StrokeAtlas()
  /// What all pictures have: the mark, the site's name, a line at the foot.
  private var sheet = Canvas(width: Self.width, height: Self.height)

  /// - Parameter site: its name.
  init(site: String) {
    let centre = Point(96, 92)
    for degrees in stride(from: 0.0, to: 360, by: 10) {
      sheet.line(
        from: Self.around(centre, degrees), to: Self.around(centre, degrees + 10), thickness: 4.5,
        ink: Ink.ring.rawValue)
    }
    sheet.dot(at: Point(89, 88), radius: 9, ink: Ink.orange.rawValue)
    sheet.dot(at: Point(104, 97), radius: 6.5, ink: Ink.blue.rawValue)
    sheet.line(from: Point(0, 626), to: Point(1200, 626), thickness: 8, ink: Ink.blue.rawValue)
    var named = sheet
    write(site, &named, x: 140, y: 104, size: 28, limit: 900)
    sheet = named
  }

  private enum Ink: Int, CaseIterable {
    case white, soft, blue, orange, rule, ring

    var colour: PNG.Colour {
      switch self {
      case .white: (0xF2, 0xF6, 0xF8)
      case .soft: (0xA9, 0xB8, 0xC3)
      case .blue: (0x56, 0xB4, 0xE9)
      case .orange: (0xF0, 0xA6, 0x5A)
      case .rule: (0x3A, 0x4F, 0x5D)
      case .ring: (0x9A, 0xD0, 0xE6)
      }
    }
  }

  private static let background: PNG.Colour = (0x10, 0x21, 0x2D)
  private static let left = 72.0
  private static let right = 1128.0

  // MARK: - The pictures

  /// The site as a whole.
  func home(boards: [BoardTable]) -> Data {
    var canvas = sheet
    write("How well can a machine", &canvas, y: 300, size: 54)
    write("read empathy?", &canvas, y: 392, size: 54)
    let systems = boards.reduce(0) { $0 + $1.scored.count }
    let counts =
      "\(FigureText.counted(boards.count, "leaderboard")), "
      + "\(FigureText.counted(systems, "scored system")), every figure with its interval"
    write(counts, &canvas, y: 520, size: 23, ink: .soft)
    return png(canvas)
  }

  /// A board: its leading systems on one axis.
  func board(_ table: BoardTable) -> Data {
    var canvas = sheet
    write(name(table), &canvas, y: 210, size: 40)
    let leaders = table.scored.prefix(5).filter { table.primary($0)?.value != nil }
    if leaders.isEmpty {
      write("No scored system yet", &canvas, y: 330, size: 28, ink: .soft)
      return png(canvas)
    }
    for (place, entry) in leaders.enumerated() {
      guard let figure = table.primary(entry) else { continue }
      let y = 296 + 58 * Double(place)
      let system = SafeText.cleaned(entry.metadata.system)
      write(system, &canvas, y: y, size: 22, limit: 480)
      whisker(
        figure, on: table.axis, from: 590, to: 1000, y: y - 11, thickness: 5, radius: 10, &canvas)
      write(FigureText.number(figure.value, decimals: 2), &canvas, x: 1042, y: y, size: 22)
    }
    let scored = FigureText.counted(table.scored.count, "scored system")
    write(
      "\(table.metric.title) for \(table.target), \(table.metric.direction); \(scored)",
      &canvas, y: 590, size: 22, ink: .soft)
    return png(canvas)
  }

  /// An entry: its figure with its interval on the board's axis.
  func entry(_ entry: Board.Entry, _ table: BoardTable) -> Data {
    var canvas = sheet
    write(SafeText.cleaned(entry.metadata.system), &canvas, y: 212, size: 44)
    write(
      "\(SafeText.cleaned(entry.metadata.team)) · \(name(table))", &canvas, y: 272, size: 24,
      ink: .soft)
    if entry.metadata.withdrawal != nil {
      write("Withdrawn", &canvas, y: 400, size: 56, ink: .orange)
    } else if let figure = table.primary(entry), let value = figure.value {
      let text = "\(table.metric.title) \(FigureText.number(value, decimals: 2))"
      write(text, &canvas, y: 402, size: 68)
      if let interval = FigureText.interval(figure, decimals: 2) {
        let x = Self.left + StrokeFont.width(text, size: 68) + 40
        write(interval, &canvas, x: x, y: 402, size: 40, ink: .blue)
      }
      axis(table, &canvas, y: 480)
      whisker(
        figure, on: table.axis, from: Self.left, to: Self.right, y: 480, thickness: 8, radius: 17,
        &canvas)
      write(foot(entry, table), &canvas, y: 590, size: 22, ink: .soft)
    } else if let claim = entry.metadata.claimed?[table.target]?[table.metric.id] {
      let text = "\(table.metric.title) \(FigureText.number(claim, decimals: 2))"
      write(text, &canvas, y: 402, size: 68)
      write("claimed, not scored here", &canvas, y: 470, size: 28, ink: .orange)
    } else {
      write("not scored", &canvas, y: 400, size: 44, ink: .soft)
    }
    return png(canvas)
  }

  // MARK: - Their parts

  private static func around(_ centre: Point, _ degrees: Double) -> Point {
    let angle = degrees * Double.pi / 180
    let rounded = { (value: Double) in (value * 1e6).rounded() / 1e6 }
    return Point(centre.x + 24 * rounded(cos(angle)), centre.y + 24 * rounded(sin(angle)))
  }

  /// The board's axis with a mark at every tenth and its ends in figures.
  private func axis(_ table: BoardTable, _ canvas: inout Canvas, y: Double) {
    canvas.line(
      from: Point(Self.left, y), to: Point(Self.right, y), thickness: 2, ink: Ink.rule.rawValue)
    let tenths = (table.axis.upperBound - table.axis.lowerBound) * 10
    for mark in 0...Int(tenths.rounded()) {
      let x = Self.place(
        table.axis.lowerBound + Double(mark) / 10, table.axis, Self.left, Self.right)
      canvas.line(
        from: Point(x, y + 26), to: Point(x, y + 36), thickness: 2.5, ink: Ink.rule.rawValue)
    }
    let low = FigureText.number(table.axis.lowerBound, decimals: 1)
    let high = FigureText.number(table.axis.upperBound, decimals: 1)
    write(low, &canvas, y: y + 62, size: 18, ink: .soft)
    write(
      high, &canvas, x: Self.right - StrokeFont.width(high, size: 18), y: y + 62, size: 18,
      ink: .soft)
  }

  private func whisker(
    _ figure: ScoredFigure, on axis: ClosedRange<Double>, from: Double, to: Double, y: Double,
    thickness: Double, radius: Double, _ canvas: inout Canvas
  ) {
    guard let value = figure.value else { return }
    if let low = figure.low, let high = figure.high {
      let a = Self.place(low, axis, from, to)
      let b = Self.place(high, axis, from, to)
      for (start, end) in [
        (Point(a, y), Point(b, y)), (Point(a, y - radius), Point(a, y + radius)),
        (Point(b, y - radius), Point(b, y + radius)),
      ] {
        canvas.line(from: start, to: end, thickness: thickness, ink: Ink.blue.rawValue)
      }
    }
    canvas.dot(
      at: Point(Self.place(value, axis, from, to), y), radius: radius, ink: Ink.blue.rawValue)
  }

  private static func place(
    _ value: Double, _ axis: ClosedRange<Double>, _ from: Double, _ to: Double
  ) -> Double {
    let held = min(max(value, axis.lowerBound), axis.upperBound)
    return from + (to - from) * (held - axis.lowerBound) / (axis.upperBound - axis.lowerBound)
  }

  private func foot(_ entry: Board.Entry, _ table: BoardTable) -> String {
    var parts: [String] = []
    if let standing = table.standings[entry.slug] {
      let ranks =
        standing.lowRank == standing.highRank
        ? "\(standing.lowRank)" : "\(standing.lowRank) to \(standing.highRank)"
      parts.append("rank \(ranks) of \(table.standings.count)")
    }
    if let report = entry.report {
      parts.append("\(table.benchmark.rowNoun.counted(report.n)), \(report.clusters) clusters")
    }
    return (["95% interval"] + parts).joined(separator: " · ")
  }

  private func name(_ table: BoardTable) -> String {
    "\(SafeText.cleaned(table.benchmark.title)), \(table.board.split)"
  }

  private func write(
    _ text: String, _ canvas: inout Canvas, x: Double = left, y: Double, size: Double,
    ink: Ink = .white, limit: Double? = nil
  ) {
    let fitted = StrokeFont.fitted(text, size: size, limit: limit ?? Self.right - x)
    atlas.draw(fitted, on: &canvas, x: x, y: y, size: size, ink: ink.rawValue)
  }

  private func png(_ canvas: Canvas) -> Data {
    PNG.encode(canvas, background: Self.background, inks: Ink.allCases.map(\.colour))
  }
}
