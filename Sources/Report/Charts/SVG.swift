import Basics
import Harness

/// Pieces of SVG.
enum SVG {
  /// `value` with at most one decimal, so that drawings are small and the same everywhere.
  static func number(_ value: Double) -> String {
    let text = Rounding.text(value, decimals: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
