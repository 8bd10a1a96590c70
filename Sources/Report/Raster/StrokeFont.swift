import Foundation
import Glibc
import Synchronization

/// Letters as strokes of one thickness, drawn for this project: pictures with text then need no
/// font file, and look the same on every machine.
///
/// Capitals are 14 units high, small letters 10, and descend to -4.5.
package enum StrokeFont {
  static let capHeight = 14.0
  private static let spacing = 3.2
  private static let thickness = 1.9

  /// A letter: strokes in units above the baseline, each a chain of points, and its width.
  struct Glyph: Sendable {
    var strokes: [[Point]]
    var width: Double
  }

  /// Width of `text` in pixels with capitals of `size` pixels.
  static func width(_ text: String, size: Double) -> Double {
    let scale = size / capHeight
    let sum = plain(text).reduce(0) { $0 + advance($1) }
    return max(0, sum - spacing) * scale
  }

  /// `text` cut with an ellipsis to `limit` pixels.
  static func fitted(_ text: String, size: Double, limit: Double) -> String {
    if width(text, size: size) <= limit { return text }
    var kept = text
    while !kept.isEmpty, width(kept + "…", size: size) > limit { kept.removeLast() }
    while kept.last?.isWhitespace == true { kept.removeLast() }
    return kept + "…"
  }

  /// The letters of `text` that can be drawn: accents are dropped, the rest becomes a box.
  package static func plain(_ text: String) -> [Character] {
    text.flatMap { character -> [Character] in
      if character == " " || glyphs[character] != nil { return [character] }
      if let known = replacements[character] { return [known] }
      let folded = String(character).folding(options: .diacriticInsensitive, locale: nil)
      return folded.map { glyphs[$0] != nil ? $0 : box }
    }
  }

  static func advance(_ character: Character) -> Double {
    (glyphs[character]?.width ?? 4) + spacing
  }

  /// The strengths of a letter with capitals of `size` pixels, and where its corner stands from the
  /// pen's place on the baseline.
  static func mask(_ character: Character, size: Double) -> (
    mask: Canvas.Mask, left: Int, top: Int
  )? {
    guard let glyph = glyphs[character] else { return nil }
    let scale = size / capHeight
    let stroke = thickness * scale
    let left = Int((stroke / 2 + 1).rounded(.up)) + Int(scale.rounded(.up))
    let top = Int((15.5 * scale + stroke / 2 + 1).rounded(.up))
    let below = Int((5.5 * scale + stroke / 2 + 1).rounded(.up))
    var canvas = Canvas(
      width: left * 2 + Int((glyph.width * scale).rounded(.up)) + 1, height: top + below)
    let place = { (point: Point) in
      Point(Double(left) + point.x * scale, Double(top) - point.y * scale)
    }
    for points in glyph.strokes {
      for (a, b) in zip(points, points.dropFirst()) {
        canvas.line(from: place(a), to: place(b), thickness: stroke, ink: 0)
      }
    }
    return (canvas.mask(), left, top)
  }

  private static let box: Character = "□"

  /// Letters that mean what another one draws.
  private static let replacements: [Character: Character] = [
    "–": "-", "—": "-", "‘": "'", "’": "'", "“": "\"", "”": "\"", "\u{A0}": " ", "\u{202F}": " ",
  ]

  private static let glyphs: [Character: Glyph] = Dictionary(
    (StrokeFont.letters + StrokeFont.signs).map { ($0.0, parse($0.1)) },
    uniquingKeysWith: { first, _ in first })

  /// `M x y` moves the pen, `L x y` draws to a point, `E cx cy rx ry a b` draws along an ellipse
  /// from `a` to `b` degrees (to its start first, unless the pen was just moved there by nothing).
  private static func parse(_ path: String) -> Glyph {
    var strokes: [[Point]] = []
    var words = path.split(separator: " ")[...]
    var isFresh = true
    func number() -> Double { words.popFirst().flatMap { Double($0) } ?? 0 }
    func add(_ point: Point) {
      if isFresh { strokes.append([]) }
      isFresh = false
      strokes[strokes.count - 1].append(point)
    }
    while let word = words.popFirst() {
      switch word {
      case "M":
        isFresh = true
        add(Point(number(), number()))
      case "N": isFresh = true
      case "L": add(Point(number(), number()))
      default:
        let values = (0..<6).map { _ in number() }
        for point in arc(values) { add(point) }
      }
    }
    let right = strokes.joined().map(\.x).max() ?? 0
    return Glyph(strokes: strokes, width: right)
  }

  private static func arc(_ values: [Double]) -> [Point] {
    let (start, end) = (values[4], values[5])
    let steps = max(2, Int((abs(end - start) / 15).rounded(.up)))
    return (0...steps).map { step in
      let angle = (start + (end - start) * Double(step) / Double(steps)) * Double.pi / 180
      // Rounded, so that another C library's last bit changes no pixel.
      let rounded = { (value: Double) in (value * 1e6).rounded() / 1e6 }
      return Point(
        values[0] + values[2] * rounded(cos(angle)), values[1] + values[3] * rounded(sin(angle)))
    }
  }
}

/// Letters drawn once for each size and stamped from then on.
final class StrokeAtlas: Sendable {
  private struct Key: Hashable {
    let character: Character
    let size: Double
  }
  private struct Kept: Sendable {
    let mask: Canvas.Mask
    let left: Int
    let top: Int
  }
  private let kept = Mutex<[Key: Kept]>([:])

  /// Draws `text` with capitals of `size` pixels, the pen starting at `x` on the baseline `y`.
  func draw(_ text: String, on canvas: inout Canvas, x: Double, y: Double, size: Double, ink: Int) {
    var pen = x
    for character in StrokeFont.plain(text) {
      if let letter = letter(Key(character: character, size: size)) {
        canvas.stamp(
          letter.mask, x: Int(pen.rounded()) - letter.left, y: Int(y.rounded()) - letter.top,
          ink: ink)
      }
      pen += StrokeFont.advance(character) * size / StrokeFont.capHeight
    }
  }

  private func letter(_ key: Key) -> Kept? {
    if let known = kept.withLock({ $0[key] }) { return known }
    guard let drawn = StrokeFont.mask(key.character, size: key.size) else { return nil }
    let letter = Kept(mask: drawn.mask, left: drawn.left, top: drawn.top)
    kept.withLock { $0[key] = letter }
    return letter
  }
}
