public import Foundation
import Mustache

/// A page of plain tables that stands alone, with its style within it: for a maintainer, not for the
/// site.
public struct TablesPage {
  private let title, note: String
  private let tables: [Table]

  /// A heading, the heads of the columns, and as many cells in each row.
  public struct Table: Encodable, Sendable {
    private let heading: String
    private let header: [String]
    private let rows: [Row]

    private struct Row: Encodable { let cells: [Cell] }

    /// `label` is the head of its column, which stands beside the cell on a phone.
    private struct Cell: Encodable { let label, text: String }

    public init(_ heading: String, _ header: [String], _ rows: [[String]]) {
      let heads = header.map(\.capitalizedFirst)
      (self.heading, self.header) = (heading, heads)
      self.rows = rows.map { row in
        Row(cells: zip(heads, row).map { Cell(label: $0, text: SafeText.cleaned($1)) })
      }
    }

    var values: [String: Any] {
      ["heading": heading, "header": header, "rows": rows.map { ["cells": $0.cells.map(\.text)] }]
    }
  }

  public init(title: String, note: String, tables: [Table]) {
    (self.title, self.note, self.tables) = (title, note, tables)
  }

  private static let template = """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>{{title}}</title>
    <style>
    body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-size: 0.9rem; }
    th, td { border-bottom: 1px solid color-mix(in srgb, currentcolor 25%, transparent);
      padding: 0.3rem 0.8rem 0.3rem 0; text-align: left; vertical-align: top; }
    </style>
    </head>
    <body>
    <h1>{{title}}</h1>
    <p>{{note}}</p>
    {{#tables}}
    <h2>{{heading}}</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="{{heading}}">
    <table>
    <thead><tr>{{#header}}<th scope="col">{{.}}</th>{{/header}}</tr></thead>
    <tbody>
    {{#rows}}
    <tr>{{#cells}}<td>{{.}}</td>{{/cells}}</tr>
    {{/rows}}
    </tbody>
    </table>
    </div>
    {{/tables}}
    </body>
    </html>
    """

  /// - Throws: the engine's error for a template that does not parse.
  public func html() throws -> Data {
    let values: [String: Any] = [
      "title": title, "note": note, "tables": tables.map(\.values),
    ]
    return Data(try MustacheTemplate(string: Self.template).render(values).utf8)
  }
}
