public import Basics

/// A table of a result, from which text, CSV, Markdown and LaTeX are written.
public struct ResultTable: Sendable, Equatable {
  /// What programs call the table: `scores`, `pairs` … The CSV has it in its first column.
  public var name: String
  public var caption: String?
  public var columns: [Column]
  public private(set) var rows: [[Cell]] = []

  public init(_ name: String, caption: String? = nil, _ columns: [Column], _ rows: [[Cell]] = []) {
    (self.name, self.caption, self.columns) = (name, caption, columns)
    let keys = columns.flatMap(\.keys)
    precondition(Set(keys).count == keys.count, "a key names one column: \(keys)")
    for row in rows { add(row) }
  }

  /// Adds a row. There are as many cells as columns, and of the columns' kinds.
  public mutating func add(_ cells: [Cell]) {
    precondition(cells.count == columns.count, "as many cells as columns")
    for (column, cell) in zip(columns, cells) {
      precondition(
        cell.values.isEmpty || cell.values.count == column.keys.count,
        "a cell of column \(column.title)")
    }
    rows.append(cells)
  }

  public struct Column: Sendable, Equatable {
    public var title: String
    /// What the values of its cells are called in the CSV.
    public var keys: [String]
    /// Whether cells stand to the right, as single numbers do.
    public var isNumeric: Bool

    private init(_ title: String, _ keys: [String], isNumeric: Bool = false) {
      (self.title, self.keys, self.isNumeric) = (title, keys, isNumeric)
    }

    /// - Parameter key: the name in the CSV; by default made from the title.
    public static func text(_ title: String, key: String? = nil) -> Column {
      Column(title, [key ?? Self.key(title)])
    }

    public static func number(_ title: String, key: String? = nil) -> Column {
      Column(title, [key ?? Self.key(title)], isNumeric: true)
    }

    /// Two numbers of one kind, such as a median and, in brackets, a peak.
    public static func pair(_ title: String, _ first: String, _ second: String) -> Column {
      Column(title, [first, second])
    }

    /// The ends of an interval: `…_low` and `…_high`.
    public static func interval(_ title: String, key: String) -> Column {
      Column(title, ["\(key)_low", "\(key)_high"])
    }

    /// A number and its interval: `…`, `…_low` and `…_high`.
    public static func bounded(_ title: String, key: String? = nil) -> Column {
      let key = key ?? Self.key(title)
      return Column(title, [key, "\(key)_low", "\(key)_high"])
    }

    /// The same in a narrow column: the CSV alone has the interval.
    public static func figure(_ title: String, key: String? = nil) -> Column {
      Column(title, bounded(title, key: key).keys, isNumeric: true)
    }

    /// `PCC within persons` is `pcc_within_persons`.
    public static func key(_ title: String) -> String {
      let words = title.lowercased().split { !$0.isLetter && !$0.isNumber }
      return words.joined(separator: "_")
    }
  }
}

extension ResultTable {
  /// What a person reads and the values that a program does.
  public struct Cell: Sendable, Equatable {
    /// As a person reads it, without the remark.
    public var shown: String
    /// One for each key of the column; empty where there is no value.
    public var values: [CSVWriter.Cell]
    /// What is to say of the value, or why there is none.
    public var remark: String

    private init(_ shown: String, _ values: [CSVWriter.Cell], _ remark: String?) {
      (self.shown, self.values, self.remark) = (shown, values, remark ?? "")
    }

    public static let empty = none("")

    /// No value, for the reason that `remark` gives.
    public static func none(_ remark: String?) -> Cell { Cell("", [], remark) }

    public static func text(_ text: String?, remark: String? = nil) -> Cell {
      Cell(text ?? "", text.map { [.text($0)] } ?? [], remark)
    }

    public static func count(_ count: Int?, remark: String? = nil) -> Cell {
      Cell(count.map { "\($0)" } ?? "", count.map { [.count($0)] } ?? [], remark)
    }

