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

  /// `0.612 [0.481, 0.720]`, the interval where there is one.
  static func bounded(_ figure: ScoredFigure, decimals: Int = 3) -> String {
    let interval = interval(figure, decimals: decimals).map { " \($0)" } ?? ""
    return number(figure.value, decimals: decimals) + interval
  }

  /// The ends of an axis.
  static func ends(_ axis: ClosedRange<Double>) -> (String, String) {
    (number(axis.lowerBound, decimals: 1), number(axis.upperBound, decimals: 1))
  }

  /// `95%` of 0.95.
  static func percent(_ level: Double) -> String { "\(SVG.number(level * 100))%" }

  /// A p-value; the smallest are bounded, since 4 decimals cannot tell them from 0.
  static func probability(_ p: Double?) -> String {
    guard let p, p.isFinite else { return absent }
    return p < 0.0001 ? "< 0.0001" : Rounding.text(p, decimals: 4)
  }

  /// `p = 0.0123`, `p < 0.0001`.
  static func pValue(_ p: Double?) -> String {
    let text = probability(p)
    return "p \(text.hasPrefix("<") ? "" : "= ")\(text)"
  }

  static func count(_ value: Int?) -> String { value.map { count($0) } ?? absent }

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

/// A table for the terminal: columns as wide as their widest cell.
public enum TextTable {
  /// A number as a cell.
  static func cell(_ value: Double?, decimals: Int = 4, missing: String = "") -> String {
    value.map { Rounding.text($0, decimals: decimals) } ?? missing
  }

  /// `[0.4810, 0.7200]`; nil where an end is missing.
  static func interval(_ low: Double?, _ high: Double?, decimals: Int = 4) -> String? {
    guard let low, let high else { return nil }
    return "[\(cell(low, decimals: decimals)), \(cell(high, decimals: decimals))]"
  }

  /// The table; a column whose name starts with `>` stands to the right, as numbers do. Each row has
  /// as many cells as there are columns.
  public static func text(
    _ columns: [String], _ rows: [[String]], style: TextStyle = .plain
  ) -> String {
    precondition(rows.allSatisfy { $0.count == columns.count }, "as many cells as columns")
    let header = columns.map { String($0.trimmingPrefix(">")) }
    // A name from outside may hold what a terminal takes for a command.
    let rows = rows.map { row in
      row.map { shortened(InvisibleCharacters.escaped($0), to: style.width) }
    }
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    let layout = TextColumns(widths, in: style.width)
    func lines(_ cells: [String]) -> [String] {
      layout.lines.enumerated().map { place, part in
        let padded = part.map { index in
          let space = String(repeating: " ", count: widths[index] - cells[index].count)
          return columns[index].hasPrefix(">") ? space + cells[index] : cells[index] + space
        }
        return (place == 0 ? "" : TextColumns.gap)
          + padded.joined(separator: TextColumns.gap).trimmingSuffix { $0 == " " }
      }
    }
    let rule = layout.lines.first.map { part in
      part.map { String(repeating: "─", count: widths[$0]) }.joined(separator: TextColumns.gap)
    }
    var text =
      lines(header).map { style.text($0, .bold) } + [style.text(rule ?? "", .faint)]
      + rows.flatMap(lines)
    if !layout.dropped.isEmpty {
      let names = layout.dropped.map { header[$0] }.joined(separator: ", ")
      text.append(style.text("Not shown, for the terminal is too narrow: \(names)", .faint))
    }
    return text.joined(separator: "\n")
  }

  /// A cell that fits on a line of its own.
  private static func shortened(_ cell: String, to width: Int?) -> String {
    guard let width, cell.count > width - TextColumns.gap.count, width > 8 else { return cell }
    return cell.prefix(width - TextColumns.gap.count - 1) + "…"
  }
}

extension Sequence where Element: Hashable {
  /// Each element once, in the order of first appearance.
  func unique() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
