/// A table as CSV: RFC 4180, UTF-8, LF line ends.
public struct CSVWriter: Sendable {
  public enum Cell: Sendable, Equatable {
    /// Text, empty where absent. Invisible characters are removed, and text that a spreadsheet
    /// would take for a formula gets an apostrophe in front.
    case text(String?)
    /// Text that the program reads back, unchanged.
    case exact(String)
    /// A number, empty where absent: with `decimals` decimals, or in its shortest form.
    case number(Double?, decimals: Int? = nil)
    case count(Int?)

    /// The cells of one form for several values.
    public static func numbers(_ values: [Double?], decimals: Int? = nil) -> [Cell] {
      values.map { .number($0, decimals: decimals) }
    }
  }

  /// The table so far.
  public private(set) var text = ""
  private let width: Int

  public init(_ header: [String]) {
    width = header.count
    add(header.map { .exact($0) })
  }

  /// Adds a line. There are as many cells as the header has.
  public mutating func add(_ cells: [Cell]) {
    precondition(cells.count == width, "as many cells as columns")
    for (place, cell) in cells.enumerated() {
      if place > 0 { text += "," }
      switch cell {
      case .text(let value): text += Self.quoted(Self.guarded(value ?? ""))
      case .exact(let value): text += Self.quoted(value)
      case .number(let value?, let decimals) where value.isFinite:
        text += decimals.map { Rounding.text(value, decimals: $0) } ?? "\(value)"
      case .count(let value?): text += "\(value)"
      case .number, .count: break
      }
    }
    text += "\n"
  }

  private static func guarded(_ text: String) -> String {
    let text = InvisibleCharacters.removed(from: text)
    guard let first = text.first(where: { !$0.isWhitespace }), "=+-@＝＋－＠".contains(first) else {
      return text
    }
    return "'" + text
  }

  private static func quoted(_ text: String) -> String {
    let special = text.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
    return special ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }
}

/// Rounding of figures to a number of decimals.
public enum Rounding {
  /// `value` to `decimals` decimals, halves to even, without a negative zero; nil stays nil.
  public static func rounded(_ value: Double?, decimals: Int) -> Double? {
    guard let value, value.isFinite else { return nil }
    let scale = scale(decimals)
    // A number so large has no decimals.
    guard value.magnitude < 1e15 else { return value }
    let rounded = (value * scale).rounded(.toNearestOrEven) / scale
    return rounded == 0 ? 0 : rounded
  }

  private static func scale(_ decimals: Int) -> Double {
    (0..<decimals).reduce(1.0) { product, _ in product * 10 }
  }

  /// `value` with exactly `decimals` decimals.
  public static func text(_ value: Double, decimals: Int = 4) -> String {
    let scale = scale(decimals)
    let scaled = (value.magnitude * scale).rounded(.toNearestOrEven)
    guard scaled < 1e18 else { return "\(value)" }
    let digits = UInt64(scaled)
    let sign = value < 0 && digits != 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(digits)" }
    let whole = digits / UInt64(scale)
    let fraction = String(digits % UInt64(scale))
    return "\(sign)\(whole)." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}
