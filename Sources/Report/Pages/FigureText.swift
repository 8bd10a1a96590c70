import Basics
import Harness

/// How figures are written on a page.
enum FigureText {
  /// Stands where a figure is absent.
  static let absent = "–"

  static func number(_ value: Double?, decimals: Int = 3) -> String {
    guard let value, value.isFinite else { return absent }
    return Rounding.text(value, decimals: decimals).replacing("-", with: "−")
  }

  /// `[0.481, 0.720]`; nil where an end is missing.
  static func interval(_ figure: ScoredFigure, decimals: Int = 3) -> String? {
    guard let low = figure.low, let high = figure.high, low.isFinite, high.isFinite else {
      return nil
    }
    return "[\(number(low, decimals: decimals)), \(number(high, decimals: decimals))]"
  }

  /// `95%` of 0.95.
  static func percent(_ level: Double) -> String { "\(SVG.number(level * 100))%" }

  /// A p-value; the smallest are bounded, since 4 decimals cannot tell them from 0.
  static func probability(_ p: Double?) -> String {
    guard let p, p.isFinite else { return absent }
    return p < 0.0001 ? "< 0.0001" : Rounding.text(p, decimals: 4)
  }

  /// A whole number with thin spaces between thousands.
  static func count(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var out = value < 0 ? "−" : ""
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place) % 3 == 0 { out += "\u{202F}" }
      out.append(digit)
    }
    return out
  }

  /// What a sort button reads; empty sorts last in either direction.
  static func sortKey(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "" }
    return Rounding.text(value, decimals: 4)
  }

  /// `1 system`, `2 systems`.
  static func counted(_ count: Int, _ noun: String) -> String {
    "\(self.count(count)) \(noun)\(count == 1 ? "" : "s")"
  }
}