    public static func number(_ value: Double?, decimals: Int = 4, remark: String? = nil) -> Cell {
      Cell(TextTable.cell(value, decimals: decimals), numbers([value]), remark)
    }

    /// A p-value; one that rounds to 0 is not 0.
    public static func probability(_ p: Double?, remark: String? = nil) -> Cell {
      Cell(p.map(FigureText.probability) ?? "", probabilities([p]), remark)
    }

    public static func interval(
      _ low: Double?, _ high: Double?, decimals: Int = 4, remark: String? = nil
    ) -> Cell {
      guard let text = TextTable.interval(low, high, decimals: decimals) else {
        return none(remark)
      }
      return Cell(text, numbers([low, high]), remark)
    }

    /// A number and, where it has one, its interval: `0.612 [0.481, 0.720]`.
    public static func bounded(
      _ value: Double?, _ low: Double?, _ high: Double?, decimals: Int = 3, remark: String? = nil
    ) -> Cell {
      let interval = TextTable.interval(low, high, decimals: decimals).map { " \($0)" } ?? ""
      let text = value.map { Rounding.text($0, decimals: decimals) + interval } ?? ""
      return Cell(text, numbers([value, low, high]), remark)
    }

    /// For a column of figures, which shows no intervals.
    public static func figure(
      _ value: Double?, _ low: Double?, _ high: Double?, decimals: Int = 3, remark: String? = nil
    ) -> Cell {
      Cell(TextTable.cell(value, decimals: decimals), numbers([value, low, high]), remark)
    }

    /// `0.612 (0.648)`.
    public static func pair(_ first: Double?, _ second: Double?, decimals: Int = 3) -> Cell {
      let other = second.map { " (\(Rounding.text($0, decimals: decimals)))" } ?? ""
      return Cell(
        TextTable.cell(first, decimals: decimals) + other, numbers([first, second]), nil)
    }

    /// `240 (12)`.
    public static func counts(_ first: Int, _ second: Int) -> Cell {
      Cell("\(first) (\(second))", [.count(first), .count(second)], nil)
    }

    /// `0.612 ± 0.013`.
    public static func spread(_ mean: Double?, _ sd: Double?, decimals: Int = 3) -> Cell {
      let spread = sd.map { " ± \(Rounding.text($0, decimals: decimals))" } ?? ""
      return Cell(TextTable.cell(mean, decimals: decimals) + spread, numbers([mean, sd]), nil)
    }

    /// A p-value and, in brackets, the adjusted one.
    public static func probabilities(_ p: Double?, _ adjusted: Double?) -> Cell {
      let other = adjusted.map { " (\(FigureText.probability($0)))" } ?? ""
      return Cell((p.map(FigureText.probability) ?? "") + other, probabilities([p, adjusted]), nil)
    }

    /// Figures are released with so many decimals; an undefined one is absent.
    private static func numbers(_ values: [Double?]) -> [CSVWriter.Cell] {
      let rounded = values.map { Rounding.rounded($0, decimals: 4) }
      return rounded.allSatisfy { $0 == nil } ? [] : CSVWriter.Cell.numbers(rounded)
    }

    /// The same of p-values; one that would be rounded to 0 stays as it is.
    private static func probabilities(_ values: [Double?]) -> [CSVWriter.Cell] {
      let tiny = values.contains { ($0 ?? 1) < 0.0001 }
      return tiny ? CSVWriter.Cell.numbers(values) : numbers(values)
    }

    /// Whether it holds numbers.
    var isNumeric: Bool {
      values.contains { value in
        switch value {
        case .number, .count: true
        case .text, .exact: false
        }
      }
    }

    /// Value and remark: `3 (few)`, `too small to publish`.
    public var text: String {
      shown.isEmpty ? remark : remark.isEmpty ? shown : "\(shown) (\(remark))"
    }
  }
}
