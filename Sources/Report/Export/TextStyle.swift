/// How text is written for people: how wide a line is at most, and whether it takes colours.
public struct TextStyle: Sendable, Equatable {
  /// Columns of the terminal; nil for lines of any length.
  public var width: Int?
  public var hasColours: Bool

  public init(width: Int? = nil, hasColours: Bool = false) {
    (self.width, self.hasColours) = (width, hasColours)
  }

  /// For files and pipes.
  public static let plain = TextStyle()

  /// As in ECMA-48, select graphic rendition.
  public enum Ink: String, Sendable {
    case bold = "1"
    case faint = "2"
    case red = "1;31"
    case yellow = "33"
  }

  /// `text` in `ink`, where there are colours.
  public func text(_ text: String, _ ink: Ink) -> String {
    hasColours && !text.isEmpty ? "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m" : text
  }
}

/// The columns of a table on lines of a terminal: where a row is too long for one, it goes on below,
/// between cells; what does not fit on ``mostLines`` is left out.
struct TextColumns {
  /// Columns of each line of a row.
  private(set) var lines: [Range<Int>] = []
  /// Columns that are left out, the last ones.
  let dropped: Range<Int>

  static let gap = "  "
  private static let mostLines = 3

  /// - Parameter widths: of the columns' widest cells.
  init(_ widths: [Int], in width: Int?) {
    var (start, used) = (0, 0)
    for (column, own) in widths.enumerated() {
      // A line after the first is set in.
      let indent = lines.isEmpty ? 0 : Self.gap.count
      let next = used + (column == start ? indent : Self.gap.count) + own
      if let width, next > width, column > start {
        lines.append(start..<column)
        (start, used) = (column, Self.gap.count + own)
        if lines.count == Self.mostLines { break }
      } else {
        used = next
      }
    }
    if lines.count < Self.mostLines, start < widths.count { lines.append(start..<widths.count) }
    dropped = (lines.last?.upperBound ?? 0)..<widths.count
  }
}
