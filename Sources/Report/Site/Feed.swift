import Foundation
import Harness
import Metrics

/// `feed.xml`: the latest submissions of all boards as an Atom feed (RFC 4287).
struct Feed {
  let tables: [BoardTable]
  let context: SiteContext

  private struct Item {
    let day: String
    let entry: Board.Entry
    let table: BoardTable
    var path: String { "\(table.board.key.path)/\(SitePaths.system(entry.slug))" }
  }

  /// The document. An entry without a day of submission has no place in it.
  func xml() -> String {
    let items = tables.flatMap { table in
      (table.scored + table.apart).compactMap { entry in
        SafeText.day(entry.metadata.submitted).map { Item(day: $0, entry: entry, table: table) }
      }
    }
    .sorted { ($1.day, $0.path) < ($0.day, $1.path) }
    .prefix(50)
    var lines = [
      #"<?xml version="1.0" encoding="utf-8"?>"#, #"<feed xmlns="http://www.w3.org/2005/Atom">"#,
      "<title>\(escaped(context.site)): new submissions</title>",
      "<id>\(escaped(identity("feed")))</id>",
      "<updated>\(items.first?.day ?? "1970-01-01")T00:00:00Z</updated>",
      "<author><name>\(escaped(context.site))</name></author>",
      #"<link rel="self" href="\#(escaped(address("feed.xml")))"/>"#,
      #"<link rel="alternate" href="\#(escaped(address("index.html")))"/>"#,
    ]
    lines += items.map(entry) + ["</feed>"]
    return lines.joined(separator: "\n") + "\n"
  }

  private func entry(_ item: Item) -> String {
    let metadata = item.entry.metadata
    var summary = "\(metadata.team) on \(item.table.name)"
    if let figure = item.table.primary(item.entry), figure.value != nil {
      summary += ": \(item.table.metric.title) \(FigureText.bounded(figure, decimals: 2))"
    }
    let link = escaped(address(item.path))
    return """
      <entry>
      <title>\(escaped(SafeText.shortened(metadata.system, to: 120)))</title>
      <id>\(escaped(identity(item.path)))</id>
      <updated>\(item.day)T00:00:00Z</updated>
      <link rel="alternate" href="\(link)"/>
      <summary>\(escaped(SafeText.shortened(summary, to: 300)))</summary>
      </entry>
      """
  }

  private func address(_ path: String) -> String {
    context.address?.appending(path: path).absoluteString ?? path
  }

  /// An address where there is one; else a name that stays the same wherever the site is copied.
  private func identity(_ path: String) -> String {
    context.address == nil ? "urn:x-invitro:\(path)" : address(path)
  }

  private func escaped(_ text: String) -> String { Escaping.markup(SafeText.cleaned(text)) }
}

/// `sitemap.xml` (sitemaps.org, version 0.9); it needs absolute addresses.
enum Sitemap {
  static func xml(paths: [String], address: URL) -> String {
    let places = paths.sorted().map {
      "<url><loc>\(Escaping.markup(address.appending(path: $0).absoluteString))</loc></url>"
    }
    return """
      <?xml version="1.0" encoding="utf-8"?>
      <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
      \(places.joined(separator: "\n"))
      </urlset>

      """
  }
}
