/// A picture of indexed colours: one background and up to seven inks, each in 32 strengths.
///
/// A pixel's byte is `ink * 32 + strength`; strength 0 is the background whatever the ink. Where
/// two strokes meet, the stronger one stands, and of two that are as strong the later one.
struct Canvas: Sendable {
  static let strengths = 32

  let width: Int
  let height: Int
  /// (height, width), row-major.
  private(set) var pixels: [UInt8]

  init(width: Int, height: Int) {
    precondition(width > 0 && height > 0)
    self.width = width
    self.height = height
    pixels = [UInt8](repeating: 0, count: width * height)
  }

  /// A line with round ends of `thickness` pixels.
  mutating func line(
    from a: Point, to b: Point, thickness: Double, ink: Int
  ) {
    let reach = thickness / 2 + 1
    let columns = Self.span(min(a.x, b.x) - reach, max(a.x, b.x) + reach, width)
    let rows = Self.span(min(a.y, b.y) - reach, max(a.y, b.y) + reach, height)
    for row in rows {
      for column in columns {
        let distance = Point(Double(column) + 0.5, Double(row) + 0.5).distance(from: a, to: b)
        mark(column, row, coverage: thickness / 2 + 0.5 - distance, ink: ink)
      }
    }
  }

  /// A filled circle.
  mutating func dot(at centre: Point, radius: Double, ink: Int) {
    line(from: centre, to: centre, thickness: 2 * radius, ink: ink)
  }

  /// Lays the strengths of `mask` over the picture, its upper left corner at `x`, `y`.
  mutating func stamp(_ mask: Mask, x: Int, y: Int, ink: Int) {
    for row in 0..<mask.height where (0..<height).contains(y + row) {
      for column in 0..<mask.width where (0..<width).contains(x + column) {
        let strength = Int(mask.strengths[row * mask.width + column])
        if strength > 0 { put(strength, x + column, y + row, ink) }
      }
    }
  }

  /// Strengths of a shape that is stamped many times, (height, width), row-major.
  struct Mask: Sendable {
    let width: Int
    let height: Int
    let strengths: [UInt8]
  }

  /// Strengths alone, for a drawing in one ink.
  func mask() -> Mask {
    Mask(
      width: width, height: height,
      strengths: pixels.map { $0 % UInt8(Self.strengths) })
  }

  private mutating func mark(_ column: Int, _ row: Int, coverage: Double, ink: Int) {
    let held = min(max(coverage, 0), 1)
    put(Int((held * Double(Self.strengths - 1)).rounded()), column, row, ink)
  }

  private mutating func put(_ strength: Int, _ column: Int, _ row: Int, _ ink: Int) {
    let place = row * width + column
    guard strength > 0, strength >= Int(pixels[place]) % Self.strengths else { return }
    pixels[place] = UInt8(ink * Self.strengths + strength)
  }

  /// Whole pixels from `low` to `high` that lie in the picture.
  private static func span(_ low: Double, _ high: Double, _ count: Int) -> Range<Int> {
    let first = min(max(Int(low.rounded(.down)), 0), count)
    return first..<max(first, min(Int(high.rounded(.up)), count))
  }
}

/// A place in a picture; y grows downwards.
struct Point: Sendable, Equatable {
  var x: Double
  var y: Double

  init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }

  /// Distance to the segment from `a` to `b`, which may be a point.
  func distance(from a: Point, to b: Point) -> Double {
    let along = Point(b.x - a.x, b.y - a.y)
    let length = along.x * along.x + along.y * along.y
    let share =
      length == 0
      ? 0 : min(max(((x - a.x) * along.x + (y - a.y) * along.y) / length, 0), 1)
    let dx = x - a.x - share * along.x
    let dy = y - a.y - share * along.y
    return (dx * dx + dy * dy).squareRoot()
  }
}
