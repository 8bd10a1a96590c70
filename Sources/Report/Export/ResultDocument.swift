import Basics
public import Foundation

/// A result as it is read: sentences and tables, in order.
public struct ResultDocument: Sendable, Equatable {
  public enum Part: Sendable, Equatable {
    /// What the result is of.
    case title(String)
    /// Lines that stand as they are.
    case lines(String)
    /// A paragraph, which is broken to the width of the page.
    case prose(String)
    /// What qualifies the result.
    case note(String)
    /// The choices that were made, in the form that programs compare.
    case signature(String)
    case table(ResultTable)
  }

  public var parts: [Part]
  /// What the CSV holds, where that is more than the tables show.
  public var data: ResultTable?

  public init(_ parts: [Part], data: ResultTable? = nil) {
    (self.parts, self.data) = (parts, data)
  }

  public var tables: [ResultTable] {
    parts.compactMap { part in
      if case .table(let table) = part { table } else { nil }
    }
  }
}

/// The forms in which a result is written.
public enum ResultFormat: String, CaseIterable, Sendable {
  case text, json, csv, markdown, latex

  /// `value` in this form, ending with a line break. JSON is of the value itself, every other form
  /// of the document that shows it.
  public func data(
    of value: some Encodable, shownAs document: @autoclosure () throws -> ResultDocument,
    style: TextStyle = .plain
  ) throws -> Data {
    try data(json: CanonicalJSON.document(value), shownAs: document(), style: style)
  }

  /// The same of a value that is JSON already.
  public func data(
    json: @autoclosure () throws -> Data,
    shownAs document: @autoclosure () throws -> ResultDocument,
    style: TextStyle = .plain
  ) throws -> Data {
    switch self {
    case .text: Data((try document().text(style) + "\n").utf8)
    case .json: try json()
    case .csv: Data(try document().csv.utf8)
    case .markdown: Data(try document().markdown.utf8)
    case .latex: Data(try document().latex.utf8)
    }
  }
}

extension ResultDocument {
  public var text: String { text(.plain) }

  /// For people to read.
  public func text(_ style: TextStyle) -> String {
    parts.map { part in
      switch part {
      case .title(let text): style.text(Self.folded(text, style), .bold)
      case .lines(let text): Self.folded(text, style)
      case .signature(let text): style.text(text, .faint)
      case .prose(let text):
        Self.wrapped(text, width: min(style.width ?? Self.pageWidth, Self.pageWidth))
      case .note(let text):
        style.text("Note:", .yellow) + " "
          + (style.width.map { Self.wrapped(text, width: $0, after: 6) } ?? text)
      case .table(let table): table.text(style)
      }
    }.joined(separator: "\n\n")
  }

  private static let pageWidth = 90

  /// Lines that stand as they are where they fit.
  private static func folded(_ text: String, _ style: TextStyle) -> String {
    guard let width = style.width else { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.count > width ? wrapped(String($0), width: width) : String($0) }
      .joined(separator: "\n")
  }

  /// - Parameter first: columns of the first line that are taken.
  private static func wrapped(_ text: String, width: Int, after first: Int = 0) -> String {
    var (lines, line) = ([String](), "")
    for word in text.split(whereSeparator: \.isWhitespace) {
      let room = lines.isEmpty ? width - first : width
      if !line.isEmpty, line.count + word.count + 1 > room {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return (lines + [line]).joined(separator: "\n")
  }

  /// All tables as one (or ``data``). The first column names the table that a row is of, the last holds the
  /// remarks of its cells; a row has no value in columns of other tables.
  public var csv: String {
    let tables = data.map { [$0] } ?? tables
    var keys: [String] = []
    for key in tables.flatMap(\.columns).flatMap(\.keys) where !keys.contains(key) {
      keys.append(key)
    }
    var csv = CSVWriter(["table"] + keys + ["remark"])
    for table in tables {
      for row in table.rows {
        var cells: [String: CSVWriter.Cell] = [:]
        for (column, cell) in zip(table.columns, row) {
          for (key, value) in zip(column.keys, cell.values) { cells[key] = value }
        }
        let remarks = row.map(\.remark).filter { !$0.isEmpty }.joined(separator: "; ")
        csv.add([.text(table.name)] + keys.map { cells[$0] ?? .text(nil) } + [.text(remarks)])
      }
    }
    return csv.text
  }

  /// GitHub's Markdown.
  public var markdown: String {
    parts.map { part in
      switch part {
      case .title(let text): "# \(Markdown.escaped(text))"
      case .lines(let text):
        // A backslash before a line break keeps it.
        text.split(separator: "\n").map { Markdown.escaped(String($0)) }.joined(separator: "\\\n")
      case .prose(let text): Markdown.escaped(text)
      case .note(let text): "*Note:* \(Markdown.escaped(text))"
      case .signature(let text): Markdown.code(text)
      case .table(let table): table.markdown
      }
    }.joined(separator: "\n\n") + "\n"
  }

  /// Tables for a paper, everything else as comments; it needs the package booktabs.
  public var latex: String {
    let parts = parts.map { part in
      switch part {
      case .title(let text), .lines(let text), .prose(let text), .signature(let text):
        LaTeX.comment(text)
      case .note(let text): LaTeX.comment("Note: \(text)")
      case .table(let table): table.latex
      }
    }
    return "% Needs the package booktabs.\n" + parts.joined(separator: "\n")
  }
}

extension ResultTable {
  public var text: String { text(.plain) }

  /// For people to read.
  func text(_ style: TextStyle) -> String {
    let table = TextTable.text(
      columns.map { $0.isNumeric ? ">\($0.title)" : $0.title }, rows.map { $0.map(\.text) },
      style: style)
    return (caption.map { "\($0)\n" } ?? "") + table
  }

  var markdown: String {
    let lines =
      [columns.map { Markdown.escaped($0.title) }, columns.map { $0.isNumeric ? "---:" : "---" }]
      + rows.map { row in row.map { Markdown.escaped($0.text) } }
    let table = lines.map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
    return (caption.map { "**\(Markdown.escaped($0))**\n\n" } ?? "") + table
  }

  var latex: String {
    let header = columns.map { LaTeX.text($0.title) }
    let table = LaTeX.tabular(
      columns: columns.map { $0.isNumeric ? "r" : "l" }.joined(),
      [header] + rows.map { $0.map(LaTeX.cell) })
    return (caption.map { LaTeX.comment($0) + "\n" } ?? "") + table
  }
}

/// Text as GitHub's Markdown.
enum Markdown {
  /// `text` on one line, with the characters that mean something to Markdown made literal.
  static func escaped(_ text: String) -> String {
    line(text).map { character in
      switch character {
      case "&": "&amp;"
      case "<": "&lt;"
      case "\\", "`", "*", "_", "|", "#", "~": "\\\(character)"
      default: "\(character)"
      }
    }.joined()
  }

  /// `text` as a piece of code.
  static func code(_ text: String) -> String { "`\(line(text).replacing("`", with: "'"))`" }

  private static func line(_ text: String) -> String {
    SafeText.cleaned(text).split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
