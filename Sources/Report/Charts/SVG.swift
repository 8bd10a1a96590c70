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

/// Markup that Report itself has made; a template shows it with three braces.
package struct Markup: Encodable, Sendable, ExpressibleByStringInterpolation {
  let text: String

  init(_ text: String) { self.text = text }
  package init(stringLiteral text: String) { self.text = text }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
